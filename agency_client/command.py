"""The entry point of `agency`: it says in one line what an incomplete installation lacks."""

from __future__ import annotations

import gc
import sys
from typing import Final

_EXIT_CANNOT: Final = 2
_OWN: Final = ("agency_client", "exchange_")


def main() -> None:
    """Run the command; a library of an extra that is not installed ends it with code 2."""
    try:
        _load()
        from agency_client.cli import main as run

        run()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(_OWN):
            raise
        print(
            f"agency: {error.name} is not installed; install the client with its extra, "
            "`pip install caricc-exchange[client]`",
            file=sys.stderr,
        )
        sys.exit(_EXIT_CANNOT)


def _load() -> None:
    """Load what the line asks for, without looking for garbage: all of it stays to the end."""
    gc.disable()
    try:
        from agency_client.cli.app import asked_command, hoist_globals

        asked_command(hoist_globals(sys.argv[1:])[1])
    finally:
        gc.freeze()
        gc.enable()
