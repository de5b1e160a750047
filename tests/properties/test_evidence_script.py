"""The script of the evidence bundle computes what the protocol computes, and nothing breaks it."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agency_client.evidence.bundle import tlog_proof
from agency_client.evidence.verify import (
    Archive,
    Failed,
    Note,
    OpenSsl,
    batch_text,
    decrypt_chunks,
    der_elements,
    fields,
    hkdf,
    pae,
    parse_batch,
    parse_manifest,
    parse_tlog_proof,
    parse_vkey,
    pem,
    root_of,
)
from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import ExchangeError
from exchange_protocol.log import notes
from exchange_protocol.log.merkle import CompactRange, hash_leaf, inclusion_proof
from exchange_protocol.log.notes import SignedNote, encode_vkey, key_id_of
from exchange_protocol.trust import envelope
from exchange_protocol.trust.identity import parse_agency_id
from exchange_protocol.trust.sealing import (
    CHUNK_SIZE,
    PartContext,
    Reader,
    open_disclosed,
    seal_part,
    unwrap_content_key,
)

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=70)
INDEXES = st.integers(0, 2**63 - 1)
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpenSsl:
    return OpenSsl(tmp_path_factory.mktemp("openssl"))


@given(st.integers(1, 80), st.data())
def test_inclusion_proofs_are_read_as_the_protocol_reads_them(
    size: int, data: st.DataObject
) -> None:
    leaves = [hash_leaf(bytes([each])) for each in range(size)]
    growth = CompactRange().append_many(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, growth.read)
    root = growth.after.root()
    assert root_of(leaves[index], index, size, proof) == root
    assert root_of(leaves[index], index, size, [*proof, bytes(32)]) is None
    assert root_of(leaves[index], size, size, proof) is None
    if proof:
        assert root_of(leaves[index], index, size, proof[:-1]) != root


@given(INDEXES, HASHES, st.binary())
def test_tlog_proof_is_read_as_it_was_written(index: int, proof: list[bytes], tail: bytes) -> None:
    note = b"origin\n1\n\n" + tail
    if len(proof) <= 64:
        assert parse_tlog_proof(tlog_proof(index, proof, note)) == (index, proof, note)
    else:
        with pytest.raises(Failed):
            parse_tlog_proof(tlog_proof(index, proof, note))


@given(st.integers(0, 4095), st.integers(2, 4096), st.lists(st.binary(min_size=32, max_size=32)))
def test_a_place_in_a_batch_has_one_spelling(index: int, size: int, path: list[bytes]) -> None:
    path = path[:11] or [bytes(32)]
    spelled = batch_text(index, size, path)
    assert parse_batch(spelled, "entry 1") == (index, size, tuple(path))
    # The last letter of each hash stands for four bits and two that nothing says.
    spare = ALPHABET[ALPHABET.index(spelled[-3]) ^ 1]
    with pytest.raises(Failed):
        parse_batch(spelled[:-3] + bytes([spare]) + spelled[-2:], "entry 1")


@given(st.binary())
def test_pae_is_that_of_the_protocol(payload: bytes) -> None:
    assert pae(payload) == envelope.pae(envelope.PAYLOAD_TYPE, payload)


@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for parse in (fields, parse_manifest, parse_tlog_proof):
        with contextlib.suppress(Failed):
            parse(data)
    with pytest.raises(Failed):
        parse_vkey(data.decode("latin-1"))


GENUINE_NOTE = (
    "caricc.example/log\n7\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n"
    "\N{EM DASH} caricc.example/log AAAAAAAA\n"
    "\N{EM DASH} свидетель.example/1 AAAABAAAAAAA\n"
)
PIECES = st.sampled_from(
    [
        "\n",
        "\n\n",
        " ",
        "\N{EM DASH} ",
        "+",
        "=",
        "A",
        "AAAA",
        "\t",
        "\r",
        "\0",
        "\x85",
        "\u2028",
        "é",
    ]
)


@given(st.integers(0, 200), st.integers(0, 3), PIECES | st.text(max_size=3))
@example(0, 0, GENUINE_NOTE * 200)
@example(len(GENUINE_NOTE), 0, "\N{EM DASH} x AAAAAAAA\n" * 62)
@example(len(GENUINE_NOTE), 0, "\N{EM DASH} x AAAAAAAA\n" * 63)
def test_note_is_taken_apart_as_the_protocol_takes_it(at: int, cut: int, piece: str) -> None:
    """Or a cosigned checkpoint could verify with one and not with the other."""
    changed = (GENUINE_NOTE[:at] + piece + GENUINE_NOTE[at + cut :]).encode()
    try:
        expected = SignedNote.parse(changed)
    except ExchangeError:
        with pytest.raises(Failed) as refused:
            Note(changed)
        assert refused.value.reason == "CHECKPOINT_INVALID"
        return
    note = Note(changed)
    assert note.text == expected.text
    assert note.signatures == [
        (each.name, each.key_id, each.signature) for each in expected.signatures
    ]


GENUINE_VKEYS = [
    encode_vkey("witness.example/свидетель", bytes([kind]), bytes(range(32))) for kind in (1, 4)
]


@given(
    st.sampled_from(GENUINE_VKEYS),
    st.sampled_from([1, 4]),
    st.integers(0, 90),
    st.integers(0, 3),
    PIECES | st.text(max_size=3),
)
@example(GENUINE_VKEYS[0], 1, 0, 0, "")
@example(GENUINE_VKEYS[1], 4, 0, 0, "")
def test_key_is_read_as_the_protocol_reads_it(
    vkey: str, kind: int, at: int, cut: int, piece: str
) -> None:
    changed = vkey[:at] + piece + vkey[at + cut :]
    try:
        name, public_key = notes.parse_vkey(changed, bytes([kind]))
    except ExchangeError:
        with pytest.raises(Failed):
            parse_vkey(changed, kind)
        return
    key_id = key_id_of(name, bytes([kind]), public_key)
    assert parse_vkey(changed, kind) == (name, key_id, public_key)


@given(st.binary(max_size=400), st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_damaged_archive_is_refused_or_whole(more: bytes, at: int, damage: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", b'{"format": "-"}' + more)
        whole = bytearray(path.read_bytes())
        start = at % len(whole)
        whole[start : start + len(damage)] = damage
        path.write_bytes(whole)
        with pytest.raises(Failed):
            Archive(path)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE])
def test_sealed_chunks_open_without_our_libraries(size: int, openssl: OpenSsl) -> None:
    plain = bytes(index % 251 for index in range(size))
    private = SealingPrivateKey.generate()
    context = PartContext("01900000-0000-7000-8000-000000000000", "content")
    reader = Reader(parse_agency_id("kz.fma"), "recipient", private.public_key)
    sealed = seal_part(plain, context, [reader])
    key = unwrap_content_key(context, sealed.wrapped[0], private)
    assert open_disclosed(sealed.ciphertext, context, key) == plain
    labels = (b"caricc-exchange/content/v1", b"\0\1", context.statement_id.encode(), b"content")
    info = b"".join(len(each).to_bytes(4, "big") + each for each in labels)
    okm = hkdf(key, info, 64)
    assert sealed.ciphertext[:32] == okm[32:]
    body = sealed.ciphertext[32:]
    assert decrypt_chunks(okm[:32], memoryview(body), openssl) == plain
    damaged = bytearray(body)
    damaged[-1] ^= 1
    assert decrypt_chunks(okm[:32], memoryview(damaged), openssl) is None
    assert decrypt_chunks(okm[:32], memoryview(body[:-1]), openssl) is None


def test_pem_is_what_openssl_writes(openssl: OpenSsl, tmp_path: Path) -> None:
    key = bytes.fromhex("302a300506032b6570032100") + bytes(range(32))
    (tmp_path / "key.der").write_bytes(key)
    words = ["openssl", "pkey", "-pubin", "-inform", "DER", "-in", "key.der"]
    ended = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert ended.stdout == pem(key, "PUBLIC KEY")


@given(st.binary(max_size=40))
@example(b"\x30\x81\x7f" + bytes(127))
@example(b"\x30\x82\x00\x80" + bytes(128))
@example(b"\x30\x80\x00\x00")
@example(b"\x1f\x81\x01\x00")
def test_der_is_taken_apart_whole_or_not_at_all(data: bytes) -> None:
    try:
        found = der_elements(data)
    except (ValueError, IndexError):
        return
    assert b"".join(whole for _, _, whole in found) == data
    for tag, content, whole in found:
        size = len(content)
        long = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([size]) if size < 0x80 else bytes([0x80 + len(long)]) + long
        assert whole == bytes([tag]) + length + content
        assert tag & 0x1F != 0x1F


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65535, 65536])
def test_der_of_any_length_is_read(size: int) -> None:
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size < 0x80 else bytes([0x80 + len(long)]) + long
    element = b"\x04" + length + bytes(size)
    assert der_elements(element) == [(4, bytes(size), element)]
