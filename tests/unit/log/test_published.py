"""Published vectors of these formats, for the protocol's code and the evidence script.

Nothing here was made by this project: the files in `tests/vectors` name their sources. Where a
document publishes no key for its example, its form is read and no signature is claimed.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_client.evidence.verify import (
    Misgiven,
    Note,
    OpenSsl,
    Refused,
    Witnesses,
    parse_tlog_proof,
    parse_vkey,
    read_checkpoint,
    root_of,
    verify_checkpoint,
    verify_cosignatures,
)
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier, SignedCheckpoint
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessVerifier
from exchange_protocol.log.merkle import verify_consistency, verify_inclusion
from exchange_protocol.log.notes import NoteSigner, NoteVerifier, SignedNote

VECTORS: Final = Path(__file__).parents[2] / "vectors"
C2SP: Final[dict[str, Any]] = json.loads((VECTORS / "c2sp.json").read_text(encoding="utf-8"))
ARGON: Final[dict[str, Any]] = json.loads((VECTORS / "argon2020.json").read_text())
COSIGNED: Final[dict[str, Any]] = C2SP["cosigned_checkpoint"]


def hashes(values: list[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in values]


# --- Signed notes --------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", C2SP["signed_notes"], ids=lambda each: each["vkeys"][-1][:11])
def test_notes_verify_under_each_of_their_keys(vector: dict[str, Any]) -> None:
    note = SignedNote.parse(vector["note"].encode())
    assert note.encode() == vector["note"].encode()
    for vkey in vector["vkeys"]:
        verifier = NoteVerifier.from_vkey(vkey)
        verifier.verify(note)
        assert parse_vkey(vkey) == (verifier.name, verifier.key_id, verifier.public_key)
        with pytest.raises(ExchangeError, match="is not good"):
            verifier.verify(SignedNote(note.text + b"\n", note.signatures))


def test_the_published_key_signs_the_published_note() -> None:
    """Ed25519 is deterministic: the same key over the same text makes the same bytes."""
    note = SignedNote.parse(C2SP["signed_notes"][1]["note"].encode())
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(C2SP["signing_key"]["seed"]))
    own = NoteSigner("PeterNeumann", SoftwareSigner(key)).sign(note.text)
    assert SignedNote.parse(own).signatures == note.signatures[:1]


@pytest.mark.parametrize("vkey", C2SP["bad_vkeys"]["vkeys"])
def test_keys_that_others_refuse_are_refused(vkey: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        NoteVerifier.from_vkey(vkey)
    assert caught.value.reason is Reason.CONFIG_INVALID
    with pytest.raises(Misgiven):
        parse_vkey(vkey)


def test_no_piece_of_a_key_is_a_key() -> None:
    vkey = C2SP["signed_notes"][1]["vkeys"][0]
    pieces = {vkey[a:b] for a in range(len(vkey)) for b in range(a + 1, len(vkey) + 1)} - {vkey}
    for piece in pieces:
        with pytest.raises(ExchangeError):
            NoteVerifier.from_vkey(piece)
        with pytest.raises(Misgiven):
            parse_vkey(piece)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text, line: text,
        lambda text, line: text + "\n",
        lambda text, line: text + "\n" + line[:-1],
        lambda text, line: "\x01" + text + "\n" + line,
        lambda text, line: text + "\n" + line.replace("PeterNeumann", "Bad Name"),
        lambda text, line: text + "\n" + line + "Unexpected line.\n",
        lambda text, line: text + "\n" + line * 101,
    ],
    ids=["no line", "no signature", "no newline", "control", "name", "more", "too many"],
)
def test_notes_that_others_refuse_are_refused(spoil: Any) -> None:
    text, _, lines = C2SP["signed_notes"][1]["note"].partition("\n\n")
    with pytest.raises(ExchangeError) as caught:
        SignedNote.parse(spoil(text + "\n", lines.splitlines(keepends=True)[0]).encode())
    assert caught.value.reason is Reason.CHECKPOINT_INVALID


def test_text_of_a_note_may_hold_blank_lines() -> None:
    raw = C2SP["unverifiable_note"]["note"].encode()
    note = SignedNote.parse(raw)
    assert note.text.endswith("\n\ned è subito sera.\n".encode())
    [line] = note.signatures
    assert (line.name, line.key_id.hex()) == ("quasimodo.example/salvatore", "367ba04b")
    assert len(line.signature) == 64
    assert note.encode() == raw


# --- Checkpoints and cosignatures ----------------------------------------------------------------


def test_a_real_checkpoint_verifies_by_its_log_and_by_its_witness(tmp_path: Path) -> None:
    note = COSIGNED["note"].encode()
    checkpoint = LogVerifier(COSIGNED["log_vkey"]).verify(note)
    assert checkpoint.size == COSIGNED["size"]
    [cosignature] = WitnessPolicy(1, [COSIGNED["witness_vkey"]]).verify(note)
    assert cosignature.at == datetime.fromtimestamp(COSIGNED["witnessed_at"], UTC)
    verify_checkpoint(Note(note), COSIGNED["log_vkey"], OpenSsl(tmp_path))
    found = read_checkpoint(Note(note), COSIGNED["log_vkey"].partition("+")[0])
    assert (found.size, found.root) == (checkpoint.size, checkpoint.root)
    witnesses = Witnesses(1, [COSIGNED["witness_vkey"]])
    assert list(verify_cosignatures(found.note, witnesses, OpenSsl(tmp_path))) == [
        (cosignature.witness, f"{cosignature.at:%Y-%m-%dT%H:%M:%SZ}")
    ]


@pytest.mark.parametrize(
    "part", [b"1432088532", b"U7WM79jrzyhG", "— remora.n621.de 2net5w".encode()]
)
def test_a_real_checkpoint_that_was_changed_does_not_verify(part: bytes, tmp_path: Path) -> None:
    changed = COSIGNED["note"].encode().replace(part, part[:-1] + b"8")
    with pytest.raises(ExchangeError):
        WitnessPolicy(1, [COSIGNED["witness_vkey"]]).verify(changed)
    if part.isascii():
        with pytest.raises(ExchangeError):
            LogVerifier(COSIGNED["log_vkey"]).verify(changed)
        with pytest.raises(Refused, match="signature on the checkpoint is not good"):
            verify_checkpoint(Note(changed), COSIGNED["log_vkey"], OpenSsl(tmp_path))


def test_the_example_of_a_cosigned_checkpoint_has_the_form_that_is_read() -> None:
    vector = C2SP["unverifiable_cosigned_checkpoint"]
    signed = SignedCheckpoint.parse(vector["note"].encode())
    assert (signed.checkpoint.origin, signed.checkpoint.size) == (
        "example.com/behind-the-sofa",
        20852163,
    )
    witness = signed.signatures[1]
    assert witness.name == "witness.example.com/w1"
    seconds = int.from_bytes(witness.signature[:8], "big")
    message = f"cosignature/v1\ntime {seconds}\n".encode() + signed.checkpoint.body()
    assert message == vector["signed_message"].encode()


def test_a_witness_key_is_no_key_of_a_log() -> None:
    assert WitnessVerifier.from_vkey(COSIGNED["witness_vkey"]).name == "remora.n621.de"
    with pytest.raises(ExchangeError):
        LogVerifier(COSIGNED["witness_vkey"])
    with pytest.raises(Misgiven):
        parse_vkey(COSIGNED["witness_vkey"])


# --- Proofs --------------------------------------------------------------------------------------


def test_proofs_of_a_real_log_of_a_billion_entries_verify() -> None:
    root, leaf = base64.b64decode(ARGON["root"]), base64.b64decode(ARGON["leaf_hash"])
    size, index, proof = ARGON["size"], ARGON["index"], hashes(ARGON["inclusion"])
    verify_inclusion(leaf, index, size, proof, root)
    assert root_of(leaf, index, size, proof) == root
    root1 = base64.b64decode(ARGON["root1"])
    verify_consistency(ARGON["size1"], size, hashes(ARGON["consistency"]), root1, root)
    for at in range(len(proof)):
        wrong = [*proof[:at], bytes(32), *proof[at + 1 :]]
        with pytest.raises(ExchangeError):
            verify_inclusion(leaf, index, size, wrong, root)
        assert root_of(leaf, index, size, wrong) != root
    for at in range(len(ARGON["consistency"])):
        steps = hashes(ARGON["consistency"])
        steps[at] = bytes(32)
        with pytest.raises(ExchangeError):
            verify_consistency(ARGON["size1"], size, steps, root1, root)


def test_the_example_of_a_tlog_proof_is_read_but_for_its_extra_line() -> None:
    """Bundles carry no extra data: nobody signs it, so a bundle that has some is refused."""
    text = C2SP["tlog_proof"]["text"]
    with pytest.raises(Refused, match="index on the second line"):
        parse_tlog_proof(text.encode())
    plain = re.sub(r"^extra .*\n", "", text, flags=re.MULTILINE)
    index, proof, note = parse_tlog_proof(plain.encode())
    assert (index, len(proof)) == (C2SP["tlog_proof"]["index"], C2SP["tlog_proof"]["hashes"])
    assert note.startswith(b"example.com/fancylog\n109482\n")
    assert plain.endswith(note.decode())


@pytest.mark.parametrize(
    "text",
    [
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{base64.b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + "a" * 65 * 1024 + "\n",
    ],
    ids=["header", "no index", "word", "negative", "zeros", "base64", "length", "no checkpoint"],
)
def test_tlog_proofs_that_others_refuse_are_refused(text: str) -> None:
    """The cases of transparency-dev/formats, and a number with zeros before it."""
    with pytest.raises(Refused) as caught:
        parse_tlog_proof(text.encode())
    assert caught.value.reason == "PROOF_INVALID"
