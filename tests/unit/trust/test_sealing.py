"""A sealed part opens for its readers, in its place, whole; and for nobody else."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exchange_keys import SealingPrivateKey
from exchange_keys.sealing import PRIVATE_KEY_SIZE
from exchange_protocol.errors import ExchangeError, Reason, SealBroken
from exchange_protocol.trust import sealing
from exchange_protocol.trust.identity import parse_agency_id
from exchange_protocol.trust.sealing import (
    CHUNK_SIZE,
    PUBLIC_KEY_SIZE,
    SEALING_SUITE,
    WRAPPED_KEY_SIZE,
    PartContext,
    Reader,
    SealedPart,
    SealingPublicKey,
    SealingSuite,
    WrappedKey,
    open_part,
    seal_part,
    sealed_size,
)
from tests.support.damage import flipped

FMA, GPO, CARICC = map(parse_agency_id, ("kz.fma", "kz.gpo", "caricc"))
KEYS = {agency: SealingPrivateKey.generate() for agency in (FMA, GPO, CARICC)}
CONTEXT = PartContext("0197c1a0-0000-7000-8000-000000000001", "brief")
READERS = (
    Reader(FMA, "recipient", KEYS[FMA].public_key),
    Reader(GPO, "supervisor", KEYS[GPO].public_key),
    Reader(CARICC, "approver", KEYS[CARICC].public_key),
)
COMMITMENT = 32
SEALED_CHUNK = CHUNK_SIZE + 16


def not_opened(ciphertext: bytes, wrapped: WrappedKey, context: PartContext = CONTEXT) -> Reason:
    with pytest.raises(SealBroken) as refused:
        open_part(ciphertext, context, wrapped, KEYS[FMA])
    return refused.value.reason


def seal(plaintext: bytes) -> SealedPart:
    return seal_part(plaintext, CONTEXT, READERS)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 200000])
def test_every_reader_opens_what_was_sealed(size: int) -> None:
    plaintext = bytes(index % 251 for index in range(size))
    sealed = seal(plaintext)
    assert len(sealed.ciphertext) == sealed_size(size)
    for wrapped in sealed.wrapped:
        assert open_part(sealed.ciphertext, CONTEXT, wrapped, KEYS[wrapped.agency]) == plaintext


def test_wrapped_keys_name_their_readers_in_order() -> None:
    sealed = seal(b"x")
    assert [(each.agency, each.role) for each in sealed.wrapped] == [
        (reader.agency, reader.role) for reader in READERS
    ]
    assert [each.key_id for each in sealed.wrapped] == [reader.key.key_id for reader in READERS]
    assert {len(each.enc) for each in sealed.wrapped} == {WRAPPED_KEY_SIZE}


def test_any_kind_of_buffer_is_sealed_and_opened() -> None:
    sealed = seal_part(memoryview(bytearray(b"text")), CONTEXT, READERS)
    ciphertext = bytearray(sealed.ciphertext)
    assert open_part(ciphertext, CONTEXT, sealed.wrapped[0], KEYS[FMA]) == b"text"


def test_same_plaintext_never_seals_alike() -> None:
    assert seal(b"x").ciphertext != seal(b"x").ciphertext


def test_key_of_another_reader_is_told_that_it_is_none() -> None:
    assert not_opened(*_first_of(seal(b"x"), GPO)) is Reason.NOT_A_READER


def test_stranger_who_claims_a_readers_key_id_opens_nothing() -> None:
    ciphertext, wrapped = _first_of(seal(b"x"), GPO)
    claimed = wrapped._replace(key_id=KEYS[FMA].public_key.key_id)
    assert not_opened(ciphertext, claimed) is Reason.SEAL_BROKEN


@pytest.mark.parametrize(
    "context",
    [
        replace(CONTEXT, statement_id="0197c1a0-0000-7000-8000-000000000002"),
        replace(CONTEXT, part_name="content"),
        # The same letters, divided otherwise.
        PartContext(CONTEXT.statement_id + "b", "rief"),
    ],
)
def test_part_moved_to_another_statement_or_name_does_not_open(context: PartContext) -> None:
    assert not_opened(*_first_of(seal(b"x"), FMA), context) is Reason.SEAL_BROKEN


def test_wrapped_key_moved_to_another_agency_or_role_does_not_open() -> None:
    ciphertext, wrapped = _first_of(seal(b"x"), FMA)
    assert not_opened(ciphertext, wrapped._replace(agency=GPO)) is Reason.SEAL_BROKEN
    assert not_opened(ciphertext, wrapped._replace(role="approver")) is Reason.SEAL_BROKEN


def test_wrapped_key_of_another_part_does_not_open() -> None:
    sealed, other = seal(b"x"), seal(b"x")
    assert not_opened(sealed.ciphertext, other.wrapped[0]) is Reason.SEAL_BROKEN


def test_altered_wrapped_key_does_not_open() -> None:
    ciphertext, wrapped = _first_of(seal(b"x"), FMA)
    for enc in (b"", wrapped.enc[:-1], wrapped.enc + b"\0", bytes(WRAPPED_KEY_SIZE)):
        assert not_opened(ciphertext, wrapped._replace(enc=enc)) is Reason.SEAL_BROKEN
    for index in (0, 1087, 1088, 1119, 1120, WRAPPED_KEY_SIZE - 1):
        enc = flipped(wrapped.enc, index)
        assert not_opened(ciphertext, wrapped._replace(enc=enc)) is Reason.SEAL_BROKEN


def test_chunks_that_are_dropped_swapped_repeated_or_added_do_not_open() -> None:
    sealed = seal(bytes(3 * CHUNK_SIZE))
    head, body = sealed.ciphertext[:COMMITMENT], sealed.ciphertext[COMMITMENT:]
    one, two, three = (body[i * SEALED_CHUNK : (i + 1) * SEALED_CHUNK] for i in range(3))
    for chunks in (
        (one, two),
        (two, three),
        (one, three),
        (two, one, three),
        (one, two, three, three),
        (one, one, two, three),
        (one, two, three, bytes(16)),
        (three,),
        (),
    ):
        assert not_opened(head + b"".join(chunks), sealed.wrapped[0]) is Reason.SEAL_BROKEN


def test_truncated_extended_or_altered_ciphertext_does_not_open() -> None:
    sealed = seal(bytes(CHUNK_SIZE + 5))
    data, wrapped = sealed.ciphertext, sealed.wrapped[0]
    for length in (0, 1, 31, 32, 33, 47, 48, 49, COMMITMENT + SEALED_CHUNK, len(data) - 1):
        assert not_opened(data[:length], wrapped) is Reason.SEAL_BROKEN
    assert not_opened(data + b"\0", wrapped) is Reason.SEAL_BROKEN
    for index in (0, 31, 32, COMMITMENT + SEALED_CHUNK - 1, len(data) - 1):
        assert not_opened(flipped(data, index), wrapped) is Reason.SEAL_BROKEN


def test_full_last_chunk_followed_by_an_empty_one_does_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A sealer that ends every part with an empty chunk: two ciphertext sizes for one plaintext.
    def with_empty_end(data: memoryview, size: int) -> list[tuple[bytes, memoryview]]:
        return [(bytes(12), data), (bytes(10) + b"\x01\x01", data[:0])]

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "_chunks", with_empty_end)
        sealed = seal(bytes(CHUNK_SIZE))
    assert len(sealed.ciphertext) == COMMITMENT + SEALED_CHUNK + 16
    assert not_opened(sealed.ciphertext, sealed.wrapped[0]) is Reason.SEAL_BROKEN


def test_readers_cannot_be_given_different_content_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    # AES-GCM has ciphertexts that open under two keys. The commitment shuts the second key out even
    # where the chunks would open: here every chunk "opens" under any key.
    sealed, other = seal(b"to the approver"), seal(b"to the recipient")

    class OpensEverything:
        def __init__(self, key: bytes) -> None:
            self.key = key

        def decrypt(self, nonce: bytes, data: memoryview, aad: None) -> bytes:
            return b"to the recipient"

    monkeypatch.setattr(sealing, "AESGCM", OpensEverything)
    assert not_opened(sealed.ciphertext, other.wrapped[0]) is Reason.SEAL_BROKEN


def test_stream_uses_the_nonces_that_the_construction_asks_for() -> None:
    # Built anew from the description in the module's docstring, not with its code.
    sealed = seal(bytes(CHUNK_SIZE) + b"end")
    info = sealing._info(CONTEXT, FMA, KEYS[FMA].public_key.key_id, "recipient")
    content_key = KEYS[FMA].open(sealed.wrapped[0].enc, info)
    chunk_key, commitment = sealing._derive(content_key, CONTEXT)
    assert sealed.ciphertext[:COMMITMENT] == commitment
    aead, body = AESGCM(chunk_key), sealed.ciphertext[COMMITMENT:]
    assert aead.decrypt(bytes(12), body[:SEALED_CHUNK], None) == bytes(CHUNK_SIZE)
    assert aead.decrypt(bytes(10) + b"\x01\x01", body[SEALED_CHUNK:], None) == b"end"


def test_info_is_the_length_prefixed_list_of_its_labels() -> None:
    context = PartContext("id", "brief")
    assert sealing._info(context, "kz.fma", b"\xaa" * 32, "recipient") == (
        b"\0\0\0\x17caricc-exchange/seal/v1"
        b"\0\0\0\x02\0\x01"
        b"\0\0\0\x02id"
        b"\0\0\0\x05brief"
        b"\0\0\0\x06kz.fma"
        b"\0\0\0\x20" + b"\xaa" * 32 + b"\0\0\0\x09recipient"
    )


def test_reader_is_refused_twice_in_one_role_and_welcome_in_two() -> None:
    with pytest.raises(ExchangeError) as refused:
        seal_part(b"x", CONTEXT, (*READERS, Reader(FMA, "recipient", KEYS[GPO].public_key)))
    assert refused.value.reason is Reason.DUPLICATE_WRAPPED_KEY
    both = (READERS[2], Reader(CARICC, "recipient", KEYS[CARICC].public_key))
    assert len(seal_part(b"x", CONTEXT, both).wrapped) == 2


def test_part_without_reader_is_refused() -> None:
    with pytest.raises(ExchangeError) as refused:
        seal_part(b"x", CONTEXT, ())
    assert refused.value.reason is Reason.READERS_MISMATCH


def test_key_with_which_no_secret_can_be_agreed_is_refused() -> None:
    # The X25519 point of order 1: whoever seals to it seals to everyone.
    weak = SealingPublicKey.from_bytes(KEYS[FMA].public_key.to_bytes()[:1184] + bytes(32))
    with pytest.raises(ExchangeError) as refused:
        seal_part(b"x", CONTEXT, (Reader(FMA, "recipient", weak),))
    assert refused.value.reason is Reason.INVALID_FIELD


def test_keys_survive_their_encoding() -> None:
    private = KEYS[FMA]
    again = SealingPrivateKey.from_bytes(private.to_bytes())
    assert again == private
    assert len(private.to_bytes()) == PRIVATE_KEY_SIZE == 96
    public = SealingPublicKey.from_bytes(private.public_key.to_bytes())
    assert public == again.public_key
    assert len(public.to_bytes()) == PUBLIC_KEY_SIZE == 1216
    assert len(public.key_id) == 32
    sealed = seal(b"x")
    assert open_part(sealed.ciphertext, CONTEXT, sealed.wrapped[0], again) == b"x"


@pytest.mark.parametrize("raw", [b"", bytes(1215), bytes(1217), b"\xff" * 1216])
def test_malformed_public_key_is_refused(raw: bytes) -> None:
    with pytest.raises(ExchangeError) as refused:
        SealingPublicKey.from_bytes(raw)
    assert refused.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("raw", [b"", bytes(95), bytes(97)])
def test_malformed_private_key_is_refused(raw: bytes) -> None:
    with pytest.raises(ExchangeError) as refused:
        SealingPrivateKey.from_bytes(raw)
    assert refused.value.reason is Reason.INVALID_FIELD


def test_repr_shows_no_private_bytes() -> None:
    key = SealingPrivateKey.from_bytes(b"\x41" * PRIVATE_KEY_SIZE)
    assert "AAAA" not in repr(key)
    assert "4141" not in repr(key)


def test_suite_has_the_number_of_the_contract() -> None:
    assert SEALING_SUITE is SealingSuite.MLKEM768_X25519_AES256GCM
    assert int(SEALING_SUITE) == 1


def test_opening_needs_little_more_than_plaintext_twice() -> None:
    size = 16 * 1024 * 1024
    plaintext = bytes(size)
    tracemalloc.start()
    try:
        sealed = seal(plaintext)
        _, sealing_peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        open_part(sealed.ciphertext, CONTEXT, sealed.wrapped[0], KEYS[FMA])
        _, opening_peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sealing_peak < 2.2 * size
    assert opening_peak - before < 2.2 * size


def _first_of(sealed: SealedPart, agency: str) -> tuple[bytes, WrappedKey]:
    return sealed.ciphertext, next(each for each in sealed.wrapped if each.agency == agency)
