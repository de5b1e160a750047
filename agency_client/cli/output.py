"""Output: tables and colours for people, one JSON document for programs.

Results go to stdout, errors and progress to stderr; with --json errors too are on stdout, so that a
program reads one stream. rich leaves colours and moving bars out where no terminal is.

What other agencies or the hub wrote may hold control characters that would steer a terminal: people
are shown a replacement character instead; programs get them escaped, as JSON allows.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from agency_client.content.characters import is_hidden, mark_mixed

STATE_STYLES = {
    "HELD": "yellow",
    "RETURNED": "yellow",
    "REJECTED": "red",
    "RELEASED": "cyan",
    "DELIVERED": "cyan",
    "ACKNOWLEDGED": "blue",
    "ANSWERED": "green",
    "REFUSED": "red",
    "RECALLED": "dim",
    "CLOSED": "dim",
    "ERASED": "dim",
}
_UNUSUAL = re.compile(r"[^\n -~\u0400-\u04ff]")
"""What may have to be escaped; Latin and Cyrillic letters pass at once."""
_FOREIGN = re.compile(r"[^\n -~]")
"""The same for a terminal that has other letters than UTF-8's."""
_PLAIN_WIDTH = 200
"""Columns of a table that no terminal limits: a program that reads text wants whole lines."""

_WIDE = 120


class Advance(Protocol):
    """Tells a progress bar how much is done, and of how much."""

    def __call__(self, done: int, of: int) -> None: ...


def use_any_terminal() -> None:
    """Let a terminal that lacks a letter, as KOI8-R lacks Kazakh ones, show its escape instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def out() -> Console:
    """The console of results."""
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    return Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty(), width=width)


def is_narrow() -> bool:
    """True if wide tables would be broken into pieces."""
    return out().width < _WIDE


def err() -> Console:
    """The console of errors and progress."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


class ResultUnwritten(Exception):
    """Stdout took no result, as on a full disk; what the command was to do is done."""

    is_sent = False
    """True if a statement was sent, so that nobody may send it again."""


@contextmanager
def _results() -> Iterator[None]:
    """A block that writes to stdout; nobody may take its failure for that of the command."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ResultUnwritten(error.strerror or type(error).__name__) from None


def say(text: str | Text) -> None:
    """Print a line of the result."""
    with _results():
        out().print(_clean(text))


def complain(text: str, style: str = "") -> None:
    """Print a line on stderr."""
    err().print(Text(mark_mixed(printable(text)), style=style if sys.stderr.isatty() else ""))


def printable(text: str) -> str:
    """The text without characters that steer a terminal or turn the order of others around."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\n" or (char.isprintable() and not is_hidden(char)):
        return char
    return " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def _clean(value: str | Text) -> Text:
    """A text with nothing unseen in it, and a word on each code that other letters look like."""
    return value if isinstance(value, Text) else Text(mark_mixed(printable(value)))


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    _write_json(json.dumps(document, ensure_ascii=False, indent=1))


def print_json_line(document: Any) -> None:
    """Print one JSON document as a line, for streams."""
    _write_json(json.dumps(document, ensure_ascii=False))


def _write_json(text: str) -> None:
    with _results():
        is_utf_8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
        unusual = _UNUSUAL if is_utf_8 else _FOREIGN
        sys.stdout.write(unusual.sub(_escaped, text) + "\n")


def _escaped(found: re.Match[str]) -> str:
    """JSON itself escapes the first 32 characters alone, and neither half characters nor others."""
    char = found[0]
    if char.isprintable() and not is_hidden(char) and _is_writable(char):
        return char
    return json.dumps(char)[1:-1]


def _is_writable(char: str) -> bool:
    try:
        char.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], empty: str) -> None:
    """Print a table, or the words for an empty one."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        # The first names the row: an id that is broken over lines cannot be copied.
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(_clean, row))
    if table.row_count:
        _print_table(table)
    else:
        say(empty)


def print_fields(fields: Iterable[tuple[str, str | Text]]) -> None:
    """Print names with their values, aligned."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(_clean(name), _clean(value))
    _print_table(table)


def _print_table(table: Table) -> None:
    console = out()
    with _results():
        if sys.stdout.isatty():
            console.print(table)
            return
        # rich fills every line up to the width of the table.
        with console.capture() as captured:
            console.print(table)
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def heading(text: str) -> None:
    """Print the heading of a section."""
    say(Text(f"\n{printable(text)}", style="bold underline" if sys.stdout.isatty() else ""))


def state(name: str) -> Text:
    """A leg's state in its colour."""
    return Text(name, style=STATE_STYLES.get(name, ""))


def instant(at: datetime | None) -> str:
    """A time as people read it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if at else ""


def minute(at: datetime | None) -> str:
    """A time as lists show it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%MZ}" if at else ""


def iso(at: datetime | None) -> str | None:
    """A time as programs read it (RFC 3339, UTC)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


@contextmanager
def progress(what: str) -> Iterator[Advance | None]:
    """A bar on stderr while something long runs; None where no terminal is.

    What is done in one step shows none: it would only flicker.
    """
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=None)
    with ExitStack() as shown:

        def advance(done: int, of: int) -> None:
            if done < of and not bar.live.is_started:
                shown.enter_context(bar)
            bar.update(task, completed=done, total=of)

        yield advance
