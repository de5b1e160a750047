"""A question at a terminal: every way in which it may be answered, or left without an answer."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.integration.cli.test_exchange import FIRST, FOREIGN_FIU, listed
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

QUESTION = b"[y/N]: "
COMMAND = "import sys; from agency_client.cli import main; main(sys.argv[1:])"
Act = bytes | int | Callable[[int], None]


def at_terminal(
    desk: Desk, member: str, words: tuple[str, ...], acts: list[Act], question: bytes = QUESTION
) -> tuple[int, str]:
    """Run a command at a terminal; at each question a person types or a signal comes."""
    profile = str(desk.town.profile(member))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [warm_python(), "-c", COMMAND, "--profile", profile, *words],
        stdin=slave, stdout=slave, stderr=slave, cwd=desk.folder, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown, seen = b"", 0
    while True:
        try:
            read = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        shown += read
        if acts and shown.find(question, seen) >= 0:
            seen = shown.index(question, seen) + len(question)
            match acts.pop(0):
                case bytes(typed):
                    os.write(master, typed)
                case int(number):
                    process.send_signal(number)
                case act:
                    act(process.pid)
    os.close(master)
    return process.wait(60), shown.decode("utf-8", "replace")


def pause(process: int) -> None:
    """Ctrl-Z, and `fg` a moment later."""
    os.kill(process, signal.SIGSTOP)
    time.sleep(0.2)
    os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize(
    ("acts", "code", "said"),
    [
        ([b"\x04"], 1, "nothing was done: the input ended before an answer"),
        ([b"\n"], 1, "nothing was done, as you answered"),
        (["нет\n".encode()], 1, "nothing was done, as you answered"),
        ([b"n\x04\x04"], 1, "nothing was done, as you answered"),
        ([b"sure\n", b"\xff\xfe\n", b"1\n"], 1, "nothing was done: no answer was understood"),
        ([signal.SIGINT], 130, "stopped; nothing was sent"),
        ([signal.SIGTERM], 143, "stopped; nothing was sent"),
        ([signal.SIGHUP], 129, "stopped; nothing was sent"),
    ],
    ids=["end", "empty", "нет", "no line end", "not understood", "INT", "TERM", "HUP"],
)
def test_only_a_clear_yes_approves(desk: Desk, acts: list[Act], code: int, said: str) -> None:
    exchange = desk.ask("uz.fiu")
    ended, shown = at_terminal(desk, FIRST, ("approve", exchange), acts)
    assert ended == code
    assert shown.endswith(f"agency: {said}\r\n")
    assert "Traceback" not in shown
    assert exchange not in listed(desk, FOREIGN_FIU, "inbox")


@pytest.mark.parametrize("answer", ["да", "ИӘ", "Yes", " y "])
def test_yes_in_each_language_approves(desk: Desk, answer: str) -> None:
    exchange = desk.ask("uz.fiu")
    ended, _ = at_terminal(desk, FIRST, ("approve", exchange), [b"?\n", f"{answer}\n".encode()])
    assert ended == 0
    assert exchange in listed(desk, FOREIGN_FIU, "inbox")


def test_command_that_was_paused_at_the_question_goes_on(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")

    def pause_and_ask_again(process: int) -> None:
        pause(process)
        os.kill(process, signal.SIGINT)

    ended, shown = at_terminal(desk, FIRST, ("approve", exchange), [pause_and_ask_again])
    assert (ended, "nothing was sent" in shown) == (130, True)
    assert exchange not in listed(desk, FOREIGN_FIU, "inbox")


@pytest.mark.parametrize(
    ("piped", "code", "said"),
    [
        ("да", 0, ""),
        ("y\n", 0, ""),
        ("no\n", 1, "agency: nothing was done, as you answered\n"),
        ("x\n", 1, "agency: nothing was done: the answer in stdin is neither yes nor no\n"),
        ("", 0, ""),
    ],
)
def test_answer_in_a_pipe_counts(desk: Desk, piped: str, code: int, said: str) -> None:
    exchange = desk.ask("uz.fiu")
    line = ("--profile", str(desk.town.profile(FIRST)), "approve", exchange)
    ended = subprocess.run(
        [warm_python(), "-c", COMMAND, *line],
        input=piped, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (code, said)
    assert (exchange in listed(desk, FOREIGN_FIU, "inbox")) is (code == 0)


@pytest.mark.parametrize(("act", "code"), [(b"\x04", 1), (b"\n", 1), (signal.SIGINT, 130)])
def test_passphrase_that_is_not_typed_changes_nothing(desk: Desk, act: Act, code: int) -> None:
    folder = desk.town.profile(OFFICER) / "sealing"
    before = sorted(folder.iterdir())
    words = ("keys", "import", str(folder))
    question = b"Passphrase of the other profile: "
    ended, shown = at_terminal(desk, OFFICER, words, [act], question)
    assert ended == code, shown
    assert "nothing" in shown
    assert "Traceback" not in shown
    assert sorted(folder.iterdir()) == before
