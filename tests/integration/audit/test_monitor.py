"""`agency audit verify` keeps its place between runs, and with --follow watches on."""

from __future__ import annotations

import json
import os
import pty
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from agency_client.cli.audit_follow import wait_seconds
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, Deployment
from tests.support.foundation import STATE_AUDITOR, Foundation
from tests.support.hub_process import HubFiles, HubProcess
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

SECONDS = 60
INTERVAL = 0.4
MAIN = "import sys; from agency_client.cli import main; main(sys.argv[1:])"
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def stage(foundation: Foundation, tmp_path: Path) -> Iterator[tuple[Deployment, HubProcess]]:
    with foundation.serving(tmp_path / "hub") as stage:
        yield stage


def say_something(town: Deployment) -> None:
    with town.client("kz.mia/system") as police:
        police.refer(to=["kz.fma"], brief="Fictional referral")


def test_the_second_run_checks_what_is_new(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    def report(*options: str) -> dict[str, Any]:
        words = ("--json", *as_member(town, AUDITOR), "audit", "verify", *options)
        code, out, err = run(capsys, *words)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    town, _ = stage
    say_something(town)
    first = report()
    say_something(town)
    second = report()
    assert (first["first"], second["first"]) == (0, first["tree_size"])
    assert second["exchanges"] == 2
    assert second["opened"] == second["tree_size"]
    assert report("--from-start")["first"] == 0


def test_runs_that_find_nothing_new_leave_nothing_new(
    stage: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    def size_after_a_run(member: str) -> int:
        code, _, err = run(capsys, *as_member(town, member), "audit", "verify")
        assert code == 0, err
        with town.client(member) as client:
            return client.checkpoint().size

    town, _ = stage
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
    for words in (
        ["--follow", "--witnessed"],
        ["--database", "x.db", "--follow"],
        # Also with the value that they have anyway.
        ["--at-least", "1"],
        ["--interval-seconds", "60"],
        ["--witnessed", "--interval-seconds", "5"],
    ):
        code, _, err = run(capsys, "--profile", str(tmp_path), "audit", "verify", *words)
        assert code == 2
        assert "expected --" in err


class Following:
    """The command in a process of its own, and what it prints."""

    def __init__(self, town: Deployment) -> None:
        words = ["--json", *as_member(town, AUDITOR), "audit", "verify", "--follow"]
        self.process = subprocess.Popen(
            [warm_python(), "-c", MAIN, *words, "--interval-seconds", str(INTERVAL)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
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
def following(
    stage: tuple[Deployment, HubProcess],
) -> Iterator[tuple[Following, Deployment, HubProcess]]:
    town, hub = stage
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
    assert (first["first"], first["clean"], first["exchanges"]) == (0, True, 1)
    say_something(town)
    reached = follow_on(monitor, first["tree_size"], exchanges=2)
    hub.kill()
    away = [monitor.round() for _ in range(3)]
    assert {each["error"]["reason"] for each in away} == {"UNAVAILABLE"}
    # Twice as long each time, and by chance up to half of that less.
    waits = [each["again_in_seconds"] for each in away]
    assert all(
        INTERVAL * 2**n / 2 <= wait <= INTERVAL * 2**n for n, wait in enumerate(waits, start=1)
    )
    come_back_at(town.files, hub.port)
    with HubProcess(town.files):
        say_something(town)
        follow_on(monitor, reached, exchanges=3)
    assert monitor.stop() == 130


def follow_on(monitor: Following, reached: int, exchanges: int) -> int:
    """Follow until so many exchanges were seen; each round goes on where the last one ended."""
    while True:
        found = monitor.round()
        if "error" in found:
            continue
        assert (found["first"], found["clean"]) == (reached, True)
        reached = found["tree_size"]
        if found["exchanges"] == exchanges:
            return reached


def come_back_at(files: HubFiles, port: int) -> None:
    """Let the next hub listen where the first one did."""
    text = files.config_file.read_text(encoding="utf-8")
    assert "port = 0" in text
    files.config_file.write_text(text.replace("port = 0", f"port = {port}"), encoding="utf-8")


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    def waits(failures: int) -> set[float]:
        return {wait_seconds(60, failures) for _ in range(50)}

    assert all(60 <= wait <= 120 for wait in waits(1))
    assert len(waits(1)) > 1
    for many in (4, 1_000_000):
        assert all(450 <= wait <= 900 for wait in waits(many))
    assert max(wait_seconds(1, 1_000_000) for _ in range(50)) <= 16
    # Who looks once a day does not look every quarter of an hour for an outage.
    assert 43_200 <= wait_seconds(86_400, 9) <= 86_400


def test_a_bar_is_drawn_for_a_person_alone(stage: tuple[Deployment, HubProcess]) -> None:
    town, _ = stage
    words = [*as_member(town, AUDITOR), "audit", "verify", "--from-start"]
    code = f"import agency_client.audit.tree_check as c; c.BATCH = 8; {MAIN}"
    command = [warm_python(), "-c", code, *words]
    environment = ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "120"}
    ours, theirs = pty.openpty()
    seen = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True
    )
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # what a terminal answers when its other end is closed
        while more := os.read(ours, 4096):
            drawn += more
    os.close(ours)
    piped = subprocess.run(command, capture_output=True, env=environment, check=True)
    size = re.search(rb"checkpoint +(\d+) entries", seen.stdout)
    assert size is not None
    assert b"%b/%b" % (size[1], size[1]) in drawn
    assert piped.stderr == b""
