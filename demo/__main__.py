"""Play the demonstration, or go on with it: `up` and `down` start and stop its hub.

`console` opens the console over its data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from demo import console as demo_console
from demo import hub, story

ROOT = Path(".demo")


def main() -> int:
    """Run one of the three."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["play", "up", "down", "console"], default="play"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="folder to play in (emptied)")
    parser.add_argument(
        "--as", dest="actor", default=demo_console.COORDINATOR, help="whose console to open"
    )
    arguments = parser.parse_args()
    console = Console(width=120 if not sys.stdout.isatty() else None)
    root: Path = arguments.root.absolute()
    match arguments.what:
        case "play":
            return story.play(root, console)
        case "up":
            return hub.up(root, console)
        case "console":
            return demo_console.run(root, console, arguments.actor)
        case _:
            return hub.down(root, console)


sys.exit(main())
