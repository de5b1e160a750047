"""The newest revocation lists that this hub has had in force, kept in its own state over restarts.

A hub that runs refuses a list older than the one it holds. Without a memory it would take that list
after a restart, and a stolen key would work again. So:

- The lists themselves are kept, as the authority signed them: a hub that finds an older list, or
  a broken one, goes on with what it held, exactly as if it had never stopped.
- They stand in a file (`crl_held` of [tls]) and not in the database: one that is brought back
  from a backup is older than the list in force, and must not bring the old list back with it.
- A new list is on the disk here before it is in force. Workers of one machine share the file; the
  folder's lock lets none of them put an older list over a newer one.
- A log that has entries and no held lists has lost them. The hub does not start then: an operator
  brings the authority's newest list with `exchange-server revocations`, which holds it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from exchange_files import PUBLIC, locked_folder, read_file, read_given, replace_file
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Revocations, TrustAnchors

REMEDY: Final = (
    "Get the newest list from the authority, then run `exchange-server revocations LIST.pem "
    "--config FILE` with the hub's configuration"
)

LIFTED_TODO: Final = (
    "ask the authority whether it meant to: one that is brought back from an old backup forgets "
    "revocations, and has to revoke those certificates again"
)


class HeldLists:
    """The file with the lists in force."""

    def __init__(self, path: Path, anchors: TrustAnchors) -> None:
        """Take its place; nothing is read yet."""
        self.path = path
        self._anchors = anchors

    def read(self) -> Revocations | None:
        """The lists held, None where the file is not there.

        Raises CERTIFICATE_INVALID or CERTIFICATE_UNTRUSTED, with the remedy, for a damaged file.
        """
        pem = self._bytes()
        return None if pem is None else self._parsed(pem)

    def keep(self, pem: bytes, lists: Revocations) -> None:
        """Hold these lists from now on.

        Raises:
            NotAuthenticated: CERTIFICATE_INVALID, if the lists held by now are newer.
            StorageFailed: FILE_NOT_WRITTEN.
        """
        with locked_folder(self.path.parent):
            held = self._bytes()
            if held == pem:
                return
            if held is not None:
                verify_newer(lists, self._parsed(held))
            replace_file(self.path, pem, mode=PUBLIC)

    def begin(self, file: Path) -> Revocations | None:
        """Hold the lists of a file if none are held yet; gives them in this case.

        Raises CERTIFICATE_INVALID or CERTIFICATE_UNTRUSTED for a file that is not good.
        """
        if self._bytes() is not None:
            return None
        try:
            pem = read_given(file)
        except OSError as error:
            raise unreadable(file, error) from None
        lists = Revocations.from_pem(pem, self._anchors)
        self.keep(pem, lists)
        return lists

    def verify_there(self) -> None:
        """Verify that lists are held, for a log that has entries; raises CONFIG_INVALID."""
        if self._bytes() is None:
            raise Reason.CONFIG_INVALID.error(
                f"expected {self.path}, the revocation list that this hub held: it is gone, and an "
                f"older list would lift revocations. {REMEDY}",
                field="tls.crl_held",
            )

    def _bytes(self) -> bytes | None:
        try:
            return read_file(self.path)
        except OSError as error:
            raise unreadable(self.path, error) from None

    def _parsed(self, pem: bytes) -> Revocations:
        try:
            return Revocations.from_pem(pem, self._anchors)
        except ExchangeError as error:
            raise error.reason.error(
                f"the revocation list that this hub held, {self.path}, is not good: "
                f"{error.message}. If the root is a new one or the file is damaged, move the file "
                f"away. {REMEDY}"
            ) from None


def told(lists: Revocations) -> str:
    """The lists in words: number and time of each."""
    return ", ".join(
        f"{'without a number' if each.number is None else f'number {each.number}'} of "
        f"{each.this_update:%Y-%m-%d %H:%M} UTC"
        for each in lists.lists.values()
    )


def fingerprint(lists: Revocations) -> int:
    """The lists as a number of 53 bits, which a figure of the metrics keeps exactly.

    By it the operator's command knows the lists that it has put in place: none of their times says
    so where an authority beside it has published later.
    """
    digest = hashlib.sha256()
    for issuer, each in sorted(lists.lists.items()):
        digest.update(issuer + hashlib.sha256(each.der).digest())
    return int.from_bytes(digest.digest()[:8]) >> 11


def lifted(new: Revocations, before: Revocations) -> int:
    """Count the certificates that the lists before revoked and these revoke no more."""
    return sum(
        len(each.revoked.keys() - new.lists[issuer].revoked.keys())
        for issuer, each in before.lists.items()
        if issuer in new.lists
    )


def unreadable(path: Path, error: OSError) -> ExchangeError:
    """The refusal of a list that cannot be read."""
    return Reason.CERTIFICATE_INVALID.error(f"cannot read {path}: {error.strerror}")


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
        lifted = present.revoked.keys() - found.revoked.keys()
        # Lists count time in seconds; of two of one second the one that revokes more is newer.
        if lifted and found.this_update == present.this_update:
            raise Reason.CERTIFICATE_INVALID.error(
                "expected a list of the same second to revoke no less than the one held"
            )
        # An authority that is brought back from a backup counts again from an earlier number.
        if lifted and found.number is not None and found.number == present.number:
            raise Reason.CERTIFICATE_INVALID.error(
                f"expected a list of number {present.number} to revoke no less than the one held "
                "of that number: the authority has lost revocations, as one that is brought back "
                "from an old backup. Let it revoke those certificates again"
            )
