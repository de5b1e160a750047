"""A TLS certificate that was renewed on disk, for a process that goes on running."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from agency_client.state.key_files import stamp_of
from agency_client.state.profile import Profile
from agency_client.state.profile_file import read_tables
from agency_client.state.profile_keys import load_tls, passphrase_of
from exchange_protocol.errors import ExchangeError

LOOK_SECONDS: Final = 1.0


class RenewedTls:
    """Looks now and then whether a profile's TLS certificate and key are new on disk."""

    def __init__(self, profile: Profile) -> None:
        """Begin with a profile as it was loaded: the files may be others by now."""
        self._profile = profile
        self._stamp = profile.tls.stamp
        self._next_look = time.monotonic() + LOOK_SECONDS

    @property
    def is_due(self) -> bool:
        """True if it is time to look again."""
        return time.monotonic() >= self._next_look

    def take(self, *, at_once: bool = False) -> Profile | None:
        """Give the profile with the new certificate, once; None where there is none.

        With `at_once` it looks although it is not due: the hub has refused the old one. A pair that
        does not fit yet, or another member's, is no renewal: the old one stays. Files are tried
        once, until they change again: a card counts how often a wrong PIN is tried.
        """
        if not self.is_due and not at_once:
            return None
        self._next_look = time.monotonic() + LOOK_SECONDS
        stamp = stamp_of(self._profile.folder)
        if stamp == self._stamp:
            return None
        folder = self._profile.folder
        try:
            tables = read_tables(folder)
            passphrase = passphrase_of(folder, tables)
            # These alone: the vault takes up its own, and each loading tries a card's PIN.
            tls = load_tls(folder, tables["tls"], self._profile.anchors, passphrase)
        except OSError:
            return None
        except ExchangeError:
            self._stamp = stamp
            return None
        self._stamp = stamp
        old = self._profile.tls
        if (
            tls.certificate.fingerprint == old.certificate.fingerprint
            or tls.certificate.member != old.certificate.member
        ):
            return None
        old.shown.append(tls.certificate.fingerprint)
        self._profile = replace(self._profile, tls=replace(tls, shown=old.shown))
        return self._profile
