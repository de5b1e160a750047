"""The report that a backup leaves: the hub's metrics and its doctor show it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exchange_files import read_given
from exchange_protocol.errors import Reason
from exchange_server.tls.revocation_file import AHEAD


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The last good backup."""

    ended_at: datetime
    size: float
    """Its bytes."""


def read_report(file: Path, now: datetime) -> BackupReport | None:
    """Read a report, JSON with `ended_at` in seconds since 1970 and `bytes`; None before the first.

    Raises CONFIG_INVALID for one that cannot be read, or that tells of a time to come.
    """
    try:
        text = read_given(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(
            f"cannot read the report of the backup, {file}: {error.strerror}. The user of the hub "
            "has to read it",
            field="metrics.backup_report",
        ) from None
    try:
        told = json.loads(text)
        report = BackupReport(
            datetime.fromtimestamp(float(told["ended_at"]), UTC), float(told["bytes"])
        )
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        raise Reason.CONFIG_INVALID.error(
            f"expected {file} to be JSON with the numbers ended_at, in seconds since 1970, and "
            "bytes",
            field="metrics.backup_report",
        ) from None
    if report.ended_at > now + AHEAD:
        raise Reason.CONFIG_INVALID.error(
            f"{file} tells of a backup that ended at {report.ended_at:%Y-%m-%d %H:%M} UTC, and "
            f"here it is {now:%Y-%m-%d %H:%M} UTC: set the clock of the machine that made it",
            field="metrics.backup_report",
        )
    return report
