"""`agency audit verify --follow`: a monitor, round after round, until a rule was broken."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import typer

from agency_client.audit import AuditReport
from agency_client.audit.clock import Clock, Disagreement, disagreement
from agency_client.cli.audit_report import print_clock, print_report, round_line
from agency_client.cli.auditing import place_of, verify_shown
from agency_client.cli.failures import AWAY, ExitCode, describe
from agency_client.cli.output import complain, print_json_line, say
from agency_client.cli.session import Session
from exchange_protocol.errors import ExchangeError

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_MOST_DOUBLINGS = 4
"""Doublings of the interval while a hub is away: at most 16 intervals pass between two looks."""
_LONGEST_WAIT_SECONDS = 900.0
"""Longest wait of --follow for a hub that is away, unless the interval itself is longer."""


def follow(session: Session, interval_seconds: float, *, from_start: bool) -> NoReturn:
    """Verify what is new, round after round, until a rule was broken or a signal ends it.

    A round that is cut short is not kept, so it may end at any time.
    """
    reached: int | None = None
    looked_at: datetime | None = None
    told: Clock | None = None
    failures = 0
    with session.hub() as hub, place_of(hub) as place:
        while True:
            began_at = datetime.now(UTC)
            try:
                report = verify_shown(hub, place=place, from_start=from_start)
            except AWAY as error:
                failures += 1
                wait = wait_seconds(interval_seconds, failures)
                _tell_away(session, error, wait)
            else:
                is_new = report.tree_size != reached
                clock = disagreement(
                    report, datetime.now(UTC), looked_at=looked_at if is_new else None
                )
                is_told = clock is None or clock.clock is told
                if failures or is_new or not report.is_clean or not is_told:
                    _tell_round(session, hub, report, clock)
                told = None if clock is None else clock.clock
                failures, from_start, wait = 0, False, interval_seconds
                reached, looked_at = report.tree_size, began_at
                if not report.is_clean:
                    raise typer.Exit(ExitCode.REFUSED)
            time.sleep(wait)


def wait_seconds(interval_seconds: float, failures: int) -> float:
    """Longer with every failure in a row, never shorter than the interval.

    A part of it is chance: monitors should not come back together.
    """
    doubled = interval_seconds * 2.0 ** min(failures, _MOST_DOUBLINGS)
    wait = min(doubled, _LONGEST_WAIT_SECONDS)
    return max(wait * random.uniform(0.5, 1), interval_seconds)  # noqa: S311 -- no secret


def _tell_away(session: Session, error: ExchangeError, wait_seconds: float) -> None:
    if session.as_json:
        again = round(wait_seconds, 1)
        print_json_line({"error": describe(error), "again_in_seconds": again})
    else:
        complain(f"agency: {error}; trying again in {wait_seconds:.1f} s")


def _tell_round(
    session: Session, hub: ExchangeClient, report: AuditReport, clock: Disagreement | None
) -> None:
    """One line for a round, and one for a clock that is wrong; everything where something was
    found."""
    if session.as_json:
        print_json_line(report.to_json() | {"clock": None if clock is None else clock.to_json()})
        return
    if report.is_clean:
        say(round_line(report, datetime.now(UTC), session.locale_of(hub)))
    else:
        print_report(report, session.locale_of(hub))
    if clock is not None:
        print_clock(clock, session.locale_of(hub))
