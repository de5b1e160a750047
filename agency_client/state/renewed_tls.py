"""A TLS certificate that was renewed on disk, for a process that goes on running."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from agency_client.state.profile import Profile
from exchange_protocol.errors import ExchangeError

LOOK_SECONDS: Final = 1.0

_Stamp = tuple[tuple[int, int], ...]


class RenewedTls:
    """Looks now and then whether a profile's TLS certificate and key are new on disk."""

    def __init__(self, profile: Profile) -> None:
        """Take the files as they stand for those of the profile."""
        self._profile = profile
        self._stamp = self._look()
        self._next_look = time.monotonic() + LOOK_SECONDS

    @property
    def is_due(self) -> bool:
        """True if it is time to look again."""
        return time.monotonic() >= self._next_look

    def take(self, *, at_once: bool = False) -> Profile | None:
        """Give the profile with the new certificate, once; None where there is none.

        With `at_once` it looks although it is not due: the hub has refused the old one. A pair that
        does not fit yet, or another member's, is no renewal: the old one stays.
        """
        if not self.is_due and not at_once:
            return None
        self._next_look = time.monotonic() + LOOK_SECONDS
        stamp = self._look()
        if stamp == self._stamp:
            return None
        try:
            tls = Profile.load(self._profile.folder).tls
        except (ExchangeError, OSError):
            return None
        self._stamp = stamp
        old = self._profile.tls.certificate
        if tls.certificate.fingerprint == old.fingerprint or tls.certificate.member != old.member:
            return None
        self._profile = replace(self._profile, tls=tls)
        return self._profile

    def _look(self) -> _Stamp:
        """The inodes and times of the profile's files: a renewal replaces some of them."""
        found = []
        folder = self._profile.folder
        for path in sorted({folder / "profile.toml", *folder.glob("*.pem"), *folder.glob("*.key")}):
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((state.st_ino, state.st_mtime_ns))
        return tuple(found)
