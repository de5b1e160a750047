"""A secret is asked for at a terminal, which is given back whatever ends the question."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

QUESTION = b"PIN: "
ASK = (
    "import sys\n"
    "from exchange_files.stopping import Stopped, heeding_signals\n"
    "from exchange_keys.typed import type_secret\n"
    "try:\n"
    "    with heeding_signals():\n"
    "        print(repr(type_secret('PIN: ')), flush=True)\n"
    "except Stopped as stop:\n"
    "    print('stopped', flush=True)\n"
    "    sys.exit(stop.exit_code)\n"
)
SHELL = f"""
import os, signal, subprocess, sys, termios
asked = subprocess.Popen([sys.executable, "-c", {ASK!r}], process_group=0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, asked.pid)
_, status = os.waitpid(asked.pid, os.WUNTRACED)
assert os.WIFSTOPPED(status), status
os.tcsetpgrp(0, os.getpgrp())
print("paused, echo", bool(termios.tcgetattr(0)[3] & termios.ECHO), flush=True)
os.tcsetpgrp(0, asked.pid)
asked.send_signal(signal.SIGCONT)
print("goes on", flush=True)
code = asked.wait()
os.tcsetpgrp(0, os.getpgrp())
sys.exit(code)
"""
"""A shell of one job, which is paused once and goes on."""
OWN_TERMINAL = (
    "import os, signal; os.close(os.open(os.ttyname(0), os.O_RDWR))\n"
    "for each in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):\n"
    "    signal.signal(each, signal.SIG_DFL)\n"
)
"""A shell has what runs in the background ignore signals, and a test may run there."""
Act = Callable[[int, subprocess.Popen[bytes]], None]


def at_terminal(
    program: str, acts: dict[bytes, Act], *, is_repeated: bool = False
) -> tuple[int, str, bool]:
    """Run a program that has the terminal; gives how it ended, what stood there, and the echo."""
    master, slave = pty.openpty()

    process = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL + program],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    shown, left = b"", dict(acts)
    done: list[Act] = []
    while process.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.5)[0]:
            shown += os.read(master, 65536)
        elif done and is_repeated:
            # A signal just before a read is seen after it.
            done[-1](master, process)
        for sign in [each for each in left if each in shown]:
            done.append(left.pop(sign))
            done[-1](master, process)
    code = process.wait()
    echoes = bool(termios.tcgetattr(slave)[3] & termios.ECHO)
    os.close(master)
    os.close(slave)
    return code, shown.decode(), echoes


def types(data: bytes) -> Act:
    def act(master: int, _: object) -> None:
        os.write(master, data)

    return act


def signals(number: int) -> Act:
    return lambda _, process: process.send_signal(number)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("act", "code", "told"),
    [
        pytest.param(types(b"1234\n"), 0, "'1234'\r\n", id="typed"),
        pytest.param(types(b"\n"), 0, "''\r\n", id="empty"),
        pytest.param(types(b"\x04"), 0, "''\r\n", id="end"),
        pytest.param(types(b"\x03"), 130, "stopped\r\n", id="Ctrl-C"),
        pytest.param(signals(signal.SIGTERM), 143, "stopped\r\n", id="TERM"),
        pytest.param(signals(signal.SIGHUP), 129, "stopped\r\n", id="HUP"),
        pytest.param(signals(signal.SIGQUIT), -signal.SIGQUIT, "", id="QUIT"),
    ],
)
def test_whatever_ends_the_question_gives_the_terminal_back(act: Act, code: int, told: str) -> None:
    ended, shown, echoes = at_terminal(ASK, {QUESTION: act}, is_repeated=code != 0)
    assert (ended, echoes) == (code, True), shown
    if told:
        # A signal that was repeated may be echoed behind the end.
        assert shown.replace("^C", "") == f"PIN: \r\n{told}", "it has a line of its own"


def test_question_that_is_paused_gives_the_terminal_back_and_takes_it_again() -> None:
    def types_unseen(master: int, _: object) -> None:
        os.write(master, b"1234\n")

    ended, shown, echoes = at_terminal(SHELL, {QUESTION: types(b"\x1a"), b"goes on": types_unseen})
    assert (ended, echoes) == (0, True), shown
    assert "paused, echo True" in shown
    assert "'1234'" in shown
