"""The revocation list on disk, read anew when it changes, so that no restart is needed.

- Looked at when used, at most once a second: a revocation counts within a second of its
  publication.
- A new list counts only if it verifies to the root. One that does not, or a file that went away,
  leaves the last good list in force and is logged as an error: a broken file must neither lift
  revocations nor stop the exchange. The same holds for a list that is overdue.
- For several threads: one at a time looks, and the others use meanwhile what is in force.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from exchange_files import read_given
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Revocations, TrustAnchors

CHECK_SECONDS: Final = 1.0
AHEAD: Final = timedelta(minutes=5)
"""A list may be so much ahead of the hub's clock before one of the two counts as wrong."""

_log = structlog.get_logger(__name__)

_Seen = tuple[int, int, int]


class RevocationFile:
    """The newest good revocation lists of a file."""

    def __init__(
        self,
        path: Path,
        anchors: TrustAnchors,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file; raises CERTIFICATE_INVALID or CERTIFICATE_UNTRUSTED for a bad one."""
        self._path = path
        self._anchors = anchors
        self._clock = clock
        self._monotonic = monotonic
        self._warned = False
        self._is_ahead = False
        self._refused = ""
        self._seen = self._look()
        self._current = self._read()
        self._next_look = monotonic() + CHECK_SECONDS
        self._looking = threading.Lock()

    def __call__(self) -> Revocations:
        """The lists in force now."""
        # Without the lock what one thread read earlier could be kept over what another read later.
        if self._monotonic() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._next_look = self._monotonic() + CHECK_SECONDS
                self._refresh()
            finally:
                self._looking.release()
        return self._current

    @property
    def refused(self) -> str:
        """The reason for which the file as it stands is refused; empty where it is in force."""
        return self._refused

    def is_refused(self) -> bool:
        """Look at the file; True if it is refused as it stands now."""
        self()
        return bool(self._refused)

    def _refresh(self) -> None:
        self._warn_if_overdue()
        self._warn_if_ahead()
        try:
            seen = self._look()
            if seen == self._seen:
                return
            self._seen = seen
            current = self._read()
            verify_newer(current, self._current)
        except ExchangeError as error:
            if error.message != self._refused:
                self._refused = error.message
                _log.error("revocations_refused", why=error.message)
            return
        self._current, self._warned, self._refused = current, False, ""
        _log.info("revocations_read", issuers=len(current.lists))

    def _warn_if_overdue(self) -> None:
        if self._warned:
            return
        try:
            self._current.verify_current(self._clock())
        except ExchangeError as error:
            self._warned = True
            _log.error("revocations_overdue", why=error.message)

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

    def _look(self) -> _Seen:
        try:
            found = self._path.stat()
        except OSError as error:
            raise self._unreadable(error) from None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _read(self) -> Revocations:
        try:
            pem = read_given(self._path)
        except OSError as error:
            raise self._unreadable(error) from None
        return Revocations.from_pem(pem, self._anchors)

    def _unreadable(self, error: OSError) -> ExchangeError:
        return Reason.CERTIFICATE_INVALID.error(f"cannot read {self._path}: {error.strerror}")


def verify_newer(new: Revocations, held: Revocations) -> None:
    """Refuse an old list that is put back: it would lift the revocations since.

    Raises CERTIFICATE_INVALID.
    """
    for issuer, present in held.lists.items():
        found = new.lists.get(issuer)
        if found is None:
            raise Reason.CERTIFICATE_INVALID.error(
                "expected lists of the same issuers as those held"
            )
        if found.number is not None and present.number is not None:
            # The issuer's clock may have been wrong, and put right since; its count goes on.
            if found.number > present.number:
                continue
            if found.number < present.number:
                raise Reason.CERTIFICATE_INVALID.error(
                    f"expected a list of number {present.number} or more, none older than the one "
                    f"held; got number {found.number}"
                )
        if found.this_update < present.this_update:
            raise Reason.CERTIFICATE_INVALID.error(
                "expected lists of the same issuers, none older than the one held"
            )
        # Lists count time in seconds; of two of one second the one that revokes more is newer.
        if (
            found.this_update == present.this_update
            and present.revoked.keys() - found.revoked.keys()
        ):
            raise Reason.CERTIFICATE_INVALID.error(
                "expected a list of the same second to revoke no less than the one held"
            )
