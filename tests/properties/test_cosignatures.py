"""Whatever stands in the lines of witnesses, it counts only where the witness signed just that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import MAX_TREE_SIZE, Checkpoint, LogSigner
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner, WitnessVerifier
from exchange_protocol.log.notes import NoteSignature, SignedNote
from tests.support.refusals import reason_or_none

# Fictional log and witness; the seeds protect nothing.
LOG = LogSigner(
    "hub.example/log", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
)
WITNESS = WitnessSigner(
    "witness.example/w", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
)
POLICY = WitnessPolicy(1, [WITNESS.verifier.vkey])
NOTE = SignedNote.parse(LOG.sign(Checkpoint("hub.example/log", 7, bytes(32))))
GOOD = WITNESS.cosign(NOTE.text, datetime(2026, 1, 1, tzinfo=UTC)).signature
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, MAX_TREE_SIZE),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 250_000_000_000),
)
def test_cosignature_comes_back_with_its_time(size: int, root: bytes, seconds: int) -> None:
    note = SignedNote.parse(LOG.sign(Checkpoint("hub.example/log", size, root)))
    line = WITNESS.cosign(note.text, EPOCH + timedelta(seconds=seconds))
    [found] = POLICY.verify(SignedNote(note.text, (*note.signatures, line)).encode())
    assert (found.at - EPOCH) == timedelta(seconds=seconds)
    assert found.line == line


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD) * 8 - 1))
def test_every_flipped_bit_spoils_it(bit: int) -> None:
    raw = bytearray(GOOD)
    raw[bit // 8] ^= 1 << bit % 8
    line = NoteSignature(WITNESS.verifier.name, WITNESS.verifier.key_id, bytes(raw))
    note = SignedNote(NOTE.text, (*NOTE.signatures, line)).encode()
    assert not POLICY.is_witnessed(note)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=100))
def test_noise_as_a_signature_is_refused_with_a_reason(raw: bytes) -> None:
    line = NoteSignature(WITNESS.verifier.name, WITNESS.verifier.key_id, raw)
    note = SignedNote(NOTE.text, (*NOTE.signatures, line)).encode()
    assert reason_or_none(lambda: POLICY.verify(note)) is Reason.CHECKPOINT_INVALID


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.text("+abc=", max_size=40).map(lambda t: f"w+00000000+{t}"))
def test_noise_as_a_verifier_key_is_refused_with_a_reason(vkey: str) -> None:
    assert reason_or_none(lambda: WitnessVerifier.from_vkey(vkey)) is Reason.CONFIG_INVALID
