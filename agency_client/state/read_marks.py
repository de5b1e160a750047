"""The marks of what a person has read: exchanges, each with the statement that was read last.

An exchange with a newer statement is unread again. The marks hold ids and log indexes alone, no
content, so they are not sealed. They are a cache: what does not parse is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from exchange_files import locked, make_folder, replace_file

_MOST: Final = 10_000
_NAME: Final = "read"


class ReadMarks:
    """The marks of one profile, in the file `state/read`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = state / _NAME

    def read(self) -> dict[str, int]:
        """The log index of the statement that was read last, by the id of the exchange."""
        try:
            given = json.loads(self._path.read_bytes())
            return {str(name): int(index) for name, index in given.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def note(self, seen: Iterable[tuple[str, int]]) -> None:
        """Note that these were read: ids of exchanges, with the index of the newest statement.

        The marks noted last are kept, within a bound.
        """
        made = dict(seen)
        with locked(make_folder(self._state) / f".{_NAME}.lock"):
            known = self.read()
            if all(known.get(name) == index for name, index in made.items()):
                return
            kept = {name: index for name, index in known.items() if name not in made} | made
            newest = dict(list(kept.items())[-_MOST:])
            replace_file(self._path, json.dumps(newest).encode())
