"""The marks of what a person has read: exchanges, each with the change that was read last.

An exchange that changed since is unread again. The marks hold ids and times alone, no content, so
they are not sealed. They are a cache: what does not parse is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
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

    def read(self) -> dict[str, datetime]:
        """The change that was read last, by the id of the exchange."""
        try:
            given = json.loads(self._path.read_bytes())
            return {str(name): datetime.fromisoformat(at) for name, at in given.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def note(self, changes: Iterable[tuple[str, datetime]]) -> None:
        """Note that these were read: ids of exchanges, with their newest change.

        The marks noted last are kept, within a bound.
        """
        made = dict(changes)
        with locked(make_folder(self._state) / f".{_NAME}.lock"):
            known = self.read()
            if all(known.get(name) == at for name, at in made.items()):
                return
            kept = {name: at for name, at in known.items() if name not in made} | made
            newest = dict(list(kept.items())[-_MOST:])
            data = json.dumps({name: at.isoformat() for name, at in newest.items()})
            replace_file(self._path, data.encode())
