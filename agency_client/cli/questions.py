"""Questions to the person who runs the command, and how they are answered.

A question goes to stderr, so that a result in a file stays whole. It is answered in English,
Russian or Kazakh, whatever its own language. Anything but a clear yes changes nothing.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

from agency_client.cli.output import complain
from agency_client.cli.terminal import waiting_bytes
from exchange_keys.typed import type_secret

_YES: Final = frozenset({"y", "yes", "д", "да", "и", "иә", "ия"})
_NO: Final = frozenset({"", "n", "no", "н", "не", "нет", "ж", "жоқ", "жок"})
_TRIES: Final = 3
_LONGEST: Final = 1000


class Declined(Exception):
    """The person said no, or nothing; the message says what follows."""


def ask(question: str) -> None:
    """Ask for a yes; raises Declined for anything else.

    Where stdin is no terminal, an answer that waits in a pipe counts. Where none waits, a script
    runs the command, and nobody is asked.
    """
    if sys.stdin.isatty():
        is_yes = _ask_person(question)
    elif _is_answer_waiting():
        answer = _read_answer()
        if answer is None:
            raise Declined("nothing was done: the answer in stdin is neither yes nor no")
        is_yes = answer
    else:
        return
    if not is_yes:
        raise Declined("nothing was done, as you answered")


def ask_secret(what: str) -> bytes:
    """Ask at the terminal for a secret, which is not shown; raises Declined where none is given."""
    typed = type_secret(f"{what}: ", sys.stderr)
    if not typed:
        raise Declined("nothing was done: no answer was given")
    return typed.encode("utf-8", "surrogateescape")


def _ask_person(question: str) -> bool:
    for _ in range(_TRIES):
        # Not by `complain`: the cursor stays behind the question.
        sys.stderr.write(f"{question} [y/N]: ")
        sys.stderr.flush()
        answer = _read_answer()
        if answer is not None:
            return answer
        complain("answer yes or no, да или нет, иә немесе жоқ")
    raise Declined("nothing was done: no answer was understood")


def _read_answer() -> bool | None:
    """Read an answer; None for one that is not understood. Raises Declined at the end of input."""
    try:
        line = sys.stdin.readline(_LONGEST)
    except UnicodeDecodeError:
        return None
    if not line:
        complain("")
        raise Declined("nothing was done: the input ended before an answer")
    answer = line.strip().casefold()
    return True if answer in _YES else False if answer in _NO else None


def _is_answer_waiting() -> bool:
    try:
        descriptor = sys.stdin.fileno()
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        return False
    return is_pipe and waiting_bytes(descriptor) > 0
