"""Lists of exchanges: what waits, the inbox, what was sent, what is supervised, what is found.

A list is the hub's word, and each page of it says so; opening an exchange verifies it. Filters
stand in the address, so that a list can be kept and sent to a colleague. Words to search for are
content: they come in a form, and stand in no address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from agency_client.console.exchange_view import clock_view, colour, whose_turn
from agency_client.console.kept_lists import MOST_KEPT
from agency_client.console.listing import MOST_LISTED, Listing
from agency_client.console.possible import initial_acts
from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.presentation.due import (
    STATES_WITH_CLOCKS,
    DueClock,
    by_time_left,
    due_clocks,
)
from agency_client.presentation.found import hit_lines, kind_words
from agency_client.presentation.lists import MOST_SUMMARY, leg_words, row, to_do
from agency_client.presentation.news import read_up_to, unread
from agency_client.presentation.steps import states_asked, waiting, waiting_consents
from agency_client.presentation.visible import shortened
from agency_client.state.references import Reference
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.listing import ExchangeSummary

PAGE_ROWS: Final = 50
_MOST_TO_DO: Final = 500
_PARTIES: Final = {
    "inbox": Party.RECIPIENT,
    "sent": Party.INITIATOR,
    "supervised": Party.SUPERVISOR,
}
_TITLES: Final = {"inbox": "INBOX", "sent": "SENT_LIST", "supervised": "SUPERVISED"}
_WAITING: Final = (Party.RECIPIENT, Party.INITIATOR)
_KINDS: Final = tuple(kind for kind in Kind if kind.stage is Stage.INITIAL)


def show_list(visit: Visit) -> Response:
    """A page of a list, with its filters."""
    name = visit.request.url.path.strip("/")
    states = [each for each in visit.request.query_params.getlist("state") if each in _STATES]
    kinds = [each for each in visit.request.query_params.getlist("kind") if each in list(Kind)]
    only_late = visit.query("late") == "1"
    page = visit.page_number(MOST_LISTED, PAGE_ROWS)
    console, now = visit.console, visit.console.now
    listing = console.listing(
        name,
        _PARTIES[name],
        states,
        kinds,
        anew=not page,
        is_filtered=bool(states or kinds),
    )

    def is_wanted(each: ExchangeSummary) -> bool:
        # The hub is asked for these alone, and is not relied on for it.
        return (
            (not states or any(leg.state.name in states for leg in each.legs))
            and (not kinds or each.kind.value in kinds)
            and (not only_late or each.is_overdue(now))
        )

    shown = listing.take(page * PAGE_ROWS, PAGE_ROWS + 1, is_wanted)
    if name == "inbox" and not (states or kinds or only_late):
        # The next page was not seen.
        rest = console.follower.known if not page and len(shown) <= PAGE_ROWS else frozenset()
        visit.saw({each.id for each in shown[:PAGE_ROWS]} | rest, among_others=True)
    return visit.show(
        "list.html",
        title_word=_TITLES[name],
        rows=list(_rows(visit, shown[:PAGE_ROWS])),
        page=page,
        at=visit.locale.minute(listing.at) if page else "",
        kept=kept_words(visit, listing),
        next_page=_address(visit, page + 1) if len(shown) > PAGE_ROWS else "",
        previous_page=_address(visit, page - 1) if page else "",
        path=f"/{name}",
        states=[(state.name, visit.say_code(state), state.name in states) for state in LegState],
        kinds=[
            (kind.value, visit.locale.say(kind.spec.words), kind.value in kinds) for kind in _KINDS
        ],
        only_late=only_late,
        has_filters=True,
        acts=initial_acts(visit),
    )


def show_work(visit: Visit) -> Response:
    """List what waits for this agency over all exchanges, the most pressing first."""
    console = visit.console
    found, kept = [], ""
    # The pages after the first go on in the lists of before.
    anew = not visit.page_number(MOST_LISTED, PAGE_ROWS)
    marks, agency = console.marks.read(), console.client.agency
    for party in _WAITING:
        listing = console.listing(f"work-{party.value}", party, states_asked(party), anew=anew)

        def waits(each: ExchangeSummary, party: Party = party) -> bool:
            return bool(waiting((each,), party, agency, console.now, marks))

        listed = listing.take(most=_MOST_TO_DO, wanted=waits)
        found += waiting(listed, party, agency, console.now, marks)
        kept = kept_words(visit, listing) or kept
    asked = console.listing("work-consents", None, awaits_consent=True, anew=anew)
    found += waiting_consents(asked.take(most=_MOST_TO_DO), console.client.agency)
    visit.saw(each.summary.id for each in found)
    pairs = to_do(found, console.references(), visit.locale, console.now, marks)
    rows = [
        {
            "id": item.exchange_id,
            "reference": item.reference,
            # From whom it is stands beside it.
            "what": item.what.removesuffix(f", {each.summary.initiator}"),
            "initiator": "; ".join(f"→ {visit.locale.agency(leg.agency)}" for leg in each.legs)
            if each.party is Party.INITIATOR and each.consent is None
            else visit.say(Word.BY_AGENCY, agency=visit.locale.agency(each.summary.initiator)),
            "handling": "",
            "sent": visit.say(Word.SENT_AT, time=visit.locale.minute(each.summary.initiated_at)),
            "states": [("", item.state, colour(each.state))],
            "due": item.due,
            "is_late": item.is_overdue,
            "about": item.about,
            "step": item.step,
            "is_new": each.consent is None
            and (
                (each.party is Party.RECIPIENT and each.state is LegState.RELEASED)
                or any(unread(leg, read_up_to(marks, each.summary.id)) for leg in each.legs)
            ),
        }
        for each, item in pairs
    ]
    page = visit.page_number(len(rows), PAGE_ROWS)
    return visit.show(
        "work.html",
        rows=rows[page * PAGE_ROWS : (page + 1) * PAGE_ROWS],
        page=page,
        pages=-(-len(rows) // PAGE_ROWS),
        total=len(rows),
        late=sum(1 for _, item in pairs if item.is_overdue),
        new=sum(1 for each in rows if each["is_new"]),
        kept=kept,
        acts=initial_acts(visit),
    )


def search(visit: Visit) -> Response:
    """Exchanges that this profile opened or sent, by reference, name, account, document or file."""
    client, locale = visit.console.client, visit.locale
    words = visit.field("words").split()
    result = client.search_index.search(words) if words else None
    known, cases = visit.console.references(), client.cases.by_exchange()
    rows = []
    for each in result.found[:PAGE_ROWS] if result else ():
        reference = known.get(each.exchange_id, Reference())
        rows.append(
            {
                "id": each.exchange_id,
                "reference": locale.one_line(reference.shown),
                "what": kind_words(each, locale),
                "initiator": locale.agency(each.initiator) if each.initiator else "",
                "to": "; ".join(f"→ {locale.agency(to)}" for to in each.recipients),
                "about": locale.one_line(shortened(reference.summary, MOST_SUMMARY)),
                "hits": hit_lines(each, locale),
                "sent": locale.minute(each.initiated_at),
                "cases": ", ".join(map(locale.one_line, cases.get(each.exchange_id, ()))),
            }
        )
    return visit.show(
        "found.html",
        rows=rows,
        searched=visit.field("words"),
        more=result.count - len(rows) if result else 0,
        number=result.searched if result else 0,
    )


def show_due(visit: Visit) -> Response:
    """The times that run over all exchanges, the one that ends first before the others."""
    console, now = visit.console, visit.console.now
    found: list[DueClock] = []
    kept = ""
    anew = not visit.page_number(MOST_LISTED, PAGE_ROWS)
    for party in _WAITING:
        listing = console.listing(f"due-{party.value}", party, STATES_WITH_CLOCKS, anew=anew)
        found += due_clocks(listing.take(most=_MOST_TO_DO), party, console.client.agency)
        kept = kept_words(visit, listing) or kept
    known, ordered = console.references(), by_time_left(found)
    page = visit.page_number(len(ordered), PAGE_ROWS)
    rows = [
        (
            clock_view(
                each.clock,
                whose_turn(each.clock, each.leg.agency, each.summary.initiator, visit.locale),
                visit.locale,
                now,
                is_mine=each.is_mine,
            ),
            each.summary.id,
            visit.locale.one_line(known.get(each.summary.id, Reference()).shown),
            visit.locale.say(each.summary.kind.spec.words),
            _about(visit, each, known.get(each.summary.id, Reference())),
        )
        for each in ordered[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    ]
    pages = -(-len(ordered) // PAGE_ROWS)
    return visit.show("due.html", rows=rows, kept=kept, page=page, pages=pages)


def _about(visit: Visit, due: DueClock, reference: Reference) -> str:
    """Tell one row of the times that run from another: the other end, and what it is about."""
    summary, locale = due.summary, visit.locale
    is_own = summary.initiator == visit.console.client.agency
    other = f"→ {due.leg.agency}" if is_own else f"{summary.initiator} →"
    said = locale.one_line(shortened(reference.summary, MOST_SUMMARY))
    return f"{other} · {said}" if said else other


def kept_words(visit: Visit, listing: Listing) -> str:
    """Say of when a list is that is shown without the hub; empty if the hub gave it now."""
    if not listing.is_kept:
        return ""
    if listing.at is None:
        return visit.say(Word.LIST_NOT_KEPT)
    said = visit.say(Word.LIST_KEPT, time=visit.locale.minute(listing.at))
    number = len(listing.take())
    return said if number < MOST_KEPT else f"{said} {visit.say(Word.LIST_KEPT_PART, number=number)}"


def _rows(visit: Visit, summaries: Iterable[ExchangeSummary]) -> Iterator[dict[str, Any]]:
    console = visit.console
    known, now = console.references(), console.now
    marks = console.marks.read()
    for each in summaries:
        made = row(each, known, visit.locale, now)
        read = read_up_to(marks, each.id)
        own = [leg for leg in each.legs if leg.agency == console.client.agency]
        yield {
            "id": made.exchange_id,
            "reference": made.reference,
            "what": made.what,
            "initiator": ""
            if each.initiator == console.client.agency
            else visit.say(Word.BY_AGENCY, agency=made.initiator),
            "states": [
                (
                    "" if leg.agency == console.client.agency else visit.locale.agency(leg.agency),
                    leg_words(leg, each.kind, visit.locale, read),
                    colour(leg.state),
                )
                for leg in each.legs
            ],
            "handling": visit.locale.say(each.handling),
            "sent": visit.say(Word.SENT_AT, time=visit.locale.minute(each.initiated_at)),
            "due": made.due,
            "is_late": made.is_overdue,
            "updated": made.updated,
            "about": made.about,
            "step": "",
            "is_new": any(leg.state is LegState.RELEASED for leg in own)
            or any(unread(leg, read) for leg in each.legs),
        }


def _address(visit: Visit, page: int) -> str:
    """The address of another page under the same filters."""
    pairs = [
        (name, value)
        for name, value in visit.request.query_params.multi_items()
        if name in ("state", "kind", "late")
    ]
    return f"{visit.request.url.path}?{urlencode([*pairs, ('page', str(page))])}"


_STATES: Final = frozenset(state.name for state in LegState)
