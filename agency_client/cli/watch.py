"""`agency watch`: one line for everything that becomes visible to the agency, as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agency_client.cli.app import app
from agency_client.cli.output import complain, print_json_line, say
from agency_client.cli.session import references_of, session_of
from agency_client.cli.show import role_test
from agency_client.cli.terminal import wait_until_taken
from agency_client.core.views import (
    VerifiedExchange,
)
from agency_client.presentation.exchanges import known_legs, notice_line, turn_of
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import notice_json
from agency_client.state.watch_place import WatchPlace
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.record.notices import Notice

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient


@app.command(rich_help_panel="Look")
def watch(
    context: typer.Context,
    max_seconds: Annotated[
        float | None, typer.Option(min=0, help="End after so many seconds; else only by Ctrl-C.")
    ] = None,
    until_count: Annotated[
        int | None, typer.Option(min=1, help="End after so many notices.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with everything that was ever visible.")
    ] = False,
) -> None:
    """Tell what happens, a line each (with --json a JSON line each).

    A line says when it happened, what it was, and whose turn it is now. The next watch of this
    profile goes on after the last line that its reader took, also after the hub was away.
    """
    session = session_of(context)
    with session.hub() as hub:
        if WatchPlace(hub.profile.state).is_kept_elsewhere:
            complain(
                "agency: another watch of this profile runs and keeps the place; this one tells "
                "all the same, and the next one will tell it again"
            )
        told = _Told(hub, session.locale_of(hub))
        for notice in hub.watch(
            from_start=from_start,
            max_seconds=max_seconds,
            max_notices=until_count,
            on_away=_tell_away,
        ):
            if session.as_json:
                print_json_line(notice_json(notice))
            else:
                say(told.line(notice))
            # The place of a notice is kept once the loop asks for the next one.
            wait_until_taken()


def _tell_away(error: HubUnavailable, pause: float) -> None:
    """Silence is for a hub that has nothing to tell."""
    complain(f"agency: {error}; trying again in {pause:g} s")


@dataclass(slots=True)
class _Told:
    """Says notices in words; what a notice lacks is verified in the exchange that it is of."""

    hub: ExchangeClient
    locale: Locale
    _exchange: VerifiedExchange | None = field(default=None)
    """The last exchange: its notices often come together."""

    def line(self, notice: Notice) -> str:
        """A notice as a line; of an exchange that cannot be fetched now, what the notice says."""
        reference = references_of(self.hub.profile).references().get(notice.exchange_id)
        try:
            known = self._exchange_of(notice)
        except HubUnavailable:
            return notice_line(notice, None, reference, "", self.locale)
        turn = self._turn(known)
        return notice_line(notice, known, reference, turn, self.locale)

    def _turn(self, known: VerifiedExchange) -> str:
        legs, now = known_legs(known, self.hub.agency), datetime.now(UTC)
        may = role_test(self.hub, known)
        return turn_of(known, legs, self.hub.agency, self.locale, now, may)

    def _exchange_of(self, notice: Notice) -> VerifiedExchange:
        known = self._exchange
        if known is None or known.id != notice.exchange_id or not _holds(known, notice.index):
            known = self._exchange = self.hub.get(notice.exchange_id)
        return known


def _holds(exchange: VerifiedExchange, index: int) -> bool:
    return any(each.index == index for each in exchange.entries)
