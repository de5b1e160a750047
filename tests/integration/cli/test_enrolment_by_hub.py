"""Certificates are asked for and given through the hub, which is believed in nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agency_client import Profile
from agency_client.core.views import Sent
from exchange_certs.enrolment import encode_answer
from exchange_certs.enrolment import renew as certify
from exchange_keys.requests import make_keys, parse_request
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now
from tests.integration.cli.test_enrolment import (
    MEMBER,
    SECOND_OPERATOR,
    Office,
    asked,
    authority,
    run,
)
from tests.support.commands import run as command
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, HubProcess

pytestmark = pytest.mark.long

CENTRE, COLLEAGUE, OTHER = "caricc/system", "kz.fma/system", "kz.mia/system"

Served = tuple[Deployment, HubProcess]


@pytest.fixture
def hub(foundation: Foundation, tmp_path: Path) -> object:
    with foundation.serving(tmp_path / "hub") as served:
        yield served


def refusal(*words: object, capsys: pytest.CaptureFixture[str]) -> str:
    code, _, err = command(capsys, *words)
    assert code != 0
    return err


def waiting(
    town: Deployment, capsys: pytest.CaptureFixture[str], out: Path
) -> list[dict[str, str]]:
    capsys.readouterr()
    code, told, err = command(
        capsys, "--json", "--profile", town.profile(CENTRE), "enrol", "waiting", "--out", out
    )
    assert code == 0, err
    found: list[dict[str, str]] = json.loads(told)
    return found


def replayed(town: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, "--profile", town.profile(AUDITOR), "audit", "verify")
    assert code == 0, out + err


@pytest.mark.parametrize("second", [(), ("--post-quantum",)], ids=["one key", "two keys"])
def test_member_is_enrolled_through_the_hub(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str], second: tuple[str, ...]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    mine, colleague = tmp_path / "mine", town.profile(COLLEAGUE)
    fingerprint = asked(mine, office, capsys, *second)
    run("--profile", colleague, "enrol", "send", mine)
    assert "sent before" in refusal("--profile", colleague, "enrol", "send", mine, capsys=capsys)
    early = refusal(
        "--profile", colleague, "enrol", "finish", mine, "--to", tmp_path / "early",
        "--key-passphrase-file", office.passphrase, capsys=capsys,
    )  # fmt: skip
    assert "has not answered yet" in early
    assert not (tmp_path / "early").exists()
    # The authority takes what waits; two operators approve what they have heard.
    (found,) = waiting(town, capsys, tmp_path / "desk")
    assert (found["what"], found["who"]) == ("first request", MEMBER)
    assert fingerprint not in json.dumps(found)
    request = Path(found["file"])
    assert request.read_bytes() == (mine / "request.json").read_bytes()
    token = office.token(fingerprint, capsys)
    approvals = [office.approve(each, request, fingerprint) for each in (OPERATOR, SECOND_OPERATOR)]
    answer = tmp_path / "answer.json"
    office.enrol(request, token, approvals, answer)
    give = ("--profile", town.profile(CENTRE), "enrol", "answer", found["exchange_id"], answer)
    assert "publish it first" in refusal(*give, capsys=capsys)
    run("--profile", town.profile(OPERATOR), "operator", "certificate", answer.with_suffix(".pem"))
    run(*give)
    assert waiting(town, capsys, tmp_path / "desk") == []
    profile = tmp_path / "profile"
    run(
        "--profile", colleague, "enrol", "finish", mine, "--to", profile,
        "--key-passphrase-file", office.passphrase,
    )  # fmt: skip
    made = Profile.load(profile)
    assert made.vault.member.uri == MEMBER
    assert bool(made.vault.sign(b"-").post_quantum_signature) is bool(second)
    run("--profile", profile, "keys", "import", colleague / "sealing",
        "--passphrase-file", office.passphrase)  # fmt: skip
    run("--profile", profile, "inbox")
    run("--profile", profile, "ping", "kz.mia")
    replayed(town, capsys)


def test_member_renews_through_the_hub(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    profile = town.profile(COLLEAGUE)
    before = Profile.load(profile)
    run("--profile", profile, "keys", "renew")
    run("--profile", profile, "enrol", "send")
    (found,) = waiting(town, capsys, tmp_path / "desk")
    assert found["what"] == "renewal"
    answer = tmp_path / "answer.json"
    authority("renew", office.ca, found["file"], "--out", answer,
              "--passphrase-file", office.passphrase)  # fmt: skip
    run("--profile", town.profile(OPERATOR), "operator", "certificate", answer.with_suffix(".pem"))
    run("--profile", town.profile(CENTRE), "enrol", "answer", found["exchange_id"], answer)
    run("--profile", profile, "keys", "accept")
    after = Profile.load(profile)
    assert after.tls.certificate.serial != before.tls.certificate.serial
    assert not (profile / "renewal").exists()
    run("--profile", profile, "ping", "kz.mia")
    replayed(town, capsys)


def test_request_for_another_agencys_member_is_neither_sent_nor_taken(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    mine = tmp_path / "mine"
    asked(mine, office, capsys)
    err = refusal("--profile", town.profile(OTHER), "enrol", "send", mine, capsys=capsys)
    assert "AUTHOR_MISMATCH" in err
    assert not (mine / "exchange").exists()
    # A client of one's own sends it all the same.
    with town.client(OTHER) as other:
        sent = other.request_certificates(
            "caricc", attachments={"request.json": mine / "request.json"}
        )
        junk = other.request_certificates("caricc", attachments={"request.json": b"{}"})
        empty = other.request_certificates("caricc")
    assert all(isinstance(each, Sent) for each in (sent, junk, empty))
    found = {each["exchange_id"]: each for each in waiting(town, capsys, tmp_path / "desk")}
    assert {each["what"] for each in found.values()} == {"not good: refuse it"}
    assert "a member of kz.mia, its sender" in found[sent.exchange_id]["fault"]
    assert "expected a file of the format" in found[junk.exchange_id]["fault"]
    assert "got none" in found[empty.exchange_id]["fault"]
    assert not (tmp_path / "desk").exists()
    with town.client(CENTRE) as centre:
        centre.refuse(sent.exchange_id, "contrary-to-law", explanation="fictional")
    assert len(waiting(town, capsys, tmp_path / "desk")) == 2


def test_certificates_of_other_keys_are_refused_on_both_sides(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    mine, colleague = tmp_path / "mine", town.profile(COLLEAGUE)
    asked(mine, office, capsys)
    run("--profile", colleague, "enrol", "send", mine)
    (found,) = waiting(town, capsys, tmp_path / "desk")
    # Certificates of the right name, for keys that somebody else has.
    stolen = make_keys(parse_member(MEMBER), PASSPHRASE).request
    ca = town.files.authority
    issued = tuple(
        ca.issue_member(stolen.identity, usage, now=utc_now(), public_key=key)
        for usage, key in zip((Usage.TLS_CLIENT, Usage.SIGNING), stolen.keys, strict=True)
    )
    answer = tmp_path / "answer.json"
    answer.write_bytes(encode_answer(ca, (issued[0], issued[1])))
    err = refusal(
        "--profile", town.profile(CENTRE), "enrol", "answer", found["exchange_id"], answer,
        capsys=capsys,
    )  # fmt: skip
    assert "for other keys" in err
    with town.client(CENTRE) as centre:
        centre.give_certificates(found["exchange_id"], attachments={"answer.json": answer})
    err = refusal(
        "--profile", colleague, "enrol", "finish", mine, "--to", tmp_path / "profile",
        "--key-passphrase-file", office.passphrase, capsys=capsys,
    )  # fmt: skip
    assert "for other keys" in err
    assert not (tmp_path / "profile").exists()


def test_nobody_but_the_centre_is_asked_and_gives(hub: Served) -> None:
    town, _ = hub
    with town.client(OTHER) as other, pytest.raises(ExchangeError) as caught:
        other.request_certificates("kz.fma")
    assert caught.value.reason is Reason.POLICY_DENIED
    with town.client("caricc/coordinator/coordinator1") as coordinator:
        with pytest.raises(ExchangeError) as caught:
            coordinator.request_certificates("kz.fma")
        assert caught.value.reason is Reason.POLICY_DENIED
    with town.client(OTHER) as other:
        asked = other.ping("kz.fma")
        with town.client(COLLEAGUE) as colleague:
            colleague.open(asked.exchange_id)
            with pytest.raises(ExchangeError) as caught:
                colleague.give_certificates(asked.exchange_id)
    assert caught.value.reason in (Reason.OUT_OF_ORDER, Reason.POLICY_DENIED)


def test_without_a_profile_the_answer_is_a_file(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town, process = hub
    office = Office(town, process.port, tmp_path)
    mine = tmp_path / "mine"
    asked(mine, office, capsys)
    finish = ("enrol", "finish", mine, "--to", tmp_path / "profile",
              "--key-passphrase-file", office.passphrase)  # fmt: skip
    assert "expected --root" in refusal(*finish, capsys=capsys)
    err = refusal("--profile", town.profile(COLLEAGUE), *finish, capsys=capsys)
    assert "was not sent through the hub" in err
    err = refusal("--profile", town.profile(CENTRE), "enrol", "send", mine, capsys=capsys)
    assert "AUTHOR_MISMATCH" in err
    run("--profile", town.profile(CENTRE), "keys", "renew")
    err = refusal("--profile", town.profile(CENTRE), "enrol", "send", capsys=capsys)
    assert "ask by file" in err


def test_renewal_through_the_hub_takes_the_signatures_of_the_present_keys(
    hub: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sender that has a channel, and not the member's keys, gets no certificate for new ones."""
    town, _ = hub
    run("--profile", town.profile(COLLEAGUE), "keys", "renew")
    run("--profile", town.profile(COLLEAGUE), "enrol", "send")
    (found,) = waiting(town, capsys, tmp_path / "desk")
    told = json.loads(Path(found["file"]).read_text("utf-8"))
    told["renewal"]["signing_signature"] = told["renewal"]["tls_signature"]
    with pytest.raises(ExchangeError) as caught:
        certify(
            town.files.authority, parse_request(json.dumps(told).encode()), now=utc_now(), days=30
        )
    assert caught.value.reason is Reason.SIGNATURE_INVALID
