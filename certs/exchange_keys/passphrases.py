"""Passphrases: from a file of their owner alone, or from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exchange_keys.guarded import read_secret
from exchange_protocol.errors import Reason

MIN_PASSPHRASE_BYTES: Final = 12
"""OpenSSL's PKCS #8 stretches a passphrase little (PBKDF2, 2048 rounds), so its length counts."""
MAX_PASSPHRASE_BYTES: Final = 1023
"""OpenSSL takes no longer one."""


def read_passphrase(
    file: Path | None, variable: str, environment: Mapping[str, str] | None = None
) -> bytes:
    """Take a passphrase from a file, or from the environment where none is named.

    It is the first line of either: a secret that a program puts into a variable ends its line too.

    Raises KEY_UNAVAILABLE where neither gives one of a length that is taken.
    """
    if file is not None:
        said = read_secret(file)
    else:
        given = (os.environ if environment is None else environment).get(variable, "")
        # As it is typed: in a terminal of another encoding the variable has other bytes.
        said = given.encode("utf-8", "surrogateescape")
        if not said:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected a passphrase in ${variable}, or a file that holds it; got neither"
            )
    passphrase = said.partition(b"\n")[0].rstrip(b"\r")
    verify_passphrase(
        passphrase, f" in the first line of {f'${variable}' if file is None else file}"
    )
    return passphrase


def verify_passphrase(passphrase: bytes, where: str = "") -> None:
    """Verify that a passphrase protects a key, and can; raises KEY_UNAVAILABLE."""
    for is_right, bound in (
        (len(passphrase) >= MIN_PASSPHRASE_BYTES, f"at least {MIN_PASSPHRASE_BYTES}"),
        (len(passphrase) <= MAX_PASSPHRASE_BYTES, f"at most {MAX_PASSPHRASE_BYTES}"),
    ):
        if not is_right:
            raise Reason.KEY_UNAVAILABLE.error(
                f"expected a passphrase of {bound} bytes{where}; got {len(passphrase)}"
            )
