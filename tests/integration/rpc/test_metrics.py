"""The page of metrics tells what the hub does and sees, for all its workers together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agency_client import ExchangeError, InformationRequest, Profile
from exchange_certs.records import RevocationReason
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import Reason
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_protocol.trust.certificates import Revocations
from exchange_server.bootstrap import utc_now
from exchange_server.tls.revocation_install import is_taken
from tests.support.foundation import Foundation
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

SECONDS = 30
Page = dict[tuple[str, frozenset[tuple[str, str]]], float]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def scraped(port: int) -> Page:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS) as answer:
        text = answer.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(page: Page, name: str, **labels: str) -> float:
    return page[name, frozenset(labels.items())]


def wait_for(port: int, is_there: Callable[[Page], bool]) -> Page:
    """The page once it is so; fails after a while."""
    end = time.monotonic() + SECONDS
    while not is_there(page := scraped(port)):
        assert time.monotonic() < end, page
        time.sleep(0.2)
    return page


def with_metrics(files: HubFiles, more: str = "") -> int:
    """Configure the page on a free port; gives the port."""
    port = free_port()
    with files.config_file.open("a", encoding="utf-8") as config:
        config.write(f"[metrics]\nport = {port}\n{more}")
    return port


def test_the_page_tells_of_calls_refusals_keys_and_what_waits(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    witness = WitnessSigner("w.example/one", SoftwareSigner.generate_ed25519()).verifier.vkey
    config = town.files.config_file
    config.write_text(
        config.read_text("utf-8").replace(
            "[database]", f'witnesses = ["{witness}"]\nwitnesses_at_start = 0\n[database]'
        ),
        encoding="utf-8",
    )
    port = with_metrics(town.files, 'backup_report = "backup.json"\n')
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            client.request_information(
                to="uz.fiu",
                brief={"summary": "invented"},
                request=InformationRequest(items=("ACCOUNT_IDENTIFICATION",)),
            )
            with pytest.raises(ExchangeError):
                client.request_information(
                    to="kz.mia",
                    brief={"summary": "invented"},
                    request=InformationRequest(items=("ACCOUNT_IDENTIFICATION",)),
                )
        page = wait_for(port, lambda page: value(page, "exchange_held_legs") == 1)
        assert value(page, "exchange_calls_total", method="Submit", outcome="ok") == 1
        assert value(page, "exchange_call_seconds_count", method="Submit") >= 1
        assert value(page, "exchange_queue_wait_seconds_count") >= 1
        for phase in ("lock", "judge", "rows", "tiles", "head", "commit"):
            assert value(page, "exchange_commit_phase_seconds_count", phase=phase) >= 1
        assert value(page, "exchange_transaction_seconds_count", kind="read") >= 1
        assert value(page, "exchange_log_entries") > 10
        assert 0 <= value(page, "exchange_oldest_held_seconds") < SECONDS
        assert (
            value(page, "exchange_witness_cosignature_time_seconds", witness="w.example/one") == 0
        )
        for what, agency in [("hub", ""), ("root", ""), ("crl", ""), ("signing", "kz.mia")]:
            end = value(page, "exchange_expiry_time_seconds", what=what, agency=agency)
            assert end > time.time()
        assert value(page, "exchange_disk_free_bytes") > 0
        assert value(page, "exchange_database_bytes") > 4096
        assert value(page, "exchange_crl_refused") == 0
        assert value(page, "exchange_backup_time_seconds") == 0

        town.files.crl_file.write_text("no list", encoding="utf-8")
        report = town.files.folder / "backup.json"
        report.write_text(json.dumps({"ended_at": 1_000, "bytes": 77}), encoding="utf-8")
        page = wait_for(port, lambda page: value(page, "exchange_crl_refused") == 1)
        wait_for(port, lambda page: value(page, "exchange_backup_bytes") == 77)

        copy = tmp_path / "copy.db"
        words = ["backup", str(copy), "--config", str(town.files.config_file)]
        code = "from exchange_server.cli import main; main()"
        subprocess.run([warm_python(), "-c", code, *words], check=True, capture_output=True)
        size = copy.stat().st_size
        page = wait_for(port, lambda page: value(page, "exchange_backup_bytes") == size)
        assert time.time() - value(page, "exchange_backup_time_seconds") < 60


def test_command_says_whether_the_hub_has_taken_a_revocation(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    files = town.files
    with_metrics(files)
    old = files.crl_file.read_bytes()
    own = files.folder / "hub-crl.pem"
    own.write_bytes(old)
    config = files.config_file
    text = config.read_text("utf-8").replace(str(files.crl_file), str(own))
    config.write_text(text, encoding="utf-8")

    def installed(file: Path) -> subprocess.CompletedProcess[str]:
        code = "from exchange_server.cli import main; main()"
        words = ["revocations", str(file), "--config", str(config)]
        return subprocess.run(
            [warm_python(), "-c", code, *words], capture_output=True, text=True, check=False
        )

    certificate = Profile.load(town.profile("kz.mia/system")).tls.certificate
    with HubProcess(files) as hub:
        town.point_to(hub.port)
        files.authority.revoke(certificate.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        done = installed(files.crl_file)
        assert (done.returncode, "the hub has taken it" in done.stdout) == (0, True)
        with town.client("kz.mia/system") as client, pytest.raises(ExchangeError) as caught:
            client.sync()
        assert caught.value.reason is Reason.CERTIFICATE_REVOKED
        # The list from before would lift the revocation.
        before = tmp_path / "before.pem"
        before.write_bytes(old)
        done = installed(before)
        assert (done.returncode, "none older" in done.stderr) == (2, True)
        assert own.read_bytes() == files.crl_file.read_bytes()
        hub.stop()
    assert is_taken(files.config.metrics, Revocations.from_pem(old, files.anchors), 0.5) is False


def test_a_port_that_is_taken_is_named(foundation: Foundation, tmp_path: Path) -> None:
    town = foundation.copy(tmp_path / "hub")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with town.files.config_file.open("a", encoding="utf-8") as config:
            config.write(f"[metrics]\nport = {taken.getsockname()[1]}\n")
        hub = HubProcess(town.files)
        assert hub.wait(SECONDS) == 2
        hub.close()
    assert "metrics.port" in "\n".join(hub.lines)


def test_workers_are_added_up_and_one_that_ended_leaves_its_counts(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub", database_url=emptied_database(shared_postgres()))
    port = with_metrics(town.files)
    with HubProcess(town.files, workers=2) as hub:
        hub.wait_until_said("listening", 2)
        town.point_to(hub.port)
        for _ in range(8):
            with town.client("kz.mia/system") as client:
                client.sync()
        calls = sum(
            number for (name, _), number in scraped(port).items() if name == "exchange_calls_total"
        )
        assert calls == len(hub.wait_until_said("call", int(calls)))
        [first] = {each["worker"]: each for each in hub.said("listening")}.keys() & {1}
        assert first == 1
        import psutil

        children = psutil.Process(hub.pid).children()
        worker = next(each for each in children if each.net_connections("tcp"))
        os.kill(worker.pid, signal.SIGKILL)
        hub.wait_until_said("worker_ended", 1)
        after = sum(
            number for (name, _), number in scraped(port).items() if name == "exchange_calls_total"
        )
        assert after == calls
