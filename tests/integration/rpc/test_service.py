"""The hub as a service of systemd: its units are hardened, and it tells how it is."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import typer

from agency_client.cli.app import app as agency
from agency_client.cli.loading import all_commands
from exchange_server.cli import app as server
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.warm_programs import warm_python

UNITS = sorted((Path(__file__).resolve().parents[3] / "deploy" / "systemd").glob("*.service"))
EXPOSURE_AT_MOST = 15
"""Tenths: systemd calls up to 20 "OK"; an ordinary service has 96."""
SECONDS = 20
NO_NEW_CODE = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
from exchange_server.cli import main
main()
"""
"""What MemoryDenyWriteExecute= does, asked of the kernel itself (PR_SET_MDWE)."""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_hardened(unit: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze, which Debian's package systemd has")
    words = ["security", "--offline=yes", f"--threshold={EXPOSURE_AT_MOST}", str(unit)]
    done = subprocess.run([analyze, *words], capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("needs a systemd-analyze that reviews files: systemd 250 or later")
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def commands_of(app: typer.Typer) -> set[str]:
    commands = {
        each.name or each.callback.__name__ for each in app.registered_commands if each.callback
    }
    return commands | {str(each.name) for each in app.registered_groups}


def test_units_run_commands_that_there_are() -> None:
    known = {"exchange-server": commands_of(server), "agency": commands_of(all_commands(agency))}
    assert len(UNITS) == 5
    for unit in UNITS:
        found = re.findall(r"^Exec.*/opt/exchange/bin/(\S+) (.*)$", unit.read_text("utf-8"), re.M)
        assert found, unit
        for program, words in found:
            command = re.sub(r"--profile \S+ |--json ", "", words).split()[0]
            if command == "%i":
                names = re.search(r"its rights: ([a-z, -]+)\.", unit.read_text("utf-8"))
                assert names, unit
                assert set(names[1].split(", ")) <= known[program], unit
                continue
            assert command in known[program], (unit.name, command)


def test_migrate_says_what_it_changed(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path / "hub")
    for left in files.folder.glob("hub.db*"):
        left.unlink()
    code = "from exchange_server.cli import main; main()"
    words = [warm_python(), "-c", code, "migrate", "--config", str(files.config_file)]
    first, second = (
        subprocess.run(words, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "before: none" in first
    assert "nothing was changed" in second


def test_hub_tells_systemd_that_it_serves_lives_and_stops(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        with HubProcess(town.files, environment) as hub:
            assert manager.recv(100) == b"READY=1"
            began = time.monotonic()
            assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            assert time.monotonic() - began < SECONDS
            assert hub.stop() == 0
            while (last := manager.recv(100)) == b"WATCHDOG=1":
                continue
            assert last == b"STOPPING=1"


def test_hub_serves_where_no_memory_may_become_code(foundation: Foundation, tmp_path: Path) -> None:
    town = foundation.copy(tmp_path / "hub")
    hub = HubProcess(town.files, code=NO_NEW_CODE)
    try:
        try:
            hub.wait_until_said("listening", 1)
        except AssertionError:
            if hub.wait(SECONDS) == 77:
                pytest.skip("needs Linux 6.3 or later: PR_SET_MDWE")
            raise
        with hub:
            town.point_to(hub.port)
            with town.client("kz.mia/system") as client:
                client.sync()
    finally:
        hub.close()
