"""Pipes, full disks, narrow windows and old encodings: nothing that is told is lost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.foundation import Foundation
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

AGENCY = "from agency_client.cli import main; main()"
FIU = "kz.fma/system"


def command(desk: Desk, member: str, *words: str) -> list[str]:
    return [warm_python(), "-c", AGENCY, "--profile", str(desk.town.profile(member)), *words]


def indexes(lines: str) -> list[int]:
    return [json.loads(line)["index"] for line in lines.splitlines()]


def piped(desk: Desk, lines: int) -> list[int]:
    """The notices that `head` gets, which then goes away."""
    watching = command(desk, FIU, "watch", "--json", "--from-start", "--max-seconds", "60")
    with subprocess.Popen(watching, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        head = subprocess.run(
            ["head", "-n", str(lines)],  # noqa: S607
            stdin=watch.stdout, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert watch.stdout is not None
        watch.stdout.close()
        assert watch.wait(timeout=60) == 0
        assert watch.stderr is not None
        assert watch.stderr.read() == b""
    return indexes(head.stdout)


@pytest.mark.parametrize("lines", [1, 2])
def test_notice_that_its_reader_did_not_get_comes_again(desk: Desk, lines: int) -> None:
    for _ in range(3):
        desk.ask("kz.fma")
    whole = [each["index"] for each in desk.heard(FIU, "--from-start")]
    first = piped(desk, lines)
    second = [each["index"] for each in desk.heard(FIU)]
    assert len(first) == lines
    assert first + second == whole, "every notice is in one of the two, and in one alone"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_notice_that_a_full_disk_did_not_take_comes_again(
    desk: Desk, form: tuple[str, ...]
) -> None:
    desk.heard(FIU, "--from-start")
    exchange = desk.ask("kz.fma")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(desk, FIU, "watch", "--max-seconds", "60", *form),
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 5
    assert "could not be written" in done.stderr
    again = desk.run(FIU, "watch", "--until-count", "1", "--max-seconds", "60", "--json").ok().json
    assert again["exchange_id"] == exchange


def shown_on_terminal(desk: Desk, columns: int, member: str, *words: str) -> str:
    """The output of a command on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        command(desk, member, *words),
        stdin=slave, stdout=slave, stderr=slave,
        env={**environment, "TERM": "xterm"},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody holds by an error.
        while data := os.read(master, 65536):
            shown += data
    os.close(master)
    assert process.wait(timeout=60) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode().replace("\r\n", "\n"))


@pytest.mark.parametrize("box", ["inbox", "todo"])
def test_narrow_terminal_has_a_line_for_each_field(desk: Desk, box: str) -> None:
    exchange = desk.ask("kz.fma", more=("--due", "9d", "--own-reference", "12-34/2026"))
    desk.run(FIU, "show", exchange, "--json").ok()
    lines = shown_on_terminal(desk, 60, FIU, box).splitlines()
    assert all(len(line) <= 60 for line in lines)
    [at] = [number for number, line in enumerate(lines) if exchange in line]
    record = "\n".join(lines[at : at + 14])
    for whole in ("12-34/2026", "request for information", "delivered", "due in"):
        assert whole in record, "no word is broken"


@pytest.fixture
def desk_alone(desk: Desk, foundation: Foundation) -> Iterator[Desk]:
    """A desk at a hub of its own: what other tests sent would make the columns wider."""
    with foundation.serving(desk.folder / "hub") as (town, _):
        yield replace(desk, town=town)


@pytest.mark.parametrize("columns", [120, 220])
def test_terminal_that_is_wide_enough_has_a_table(desk_alone: Desk, columns: int) -> None:
    desk = desk_alone
    exchange = desk.ask("kz.fma", more=("--due", "9d"))
    shown = shown_on_terminal(desk, columns, FIU, "inbox")
    lines = shown.splitlines()
    assert all(len(line) <= columns for line in lines)
    [line] = [line for line in lines if exchange in line]
    assert line.startswith(exchange)
    # People's words and the states may go on in the next line; an id and a time do not.
    assert ("kz.fma: released to the recipient" if columns == 220 else "kz.fma:") in line
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d \+05", line)
    assert ("UPDATED" in shown) == (columns == 220), "the less needed columns give way"


@pytest.mark.parametrize("encoding", ["koi8-r", "cp1251", "latin-1", "ascii"])
def test_terminal_that_lacks_a_letter_shows_its_escape_and_the_work_is_done(
    desk: Desk, encoding: str
) -> None:
    text = (desk.folder / "request.yaml").read_text("utf-8")
    request = desk.folder / "request.yaml"
    request.write_text(text.replace("Отмывание", "Қаржы Әлия, отмывание"), "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    send = command(desk, OFFICER, "send", "information-request", "request.yaml", "--to", "kz.fma")
    sent = subprocess.run(
        [*send, "--json"], cwd=desk.folder, env=environment, capture_output=True, check=False
    )
    assert (sent.returncode, sent.stderr) == (0, b"")
    assert sent.stdout.isascii()
    exchange = json.loads(sent.stdout)["exchange_id"]
    for form in ((), ("--json",), ("--lang", "kk")):
        shown = subprocess.run(
            command(desk, FIU, "show", exchange, *form),
            env=environment, capture_output=True, check=False,
        )  # fmt: skip
        assert (shown.returncode, shown.stderr) == (0, b"")
        if "--json" in form:
            told = json.loads(shown.stdout)["statements"][0]["brief"]["summary"]
            assert told.startswith("Қаржы Әлия, отмывание")
        else:
            assert b"\\u049a" in shown.stdout
