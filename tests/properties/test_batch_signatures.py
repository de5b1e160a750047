"""One signature over many statements holds for each of them, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import batch_bytes, batch_of
from exchange_protocol.trust.envelope import (
    BATCH_TYPE,
    MAX_BATCH,
    BatchInclusion,
    SignerKey,
    sign,
    sign_batch,
    verify,
    verify_in_batch,
)

KEY = ec.generate_private_key(ec.SECP256R1())
SIGNER = SignerKey(b"1" * 32, KEY.public_key())
OTHER = SignerKey(b"2" * 32, ec.generate_private_key(ec.SECP256R1()).public_key())
payloads = st.lists(st.binary(max_size=40), min_size=2, max_size=40)


def not_verified(
    payload: bytes, signature: bytes, batch: BatchInclusion, signer: SignerKey = SIGNER
) -> None:
    with pytest.raises(ExchangeError) as caught:
        verify_in_batch(signer, "type", payload, signature, batch)
    assert caught.value.reason is Reason.SIGNATURE_INVALID


@given(payloads)
@settings(max_examples=30)
def test_every_payload_of_a_batch_verifies_by_itself(made: list[bytes]) -> None:
    signature, paths = sign_batch(SoftwareSigner(KEY), "type", made)
    for payload, batch in zip(made, paths, strict=True):
        verify_in_batch(SIGNER, "type", payload, signature, batch)
        assert batch_of(batch_bytes(batch)) == batch


@given(payloads, st.data())
@settings(max_examples=60)
def test_any_change_of_payload_place_or_path_is_refused(
    made: list[bytes], data: st.DataObject
) -> None:
    signature, paths = sign_batch(SoftwareSigner(KEY), "type", made)
    at = data.draw(st.integers(0, len(made) - 1))
    batch, payload = paths[at], made[at]
    changed = bytearray(batch.path[data.draw(st.integers(0, len(batch.path) - 1))])
    changed[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
    bad = data.draw(
        st.sampled_from(
            [
                replace(batch, size=batch.size + 1),
                replace(batch, size=MAX_BATCH + 1),
                replace(batch, size=1, index=0, path=()),
                replace(batch, index=batch.size),
                replace(batch, path=batch.path[:-1]),
                replace(batch, path=(*batch.path, bytes(32))),
                replace(batch, path=(bytes(31), *batch.path[1:])),
                replace(batch, path=(bytes(changed), *batch.path[1:])),
            ]
        )
    )
    not_verified(payload, signature, bad)
    not_verified(payload + b"x", signature, batch)
    not_verified(payload, signature, batch, OTHER)
    not_verified(payload, signature[:-1] + bytes([signature[-1] ^ 1]), batch)


def test_a_batch_is_no_statement_and_a_statement_no_batch() -> None:
    signature, [batch, _] = sign_batch(SoftwareSigner(KEY), "type", [b"one", b"two"])
    with pytest.raises(ExchangeError):
        verify(SIGNER.public_key, "type", b"one", signature)
    not_verified(b"one", sign(SoftwareSigner(KEY), "type", b"one"), batch)
    # Who gets an agency to sign the batch's type as a statement's would need another payload type.
    with pytest.raises(ExchangeError):
        verify(SIGNER.public_key, BATCH_TYPE, b"one", signature)


@pytest.mark.parametrize("count", [0, 1, MAX_BATCH + 1])
def test_batches_that_are_none_or_too_large_are_not_signed(count: int) -> None:
    with pytest.raises(ExchangeError, match="expected a batch of 2 to 4096"):
        sign_batch(SoftwareSigner(KEY), "type", [b"x"] * count)


def test_a_signature_that_was_bad_once_stays_bad() -> None:
    _, [batch, _] = sign_batch(SoftwareSigner(KEY), "type", [b"one", b"two"])
    for _ in range(2):
        not_verified(b"one", b"none", batch)


@given(st.binary(min_size=1, max_size=120))
@settings(max_examples=60)
def test_stored_paths_have_one_encoding(data: bytes) -> None:
    try:
        assert batch_bytes(batch_of(data)) == data
    except ExchangeError as error:
        said = error.reason
        assert said in (Reason.MALFORMED, Reason.TOO_MANY)
