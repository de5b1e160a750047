"""Sealed parts open to what was sealed, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import SealBroken
from exchange_protocol.trust.identity import parse_agency_id
from exchange_protocol.trust.sealing import (
    CHUNK_SIZE,
    PartContext,
    Reader,
    open_part,
    seal_part,
    sealed_size,
)

KEY = SealingPrivateKey.generate()
READER = Reader(parse_agency_id("kz.fma"), "recipient", KEY.public_key)
contexts = st.builds(PartContext, st.text(max_size=20), st.text(max_size=20))
# Few random bytes, repeated: sizes around the ends of chunks without drawing 64 KiB each time.
plaintexts = st.builds(
    lambda seed, size: (seed * (size // len(seed) + 1))[:size],
    st.binary(min_size=1, max_size=16),
    st.integers(0, 40)
    | st.integers(-2, 2).map(lambda near: CHUNK_SIZE + near)
    | st.integers(-2, 2).map(lambda near: 2 * CHUNK_SIZE + near),
)


@given(plaintexts, contexts)
def test_reader_opens_what_was_sealed(plaintext: bytes, context: PartContext) -> None:
    sealed = seal_part(plaintext, context, [READER])
    assert len(sealed.ciphertext) == sealed_size(len(plaintext))
    assert open_part(sealed.ciphertext, context, sealed.wrapped[0], KEY) == plaintext


@given(contexts, contexts)
def test_no_other_context_opens_a_part(context: PartContext, other: PartContext) -> None:
    assume(context != other)
    sealed = seal_part(b"x", context, [READER])
    with pytest.raises(SealBroken):
        open_part(sealed.ciphertext, other, sealed.wrapped[0], KEY)


@given(plaintexts, st.data())
def test_no_changed_cut_or_longer_ciphertext_opens(plaintext: bytes, data: st.DataObject) -> None:
    context = PartContext("id", "content")
    sealed = seal_part(plaintext, context, [READER])
    original = sealed.ciphertext
    index = data.draw(st.integers(0, len(original) - 1))
    altered = bytearray(original)
    altered[index] ^= data.draw(st.integers(1, 255))
    longer = original + data.draw(st.binary(min_size=1, max_size=40))
    for ciphertext in (bytes(altered), original[:index], longer):
        with pytest.raises(SealBroken):
            open_part(ciphertext, context, sealed.wrapped[0], KEY)
