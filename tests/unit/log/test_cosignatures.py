"""Cosignatures: the specified bytes, another implementation, and what does not count."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner, WitnessVerifier
from exchange_protocol.log.notes import NoteSignature, SignedNote
from tests.support.refusals import refusal

# Fictional log and witnesses; the seeds protect nothing.
LOG = LogSigner(
    "hub.example/log", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
)
NOTE = LOG.sign(Checkpoint("hub.example/log", 70_000, hashlib.sha256(b"root").digest()))
TEXT = SignedNote.parse(NOTE).text
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3)]
SIGNERS = [
    WitnessSigner(f"witness.example/w{n}", SoftwareSigner(key)) for n, key in enumerate(KEYS)
]
VKEYS = [signer.verifier.vkey for signer in SIGNERS]
AT = datetime(2023, 3, 20, 12, 25, 47, tzinfo=UTC)


def with_lines(note: bytes, *lines: NoteSignature) -> bytes:
    signed = SignedNote.parse(note)
    return SignedNote(signed.text, (*signed.signatures, *lines)).encode()


def cosigned(*witnesses: int) -> bytes:
    return with_lines(NOTE, *(SIGNERS[n].cosign(TEXT, AT) for n in witnesses))


def test_cosignature_has_the_specified_bytes() -> None:
    name, public = "witness.example/w0", KEYS[0].public_key().public_bytes_raw()
    line = SIGNERS[0].cosign(TEXT, AT)
    assert line.name == name
    assert line.key_id == hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT
    assert line.signature == (1679315147).to_bytes(8, "big") + KEYS[0].sign(message)
    key = base64.b64encode(b"\x04" + public).decode()
    assert VKEYS[0] == f"{name}+{line.key_id.hex()}+{key}"
    assert WitnessVerifier.from_vkey(VKEYS[0]) == SIGNERS[0].verifier


def test_published_cosignature_line_has_the_form_that_is_read_here() -> None:
    """The example of the specification; the key of its witness is not published."""
    raw = base64.b64decode(
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
        "qhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    assert len(raw) == 4 + 8 + 64
    assert int.from_bytes(raw[4:12], "big") == AT.timestamp()


def test_openssl_verifies_a_cosignature(tmp_path: Path) -> None:
    public, text, signature = (tmp_path / name for name in ("public.pem", "text", "signature"))
    public.write_bytes(
        KEYS[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    signature.write_bytes(SIGNERS[0].cosign(TEXT, AT).signature[8:])
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public)]
    outcomes = []
    for time in (b"1679315147", b"1679315148"):
        text.write_bytes(b"cosignature/v1\ntime " + time + b"\n" + TEXT)
        words = [*command, "-in", str(text), "-sigfile", str(signature)]
        outcomes.append(subprocess.run(words, capture_output=True, check=False).returncode == 0)
    assert outcomes == [True, False]


def test_enough_witnesses_of_those_named_are_counted_with_their_times() -> None:
    policy = WitnessPolicy(2, VKEYS)
    note = cosigned(2, 0)
    found = policy.verify(note)
    assert [(each.witness, each.at) for each in found] == [
        ("witness.example/w0", AT),
        ("witness.example/w2", AT),
    ]
    assert policy.is_witnessed(note)
    assert LogVerifier(LOG.vkey).verify(note).size == 70_000


def test_too_few_or_unnamed_witnesses_are_not_enough() -> None:
    assert refusal(WitnessPolicy(1, VKEYS).verify, NOTE) is Reason.NOT_WITNESSED
    assert refusal(WitnessPolicy(2, VKEYS).verify, cosigned(0)) is Reason.NOT_WITNESSED
    assert refusal(WitnessPolicy(1, VKEYS[:2]).verify, cosigned(2)) is Reason.NOT_WITNESSED
    assert not WitnessPolicy(2, VKEYS).is_witnessed(cosigned(0))


def test_one_witness_does_not_count_twice() -> None:
    twice = with_lines(cosigned(0), SIGNERS[0].cosign(TEXT, AT + timedelta(seconds=1)))
    assert refusal(WitnessPolicy(2, VKEYS).verify, twice) is Reason.CHECKPOINT_INVALID
    renamed = WitnessSigner("witness.example/again", SoftwareSigner(KEYS[0])).verifier.vkey
    for vkeys in ([VKEYS[0], VKEYS[0]], [VKEYS[0], renamed]):
        with pytest.raises(ExchangeError, match="different keys"):
            WitnessPolicy(2, vkeys)


@pytest.mark.parametrize("required", [0, -1, 4])
def test_policy_that_cannot_be_met_or_asks_for_nothing_is_refused(required: int) -> None:
    with pytest.raises(ExchangeError, match="expected 1 to 3"):
        WitnessPolicy(required, VKEYS)


def test_cosignature_of_another_checkpoint_spoils_the_note() -> None:
    other = LOG.sign(Checkpoint("hub.example/log", 70_001, hashlib.sha256(b"root").digest()))
    moved = with_lines(other, SIGNERS[0].cosign(TEXT, AT))
    assert refusal(WitnessPolicy(1, VKEYS).verify, moved) is Reason.CHECKPOINT_INVALID
    assert not WitnessPolicy(1, VKEYS).is_witnessed(moved)


def test_changed_time_short_and_timeless_signatures_spoil_the_note() -> None:
    line = SIGNERS[0].cosign(TEXT, AT)
    later = (1679315148).to_bytes(8, "big") + line.signature[8:]
    for raw in (later, line.signature[:-1], bytes(8) + line.signature[8:], b"\xff" * 72):
        note = with_lines(NOTE, NoteSignature(line.name, line.key_id, raw))
        assert refusal(WitnessPolicy(1, VKEYS).verify, note) is Reason.CHECKPOINT_INVALID


def test_key_of_a_log_is_no_key_of_a_witness() -> None:
    with pytest.raises(ExchangeError, match="base64 of 0x04"):
        WitnessVerifier.from_vkey(LOG.vkey)
    with pytest.raises(ExchangeError, match="base64 of 0x01"):
        LogVerifier(VKEYS[0])


def test_plain_signature_of_a_witness_is_no_cosignature() -> None:
    """Domain separation: what the key signed otherwise never passes for a cosignature."""
    line = SIGNERS[0].cosign(TEXT, AT)
    plain = NoteSignature(line.name, line.key_id, line.signature[:8] + KEYS[0].sign(TEXT))
    note = with_lines(NOTE, plain)
    assert refusal(WitnessPolicy(1, VKEYS).verify, note) is Reason.CHECKPOINT_INVALID
