"""Whatever bytes come as a checkpoint, they are read or refused with a reason, never otherwise."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import (
    MAX_TREE_SIZE,
    Checkpoint,
    LogSigner,
    LogVerifier,
    SignedCheckpoint,
)
from exchange_protocol.log.notes import NoteVerifier
from tests.support.refusals import reason_or_none

# Fictional log; the seed protects nothing.
SIGNER = LogSigner(
    "hub.example/log", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
)
VERIFIER = LogVerifier(SIGNER.vkey)
NOTE = SIGNER.sign(Checkpoint("hub.example/log", 7, bytes(32)))

pieces = st.one_of(
    st.sampled_from(
        [b"\n", b"\n\n", b" ", b"=", b"0", b"7", b"AA=", "— ".encode(), NOTE, *NOTE.split(b"\n")]
    ),
    st.binary(max_size=12),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
noise = st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=12).map(b"".join))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, MAX_TREE_SIZE), st.binary(min_size=32, max_size=32))
@example(1, bytes(32))
@example(MAX_TREE_SIZE, b"\xff" * 32)
def test_signed_checkpoint_comes_back_the_same(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("hub.example/log", size, root)
    note = SIGNER.sign(checkpoint)
    assert VERIFIER.verify(note) == checkpoint
    assert Checkpoint.parse(checkpoint.body()) == checkpoint
    assert SignedCheckpoint.parse(note).note == note


@settings(max_examples=300, deadline=None)
@given(noise)
def test_noise_is_refused_with_a_reason(note: bytes) -> None:
    for read in (SignedCheckpoint.parse, Checkpoint.parse, VERIFIER.verify):
        assert reason_or_none(lambda read=read: read(note)) in (None, Reason.CHECKPOINT_INVALID)  # type: ignore[misc]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(NOTE)), st.integers(0, len(NOTE)), pieces)
def test_spliced_note_is_refused(start: int, end: int, piece: bytes) -> None:
    spliced = NOTE[:start] + piece + NOTE[end:]
    reason = reason_or_none(lambda: VERIFIER.verify(spliced))
    assert reason in (None, Reason.CHECKPOINT_INVALID)
    if reason is None:
        # Only a line of another key may be added; what the log signed stays as it was.
        assert spliced.startswith(NOTE.split(b"\n\n")[0] + b"\n\n")


@settings(max_examples=200, deadline=None)
@given(noise)
def test_note_that_parses_has_no_other_spelling(note: bytes) -> None:
    try:
        signed = SignedCheckpoint.parse(note)
    except ExchangeError:
        return
    lines = [
        f"— {s.name} {base64.b64encode(s.key_id + s.signature).decode()}\n"
        for s in signed.signatures
    ]
    assert signed.checkpoint.body() + b"\n" + "".join(lines).encode() == note


@given(st.text(max_size=80))
@example("+")
@example("a+b+c")
def test_noise_is_no_verifier_key(vkey: str) -> None:
    assert reason_or_none(lambda: NoteVerifier.from_vkey(vkey)) is Reason.CONFIG_INVALID
