"""Files of an enrolment that are none: bad input, named by its file, and no verdict."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client.state.renewal import ANSWER_FORMAT, REQUEST_FILE
from exchange_certs.authority import Authority
from tests.support.commands import run
from tests.support.hub_process import TRUST_DOMAIN

JUNK = (b"", b"hello\n", b"\x00\x01\xff" * 500, b"[1]", b'{"format": "other"}')
ANSWER = {"format": ANSWER_FORMAT, "tls_certificate": "no", "signing_certificate": "no", "crl": "x"}


@pytest.fixture
def root_pem(tmp_path: Path) -> Path:
    """The root of an authority."""
    Authority.create(tmp_path / "ca", TRUST_DOMAIN, b"fictional passphrase", datetime.now(UTC))
    return tmp_path / "ca" / "root.pem"


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder of `enrol new`."""
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_bytes(b"correct horse battery staple")
    folder = tmp_path / "mine"
    code, _, err = run(
        capsys, "enrol", "new", folder, "--agency", "kz.fma", "--role", "officer", "--name", "dana",
        "--trust-domain", TRUST_DOMAIN, "--key-passphrase-file", passphrase,
    )  # fmt: skip
    assert code == 0, err
    return folder


def _finish(folder: Path, answer: Path, root: Path) -> list[object]:
    return [
        "enrol", "finish", folder, answer, "--to", folder.parent / "made", "--hub", "hub.test:1",
        "--hub-name", "main", "--root", root, "--log-key", "x",
        "--key-passphrase-file", folder.parent / "passphrase",
    ]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK)
def test_root_that_is_no_certificate_is_bad_input(
    asked: Path, capsys: pytest.CaptureFixture[str], junk: bytes
) -> None:
    root = asked.parent / "root.pem"
    root.write_bytes(junk)
    code, out, err = run(capsys, *_finish(asked, root, root))
    assert (code, out) == (2, "")
    assert "CONFIG_INVALID [--root]" in err
    assert "root.pem" in err
    assert not (asked.parent / "made").exists()


@pytest.mark.parametrize("junk", [*JUNK, json.dumps(ANSWER).encode()])
def test_answer_of_another_form_is_bad_input(
    asked: Path, root_pem: Path, capsys: pytest.CaptureFixture[str], junk: bytes
) -> None:
    answer = asked.parent / "answer.json"
    answer.write_bytes(junk)
    code, _, err = run(capsys, *_finish(asked, answer, root_pem))
    assert code == 2, err
    assert "DOCUMENT_INVALID" in err
    assert str(answer) in err


@pytest.mark.parametrize("junk", JUNK)
def test_own_request_that_was_overwritten_is_bad_input(
    asked: Path, root_pem: Path, capsys: pytest.CaptureFixture[str], junk: bytes
) -> None:
    answer = asked.parent / "answer.json"
    answer.write_bytes(json.dumps(ANSWER | _chains(root_pem)).encode())
    (asked / REQUEST_FILE).write_bytes(junk)
    code, _, err = run(capsys, *_finish(asked, answer, root_pem))
    assert code == 2, err
    assert f"DOCUMENT_INVALID: {asked / REQUEST_FILE}" in err


def test_answer_whose_certificates_are_not_of_the_root_is_a_verdict(
    asked: Path, root_pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked.parent / "answer.json"
    answer.write_bytes(json.dumps(ANSWER | _chains(root_pem)).encode())
    code, _, err = run(capsys, *_finish(asked, answer, root_pem))
    assert code == 1, err


@pytest.mark.parametrize("command", ["evidence verify", "audit verify --database"])
def test_root_of_another_command_is_bad_input_too(
    asked: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    root = asked.parent / "root.pem"
    root.write_bytes(b"hello\n")
    code, _, err = run(capsys, *command.split(), root, "--root", root, "--log-key", "x")
    assert code == 2
    assert f"CONFIG_INVALID [--root]: {root}" in err


def _chains(root: Path) -> dict[str, str]:
    text = root.read_text("ascii")
    return {"tls_certificate": text, "signing_certificate": text}
