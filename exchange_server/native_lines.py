"""Lines that native libraries write to stderr, as lines of the hub's own log.

grpc's core knows no logger of Python's; it writes text to descriptor 2. So that descriptor becomes
a pipe, which a thread reads, and Python's own stderr keeps the real one.

- A refused handshake is an INFO line of grpc's, and strangers can cause many: `handshakes_refused`
  says how many there were and why the last one was refused, once in `REPORT_SECONDS`.
- Warnings and worse become `native_line`, at most `MOST_LINES` in that time; then their number.
- Other INFO lines are dropped.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

REPORT_SECONDS: Final = 10.0
MOST_LINES: Final = 20
MAX_TEXT: Final = 1000
_STDERR: Final = 2
# As absl writes it: I1128 09:22:42.197080    7153 ssl_transport_security.cc:2563] text
_PREFIX: Final = re.compile(r"([IWEF])\d{4} [\d:.]+ +\d+ ([\w.]+:\d+)\] (.*)", re.DOTALL)
_HANDSHAKE: Final = "Handshake failed"
_CAUSE: Final = re.compile(r"OPENSSL_internal:(\w+)")

_log = structlog.get_logger(__name__)


class NativeLines:
    """Takes lines, and says them in bounds; `report` is called now and then."""

    def __init__(self) -> None:
        self._refused = 0
        self._cause = ""
        self._said = 0
        self._unsaid = 0

    def take(self, line: str) -> None:
        """Take one line of a native library."""
        found = _PREFIX.match(line)
        level, place, text = found.groups() if found else ("W", "", line)
        if _HANDSHAKE in text:
            cause = _CAUSE.search(text)
            self._refused += 1
            self._cause = cause[1] if cause else text[:MAX_TEXT]
        elif level == "I" or "is not suitable for production" in text:
            return
        elif self._said < MOST_LINES:
            self._said += 1
            _log.warning("native_line", text=text[:MAX_TEXT], place=place)
        else:
            self._unsaid += 1

    def report(self) -> None:
        """Say what was only counted since the last report."""
        if self._refused:
            _log.warning("handshakes_refused", count=self._refused, last_cause=self._cause)
        if self._unsaid:
            _log.warning("native_lines_dropped", count=self._unsaid)
        self._refused = self._said = self._unsaid = 0


@contextmanager
def captured_native_lines() -> Iterator[None]:
    """Put the pipe in the place of descriptor 2 for the time of the block.

    Begin it before the log is configured: that takes Python's stderr as it finds it.
    """
    real = os.dup(_STDERR)
    sys.stderr = os.fdopen(real, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    reading, writing = os.pipe()
    os.dup2(writing, _STDERR)
    os.close(writing)
    thread = threading.Thread(target=_read, args=(reading,), name="native-lines", daemon=True)
    thread.start()

    try:
        yield
    finally:
        # Nobody has the pipe open then: the thread reads what is left, and ends.
        os.dup2(real, _STDERR)
        thread.join(1.0)


def _read(descriptor: int) -> None:
    lines, held, report_at = NativeLines(), b"", time.monotonic() + REPORT_SECONDS
    while True:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, report_at - time.monotonic()))
        if readable:
            data = os.read(descriptor, 65_536)
            if not data:
                break
            *whole, held = (held + data).split(b"\n")
            for line in whole:
                lines.take(line.decode("utf-8", "replace"))
        if time.monotonic() >= report_at:
            lines.report()
            report_at = time.monotonic() + REPORT_SECONDS
    lines.report()
    os.close(descriptor)
