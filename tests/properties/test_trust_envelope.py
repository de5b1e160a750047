"""No change of type, payload or signature survives verification."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.envelope import pae, sign, verify

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key()


@given(st.text(), st.binary())
def test_signature_holds_for_what_was_signed(kind: str, payload: bytes) -> None:
    verify(PUBLIC, kind, payload, sign(SoftwareSigner(KEY), kind, payload))


@given(st.tuples(st.text(), st.binary()), st.tuples(st.text(), st.binary()))
def test_encoding_is_unambiguous(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    assert (pae(*one) == pae(*other)) == (one == other)


@given(st.binary(min_size=1), st.data())
def test_any_changed_byte_is_refused(payload: bytes, data: st.DataObject) -> None:
    parts = [b"type", payload, sign(SoftwareSigner(KEY), "type", payload)]
    which = data.draw(st.integers(0, 2))
    changed = bytearray(parts[which])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 127))
    parts[which] = bytes(changed)
    assume(parts[0].isascii())
    with pytest.raises(ExchangeError) as refused:
        verify(PUBLIC, parts[0].decode(), parts[1], parts[2])
    assert refused.value.reason is Reason.SIGNATURE_INVALID


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_no_signature(signature: bytes) -> None:
    with pytest.raises(ExchangeError) as refused:
        verify(PUBLIC, "type", b"payload", signature)
    assert refused.value.reason is Reason.SIGNATURE_INVALID
