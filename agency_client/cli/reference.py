"""The reference of the commands: every command's own help, as Markdown.

    python -m agency_client.cli.reference > docs/commands.md

A test compares `docs/commands.md` with what this gives, so the page cannot drift from `--help`.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from agency_client.cli.app import command_line

WIDTH = 100
"""Columns of the page's help blocks."""

_HEAD = """\
# Commands of `agency`

The help of every command, as the commands print it. This page is made by
`python -m agency_client.cli.reference > docs/commands.md`; a test compares the two.
"""


def reference() -> str:
    """The page, in Markdown."""
    blocks = [_HEAD]
    for words in commands():
        name = " ".join(("agency", *words))
        blocks.append(f"## `{name}`\n\n```\n{help_of(words)}\n```\n")
    return "\n".join(blocks)


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command and group, each group before its commands."""
    yield from _below(command_line(), ())


def help_of(words: tuple[str, ...]) -> str:
    """Give the text that a command prints for --help, without colours, lines trimmed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        command_line().main([*words, "--help"], "agency", standalone_mode=False)
    lines = [line.rstrip() for line in printed.getvalue().splitlines()]
    return "\n".join(lines).strip("\n")


def _below(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name, each in getattr(command, "commands", {}).items():
        yield from _below(each, (*words, name))


if __name__ == "__main__":
    # rich asks the environment how wide a page is, and whether it may have colours.
    os.environ.update(COLUMNS=str(WIDTH), NO_COLOR="1", TERM="dumb")
    sys.stdout.write(reference())
