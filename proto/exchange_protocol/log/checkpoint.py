"""Checkpoints: the size and root of the log, signed by it (C2SP tlog-checkpoint as a signed note).

Rules of this module:

1.  The origin of a checkpoint is the name of the log's key. The specification only recommends it;
    here a key signs for one log and no other.
2.  No extension lines: monitors cannot audit them.
3.  A checkpoint is kept and shown as the exact bytes of its note. Two notes with one size and two
    roots, both good, are proof of a split view: see `merkle.verify_consistency`.
4.  `SignedCheckpoint.parse` verifies nothing. `LogVerifier.verify` verifies the log's signature and
    nothing else: whether the tree extends one seen before, and who cosigned, is left to the caller.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from exchange_protocol.errors import Reason
from exchange_protocol.log.merkle import EMPTY_ROOT, HASH_SIZE
from exchange_protocol.log.notes import (
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    SignedNote,
    decode_base64,
)
from exchange_protocol.signer import Signer

MAX_TREE_SIZE = 2**63 - 1
"""The largest signed 64-bit integer of a database."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The commitment of a log: the number of its leaves and the root over them."""

    origin: str
    size: int
    root: bytes
    """32 bytes; the root of RFC 6962 at this size."""

    def __post_init__(self) -> None:
        if not self.origin or any(char < " " for char in self.origin):
            raise Reason.CHECKPOINT_INVALID.error("an origin is one line of text")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise Reason.CHECKPOINT_INVALID.error(f"tree size is out of range: {self.size}")
        if len(self.root) != HASH_SIZE:
            raise Reason.CHECKPOINT_INVALID.error(
                f"a root hash has {HASH_SIZE} bytes, got {len(self.root)}"
            )
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Reason.CHECKPOINT_INVALID.error("size is 0 but root is not of the empty tree")

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read the text of a checkpoint's note: three lines and no extensions."""
        try:
            lines = text.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise Reason.CHECKPOINT_INVALID.error("a checkpoint must be UTF-8") from None
        if len(lines) != 4 or lines[3]:
            raise Reason.CHECKPOINT_INVALID.error(
                "a checkpoint is origin, tree size and root hash, one a line, and nothing more"
            )
        origin, size, encoded, _ = lines
        if not _SIZE.fullmatch(size):
            raise Reason.CHECKPOINT_INVALID.error("a tree size is decimal, without leading zeros")
        root = decode_base64(encoded)
        if root is None:
            raise Reason.CHECKPOINT_INVALID.error("a root hash is base64, spelled canonically")
        return cls(origin, int(size), root)

    def body(self) -> bytes:
        """The text that is signed; ends in a newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint's note taken apart; nothing in it is verified."""

    note: bytes
    """The exact bytes received: keep these as evidence."""
    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]
    """By the log, by witnesses, and by whoever else."""

    @classmethod
    def parse(cls, note: bytes) -> SignedCheckpoint:
        """Take the note of a checkpoint apart, strictly."""
        signed = SignedNote.parse(note)
        return cls(note, Checkpoint.parse(signed.text), signed.signatures)


class LogVerifier:
    """The log that an agency trusts to sign, and no other: its name and Ed25519 key, pinned."""

    def __init__(self, vkey: str) -> None:
        """Pin the log by its verifier key, `name+key id+key`; raises CONFIG_INVALID."""
        self._key = NoteVerifier.from_vkey(vkey)

    @property
    def origin(self) -> str:
        """The origin that checkpoints of this log must have."""
        return self._key.name

    @property
    def vkey(self) -> str:
        """The verifier key of the log as text."""
        return self._key.vkey

    def verify(self, note: bytes) -> Checkpoint:
        """Verify that this log signed the note; raises CHECKPOINT_INVALID.

        1. The note is well formed and within bounds.
        2. The log's key signed its text, once; lines of other keys are ignored.
        3. The text is a checkpoint of this log (the origin is the key's name).
        """
        signed = SignedNote.parse(note)
        self._key.verify(signed)
        checkpoint = Checkpoint.parse(signed.text)
        if checkpoint.origin != self.origin:
            raise Reason.CHECKPOINT_INVALID.error(
                f"expected a checkpoint of {self.origin}, got one of another origin"
            )
        return checkpoint


class LogSigner:
    """The log's own key. It signs any tree of its log: commit first, then let the note out."""

    def __init__(self, name: str, signer: Signer) -> None:
        """Hold the Ed25519 key under the name of the log; raises CONFIG_INVALID for a bad one."""
        self._signer = NoteSigner(name, signer)

    @property
    def origin(self) -> str:
        """The origin of the checkpoints that this log signs."""
        return self._signer.verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to publish and to pin."""
        return self._signer.verifier.vkey

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Sign a checkpoint of this log; returns the note."""
        if checkpoint.origin != self.origin:
            raise Reason.CHECKPOINT_INVALID.error(
                f"this key signs for {self.origin}, not for {checkpoint.origin}"
            )
        return self._signer.sign(checkpoint.body())
