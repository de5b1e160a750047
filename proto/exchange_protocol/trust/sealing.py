"""Content parts, sealed to several readers.

    content key   32 random bytes, one per part, wrapped to each reader by HPKE (RFC 9180) with the
                  hybrid KEM MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM
    ciphertext    32-byte key commitment || chunk 0 || chunk 1 || ... || last chunk

Rules of this module:

- A wrapped key opens for one statement, part, agency, key and role: all of them are in HPKE's
  `info`. Moved anywhere else it opens nothing.
- The part is encrypted in 64 KiB chunks by the STREAM construction (Hoang, Reyhanitabar, Rogaway,
  Vizar 2015): the nonce holds the chunk's number and whether it is the last. Chunks that were
  dropped, swapped, repeated or added do not open, and nothing is returned unless every chunk opens.
- All readers get the same plaintext. AES-GCM alone does not bind a ciphertext to one key: a sender
  could make one ciphertext that opens to different texts for the approver and for the recipient
  (Albertini et al., USENIX Security 2022). The commitment, which each reader compares, rules that
  out.
- A seal says nothing about who sealed. That comes from the statement's signature over the part's
  digest, which the caller verifies first, as it does the signature on each reader's public key.
- No private key is here: a `Decapsulator` opens what is wrapped to one.
- Errors never tell why a seal did not open; content keys never appear in a `repr`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.identity import AgencyId


class SealingSuite(IntEnum):
    """The algorithms of a seal; every part names its suite."""

    MLKEM768_X25519_AES256GCM = 1
    """HPKE of MLKEM768-X25519, HKDF-SHA256, AES-256-GCM; content in committed AES-GCM STREAM."""


SEALING_SUITE: Final = SealingSuite.MLKEM768_X25519_AES256GCM
"""The suite that this version seals with, and the only one that it opens."""

HPKE_SUITE: Final = hpke.Suite(
    hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM
)
"""The wrapping of content keys: HPKE (RFC 9180) in base mode."""

CHUNK_SIZE: Final = 64 * 1024
"""Plaintext bytes of every chunk but the last."""

PUBLIC_KEY_SIZE: Final = 1184 + 32
WRAPPED_KEY_SIZE: Final = 1120 + 32 + 16
"""Encapsulated key, then the encrypted content key with its tag."""

_COMMITMENT_SIZE: Final = 32
_TAG_SIZE: Final = 16
_SEALED_CHUNK_SIZE: Final = CHUNK_SIZE + _TAG_SIZE
_MLKEM_PUBLIC: Final = 1184


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """A reader's public key: a 1184-byte ML-KEM-768 key, then a 32-byte X25519 key."""

    raw: bytes = field(repr=False)
    key_id: bytes
    """SHA-256 of the raw key, 32 bytes."""
    _hpke: hpke.MLKEM768X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse 1216 bytes; raises INVALID_FIELD for another length or a malformed key."""
        if len(raw) != PUBLIC_KEY_SIZE:
            raise Reason.INVALID_FIELD.error(
                f"expected a sealing public key of {PUBLIC_KEY_SIZE} bytes; got {len(raw)}"
            )
        try:
            key = hpke.MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
                x25519.X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
            )
        except ValueError:
            raise Reason.INVALID_FIELD.error(
                "expected a well-formed ML-KEM-768 key followed by an X25519 key"
            ) from None
        return cls(raw, hashlib.sha256(raw).digest(), key)

    def to_bytes(self) -> bytes:
        """The 1216 bytes that `from_bytes` reads."""
        return self.raw


class Decapsulator(Protocol):
    """A reader's private key, held somewhere, that opens content keys. Safe between threads.

    It may be a file's key in memory (`exchange_keys`), or a device that lets no key out.
    """

    @property
    def public_key(self) -> SealingPublicKey:
        """The key that others seal to; its `key_id` names this one."""
        ...

    def open(self, enc: bytes, info: bytes) -> bytes:
        """Open what HPKE sealed in base mode by `HPKE_SUITE` for this `info`, without more data.

        `enc` is the encapsulated key, then the ciphertext with its tag. Raises InvalidTag or
        ValueError where it does not open, and never tells why. Raises KEY_UNAVAILABLE where the key
        is out of reach.
        """
        ...


@dataclass(frozen=True, slots=True)
class PartContext:
    """The statement and the part of it that a seal belongs to."""

    statement_id: str
    part_name: str


@dataclass(frozen=True, slots=True)
class Reader:
    """An agency that may open a part, in which role, and the key that it published."""

    agency: AgencyId
    role: str
    key: SealingPublicKey


class WrappedKey(NamedTuple):
    """A part's content key, wrapped to one reader."""

    agency: AgencyId
    role: str
    key_id: bytes
    """The reader's key that it is wrapped to: `SealingPublicKey.key_id`."""
    enc: bytes = field(repr=False)
    """`WRAPPED_KEY_SIZE` bytes."""


@dataclass(frozen=True, slots=True)
class SealedPart:
    """A sealed part; the ciphertext travels beside the statement, the wrapped keys inside it."""

    ciphertext: bytes = field(repr=False)
    wrapped: tuple[WrappedKey, ...]


def seal_part(
    plaintext: bytes | bytearray | memoryview, context: PartContext, readers: Sequence[Reader]
) -> SealedPart:
    """Encrypt a part under a fresh content key, and wrap that key to every reader.

    Raises READERS_MISMATCH without a reader, DUPLICATE_WRAPPED_KEY where an agency appears twice
    in one role, INVALID_FIELD for a reader's key that no key can be agreed with.
    """
    _check_readers(readers)
    content_key = secrets.token_bytes(32)
    wrapped = tuple(_wrap(content_key, context, reader) for reader in readers)
    chunk_key, commitment = _derive(content_key, context)
    aead = AESGCM(chunk_key)
    pieces = [commitment]
    pieces.extend(
        aead.encrypt(nonce, chunk, None)
        for nonce, chunk in _chunks(memoryview(plaintext).cast("B"), CHUNK_SIZE)
    )
    return SealedPart(b"".join(pieces), wrapped)


def unwrap_content_key(
    context: PartContext, wrapped: WrappedKey, decapsulator: Decapsulator
) -> bytes:
    """Open the 32-byte content key of a part: who discloses it discloses this part and no other.

    Raises NOT_A_READER or SEAL_BROKEN. That a ciphertext commits to the key is left to the caller:
    `open_disclosed`.
    """
    _check_reader(wrapped, decapsulator)
    info = _info(context, wrapped.agency, wrapped.key_id, wrapped.role)
    try:
        if len(wrapped.enc) != WRAPPED_KEY_SIZE:
            raise InvalidTag
        return decapsulator.open(wrapped.enc, info)
    except (InvalidTag, ValueError):
        raise _broken(context) from None


def open_disclosed(
    ciphertext: bytes | bytearray | memoryview, context: PartContext, content_key: bytes
) -> bytes:
    """Decrypt a part with its content key, which the ciphertext commits to; raises SEAL_BROKEN."""
    sealed = memoryview(ciphertext).cast("B")
    try:
        # The sizes are checked first: AES-GCM is told of nothing that cannot be a seal.
        if not _is_sealed_size(len(sealed)):
            raise InvalidTag
        chunk_key, commitment = _derive(content_key, context)
        if not hmac.compare_digest(commitment, sealed[:_COMMITMENT_SIZE]):
            raise InvalidTag
        aead = AESGCM(chunk_key)
        chunks = _chunks(sealed[_COMMITMENT_SIZE:], _SEALED_CHUNK_SIZE)
        return b"".join([aead.decrypt(nonce, chunk, None) for nonce, chunk in chunks])
    except (InvalidTag, ValueError):
        raise _broken(context) from None


def open_part(
    ciphertext: bytes | bytearray | memoryview,
    context: PartContext,
    wrapped: WrappedKey,
    decapsulator: Decapsulator,
) -> bytes:
    """Decrypt a part with the key that was wrapped to this reader.

    1. The key is wrapped to this reader's; else NOT_A_READER.
    2. HPKE opens the content key for this statement, part, agency, key and role.
    3. The content key is the one that the ciphertext commits to.
    4. Every chunk opens in its place, and the last one is marked as the last.

    Raises SEAL_BROKEN from step 2 on. The caller checks that ciphertext and wrapped key are those
    that the author signed.
    """
    return open_disclosed(ciphertext, context, unwrap_content_key(context, wrapped, decapsulator))


def _check_reader(wrapped: WrappedKey, decapsulator: Decapsulator) -> None:
    key_id = decapsulator.public_key.key_id
    if wrapped.key_id != key_id:
        raise Reason.NOT_A_READER.error(
            f"the part is sealed to key {wrapped.key_id.hex()[:16]}, not to key {key_id.hex()[:16]}"
        )


def sealed_size(plaintext_size: int) -> int:
    """Bytes of ciphertext that a part of this size becomes."""
    chunks = max(1, -(-plaintext_size // CHUNK_SIZE))
    return _COMMITMENT_SIZE + plaintext_size + chunks * _TAG_SIZE


def _chunks(data: memoryview, size: int) -> Iterator[tuple[bytes, memoryview]]:
    """Split into chunks with their nonces: 11-byte big-endian number, then 1 for the last or 0."""
    last = max(0, (len(data) - 1) // size)
    for number in range(last + 1):
        nonce = number.to_bytes(11, "big") + (b"\x01" if number == last else b"\x00")
        yield nonce, data[number * size : (number + 1) * size]


def _is_sealed_size(size: int) -> bool:
    # A last chunk without plaintext is allowed only for an empty part, so that one plaintext has
    # one number of chunks.
    body = size - _COMMITMENT_SIZE
    rest = body % _SEALED_CHUNK_SIZE
    return body == _TAG_SIZE or (body > _TAG_SIZE and (rest == 0 or rest > _TAG_SIZE))


def _wrap(content_key: bytes, context: PartContext, reader: Reader) -> WrappedKey:
    info = _info(context, reader.agency, reader.key.key_id, reader.role)
    try:
        enc = HPKE_SUITE.encrypt(content_key, reader.key._hpke, info=info)
    except ValueError:
        # A low-order X25519 point: the "shared" secret would be known to all.
        raise Reason.INVALID_FIELD.error(
            f"no key can be agreed with the sealing key of {reader.agency}"
        ) from None
    return WrappedKey(reader.agency, reader.role, reader.key.key_id, enc)


def _derive(content_key: bytes, context: PartContext) -> tuple[bytes, bytes]:
    """The key of the chunks, and the commitment to it that every reader compares."""
    info = _joined(b"caricc-exchange/content/v1", *_labels(context))
    okm = HKDF(hashes.SHA256(), 32 + _COMMITMENT_SIZE, salt=None, info=info).derive(content_key)
    return okm[:32], okm[32:]


def _info(context: PartContext, agency: str, key_id: bytes, role: str) -> bytes:
    labels = (*_labels(context), agency.encode(), key_id, role.encode())
    return _joined(b"caricc-exchange/seal/v1", *labels)


def _labels(context: PartContext) -> tuple[bytes, bytes, bytes]:
    suite = SEALING_SUITE.to_bytes(2, "big")
    return suite, context.statement_id.encode(), context.part_name.encode()


def _joined(*labels: bytes) -> bytes:
    """Each label after its length in 4 bytes, so that no two lists of labels look alike."""
    return b"".join(len(label).to_bytes(4, "big") + label for label in labels)


def _check_readers(readers: Sequence[Reader]) -> None:
    if not readers:
        raise Reason.READERS_MISMATCH.error("expected at least one reader; got none")
    seen: set[tuple[AgencyId, str]] = set()
    for reader in readers:
        if (reader.agency, reader.role) in seen:
            raise Reason.DUPLICATE_WRAPPED_KEY.error(
                f"expected each reader once; {reader.agency} appears twice as {reader.role}"
            )
        seen.add((reader.agency, reader.role))


def _broken(context: PartContext) -> ExchangeError:
    return Reason.SEAL_BROKEN.error(
        f"the part {context.part_name!r} of statement {context.statement_id} does not open: "
        "it was altered, or its key belongs to another part or reader"
    )
