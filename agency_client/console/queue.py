"""The work queue of an approver: what waits, by the time that is left.

A row is shown only after the library verified the exchange that it is of. An exchange that does not
verify has its reason in the place of its words, and no way to a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from starlette.responses import Response

from agency_client.console.context import Checked, Console
from agency_client.console.held import CLAIMS, claim_words, item_values
from agency_client.console.listing import Listing
from agency_client.console.lists import kept_words
from agency_client.console.openings import StillOpeningError
from agency_client.console.visits import Visit, fault_title
from agency_client.console.words import Word
from agency_client.presentation.faults import explain
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import newest_of_others
from agency_client.state.references import Reference
from exchange_protocol.errors import Conflict, ExchangeError, HubUnavailable
from exchange_protocol.kinds.codes import LegState, Party, Urgency
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.rules.clocks import Clock, ClockKind
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.trust.identity import AgencyId

PATH: Final = "/queue"
PAGE_ROWS: Final = 25
_FAR: Final = datetime.fromisoformat("9999-12-31T23:59:59+00:00")


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the queue."""

    id: str
    left: str
    """The time that is left for the decision, where one is published."""
    is_late: bool
    route: str
    names: str
    """The names of the agencies of the route, which itself has their ids."""
    what: str
    is_urgent: bool
    basis: str
    handling: str
    subjects: str
    approvals: str
    about: str
    in_hand: str
    answer_due: str = ""
    """Until when the recipient's answer is due, which the approver does not owe."""
    is_unread: bool = False
    """True if the person has not looked at it since it changed."""
    error: str = ""
    """Why it does not verify; then everything else is the hub's word."""
    is_unchecked: bool = False
    """True if it could not be verified, for the hub is away: the hub's word of before."""


def show_queue(visit: Visit) -> Response:
    """The queue, with its first item or the one of the address beside it."""
    console, locale = visit.console, visit.locale
    is_chosen = "exchange" in visit.request.path_params
    listing, summaries = waiting_items(console, anew=not is_chosen)
    visit.saw(each.id for each in summaries)
    page = visit.page_number(len(summaries), PAGE_ROWS)
    shown = summaries[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    checked = [console.check(each) for each in shown]
    if is_chosen:
        _mark(console, checked, [visit.request.path_params["exchange"]])
    known, marks = console.references(), console.marks.read()
    rows = [row(each, known.get(each.summary.id), console, locale, marks) for each in checked]
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
        kept=kept_words(visit, listing),
        unread=sum(each.is_unread for each in rows),
        page=page,
        pages=-(-len(summaries) // PAGE_ROWS),
        chosen=chosen,
        is_chosen=is_chosen,
        next_id=ids[place + 1] if 0 <= place < len(ids) - 1 else "",
        previous_id=ids[place - 1] if place > 0 else "",
        **found,
    )
    return answer if found["opening"] is None else visit.reloading(answer)


def waiting_items(console: Console, *, anew: bool) -> tuple[Listing, list[ExchangeSummary]]:
    """List what waits for this agency's decision, by the time that is left.

    From item to item the list stays as it was, so that nothing moves.
    """
    listing = console.listing("queue", Party.APPROVER, anew=anew)

    def pressing(summary: ExchangeSummary) -> datetime:
        ends = [each.at for each in _decisions(summary)]
        return min([*ends, summary.next_due or _FAR])

    found = sorted(listing.take(), key=lambda each: (pressing(each), each.initiated_at, each.id))
    return listing, found


def _item(visit: Visit, exchange_id: str) -> dict[str, Any]:
    """The item beside the list; a fault of it leaves the list as it is."""
    try:
        opened = visit.open(exchange_id)
    except StillOpeningError as error:
        return {**_NO_ITEM, "opening": error}
    except HubUnavailable:
        return {**_NO_ITEM, "missing": visit.say(Word.NOT_KEPT)}
    except ExchangeError as error:
        return {**_NO_ITEM, "fault": visit.explain(error), "fault_title": fault_title(error)}
    return {**_NO_ITEM, **item_values(visit, opened)}


_NO_ITEM: Final[Mapping[str, Any]] = MappingProxyType(
    {"item": None, "held": None, "acts": (), "fault": None, "missing": "", "opening": None}
)


def row(
    checked: Checked,
    known: Reference | None,
    console: Console,
    locale: Locale,
    marks: Mapping[str, int],
) -> Row:
    """An item of the list in words; of what was verified, the hub's word is nothing."""
    summary, verified, now = checked.summary, checked.verified, console.now
    if verified is None:
        held = [leg.agency for leg in summary.legs if leg.state is LegState.HELD]
        return _unverified(checked, summary.initiator, held, locale, now)
    first = verified.initial
    legs = [leg for leg in verified.legs if leg.state is LegState.HELD]
    header = first.statement.header if first else None
    ends = [(leg.due_at, leg.due_on) for leg in legs if leg.due_at]
    due, day = min(ends, key=lambda each: each[0], default=(None, None))
    left, late = _decide_by(summary, locale, now)
    return Row(
        id=summary.id,
        left=left,
        is_late=late,
        route=_route(summary.initiator, [leg.agency for leg in legs]),
        names=_names(summary.initiator, [leg.agency for leg in legs], locale),
        what=locale.say(summary.kind.spec.words),
        is_urgent=summary.urgency is Urgency.URGENT,
        basis=locale.one_line(header.legal_basis or "") if header else "",
        handling=f"{header.handling.name} · TLP:{header.tlp.name}" if header else "",
        subjects=str(header.subject_count) if header else "",
        approvals=_approvals(legs, locale),
        about=locale.one_line(known.summary[:120]) if known else "",
        in_hand=next((claim_words(leg, locale) for leg in verified.legs if leg.record.claim), ""),
        is_unread=marks.get(summary.id) != newest_of_others(verified, console.client.member),
        answer_due=f"{locale.say(ClockKind.ANSWER)}: "
        + locale.due(due, day, now, is_overdue=due < now)
        if due
        else "",
    )


def _approvals(legs: Sequence[Leg], locale: Locale) -> str:
    """Count the approvals of those needed: once for all legs, and by agency where they differ."""
    counts = [
        locale.say(Label.APPROVALS_GIVEN, given=len(leg.approvals), required=leg.approvals_required)
        for leg in legs
    ]
    if len(set(counts)) < 2:
        return "".join(counts[:1])
    return "\n".join(f"{leg.agency}: {count}" for leg, count in zip(legs, counts, strict=True))


def _mark(console: Console, shown: Iterable[Checked], chosen: Iterable[str]) -> None:
    wanted = set(chosen)
    console.marks.note(
        (each.summary.id, newest_of_others(each.verified, console.client.member))
        for each in shown
        if each.verified is not None and each.summary.id in wanted
    )


def mark_read(visit: Visit) -> Response:
    """Mark items as read, several at once; the mark is the person's own, and no other sees it."""
    console = visit.console
    chosen = set(visit.fields("exchange")[:PAGE_ROWS])
    _, waiting = waiting_items(console, anew=False)
    found = [each for each in waiting if each.id in chosen]
    _mark(console, [console.check(each) for each in found], chosen)
    return visit.go(PATH)


def _decisions(summary: ExchangeSummary) -> list[Clock]:
    """The published times in which an approver is to decide, the one that ends first before."""
    clocks = [
        each for leg in summary.legs for each in leg.clocks if each.kind is ClockKind.DECISION
    ]
    return sorted(clocks, key=lambda each: each.at)


def _decide_by(summary: ExchangeSummary, locale: Locale, now: datetime) -> tuple[str, bool]:
    """The time left for the decision, and whether it is over; empty where none is published."""
    for clock in _decisions(summary):
        is_over = now > clock.at
        return locale.due(clock.at, clock.day, now, is_overdue=is_over, between="\n"), is_over
    return "", False


def _route(initiator: AgencyId, held: Iterable[AgencyId]) -> str:
    return f"{initiator} → {', '.join(held)}"


def _names(initiator: AgencyId, held: Iterable[AgencyId], locale: Locale) -> str:
    """The names of the agencies of a route; empty where none is known."""
    names = [locale.one_line(locale.names.get(each, "")) for each in held]
    return f"{locale.one_line(locale.names.get(initiator, ''))} → {'; '.join(filter(None, names))}"


def _unverified(
    checked: Checked,
    initiator: AgencyId,
    held: Sequence[AgencyId],
    locale: Locale,
    now: datetime,
) -> Row:
    """An item that was not verified: who is said to ask whom, and why that is not believed."""
    summary, is_away = checked.summary, isinstance(checked.error, HubUnavailable)
    left, late = _decide_by(summary, locale, now) if is_away else ("", False)
    return Row(
        id=summary.id,
        left=left,
        is_late=late,
        route=_route(initiator, held),
        names=_names(initiator, held, locale),
        what=locale.say(summary.kind.spec.words),
        is_urgent=is_away and summary.urgency is Urgency.URGENT,
        basis="",
        handling="",
        subjects="",
        approvals="",
        about="",
        in_hand="",
        error=explain(checked.error, locale).sentence if checked.error and not is_away else "",
        is_unchecked=is_away,
    )


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
