"""Signed notes: text with lines of signatures under it (C2SP signed-note v1.0.0, Ed25519).

Rules of this module:

1.  The note is the exact bytes received. Its text is signed as it came, with its last newline and
    without the blank line; nothing is ever encoded again.
2.  One spelling: UTF-8, no control characters, base64 with padding and no spare bits, so that two
    notes with the same meaning have the same bytes.
3.  A signature is by the key that name and key id together say. Lines of keys that are not asked
    for, such as those of witnesses, are parsed and otherwise ignored.
4.  The only notes of the exchange are checkpoints, so everything wrong is CHECKPOINT_INVALID; a
    verifier key that cannot be read is CONFIG_INVALID, for it comes from our own configuration.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange_protocol.errors import Reason
from exchange_protocol.signer import Signer

MAX_NOTE_BYTES = 16 * 1024
MAX_SIGNATURES = 64
"""The specification asks for at least 16."""

_ED25519 = b"\x01"
"""Signature type byte of plain Ed25519 in key ids and verifier keys."""
_SIGNATURE_LINE = "\N{EM DASH} "
_AROUND = "\N{ZERO WIDTH NO-BREAK SPACE} \t\r\n"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    """4 bytes."""
    signature: bytes
    """A signature as the key's algorithm makes it: 64 bytes for Ed25519."""


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart; nothing in it is verified."""

    text: bytes
    """The signed text; it ends in a newline."""
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: bytes) -> SignedNote:
        """Take a note apart, strictly."""
        if len(note) > MAX_NOTE_BYTES:
            raise Reason.CHECKPOINT_INVALID.error(
                f"a note has at most {MAX_NOTE_BYTES} bytes, got {len(note)}"
            )
        try:
            decoded = note.decode("utf-8")
        except UnicodeDecodeError:
            raise Reason.CHECKPOINT_INVALID.error("a note must be UTF-8") from None
        if _CONTROL.search(decoded):
            raise Reason.CHECKPOINT_INVALID.error("a note has no control characters")
        text, blank, below = decoded.rpartition("\n\n")
        if not blank or not below.endswith("\n"):
            raise Reason.CHECKPOINT_INVALID.error(
                "a note is text, a blank line, and lines of signatures, the last with a newline"
            )
        lines = below[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Reason.CHECKPOINT_INVALID.error(
                f"a note has at most {MAX_SIGNATURES} signatures, got {len(lines)}"
            )
        return cls((text + "\n").encode(), tuple(_parse_signature(line) for line in lines))

    def encode(self) -> bytes:
        """The note with these signatures, in this order."""
        lines = "".join(
            f"{_SIGNATURE_LINE}{each.name} "
            f"{base64.b64encode(each.key_id + each.signature).decode()}\n"
            for each in self.signatures
        )
        note = self.text + b"\n" + lines.encode()
        SignedNote.parse(note)
        return note


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """An Ed25519 key that verifies notes under a name."""

    name: str
    public_key: bytes
    """Raw Ed25519 public key, 32 bytes."""

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise Reason.CONFIG_INVALID.error("a key name has no spaces and no plus sign")
        if len(self.public_key) != 32:
            raise Reason.CONFIG_INVALID.error(
                f"an Ed25519 public key has 32 bytes, got {len(self.public_key)}"
            )

    @classmethod
    def from_vkey(cls, vkey: str) -> NoteVerifier:
        """Read a verifier key: name, hexadecimal key id, base64 of type and key, joined by plus."""
        return cls(*parse_vkey(vkey, _ED25519))

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name this key in signature lines."""
        return key_id_of(self.name, _ED25519, self.public_key)

    @property
    def vkey(self) -> str:
        """The verifier key as text, to be published and pinned."""
        return encode_vkey(self.name, _ED25519, self.public_key)

    def lines(self, note: SignedNote) -> list[NoteSignature]:
        """The lines under a note that name this key; nothing is verified."""
        own = (self.name, self.key_id)
        return [line for line in note.signatures if (line.name, line.key_id) == own]

    def verify(self, note: SignedNote) -> None:
        """Verify that the note has exactly one signature by this key, and a good one.

        Raises:
            CHECKPOINT_INVALID.
        """
        own = self.lines(note)
        if len(own) != 1:
            raise Reason.CHECKPOINT_INVALID.error(
                f"expected one signature by {self.name}+{self.key_id.hex()}, got {len(own)}"
            )
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(own[0].signature, note.text)
        except (InvalidSignature, ValueError):
            raise Reason.CHECKPOINT_INVALID.error(
                f"signature by {self.name}+{self.key_id.hex()} is not good"
            ) from None


class NoteSigner:
    """An Ed25519 key that signs notes under a name."""

    def __init__(self, name: str, signer: Signer) -> None:
        """Hold the key; raises CONFIG_INVALID for one that is not Ed25519."""
        self.verifier = NoteVerifier(name, ed25519_public_bytes(signer))
        self._signer = signer

    def sign(self, text: bytes) -> bytes:
        """Sign text that ends in a newline; returns the note."""
        return SignedNote(text, (self.signature(text),)).encode()

    def signature(self, text: bytes) -> NoteSignature:
        """Sign text that ends in a newline; returns the line for a note with several."""
        if not text.endswith(b"\n"):
            raise Reason.CHECKPOINT_INVALID.error("the text of a note ends in a newline")
        verifier = self.verifier
        return NoteSignature(verifier.name, verifier.key_id, self._signer.sign(text))


def ed25519_public_bytes(signer: Signer) -> bytes:
    """The 32 bytes of a log's or a witness's public key; raises CONFIG_INVALID for another sort."""
    public_key = signer.public_key
    if not isinstance(public_key, Ed25519PublicKey):
        raise Reason.CONFIG_INVALID.error(
            f"expected an Ed25519 key to sign notes with, got {signer.algorithm.value}"
        )
    return public_key.public_bytes_raw()


def key_id_of(name: str, kind: bytes, public_key: bytes) -> bytes:
    """The 4 bytes that name a key of a signature type (one byte) in signature lines."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public_key).digest()[:4]


def encode_vkey(name: str, kind: bytes, public_key: bytes) -> str:
    """A verifier key as text: name, hexadecimal key id, base64 of type and key, joined by plus."""
    key = base64.b64encode(kind + public_key).decode()
    return f"{name}+{key_id_of(name, kind, public_key).hex()}+{key}"


def parse_vkey(vkey: str, kind: bytes) -> tuple[str, bytes]:
    """Name and 32-byte public key of a verifier key of one type; raises CONFIG_INVALID.

    A byte order mark, spaces and line ends, which editors put around a text, are taken off.
    """
    vkey = vkey.strip(_AROUND)
    parts = vkey.split("+", 2)
    if len(parts) != 3:
        raise Reason.CONFIG_INVALID.error("a verifier key is name+key id+key")
    name, _, encoded = parts
    key = decode_base64(encoded)
    if key is None or len(key) != 33 or not key.startswith(kind):
        raise Reason.CONFIG_INVALID.error(
            f"a verifier key of this type ends in base64 of 0x{kind.hex()} and 32 bytes"
        )
    if not is_key_name(name):
        raise Reason.CONFIG_INVALID.error("a key name has no spaces and no plus sign")
    if encode_vkey(name, kind, key[1:]) != vkey:
        raise Reason.CONFIG_INVALID.error(
            f"key id of this verifier key must be {key_id_of(name, kind, key[1:]).hex()}"
        )
    return name, key[1:]


def is_key_name(name: str) -> bool:
    """Tell whether this may name a key: not empty, no Unicode space, no plus, no control."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name) and not any(char < " " or char == "+" or char.isspace() for char in name)


def decode_base64(text: str) -> bytes | None:
    """Decode base64 if it is the one spelling of its bytes; None otherwise."""
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    # b64decode drops spare bits and surplus padding; two spellings of one note must not pass.
    return decoded if base64.b64encode(decoded).decode() == text else None


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_SIGNATURE_LINE).partition(" ")
    signature = decode_base64(encoded)
    if (
        not line.startswith(_SIGNATURE_LINE)
        or not is_key_name(name)
        or signature is None
        or len(signature) <= 4
    ):
        raise Reason.CHECKPOINT_INVALID.error(
            "a signature line is an em dash, key name, and base64 of key id and signature"
        )
    return NoteSignature(name, signature[:4], signature[4:])
