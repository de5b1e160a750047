"""Secrets that a person types: they are not shown, and the terminal is given back as it was.

Rules of this module:

- Whatever ends the question gives the terminal back: an answer, the end of the input, an exception,
  a signal. Python itself ends at SIGQUIT and stops at SIGTSTP with the terminal still silent.
- The next output stands on a line of its own.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from getpass import getpass
from types import FrameType
from typing import Final, TextIO

_TERMINAL: Final = "/dev/tty"


class _Quit(BaseException):
    """SIGQUIT has come."""


def type_secret(question: str, stream: TextIO | None = None) -> str:
    """Ask at the terminal for a secret; "" where none is given, or the terminal is gone."""
    try:
        with _terminal_given_back():
            return getpass(question, stream)
    except (EOFError, OSError):
        _end_line()
        return ""
    except _Quit:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGQUIT)
        raise
    except BaseException:
        _end_line()
        raise


@contextmanager
def _terminal_given_back() -> Iterator[None]:
    """A block that silences the terminal; a person may quit it, or pause it and go on."""
    # Signals are the main thread's.
    is_main = threading.current_thread() is threading.main_thread()
    terminal = _open_terminal() if is_main else None
    if terminal is None:
        yield
        return
    try:
        usual = termios.tcgetattr(terminal)
    except termios.error as error:
        os.close(terminal)
        raise OSError(f"the terminal is gone: {error}") from None

    def leave(*_: object) -> None:
        raise _Quit

    def pause(number: int, _: FrameType | None) -> None:
        silent = termios.tcgetattr(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, usual)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        # Here the person has said `fg`.
        signal.signal(number, pause)
        termios.tcsetattr(terminal, termios.TCSADRAIN, silent)

    before = {
        number: signal.signal(number, act)
        for number, act in ((signal.SIGQUIT, leave), (signal.SIGTSTP, pause))
        if signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(terminal)


def _open_terminal() -> int | None:
    """The terminal that `getpass` asks at; None where it can silence none."""
    with suppress(OSError):
        return os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    with suppress(OSError, ValueError):
        if sys.stdin.isatty():
            return os.dup(sys.stdin.fileno())
    return None


def _end_line() -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write("\n")
        sys.stderr.flush()
