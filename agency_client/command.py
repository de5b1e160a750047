"""The entry point of `agency`: what befalls the command before it is loaded is one line, too.

An incomplete installation is told by what it lacks, and Ctrl-C by what was done: nothing.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import Final

_EXIT_CANNOT: Final = 2
_EXIT_STOPPED: Final = 130
_OWN: Final = ("agency_client", "exchange_")


def main() -> None:
    """Run the command; a library of an extra that is not installed ends it with code 2."""
    is_begun = False
    try:
        _load()
        from agency_client.cli import main as run

        is_begun = True
        run()
    except SystemExit:
        # All is told: Ctrl-C while Python takes itself apart would put another code in its place.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(_OWN):
            raise
        print(
            f"agency: {error.name} is not installed; install the client with its extra, "
            "`pip install caricc-exchange[client]`",
            file=sys.stderr,
        )
        sys.exit(_EXIT_CANNOT)
    except KeyboardInterrupt:
        if is_begun:
            pass  # The command hears signals itself, and has told by now what it did.
        elif "--json" in sys.argv:
            print('{"error": {"reason": "STOPPED", "message": "stopped", "field": null}}')
        else:
            print("agency: stopped; nothing was done", file=sys.stderr)
        sys.exit(_EXIT_STOPPED)


def _load() -> None:
    """Load what the line asks for, without looking for garbage: all of it stays to the end."""
    gc.disable()
    try:
        from agency_client.cli.app import asked_command, hoist_globals

        asked_command(hoist_globals(sys.argv[1:])[1])
    finally:
        gc.freeze()
        gc.enable()
