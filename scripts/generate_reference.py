"""Make docs/operator-commands.md, the help of the operators' commands; `--check` compares."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# rich asks the environment how wide a page is, and whether it may have colours.
os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")

import typer

from exchange_certs.cli import app as certs
from exchange_server.cli import app as server

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "operator-commands.md"
APPS: Final = {"exchange-server": server, "exchange-certs": certs}
HEAD: Final = """\
# Commands of operators

The help of `exchange-server` and `exchange-certs`, as the commands print it; that of `agency` is in
[commands.md](commands.md). `make proto` makes this page, and a test compares the two.
"""


def reference() -> str:
    """The page, in Markdown."""
    blocks = [HEAD]
    for program, app in APPS.items():
        command = typer.main.get_command(app)
        for words in _below(command, ()):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                command.main([*words, "--help"], program, standalone_mode=False)
            lines = [line.rstrip() for line in printed.getvalue().splitlines()]
            text = "\n".join(lines).strip("\n")
            blocks.append(f"## `{' '.join((program, *words))}`\n\n```\n{text}\n```\n")
    return "\n".join(blocks)


def _below(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name, each in getattr(command, "commands", {}).items():
        yield from _below(each, (*words, name))


def main() -> int:
    """Write the page, or compare it."""
    if "--check" not in sys.argv:
        PAGE.write_text(reference(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != reference():
        print(f"{PAGE.name} is not fresh: run `make proto`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
