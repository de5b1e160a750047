"""The place of the profile's watch: the notice up to which it has taken notices.

watch       the hub's token; the time of the file is that of the last notice
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from exchange_files import locked, make_folder, read_file, replace_file


class WatchPlace:
    """The place of the last watch of one profile."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def token(self) -> str | None:
        """The token to go on from; None before the first watch."""
        token = read_file(self._state / "watch")
        return token.decode() if token else None

    def heard_at(self) -> datetime | None:
        """The time at which a watch last took a notice; None before the first."""
        try:
            seconds = (self._state / "watch").stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def keep(self, token: str) -> None:
        """Keep where a watch stands."""
        state = make_folder(self._state)
        with locked(state / ".watch.lock"):
            replace_file(state / "watch", token.encode())
