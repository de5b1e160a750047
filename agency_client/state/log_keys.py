"""The log's keys that the client follows: the pinned one, and its successors.

The profile pins one key. A successor is taken from the log's directory, where the operating agency
published it with the signatures of both keys (`exchange_protocol.log.succession`). The learned keys
are kept in a file: a client without a directory must verify its newest checkpoint. A file that is
damaged is forgotten: the directory tells it anew.

No network here: the caller fetches the directory (`core.view`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from exchange_files import locked, make_folder, read_file, replace_file
from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.succession import Succession

_ROWS: Final = TypeAdapter(tuple[Succession, ...], config=ConfigDict(defer_build=True))


class LogKeys:
    """The keys of one log, kept in a folder; safe between threads and processes."""

    def __init__(self, folder: Path, pinned: LogVerifier) -> None:
        """Follow on from a pinned key with what the folder holds."""
        self._folder = folder
        self._path = folder / "log-keys.json"
        self._pinned = pinned
        self._lock = threading.Lock()
        self._read: bytes | None = None
        self._verifier = pinned

    @property
    def verifier(self) -> LogVerifier:
        """The log with all keys that are known now; the same object until one more is."""
        data = read_file(self._path)
        with self._lock:
            if data != self._read:
                self._read, self._verifier = data, self._parsed(data)
            return self._verifier

    def learn(self, successions: Sequence[Succession]) -> None:
        """Keep the changes of the log's key, as a verified directory tells them.

        Raises:
            HubDishonest: RULE_BROKEN, if they are not those known before and later ones.
        """
        if tuple(successions) == self.verifier.successions:
            return
        make_folder(self._folder)
        with locked(self._folder / ".log-keys.lock"):
            followed = self.verifier.following(successions)
            replace_file(self._path, _ROWS.dump_json(followed.successions, indent=1))

    def _parsed(self, data: bytes | None) -> LogVerifier:
        if data is None:
            return self._pinned
        try:
            return self._pinned.following(_ROWS.validate_json(data))
        except (ValidationError, ExchangeError):
            return self._pinned
