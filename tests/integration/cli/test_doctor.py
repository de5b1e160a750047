"""Each doctor shows on one page what is there, and says what to do about what is not."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import exchange_doctor
from agency_client import ExchangeClient, InformationRequest, Item
from agency_client.cli import main
from exchange_doctor import Check, Grade, ending, examine, is_well, lines, room
from exchange_protocol.errors import Reason
from exchange_server.bootstrap import utc_now
from exchange_server.doctor import examine_hub
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

PAGE_LINES = 40
"""What may be read out over the phone."""


def page_of(capsys: pytest.CaptureFixture[str], profile: Path) -> tuple[int, dict[str, Any]]:
    """The exit code of `agency doctor`, and its checks by name."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--json", "--profile", str(profile), "doctor"])
    told = json.loads(capsys.readouterr().out)
    return int(left.value.code or 0), {each["what"]: each for each in told["checks"]}


def test_client_with_a_hub_is_well_and_without_is_told_what_to_do(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, hub):
        profile = town.profile("kz.mia/system")
        code, checks = page_of(capsys, profile)
        assert code == 0, checks
        for what in (
            "clock",
            "profile",
            "tls",
            "signing",
            "disk",
            "permissions",
            "DNS",
            "port",
            "hub",
            "versions",
        ):
            assert checks[what]["grade"] in ("OK", "WARN"), checks[what]
        assert "verified" in checks["hub"]["found"]
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(["--profile", str(profile), "doctor"])
        shown = capsys.readouterr().out.splitlines()
        assert len(shown) <= PAGE_LINES
        assert all(len(line) < 300 for line in shown)
        assert checks["hub's certificate"]["grade"] == "OK"
        hub.stop()
        code, checks = page_of(capsys, profile)
        assert code == 1
        assert checks["port"]["grade"] == checks["hub"]["grade"] == "FAIL"
        assert "hub" in checks["port"]["todo"]


@pytest.mark.parametrize("member", [AUDITOR, OPERATOR])
def test_who_has_no_exchanges_is_well_too(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str], member: str
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        code, checks = page_of(capsys, town.profile(member))
        assert code == 0, checks
        assert checks["hub"]["grade"] == "OK"


def test_one_exchange_that_fails_is_named_and_says_nothing_of_the_hub(
    foundation: Foundation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        request = InformationRequest(items=(Item.TRANSACTIONS,))
        with town.client("kz.mia/system") as author:
            sent = [
                author.request_information(to=["kz.fma"], brief=f"{number}", request=request)
                for number in range(3)
            ]
        bad, *others = [each.exchange_id for each in sent]
        get, asked = ExchangeClient.get, []

        def one_fails(client: ExchangeClient, exchange: str, **options: Any) -> Any:
            asked.append(exchange)
            if exchange == bad:
                raise Reason.PROOF_INVALID.error("fictional")
            return get(client, exchange, **options)

        monkeypatch.setattr(ExchangeClient, "get", one_fails)
        code, checks = page_of(capsys, town.profile("kz.mia/system"))
        assert code == 1
        assert checks["hub"]["grade"] == "OK"
        assert checks[f"exchange {bad}"]["found"] == "PROOF_INVALID: fictional"
        assert {bad, *others} <= set(asked)


def test_disk_of_this_computer_is_not_told_as_the_hubs(
    foundation: Foundation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_full(client: ExchangeClient) -> None:
        raise Reason.FILE_NOT_WRITTEN.error("Read-only file system: state/.checkpoint.lock")

    monkeypatch.setattr(ExchangeClient, "sync", is_full)
    town = foundation.copy(tmp_path / "hub")
    code, checks = page_of(capsys, town.profile("kz.mia/system"))
    assert code == 1
    assert "disk of this computer" in str(checks["hub"])
    assert "operator" not in str(checks["hub"])


def test_profile_that_does_not_load_is_named_and_hides_nothing_else(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = foundation.copy(tmp_path / "hub")
    profile = town.profile("kz.mia/system")
    (profile / "tls.key").chmod(0o644)
    code, checks = page_of(capsys, profile)
    assert code == 1
    assert "chmod 600" in checks["profile"]["found"]
    assert {"clock", "proxy", "versions"} <= checks.keys()


def test_hub_is_well_while_it_runs_and_each_fault_is_on_the_page(
    foundation: Foundation, tmp_path: Path
) -> None:
    # The read-only URL of SQLite escapes a space and every letter that is not ASCII.
    town: Deployment = foundation.copy(tmp_path / "Узел Алматы")
    with HubProcess(town.files) as hub:
        text = town.files.config_file.read_text("utf-8")
        text = text.replace("port = 0", f"port = {hub.port}")
        town.files.config_file.write_text(text, encoding="utf-8")
        code = "from exchange_server.cli import main; main()"
        words = ["doctor", "--config", str(town.files.config_file)]
        done = subprocess.run(
            [warm_python(), "-c", code, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "entries on the log" in done.stdout
        assert len(done.stdout.splitlines()) <= PAGE_LINES
    config = town.files.config

    def graded(at: timedelta) -> dict[str, Grade]:
        page = examine_hub(config, {}, utc_now() + at)
        return {re.split(r",| of [A-Z]+=", each.what)[0]: each.grade for each in page}

    now = graded(timedelta())
    assert now["DNS"] in (Grade.OK, Grade.WARN)
    assert now["permissions"] is now["disk"] is Grade.OK
    assert now["backup"] is Grade.WARN
    assert now["listening"] is Grade.FAIL
    assert now["witnesses"] is Grade.WARN
    assert now["certificate of the hub"] is Grade.OK
    assert graded(timedelta(days=31))["revocation list"] is Grade.FAIL
    assert graded(timedelta(days=340))["certificate of the hub"] is Grade.WARN
    assert graded(timedelta(days=400))["keys and certificates"] is Grade.FAIL
    (town.files.folder / "hub.db").chmod(0o640)
    assert graded(timedelta())["permissions"] is Grade.FAIL
    report = town.files.folder / "last.json"
    text = town.files.config_file.read_text("utf-8")
    town.files.config_file.write_text(f'{text}[metrics]\nbackup_report = "last.json"\n', "utf-8")
    config = town.files.config
    assert graded(timedelta())["backup"] is Grade.WARN
    report.write_text(json.dumps({"ended_at": utc_now().timestamp(), "bytes": 1000}), "utf-8")
    assert graded(timedelta())["backup"] is Grade.OK
    assert graded(timedelta(days=3))["backup"] is Grade.WARN
    for damaged in ("{", "[]", '{"ended_at": "yesterday", "bytes": 1}'):
        report.write_text(damaged, "utf-8")
        assert graded(timedelta())["backup"] is Grade.FAIL
    # The database is away: the rest of the page stands.
    (town.files.folder / "hub.db").unlink()
    assert graded(timedelta())["database"] is Grade.FAIL


def test_the_worst_stands_last_and_errors_become_lines() -> None:
    def fails() -> Check:
        raise Reason.CONFIG_INVALID.error("no such thing")

    page = examine([("a", fails), ("b", lambda: Check("b", Grade.OK, "fine"))])
    assert lines(page) == [
        "ok   b: fine",
        "BAD  a: no such thing",
        "     -> see CONFIG_INVALID",
        "2 checks, 1 bad, 0 to look at",
    ]
    assert not is_well(page)


def test_error_of_the_system_is_a_line_and_hides_none_that_came_before(tmp_path: Path) -> None:
    def disk() -> Iterator[Check]:
        yield Check("database", Grade.OK, "3 entries")
        yield room("disk", tmp_path / "away")

    page = examine([("database", disk), ("b", lambda: Check("b", Grade.OK, "fine"))])
    assert [each.grade for each in page] == [Grade.OK, Grade.FAIL, Grade.OK]
    assert page[1].found == f"{tmp_path / 'away'}: No such file or directory"


def test_ends_and_room_are_graded(tmp_path: Path) -> None:
    now = utc_now()
    grades = [ending("x", now + timedelta(days=days), now, "renew").grade for days in (100, 29, -1)]
    assert grades == [Grade.OK, Grade.WARN, Grade.FAIL]
    assert "GB free" in room("disk", tmp_path).found


def test_server_of_names_that_says_nothing_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(exchange_doctor, "_PORT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [][never.wait(60) :])
    found = exchange_doctor.name_of("hub.example")
    never.set()
    assert found.grade is Grade.FAIL
    assert found.found == "hub.example: no server of names answers within 0.2 s"


def test_disk_that_takes_no_more_files_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = list(os.statvfs(tmp_path))
    words[5:8] = [1_000_000, 3, 3]  # files, of these free, of these free for all
    words[2:5] = [1_000_000] * 3
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(words))
    found = room("disk", tmp_path)
    assert found.grade is Grade.WARN
    assert found.found == f"3 of 1000000 files can still be made at {tmp_path} (inodes)"
