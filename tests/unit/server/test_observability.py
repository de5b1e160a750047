"""The hub's log is JSON lines, and never holds up whoever writes to it."""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

from exchange_server.observability import LineWriter

# Two processes share a pipe, as workers do.
WRITERS = """
import json, os, sys
from exchange_server.observability import LineWriter
who = os.fork()
writer = LineWriter(sys.stderr)
for number in range(3000):
    writer.write(json.dumps({"who": who, "number": number, "padding": "x" * (number % 700)}))
writer.close()
if who:
    os.waitpid(who, 0)
"""
REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = """
import logging, structlog
from exchange_server.observability import configure_logging, log_often
configure_logging("info")
secret = "a local variable"
structlog.get_logger("exchange.rpc").info("call", size=1)
log_often("exchange.rpc", "call", {"size": 1})
structlog.get_logger("exchange.rpc").debug("not shown")
logging.getLogger("library").warning("from %s", "outside")
try:
    1 / 0
except ZeroDivisionError as error:
    structlog.get_logger("exchange.rpc").error("failed", exc_info=error)
"""


# Nobody reads its stderr: it is told to end all the same.
UNREAD = """
import sys, structlog
from exchange_server import observability
observability._CLOSE_SECONDS = 0.1
observability.configure_logging("info")
for number in range(2000):
    structlog.get_logger("exchange.rpc").info("call", padding="x" * 200)
sys.exit(7)
"""


class SlowStream(io.StringIO):
    """A stream whose reader is away until `opened` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def write(self, text: str) -> int:
        self.opened.wait(10)
        return super().write(text)


def test_process_whose_lines_nobody_reads_ends_as_it_should() -> None:
    """As where journald is stopped, or a partition of logs is full."""
    reading, writing = os.pipe()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", UNREAD],
            cwd=REPOSITORY,
            env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'proto'}"},
            stderr=writing,
            timeout=60,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert ended.returncode == 7


def test_lines_are_json_with_name_level_and_time_and_without_local_variables() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'proto'}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    call, often, library, failed = map(json.loads, done.stderr.splitlines())
    assert (call["event"], call["level"], call["logger"]) == ("call", "info", "exchange.rpc")
    assert call["size"] == 1
    assert call["timestamp"].endswith("Z")
    # Past the processors, and not to be told from what came through them.
    assert list(often) == list(call)
    assert len(often.pop("timestamp")) == len(call.pop("timestamp"))
    assert often == call
    assert (library["event"], library["logger"]) == ("from outside", "library")
    assert failed["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert "a local variable" not in done.stderr.replace(PROGRAM, "")


def test_slow_reader_holds_nobody_up_and_learns_what_was_dropped() -> None:
    stream = SlowStream()
    writer = LineWriter(stream, waiting_lines=10)
    for number in range(1000):
        writer.write(str(number))
    stream.opened.set()
    writer.close()
    *lines, last = stream.getvalue().splitlines()
    # What waits, and what the writing thread had taken before: each ten at most.
    assert 10 <= len(lines) <= 20
    assert json.loads(last)["count"] == 1000 - len(lines)


def test_what_waits_is_written_at_the_end() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    for number in range(500):
        writer.write(str(number))
    writer.close()
    assert stream.getvalue().splitlines() == [str(number) for number in range(500)]


def test_lines_of_processes_that_share_stderr_come_whole_and_in_order() -> None:
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITERS],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'proto'}"},
        stderr=write_end,
    )
    # Many lines wait for the full pipe: that is when long writes are torn.
    ended_by = time.monotonic() + 60
    while select.select([], [write_end], [], 0)[1]:
        assert time.monotonic() < ended_by
        time.sleep(0.01)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as stream:
        said = stream.read()
    assert process.wait(60) == 0
    lines = [json.loads(line) for line in said.splitlines()]
    writers = {line["who"] for line in lines}
    assert len(writers) == 2
    for who in writers:
        assert [line["number"] for line in lines if line["who"] == who] == list(range(3000))


def test_a_workers_lines_say_its_number() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace('("info")', '("info", 3)')],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'proto'}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["worker"] for line in lines] == [3, 3, 3, 3]


class BrokenStream(SlowStream):
    """A pipe that nobody reads, until `opened` is set."""

    def write(self, text: str) -> int:
        if not self.opened.is_set():
            raise BrokenPipeError
        return super().write(text)


def test_lines_that_could_not_be_written_are_counted_and_later_ones_come() -> None:
    stream = BrokenStream()
    writer = LineWriter(stream)
    writer.write("lost")
    while writer._dropped == 0:
        time.sleep(0.001)
    stream.opened.set()
    writer.write("kept")
    writer.close()
    kept, dropped = stream.getvalue().splitlines()
    assert kept == "kept"
    assert json.loads(dropped)["count"] == 1
