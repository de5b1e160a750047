"""The report of a backup is taken, or refused by what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.backup_report import read_report

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def test_report_is_read_and_none_is_none(tmp_path: Path) -> None:
    file = tmp_path / "last.json"
    assert read_report(file, NOW) is None
    file.write_text(f'{{"ended_at": {SECONDS - 60}, "bytes": 4096, "by": "pg_dump"}}', "utf-8")
    report = read_report(file, NOW)
    assert report is not None
    assert (report.ended_at, report.size) == (NOW - timedelta(minutes=1), 4096)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "seconds since 1970"),
        ("[]", "seconds since 1970"),
        ('{"ended_at": "yesterday", "bytes": 1}', "seconds since 1970"),
        ('{"ended_at": 1e300, "bytes": 1}', "seconds since 1970"),
        ('{"ended_at": NaN, "bytes": 1}', "seconds since 1970"),
        (f'{{"ended_at": {SECONDS}}}', "seconds since 1970"),
        (f'{{"ended_at": {SECONDS}000, "bytes": 1}}', "seconds since 1970"),
        (f'{{"ended_at": {SECONDS + 86400}, "bytes": 1}}', "ended at 2026-03-02 12:00 UTC"),
    ],
)
def test_report_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """One in milliseconds would be of a time to come, and no alert would ever fire."""
    file = tmp_path / "last.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ExchangeError) as caught:
        read_report(file, NOW)
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert said in str(caught.value)


def test_report_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="cannot read the report of the backup"):
        read_report(tmp_path, NOW)
