"""A file of the profile that is on disk only as content travels: sealed to the agency's own key.

    NAME    a line of JSON (key id, wrapped key), then the ciphertext

The name is bound to the seal, so one such file does not open in the place of another. A file sealed
to an older key opens while the profile holds that key; each writing seals to the newest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from agency_client.state.keys import Vault
from exchange_files import read_file, replace_file
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.trust.sealing import PartContext, Reader, WrappedKey, open_part, seal_part

_ROLE: Final = ReaderRole.AUTHOR.value
_STATEMENT: Final = "state"
"""No statement has such an id, so the file opens as no part of one."""


class SealedFile:
    """One sealed file."""

    def __init__(self, path: Path, vault: Vault, name: str) -> None:
        """Name a file; `name` is bound to its seal."""
        self.path = path
        self._vault = vault
        self._context = PartContext(_STATEMENT, name)

    def read(self) -> bytes | None:
        """The plaintext; None if there is no file.

        Raises:
            NotAuthenticated: KEY_UNAVAILABLE, if the profile lacks the key that it is sealed to.
            SealBroken: SEAL_BROKEN or NOT_A_READER, if the file is damaged or another's.
        """
        data = read_file(self.path)
        if data is None:
            return None
        head, _, ciphertext = data.partition(b"\n")
        try:
            fields = json.loads(head)
            key_id, enc = bytes.fromhex(fields["key_id"]), bytes.fromhex(fields["enc"])
        except (ValueError, KeyError, TypeError):
            raise Reason.SEAL_BROKEN.error(
                f"{self.path} is no sealed file of this profile"
            ) from None
        wrapped = WrappedKey(self._vault.agency, _ROLE, key_id, enc)
        return open_part(ciphertext, self._context, wrapped, self._vault.sealing_key(key_id))

    def write(self, plain: bytes, *, sync_name: bool = True) -> None:
        """Replace the file; raises KEY_UNAVAILABLE, FILE_NOT_WRITTEN."""
        key = self._vault.newest_sealing_key
        part = seal_part(plain, self._context, [Reader(self._vault.agency, _ROLE, key)])
        [wrapped] = part.wrapped
        head = json.dumps({"key_id": wrapped.key_id.hex(), "enc": wrapped.enc.hex()})
        replace_file(self.path, head.encode() + b"\n" + part.ciphertext, sync_name=sync_name)
