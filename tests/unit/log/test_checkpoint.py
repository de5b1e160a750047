"""Checkpoints and notes: published known answers, another implementation, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agency_client.evidence.verify import parse_vkey
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import (
    MAX_TREE_SIZE,
    Checkpoint,
    LogSigner,
    LogVerifier,
    SignedCheckpoint,
)
from exchange_protocol.log.merkle import EMPTY_ROOT
from exchange_protocol.log.notes import MAX_NOTE_BYTES, NoteSigner, NoteVerifier, SignedNote
from tests.support.refusals import refusal

NOTES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "notes.json").read_text()
)["notes"]

# Fictional log; the seed counts from 0 to 31 and protects nothing.
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = LogSigner("hub.example/log", SoftwareSigner(KEY))
VERIFIER = LogVerifier(SIGNER.vkey)
ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = Checkpoint("hub.example/log", 70_000, ROOT)
NOTE = SIGNER.sign(CHECKPOINT)
BODY, SIGNATURES = NOTE.split(b"\n\n")


def own_note(body: bytes) -> bytes:
    """Sign any text with the log's key, as a hub that breaks the format would."""
    return NoteSigner("hub.example/log", SoftwareSigner(KEY)).sign(body)


@pytest.mark.parametrize("vector", NOTES, ids=lambda vector: vector["vkey"].split("+")[0])
def test_published_notes_verify(vector: dict[str, Any]) -> None:
    verifier = NoteVerifier.from_vkey(vector["vkey"])
    assert verifier.vkey == vector["vkey"]
    note = vector["note"].encode()
    verifier.verify(SignedNote.parse(note))
    with pytest.raises(ExchangeError) as caught:
        verifier.verify(SignedNote.parse(note.replace(b"th", b"ht").replace(b"tree", b"eert")))
    assert caught.value.reason is Reason.CHECKPOINT_INVALID


def test_published_checkpoint_is_read() -> None:
    vector = NOTES[1]
    signed = SignedCheckpoint.parse(vector["note"].encode())
    expected = Checkpoint("go.sum database tree", vector["size"], bytes.fromhex(vector["root"]))
    assert signed.checkpoint == expected
    assert signed.note.startswith(expected.body())


def test_checkpoint_under_a_name_that_is_not_its_origin_is_refused() -> None:
    vector = NOTES[1]
    with pytest.raises(ExchangeError, match=r"expected a checkpoint of sum\.golang\.org"):
        LogVerifier(vector["vkey"]).verify(vector["note"].encode())


def test_signed_checkpoint_verifies_and_has_the_specified_bytes() -> None:
    assert VERIFIER.verify(NOTE) == CHECKPOINT
    assert b"hub.example/log\n70000\n%b\n" % base64.b64encode(ROOT) == CHECKPOINT.body()
    public = KEY.public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"hub.example/log\n\x01" + public).digest()[:4]
    line = base64.b64encode(key_id + KEY.sign(CHECKPOINT.body())).decode()
    assert CHECKPOINT.body() + f"\n— hub.example/log {line}\n".encode() == NOTE
    key = base64.b64encode(b"\x01" + public).decode()
    assert f"hub.example/log+{key_id.hex()}+{key}" == SIGNER.vkey


def test_openssl_verifies_the_signature_of_the_log(tmp_path: Path) -> None:
    signed = SignedNote.parse(NOTE)
    public, text, signature = (tmp_path / name for name in ("public.pem", "text", "signature"))
    public.write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    text.write_bytes(signed.text)
    signature.write_bytes(signed.signatures[0].signature)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public)]
    done = subprocess.run(
        [*command, "-in", text, "-sigfile", signature], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    text.write_bytes(signed.text.replace(b"70000", b"70001"))
    done = subprocess.run(
        [*command, "-in", text, "-sigfile", signature], capture_output=True, check=False
    )
    assert done.returncode != 0


def test_lines_of_witnesses_are_kept_and_ignored() -> None:
    cosignature = base64.b64encode(b"\x01\x02\x03\x04" + bytes(72)).decode()
    other_key_of_the_log = base64.b64encode(b"\x09\x09\x09\x09" + bytes(64)).decode()
    witness = f"— witness.example/w1 {cosignature}\n".encode()
    rotated = f"— hub.example/log {other_key_of_the_log}\n".encode()
    for note in (NOTE + witness, BODY + b"\n\n" + witness + rotated + SIGNATURES):
        assert VERIFIER.verify(note) == CHECKPOINT
    signed = SignedCheckpoint.parse(NOTE + witness)
    assert signed.note == NOTE + witness
    assert [s.name for s in signed.signatures] == ["hub.example/log", "witness.example/w1"]
    assert signed.signatures[1].key_id == b"\x01\x02\x03\x04"
    assert signed.signatures[1].signature == bytes(72)


def test_note_without_the_logs_own_signature_is_refused() -> None:
    stranger = LogSigner(
        "hub.example/log", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    )
    assert refusal(VERIFIER.verify, stranger.sign(CHECKPOINT)) is Reason.CHECKPOINT_INVALID
    renamed = NOTE.replace("— hub.example/log".encode(), "— hub.example/gol".encode())
    assert refusal(VERIFIER.verify, renamed) is Reason.CHECKPOINT_INVALID


def test_second_signature_of_the_log_is_refused() -> None:
    assert refusal(VERIFIER.verify, NOTE + SIGNATURES) is Reason.CHECKPOINT_INVALID
    key_id = NoteVerifier.from_vkey(SIGNER.vkey).key_id
    bad = base64.b64encode(key_id + bytes(64)).decode()
    assert (
        refusal(VERIFIER.verify, NOTE + f"— hub.example/log {bad}\n".encode())
        is Reason.CHECKPOINT_INVALID
    )


@pytest.mark.parametrize("length", [1, 63, 65])
def test_signature_of_another_length_is_refused(length: int) -> None:
    key_id = NoteVerifier.from_vkey(SIGNER.vkey).key_id
    line = base64.b64encode(key_id + bytes(length)).decode()
    note = BODY + f"\n\n— hub.example/log {line}\n".encode()
    assert refusal(VERIFIER.verify, note) is Reason.CHECKPOINT_INVALID


ROOT64 = base64.b64encode(ROOT)


@pytest.mark.parametrize(
    "body",
    [
        b"other.example/log\n70000\n%b\n" % ROOT64,
        b"\n70000\n%b\n" % ROOT64,
        b"hub.example/log\n70000\n%b\nextension\n" % ROOT64,
        b"hub.example/log\n70000\n%b\n\n" % ROOT64,
        b"hub.example/log\n70000\n",
        b"hub.example/log\n070000\n%b\n" % ROOT64,
        b"hub.example/log\n-1\n%b\n" % ROOT64,
        b"hub.example/log\n+1\n%b\n" % ROOT64,
        b"hub.example/log\n1_0\n%b\n" % ROOT64,
        b"hub.example/log\n 1\n%b\n" % ROOT64,
        b"hub.example/log\n\n%b\n" % ROOT64,
        "hub.example/log\n٧\n".encode() + ROOT64 + b"\n",
        b"hub.example/log\n%d\n%b\n" % (MAX_TREE_SIZE + 1, ROOT64),
        b"hub.example/log\n%d\n%b\n" % (10**40, ROOT64),
        b"hub.example/log\n0\n%b\n" % ROOT64,
        b"hub.example/log\n70000\n%b\n" % base64.b64encode(ROOT[:31]),
        b"hub.example/log\n70000\n%b\n" % base64.b64encode(ROOT + b"\0"),
        b"hub.example/log\n70000\n%b\n" % ROOT64.rstrip(b"="),
        b"hub.example/log\n70000\n%b=\n" % ROOT64,
        b"hub.example/log\n70000\n%b\n" % base64.urlsafe_b64encode(b"\xff" * 32),
        b"hub.example/log\n70000\n%b\n" % (b"A" * 42 + b"B="),
    ],
)
def test_text_that_is_no_checkpoint_is_refused_though_the_log_signed_it(body: bytes) -> None:
    assert refusal(VERIFIER.verify, own_note(body)) is Reason.CHECKPOINT_INVALID


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"\n\n",
        BODY + b"\n",
        BODY + b"\n\n",
        BODY + b"\n" + SIGNATURES,
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"\n\n",
        NOTE + b"text\n",
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"70000", b"70000\0"),
        NOTE.replace(b"70000", b"70000\t"),
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace("— ".encode(), "—".encode()),
        NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE.replace("— ".encode(), "—\u00a0".encode()),
        NOTE[:-1] + b" \n",
        NOTE[:-1] + b"=\n",
        NOTE + "— witness\u2003w AAAAAAA=\n".encode(),
        NOTE + "— wit+ness AAAAAAA=\n".encode(),
        NOTE + "—  AAAAAAA=\n".encode(),
        NOTE + "— witness AAAAAA==\n".encode(),
        NOTE + "— witness AAAAAAB=\n".encode(),
        NOTE + "— witness \n".encode(),
        NOTE + "— witness\n".encode(),
        NOTE + "— witness ААААААА=\n".encode(),
        NOTE.replace(b"hub", b"\xff\xfe\xfd"),
        b"\xef\xbb\xbf" + NOTE,
    ],
)
def test_malformed_note_is_refused(note: bytes) -> None:
    assert refusal(VERIFIER.verify, note) is Reason.CHECKPOINT_INVALID


def test_note_is_bounded_in_signatures_and_in_bytes() -> None:
    line = "— witness.example {}\n"
    lines = [line.format(base64.b64encode(bytes([n]) * 8).decode()) for n in range(64)]
    assert VERIFIER.verify(NOTE + "".join(lines[:63]).encode()) == CHECKPOINT
    assert refusal(VERIFIER.verify, NOTE + "".join(lines).encode()) is Reason.CHECKPOINT_INVALID
    shortest = line.format(base64.b64encode(bytes(5)).decode()).encode()
    assert SignedNote.parse(NOTE + shortest).signatures[1].signature == bytes(1)
    rest = 16_384 - len(BODY) - len("\n\n— n AAAAAAA=\n".encode())
    full = b"x" * rest + BODY + "\n\n— n AAAAAAA=\n".encode()
    assert len(full) == MAX_NOTE_BYTES
    SignedNote.parse(full)
    with pytest.raises(ExchangeError) as caught:
        SignedNote.parse(b"x" + full)
    assert caught.value.reason is Reason.CHECKPOINT_INVALID


@pytest.mark.parametrize("at", range(0, len(NOTE), 3))
def test_note_with_any_byte_changed_is_refused(at: int) -> None:
    for mask in (0x01, 0x20, 0x80):
        changed = NOTE[:at] + bytes([NOTE[at] ^ mask]) + NOTE[at + 1 :]
        assert refusal(VERIFIER.verify, changed) is Reason.CHECKPOINT_INVALID


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "hub.example/log",
        SIGNER.vkey + "A",
        SIGNER.vkey[:-1],
        SIGNER.vkey.replace("hub", "bub"),
        SIGNER.vkey.replace("hub", "h b"),
        SIGNER.vkey.upper(),
        SIGNER.vkey.replace("+", "+0", 1),
        "+" + SIGNER.vkey,
        # The Go authors' own bad keys: wrong length and unknown algorithm, with fitting key ids.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_bad_verifier_key_is_a_fault_of_configuration(vkey: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        LogVerifier(vkey)
    assert caught.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize(("before", "after"), [("\ufeff", ""), ("", "\r\n"), (" \ufeff", " \n")])
def test_verifier_key_with_what_editors_put_around_it_is_read(before: str, after: str) -> None:
    assert LogVerifier(before + SIGNER.vkey + after).vkey == SIGNER.vkey
    assert parse_vkey(before + SIGNER.vkey + after) == parse_vkey(SIGNER.vkey)


@pytest.mark.parametrize("name", ["", "hub example", "hub+example", "hub\u2003", "hub\n", "\ud800"])
def test_log_with_a_bad_name_does_not_sign(name: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        LogSigner(name, SoftwareSigner(KEY))
    assert caught.value.reason is Reason.CONFIG_INVALID


def test_log_signs_for_its_own_origin_only() -> None:
    with pytest.raises(ExchangeError) as caught:
        SIGNER.sign(Checkpoint("other.example/log", 1, ROOT))
    assert caught.value.reason is Reason.CHECKPOINT_INVALID
    assert (SIGNER.origin, VERIFIER.origin, VERIFIER.vkey) == (
        "hub.example/log",
        "hub.example/log",
        SIGNER.vkey,
    )


def test_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint("hub.example/log", 0, EMPTY_ROOT)
    assert VERIFIER.verify(SIGNER.sign(empty)) == empty


def test_largest_tree_fits_a_signed_64_bit_integer() -> None:
    largest = Checkpoint("hub.example/log", 9_223_372_036_854_775_807, ROOT)
    assert VERIFIER.verify(SIGNER.sign(largest)) == largest


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, ROOT),
        ("two\nlines", 1, ROOT),
        ("hub.example/log", -1, ROOT),
        ("hub.example/log", 9_223_372_036_854_775_808, ROOT),
        ("hub.example/log", 1, ROOT[1:]),
        ("hub.example/log", 0, ROOT),
    ],
)
def test_checkpoint_that_cannot_be_is_not_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        Checkpoint(origin, size, root)
    assert caught.value.reason is Reason.CHECKPOINT_INVALID


def test_text_of_a_note_ends_in_a_newline() -> None:
    with pytest.raises(ExchangeError) as caught:
        NoteSigner("hub.example/log", SoftwareSigner(KEY)).sign(b"text")
    assert caught.value.reason is Reason.CHECKPOINT_INVALID
