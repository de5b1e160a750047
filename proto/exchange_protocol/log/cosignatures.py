"""Cosignatures: witnesses' word that a checkpoint extends all that they saw of the log before.

C2SP tlog-cosignature, version 1, with Ed25519. A witness signs the text of a checkpoint with the
time; its signature is one more line under the note, of signature type 0x04:

    message     "cosignature/v1\\ntime " || seconds since 1970, decimal || "\\n" || text of the note
    signature   seconds as 8 bytes, big-endian || Ed25519 signature over the message (64 bytes)
    key id      SHA-256(name || "\\n" || 0x04 || public key)[:4]

Rules of this module:

1.  An agency names its witnesses by their verifier keys, and how many of them must have cosigned
    (`WitnessPolicy`). Lines of other keys say nothing. A line of a named witness that is not good
    spoils the note: whoever showed it made it up.
2.  No two witnesses of a policy share a name or a key, or one would count for two.
3.  Assumed verified: the log's own signature (`LogVerifier`). Left to the caller: whether the
    checkpoint is new enough, and whether a time is in the future. Before a signature by
    `WitnessSigner` leaves, its caller must have verified that the checkpoint extends the last one
    that it cosigned, and kept it on disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.notes import (
    NoteSignature,
    SignedNote,
    ed25519_public_bytes,
    encode_vkey,
    is_key_name,
    key_id_of,
    parse_vkey,
)
from exchange_protocol.signer import Signer

_COSIGNATURE = b"\x04"
"""Signature type byte of timestamped Ed25519 cosignatures."""
_TIME_BYTES = 8
_SIGNATURE_BYTES = _TIME_BYTES + 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SECONDS = int((datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH).total_seconds())
"""The specification allows up to 2**63 - 1; no witness's clock stands there."""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: at that time the witness had seen no larger tree, and no other."""

    witness: str
    """Name of the witness's key."""
    at: datetime
    """Time by the witness's clock, to the second."""
    line: NoteSignature
    """The signature line, to be passed on."""


@dataclass(frozen=True, slots=True)
class WitnessVerifier:
    """A witness: the name and Ed25519 key that its cosignatures must be of."""

    name: str
    public_key: bytes
    """Raw Ed25519 public key, 32 bytes."""

    @classmethod
    def from_vkey(cls, vkey: str) -> WitnessVerifier:
        """Read a witness's verifier key, of signature type 0x04; raises CONFIG_INVALID."""
        return cls(*parse_vkey(vkey, _COSIGNATURE))

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name this key in signature lines."""
        return key_id_of(self.name, _COSIGNATURE, self.public_key)

    @property
    def vkey(self) -> str:
        """The verifier key as text, to be published and pinned."""
        return encode_vkey(self.name, _COSIGNATURE, self.public_key)

    def find(self, note: SignedNote) -> Cosignature | None:
        """This witness's cosignature of a note, verified; None where it gave none.

        Raises CHECKPOINT_INVALID where there are several, or one that is not good.
        """
        own = [s for s in note.signatures if (s.name, s.key_id) == (self.name, self.key_id)]
        if not own:
            return None
        if len(own) > 1:
            raise Reason.CHECKPOINT_INVALID.error(
                f"expected one cosignature by {self.name}, got {len(own)}"
            )
        raw = own[0].signature
        seconds = int.from_bytes(raw[:_TIME_BYTES], "big")
        if len(raw) != _SIGNATURE_BYTES or not 0 < seconds <= _MAX_SECONDS:
            raise Reason.CHECKPOINT_INVALID.error(
                f"expected a time and 64 bytes as the cosignature by {self.name}"
            )
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(raw[_TIME_BYTES:], _message(note.text, seconds))
        except (InvalidSignature, ValueError):
            raise Reason.CHECKPOINT_INVALID.error(
                f"cosignature by {self.name} is not good"
            ) from None
        return Cosignature(self.name, _EPOCH + timedelta(seconds=seconds), own[0])


class WitnessSigner:
    """A witness's key, under its name."""

    def __init__(self, name: str, signer: Signer) -> None:
        """Hold the Ed25519 key; raises CONFIG_INVALID for a bad name or another sort of key."""
        if not is_key_name(name):
            raise Reason.CONFIG_INVALID.error("a key name has no spaces and no plus sign")
        self.verifier = WitnessVerifier(name, ed25519_public_bytes(signer))
        self._signer = signer

    def cosign(self, text: bytes, at: datetime) -> NoteSignature:
        """Cosign the text of a checkpoint's note; see the module's third rule."""
        seconds = int((at - _EPOCH).total_seconds())
        if not 0 < seconds <= _MAX_SECONDS:
            raise Reason.CHECKPOINT_INVALID.error(f"no time of a cosignature: {at.isoformat()}")
        signature = self._signer.sign(_message(text, seconds))
        verifier = self.verifier
        timestamped = seconds.to_bytes(_TIME_BYTES, "big") + signature
        return NoteSignature(verifier.name, verifier.key_id, timestamped)


class WitnessPolicy:
    """The number of witnesses, and which ones, that must have cosigned a checkpoint."""

    def __init__(self, required: int, vkeys: Iterable[str]) -> None:
        """Name the witnesses by their verifier keys; raises CONFIG_INVALID."""
        self.witnesses = tuple(WitnessVerifier.from_vkey(vkey) for vkey in vkeys)
        self.required = required
        names = {each.name for each in self.witnesses}
        keys = {each.public_key for each in self.witnesses}
        if not len(self.witnesses) == len(names) == len(keys):
            raise Reason.CONFIG_INVALID.error(
                "expected witnesses of different names and different keys"
            )
        if not 1 <= required <= len(self.witnesses):
            raise Reason.CONFIG_INVALID.error(
                f"expected 1 to {len(self.witnesses)} required witnesses, got {required}"
            )

    def cosignatures(self, note: bytes) -> tuple[Cosignature, ...]:
        """The verified cosignatures of the named witnesses; raises CHECKPOINT_INVALID."""
        signed = SignedNote.parse(note)
        found = (each.find(signed) for each in self.witnesses)
        return tuple(each for each in found if each is not None)

    def verify(self, note: bytes) -> tuple[Cosignature, ...]:
        """Verify that enough witnesses cosigned; raises NOT_WITNESSED or CHECKPOINT_INVALID."""
        found = self.cosignatures(note)
        if len(found) < self.required:
            raise Reason.NOT_WITNESSED.error(
                f"expected cosignatures of {self.required} of {len(self.witnesses)} witnesses, "
                f"got {len(found)}"
            )
        return found

    def is_witnessed(self, note: bytes) -> bool:
        """True if enough witnesses cosigned the note, and no line of theirs is false."""
        try:
            self.verify(note)
        except ExchangeError:
            return False
        return True


def _message(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text
