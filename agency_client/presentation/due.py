"""Clocks of listed exchanges in words: whose they are, how much of a time is over, what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import NOTHING_READ, news_words
from agency_client.presentation.plain import clock_json, newest_json
from agency_client.state.references import Reference
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OWES
from exchange_protocol.record.listing import ExchangeSummary, LegSummary
from exchange_protocol.rules.clocks import Clock, ClockKind
from exchange_protocol.trust.identity import AgencyId

STATES_WITH_CLOCKS: Final = tuple(sorted(OWES | {LegState.ANSWERED}))
"""States of legs on which a time may run."""


@dataclass(frozen=True, slots=True)
class DueClock:
    """A clock of a leg, as it concerns an agency."""

    summary: ExchangeSummary
    leg: LegSummary
    clock: Clock
    is_mine: bool
    """True if the agency itself is to act; False if others owe it that."""

    def is_over(self, now: datetime) -> bool:
        """True if its time is over, so that somebody is in default."""
        return self.clock.is_over(now)


def due_clocks(
    summaries: Iterable[ExchangeSummary], party: Party, agency: AgencyId
) -> list[DueClock]:
    """Select from a list the clocks that concern an agency, as the party that it is in all of it.

    These are its own tasks and, where it is the initiator, also those that others owe it.
    """
    found = []
    for summary in summaries:
        for leg in summary.legs:
            if party is Party.RECIPIENT and leg.agency != agency:
                continue
            for clock in leg.clocks:
                is_mine = clock.party is party
                if is_mine or party is Party.INITIATOR:
                    found.append(DueClock(summary, leg, clock, is_mine))
    return found


def by_time_left(found: Iterable[DueClock]) -> list[DueClock]:
    """The clocks, the one that ends first before the others."""
    return sorted(found, key=lambda each: (each.clock.at, each.summary.id, each.leg.agency))


def pressing(legs: Iterable[LegSummary], party: Party | None = None) -> Clock | None:
    """The clock of some legs that ends first; with `party`, of those that ask that party to act."""
    clocks = (clock for leg in legs for clock in leg.clocks)
    asked = (clock for clock in clocks if party is None or clock.party is party)
    return min(asked, key=lambda clock: clock.at, default=None)


def left_words(clock: Clock, now: datetime, locale: Locale, *, between: str = ", ") -> str:
    """The end of a clock, and how far away it is."""
    is_end = clock.kind is ClockKind.FREEZE
    return locale.due(
        clock.at, clock.day, now, is_overdue=clock.is_over(now), is_end=is_end, between=between
    )


def clock_words(clock: Clock, now: datetime, locale: Locale) -> str:
    """A clock in a list that has its end in another column: which it is, and how much is over."""
    return f"{locale.say(clock.kind)}\n{used_words(clock, now, locale)}"


def used_words(clock: Clock, now: datetime, locale: Locale) -> str:
    """The part of a time that is over, and all that explains it or warns of its end."""
    said = [f"{clock.used(now)} %"]
    alarm = clock.alarm(now)
    if alarm is not None and now < clock.at:
        said.append(locale.say(Label.FREEZE_ENDS_WITHIN, hours=alarm))
    if clock.judge_awaited_since is not None:
        since = locale.minute(clock.judge_awaited_since)
        said.append(locale.say(Label.JUDGE_AWAITED, time=since))
    if clock.unpublished:
        years = ", ".join(map(str, clock.unpublished))
        said.append(locale.say(Label.CALENDAR_MISSING, years=years))
    return "\n".join(said)


def about_words(due: DueClock, locale: Locale, read: int) -> str:
    """The kind of a time in a list with the other side, and what was said last by another.

    The other side is who asked, or whom one's own agency asked; where that is the one who owes it,
    a column of its own names it. `read` is the entry up to which the person has read the exchange.
    """
    what = locale.say(due.summary.kind.spec.words)
    if due.is_mine and due.clock.party is not Party.INITIATOR:
        what = f"{what}, {due.summary.initiator}"
    elif due.is_mine or due.clock.party is not Party.RECIPIENT:
        what = f"{what}, {due.leg.agency}"
    return "\n".join(filter(None, (what, news_words(due.leg, locale, read))))


def due_clock_json(
    due: DueClock, known: Reference | None, now: datetime, read: int = NOTHING_READ
) -> dict[str, Any]:
    """A clock that concerns the agency, with its exchange and leg, and the news of the leg."""
    return {
        "exchange_id": due.summary.id,
        "kind": due.summary.kind.value,
        "initiator": due.summary.initiator,
        "leg": due.leg.agency,
        "state": due.summary.kind.spec.state_name(due.leg.state),
        "is_mine": due.is_mine,
        **clock_json(due.clock, now),
        "newest": newest_json(due.leg.newest, read),
        "own_reference": known.own or None if known else None,
        "summary": known.summary or None if known else None,
    }
