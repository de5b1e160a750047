"""The work queue of an approver: what waits, why it is held, and the decision.

A row is shown only after the library verified the exchange that it is of. What does not verify has
its reason in the place of its words, and no way to a decision.

A decision takes two requests: a page that shows exactly what will be signed, and the form on it.
The form names the digest that the person saw; the library refuses it if something else waits by
then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from starlette.responses import Response

from agency_client.console.context import Checked, Console
from agency_client.console.exchange_view import differences
from agency_client.console.openings import StillOpeningError
from agency_client.console.rules_text import Rule, rules
from agency_client.console.visits import REFRESH, Visit, show_fault
from agency_client.console.words import Word, act_words
from agency_client.core.views import ExchangeSummary, Queued, UnsealedExchange
from agency_client.presentation.exchanges import who
from agency_client.presentation.locale import Locale
from agency_client.state.references import Reference
from exchange_protocol.errors import Conflict, ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party, Urgency
from exchange_protocol.kinds.spec import Act, attribute_types
from exchange_protocol.record.entries import Entry
from exchange_protocol.rules.lifecycle import Leg
from exchange_protocol.trust.identity import AgencyId, parse_member

PATH: Final = "/queue"
PAGE_ROWS: Final = 25
DECISIONS: Final = tuple(
    (kind, act)
    for kind in Kind
    if kind.spec.decides and not any(row.claims is not None for row in kind.spec.rows)
    for act in kind.spec.acts
)
"""The acts by which an approver decides."""
CLAIMS: Final = {
    row.claims: (kind, act)
    for kind in Kind
    for row in kind.spec.rows
    for act in kind.spec.acts
    if row.claims is not None and row.code in act.fixed.values()
}
"""The acts by which an approver takes an item in hand (True), and gives it back (False)."""
_KEYS: Final = ("a", "r", "x")
"""The keys of the decisions, in their order."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the queue."""

    id: str
    left: str
    is_late: bool
    route: str
    what: str
    is_urgent: bool
    basis: str
    handling: str
    subjects: str
    approvals: str
    about: str
    in_hand: str
    error: str = ""
    """Why it does not verify; then everything else is the hub's word."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why an item waits, and who may decide."""

    legs: tuple[AgencyId, ...]
    awaits: str
    """Digest of the statement that waits, hex."""
    entry: int
    rules: tuple[Rule, ...]
    """The rules that hold it, as they were published."""
    other_rules: tuple[Rule, ...]
    """Those that were cited besides: who may say it, who supervises."""
    unknown_rules: tuple[str, ...]
    """Rules of a policy that is no longer in force."""
    crosses_border: bool
    author: str
    approved_by: tuple[str, ...]
    lapsed: tuple[str, ...]
    required: int
    in_hand: str
    """Name the holder and the start of the claim; empty if nobody has it."""
    claim: bool | None
    """The claim that may be said now: True takes it in hand, False gives it back."""
    own_obstacle: str
    """Why this person cannot decide; empty if the person can."""
    changes: tuple[tuple[str, str, str], ...]


def show_queue(visit: Visit) -> Response:
    """The queue, with its first item or the one of the address beside it."""
    console, locale = visit.console, visit.locale
    is_chosen = "exchange" in visit.request.path_params
    summaries = waiting_items(console, anew=not is_chosen)
    visit.saw(each.id for each in summaries)
    page = visit.page_number(len(summaries), PAGE_ROWS)
    shown = summaries[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    checked = [console.check(each) for each in shown]
    known = console.references()
    rows = [row(each, known.get(each.summary.id), locale, console.now) for each in checked]
    chosen = visit.request.path_params.get("exchange") or next(
        (each.summary.id for each in checked if each.verified), ""
    )
    ids = [each.id for each in rows if not each.error]
    place = ids.index(chosen) if chosen in ids else -1
    found = _item(visit, chosen) if chosen else _NO_ITEM
    answer = visit.show(
        "queue.html",
        rows=rows,
        total=len(summaries),
        page=page,
        pages=-(-len(summaries) // PAGE_ROWS),
        chosen=chosen,
        is_chosen=is_chosen,
        next_id=ids[place + 1] if 0 <= place < len(ids) - 1 else "",
        previous_id=ids[place - 1] if place > 0 else "",
        **found,
    )
    if found["opening"] is not None:
        answer.headers.update(REFRESH)
    return answer


def waiting_items(console: Console, *, anew: bool) -> list[ExchangeSummary]:
    """List what waits for this agency's decision, by the time that is left.

    From item to item the list stays as it was, so that nothing moves.
    """
    found = console.listing(Party.APPROVER, anew=anew).take()
    return sorted(found, key=lambda each: (each.next_due or _FAR, each.initiated_at, each.id))


def _item(visit: Visit, exchange_id: str) -> dict[str, Any]:
    """The item beside the list; a fault of it leaves the list as it is."""
    try:
        opened = visit.open(exchange_id)
    except StillOpeningError as error:
        return {**_NO_ITEM, "opening": error}
    except ExchangeError as error:
        return {**_NO_ITEM, "fault": error, "fault_text": visit.locale.visible(error.message)}
    return {**_NO_ITEM, **item_values(visit, opened)}


_NO_ITEM: Final[Mapping[str, Any]] = MappingProxyType(
    {"item": None, "held": None, "acts": (), "fault": None, "fault_text": "", "opening": None}
)


def item_values(visit: Visit, opened: UnsealedExchange) -> dict[str, Any]:
    """The values of the page of an item."""
    console = visit.console
    held = held_facts(console, opened, visit.locale)
    return {
        "item": console.view(opened, visit.locale),
        "held": held,
        "acts": [
            (act, act_words(kind, act, visit.language), key)
            for (kind, act), key in zip(DECISIONS, _KEYS, strict=True)
        ]
        if held and not held.own_obstacle
        else [],
    }


def row(checked: Checked, known: Reference | None, locale: Locale, now: datetime) -> Row:
    """An item of the list in words; of what was verified, the hub's word is nothing."""
    summary, verified = checked.summary, checked.verified
    if verified is None:
        to = ", ".join(leg.agency for leg in summary.legs if leg.state is LegState.HELD)
        return _unverified(checked, f"{summary.initiator} → {to}", locale)
    first = verified.initial
    legs = [leg for leg in verified.legs if leg.state is LegState.HELD]
    header = first.statement.header if first else None
    due = min((leg.due_at for leg in legs if leg.due_at), default=None)
    late = due is not None and due < now
    return Row(
        id=summary.id,
        left=locale.due(due, now, is_overdue=late, between="\n"),
        is_late=late,
        route=f"{summary.initiator} → {', '.join(leg.agency for leg in legs)}",
        what=locale.say(summary.kind.spec.words),
        is_urgent=summary.urgency is Urgency.URGENT,
        basis=locale.one_line(header.legal_basis or "") if header else "",
        handling=f"{header.handling.name} · TLP:{header.tlp.name}" if header else "",
        subjects=str(header.subject_count) if header else "",
        approvals="\n".join(
            locale.say(Word.OF.value, given=len(leg.approvals), required=leg.approvals_required)
            for leg in legs
        ),
        about=locale.one_line(known.summary[:120]) if known else "",
        in_hand=next((_claim_words(leg, locale) for leg in verified.legs if leg.record.claim), ""),
    )


def _unverified(checked: Checked, route: str, locale: Locale) -> Row:
    """An item that does not verify: who is said to ask whom, and why that is not believed."""
    why = checked.error.reason.name if checked.error else ""
    what = locale.say(checked.summary.kind.spec.words)
    return Row(
        id=checked.summary.id,
        left="",
        is_late=False,
        route=route,
        what=what,
        is_urgent=False,
        basis="",
        handling="",
        subjects="",
        approvals="",
        about="",
        in_hand="",
        error=why,
    )


def held_facts(console: Console, opened: UnsealedExchange, locale: Locale) -> Held | None:
    """Why the exchange waits for this agency; None if nothing of it does."""
    agency = console.client.agency
    legs = [leg for leg in opened.legs if leg.state is LegState.HELD and agency in leg.approvers]
    if not legs:
        return None
    first = legs[0]
    waiting = next(each for each in opened.statements if each.statement.digest == first.awaits)
    policy = console.client.directory.policy
    entry = waiting.verified.entry
    cited = entry.ruling.rule_ids if entry.ruling else ()
    texts = rules(policy.text) if policy and _is_of(policy.digest, entry) else {}
    lapsed = [
        f"{who(each.by, locale)}, {locale.minute(each.at)}"
        for each in opened.approvals
        if each.leg == first.agency and each.payload_digest != first.awaits
    ]
    place = opened.statements.index(waiting)
    earlier = [each for each in opened.statements[:place] if each.parts]
    return Held(
        legs=tuple(leg.agency for leg in legs if leg.awaits == first.awaits),
        awaits=first.awaits.hex(),
        entry=waiting.index,
        rules=tuple(texts[each] for each in cited if each in texts and texts[each].holds),
        other_rules=tuple(texts[each] for each in cited if each in texts and not texts[each].holds),
        unknown_rules=tuple(each for each in cited if each not in texts),
        crosses_border=_crosses_border(console, opened, first),
        author=who(waiting.author, locale),
        approved_by=tuple(who(parse_member(uri), locale) for uri in first.approvals),
        lapsed=tuple(lapsed),
        required=first.approvals_required,
        in_hand=_claim_words(first, locale),
        claim=_possible_claim(console, first),
        own_obstacle=_obstacle(console, first, waiting.author.agency, locale),
        changes=tuple(differences(earlier, waiting, locale)) if earlier else (),
    )


def _claim_words(leg: Leg, locale: Locale) -> str:
    claim = leg.record.claim
    if claim is None:
        return ""
    holder = who(parse_member(claim.member), locale)
    return locale.say(Word.IN_HAND.value, whom=holder, since=locale.minute(claim.at))


def _possible_claim(console: Console, leg: Leg) -> bool | None:
    claim = leg.record.claim
    if console.client.profile.vault.signer is None:
        return None
    if claim is None:
        return True
    return False if parse_member(claim.member).agency == console.client.agency else None


def claim(visit: Visit) -> Response:
    """Take items in hand, or give them back; several at once, since it decides nothing."""
    takes = visit.field("claim") != "give_back"
    _, act = CLAIMS[takes]
    chosen = visit.fields("exchange")[:PAGE_ROWS]
    refused = 0
    for exchange_id in chosen:
        try:
            getattr(visit.console.client, act.name)(exchange_id)
        except Conflict:
            # Another was faster; the list tells who.
            refused += 1
    word = Word.CLAIMED if takes else Word.GIVEN_BACK
    visit.tell(word, number=len(chosen) - refused, of=len(chosen))
    return visit.go(f"{PATH}/{chosen[0]}" if len(chosen) == 1 else PATH)


def _obstacle(console: Console, leg: Leg, author: AgencyId, locale: Locale) -> str:
    """Why this person may not decide, as far as that is known before the hub is asked."""
    if console.client.profile.vault.signer is None:
        return locale.say(Word.NO_SIGNING_KEY.value)
    if author == console.client.agency:
        return locale.say(Word.OWN_REQUEST.value)
    if console.member.uri in leg.approvals:
        return locale.say(Word.DECIDED_ALREADY.value)
    return ""


def _is_of(policy_digest: bytes, entry: Entry) -> bool:
    return entry.ruling is not None and entry.ruling.policy_digest == policy_digest


def _crosses_border(console: Console, opened: UnsealedExchange, leg: Leg) -> bool:
    agencies = console.client.directory.agencies
    first = opened.initial
    ends = (first.author.agency if first else opened.verified.summary.initiator, leg.agency)
    countries = {agencies[each].country for each in ends if each in agencies}
    return len(countries) > 1


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
) -> Response:
    values = item_values(visit, opened)
    if values["held"] is None:
        return _decided_page(visit, opened)
    return visit.show(
        "decide.html",
        status,
        act=act,
        act_word=act_words(kind, act, visit.language),
        codes=list(code_fields(kind, act, visit.locale)),
        given={name: visit.field(name) for name in _given_names(act)},
        error=error,
        has_pin=visit.console.has_pin,
        **values,
    )


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
        own_text=next(
            (
                visit.field(act.text.name)
                for _, act in DECISIONS
                if act.text and visit.field(act.text.name)
            ),
            "",
        ),
    )


def code_fields(
    kind: Kind, act: Act, locale: Locale
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The codes that an act takes: name, and each choice with its words."""
    types = attribute_types(kind.body)
    for name in act.codes:
        members = list(types[name].type)  # type: ignore[call-overload] # codes are enumerations
        yield name, [(member.name, locale.say(member)) for member in members]


def _given_names(act: Act) -> tuple[str, ...]:
    return (*act.codes, *((act.text.name,) if act.text else ()))


def decide(visit: Visit) -> Response:
    """Sign a decision on exactly what the person saw."""
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
        # What is kept is not what the form shows: read it anew, and let the person look again.
        opened = console.open(exchange_id)
        return _decision_page(
            visit, opened, kind, act, 409, error=visit.say(Word.CHANGED_MEANWHILE)
        )
    arguments: dict[str, Any] = {
        each: visit.fields(each) or act.defaults[each]
        if each in act.defaults
        else visit.field(each).strip() or None
        for each in _given_names(act)
    }
    missing = [each for each in act.codes if each not in act.defaults and not arguments[each]]
    if act.text is not None and act.text.is_required and not arguments[act.text.name]:
        missing.append(act.text.name)
    if missing:
        return _decision_page(visit, opened, kind, act, 400, error=visit.say(Word.REASON_NEEDED))
    try:
        console.check_pin(visit.field("pin"))
        method = getattr(console.client, act.name)
        result = method(opened, legs=held.legs, **arguments)
    except Conflict:
        return _decided_or_changed(visit, exchange_id, kind, act)
    except ExchangeError as error:
        named = (error.field or "").rpartition(".")[2]
        if named in {"pin", *_given_names(act)}:
            text = visit.locale.visible(error.message)
            return _decision_page(visit, opened, kind, act, 400, error=text)
        return show_fault(visit, error)
    word = Word.DECISION_QUEUED if isinstance(result, Queued) else Word.DECISION_SENT
    entry = "" if isinstance(result, Queued) else str(result.index)
    visit.tell(word, act=act_words(kind, act, visit.language), entry=entry, exchange=exchange_id)
    return visit.go(PATH)


def _decided_or_changed(visit: Visit, exchange_id: str, kind: Kind, act: Act) -> Response:
    """Someone was faster: show what waits now, or what was decided."""
    opened = visit.console.open(exchange_id)
    return _decision_page(visit, opened, kind, act, 409, error=visit.say(Word.CHANGED_MEANWHILE))


_FAR: Final = datetime.fromisoformat("9999-12-31T23:59:59+00:00")
