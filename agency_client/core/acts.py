"""The acts of all kinds: from the arguments of a method to a statement in the outbox.

Each kind's spec lists its acts. The methods of the two clients are generated from them
(`scripts/generate_client.py`), and end here: codes become a body, words and documents become sealed
content, and `statements` makes the statement.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, tzinfo
from numbers import Integral
from typing import Any, Final

from agency_client.content import documents
from agency_client.content.document_reading import make_brief
from agency_client.content.documents import Brief
from agency_client.core.calls import Operation
from agency_client.core.drafting import Terms, check_reasons
from agency_client.core.exchanges import HasId
from agency_client.core.foresight import Foresight
from agency_client.core.given import (
    Agencies,
    as_brief,
    as_document,
    listed,
    parse_agencies,
    parse_agency,
    parse_attachments,
    parse_code,
    parse_codes,
    parse_digest,
    parse_entities,
    parse_text,
)
from agency_client.core.sealing import Content
from agency_client.core.statements import Initial, Statements, numbered
from agency_client.core.times import parse_day, parse_end, parse_moment
from agency_client.core.views import Foreseen
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.acts import Brief as BriefNeed
from exchange_protocol.kinds.bodies import Attribute, Body, attribute_types
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.spec import KindSpec
from exchange_protocol.words import Code

ACTS: Final[Mapping[str, tuple[Kind, Act]]] = {
    act.name: (kind, act) for kind in Kind for act in kind.spec.acts
}
"""Every act by its name, with its kind."""
_MISSING: Final = object()
_TERMS: Final = tuple(each.name for each in fields(Terms))
_WITHHOLDING: Final = ("withheld_from", "withholding_ground")
_ENDS: Final = frozenset({Party.INITIATOR, Party.RECIPIENT})


def terms_of(kind: Kind, act: Act) -> tuple[str, ...]:
    """The terms that an act takes.

    Without all of them: the due time where the kind moves it, and the withholding of a copy where
    an end of a leg says it, whom a supervisor may follow (docs/rules.md#p9).
    """
    if act.terms:
        return _TERMS
    due = ("due",) if kind.spec.act_sets_due(act) else ()
    parties = {row.party for row in kind.spec.rows}
    return due if parties.isdisjoint(_ENDS) else (*due, *_WITHHOLDING)


def arguments_of(kind: Kind, act: Act) -> tuple[str, ...]:
    """The names of the arguments that an act takes beside the agencies or the exchange."""
    of_contents = {
        "attachments": act.attachments,
        "brief": act.brief is not BriefNeed.NONE,
        "own_reference": act.brief is not BriefNeed.NONE,
    }
    named = (
        act.text.name if act.text else None,
        act.document.argument if act.document else None,
        act.entities,
        *(name for name, is_taken in of_contents.items() if is_taken),
    )
    return (*filter(None, named), *act.codes, *terms_of(kind, act))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """The arguments of one act, sorted; None is not given."""

    codes: Mapping[str, Any]
    """Attributes of the body."""
    text: Any
    """Words for the act's field of the brief."""
    brief: Any
    own_reference: Any
    document: Any
    entities: Any
    attachments: Any
    terms: Terms


class Acts:
    """Does the acts of all kinds; each gives the id of a statement that is in the outbox.

    The arguments are those of the client's method of that name.
    """

    def __init__(self, statements: Statements, foresight: Foresight) -> None:
        self._statements = statements
        self._foresight = foresight

    def initial(self, name: str, to: Agencies, **arguments: Any) -> Operation[str]:
        """Open an exchange with the agencies of `to`."""
        asked = _initial(name, self._statements.zone, to=to, **arguments)
        return (yield from self._statements.keep_initial(asked))

    def initial_batch(
        self, name: str, several: Iterable[Mapping[str, Any]]
    ) -> Operation[list[str]]:
        """Open many exchanges, under one signature if there are two or more.

        Raises:
            InvalidInput: also for an element that is no mapping.
        """
        asked = []
        for number, arguments in enumerate(several):
            with numbered(number):
                if not isinstance(arguments, Mapping):
                    raise Reason.INVALID_FIELD.error(
                        f"expected the arguments of {name} as a mapping, "
                        f"got {type(arguments).__name__}"
                    )
                asked.append(_initial(name, self._statements.zone, **arguments))
        return (yield from self._statements.keep_initial_batch(asked))

    def continuing(
        self, name: str, exchange: str | HasId, *, legs: Agencies | None = None, **arguments: Any
    ) -> Operation[str]:
        """Continue an exchange, on the legs named or on all where the act is allowed now."""
        kind, act = ACTS[name]
        given = _sorted(kind, act, arguments)
        body = _body(kind, act, given.codes, self._statements.zone)
        return (
            yield from self._statements.keep_continuing(
                body, exchange, _content(act, body, given), legs=legs, terms=given.terms
            )
        )

    def foresee(
        self, name: str, exchange: str | HasId | None, **arguments: Any
    ) -> Operation[Foreseen]:
        """Plan an act as it would be done now; nothing is sealed or kept.

        Raises:
            InvalidInput: also for a name that no act has.
        """
        if name not in ACTS:
            close = difflib.get_close_matches(str(name), ACTS, 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise Reason.INVALID_FIELD.error(
                f"expected the name of a method that makes a statement, got {name!r:.64}{meant}",
                field="act",
            )
        if exchange is None:
            asked = _initial(name, self._statements.zone, **arguments)
            return (yield from self._foresight.initial(asked))
        kind, act = ACTS[name]
        given = _sorted(kind, act, arguments)
        body = _body(kind, act, given.codes, self._statements.zone)
        content = _content(act, body, given)
        return (yield from self._foresight.continuing(body, exchange, content, given.terms))


def _initial(name: str, zone: tzinfo, to: Agencies | None = None, **arguments: Any) -> Initial:
    kind, act = ACTS[name]
    given = _sorted(kind, act, arguments)
    if to is None:
        raise TypeError(f"{name}() missing a required argument: 'to'")
    body = _body(kind, act, given.codes, zone)
    return Initial(body, to, _content(act, body, given), given.terms)


def _sorted(kind: Kind, act: Act, arguments: Mapping[str, Any]) -> _Given:
    """Sort the arguments of an act; raises TypeError for one that it does not take."""
    left = dict(arguments)
    text = left.pop(act.text.name, act.text.default) if act.text else None
    document = left.pop(act.document.argument, None) if act.document else None
    entities = left.pop(act.entities, ()) if act.entities else ()
    attachments = left.pop("attachments", None) if act.attachments else None
    has_brief = act.brief is not BriefNeed.NONE
    brief = left.pop("brief", None) if has_brief else None
    own_reference = left.pop("own_reference", None) if has_brief else None
    codes = {name: left.pop(name, act.defaults.get(name, _MISSING)) for name in act.codes}
    terms = {name: left.pop(name) for name in terms_of(kind, act) if name in left}
    if left:
        # Before one that is missing, which is often this one, spelt otherwise.
        unknown = next(iter(left))
        close = difflib.get_close_matches(str(unknown), arguments_of(kind, act), 1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"{act.name}() got an unexpected keyword argument {unknown!r}{meant}")
    for name, value in (*codes.items(), *_required(act, text, brief, document)):
        if value is _MISSING:
            raise TypeError(f"{act.name}() missing a required argument: {name!r}")
    return _Given(
        codes=codes,
        text=text,
        brief=brief,
        own_reference=own_reference,
        document=document,
        entities=entities,
        attachments=attachments,
        terms=Terms(**terms),
    )


def _required(act: Act, text: Any, brief: Any, document: Any) -> Iterator[tuple[str, Any]]:
    """The required arguments beside codes; `_MISSING` for one that was not given."""
    if act.text is not None and act.text.is_required:
        yield act.text.name, _MISSING if text is None else text
    if act.brief is BriefNeed.REQUIRED:
        yield "brief", _MISSING if brief is None else brief
    if act.document is not None and act.document.is_required:
        yield act.document.argument, _MISSING if document is None else document


def _body(kind: Kind, act: Act, codes: Mapping[str, Any], zone: tzinfo) -> Body:
    types = attribute_types(kind.body) if codes else {}
    given = {name: _value(types[name], value, name, zone) for name, value in codes.items()}
    for name, day_name in kind.spec.days.items():
        if codes.get(name) is not None:
            end = parse_end(codes[name], zone, field=name)
            given |= {name: end.at, day_name: end.day}
    body = kind.body(**act.fixed, **given)
    kind.spec.check(body, kind.value)  # Before anything is sealed, in the hub's own words.
    return body


def _value(attribute: Attribute, given: Any, name: str, zone: tzinfo) -> Any:
    """An attribute of a body, as its type says; a day begins in `zone`. Raises INVALID_FIELD."""
    if given is None and attribute.is_optional:
        return None
    if attribute.is_many and issubclass(attribute.type, Code):
        return parse_codes(attribute.type, given, name)
    if attribute.type is str:
        return parse_agencies(given, name) if attribute.is_many else parse_agency(given, name)
    if attribute.type is bytes and attribute.is_many:
        return tuple(
            parse_digest(each, f"{name}[{i}]") for i, each in enumerate(listed(given, name))
        )
    if attribute.type is bytes:
        return parse_digest(given, name)
    if issubclass(attribute.type, Code):
        return parse_code(attribute.type, given, name)
    if attribute.type is date:
        return parse_day(given, field=name)
    if attribute.type is datetime:
        return parse_moment(given, zone, field=name)
    if (bounds := attribute.bounds) is not None:
        # Numbers of tables are of types of their own, such as numpy's.
        if isinstance(given, bool) or not isinstance(given, Integral):
            raise Reason.INVALID_FIELD.error(
                f"expected a whole number from {bounds.least} to {bounds.most}, got {given!r:.64}",
                field=name,
            )
        given = int(given)
        is_good = bounds.least <= given <= bounds.most
        expected = f"{bounds.least} to {bounds.most}"
    else:
        is_good, expected = isinstance(given, bool), "True or False"
    if not is_good:
        raise Reason.INVALID_FIELD.error(f"expected {expected}, got {given!r:.64}", field=name)
    return given


def _content(act: Act, body: Body, given: _Given) -> Content:
    """The content to seal, all of it checked first; raises DOCUMENT_INVALID, INVALID_FIELD."""
    summary = summary_of(act, body, given.codes)
    brief = _brief(act, summary, given)
    check_reasons(kind_of(body), given.terms, brief)
    content = Content(
        brief=brief,
        default_brief=make_brief(summary),
        document=None
        if act.document is None or given.document is None
        else as_document(
            given.document, getattr(documents, act.document.type), act.document.argument
        ),
        entities=() if act.entities is None else parse_entities(given.entities, act.entities),
        entities_argument=act.entities,
        attachments={} if given.attachments is None else parse_attachments(given.attachments),
    )
    return content.checked()


def _brief(act: Act, summary: str, given: _Given) -> Brief | None:
    if act.text is not None and given.text is not None:
        text = parse_text(given.text, act.text.name)
        # A dash or dots in the place of words explain nothing.
        if act.text.is_required and not any(each.isalnum() for each in text):
            raise Reason.EXPLANATION_MISSING.error(
                f"expected words, got none: {act.text.help}", field=act.text.name
            )
        if act.text.brief_field == "summary":
            return make_brief(text)
        return make_brief(summary, **{act.text.brief_field: text})
    if given.brief is not None:
        return as_brief(given.brief, own_reference=given.own_reference)
    if given.own_reference is not None:
        return as_brief(summary, own_reference=parse_text(given.own_reference, "own_reference"))
    return None


def _said(spec: KindSpec, name: str, body: Body) -> Iterator[str]:
    """An attribute of a body as others read it: words of codes, digests as they are typed.

    A number stands with its name, a time that is the end of a day is told by that day.
    """
    value = getattr(body, name)
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, Code):
            yield each.words.en
        elif isinstance(each, bytes):
            yield each.hex()
        elif isinstance(each, datetime):
            day = getattr(body, spec.days[name]) if name in spec.days else None
            yield day.isoformat() if day else f"{each.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        elif isinstance(each, int) and not isinstance(each, bool):
            words = spec.names.get(name)
            yield f"{words.en if words else name.replace('_', ' ')} {each:,}"
        elif each is not None:
            yield str(each)


def summary_of(act: Act, body: Body, codes: Iterable[str]) -> str:
    """The act in words for others to read, such as "Answered: nothing found".

    It is the summary of a brief that was not given. `codes` are attributes of the body.
    """
    said: list[str] = []
    for name in codes:
        words = list(_said(kind_of(body).spec, name, body))
        if name == "currency" and words:
            # It stands beside its amount, which comes before it.
            words = [f"{said.pop()} {words[0]}"]
        said += words
    return f"{act.done}: {', '.join(said)}" if said else act.done
