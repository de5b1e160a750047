"""The streams that the command writes to: whatever they are, the work done is told rightly.

- A stream without a letter, as KOI8-R lacks Kazakh ones, is given its escape.
- A stream that takes nothing, as a full disk or a reader that left, is no failure of the work: the
  error says what was done before (`Work`).
- A pipe is waited for until its reader has taken everything, where the caller must know that.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import select
import stat
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Final

from exchange_files import hold_streams

_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.1


class Work(Enum):
    """The work that a command had done when its output failed."""

    LOOKED = "looked"
    """A command that only looks: nothing was to be done."""
    SENT = "sent"
    """A statement is sent, or waits in the outbox."""
    UNSENT = "unsent"
    """A statement was to be sent after the output, and was not."""


class ResultUnwritten(Exception):
    """Stdout takes no result."""

    work = Work.LOOKED


class ReaderLeft(ResultUnwritten):
    """The reader of the result went away, as `head` does; that is its right."""


def use_any_terminal() -> None:
    """Hold what is closed, and let a stream that lacks a letter show its escape instead.

    gRPC's own lines are kept off stderr, unless they are asked for: the command tells the same in
    words that say what to do.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    hold_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_utf_8() -> bool:
    """True if the results are written in UTF-8, as JSON is exchanged (RFC 8259, 8.1)."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "").replace("_", "") == "utf8"


@contextmanager
def results() -> Iterator[None]:
    """A block that writes to stdout; nobody may take its failure for that of the command.

    Raises:
        ResultUnwritten: if stdout takes nothing; ReaderLeft, if its reader went away.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderLeft("its reader went away") from None
    except OSError as error:
        raise ResultUnwritten(error.strerror or type(error).__name__) from None


@contextmanager
def before_sending() -> Iterator[None]:
    """A block that shows what is to be sent afterwards: if it cannot be shown, nothing is sent."""
    try:
        yield
    except ResultUnwritten as error:
        error.work = Work.UNSENT
        raise


@contextmanager
def after_sending() -> Iterator[None]:
    """A block that tells what was sent."""
    try:
        yield
    except ResultUnwritten as error:
        error.work = Work.SENT
        raise


def wait_until_taken() -> None:
    """Wait until the reader of a pipe has taken all that was written; else return at once.

    Bytes in a pipe are lost when its reader leaves, and no write fails. Raises ReaderLeft then.
    """
    try:
        descriptor = sys.stdout.fileno()
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        return
    if not is_pipe:
        return
    pause = _FIRST_PAUSE
    poll = select.poll()
    poll.register(descriptor, 0)
    while waiting_bytes(descriptor):
        if poll.poll(0):  # only its end is reported
            raise ReaderLeft("its reader went away")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def forget_results() -> None:
    """Drop what stdout holds back, which would fail again when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def waiting_bytes(descriptor: int) -> int:
    """The number of bytes that lie in a pipe; 0 where a system does not tell."""
    try:
        [count] = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            return 0  # a system whose pipes do not tell
        raise
    return int(count)
