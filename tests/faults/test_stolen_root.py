"""The root is stolen: it stays pinned, and its revocation list goes (docs/adr/0073).

Replay verifies each certificate on the log to a pinned root, so no pin can be taken away. A hub
accepts no certificate whose issuer's list it does not hold, so the thief has nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from agency_client import Sent
from exchange_certs.authority import Authority, IssuedCertificate
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from tests.faults.rotation import TwoRoots, add, replace_hub_certificate
from tests.integration.rpc.callers import Stubs, reason_of
from tests.support.asking import ask
from tests.support.commands import ServerCommand, run
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import OFFICERS, Foundation
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubProcess, channel_credentials

SENDER, RECEIVER = OFFICERS[0], "kz.fma/system"
LEFT_BEHIND = "kz.mia/system"
"""A member whom nobody has certified anew yet."""


def test_stolen_root_stays_pinned_and_its_list_goes(
    foundation: Foundation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old_town = foundation.copy(tmp_path / "hub")
    files, command = old_town.files, ServerCommand(monkeypatch, capsys)
    config = ("--config", str(files.config_file))
    thief = files.authority.issue_member(
        parse_member(f"spiffe://{TRUST_DOMAIN}/agency/kz.gpo/system"),
        Usage.TLS_CLIENT,
        now=utc_now(),
    )
    old = files.authority.directory
    with HubProcess(files) as hub:
        old_town.point_to(hub.port)
        with old_town.client(SENDER) as sender:
            before = ask(sender, "kz.fma")
        assert isinstance(before, Sent)
        assert listed(hub, files.root_pem, thief) == "OK"

    # 1. A new root behind the old one, both lists; the hub listens where the thief is not.
    new = Authority.create(tmp_path / "new-authority", TRUST_DOMAIN, PASSPHRASE, utc_now())
    add(old / "root.pem", new.root_pem())
    add(old / "crl.pem", new.crl_pem())
    for pin in old_town.profiles.glob("*/root.pem"):
        add(pin, new.root_pem())
    anew = TwoRoots(files.folder, files.config_file, new, files.log_vkey, files.database_url)
    town = replace(old_town, files=anew)
    replace_hub_certificate(anew)
    with HubProcess(anew) as hub:
        town.point_to(hub.port)
        certify_anew(town, (OPERATOR, SENDER, RECEIVER, AUDITOR), hub.port, tmp_path / "anew")

    # 2. The list of the old root goes, from the hub's file and from what it held.
    anew.config.held_lists.unlink()
    (old / "crl.pem").write_bytes(new.crl_pem())
    code, out, err = command("revocations", str(new.directory / "crl.pem"), *config)
    assert "in place" in out, out + err
    with HubProcess(anew) as hub:
        town.point_to(hub.port)
        assert listed(hub, anew.root_pem, thief) == Reason.CERTIFICATE_UNTRUSTED.name
        with town.client(LEFT_BEHIND) as client:
            assert refused(lambda: ask(client, "kz.fma")) is Reason.CERTIFICATE_UNTRUSTED
        # His signature counts nowhere either, though its certificate is on the log.
        lend_channel(town, SENDER, LEFT_BEHIND)
        with town.client(LEFT_BEHIND) as client:
            client.sync()
            assert refused(lambda: ask(client, "kz.fma")) is Reason.CERTIFICATE_UNTRUSTED
        with town.client(SENDER) as sender:
            later = ask(sender, "kz.fma")
        assert isinstance(later, Sent)
        with town.client(RECEIVER) as receiver:
            for sent in (before, later):
                assert receiver.open(sent.exchange_id).faults == ()
        # 3. Whoever begins now replays the whole log, with what the old root issued.
        fresh = town.profile(AUDITOR)
        shutil.rmtree(fresh / "state", ignore_errors=True)
        code, out, err = run(capsys, "--json", "--profile", fresh, "audit", "verify")
        assert code == 0, out + err

        # Without the old root nobody can: so it is not taken out of a pin.
        (fresh / "root.pem").write_bytes(new.root_pem())
        shutil.rmtree(fresh / "state")
        with town.client(AUDITOR) as auditor, pytest.raises(ExchangeError):
            auditor.sync()
    code, out, err = command("fsck", *config)
    assert code == 0, out + err
    (old / "root.pem").write_bytes(new.root_pem())
    code, out, err = command("fsck", *config)
    assert code != 0, out + err


def listed(hub: HubProcess, roots: bytes, issued: IssuedCertificate) -> str:
    """The outcome of listing the exchanges of a certificate's agency."""
    with grpc.secure_channel(hub.target, channel_credentials(roots, issued)) as channel:
        try:
            Stubs(channel).exchange.ListExchanges(pb.ListExchangesRequest(), timeout=20)
        except grpc.RpcError as error:
            return reason_of(error) or error.code().name
    return "OK"


def refused(act: Callable[[], object]) -> Reason:
    with pytest.raises(ExchangeError) as caught:
        act()
    return caught.value.reason


def certify_anew(town: Deployment, members: tuple[str, ...], port: int, folder: Path) -> None:
    """Give members certificates of the new root; the operator publishes by the old key."""
    folder.mkdir()
    new = replace(town, profiles=folder)
    with town.client(OPERATOR) as operator:
        for member in members:
            made = new.add_member(member, port)
            assert made.vault.certificate is not None
            operator.publish_certificate(made.vault.certificate.der)
    for member in members:
        there = town.profile(member)
        if (there / "sealing").exists():
            shutil.copytree(there / "sealing", new.profile(member) / "sealing", dirs_exist_ok=True)
        shutil.rmtree(there)
        shutil.move(new.profile(member), there)


def lend_channel(town: Deployment, lender: str, borrower: str) -> None:
    """Let a profile use the channel of another member of its agency."""
    for name in ("tls.key", "tls.pem"):
        shutil.copy(town.profile(lender) / name, town.profile(borrower) / name)
