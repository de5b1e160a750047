"""Each key is stolen once, by itself, and used against a real hub; docs/keys.md says what follows.

Before the guided commands the thief can do what the page says, and no more. After them he is
refused. Earlier statements stay readable and provable, and the auditor's replay is clean.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from agency_client import ExchangeClient, Profile, Queued, Sent
from agency_client.audit.split_views import split_view_in_evidence
from agency_client.state.keys import generate_sealing_key
from agency_client.state.outbox_folders import StoredStatement
from agency_client.witness.witness import init_witness
from exchange_certs.authority import Authority
from exchange_certs.cli import main as certs
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.split_view import verify_split_view
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from tests.faults.load import free_port
from tests.faults.rotation import Rotation, nothing_is_lost
from tests.integration.rpc.callers import Stubs, reason_of
from tests.support.asking import ask, new_exchange
from tests.support.commands import ServerCommand, run
from tests.support.damage import flipped
from tests.support.deployment import AUDITOR, COORDINATORS, OPERATOR, Deployment
from tests.support.foundation import NEWCOMER, OFFICERS, Foundation
from tests.support.hub_process import (
    PASSPHRASE,
    TRUST_DOMAIN,
    HubProcess,
    channel_credentials,
)

VICTIM, COLLEAGUE = OFFICERS[0], OFFICERS[1]
RECEIVER, STRANGER = "kz.fma/system", "kg.mia/system"
SECOND_OPERATOR = "caricc/operator/ops2"
OK = "OK"
POLICY = '@id("thief") permit(principal, action, resource);'


def uri(member: str) -> str:
    return f"spiffe://{TRUST_DOMAIN}/agency/{member}"


@dataclass
class Scene:
    """A hub, what was said before the theft, and the hands of owner and thief."""

    town: Deployment
    hub: HubProcess
    folder: Path
    command: ServerCommand
    capsys: pytest.CaptureFixture[str]
    before: Sent
    """A request of the victim to the receiver."""

    def agency(self, member: str, *words: object) -> str:
        """A command of a member that goes well; gives what it prints."""
        code, out, err = run(self.capsys, "--profile", self.town.profile(member), *words)
        assert code == 0, out + err
        return out

    def revoke_on_the_log(self, member: str, by: str = OPERATOR) -> None:
        """Step 1 of the guide."""
        out = self.agency(by, "operator", "revoke", uri(member), "--reason", "key-compromise")
        assert "revoked" in out
        assert "exchange-certs revoke" in out

    def revoke_the_channel(self, member: str) -> None:
        """Steps 2 and 3 of the guide."""
        folder, file = self.town.files.authority.directory, self.folder / "passphrase"
        file.touch(mode=0o600)
        file.write_bytes(PASSPHRASE)
        words = ("--reason", "key-compromise", "--passphrase-file", str(file))
        with pytest.raises(SystemExit) as ended:
            certs(["revoke", str(folder), uri(member), *words])
        assert not ended.value.code
        config = ("--config", str(self.town.files.config_file))
        code, out, err = self.command("revocations", str(self.town.files.crl_file), *config)
        assert (code, "the hub has taken it" in out) == (0, True), out + err

    def stolen_folder(self, member: str) -> Path:
        """A copy of a member's whole profile, in the hands of the thief."""
        copy: Path = self.folder / "thief" / member.replace("/", "_")
        shutil.copytree(self.town.profile(member), copy)
        return copy

    def thief(self, *members: str) -> Deployment:
        """A thief who has the profiles of these members whole."""
        for member in members:
            self.stolen_folder(member)
        return replace(self.town, profiles=self.folder / "thief")

    def channel(self, member: str) -> grpc.Channel:
        """A channel by a member's TLS key alone."""
        tls = Profile.load(self.town.profile(member)).tls
        credentials = grpc.ssl_channel_credentials(
            self.town.files.root_pem, tls.key_pem(), tls.certificate_pem
        )
        options = (("grpc.use_local_subchannel_pool", 1),)
        return grpc.secure_channel(self.hub.target, credentials, options)

    def forged(self, member: str) -> StoredStatement:
        """A statement signed by a stolen signing key, by a thief who reaches no hub."""
        thief = self.thief(member)
        thief.point_to(free_port())
        with thief.client(member) as client:
            assert isinstance(ask(client, "kz.fma"), Queued)
            [entry] = client.outbox.pending()
            return client.outbox.load(entry.statement_id)

    def submitted(self, through: str, stored: StoredStatement, signed: SignedStatement) -> str:
        """The outcome of a statement over the channel of a member's TLS key."""
        parts = [
            pb.InlinePart(name=part.name, sealed=stored.part_path(part.name).read_bytes())
            for part in stored.statement.parts
        ]
        request = pb.SubmitRequest(statement=encode_signed_statement(signed), parts=parts)
        with self.channel(through) as channel:
            return outcome(lambda: Stubs(channel).exchange.Submit(request, timeout=20))

    def listed(self, member: str) -> str:
        """The outcome of listing a member's exchanges by its TLS key alone."""
        request = pb.ListExchangesRequest()
        with self.channel(member) as channel:
            return outcome(lambda: Stubs(channel).exchange.ListExchanges(request, timeout=20))

    def stays_true(self) -> None:
        """Statements from before the theft open and are proven; the replay finds no fault."""
        with self.town.client(RECEIVER) as receiver:
            opened = receiver.open(self.before.exchange_id)
            assert opened.faults == ()
        code, out, err = run(
            self.capsys, "--json", "--profile", self.town.profile(AUDITOR), "audit", "verify"
        )
        assert code == 0, out + err


def outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except grpc.RpcError as error:
        return reason_of(error) or error.code().name
    return OK


def refused(act: Callable[[], object]) -> Reason:
    with pytest.raises(ExchangeError) as caught:
        act()
    return caught.value.reason


@pytest.fixture
def scene(
    foundation: Foundation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Scene]:
    # The command that installs a list asks the running hub there.
    monkeypatch.setenv("EXCHANGE_METRICS_PORT", str(free_port()))
    with foundation.serving(tmp_path / "hub") as (town, hub):
        with town.client(VICTIM) as victim:
            before = ask(victim, "kz.fma")
        assert isinstance(before, Sent)
        command = ServerCommand(monkeypatch, capsys)
        yield Scene(town, hub, tmp_path, command, capsys, before)


def test_tls_key_of_a_member(scene: Scene) -> None:
    """He opens a channel and lists; nothing that he says is the victim's."""
    assert scene.listed(VICTIM) == OK
    forged = scene.forged(VICTIM)
    unsigned = replace(forged.signed, signature=flipped(forged.signed.signature))
    assert scene.submitted(VICTIM, forged, unsigned) == Reason.SIGNATURE_INVALID.name
    scene.revoke_the_channel(VICTIM)
    assert scene.listed(VICTIM) == Reason.CERTIFICATE_REVOKED.name
    scene.stays_true()


def test_signing_key_of_a_member(scene: Scene) -> None:
    """Without a channel of the agency it says nothing; with a colleague's it is the owner's."""
    forged = scene.forged(VICTIM)
    assert scene.submitted(STRANGER, forged, forged.signed) == Reason.AUTHOR_MISMATCH.name
    assert scene.submitted(COLLEAGUE, forged, forged.signed) == OK
    shutil.rmtree(scene.folder / "thief")
    second = scene.forged(VICTIM)
    scene.revoke_on_the_log(VICTIM)
    assert scene.submitted(COLLEAGUE, second, second.signed) == Reason.CERTIFICATE_REVOKED.name
    # His statements from before the revocation stand on the log, under the victim's name.
    with scene.town.client(RECEIVER) as receiver:
        [said] = receiver.get(forged.statement.exchange_id).statements
        assert said.author.uri == uri(VICTIM)
    scene.stays_true()


def test_one_of_the_two_signing_keys_of_a_member(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """P-256 without ML-DSA-65, or the other way round, signs nothing that the hub takes."""
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    try:
        rotation.town.point_to(rotation.hub.port)
        rotation.renew(NEWCOMER, post_quantum=True)
        with rotation.town.client(NEWCOMER) as newcomer:
            before = ask(newcomer, "kz.fma")
        assert isinstance(before, Sent)
        command = ServerCommand(pytest.MonkeyPatch(), capsys)
        scene = Scene(rotation.town, rotation.hub, tmp_path, command, capsys, before)
        forged = scene.forged(NEWCOMER)
        both = forged.signed
        assert both.post_quantum_signature
        first_alone = replace(both, post_quantum_signature=b"")
        assert scene.submitted(NEWCOMER, forged, first_alone) != OK
        guessed = replace(both, post_quantum_signature=flipped(both.post_quantum_signature))
        assert scene.submitted(NEWCOMER, forged, guessed) == Reason.SIGNATURE_INVALID.name
        second_alone = replace(both, signature=flipped(both.signature))
        assert scene.submitted(NEWCOMER, forged, second_alone) == Reason.SIGNATURE_INVALID.name
        # Both together are one certificate, and are revoked as one.
        scene.revoke_on_the_log(NEWCOMER)
        assert scene.submitted(NEWCOMER, forged, both) == Reason.CERTIFICATE_REVOKED.name
        scene.stays_true()
    finally:
        rotation.hub.close()


def test_sealing_key_of_an_agency(scene: Scene) -> None:
    """He opens content that was sealed to it before, and none that is sealed to the next one."""
    town, thief = scene.town, scene.thief(RECEIVER)
    with thief.client(RECEIVER) as client:
        assert client.open(scene.before.exchange_id).faults == ()
    receiver = Profile.load(town.profile(RECEIVER))
    generate_sealing_key(receiver.sealing_folder, PASSPHRASE, utc_now())
    with town.client(RECEIVER) as client:
        client.publish_sealing_key()
    with town.client(COLLEAGUE) as colleague:
        later = ask(colleague, "kz.fma")
    assert isinstance(later, Sent)
    with town.client(RECEIVER) as client:
        assert client.open(later.exchange_id).faults == ()
    # Even with a channel he has the sealed bytes alone.
    with thief.client(RECEIVER) as client:
        assert {each.error.reason for each in client.open(later.exchange_id).faults} == {
            Reason.KEY_UNAVAILABLE
        }
        assert client.open(scene.before.exchange_id).faults == ()
    scene.stays_true()


@pytest.mark.parametrize("member", [OPERATOR, COORDINATORS[0]])
def test_all_keys_of_an_operator_or_a_coordinator(scene: Scene, member: str) -> None:
    """He acts in the office, for all to see on the log, until a colleague of it takes him out."""
    town = scene.town
    made = town.add_member(SECOND_OPERATOR, scene.hub.port)
    assert made.vault.certificate is not None
    with town.client(OPERATOR) as operator:
        operator.publish_certificate(made.vault.certificate.der)
    with town.client(COLLEAGUE) as colleague:
        gated = [new_exchange(colleague, "uz.fiu") for _ in range(2)]
    thief = scene.thief(member)
    with thief.client(member) as client:
        if member == OPERATOR:
            certificates = client.sync().certificates
            [victim] = [
                each for each, known in certificates.items() if known.member.uri == uri(NEWCOMER)
            ]
            revoked = client.revoke_certificate(victim, RevocationReason.KEY_COMPROMISE)
            assert isinstance(revoked, Sent)
            # A policy is not his alone.
            client.publish_policy(POLICY)
            text = scene.agency(AUDITOR, "--json", "operator", "show-policy", "--proposed")
            assert "thief" in text
        else:
            assert isinstance(client.approve(client.open(gated[0])), Sent)
    scene.revoke_on_the_log(member, by=SECOND_OPERATOR)
    with thief.client(member) as client:
        assert (
            refused(lambda: office_speaks(client, member, gated[1])) is Reason.CERTIFICATE_REVOKED
        )
    scene.revoke_the_channel(member)
    assert scene.listed(member) == Reason.CERTIFICATE_REVOKED.name
    scene.stays_true()


def office_speaks(client: ExchangeClient, member: str, exchange: str) -> None:
    if member == OPERATOR:
        client.publish_policy(POLICY)
    else:
        client.approve(client.open(exchange))


def test_key_of_the_log(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """He signs another history; who has seen the true one has a proof of it that convicts him."""
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    false = foundation.copy(tmp_path / "false")
    town = rotation.town
    try:
        with HubProcess(false.files) as other:
            false.point_to(other.port)
            with false.client(STRANGER) as stranger:
                ask(stranger)
            with town.client(VICTIM) as victim:
                ask(victim)
            assert shown(town, VICTIM, other) is Reason.CHECKPOINT_SPLIT_VIEW
            [file] = (town.profile(VICTIM) / "state" / "evidence").iterdir()
            proof = split_view_in_evidence(file.read_bytes())
            one, two = verify_split_view(proof, LogVerifier(town.files.log_vkey))
            assert one.size == two.size
            town.point_to(rotation.hub.port, VICTIM)
            with rotation.load.running():
                rotation.go_on()
                rotation.succeed_log_key()
                rotation.go_on()
            # He goes on with the old key until his tree is the larger one.
            with town.client(VICTIM) as victim:
                size = victim.checkpoint().size
            generate_sealing_key(
                Profile.load(false.profile(STRANGER)).sealing_folder, PASSPHRASE, utc_now()
            )
            with false.client(STRANGER) as stranger:
                stranger.publish_sealing_key()
                index = 0
                while index < size:
                    sent = ask(stranger)
                    assert isinstance(sent, Sent)
                    index = sent.index
            assert shown(town, VICTIM, other) is Reason.CHECKPOINT_INVALID
            town.point_to(rotation.hub.port)
        nothing_is_lost((rotation, tmp_path, capsys))
    finally:
        rotation.hub.close()


def shown(town: Deployment, member: str, hub: HubProcess) -> Reason:
    """The reason why a member does not believe a hub."""
    town.point_to(hub.port, member)
    with town.client(member) as client, pytest.raises(HubDishonest) as caught:
        client.checkpoint()
    return caught.value.reason


def test_key_of_a_backup(scene: Scene) -> None:
    """He reads who wrote to whom and when; no content and no key is in it."""
    config = ("--config", str(scene.town.files.config_file))
    stolen, new = scene.folder / "stolen", scene.folder / "new"
    for file, text in ((stolen, "the stolen passphrase"), (new, "another passphrase")):
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    backups = {each: scene.folder / f"{each.name}.backup" for each in (stolen, new)}
    for passphrase, backup in backups.items():
        words = ("--passphrase-file", str(passphrase))
        assert scene.command("backup", str(backup), *config, *words)[0] == 0
    elsewhere = scene.folder / "elsewhere"
    shutil.copytree(scene.town.files.folder, elsewhere)
    for left in elsewhere.glob("hub.db*"):
        left.unlink()
    text = scene.town.files.config_file.read_text("utf-8")
    thief = elsewhere / "hub.toml"
    thief.write_text(text.replace(str(scene.town.files.folder), str(elsewhere)), encoding="utf-8")
    theirs = ("--config", str(thief), "--passphrase-file", str(stolen))
    code, _, err = scene.command("restore", str(backups[new]), *theirs)
    assert (code, "passphrase" in err) == (2, True)
    code, out, err = scene.command("restore", str(backups[stolen]), *theirs)
    assert code == 0, out + err
    held = (elsewhere / "hub.db").read_bytes()
    assert b"kz.mia" in held
    assert b"PRIVATE KEY" not in held
    assert "\u0412\u044b\u043c\u044b\u0448\u043b\u0435\u043d\u043e".encode() not in held
    scene.stays_true()


def test_key_of_a_witness(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """He cosigns in its name; once it is out of hub and profiles that counts nowhere."""
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    town, key = rotation.town, tmp_path / "witness.key"
    vkey = init_witness(key, "witness.example/one", PASSPHRASE)
    file = town.profile(VICTIM) / "profile.toml"
    without = file.read_text("utf-8")

    def cosigned() -> int:
        thief = town.profile(AUDITOR)
        return run(capsys, "--profile", thief, "witness", "run", "--once", "--key", key)[0]

    try:
        rotation.load.environment["EXCHANGE_LOG_WITNESSES"] = vkey
        rotation.load.environment["EXCHANGE_LOG_WITNESSES_AT_START"] = "0"
        rotation.restart()
        file.write_text(f'{without}\n[witnesses]\nrequired = 1\nkeys = ["{vkey}"]\n', "utf-8")
        assert cosigned() == 0
        with town.client(VICTIM) as victim:
            assert victim.witnessed_checkpoint().head.size > 0
        # The key is taken out of [log] and of the profile; another has its place.
        other = init_witness(tmp_path / "other.key", "witness.example/two", PASSPHRASE)
        rotation.load.environment["EXCHANGE_LOG_WITNESSES"] = other
        rotation.restart()
        file.write_text(f'{without}\n[witnesses]\nrequired = 1\nkeys = ["{other}"]\n', "utf-8")
        with town.client(VICTIM) as victim:
            ask(victim)
            assert cosigned() != 0
            assert refused(victim.witnessed_checkpoint) is Reason.NOT_WITNESSED
        code, out, err = run(capsys, "--profile", town.profile(AUDITOR), "audit", "verify")
        assert code == 0, out + err
    finally:
        rotation.hub.close()


def test_key_of_the_root(scene: Scene) -> None:
    """He opens a channel as anybody; what he signs counts once an operator has published it."""
    town, root = scene.town, Authority.open(scene.town.files.authority.directory, PASSPHRASE)
    anybody = parse_member(uri("kz.gpo/system"))
    issued = root.issue_member(anybody, Usage.TLS_CLIENT, now=utc_now())
    with grpc.secure_channel(
        scene.hub.target, channel_credentials(root.root_pem(), issued)
    ) as channel:
        request = pb.ListExchangesRequest()
        assert outcome(lambda: Stubs(channel).exchange.ListExchanges(request, timeout=20)) == OK
    thief = replace(town, profiles=scene.folder / "thief")
    thief.add_member("kz.mia/system", scene.hub.port)
    with thief.client("kz.mia/system") as client:
        assert refused(lambda: ask(client)) is Reason.CERTIFICATE_UNKNOWN
    scene.stays_true()
