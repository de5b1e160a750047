"""`agency evidence` exports what a profile is shown, and verifies without a hub or a profile."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from tests.integration.evidence.conftest import Court, Office, read, write
from tests.support.commands import run


def test_exported_file_verifies_anywhere(
    office: Office, court: Court, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "e.zip"
    profile = ("--profile", str(office.town.profile("kz.mia/system")))
    words = ("evidence", "export", office.exchange_id, "-o", str(file), "--with-content")
    code, out, _ = run(capsys, *profile, *words)
    assert code == 0, out
    assert f"Written to {file}" in out
    assert run(capsys, *profile, *words)[0] == 2, "nothing is written over"

    check = ("evidence", "verify", str(file), "--root", str(court.root), "--log-key", court.vkey)
    code, out, _ = run(capsys, *check)
    assert code == 0
    assert "Verified" in out
    code, out, _ = run(capsys, *check, "--json")
    found = json.loads(out)
    assert found["exchange_id"] == office.exchange_id
    assert found["party"] == "initiator"
    assert {"information_request", "decision", "reply", "close"} == {
        each["kind"] for each in found["entries"] if each["kind"]
    }
    code, out, _ = run(capsys, *profile, "evidence", "verify", str(file))
    assert code == 0, "the profile's own anchors serve too"
    assert run(capsys, "evidence", "verify", str(file))[0] == 2, "the file's own never do"


def test_altered_account_fails_and_a_true_one_is_written(
    court: Court, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, manifest = read(bundle)
    true_page = files["account.html"]
    files["account.html"] = b"<p>Nothing happened.</p>"
    forged = write(tmp_path / "e.zip", files, manifest)
    check = ("evidence", "verify", str(forged), "--root", str(court.root), "--log-key", court.vkey)
    code, out, _ = run(capsys, *check)
    assert code == 1
    assert "do not read it" in out
    page = tmp_path / "account.html"
    assert run(capsys, *check, "--account", str(page))[0] == 0
    assert page.read_bytes() == true_page


def test_tampered_file_is_refused_with_its_reason(
    court: Court, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, manifest = read(bundle)
    files["checkpoint.note"] += b" "
    forged = write(tmp_path / "e.zip", files, manifest)
    check = ("evidence", "verify", str(forged), "--root", str(court.root), "--log-key", court.vkey)
    code, out, _ = run(capsys, *check, "--json")
    assert code == 1
    assert json.loads(out)["error"]["reason"] == "CHECKPOINT_INVALID"


@pytest.mark.parametrize("option", ["--root", "--tsa-root"])
def test_root_that_is_no_certificate_is_no_verdict(
    court: Court, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    other = tmp_path / "other.pem"
    other.write_text("no certificate")
    files = {"--root": court.root, option: other}
    words = [word for name, file in files.items() for word in (name, str(file))]
    check = ("evidence", "verify", str(bundle), *words, "--log-key", court.vkey)
    code, out, _ = run(capsys, *check, "--json")
    assert code == 2
    error = json.loads(out)["error"]
    assert (error["reason"], error["field"]) == ("CONFIG_INVALID", option)
    assert "expected one or more root certificates in PEM" in error["message"]


def test_files_in_the_archive_are_private(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        modes = {stat.S_IMODE(each.external_attr >> 16) for each in archive.infolist()}
    assert modes == {0o600}
