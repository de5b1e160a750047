"""DSSE signatures hold for exact bytes, one type and one key."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, pae, sign, verify
from tests.support.damage import flipped
from tests.support.refusals import refusal

KEY = ec.generate_private_key(ec.SECP256R1())
PAYLOAD = b"a statement"


def test_pae_equals_the_example_of_the_specification() -> None:
    encoded = pae("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_pae_of_nothing_still_counts() -> None:
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_pae_counts_bytes_of_the_type_not_characters() -> None:
    assert pae("тип", b"\x00\xff") == b"DSSEv1 6 \xd1\x82\xd0\xb8\xd0\xbf 2 \x00\xff"


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_signature_verifies(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    verify(
        key.public_key(), PAYLOAD_TYPE, PAYLOAD, sign(SoftwareSigner(key), PAYLOAD_TYPE, PAYLOAD)
    )


def test_signing_is_deterministic() -> None:
    assert sign(SoftwareSigner(KEY), PAYLOAD_TYPE, PAYLOAD) == sign(
        SoftwareSigner(KEY), PAYLOAD_TYPE, PAYLOAD
    )


def test_algorithm_follows_from_the_key() -> None:
    encoded = pae(PAYLOAD_TYPE, PAYLOAD)
    p384 = ec.generate_private_key(ec.SECP384R1())
    signature = sign(SoftwareSigner(p384), PAYLOAD_TYPE, PAYLOAD)
    p384.public_key().verify(signature, encoded, ec.ECDSA(hashes.SHA384()))
    weaker = p384.sign(encoded, ec.ECDSA(hashes.SHA256()))
    assert (
        refusal(verify, p384.public_key(), PAYLOAD_TYPE, PAYLOAD, weaker)
        is Reason.SIGNATURE_INVALID
    )


def test_other_payload_type_key_or_signature_is_refused() -> None:
    public, signature = KEY.public_key(), sign(SoftwareSigner(KEY), PAYLOAD_TYPE, PAYLOAD)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for args in (
        (public, PAYLOAD_TYPE, PAYLOAD + b"\0", signature),
        (public, PAYLOAD_TYPE + "2", PAYLOAD, signature),
        (other, PAYLOAD_TYPE, PAYLOAD, signature),
        (public, PAYLOAD_TYPE, PAYLOAD, b""),
        (public, PAYLOAD_TYPE, PAYLOAD, signature + b"\0"),
        (public, PAYLOAD_TYPE, PAYLOAD, signature[:-1]),
    ):
        assert refusal(verify, *args) is Reason.SIGNATURE_INVALID


def test_every_flipped_byte_of_payload_and_signature_is_refused() -> None:
    public, signature = KEY.public_key(), sign(SoftwareSigner(KEY), PAYLOAD_TYPE, PAYLOAD)
    for index in range(len(PAYLOAD)):
        reason = refusal(verify, public, PAYLOAD_TYPE, flipped(PAYLOAD, index), signature)
        assert reason is Reason.SIGNATURE_INVALID
    for index in range(len(signature)):
        reason = refusal(verify, public, PAYLOAD_TYPE, PAYLOAD, flipped(signature, index))
        assert reason is Reason.SIGNATURE_INVALID


def test_bytes_cannot_move_between_type_and_payload() -> None:
    signature = sign(SoftwareSigner(KEY), "type", b"1 x")
    assert refusal(verify, KEY.public_key(), "type 3", b"x", signature) is Reason.SIGNATURE_INVALID


def test_key_on_another_curve_neither_signs_nor_verifies() -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    with pytest.raises(ExchangeError, match="secp521r1") as refused:
        SoftwareSigner(key)
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    with pytest.raises(ExchangeError, match="Ed25519") as refused:
        sign(SoftwareSigner.generate_ed25519(), PAYLOAD_TYPE, PAYLOAD)
    assert refused.value.reason is Reason.CERTIFICATE_INVALID
    assert (
        refusal(verify, key.public_key(), PAYLOAD_TYPE, PAYLOAD, b"x") is Reason.CERTIFICATE_INVALID
    )


def test_refusal_does_not_show_the_payload() -> None:
    with pytest.raises(ExchangeError) as refused:
        verify(KEY.public_key(), PAYLOAD_TYPE, b"IBAN KZ00FICTIONAL", b"")
    assert "KZ00" not in str(refused.value)
