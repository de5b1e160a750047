"""The entry point of `exchange-server`: a signal is one line, also before the command is loaded."""

from __future__ import annotations

import sys
from typing import Final

_EXIT_STOPPED: Final = 130
_TOLD: Final = "exchange-server: stopped; a file is there whole or not at all, so run it again"


def main() -> None:
    """Load the command and run it."""
    try:
        _run()
    except KeyboardInterrupt:
        print(_TOLD, file=sys.stderr)
        sys.exit(_EXIT_STOPPED)


def _run() -> None:
    from exchange_files.stopping import Stopped, heeding_signals

    try:
        with heeding_signals():
            from exchange_server.cli import main as run

            run()
    except Stopped as stop:
        print(_TOLD, file=sys.stderr)
        sys.exit(stop.exit_code)
