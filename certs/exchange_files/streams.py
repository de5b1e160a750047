"""The standard streams of a command: what befalls them is no failure of its work.

- A stream that is closed is held (`hold_streams`): else the next file that is opened gets its
  number, and what a library says on stderr goes into that file.
- A result that cannot be written is told at the end, by exit code 5 (`results_apart`). The work is
  done by then, and a repetition would do it twice. A reader that went away, as `head` does, is no
  failure at all.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EXIT_UNWRITTEN: Final = 5
EXIT_STOPPED: Final = 130
"""The code of a command that Ctrl-C has stopped."""
_STREAMS: Final = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))
"""The way in which each is held: a result that is written to a closed stdout is lost, and said."""


def hold_streams() -> None:
    """Put the null device in the place of each standard stream that was closed at the start."""
    for number, (name, flags) in enumerate(_STREAMS):
        if getattr(sys, name) is not None:
            continue
        # It takes the lowest number, which is that of the stream if nothing has it yet.
        held = os.open(os.devnull, flags)
        stream = open(held, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


@contextmanager
def results_apart(command: str) -> Iterator[None]:
    """Run a command whose results may not be taken; 5 stands in the place of its exit code 0."""
    hold_streams()
    is_real = sys.stdout is sys.__stdout__
    apart = _Apart(sys.stdout.fileno()) if is_real else None
    left: SystemExit | None = None
    if apart is not None:
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(apart),
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=apart.isatty(),
        )
    try:
        yield
    except SystemExit as error:
        left = error
    if apart is not None:
        sys.stdout.flush()
        if apart.error is not None and not isinstance(apart.error, BrokenPipeError):
            why = apart.error.strerror or type(apart.error).__name__
            print(f"{command}: the result could not be written: {why}", file=sys.stderr)
            left = left if left is not None and left.code else SystemExit(EXIT_UNWRITTEN)
    if left is not None:
        if left.code == EXIT_STOPPED:
            print(
                f"{command}: stopped; a file is there whole or not at all, so run it again",
                file=sys.stderr,
            )
        raise left


class _Apart(io.RawIOBase):
    """A stream whose failure is kept, and not raised."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.error: OSError | None = None

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        if self.error is None:
            try:
                return os.write(self._number, data)
            except OSError as error:
                self.error = error
        return size
