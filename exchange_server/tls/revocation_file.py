"""The revocation list on disk, read anew when it changes, so that no restart is needed.

- Looked at when used, at most once a second: a revocation counts within a second of its
  publication.
- A new list counts only if it verifies to the root. One that does not, or a file that went away,
  leaves the last good list in force and is logged as an error: a broken file must neither lift
  revocations nor stop the exchange. The same holds for a list that is overdue.
- The list in force is held over restarts (`held_lists`): at the start it is compared with the file,
  and stays in force where the file is older or broken.
- For several threads: one at a time looks, and the others use meanwhile what is in force.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from exchange_files import read_given, without_bom
from exchange_protocol.errors import ExchangeError, Reason, StorageFailed
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_server.tls.glances import FileStamp, Glances
from exchange_server.tls.held_lists import (
    LIFTED_TODO,
    HeldLists,
    lifted,
    unreadable,
    verify_newer,
)

AHEAD: Final = timedelta(minutes=5)
"""A list may be so much ahead of the hub's clock before one of the two counts as wrong."""

_log = structlog.get_logger(__name__)


class RevocationFile:
    """The newest good revocation lists of a file."""

    def __init__(
        self,
        path: Path,
        anchors: TrustAnchors,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        held: HeldLists | None = None,
    ) -> None:
        """Read the file, and what is held; nothing is written before `hold`.

        Raises CERTIFICATE_INVALID or CERTIFICATE_UNTRUSTED for a bad file, where nothing is held.
        """
        self._path = path
        self._anchors = anchors
        self._clock = clock
        self._warned: set[bytes] = set()
        self._is_ahead = False
        self._refused = ""
        self._held = held
        self._holds = False
        self._is_unkept = False
        self._seen: FileStamp | None = None
        self._read_pem = b""
        self._current_pem: bytes | None = None
        self._current = self._first()
        self._glances = Glances(self._refresh, monotonic)

    def __call__(self) -> Revocations:
        """The lists in force now."""
        self._glances.take()
        return self._current

    @property
    def refused(self) -> str:
        """The reason for which the file as it stands is refused; empty where it is in force."""
        return self._refused

    def is_refused(self) -> bool:
        """Look at the file; True if it is refused as it stands now."""
        self()
        return bool(self._refused)

    def hold(self, *, is_first: bool) -> None:
        """Hold the list in force over restarts, from now on.

        `is_first` says that there is no log yet, so that nothing can have been held before.

        Raises:
            InvalidInput: CONFIG_INVALID, if nothing is held though something was.
            StorageFailed: FILE_NOT_WRITTEN.
        """
        if self._held is None:
            return
        if not is_first:
            self._held.verify_there()
        if self._refused:
            _log.error("revocations_refused", why=self._refused)
        if self._current_pem is not None:
            self._held.keep(self._current_pem, self._current)
        self._holds = True

    def _first(self) -> Revocations:
        """Give the lists in force at the start: the file's, or those held if they are newer."""
        held = None if self._held is None else self._held.read()
        try:
            self._seen = self._look()
            current = self._read()
            if held is not None:
                verify_newer(current, held)
        except ExchangeError as error:
            if held is None:
                raise
            self._refused = error.message  # `hold` tells it: a command prints a page instead.
            return held
        self._current_pem = self._read_pem
        return current

    def _refresh(self) -> None:
        self._warn_if_overdue()
        self._warn_if_ahead()
        try:
            seen = self._look()
            if seen == self._seen and not self._is_unkept:
                return
            self._seen = seen
            current = self._read()
            verify_newer(current, self._current)
            self._keep(current)
        except ExchangeError as error:
            self._refuse(error)
            return
        if current.lists == self._current.lists and not self._refused:
            return
        number = lifted(current, self._current)
        self._current, self._current_pem = current, self._read_pem
        self._refused = ""
        _log.info("revocations_read", issuers=len(current.lists))
        if number:
            _log.warning("revocations_lifted", number=number, todo=LIFTED_TODO)

    def _keep(self, current: Revocations) -> None:
        """Hold a new list; one that cannot be written down counts all the same."""
        if self._held is None or not self._holds:
            return
        try:
            self._held.keep(self._read_pem, current)
        except StorageFailed as error:
            if not self._is_unkept:
                _log.error("revocations_not_held", why=error.message)
            self._is_unkept = True
        else:
            self._is_unkept = False

    def _refuse(self, error: ExchangeError) -> None:
        if error.message != self._refused:
            self._refused = error.message
            _log.error("revocations_refused", why=error.message)

    def _warn_if_overdue(self) -> None:
        now = self._clock()
        for each in self._current.awaited(now):
            try:
                each.verify_current(now)
            except ExchangeError as error:
                if each.issuer_key not in self._warned:
                    self._warned.add(each.issuer_key)
                    _log.error("revocations_overdue", why=error.message)
            else:
                self._warned.discard(each.issuer_key)

    def _warn_if_ahead(self) -> None:
        """A list from the future is in force, and tells that one of two clocks is wrong."""
        now, newest = self._clock(), max(each.this_update for each in self._current.lists.values())
        is_ahead = newest > now + AHEAD
        if is_ahead and not self._is_ahead:
            _log.error(
                "revocations_ahead",
                why=f"the revocation list was made at {newest.isoformat()}, and this hub's clock "
                f"says {now.isoformat()}: the authority's clock or this one is wrong",
            )
        self._is_ahead = is_ahead

    def _look(self) -> FileStamp:
        try:
            return FileStamp.of(self._path)
        except OSError as error:
            raise unreadable(self._path, error) from None

    def _read(self) -> Revocations:
        try:
            pem = read_given(self._path)
        except OSError as error:
            # It may be read at the next look, with nothing changed: a hub may have no descriptor.
            self._seen = None
            raise unreadable(self._path, error) from None
        pem = without_bom(pem, self._path, Reason.CERTIFICATE_INVALID)
        lists = Revocations.from_pem(pem, self._anchors)
        self._read_pem = pem
        return lists
