"""The entry point of `exchange-certs`: Ctrl-C before the command is loaded is one line, too."""

from __future__ import annotations

import sys
from typing import Final

_EXIT_STOPPED: Final = 130


def main() -> None:
    """Load the command and run it."""
    try:
        from exchange_certs.cli import main as run

        run()
    except KeyboardInterrupt:
        print(
            "exchange-certs: stopped; a file is there whole or not at all, so run it again",
            file=sys.stderr,
        )
        sys.exit(_EXIT_STOPPED)
