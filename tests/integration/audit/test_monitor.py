"""`agency audit verify` keeps its place between runs, and with --follow watches on."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests.integration.audit.test_command import STATE_AUDITOR, as_member, run
from tests.support.deployment import AUDITOR, Deployment, deploy
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub

SECONDS = 60
_MAIN = "import sys; from agency_client.cli import main; main(sys.argv[1:])"


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    return prepare_hub(tmp_path / "hub")


def say_something(town: Deployment) -> None:
    with town.client("kz.mia/system") as police:
        police.refer(to=["kz.fma"], brief="Fictional referral")


def test_the_second_run_checks_what_is_new(
    files: HubFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    def report(*options: str) -> dict[str, Any]:
        words = ("--json", *as_member(town, AUDITOR), "audit", "verify", *options)
        code, out, err = run(capsys, *words)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    with HubProcess(files) as hub:
        town = deploy(files, hub.port)
        say_something(town)
        first = report()
        say_something(town)
        second = report()
        assert (first["first"], second["first"]) == (0, first["tree_size"])
        assert second["exchanges"] == 2
        assert second["opened"] == second["tree_size"]
        assert report("--from-start")["first"] == 0


def test_runs_that_find_nothing_new_leave_nothing_new(
    files: HubFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    def size_after_a_run(member: str) -> int:
        code, _, err = run(capsys, *as_member(town, member), "audit", "verify")
        assert code == 0, err
        with town.client(member) as client:
            return client.checkpoint().size

    with HubProcess(files) as hub:
        town = deploy(files, hub.port, others=[STATE_AUDITOR])
        say_something(town)
        with town.client(AUDITOR) as auditor:
            size = auditor.checkpoint().size
        # One entry for what each of the two read of the others, and none for reading that.
        assert size_after_a_run(AUDITOR) == size + 1
        assert size_after_a_run(STATE_AUDITOR) == size + 2
        for member in (AUDITOR, STATE_AUDITOR) * 2:
            assert size_after_a_run(member) == size + 2


def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--follow", "--witnessed"], ["--database", "x.db", "--follow"]):
        code, _, err = run(capsys, "--profile", str(tmp_path), "audit", "verify", *words)
        assert code == 2
        assert "expected --" in err


class Following:
    """The command in a process of its own, and what it prints."""

    def __init__(self, town: Deployment) -> None:
        words = ["--json", *as_member(town, AUDITOR), "audit", "verify", "--follow"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, *words, "--interval-seconds", "0.2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._readers: list[threading.Thread] = []
        self.rounds = self._lines(self.process.stdout)
        self.complaints = self._lines(self.process.stderr)

    def round(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rounds.get(timeout=SECONDS))
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)

    def _lines(self, stream: IO[str] | None) -> queue.Queue[str]:
        lines: queue.Queue[str] = queue.Queue()
        assert stream is not None

        def read(stream: IO[str]) -> None:
            with stream:
                for line in stream:
                    lines.put(line)

        self._readers.append(threading.Thread(target=read, args=(stream,)))
        self._readers[-1].start()
        return lines


@pytest.fixture
def following(files: HubFiles) -> Iterator[tuple[Following, Deployment, HubProcess]]:
    with HubProcess(files) as hub:
        town = deploy(files, hub.port)
        say_something(town)
        monitor = Following(town)
        try:
            yield monitor, town, hub
        finally:
            monitor.close()


def test_it_watches_on_rides_out_an_outage_and_ends_on_a_signal(
    following: tuple[Following, Deployment, HubProcess],
) -> None:
    monitor, town, hub = following
    first = monitor.round()
    assert (first["first"], first["clean"]) == (0, True)
    say_something(town)
    second = monitor.round()
    assert (second["first"], second["clean"]) == (first["tree_size"], True)
    hub.kill()
    assert "trying again in 0.2 s" in monitor.complaints.get(timeout=SECONDS)
    assert monitor.stop() == 130
    assert monitor.rounds.empty()
