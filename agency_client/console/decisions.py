"""The decision of an approver: a page that shows what will be signed, and the form on it.

The form names the digest that the person saw; the library refuses it if something else waits by
then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from agency_client.console.held import DECISIONS, held_facts, item_values
from agency_client.console.visits import Visit, show_fault
from agency_client.console.words import Word, act_words
from agency_client.core.views import Queued, UnsealedExchange
from agency_client.presentation.faults import Explained
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Conflict, ExchangeError, HubDishonest
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import attribute_types
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import Row

_QUEUE: Final = "/queue"


def show_decision(visit: Visit) -> Response:
    """The page on which a person signs: what is signed, by whom, on whose words before."""
    name = str(visit.request.path_params["act"])
    found = next(((kind, act) for kind, act in DECISIONS if act.name == name), None)
    if found is None:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    opened = visit.open(str(visit.request.path_params["exchange"]))
    return _decision_page(visit, opened, *found)


def _decision_page(
    visit: Visit,
    opened: UnsealedExchange,
    kind: Kind,
    act: Act,
    status: int = 200,
    *,
    error: str = "",
    fault: Explained | None = None,
) -> Response:
    values = item_values(visit, opened)
    if values["held"] is None:
        return _decided_page(visit, opened)
    codes = list(_code_fields(kind, act, visit.locale))
    return visit.show(
        "decide.html",
        status,
        act=act,
        act_word=act_words(kind, act, visit.language),
        codes=codes,
        first_field=_first_field(act, codes),
        given={name: visit.fields(name) for name in _given_names(act)},
        # A returned or rejected statement crosses no border.
        approves=any(row.approves for row in _rows(kind, act)),
        rejects=any(row.after is LegState.REJECTED for row in _rows(kind, act)),
        essence=_essence(opened, values["held"].awaits, visit.locale),
        error=error,
        fault=fault,
        has_pin=visit.console.has_pin,
        **values,
    )


def _rows(kind: Kind, act: Act) -> Iterator[Row]:
    """The lines of the lifecycle that an act follows."""
    return (row for row in kind.spec.rows if row.code is None or row.code in act.fixed.values())


def _essence(opened: UnsealedExchange, awaits: str, locale: Locale) -> str:
    """The summary of the statement that waits: a person must know what a digest is of."""
    waiting = next(
        (each for each in opened.statements if each.statement.digest.hex() == awaits), None
    )
    return locale.visible(waiting.brief.summary) if waiting and waiting.brief else ""


def _decided_page(visit: Visit, opened: UnsealedExchange) -> Response:
    """Nothing waits any more: the decision of another, with one's own reason kept to copy."""
    decisions = [each for each in opened.statements if each.kind.spec.decides]
    return visit.show(
        "decided.html",
        409,
        item=visit.console.view(opened, visit.locale),
        decisions=[
            view_statement
            for view_statement in visit.console.view(opened, visit.locale).statements
            if any(view_statement.index == each.index for each in decisions)
        ],
        own_text=_own_text(visit),
    )


def _own_text(visit: Visit) -> str:
    """The person's own words in the form of a decision."""
    given = (visit.field(act.text.name) for _, act in DECISIONS if act.text)
    return next(filter(None, given), "")


@dataclass(frozen=True, slots=True)
class CodeField:
    """A code that an act takes."""

    name: str
    choices: tuple[tuple[str, str], ...]
    is_many: bool
    is_required: bool


def _code_fields(kind: Kind, act: Act, locale: Locale) -> Iterator[CodeField]:
    types = attribute_types(kind.body)
    for name in act.codes:
        members = list(types[name].type)  # type: ignore[call-overload] # codes are enumerations
        choices = tuple((member.name, locale.say(member)) for member in members)
        yield CodeField(name, choices, types[name].is_many, name not in act.defaults)


def _first_field(act: Act, codes: Sequence[CodeField]) -> str:
    """The field that a person must fill in first; empty where the signature alone is asked for."""
    needed = [each.name for each in codes if each.is_required and not each.is_many]
    if act.text is not None and act.text.is_required:
        needed.append(act.text.name)
    return needed[0] if needed else ""


def _arguments(visit: Visit, kind: Kind, act: Act) -> dict[str, Any]:
    """The arguments of the library's method; what is empty is left out."""
    types = attribute_types(kind.body)
    made: dict[str, Any] = {}
    for name in _given_names(act):
        given = [each.strip() for each in visit.fields(name) if each.strip()]
        if given:
            made[name] = given if name in types and types[name].is_many else given[0]
    return made


def _given_names(act: Act) -> tuple[str, ...]:
    return (*act.codes, *((act.text.name,) if act.text else ()))


def decide(visit: Visit) -> Response:
    """Sign a decision on exactly what the person saw; what was written outlives a fault."""
    try:
        return _decide(visit)
    except HubDishonest:
        raise  # Its answer may have been the decision.
    except ExchangeError as error:
        return show_fault(visit, error, _own_text(visit))


def _decide(visit: Visit) -> Response:
    exchange_id = str(visit.request.path_params["exchange"])
    name = str(visit.request.path_params["act"])
    found = next(((kind, act) for kind, act in DECISIONS if act.name == name), None)
    if found is None:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    kind, act = found
    console = visit.console
    opened = console.as_read(exchange_id)
    held = held_facts(console, opened, visit.locale)
    if held is None or held.awaits != visit.field("awaits"):
        # The kept text is not the one of the form: read it anew, and let the person look again.
        opened = console.open(exchange_id)
        return _decision_page(
            visit, opened, kind, act, 409, error=visit.say(Word.CHANGED_MEANWHILE)
        )
    arguments = _arguments(visit, kind, act)
    needed = [each for each in act.codes if each not in act.defaults]
    if act.text is not None and act.text.is_required:
        needed.append(act.text.name)
    if any(each not in arguments for each in needed):
        return _decision_page(visit, opened, kind, act, 400, error=visit.say(Word.REASON_NEEDED))
    try:
        console.check_pin(visit.field("pin"))
        method = getattr(console.client, act.name)
        result = method(opened, legs=held.legs, **arguments)
    except Conflict:
        return _decided_or_changed(visit, exchange_id, kind, act)
    except ExchangeError as error:
        if error.field in {"pin", *_given_names(act)}:
            return _decision_page(visit, opened, kind, act, 400, fault=visit.explain(error))
        raise
    word = Word.DECISION_QUEUED if isinstance(result, Queued) else Word.DECISION_SENT
    entry = "" if isinstance(result, Queued) else str(result.index)
    visit.tell(word, act=act_words(kind, act, visit.language), entry=entry, exchange=exchange_id)
    return visit.go(_QUEUE)


def _decided_or_changed(visit: Visit, exchange_id: str, kind: Kind, act: Act) -> Response:
    """Someone was faster: show what waits now, or what was decided."""
    opened = visit.console.open(exchange_id)
    return _decision_page(visit, opened, kind, act, 409, error=visit.say(Word.CHANGED_MEANWHILE))
