"""A hub under load whose keys are rotated, lost or stolen, and what must hold afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agency_client import Profile, Sent
from agency_client.state.renewal import begin_renewal, finish_renewal, read_answer
from exchange_certs.enrolment import encode_answer, renew
from exchange_keys import SoftwareSigner, encrypted_pem
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.bootstrap import load_log_signer, utc_now
from tests.faults.load import FULL, Load, Sender, free_port, wait_until
from tests.support.commands import run
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import OFFICERS
from tests.support.hub_process import ORIGIN, PASSPHRASE, TRUST_DOMAIN, HubFiles, HubProcess

BETWEEN = 40 if FULL else 4
"""Receipts between one rotation and the next."""


class Rotation:
    """A hub under load whose keys change; statements by new keys count as the senders' do."""

    def __init__(self, deployment: Deployment) -> None:
        self.town, self.files = deployment, deployment.files
        self.load = Load(deployment, free_port())
        self.hub = self._start()
        self.others: dict[str, Sender] = {}

    def _start(self) -> HubProcess:
        hub = HubProcess(self.load.files, self.load.environment)
        hub.__enter__()
        return hub

    def restart(self) -> None:
        self.hub.stop()
        self.hub.close()
        self.hub = self._start()

    def go_on(self) -> None:
        """Wait until every sender has been given receipts once more."""
        before = [len(sender.receipts) for sender in self.load.senders[: len(OFFICERS)]]
        wait_until(
            lambda: all(
                len(sender.receipts) >= count + BETWEEN or sender.failure is not None
                for sender, count in zip(self.load.senders, before, strict=False)
            )
        )

    def say_by(self, member: str) -> None:
        """Say something by the keys that a member's profile holds now."""
        if member not in self.others:
            self.others[member] = Sender(self.town, member, self.load.senders[0].stop)
            self.load.senders.append(self.others[member])
        sender = self.others[member]
        with self.town.client(member) as client:
            sender._send(client)

    def renew(self, member: str, *, post_quantum: bool = False) -> None:
        """Renew both keys of a member, as its own commands and its authority's do."""
        profile = Profile.load(self.town.profile(member))
        request = begin_renewal(profile, post_quantum=post_quantum)
        issued = renew(self.files.authority, request, now=utc_now(), days=365)
        answer = read_answer(
            encode_answer(self.files.authority, issued),
            profile.folder / "renewal",
            profile.anchors,
            utc_now(),
        )
        with self.town.client(OPERATOR) as operator:
            operator.publish_certificate(answer.signing.der)
        finish_renewal(profile, answer)

    def replace_hub_certificate(self) -> None:
        """Put a new pair in place of the hub's."""
        replace_hub_certificate(self.files)

    def hub_has_read_its_certificate(self) -> bool:
        """Connect anew, and tell whether the hub has taken its new pair."""
        self.say_by("kz.mia/system")
        return bool(self.hub.said("certificate_read"))

    def configure(self, change: Callable[[str], str]) -> None:
        file = self.files.config_file
        file.write_text(change(file.read_text("utf-8")), encoding="utf-8")

    def succeed_log_key(self) -> str:
        """Let a new key follow on the log's key, in three steps; gives the new verifier key."""
        key = SoftwareSigner.generate_ed25519()
        new = self.files.folder / "log-next.key"
        new.touch(mode=0o600)
        new.write_bytes(key.encrypted(PASSPHRASE))
        self.configure(
            lambda text: text.replace(
                'key = "log.key"', 'key = "log.key"\nsuccessor_key = "log-next.key"'
            )
        )
        self.restart()
        self.go_on()
        succession = load_log_signer(self.files.config.log, {}).succession()
        with self.town.client(OPERATOR) as operator:
            operator.publish_log_key(succession)
        self.go_on()
        self.configure(
            lambda text: text.replace(
                'key = "log.key"\nsuccessor_key = "log-next.key"', 'key = "log-next.key"'
            )
        )
        self.restart()
        return LogSigner(ORIGIN, key).vkey

    def lose_both_keys(self, member: str) -> None:
        """A member's keys are gone: it is enrolled again, and the old certificate taken back."""
        folder = self.town.profile(member)
        old = Profile.load(folder).vault.certificate
        sealing = folder / "sealing"
        kept = self.files.folder / "kept"
        shutil.copytree(sealing, kept)
        shutil.rmtree(folder)
        made = self.town.add_member(member, self.hub.port)
        shutil.copytree(kept, made.sealing_folder, dirs_exist_ok=True)
        assert made.vault.certificate is not None
        assert old is not None
        with self.town.client(OPERATOR) as operator:
            operator.publish_certificate(made.vault.certificate.der)
            operator.revoke_certificate(old.fingerprint, RevocationReason.SUPERSEDED)


def replace_hub_certificate(files: HubFiles) -> None:
    """Put a new pair in place of the hub's, one file after the other."""
    issued = files.authority.issue_hub(
        HubIdentity(TRUST_DOMAIN, "main"),
        now=utc_now(),
        dns_names=["localhost"],
        ip_addresses=["127.0.0.1"],
    )
    assert issued.key is not None
    for name, data in (
        ("hub.key", encrypted_pem(issued.key, PASSPHRASE)),
        ("hub.pem", issued.certificate_pem),
    ):
        new = files.folder / f"new-{name}"
        new.touch(mode=0o600)
        new.write_bytes(data)
        new.replace(files.folder / name)


Losing = tuple[Rotation, Path, pytest.CaptureFixture[str]]


def nothing_is_lost(losing: Losing) -> None:
    """Every receipt holds, every statement is on the log once, the auditor's replay is clean."""
    rotation, _, capsys = losing
    rotation.load.settle()
    profile = rotation.town.profile(AUDITOR)
    code, out, err = run(capsys, "--json", "--profile", profile, "audit", "verify")
    assert code == 0, out + err
    rotation.hub.stop()
    rotation.load.verify(at_least=1)
    for sender in rotation.load.senders:
        assert sender.receipts
        assert all(isinstance(sent, Sent) for sent in sender.receipts)


def does_not_start(rotation: Rotation, why: str) -> None:
    hub = HubProcess(rotation.files, rotation.load.environment)
    with pytest.raises(AssertionError, match="did not start") as caught:
        hub.__enter__()
    assert why in str(caught.value)


class TwoRoots(HubFiles):
    """A hub's files whose roots are those that it has pinned, and not its authority's alone."""

    @property
    def root_pem(self) -> bytes:
        return (self.folder / "authority" / "root.pem").read_bytes()


def add(file: Path, pem: bytes) -> None:
    """Put another certificate or list behind those of a file."""
    draft = file.with_name(f"{file.name}.draft")
    draft.write_bytes(file.read_bytes() + pem)
    draft.replace(file)
