"""The revocation list is read anew when it changes, and a bad one never replaces a good one."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_certs.records import RevocationReason
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    Revocations,
    TrustAnchors,
    Usage,
    verify_certificate,
)
from exchange_protocol.trust.identity import parse_member
from exchange_server.tls import held_lists, revocation_file
from exchange_server.tls.held_lists import HeldLists
from exchange_server.tls.revocation_file import RevocationFile

PASSPHRASE = b"fictional passphrase"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MEMBER = parse_member("spiffe://caricc.example/agency/kz.mia/system")


class BatchContext:
    """An authority, its published list, and a hub's view of it at a time that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority.create(folder / "ca", "caricc.example", PASSPHRASE, NOW)
        self.file = folder / "ca" / "crl.pem"
        self.now = NOW
        self.seconds = 0.0
        self.anchors = TrustAnchors.from_pem(self.authority.root_pem())
        self.revocations = RevocationFile(
            self.file, self.anchors, lambda: self.now, lambda: self.seconds
        )

    def issue(self) -> IssuedCertificate:
        return self.authority.issue_member(MEMBER, Usage.TLS_CLIENT, now=NOW)

    def revoke(self, issued: IssuedCertificate, at: datetime = NOW) -> None:
        self.authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=at)

    def is_revoked(self, issued: IssuedCertificate) -> bool:
        lists = self.revocations().lists.values()
        return any(each.revoked_at(issued.serial) is not None for each in lists)


@pytest.fixture
def bench(tmp_path: Path) -> BatchContext:
    return BatchContext(tmp_path)


def test_revocation_counts_after_a_second_without_a_restart(bench: BatchContext) -> None:
    issued = bench.issue()
    assert not bench.is_revoked(issued)
    bench.revoke(issued)
    assert not bench.is_revoked(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)


@pytest.mark.parametrize("broken", [b"", b"-----BEGIN X509 CRL-----\nAA\n-----END X509 CRL-----\n"])
def test_broken_list_keeps_the_last_good_one_and_is_logged_once(
    bench: BatchContext, broken: bytes
) -> None:
    issued = bench.issue()
    bench.revoke(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.write_bytes(broken)
    with capture_logs() as logs:
        for _ in range(3):
            bench.seconds += 1
            assert bench.is_revoked(issued)
    assert [line["log_level"] for line in logs] == ["error"]


def test_missing_list_keeps_the_last_good_one(bench: BatchContext) -> None:
    issued = bench.issue()
    bench.revoke(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.unlink()
    bench.seconds += 1
    with capture_logs() as logs:
        assert bench.is_revoked(issued)
    assert logs[0]["log_level"] == "error"


def test_list_that_could_not_be_read_once_counts_at_the_next_look(
    bench: BatchContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub had no descriptor left, and the file does not change any more."""
    issued = bench.issue()
    bench.revoke(issued)

    def fails(path: Path) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(revocation_file, "read_given", fails)
        bench.seconds += 1
        assert not bench.is_revoked(issued)
        assert "Too many open files" in bench.revocations.refused
    bench.seconds += 1
    assert bench.is_revoked(issued)
    assert not bench.revocations.refused


def test_old_list_put_back_lifts_no_revocation(bench: BatchContext) -> None:
    issued = bench.issue()
    old = bench.file.read_bytes()
    bench.revoke(issued, NOW + timedelta(minutes=1))
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.write_bytes(old)
    bench.seconds += 1
    with capture_logs() as logs:
        assert bench.is_revoked(issued)
    assert logs[0]["log_level"] == "error"


def test_list_of_another_root_is_refused(bench: BatchContext, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "caricc.example", PASSPHRASE, NOW)
    anchors = TrustAnchors.from_pem(bench.authority.root_pem())
    with pytest.raises(ExchangeError) as caught:
        RevocationFile(other.directory / "crl.pem", anchors, lambda: NOW)
    assert caught.value.reason is Reason.CERTIFICATE_UNTRUSTED


def test_overdue_list_stays_and_is_logged_once(bench: BatchContext) -> None:
    bench.now = NOW + timedelta(days=60)
    with capture_logs() as logs:
        for _ in range(3):
            bench.seconds += 1
            bench.revocations()
    assert [line["event"] for line in logs] == ["revocations_overdue"]


def test_list_of_the_same_second_lifts_no_revocation(bench: BatchContext) -> None:
    issued, other = bench.issue(), bench.issue()
    before = bench.file.read_bytes()
    bench.revoke(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.write_bytes(before)
    with capture_logs() as logs:
        bench.seconds += 1
        assert bench.is_revoked(issued)
    assert "none older than the one held" in logs[0]["why"]
    bench.revoke(other)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    assert bench.is_revoked(other)


def test_who_asks_while_another_thread_reads_gets_the_list_in_force(
    bench: BatchContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = bench.issue()
    bench.revoke(issued)
    bench.seconds += 1
    reading, go_on = threading.Event(), threading.Event()
    read = RevocationFile._read

    def slow(file: RevocationFile) -> Revocations:
        reading.set()
        assert go_on.wait(10)
        return read(file)

    monkeypatch.setattr(RevocationFile, "_read", slow)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(bench.is_revoked, issued)
        try:
            assert reading.wait(10)
            bench.seconds += 1
            assert not bench.is_revoked(issued)
        finally:
            go_on.set()
        assert other.result(10)
    assert bench.is_revoked(issued)


def test_list_with_a_higher_number_counts_although_its_clock_was_put_back(
    bench: BatchContext,
) -> None:
    """The authority's clock was a day ahead, and is right again."""
    first, second = bench.issue(), bench.issue()
    with capture_logs() as logs:
        bench.revoke(first, NOW + timedelta(days=1))
        for _ in range(3):
            bench.seconds += 1
            assert bench.is_revoked(first)
    assert [line["event"] for line in logs].count("revocations_ahead") == 1
    [found] = [
        verify_certificate(
            each.certificate.public_bytes(Encoding.DER), [], bench.anchors,
            usage=Usage.TLS_CLIENT, at=NOW,
        )
        for each in [first]
    ]  # fmt: skip
    with pytest.raises(ExchangeError) as caught:
        bench.revocations().verify_not_listed(found)
    assert caught.value.reason is Reason.CERTIFICATE_REVOKED
    bench.revoke(second, NOW + timedelta(minutes=1))
    bench.seconds += 1
    assert bench.is_revoked(second)
    assert bench.revocations.refused == ""


def test_list_with_a_lower_number_is_refused_although_it_is_of_a_later_time(
    bench: BatchContext,
) -> None:
    issued = bench.issue()
    bench.authority.refresh_crl(now=NOW + timedelta(days=2))
    old = bench.file.read_bytes()
    bench.revoke(issued, NOW + timedelta(days=1))
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.write_bytes(old)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    assert "of number 3 or more" in bench.revocations.refused


def test_list_of_the_same_number_lifts_no_revocation(bench: BatchContext) -> None:
    """The authority is brought back from a backup, and counts again from its number."""
    index = bench.authority.directory / "index.json"
    issued, other = bench.issue(), bench.issue()
    old = index.read_bytes()
    bench.revoke(issued, NOW + timedelta(minutes=1))
    bench.seconds += 1
    assert bench.is_revoked(issued)
    index.write_bytes(old)
    bench.authority.refresh_crl(now=NOW + timedelta(days=1))
    bench.seconds += 1
    assert bench.is_revoked(issued)
    assert "the authority has lost revocations" in bench.revocations.refused
    # Its next number is a list like any other: it counts, and the hub tells what it lifts.
    with capture_logs() as logs:
        bench.revoke(other, NOW + timedelta(days=2))
        bench.seconds += 1
        assert bench.is_revoked(other)
    assert not bench.is_revoked(issued)
    assert [(each["event"], each.get("number")) for each in logs] == [
        ("revocations_read", None),
        ("revocations_lifted", 1),
    ]
    assert "brought back from an old backup" in logs[1]["todo"]


class Restarts:
    """A hub's view of the list over restarts: each has the same file with what was held."""

    def __init__(self, bench: BatchContext, folder: Path) -> None:
        self.bench = bench
        self.held = HeldLists(folder / "held.pem", bench.anchors)

    def start(self, *, is_first: bool = False) -> RevocationFile:
        file = RevocationFile(
            self.bench.file,
            self.bench.anchors,
            lambda: self.bench.now,
            lambda: self.bench.seconds,
            self.held,
        )
        file.hold(is_first=is_first)
        self.bench.revocations = file
        return file


@pytest.fixture
def restarts(bench: BatchContext, tmp_path: Path) -> Restarts:
    return Restarts(bench, tmp_path)


def test_the_list_in_force_is_held_over_a_restart(bench: BatchContext, restarts: Restarts) -> None:
    issued, old = bench.issue(), bench.file.read_bytes()
    restarts.start(is_first=True)
    bench.revoke(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    bench.file.write_bytes(old)
    with capture_logs() as logs:
        file = restarts.start()
    assert [line["event"] for line in logs] == ["revocations_refused"]
    assert bench.is_revoked(issued)
    assert file.is_refused()
    # The alarm ends with the newest list, without a restart.
    bench.authority.refresh_crl(now=NOW + timedelta(minutes=1))
    bench.seconds += 1
    assert not file.is_refused()


def test_nothing_is_written_before_the_hub_holds(bench: BatchContext, restarts: Restarts) -> None:
    issued = bench.issue()
    RevocationFile(bench.file, bench.anchors, lambda: NOW, held=restarts.held)
    assert restarts.held.read() is None
    with pytest.raises(ExchangeError) as caught:
        restarts.start()
    assert (caught.value.reason, caught.value.field) == (Reason.CONFIG_INVALID, "tls.crl_held")
    restarts.start(is_first=True)
    assert restarts.held.read() is not None
    assert not bench.is_revoked(issued)


def test_a_list_that_cannot_be_written_down_counts_and_is_written_later(
    bench: BatchContext, restarts: Restarts, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = bench.issue()
    restarts.start(is_first=True)
    before = restarts.held.path.read_bytes()

    def fails(path: Path, data: bytes, *, mode: int) -> None:
        raise Reason.FILE_NOT_WRITTEN.error(f"cannot write {path}: No space left on device")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(held_lists, "replace_file", fails)
        bench.revoke(issued)
        for _ in range(3):
            bench.seconds += 1
            assert bench.is_revoked(issued)
    assert [line["event"] for line in logs] == ["revocations_not_held", "revocations_read"]
    assert restarts.held.path.read_bytes() == before
    bench.seconds += 1
    assert bench.is_revoked(issued)
    assert restarts.held.path.read_bytes() == bench.file.read_bytes()


def test_a_worker_never_puts_an_older_list_over_a_newer_one(
    bench: BatchContext, restarts: Restarts
) -> None:
    issued, old = bench.issue(), bench.file.read_bytes()
    restarts.start(is_first=True)
    bench.revoke(issued)
    bench.seconds += 1
    assert bench.is_revoked(issued)
    newer = restarts.held.path.read_bytes()
    with pytest.raises(ExchangeError, match="none older than the one held"):
        restarts.held.keep(old, Revocations.from_pem(old, bench.anchors))
    assert restarts.held.path.read_bytes() == newer
