"""The bundle: a zip archive of plain files, listed with their SHA-256 in a manifest.

    manifest.json                       format, version, what it is of, sha256 of every file
    account.html                        the account for people; rests on nothing but the rest
    verify.py                           a convenience copy of the script; use a trusted one
    checkpoint.note                     the signed tree head (C2SP tlog-checkpoint), exact bytes
    checkpoint.tsr                      where it was stamped: an RFC 3161 response over its SHA-256
    certificates/<sha256>.pem           every signing certificate that the log published
    certificates/<sha256>.chain.pem     its intermediates, where it has some
    policy/<sha256>.cedar               every policy that the log published
    entries/<index>/entry.bin           the log entry, exact bytes
    entries/<index>/nonce.bin           32 bytes: with the entry it gives the leaf
    entries/<index>/proof.tlog-proof    C2SP tlog-proof: index, inclusion proof, the checkpoint
    entries/<index>/payload.bin         a statement's entry: what was signed, exact bytes
    entries/<index>/pae.bin                its DSSE encoding, the very bytes under the signature
    entries/<index>/signature.der          the ECDSA signature
    entries/<index>/signature.ml-dsa-65    where its certificate has a second key: by that key
    entries/<index>/batch.txt              where it is over a batch: index, size and inclusion proof
    content/<index>/<part>/sealed       with content: the sealed bytes, as signed by digest
    content/<index>/<part>/key             the content key of this part, 32 bytes
    content/<index>/<part>/plain           what it opens to

Indexes have 19 digits, so that names sort like the log. Directory entries and those of the exchange
are alike; all directory entries up to the checkpoint are there. Reading is in `verify.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agency_client.evidence.verify import (
    FORMAT,
    MANIFEST,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    STAMP,
    VERSION,
    Archive,
    Failed,
)
from exchange_files import new_file
from exchange_protocol.errors import Reason

__all__ = [
    "ACCOUNT",
    "CHECKPOINT",
    "SCRIPT",
    "STAMP",
    "new_bundle",
    "open_bundle",
    "script",
    "tlog_proof",
]

ACCOUNT = "account.html"
SCRIPT = "verify.py"
CHECKPOINT = "checkpoint.note"

# Archives of one content are alike, and say nothing of the machine that wrote them.
_DATE = (1980, 1, 1, 0, 0, 0)


_FAULTS: Final = {
    "TOO_LARGE": Reason.TOO_LARGE,
    "PROOF_INVALID": Reason.PROOF_INVALID,
    "ENTRY_MISMATCH": Reason.ENTRY_MISMATCH,
}
"""Reasons of the script that the exchange has too; all others are a file that is no bundle."""


@contextmanager
def open_bundle(path: Path) -> Iterator[Archive]:
    """Open a bundle for reading, and turn what the script's reading refuses into our errors.

    Raises:
        InvalidInput: DOCUMENT_INVALID, for what is no bundle of this format, or not whole.
        LimitExceeded: TOO_LARGE.
        HubDishonest: PROOF_INVALID, ENTRY_MISMATCH.
    """
    try:
        with Archive(path) as archive:
            yield archive
    except Failed as failed:
        reason = _FAULTS.get(failed.reason, Reason.DOCUMENT_INVALID)
        raise reason.error(f"{failed.reason}: {failed.message}") from None


def tlog_proof(index: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Write a proof as C2SP tlog-proof: index, inclusion proof in base64, the signed checkpoint."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}"]
    lines += [base64.b64encode(each).decode() for each in proof]
    return "\n".join(lines).encode() + b"\n\n" + note


def script() -> bytes:
    """The verification script, as it is put into every bundle."""
    return Path(__file__).with_name(SCRIPT).read_bytes()


@contextmanager
def new_bundle(path: Path, files: Mapping[str, bytes], about: Mapping[str, str]) -> Iterator[Path]:
    """Write a bundle to a new file of mode 0600; it appears when the block ends well.

    Gives the path at which it is read until then.

    `about` holds the manifest's texts: exchange_id, exported_at, exported_by, software.

    Raises:
        LimitExceeded: TOO_LARGE, for more than a verifier reads.
        StorageFailed: FILE_NOT_WRITTEN; nothing is written over.
    """
    total = sum(len(data) for data in files.values())
    if total > MAX_TOTAL_BYTES or len(files) >= MAX_FILES:
        raise Reason.TOO_LARGE.error(
            f"expected at most {MAX_TOTAL_BYTES} bytes in {MAX_FILES} files, "
            f"got {total} in {len(files)}"
        )
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        **about,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
    with new_file(path) as draft:
        with zipfile.ZipFile(draft.file, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as archive:
            for name, data in [(MANIFEST, text), *sorted(files.items())]:
                archive.writestr(_member(name), data)
        draft.sync()
        yield draft.path


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member
