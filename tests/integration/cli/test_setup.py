"""A deployment is set up with the command alone, from certificates to the first request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agency_client.cli import main
from exchange_keys import save_private_key
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now
from tests.support.deployment import POLICY
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubFiles, HubProcess, prepare_hub

pytestmark = pytest.mark.long

AGENCIES = {
    "caricc": ("coordination-centre", ()),
    "kz.mia": ("police", ("--country", "KZ")),
    "kz.fma": ("FIU", ("--country", "KZ")),
}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert isinstance(left.value.code, int)
    return int(left.value.code)


def make_profile(files: HubFiles, hub: HubProcess, member: str, folder: Path) -> Path:
    """Issue certificates, as the authority does, and take them into a profile."""
    identity = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{member}")
    words = []
    own = folder / member.replace("/", "_")
    own.mkdir(parents=True)
    for name, usage in (("tls", Usage.TLS_CLIENT), ("signing", Usage.SIGNING)):
        issued = files.authority.issue_member(identity, usage, now=utc_now())
        assert issued.key is not None
        (own / f"{name}.pem").write_bytes(issued.certificate_pem)
        save_private_key(own / f"{name}.key", issued.key, PASSPHRASE)
        words += [f"--{name}-cert", str(own / f"{name}.pem")]
        words += [f"--{name}-key", str(own / f"{name}.key")]
    passphrase = own / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_bytes(PASSPHRASE)
    profile = own / "profile"
    pins = ("--root", str(files.authority.directory / "root.pem"), "--log-key", files.log_vkey)
    hub_words = ("--hub", hub.target, "--hub-name", "main", "--crl", str(files.crl_file))
    more = ("--key-passphrase-file", str(passphrase), "--legal-basis", "KZ-AML-18")
    assert run("profile", "init", str(profile), *hub_words, *pins, *words, *more) == 0
    return profile


def test_deployment_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files = prepare_hub(tmp_path)
    with HubProcess(files) as hub:
        operator = make_profile(files, hub, "caricc/operator/dana", tmp_path / "desks")
        systems = {
            agency: make_profile(files, hub, f"{agency}/system", tmp_path / "desks")
            for agency in AGENCIES
        }

        def operate(*words: str) -> int:
            return run("--profile", str(operator), "operator", *words)

        assert operate("certificate", str(operator / "signing.pem")) == 0
        for agency, (agency_type, country) in AGENCIES.items():
            words = ("--name", f"{agency} (вымышлено)", "--agency-type", agency_type)
            assert operate("enrol", agency, *words, "--time-zone", "Asia/Almaty", *country) == 0
        signing = [str(profile / "signing.pem") for profile in systems.values()]
        assert operate("certificate", *signing) == 0
        assert operate("policy", str(POLICY)) == 0
        for profile in systems.values():
            assert run("--profile", str(profile), "keys", "publish") == 0
        officer = make_profile(files, hub, "kz.mia/officer/erlan", tmp_path / "desks")
        passphrase = ("--passphrase-file", str(officer.parent / "passphrase"))
        for agency, code in (("kz.fma", 2), ("kz.mia", 0)):
            theirs = str(systems[agency] / "sealing")
            assert run("--profile", str(officer), "keys", "import", theirs, *passphrase) == code
        names = [
            [key.name for key in (p / "sealing").iterdir()] for p in (officer, systems["kz.mia"])
        ]
        assert names[0] == names[1]
        changed = POLICY.read_text(encoding="utf-8") + (
            '// вымышлено\n@id("one-more")\n'
            'forbid (principal, action == Action::"Referral", resource) when { false };\n'
        )
        (tmp_path / "changed.cedar").write_text(changed, encoding="utf-8")
        capsys.readouterr()
        assert operate("compare-policy", "changed.cedar") == 0
        assert operate("policy", str(POLICY)) == 1, "the other one was compared, not published"
        assert "in force already" in capsys.readouterr().err

        # One operator proposes, another reads the text from the log and confirms it.
        second = make_profile(files, hub, "caricc/operator/sam", tmp_path / "desks")
        assert operate("certificate", str(second / "signing.pem")) == 0
        assert operate("show-policy", "--proposed") == 1
        assert "PROPOSAL_UNKNOWN" in capsys.readouterr().err
        assert operate("policy", "changed.cedar") == 0
        told = capsys.readouterr()
        assert "Proposed" in told.out
        assert "confirm-policy changed.cedar" in told.out
        assert run("--profile", str(systems["kz.fma"]), "sync") == 0
        assert "waits for a second operator until 20" in capsys.readouterr().out
        assert operate("confirm-policy", "changed.cedar") == 1
        assert "ALREADY_DECIDED" in capsys.readouterr().err
        by_second = ("--profile", str(second), "operator")
        assert run(*by_second, "show-policy") == 0
        assert capsys.readouterr().out == POLICY.read_text(encoding="utf-8")
        assert run(*by_second, "confirm-policy", str(POLICY)) == 1
        assert "PROPOSAL_UNKNOWN" in capsys.readouterr().err
        assert run(*by_second, "show-policy", "--proposed") == 0
        shown = capsys.readouterr()
        assert shown.out == changed
        assert "proposed by caricc, operator dana; it lapses on 20" in shown.err
        assert "confirm-policy FILE.cedar" in shown.err
        assert run(*by_second, "confirm-policy", "changed.cedar") == 0
        assert run(*by_second, "confirm-policy", "changed.cedar") == 1
        assert "in force already" in capsys.readouterr().err
        assert run(*by_second, "show-policy") == 0
        assert capsys.readouterr().out.endswith(changed)
        assert operate("policy", "changed.cedar") == 1
        assert "in force already" in capsys.readouterr().err

        assert operate("policy", "none.cedar") == 2
        (tmp_path / "bad.cedar").write_text("permit (everything);", encoding="utf-8")
        assert operate("policy", "bad.cedar") == 2
        (tmp_path / "bad.pem").write_text("no certificate", encoding="utf-8")
        assert operate("certificate", "bad.pem") == 2
        errors = capsys.readouterr().err.splitlines()
        assert len(errors) == 3
        assert "POLICY_INVALID" in errors[1]
        assert "DOCUMENT_INVALID" in errors[2]

        (tmp_path / "r.yaml").write_text(
            "brief: Вымышленный запрос\ncontent: {items: [accounts]}\n", encoding="utf-8"
        )
        send = ("send", "information-request", "r.yaml", "--to", "kz.fma")
        assert run("--profile", str(systems["kz.mia"]), *send) == 0
        revoke = ("revoke", str(systems["kz.mia"] / "signing.pem"), "--reason", "key-compromise")
        assert operate(*revoke) == 0
        said = capsys.readouterr().out
        assert "  revoked  " in said
        assert "exchange-certs revoke CA spiffe://" in said
        gone = ("revoke", f"spiffe://{TRUST_DOMAIN}/agency/kz.mia/system")
        assert operate(*gone, "--reason", "key-compromise") == 1
        assert "CERTIFICATE_UNKNOWN" in capsys.readouterr().err
        assert run("--profile", str(systems["kz.mia"]), *send) == 1
        assert "CERTIFICATE_REVOKED" in capsys.readouterr().err
        assert run("--profile", str(systems["kz.mia"]), "sync") == 0
        capsys.readouterr()
        assert run("--profile", str(systems["kz.mia"]), "whoami") == 0
        assert ": REVOKED SINCE 20" in capsys.readouterr().out
        assert run("--profile", str(systems["kz.mia"]), "--json", "whoami") == 0
        signing = json.loads(capsys.readouterr().out)["certificates"]["signing"]
        assert (signing["valid_now"], signing["revoked_at"] is None) == (False, False)


def test_profile_is_refused_for_what_is_wrong_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXCHANGE_KEY_PASSPHRASE", "a fictional passphrase")
    (tmp_path / "x.pem").write_text("nothing", encoding="utf-8")
    (tmp_path / "x.key").write_text("nothing", encoding="utf-8")
    (tmp_path / "x.key").chmod(0o600)
    file, key = str(tmp_path / "x.pem"), str(tmp_path / "x.key")
    words = ("--hub", "localhost:1", "--hub-name", "main", "--root", file, "--log-key", "vkey")
    pair = ("--tls-cert", file, "--tls-key", key)
    assert run("profile", "init", str(tmp_path / "new"), *words, *pair) == 2
    err = capsys.readouterr().err
    assert err.startswith("agency: KEY_UNAVAILABLE: ")
    assert "passphrase" not in err
    assert not (tmp_path / "new").exists()
