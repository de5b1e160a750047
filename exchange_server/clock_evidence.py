"""Evidence of the time: the hub's clock against the newest thing that bears a time.

- Behind: the last entry of the log is more than `MOST_OFF` ahead of the clock. Every entry that
  follows would have that entry's time, and no auditor would allow it.
- Ahead: the newest thing signed is older than `MOST_OFF`, and no revocation list is in force. The
  log's time never goes back, and content whose retention seems over would be erased. A hub that
  rested for so long needs a new list in any case, and the list shows that the clock is right.

The hub's own certificate, the authority's lists and the log bear witness. A list alone does not
convict the clock of being behind: the authority's may be the wrong one (`revocations_ahead`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.entries import MOST_BEHIND
from exchange_protocol.trust.certificates import Revocations

MOST_OFF: Final = MOST_BEHIND
"""31 days, which auditors allow between an entry and its author's time."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A thing that was signed at a time which it bears."""

    what: str
    at: datetime


def signed_lists(revocations: Revocations) -> list[Signed]:
    """The authority's lists, as witnesses of the time."""
    return [Signed("the revocation list", each.this_update) for each in revocations.lists.values()]


def last_entry(at: datetime | None) -> list[Signed]:
    """The last entry of the log, where there is one."""
    return [] if at is None else [Signed("the last entry of the log", at)]


def says(now: datetime, signed: Signed) -> str:
    """Say what the clock says, and what was signed when."""
    return (
        f"the clock of this computer says {instant(now)}, but {signed.what} was signed at "
        f"{instant(signed.at)}"
    )


def instant(at: datetime) -> str:
    """A moment in words."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def verify_not_behind(now: datetime, last_time: datetime | None) -> None:
    """Verify that the clock is not behind the last entry by too much; raises UNAVAILABLE."""
    if last_time is not None and last_time - now > MOST_OFF:
        raise _refused(
            f"{says(now, *last_entry(last_time))}: the hub signs nothing before the two agree. Set "
            "the clock; if it is right, that entry was made under a clock that was ahead, see "
            "docs/deployment.md"
        )


def verify_not_ahead(now: datetime, signed: Iterable[Signed], revocations: Revocations) -> None:
    """Verify, at a start, that the clock is not far ahead of all that was signed.

    Raises UNAVAILABLE.
    """
    lists = revocations.lists.values()
    newest = max((*signed, *signed_lists(revocations)), key=lambda each: each.at, default=None)
    if newest is None or not lists:
        return
    # Any list in force allows the time; that of an authority that rests stays overdue for good.
    due = max(each.next_update for each in lists)
    if now - newest.at <= MOST_OFF or due >= now:
        return
    raise _refused(
        f"{says(now, newest)}, and nothing since; a newer revocation list was due at "
        f"{instant(due)}: the hub signs nothing before the two agree. Set the clock; if it is "
        "right, bring the authority's newest list with `exchange-server revocations`"
    )


def _refused(why: str) -> ExchangeError:
    return Reason.UNAVAILABLE.error(why)
