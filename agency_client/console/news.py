"""The bar that says how much is new; nothing moves under the pointer until the person asks.

Questions that the browser asks by itself keep no session from being idle.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from agency_client.console.menu import menu
from agency_client.console.rendering import render
from agency_client.console.visits import Visit
from exchange_protocol.errors import ExchangeError


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
    text = render(
        "news.html",
        visit.language,
        number=len(found - seen),
        path=menu(visit.console.member.role)[0].path,
        fault=fault,
        away=visit.locale.minute(away) if away else "",
    )
    return HTMLResponse(text)
