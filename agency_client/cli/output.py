"""Output: tables and colours for people, one JSON document for programs.

Results go to stdout, errors and progress to stderr; with --json errors too are on stdout, so that a
program reads one stream. rich leaves colours and moving bars out where no terminal is.

Texts come from `presentation`, which marks what deceives a reader. Here every character that nobody
sees is marked once more, whatever comes: it would steer the terminal. Programs get it escaped, as
JSON allows.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from agency_client.cli.terminal import is_utf_8, results
from agency_client.content.characters import is_hidden
from agency_client.presentation import layout
from agency_client.presentation.layout import (
    PLAIN_WIDTH,
    as_text,
    clean,
    fields_of,
    heading_text,
    table_of,
    widths,
)
from agency_client.presentation.visible import mark_hidden, visible
from exchange_protocol.kinds.codes import LegState

Cell = layout.Cell
Column = layout.Column

STATE_STYLES: Final[Mapping[LegState, str]] = {
    LegState.HELD: "yellow",
    LegState.RETURNED: "yellow",
    LegState.REJECTED: "red",
    LegState.RELEASED: "cyan",
    LegState.DELIVERED: "cyan",
    LegState.ACKNOWLEDGED: "blue",
    LegState.ANSWERED: "green",
    LegState.REFUSED: "red",
    LegState.RECALLED: "dim",
    LegState.CLOSED: "dim",
    LegState.ERASED: "dim",
    LegState.FROZEN: "blue",
    LegState.JOINED: "blue",
    LegState.LEFT: "dim",
}
ALARM: Final = "bold red"
_UNUSUAL: Final = re.compile(r"[^\n -~\u0400-\u04ff]")
"""Characters that may have to be escaped; Latin and Cyrillic letters pass at once."""
_FOREIGN: Final = re.compile(r"[^\n -~]")
"""Characters that are escaped on a stream that is not in UTF-8."""


class _Console(Console):
    """A console that leaves a reader who went away to `results`; rich would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Advance(Protocol):
    """Tells a progress bar how much is done, and of how much."""

    def __call__(self, done: int, of: int) -> None: ...


def out(width: int | None = None) -> Console:
    """The console of results."""
    is_terminal = sys.stdout.isatty()
    if not is_terminal:
        width = max(width or 0, PLAIN_WIDTH)
    # rich takes a file for a terminal where FORCE_COLOR is set.
    return _Console(
        force_terminal=is_terminal,
        highlight=False,
        markup=False,
        soft_wrap=not is_terminal,
        width=width,
    )


def err() -> Console:
    """The console of errors and progress."""
    return _Console(
        stderr=True,
        force_terminal=sys.stderr.isatty(),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def say(text: Cell) -> None:
    """Print a line of the result."""
    with results():
        out().print(clean(text))


def put(text: str) -> None:
    """Print a text of the result exactly as it is, for a file or another program."""
    with results():
        sys.stdout.write(text)


def complain(text: str, style: str = "") -> None:
    """Print a line on stderr; the command's result is the same if stderr is closed."""
    with suppress(OSError):
        err().print(Text(visible(text), style=style if sys.stderr.isatty() else ""))


def heading(text: str) -> None:
    """Print the heading of a section."""
    say(Text(f"\n{heading_text(text)}", style="bold underline" if sys.stdout.isatty() else ""))


def alarm(text: str) -> Text:
    """A text that nobody should miss."""
    return Text(mark_hidden(text), style=ALARM)


def in_state(text: str, state: LegState | None) -> Text:
    """Words on a leg in the colour of its state."""
    return Text(mark_hidden(text), style=STATE_STYLES[state] if state is not None else "")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    _write_json(json.dumps(document, ensure_ascii=False, indent=1))


def print_json_line(document: Any) -> None:
    """Print one JSON document as a line, for streams."""
    _write_json(json.dumps(document, ensure_ascii=False))


def print_table(
    columns: Sequence[str | Column], rows: Iterable[Sequence[Cell]], empty: str
) -> None:
    """Print a table, or the words for an empty one.

    On a terminal that is too narrow for it columns give way; on one that is narrower still each
    field has a line.
    """
    named = [Column(each) if isinstance(each, str) else each for each in columns]
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        say(empty)
        return
    least, whole = widths(named, cells)
    if sys.stdout.isatty() and least > out().width:
        fitting = _fitting(named, cells, out().width)
        if not fitting:
            _print_records(named, cells)
            return
        named = [named[number] for number in fitting]
        cells = [[row[number] for number in fitting] for row in cells]
    _print_table(table_of(named, cells), whole)


def print_fields(fields: Iterable[tuple[str, Cell]]) -> None:
    """Print names with their values, aligned."""
    _print_table(fields_of(fields))


@contextmanager
def progress(what: str) -> Iterator[Advance | None]:
    """A bar on stderr while something long runs; None where no terminal is.

    Work of one step shows none: it would only flicker.
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


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """The numbers of the columns that fit beside each other; none if those that must fit do not."""
    kept = list(range(len(columns)))
    for number in sorted(kept, key=lambda each: -columns[each].gives_way):
        named = [columns[each] for each in kept]
        if widths(named, [[row[each] for each in kept] for row in rows])[0] <= width:
            return kept
        if not columns[number].gives_way:
            return []
        kept.remove(number)
    return []


def _print_records(columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> None:
    for number, row in enumerate(rows):
        if number:
            say("")
        print_fields(
            [(column.name, cell) for column, cell in zip(columns, row, strict=True) if cell.plain]
        )


def _print_table(table: Table, width: int = 0) -> None:
    with results():
        if sys.stdout.isatty():
            out().print(table)
            return
        sys.stdout.write(as_text(table, width))


def _write_json(text: str) -> None:
    with results():
        unusual = _UNUSUAL if is_utf_8() else _FOREIGN
        sys.stdout.write(unusual.sub(_escaped, text) + "\n")


def _escaped(found: re.Match[str]) -> str:
    """JSON itself escapes the first 32 characters alone, and neither half characters nor others."""
    char = found[0]
    if is_utf_8() and char.isprintable() and not is_hidden(char):
        return char
    return json.dumps(char)[1:-1]
