"""Members get their certificates by request, renew them, and are warned; keys never travel."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from agency_client.cli import main
from agency_client.state.expiry import key_states, warnings
from agency_client.state.profile import Profile
from exchange_certs.authority import Authority
from exchange_certs.cli import main as certs
from exchange_keys import encrypted_pem
from exchange_keys.requests import make_keys, parse_request
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now
from tests.support.deployment import OPERATOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubProcess

pytestmark = pytest.mark.long

SECOND_OPERATOR = "caricc/operator/ops2"
MEMBER = f"spiffe://{TRUST_DOMAIN}/agency/kz.fma/officer/dana"


def run(*words: object) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(each) for each in words])
    assert left.value.code == 0


def authority(*words: object) -> None:
    certs_ended = 0
    try:
        certs([str(each) for each in words])
    except SystemExit as left:
        certs_ended = int(left.code or 0)
    assert certs_ended == 0


class Office:
    """The authority's desk: its folder, two operators, passphrase files."""

    def __init__(self, town: Deployment, port: int, folder: Path) -> None:
        self.town, self.folder = town, folder
        self.ca = town.files.authority.directory
        town.add_member(SECOND_OPERATOR, port)
        self.passphrase = folder / "office.passphrase"
        self.passphrase.touch(mode=0o600)
        self.passphrase.write_bytes(PASSPHRASE)

    def approve(self, member: str, request: Path, fingerprint: str) -> Path:
        profile = self.town.profile(member)
        out = self.folder / f"{profile.name}.{request.parent.name}.approval.json"
        authority(
            "approve", request, "--fingerprint", fingerprint,
            "--certificate", profile / "signing.pem", "--key", profile / "signing.key",
            "--out", out, "--passphrase-file", self.passphrase,
        )  # fmt: skip
        return out

    def token(self, fingerprint: str, capsys: pytest.CaptureFixture[str]) -> str:
        capsys.readouterr()
        authority("token", self.ca, "--fingerprint", fingerprint)
        return capsys.readouterr().out.split()[0]

    def enrol(self, request: Path, token: str, approvals: list[Path], out: Path) -> None:
        words = [each for approval in approvals for each in ("--approval", approval)]
        authority(
            "enrol", self.ca, request, "--token", token, *words,
            "--out", out, "--passphrase-file", self.passphrase,
        )  # fmt: skip


@pytest.fixture
def hub(foundation: Foundation, tmp_path: Path) -> object:
    with foundation.serving(tmp_path / "hub") as served:
        yield served


def asked(folder: Path, office: Office, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """Make keys and a request; gives the fingerprint as it was printed."""
    capsys.readouterr()
    run(
        "enrol", "new", folder, "--agency", "kz.fma", "--role", "officer", "--name", "dana",
        "--trust-domain", TRUST_DOMAIN, "--key-passphrase-file", office.passphrase, *more,
    )  # fmt: skip
    found = re.search(r"(\d{4} ){5}\d{4}", capsys.readouterr().out)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("second", [(), ("--post-quantum",)], ids=["one key", "two keys"])
def test_member_is_enrolled_by_request_and_its_keys_never_leave(
    hub: tuple[Deployment, HubProcess],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    second: tuple[str, ...],
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    mine = tmp_path / "mine"
    fingerprint = asked(mine, office, capsys, *second)
    request = mine / "request.json"
    assert "PRIVATE KEY" not in request.read_text("utf-8")
    token = office.token(fingerprint, capsys)
    approvals = [office.approve(each, request, fingerprint) for each in (OPERATOR, SECOND_OPERATOR)]
    answer = tmp_path / "answer.json"
    office.enrol(request, token, approvals, answer)
    run("--profile", town.profile(OPERATOR), "operator", "certificate", answer.with_suffix(".pem"))
    profile = tmp_path / "profile"
    run(
        "enrol", "finish", mine, answer, "--to", profile, "--hub", process.target,
        "--hub-name", "main", "--root", office.ca / "root.pem", "--log-key", town.files.log_vkey,
        "--key-passphrase-file", office.passphrase,
    )  # fmt: skip
    vault = Profile.load(profile).vault
    assert str(vault.member.uri) == MEMBER
    assert bool(vault.sign(b"-").post_quantum_signature) is bool(second)
    capsys.readouterr()
    run("--profile", profile, "whoami")
    assert ("ML-DSA-65" in capsys.readouterr().out) is bool(second)
    run("--profile", profile, "inbox")
    kept = list((office.ca / "approvals").iterdir())
    assert len(json.loads(kept[0].read_text("utf-8"))["approvals"]) == 2


def test_authority_refuses_one_operator_a_spent_token_and_another_fingerprint(
    hub: tuple[Deployment, HubProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    fingerprint = asked(tmp_path / "mine", office, capsys)
    request = tmp_path / "mine" / "request.json"
    forged = make_keys(parse_member(MEMBER), PASSPHRASE).request
    (tmp_path / "forged").mkdir()
    swapped = tmp_path / "forged" / "request.json"
    swapped.write_bytes(forged.encode())

    def refused(attempt: object, why: str) -> None:
        capsys.readouterr()
        assert callable(attempt)
        with pytest.raises(AssertionError):
            attempt()
        assert why in capsys.readouterr().err

    # The file was swapped on the way: the voice on the phone says other digits.
    refused(lambda: office.approve(OPERATOR, swapped, fingerprint), "not what was heard")
    one = office.approve(OPERATOR, request, fingerprint)
    two = office.approve(SECOND_OPERATOR, request, fingerprint)
    token = office.token(fingerprint, capsys)
    out = tmp_path / "answer.json"
    refused(lambda: office.enrol(request, token, [one], out), "got 1")
    refused(lambda: office.enrol(request, token, [one, one], out), "got 1")
    refused(lambda: office.enrol(swapped, token, [one, two], out), "SIGNATURE_INVALID")
    other = office.token(forged.fingerprint, capsys)
    refused(lambda: office.enrol(request, other, [one, two], out), "the token is for")
    officer = office.approve("kz.mia/system", request, fingerprint)
    refused(lambda: office.enrol(request, token, [one, officer], out), "an operator's approval")
    assert not out.exists()
    office.enrol(request, token, [one, two], out)
    refused(lambda: office.enrol(request, token, [one, two], tmp_path / "again.json"), "spent")


def test_system_renews_both_keys_while_the_old_ones_still_work(
    hub: tuple[Deployment, HubProcess], tmp_path: Path
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    profile = town.profile("kz.mia/system")
    before = Profile.load(profile)
    running = town.client("kz.mia/system")
    run("--profile", profile, "keys", "renew")
    request = profile / "renewal" / "request.json"
    answer = tmp_path / "answer.json"
    authority("renew", office.ca, request, "--out", answer, "--passphrase-file", office.passphrase)
    run("--profile", profile, "keys", "accept", answer)
    after = Profile.load(profile)
    assert after.tls.certificate.serial != before.tls.certificate.serial
    assert after.vault.certificate is not None
    assert before.vault.certificate is not None
    assert after.vault.certificate.public_key != before.vault.certificate.public_key
    assert not (profile / "renewal").exists()
    # One that runs goes on with the old keys, a new one takes the new.
    with running:
        running.request_information(
            to="kz.fma", brief="by the old key", request={"items": ["accounts"]}
        )
    with town.client("kz.mia/system") as client:
        sent = client.request_information(
            to="kz.fma", brief="by the new key", request={"items": ["accounts"]}
        )
        assert client.get(sent.exchange_id).id == sent.exchange_id


def test_renewal_that_the_present_keys_did_not_sign_is_refused(
    hub: tuple[Deployment, HubProcess], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    run("--profile", town.profile("kz.mia/system"), "keys", "renew")
    run("--profile", town.profile("kz.gpo/system"), "keys", "renew")
    mine = json.loads((town.profile("kz.mia/system") / "renewal/request.json").read_text("utf-8"))
    theirs = json.loads((town.profile("kz.gpo/system") / "renewal/request.json").read_text("utf-8"))
    for name, change in [
        ("another's signatures", {"renewal": theirs["renewal"]}),
        ("another key", {"signing_csr": theirs["signing_csr"]}),
        ("no signatures", {"renewal": None}),
    ]:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(mine | change), encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            certs(["renew", str(office.ca), str(file), "--out", str(tmp_path / "no.json"),
                   "--passphrase-file", str(office.passphrase)])  # fmt: skip
        assert left.value.code == 2, name
    assert not (tmp_path / "no.json").exists()


@pytest.mark.parametrize(
    ("left", "warning"),
    [
        (timedelta(days=31), None),
        (timedelta(days=29), "ends in 29 days: renew it"),
        (timedelta(days=6), "ends in 6 days: renew it"),
        (timedelta(hours=5), "ends within a day: renew it now"),
    ],
)
def test_warnings_grow_as_the_end_comes_near(
    foundation: Foundation, tmp_path: Path, left: timedelta, warning: str | None
) -> None:
    town = foundation.copy(tmp_path / "hub")
    profile = Profile.load(town.profile("kz.mia/system"))
    tls = key_states(profile, profile.tls.certificate.not_after - left)[0]
    assert tls.warning == warning


def test_what_has_ended_is_told_with_the_clock(foundation: Foundation, tmp_path: Path) -> None:
    town = foundation.copy(tmp_path / "hub")
    profile = Profile.load(town.profile("kz.mia/system"))
    now = profile.tls.certificate.not_after + timedelta(days=2000)
    told = str(key_states(profile, now)[0].warning)
    assert told.startswith(f"HAS ENDED at {profile.tls.certificate.not_after:%Y-%m-%d %H:%M} UTC")
    assert f"which says {now:%Y-%m-%d %H:%M} UTC: set the clock" in told
    assert told.endswith("enrol again")


def test_clock_before_a_certificate_or_a_list_is_told_and_a_list_is_not_renewed(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    folder = town.profile("kz.mia/system")
    text = (folder / "profile.toml").read_text("utf-8")
    (folder / "crl.pem").write_bytes(town.files.authority.crl_pem())
    if "crl" not in text:
        text = text.replace("[trust]\n", '[trust]\ncrl = "crl.pem"\n')
        (folder / "profile.toml").write_text(text, "utf-8")
    profile = Profile.load(folder)
    assert profile.revocations is not None
    [crl] = profile.revocations.lists.values()
    early = key_states(profile, profile.tls.certificate.not_before - timedelta(days=366))
    assert {each.what for each in early} == {"tls", "signing", "crl"}
    for each in early:
        assert "is the clock of this machine right?" in str(each.warning)
    ended = key_states(profile, crl.next_update + timedelta(days=1))[-1]
    assert "else put the authority's newest crl.pem in its" in str(ended.warning)
    soon = warnings(profile, crl.next_update - timedelta(hours=5))
    assert any(each.startswith("crl: ends within a day: put the auth") for each in soon)


def test_profile_that_is_wrong_ends_with_its_own_code(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that reads 1 takes its statement for refused."""
    folder = foundation.copy(tmp_path / "hub").profile("kz.mia/system")
    Authority.create(tmp_path / "ca", TRUST_DOMAIN, PASSPHRASE, utc_now())
    shutil.copy(tmp_path / "ca" / "root.pem", folder / "root.pem")
    for words in (("whoami",), ("inbox",), ("outbox", "list"), ("sync",)):
        with pytest.raises(SystemExit) as left:
            main(["--profile", str(folder), *words])
        assert (left.value.code, "CERTIFICATE_UNTRUSTED" in capsys.readouterr().err) == (2, True)


def test_certificates_on_one_line_reach_the_hub(foundation: Foundation, tmp_path: Path) -> None:
    """The TLS library of gRPC reads them not, and its handshake blames the root."""
    town = foundation.copy(tmp_path / "hub")
    profile = town.profile("kz.mia/system")
    hub = [each for each in town.files.folder.glob("*.pem") if b"BEGIN CERT" in each.read_bytes()]
    for file in (*hub, *profile.glob("*.pem")):
        data = file.read_bytes()
        if b"BEGIN CERTIFICATE" in data:
            file.write_bytes(b"a text before it\n" + data.replace(b"\n", b""))
    with HubProcess(town.files) as running:
        town.point_to(running.port)
        with town.client("kz.mia/system") as client:
            assert client.sync().size


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, None), (29, "ends in 29 days"), (13, "ends in 13 days"), (6, "ends in 6 days"),
     (0, "ends within a day: renew it now")],
)  # fmt: skip
def test_whoami_and_status_warn_of_an_end_that_is_near(
    foundation: Foundation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    days: int,
    said: str | None,
) -> None:
    town = foundation.copy(tmp_path / "hub")
    folder = town.profile("kz.mia/system")
    ends = utc_now() + timedelta(days=days, hours=2)
    issued = town.files.issue("kz.mia/system", not_after=ends)
    assert issued.key is not None
    (folder / "tls.pem").write_bytes(issued.certificate_pem)
    (folder / "tls.key").write_bytes(encrypted_pem(issued.key, PASSPHRASE))
    capsys.readouterr()
    for words in (("keys", "status"), ("whoami",)):
        run("--profile", folder, *words)
        out = " ".join(capsys.readouterr().out.split())
        assert (said in out) if said else ("renew it" not in out), words
    run("--json", "--profile", folder, "keys", "status")
    (tls,) = (each for each in json.loads(capsys.readouterr().out)["keys"] if each["what"] == "tls")
    assert tls["days"] == days
    assert bool(tls["warning"]) is (said is not None)


def test_whoami_and_status_tell_of_a_certificate_that_is_revoked_on_the_log(
    hub: tuple[Deployment, HubProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    town, _ = hub
    profile = town.profile("kz.gpo/system")
    certificate = Profile.load(profile).vault.certificate
    assert certificate is not None
    with town.client(OPERATOR) as operator:
        operator.revoke_certificate(certificate.fingerprint, RevocationReason.KEY_COMPROMISE)
    run("--profile", profile, "sync")
    capsys.readouterr()
    run("--profile", profile, "whoami")
    assert "REVOKED" in capsys.readouterr().out
    run("--json", "--profile", profile, "keys", "status")
    [signing] = [
        each for each in json.loads(capsys.readouterr().out)["keys"] if each["what"] == "signing"
    ]
    assert signing["revoked"]


def test_malformed_requests_are_refused_by_name() -> None:
    good = make_keys(parse_member(MEMBER), PASSPHRASE).request
    told = json.loads(good.encode())
    assert parse_request(good.encode()).fingerprint == good.fingerprint
    for change in (
        {"format": "other"},
        {"identity": "spiffe://x"},
        {"tls_csr": "no"},
        {"signing_csr": told["tls_csr"]},
    ):
        with pytest.raises(ExchangeError) as caught:
            parse_request(json.dumps(told | change).encode())
        assert caught.value.reason is Reason.INVALID_FIELD
