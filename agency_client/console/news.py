"""The bar that says how much is new; nothing moves under the pointer until the person asks.

The list is asked, and not `watch`: the place of a watch belongs to the profile, where a program of
the agency may follow it. What the browser asks by itself keeps no session from being idle.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from starlette.responses import HTMLResponse, Response

from agency_client.console.menu import menu
from agency_client.console.rendering import render
from agency_client.console.visits import Visit
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.kinds.codes import LegState, Party

_MOST: Final = 500


def show(visit: Visit) -> Response:
    """A line on what came since the list was shown; empty if nothing did."""
    begin = menu(visit.console.member.role)[0].path
    client = visit.console.client
    try:
        if begin == "/queue":
            listed = client.pending()
        else:
            listed = client.exchanges(party=Party.RECIPIENT, states=[LegState.RELEASED])
        found = {each.id for each in islice(listed, _MOST)}
    except HubUnavailable:
        found = set()
    seen = visit.session.seen if visit.session else frozenset()
    text = render("news.html", visit.language, number=len(found - seen), path=begin)
    return HTMLResponse(text)
