"""Signed statements: exact payloads with their signatures, from the wire and to it.

Nothing is verified here, and the payload is never parsed or made again: `wire` parses it, and
`trust.envelope` verifies the signatures over these very bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.fields import parse_digest
from exchange_protocol.rules.statements import check_payload_size
from exchange_protocol.trust.envelope import MAX_BATCH, BatchInclusion
from exchange_protocol.v1 import statement_pb2 as pb

POST_QUANTUM_BYTES = 3309
"""Length of an ML-DSA-65 signature (FIPS 204)."""


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """Exact bytes of a statement with its signatures; nothing is verified yet."""

    payload_type: str
    payload: bytes
    certificate_sha256: bytes
    signature: bytes
    batch: BatchInclusion | None = None
    """The statement's place in its batch, if the signatures are over a batch."""
    post_quantum_signature: bytes = b""
    """A signature by the second key of the certificate, over the same bytes; empty without one."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the payload."""
        return hashlib.sha256(self.payload).digest()

    @property
    def signature_digest(self) -> bytes:
        """SHA-256 of the plain encoding of the `Signature` message."""
        message = pb.Signature()
        _fill_signature(message, self)
        return hashlib.sha256(message.SerializeToString(deterministic=True)).digest()


def parse_signed_statement(message: pb.SignedStatement) -> SignedStatement:
    """Take a signed statement from the wire."""
    if len(message.signatures) != 1:
        raise Reason.INVALID_FIELD.error(
            f"expected exactly one signature, got {len(message.signatures)}",
            field="statement.signatures",
        )
    check_payload_size(message.payload)
    signature = message.signatures[0]
    return SignedStatement(
        payload_type=message.payload_type,
        payload=message.payload,
        certificate_sha256=parse_digest(
            signature.certificate_sha256, "statement.signatures[0].certificate_sha256"
        ),
        signature=signature.signature,
        batch=parse_batch_inclusion(signature.batch) if signature.HasField("batch") else None,
        post_quantum_signature=parse_post_quantum(signature.post_quantum_signature),
    )


def parse_post_quantum(signature: bytes) -> bytes:
    """Take an ML-DSA-65 signature, or none; all of them have one length."""
    if len(signature) not in (0, POST_QUANTUM_BYTES):
        raise Reason.INVALID_FIELD.error(
            f"expected {POST_QUANTUM_BYTES} bytes, got {len(signature)}",
            field="statement.signatures[0].post_quantum_signature",
        )
    return signature


def parse_batch_inclusion(message: pb.BatchInclusion) -> BatchInclusion:
    """Take a path from the wire; whether it leads anywhere, its signature tells."""
    if len(message.path) > MAX_BATCH.bit_length():
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_BATCH.bit_length()} hashes, got {len(message.path)}",
            field="statement.signatures[0].batch.path",
        )
    return BatchInclusion(message.index, message.size, tuple(message.path))


def batch_bytes(batch: BatchInclusion | None) -> bytes:
    """A path as bytes to store; none as no bytes."""
    return (
        b""
        if batch is None
        else encode_batch_inclusion(batch).SerializeToString(deterministic=True)
    )


def batch_of(data: bytes) -> BatchInclusion | None:
    """A path from the bytes that `batch_bytes` made; raises MALFORMED."""
    if not data:
        return None
    try:
        message = pb.BatchInclusion.FromString(data)
    except DecodeError:
        raise Reason.MALFORMED.error(
            "expected a serialized BatchInclusion; it does not parse"
        ) from None
    batch = parse_batch_inclusion(message)
    if batch_bytes(batch) != data:
        raise Reason.MALFORMED.error(
            "expected the plain encoding of a BatchInclusion, got another one"
        )
    return batch


def encode_batch_inclusion(batch: BatchInclusion) -> pb.BatchInclusion:
    """Put a path on the wire."""
    message = pb.BatchInclusion()
    _fill_batch_inclusion(message, batch)
    return message


def encode_signed_statement(signed: SignedStatement) -> pb.SignedStatement:
    """Put a signed statement on the wire, its payload untouched."""
    message = pb.SignedStatement()
    fill_signed_statement(message, signed)
    return message


def fill_signed_statement(message: pb.SignedStatement, signed: SignedStatement) -> None:
    """Put a signed statement into a message, its payload untouched.

    It is filled where it stands: protobuf puts one message into another by writing the first and
    reading it again.
    """
    message.payload_type = signed.payload_type
    message.payload = signed.payload
    _fill_signature(message.signatures.add(), signed)


def _fill_signature(message: pb.Signature, signed: SignedStatement) -> None:
    message.certificate_sha256 = signed.certificate_sha256
    message.signature = signed.signature
    message.post_quantum_signature = signed.post_quantum_signature
    if signed.batch is not None:
        _fill_batch_inclusion(message.batch, signed.batch)


def _fill_batch_inclusion(message: pb.BatchInclusion, batch: BatchInclusion) -> None:
    message.index = batch.index
    message.size = batch.size
    message.path.extend(batch.path)
