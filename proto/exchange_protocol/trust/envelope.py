"""DSSE signatures over the exact bytes of a statement.

Rules of this module:

- What is signed is the pre-authentication encoding (PAE) of the payload's type and the payload's
  bytes as they were made or received. Nothing here encodes, decodes or normalises a payload.
- The algorithm follows from the key (P-256: ECDSA with SHA-256; P-384: ECDSA with SHA-384), never
  from the message, so a message cannot choose a weaker one.
- An ECDSA signature is not unique: who holds (r, s) can make (r, n - s). Identify a statement by
  the digest of its payload, never by a signature.
- A batch signature is one signature over the root of an RFC 6962 tree, whose leaves are the
  encodings of many statements. Each statement carries its path to the root and is verified by
  itself. The batch has a payload type of its own: it can never be taken for a statement, nor a
  statement for a batch.
- A certificate with a second key, of ML-DSA-65, takes two signatures over the same bytes. Neither
  counts without the other: whoever strips one, or adds one that no key is known for, is refused.
- Assumed verified: that the public key is the signer's, and that the signer may sign
  (`certificates`).

Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import (
    CompactRange,
    hash_leaf,
    inclusion_proofs,
    root_from_inclusion_proof,
)
from exchange_protocol.signer import SignatureAlgorithm, Signer

PAYLOAD_TYPE: Final = "application/vnd.caricc.exchange.statement.v1+protobuf"
"""The payload type of a signed statement."""
BATCH_TYPE: Final = "application/vnd.caricc.exchange.batch.v1"
"""The payload type of what is signed in the stead of a batch's statements."""
MAX_BATCH: Final = 4096
"""Statements under one signature."""
_REMEMBERED: Final = 64
"""Batch signatures that were verified lately."""

_ALGORITHMS: Final = {
    "secp256r1": ec.ECDSA(hashes.SHA256()),
    "secp384r1": ec.ECDSA(hashes.SHA384()),
}
_FOR_STATEMENTS: Final = frozenset(
    {SignatureAlgorithm.ECDSA_P256_SHA256, SignatureAlgorithm.ECDSA_P384_SHA384}
)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Encode type and payload unambiguously: `DSSEv1 LEN(type) type LEN(payload) payload`."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(signer: Signer, payload_type: str, payload: bytes) -> bytes:
    """Sign a payload; returns the DER encoding of the ECDSA signature.

    Raises CERTIFICATE_INVALID for a key that is neither P-256 nor P-384.
    """
    if signer.algorithm not in _FOR_STATEMENTS:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected a key on P-256 or P-384; got {signer.algorithm.value}"
        )
    return signer.sign(pae(payload_type, payload))


def verify(
    public_key: ec.EllipticCurvePublicKey, payload_type: str, payload: bytes, signature: bytes
) -> None:
    """Verify a signature over exact bytes.

    Raises SIGNATURE_INVALID, or CERTIFICATE_INVALID for a key that is neither P-256 nor P-384.
    """
    algorithm = _algorithm(public_key.curve)
    try:
        public_key.verify(signature, pae(payload_type, payload), algorithm)
    except InvalidSignature:
        raise Reason.SIGNATURE_INVALID.error(
            f"the signature does not match the {len(payload)}-byte payload and the signer's key"
        ) from None


@dataclass(frozen=True, slots=True)
class BatchInclusion:
    """Leads from one statement of a batch to the root that was signed."""

    index: int
    size: int
    """Statements in the batch, 2 to `MAX_BATCH`."""
    path: tuple[bytes, ...]
    """inclusion proof (RFC 9162), 32 bytes each."""


def sign_batch(
    signer: Signer, payload_type: str, payloads: Sequence[bytes]
) -> tuple[bytes, list[BatchInclusion]]:
    """Sign many payloads of one type at once; gives the signature, and the path of each payload."""
    size = len(payloads)
    if not 2 <= size <= MAX_BATCH:
        raise Reason.TOO_MANY.error(f"expected a batch of 2 to {MAX_BATCH} statements, got {size}")
    leaves = [hash_leaf(pae(payload_type, payload)) for payload in payloads]
    growth = CompactRange().append_many(leaves)
    signature = sign(signer, BATCH_TYPE, _batch_payload(size, growth.after.root()))
    paths = inclusion_proofs(range(size), size, growth.read)
    return signature, [BatchInclusion(i, size, tuple(path)) for i, path in enumerate(paths)]


def verify_in_batch(
    signer: SignerKey, payload_type: str, payload: bytes, signature: bytes, batch: BatchInclusion
) -> None:
    """Verify the signature over a batch that holds a payload.

    The signature of one batch is verified once, however many of its statements come.

    Raises SIGNATURE_INVALID, also for a path that cannot be of such a batch.
    """
    root = _root(payload_type, payload, batch)
    try:
        _verify_root(signer, _batch_payload(batch.size, root), signature)
    except ExchangeError as error:
        if error.reason is not Reason.SIGNATURE_INVALID:
            raise
        raise Reason.SIGNATURE_INVALID.error(
            f"expected a signature over the root {root.hex()}, to which the path of statement "
            f"{batch.index} of {batch.size} leads; it is over something else, or by another key"
        ) from None


def sign_second(
    signer: Signer, payload_type: str, payload: bytes, batch: BatchInclusion | None = None
) -> bytes:
    """Sign by the second key of a certificate: a payload, or the batch that holds it.

    Raises CERTIFICATE_INVALID for a key that is not of ML-DSA-65.
    """
    if signer.algorithm is not SignatureAlgorithm.ML_DSA_65:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected a second key of ML-DSA-65; got {signer.algorithm.value}"
        )
    return signer.sign(pae(*_signed(payload_type, payload, batch)))


def verify_second(
    signer: SignerKey,
    payload_type: str,
    payload: bytes,
    signature: bytes,
    batch: BatchInclusion | None = None,
) -> None:
    """Verify the signature by the second key, which must be there if the certificate has that key.

    Raises SIGNATURE_MISSING, or SIGNATURE_INVALID, also for a signature without such a key.
    """
    key = signer.second_key
    if key is None:
        if signature:
            raise Reason.SIGNATURE_INVALID.error(
                "expected no post-quantum signature: the certificate holds no key for one"
            )
        return
    if not signature:
        raise Reason.SIGNATURE_MISSING.error(
            "expected two signatures, since the certificate holds two keys; the post-quantum one "
            "is missing"
        )
    signed_type, signed = _signed(payload_type, payload, batch)
    # A signature over a batch comes again with each of its statements.
    check = _verify_post_quantum if batch is None else _verify_post_quantum_once
    if not check(signer, signed_type, signed, signature):
        raise Reason.SIGNATURE_INVALID.error(
            f"the post-quantum signature does not match the {len(payload)}-byte payload and the "
            "signer's second key"
        )


def _verify_post_quantum(
    signer: SignerKey, signed_type: str, signed: bytes, signature: bytes
) -> bool:
    if signer.second_key is None:
        return False
    try:
        signer.second_key.verify(signature, pae(signed_type, signed))
    except InvalidSignature:
        return False
    return True


_verify_post_quantum_once = lru_cache(maxsize=_REMEMBERED)(_verify_post_quantum)


def _signed(payload_type: str, payload: bytes, batch: BatchInclusion | None) -> tuple[str, bytes]:
    """Type and payload of what is signed: a statement, or the batch that holds it."""
    if batch is None:
        return payload_type, payload
    return BATCH_TYPE, _batch_payload(batch.size, _root(payload_type, payload, batch))


def _root(payload_type: str, payload: bytes, batch: BatchInclusion) -> bytes:
    """The root to which a path leads; raises SIGNATURE_INVALID for what is no such path."""
    try:
        if not 2 <= batch.size <= MAX_BATCH:
            raise Reason.SIGNATURE_INVALID.error(
                f"expected a batch of 2 to {MAX_BATCH} statements, got {batch.size}"
            )
        leaf = hash_leaf(pae(payload_type, payload))
        return root_from_inclusion_proof(leaf, batch.index, batch.size, batch.path)
    except ExchangeError as error:
        raise Reason.SIGNATURE_INVALID.error(
            f"the path does not lead to a batch that was signed: {error.message}"
        ) from None


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The keys of a certificate, told apart by its SHA-256."""

    fingerprint: bytes
    public_key: ec.EllipticCurvePublicKey = field(compare=False)
    second_key: MLDSA65PublicKey | None = field(default=None, compare=False)


@lru_cache(maxsize=_REMEMBERED)
def _verify_root(signer: SignerKey, payload: bytes, signature: bytes) -> None:
    # Only a good signature is remembered; one that raises is verified again.
    verify(signer.public_key, BATCH_TYPE, payload, signature)


def _batch_payload(size: int, root: bytes) -> bytes:
    return size.to_bytes(8, "big") + root


def _algorithm(curve: ec.EllipticCurve) -> ec.ECDSA:
    try:
        return _ALGORITHMS[curve.name]
    except KeyError:
        raise Reason.CERTIFICATE_INVALID.error(
            f"expected a key on P-256 or P-384; got {curve.name}"
        ) from None
