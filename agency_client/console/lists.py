"""Lists of exchanges: what waits, the inbox, what was sent, what is supervised, what is found.

A list is the hub's word, and each page of it says so; opening an exchange verifies it. Filters
stand in the address, so that a list can be kept and sent to a colleague. Words to search for are
content: they come in a form, and stand in no address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from agency_client.console.exchange_view import clock_view, colour
from agency_client.console.listing import MOST_LISTED
from agency_client.console.possible import initial_acts
from agency_client.console.visits import Visit
from agency_client.core.views import ExchangeSummary
from agency_client.presentation.due import (
    STATES_WITH_CLOCKS,
    DueClock,
    by_time_left,
    due_clocks,
)
from agency_client.presentation.found import hit_lines, kind_words
from agency_client.presentation.lists import MOST_SUMMARY, row, to_do
from agency_client.presentation.steps import TURNS, waiting
from agency_client.presentation.visible import shortened
from agency_client.state.references import Reference
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import Stage

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
    listing = console.listing(_PARTIES[name], states, kinds, anew=not page)

    def is_wanted(each: ExchangeSummary) -> bool:
        # The hub is asked for these alone, and is not relied on for it.
        return (
            (not states or any(leg.state.name in states for leg in each.legs))
            and (not kinds or each.kind.value in kinds)
            and (not only_late or each.is_overdue(now))
        )

    shown = listing.take(page * PAGE_ROWS, PAGE_ROWS + 1, is_wanted)
    return visit.show(
        "list.html",
        title_word=_TITLES[name],
        rows=list(_rows(visit, shown[:PAGE_ROWS])),
        page=page,
        at=visit.locale.minute(listing.at),
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
    found = []
    for party in _WAITING:
        states = [state for state, turn in TURNS.items() if turn is party]
        listed = islice(console.client.exchanges(party=party, states=states), _MOST_TO_DO)
        found += waiting(listed, party, console.client.agency)
    visit.saw(each.summary.id for each in found)
    pairs = to_do(found, console.references(), visit.locale, console.now)
    rows = [
        {
            "id": item.exchange_id,
            "reference": item.reference,
            "what": item.what,
            "initiator": f"→ {', '.join(leg.agency for leg in each.legs)}"
            if each.party is Party.INITIATOR
            else "",
            "handling": "",
            "states": [(item.state, colour(each.state))],
            "due": item.due,
            "is_late": item.is_overdue,
            "about": item.about,
            "step": item.step,
            "is_new": each.party is Party.RECIPIENT and each.state is LegState.RELEASED,
        }
        for each, item in pairs
    ]
    return visit.show(
        "work.html",
        rows=rows[:PAGE_ROWS],
        total=len(rows),
        late=sum(1 for _, item in pairs if item.is_overdue),
        new=sum(1 for each in rows if each["is_new"]),
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
                "initiator": each.initiator,
                "about": locale.one_line(shortened(reference.summary, MOST_SUMMARY)),
                "hits": hit_lines(each, locale),
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
    for party in _WAITING:
        listed = console.client.exchanges(party=party, states=STATES_WITH_CLOCKS)
        found += due_clocks(islice(listed, _MOST_TO_DO), party, console.client.agency)
    known = console.references()
    rows = [
        (
            clock_view(each.clock, each.leg.agency, visit.locale, now, is_mine=each.is_mine),
            each.summary.id,
            visit.locale.one_line(known.get(each.summary.id, Reference()).shown),
            visit.locale.say(each.summary.kind.spec.words),
        )
        for each in by_time_left(found)[: PAGE_ROWS * 2]
    ]
    return visit.show("due.html", rows=rows)


def _rows(visit: Visit, summaries: Iterable[ExchangeSummary]) -> Iterator[dict[str, Any]]:
    console = visit.console
    known, now = console.references(), console.now
    for each in summaries:
        made = row(each, known, visit.locale, now)
        own = [leg for leg in each.legs if leg.agency == console.client.agency]
        yield {
            "id": made.exchange_id,
            "reference": made.reference,
            "what": made.what,
            "initiator": made.initiator,
            "states": [(text, colour(state)) for text, state in made.legs],
            "handling": made.handling,
            "due": made.due,
            "is_late": made.is_overdue,
            "updated": made.updated,
            "about": made.about,
            "step": "",
            "is_new": any(leg.state is LegState.RELEASED for leg in own),
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
