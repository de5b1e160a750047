"""The entry point of `agency`: it says in one line what an incomplete installation lacks."""

from __future__ import annotations

import sys
from typing import Final

_EXIT_CANNOT: Final = 2
_OWN: Final = ("agency_client", "exchange_")


def main() -> None:
    """Run the command; a library of an extra that is not installed ends it with code 2."""
    try:
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
