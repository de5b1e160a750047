"""The end of the hub's certificate is told in time, and after it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.tls.certificate_file import CertificateFile, TlsFiles
from exchange_server.tls.glances import FileStamp
from tests.support.clocks import Time

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_certificate_that_ends_under_a_running_hub_is_told_of_until_it_is_renewed(
    tmp_path: Path,
) -> None:
    end = BEGIN + 60 * DAY
    file = tmp_path / "hub.pem"
    file.write_bytes(b"1")

    def load() -> TlsFiles:
        return TlsFiles(
            identity=HubIdentity("caricc.example", "main"),
            not_before=BEGIN,
            not_after=end,
            certificate_chain=b"",
            key=b"",
            root=b"",
        )

    now, time = BEGIN, Time()
    certificate = CertificateFile(load, (file,), time)

    def told() -> list[tuple[str, int | None]]:
        time.now += 2
        with capture_logs() as logs:
            certificate()
            certificate()
        return [(each["event"], each.get("days")) for each in logs]

    certificate.tell_of_end(lambda: now)
    assert told() == []
    for days, expected in (
        (31, []),
        (30, [("certificate_ends", 30)]),
        (29, []),
        (14, [("certificate_ends", 14)]),
        (5, [("certificate_ends", 5)]),
        (1, [("certificate_ends", 1)]),
        (-1, [("certificate_ended", None)]),
        (-2, []),
    ):
        now = end - days * DAY
        assert told() == expected, days
    end = now + 20 * DAY
    file.write_bytes(b"22")
    assert told() == [("certificate_read", None)]
    end = now + 365 * DAY
    file.write_bytes(b"333")
    assert told() == [("certificate_read", None)]
    now = end - 7 * DAY
    assert told() == [("certificate_ends", 7)]


def test_certificate_that_ends_soon_is_told_at_the_start(tmp_path: Path) -> None:
    def load() -> TlsFiles:
        return TlsFiles(
            identity=HubIdentity("caricc.example", "main"),
            not_before=BEGIN,
            not_after=BEGIN + 3 * DAY,
            certificate_chain=b"",
            key=b"",
            root=b"",
        )

    certificate = CertificateFile(load, (tmp_path / "hub.pem",), Time())
    with capture_logs() as logs:
        certificate.tell_of_end(lambda: BEGIN)
    [line] = logs
    assert (line["event"], line["days"], line["log_level"]) == ("certificate_ends", 3, "warning")
    assert "have a new one issued" in line["todo"]


def test_refused_certificate_is_taken_when_its_first_moment_comes(tmp_path: Path) -> None:
    """The authority's clock is a little ahead: no file changes any more."""
    file, now, time = tmp_path / "hub.pem", BEGIN, Time()
    file.write_bytes(b"1")

    def load() -> TlsFiles:
        starts = BEGIN + len(file.read_bytes()) * DAY - DAY
        if now < starts:
            raise Reason.CERTIFICATE_EXPIRED.error("fictional: it is for later")
        return TlsFiles(
            identity=HubIdentity("caricc.example", "main"),
            not_before=starts,
            not_after=starts + 90 * DAY,
            certificate_chain=b"",
            key=b"",
            root=b"",
        )

    certificate = CertificateFile(load, (file,), time)
    file.write_bytes(b"22")
    with capture_logs() as logs:
        for _ in range(3):
            time.now += 2
            assert certificate().not_before == BEGIN
        assert certificate.refused == "fictional: it is for later"
        now += 2 * DAY
        time.now += 2
        assert certificate().not_before == BEGIN + DAY
    assert [each["event"] for each in logs] == ["certificate_refused", "certificate_read"]
    assert certificate.refused == ""


def test_change_that_leaves_time_and_size_as_they_were_is_seen(tmp_path: Path) -> None:
    """A copy keeps the time of the content, and a change of owner or mode does not touch it."""
    file = tmp_path / "hub.pem"
    file.write_bytes(b"first")
    before, times = FileStamp.of(file), file.stat()
    assert FileStamp.of(file) == before
    file.write_bytes(b"other")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = FileStamp.of(file)
    assert (changed.inode, changed.size) == (before.inode, before.size)
    assert changed != before
    file.chmod(0o600 if file.stat().st_mode & 0o077 else 0o644)
    assert FileStamp.of(file) != changed
