"""The hub's own log: JSON lines on stderr, for its operator.

It is not the log of the exchange and proves nothing. No content, no statement and no key is written
to it; what errors of libraries say may hold paths and SQL, so it stays with the operator.

Lines are written by a thread of their own: stderr may be a pipe whose reader is slow, and the event
loop must not wait for it. It gathers them for some milliseconds, so as not to take turns with the
event loop at every line. When too many lines wait, new ones are dropped and their number is said.
Workers share their parent's stderr and name themselves in each line; lines that are no longer than
a pipe takes at once (PIPE_BUF) come whole, whoever else writes.

An event has a name in lower case, with underscores, which stays; what goes with it are its fields.
A logger has the name of its module.

The line of every call goes past structlog's processors (`log_often`): they take three times as long
as writing the line.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import logging
import os
import queue
import select
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias

import structlog
from structlog.typing import EventDict, Processor

WAITING_LINES: Final = 20_000
_CLOSE_SECONDS: Final = 5.0
_LINES_AT_ONCE: Final = 256
_GATHER_SECONDS: Final = 0.005
_ENCODER: Final = json.JSONEncoder(default=repr)
"""Made once; `json.dumps` would make one a line."""

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    # Without local variables: they may hold keys and content.
    structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    ),
)


_Often: TypeAlias = Callable[[str, str, Mapping[str, Any]], None]
_often: list[_Often] = []
"""The writer that `configure_logging` made for `log_often`; none before, as in most tests."""


def log_often(logger: str, event: str, fields: Mapping[str, Any]) -> None:
    """Log an event at the level of info, with the fields and in the form that all lines have."""
    if _often:
        _often[0](logger, event, fields)
    else:
        structlog.get_logger(logger).info(event, **fields)


class Lines(Protocol):
    """The place that lines are written to."""

    def write(self, text: str, /) -> object:
        """Write a text; may wait."""

    def flush(self) -> None:
        """Have it out."""


class _Descriptor:
    """An open file of the system. A thread that waits in it holds no lock of Python's.

    Python ends with a crash where a thread holds the buffer of `sys.stderr`, such as one that waits
    for a reader who has stopped reading.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        # Rotated by `copytruncate`, a file that was opened without this begins with zeros: what
        # comes next would be written where the last line ended.
        with suppress(OSError):
            if stat.S_ISREG(os.fstat(number).st_mode):
                flags = fcntl.fcntl(number, fcntl.F_GETFL)
                fcntl.fcntl(number, fcntl.F_SETFL, flags | os.O_APPEND)

    def write(self, text: str, /) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._number, data) :]

    def flush(self) -> None:
        """Nothing is kept back."""


class LineWriter:
    """Writes lines to a stream from a thread; `write` never waits."""

    def __init__(self, stream: Lines, waiting_lines: int = WAITING_LINES) -> None:
        """Begin to write to the stream."""
        self._stream = stream
        self._waiting_lines = waiting_lines
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Have a line written, or dropped where too many wait."""
        if self._lines.qsize() < self._waiting_lines:
            self._lines.put(line)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, as far as the stream takes it soon."""
        self._lines.put(None)
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        is_open = True
        while is_open:
            lines = [self._lines.get()]
            if self._lines.empty():
                time.sleep(_GATHER_SECONDS)
            with suppress(queue.Empty):
                while len(lines) < _LINES_AT_ONCE:
                    lines.append(self._lines.get_nowait())
            is_open = None not in lines
            try:
                self._write([line for line in lines if line is not None])
            except OSError:
                # Nobody reads, or the disk is full. The next line that is read says how many are
                # missing.
                self._dropped += len(lines)

    def _write(self, lines: Sequence[str]) -> None:
        for chunk in _chunks(lines):
            self._stream.write(chunk)
            self._stream.flush()
        if self._dropped and self._lines.empty():
            dropped, self._dropped = self._dropped, 0
            said = {"event": "log_lines_dropped", "count": dropped, "level": "error"}
            self._stream.write(json.dumps(said) + "\n")
            self._stream.flush()


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    """Put lines together, as many as a pipe takes at once; JSON is ASCII."""
    chunk = ""
    for line in lines:
        if chunk and len(chunk) + len(line) >= select.PIPE_BUF:
            yield chunk
            chunk = ""
        chunk += f"{line}\n"
    if chunk:
        yield chunk


class _Logger:
    """The taker of structlog's rendered lines, whatever their level."""

    def __init__(self, writer: LineWriter, name: str) -> None:
        self.name = name
        self.debug = self.info = self.warning = self.error = self.critical = writer.write


class _Handler(logging.Handler):
    """Takes the records of libraries, which use the standard library's logging."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.write(self.format(record))


def _json(event: object, **_: object) -> str:
    return _ENCODER.encode(event)


def configure_logging(level: str, worker: int = 0) -> None:
    """Send structlog's and the standard library's records to stderr as JSON lines.

    A worker's lines say its number.
    """
    shared = [*_SHARED, *([_number(worker)] if worker else [])]
    writer = LineWriter(_Descriptor(sys.stderr.fileno()))
    atexit.register(writer.close)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_json)],
        logger_factory=lambda *names: _Logger(writer, names[0] if names else ""),
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=True,
    )
    _often[:] = [_direct(writer, is_shown=threshold <= logging.INFO, worker=worker)]
    handler = _Handler(writer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Lines of libraries help only in the search for a fault.
    root.setLevel(threshold if threshold == logging.DEBUG else max(threshold, logging.WARNING))


def _direct(writer: LineWriter, *, is_shown: bool, worker: int) -> _Often:
    beside = {"worker": worker} if worker else {}

    def log(logger: str, event: str, fields: Mapping[str, Any]) -> None:
        if is_shown:
            at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
            said = {"logger": logger, "level": "info", "timestamp": f"{at}Z", **beside}
            writer.write(_ENCODER.encode({**fields, "event": event, **said}))

    return log


def _number(worker: int) -> Processor:
    def add(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["worker"] = worker
        return event

    return add
