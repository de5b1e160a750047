"""The end of the hub's certificate is told in time, and after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs

from exchange_protocol.trust.identity import HubIdentity
from exchange_server.tls.certificate_file import CertificateFile, TlsFiles
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
