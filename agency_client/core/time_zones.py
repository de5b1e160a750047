"""Time zones by name, told apart from a machine that knows none."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from exchange_protocol.errors import Reason


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone; raises INVALID_FIELD if there is none, or this machine has no data."""
    if not _known():
        raise Reason.INVALID_FIELD.error(
            "this machine has no time-zone data, so no day or time can be understood: install the "
            "system's package tzdata, or `pip install tzdata`",
            field="time_zone",
        )
    check_zone(name)
    return ZoneInfo(name)


def check_zone(name: str) -> None:
    """Check a name; raises INVALID_FIELD. A machine without time-zone data leaves it to the hub."""
    if _known() and name not in _known():
        raise Reason.INVALID_FIELD.error(
            f"expected an IANA time zone such as Asia/Almaty, got {name[:64]!r}", field="time_zone"
        )


@cache
def _known() -> frozenset[str]:
    """All names; the search through the files of the system takes some 15 ms."""
    return frozenset(available_timezones())
