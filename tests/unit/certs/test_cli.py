"""The command does what the authority does, with files and messages for people."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_certs import command as entry
from exchange_certs.cli import CA_VARIABLE, KEY_VARIABLE, main
from exchange_keys import load_ec_key

CA_PASSPHRASE = "fictional passphrase of the authority"
KEY_PASSPHRASE = "fictional passphrase of the key"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty directory; gives status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CA_VARIABLE, CA_PASSPHRASE)
    monkeypatch.setenv(KEY_VARIABLE, KEY_PASSPHRASE)

    def run_main(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return run_main


@pytest.fixture
def ca(run: Run) -> Run:
    assert run("init", "ca", "--trust-domain", "caricc.example")[0] == 0
    return run


def test_version_is_printed(run: Run) -> None:
    status, out, _ = run("--version")
    assert status == 0
    assert re.fullmatch(r"exchange-certs \d+\.\d+\.\d+\S*\n", out)


MEMBER = ("--agency", "kz.mia", "--role", "system", "--usage", "signing")


def test_issued_certificate_and_key_belong_together(ca: Run) -> None:
    status, out, _ = ca("issue", "ca", *MEMBER, "--out", "mia.pem")
    assert status == 0
    assert "spiffe://caricc.example/agency/kz.mia/system" in out
    certificate = x509.load_pem_x509_certificate(Path("mia.pem").read_bytes())
    key = load_ec_key(Path("mia.key"), KEY_PASSPHRASE.encode())
    assert key.public_key() == certificate.public_key()
    assert stat.S_IMODE(Path("mia.key").stat().st_mode) == 0o600


def test_hub_certificate_is_issued_with_its_addresses(ca: Run) -> None:
    hub = ("--hub", "main", "--dns", "localhost", "--ip", "127.0.0.1")
    assert ca("issue", "ca", *hub, "--out", "hub.pem", "--days", "10")[0] == 0
    certificate = x509.load_pem_x509_certificate(Path("hub.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert len(names.value) == 3


def test_signing_request_keeps_the_key_with_its_owner(
    ca: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    key = ec.generate_private_key(ec.SECP256R1())
    claimed = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kz.fma")])
    request = x509.CertificateSigningRequestBuilder().subject_name(claimed)
    pem = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    Path("mia.csr").write_bytes(pem)
    assert ca("issue", "ca", *MEMBER, "--out", "mia.pem", "--csr", "mia.csr")[0] == 0
    certificate = x509.load_pem_x509_certificate(Path("mia.pem").read_bytes())
    assert certificate.public_key() == key.public_key()
    assert "kz.fma" not in certificate.subject.rfc4514_string()
    assert not Path("mia.key").exists()


def test_text_that_is_no_signing_request_is_refused(ca: Run) -> None:
    Path("mia.csr").write_text("text")
    status, _, err = ca("issue", "ca", *MEMBER, "--out", "mia.pem", "--csr", "mia.csr")
    assert status == 2
    assert "INVALID_FIELD [csr]" in err


@pytest.mark.parametrize("by_file", [True, False])
def test_revoked_certificate_is_listed_as_revoked(ca: Run, by_file: bool) -> None:
    ca("issue", "ca", *MEMBER, "--out", "mia.pem")
    [row] = json.loads(ca("list", "ca", "--json")[1])
    assert row["state"] == "valid"
    which = "mia.pem" if by_file else row["serial"]
    status, out, _ = ca("revoke", "ca", which, "--reason", "keyCompromise")
    assert status == 0
    assert "Revoked spiffe://caricc.example/agency/kz.mia/system" in out
    [row] = json.loads(ca("list", "ca", "--json")[1])
    assert (row["state"], row["reason"]) == ("revoked", "keyCompromise")
    assert len(x509.load_pem_x509_crl(Path("ca/crl.pem").read_bytes())) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("revoke", "ca", "ab"), "Missing option '--reason'. Choose from: keyCompromise, "),
        (("issue", "ca"), "Missing option '--out'."),
        (("revok",), "No such command 'revok'. Did you mean 'revoke'?"),
    ],
)
def test_a_wrong_line_is_one_plain_line_of_error(
    ca: Run, words: tuple[str, ...], said: str
) -> None:
    status, out, err = ca(*words)
    assert (status, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith(f"exchange-certs: {said}")


def test_ctrl_c_before_the_command_is_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exchange_certs.cli.main", stop)
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 130
    assert capsys.readouterr().err.startswith("exchange-certs: stopped; ")


def test_all_of_a_member_is_revoked_by_its_identity_and_nobody_else(ca: Run) -> None:
    ca("issue", "ca", *MEMBER, "--out", "one.pem")
    ca("issue", "ca", *MEMBER, "--out", "two.pem")
    other = [each if each != "kz.mia" else "kz.fma" for each in MEMBER]
    ca("issue", "ca", *other, "--out", "other.pem")
    identity = "spiffe://caricc.example/agency/kz.mia/system"
    # The spelling of `agency operator revoke` is taken too.
    status, out, _ = ca("revoke", "ca", identity, "--reason", "key-compromise")
    assert status == 0
    assert out.count("Revoked") == 2
    states = {row["identity"]: row["state"] for row in json.loads(ca("list", "ca", "--json")[1])}
    assert sorted(states.values()) == ["revoked", "valid"]
    status, _, err = ca("revoke", "ca", identity, "--reason", "keyCompromise")
    assert (status, "CERTIFICATE_UNKNOWN" in err) == (2, True)
    assert ca("revoke", "ca", "other.pem", "--reason", "bored")[0] == 2


def test_first_moment_before_the_roots_is_refused(ca: Run) -> None:
    moment = ("--not-before", "2020-01-01")
    status, _, err = ca("issue", "ca", *MEMBER, "--out", "mia.pem", *moment)
    assert (status, "INVALID_FIELD [not_before]" in err) == (2, True)


@pytest.mark.parametrize(
    "terminal",
    [
        {"COLUMNS": "40"},
        {"COLUMNS": "80"},
        {"COLUMNS": "200"},
        # Of a terminal that is dumb, rich takes 80 columns whatever it is told.
        {"FORCE_COLOR": "1", "TERM": "dumb"},
    ],
)
def test_list_shows_a_table_without_a_passphrase_that_breaks_no_word(
    ca: Run, monkeypatch: pytest.MonkeyPatch, terminal: dict[str, str]
) -> None:
    ca("issue", "ca", *MEMBER, "--out", "mia.pem")
    [row] = json.loads(ca("list", "ca", "--json")[1])
    monkeypatch.delenv(CA_VARIABLE)
    for name, value in terminal.items():
        monkeypatch.setenv(name, value)
    status, out, _ = ca("list", "ca")
    assert status == 0
    assert row["serial"] in out
    assert "spiffe://caricc.example/agency/kz.mia/system" in out
    assert "valid" in out


def test_list_is_published_anew(ca: Run) -> None:
    before = Path("ca/crl.pem").read_bytes()
    assert ca("crl", "ca")[0] == 0
    assert Path("ca/crl.pem").read_bytes() != before


def test_passphrases_are_read_from_closed_files(ca: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CA_VARIABLE)
    monkeypatch.delenv(KEY_VARIABLE)
    for name, passphrase in (("ca.txt", CA_PASSPHRASE), ("key.txt", KEY_PASSPHRASE)):
        # As Notepad saves it.
        Path(name).write_bytes(b"\xef\xbb\xbf" + passphrase.encode() + b"\r\n")
        Path(name).chmod(0o600)
    files = ("--passphrase-file", "ca.txt", "--key-passphrase-file", "key.txt")
    assert ca("issue", "ca", *MEMBER, "--out", "mia.pem", *files)[0] == 0
    load_ec_key(Path("mia.key"), KEY_PASSPHRASE.encode())
    Path("ca.txt").chmod(0o644)
    status, _, err = ca("issue", "ca", *MEMBER, "--out", "other.pem", *files)
    assert status == 2
    assert "0644" in err
    assert not Path("other.pem").exists()


@pytest.mark.parametrize("variable", [CA_VARIABLE, KEY_VARIABLE])
def test_missing_or_short_passphrase_is_refused(
    ca: Run, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    assert "KEY_UNAVAILABLE" in ca("issue", "ca", *MEMBER, "--out", "mia.pem")[2]
    monkeypatch.setenv(variable, "short")
    assert "KEY_UNAVAILABLE" in ca("issue", "ca", *MEMBER, "--out", "mia.pem")[2]
    assert json.loads(ca("list", "ca", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--agency", "kz.mia", "--role", "system", "--out", "x.pem"), "MISSING_FIELD"),
        (("--out", "x.pem"), "MISSING_FIELD"),
        ((*MEMBER, "--hub", "main", "--out", "x.pem"), "INVALID_FIELD [hub]"),
        ((*MEMBER, "--dns", "localhost", "--out", "x.pem"), "INVALID_FIELD [dns]"),
        ((*MEMBER, "--out", "x.key"), "INVALID_FIELD [out]"),
        ((*MEMBER, "--out", "ca/root.pem"), "FILE_NOT_WRITTEN: ca/root.key exists"),
        ((*MEMBER, "--out", "missing/mia.pem"), "No such file or directory: missing"),
        (("--hub", "main", "--out", "x.pem"), "INVALID_FIELD"),
        (("--agency", "KZ", *MEMBER[2:], "--out", "x.pem"), "IDENTITY_INVALID [agency]"),
        ((*MEMBER, "--agency", "kz.fma", "--out", "x.pem"), "expected --agency once"),
        ((*MEMBER, "--days", "5000", "--out", "x.pem"), "INVALID_FIELD"),
    ],
)
def test_contradictory_arguments_issue_nothing(
    ca: Run, arguments: tuple[str, ...], reason: str
) -> None:
    status, _, err = ca("issue", "ca", *arguments)
    assert status == 2
    assert reason in err
    assert json.loads(ca("list", "ca", "--json")[1]) == []


def test_first_moment_is_read_as_utc(ca: Run) -> None:
    moment = ("--not-before", "2027-01-01T00:00:00Z", "--days", "700")
    assert ca("issue", "ca", *MEMBER, "--out", "mia.pem", *moment)[0] == 0
    certificate = x509.load_pem_x509_certificate(Path("mia.pem").read_bytes())
    assert certificate.not_valid_before_utc.isoformat() == "2027-01-01T00:00:00+00:00"


def test_directory_without_authority_is_one_line_of_error(run: Run) -> None:
    status, _, err = run("list", "nothing")
    assert status == 2
    assert err.startswith("exchange-certs: CONFIG_INVALID")
    assert "Traceback" not in err
    assert run("revoke", "nothing", "zz", "--reason", "superseded")[0] == 2


def test_failure_of_the_file_system_is_one_line_of_error(ca: Run) -> None:
    Path("ca/root.pem").unlink()
    status, _, err = ca("crl", "ca")
    assert status == 2
    assert err.startswith("exchange-certs: ")
    assert "Traceback" not in err


def test_arguments_come_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["exchange-certs", "--help"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert "revocation list" in capsys.readouterr().out
