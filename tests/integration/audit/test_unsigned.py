"""Input that nobody signed, or a key of another log did, is refused and accuses nobody."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from exchange_keys import SoftwareSigner
from exchange_protocol.log.checkpoint import LogSigner, SignedCheckpoint
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

Stage = tuple[Deployment, HubProcess]


@pytest.fixture(scope="module")
def stage(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A hub with an exchange."""
    with foundation.serving(tmp_path_factory.mktemp("stage") / "hub") as (town, hub):
        with town.client("kz.mia/system") as police:
            police.refer(to=["kz.fma"], brief="Fictional referral")
        yield town, hub


@pytest.fixture(scope="module")
def copy(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The words that audit a whole copy, and what is trusted."""
    files, folder = stage[0].files, tmp_path_factory.mktemp("copy")
    path = folder / "copy.db"
    with closing(sqlite3.connect(files.folder / "hub.db")) as source:
        source.execute("VACUUM INTO ?", (str(path),))
    root = str(shutil.copy(files.authority.directory / "root.pem", folder))
    return ("--database", str(path), "--root", root, "--log-key", files.log_vkey)


@pytest.fixture
def note(stage: Stage, capsys: pytest.CaptureFixture[str]) -> bytes:
    code, note, _ = run(capsys, *as_member(stage[0], AUDITOR), "audit", "checkpoint")
    assert code == 0
    return note.encode()


def false_notes(note: bytes) -> dict[str, bytes]:
    """Notes that say another tree, by how they are not signed."""
    told = SignedCheckpoint.parse(note).checkpoint
    other = replace(told, root=bytes(32))
    text, _, signatures = note.partition(b"\n\n")
    lines = text.split(b"\n")
    return {
        "without a signature": text + b"\n",
        "signed by another key of that name": LogSigner(
            told.origin, SoftwareSigner.generate_ed25519()
        ).sign(other),
        "signed by another log": LogSigner(
            "other.example/log", SoftwareSigner.generate_ed25519()
        ).sign(replace(other, origin="other.example/log")),
        "changed after it was signed": b"\n".join((lines[0], b"9999", *lines[2:]))
        + b"\n\n"
        + signatures,
        "cut": note[: len(note) // 2],
        "of nothing": b"",
    }


@pytest.mark.parametrize(
    "how",
    [
        "without a signature",
        "signed by another key of that name",
        "signed by another log",
        "changed after it was signed",
        "cut",
        "of nothing",
    ],
)
def test_note_that_the_log_did_not_sign_is_refused_and_convicts_nobody(
    copy: tuple[str, ...],
    note: bytes,
    how: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    false, true, proof = tmp_path / "false", tmp_path / "true", tmp_path / "proof"
    false.write_bytes(false_notes(note)[how])
    true.write_bytes(note)
    code, out, err = run(capsys, "audit", "verify", *copy, "--checkpoint", str(false))
    assert code == 2, out + err
    assert "VIOLATION" not in out.upper()
    key = copy[-2:]
    said = ("audit", "prove-split-view", "--note", str(true), "--note", str(false))
    code, out, err = run(capsys, *said, *key, "-o", str(proof))
    assert code in (1, 2), out + err
    assert "Proven" not in out
    assert not proof.exists()
    kept = {"held": note.decode(), "got": false.read_bytes().decode("utf-8", "replace")}
    (tmp_path / "evidence").write_text(json.dumps(kept), "utf-8")
    evidence = ("audit", "prove-split-view", "--evidence", str(tmp_path / "evidence"))
    code, out, err = run(capsys, *evidence, *key, "-o", str(proof))
    assert code in (1, 2), out + err
    assert "Proven" not in out
    assert not proof.exists()


def test_note_that_the_log_signed_is_taken(
    copy: tuple[str, ...], note: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So the tests above fail for the signature alone."""
    (tmp_path / "note").write_bytes(note)
    code, out, _ = run(capsys, "audit", "verify", *copy, "--checkpoint", str(tmp_path / "note"))
    assert "VIOLATION" not in out.upper()
    assert (code, "is not known here" in out) != (0, True)
