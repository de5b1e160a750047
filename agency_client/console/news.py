"""The bar that says how much is new; nothing moves under the pointer until the person asks.

Questions that the browser asks by itself keep no session from being idle.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from agency_client.console.menu import menu
from agency_client.console.rendering import render
from agency_client.console.visits import Visit


def show(visit: Visit) -> Response:
    """A line on what came since the list was shown, or since when the hub is away."""
    follower = visit.console.follower
    found, away = follower.current(), follower.away_since
    seen = visit.session.seen if visit.session else frozenset()
    text = render(
        "news.html",
        visit.language,
        number=len(found - seen),
        path=menu(visit.console.member.role)[0].path,
        away=visit.locale.minute(away) if away else "",
    )
    return HTMLResponse(text)
