"""Time zones by name, told apart from a machine that knows none."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from exchange_protocol.errors import Reason


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone; raises INVALID_FIELD if there is none, or this machine has no data."""
    known = available_timezones()
    if not known:
        raise Reason.INVALID_FIELD.error(
            "this machine has no time-zone data, so no day or time can be understood: install the "
            "system's package tzdata, or `pip install tzdata`",
            field="time_zone",
        )
    if name not in known:
        raise Reason.INVALID_FIELD.error(
            f"expected an IANA time zone such as Asia/Almaty, got {name[:64]!r}", field="time_zone"
        )
    return ZoneInfo(name)
