"""The bar that says how much is new; nothing moves under the pointer until the person asks.

It leads to the list on which the person is, where that list shows what is new, else to the list
with which the person begins. On a page that was made while the hub was away it says that the hub is
back. Questions that the browser asks by itself keep no session from being idle.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from agency_client.console.menu import menu
from agency_client.console.rendering import render
from agency_client.console.visits import Visit, own_path
from agency_client.console.words import Word
from exchange_protocol.errors import ExchangeError

_LISTS = ("/queue", "/work", "/inbox")
"""The lists on which what is new is seen."""


def show(visit: Visit) -> Response:
    """A line on what came since the list was shown, or since when the hub is away."""
    follower, fault = visit.console.follower, ""
    try:
        found = follower.current()
    except ExchangeError as error:
        # The page around the bar stays as it is: a whole page of the fault would stand in the bar.
        found, fault = frozenset(), visit.explain(error).sentence
    away = follower.away_since
    seen = visit.session.seen if visit.session else frozenset()
    here, number = own_path(visit.query("here")), len(found - seen)
    path, said = "", ""
    if visit.query("kept") == "1":
        path, said = here, visit.say(Word.HUB_BACK)
    elif number:
        path, said = _list_of(visit, here, number)
    text = render(
        "news.html",
        visit.language,
        path=path,
        said=said,
        fault=fault,
        away=visit.locale.minute(away) if away else "",
    )
    return HTMLResponse(text)


def _list_of(visit: Visit, here: str, number: int) -> tuple[str, str]:
    """The list that shows what is new, and the words that lead there."""
    place = next((each for each in _LISTS if here.partition("?")[0].startswith(each)), None)
    sections = menu(visit.console.member.role)
    if place in [each.path for each in sections]:
        return str(place), visit.say(Word.NEWS, number=number)
    first = sections[0]
    section = visit.say(Word[first.word])
    return first.path, visit.say(Word.NEWS_ELSEWHERE, number=number, section=section)
