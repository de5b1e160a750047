"""Every key is lost once, under load, and replaced as docs/keys.md says: no statement is lost.

Those of a member, of sealing, of the hub, of the log, of a witness and of the root. What cannot be
brought back is told by an error, and is told to nobody as something else.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agency_client import Profile
from agency_client.core.views import UnsealedExchange
from agency_client.state.keys import generate_sealing_key
from agency_client.state.profile import SECOND_KEY_FILE
from agency_client.witness.witness import init_witness
from exchange_certs.authority import Authority
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_server.bootstrap import utc_now
from tests.faults.load import RECIPIENT, Load
from tests.faults.rotation import Losing, Rotation, TwoRoots, add, does_not_start, nothing_is_lost
from tests.support.commands import run
from tests.support.deployment import AUDITOR, OPERATOR
from tests.support.foundation import NEWCOMER, OFFICERS, Foundation
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubProcess, prepare_hub

SYSTEM, RECEIVER = "kz.mia/system", f"{RECIPIENT}/system"


@pytest.fixture
def losing(foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> object:
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    try:
        yield rotation, tmp_path, capsys
    finally:
        rotation.hub.close()


def without(file: Path, kept: Path) -> None:
    """Take a key file away; `kept` is the copy that somebody may have."""
    file.replace(kept)


def opens(rotation: Rotation, member: str, exchange: str) -> UnsealedExchange:
    with rotation.town.client(member) as client:
        return client.open(exchange)


def test_keys_of_a_member_are_lost(losing: Losing) -> None:
    """TLS, signing and post-quantum key: enrolled again, the old certificate superseded."""
    rotation, _, _ = losing
    town = rotation.town
    with rotation.load.running():
        rotation.go_on()
        rotation.renew(NEWCOMER, post_quantum=True)
        rotation.say_by(NEWCOMER)
        rotation.go_on()
        # Each key alone: without the first nothing opens, without the others nothing is said.
        for name, reason in (
            ("post-quantum-*.key", "post-quantum"),
            ("signing-*.key", "signing"),
            ("tls-*.key", "tls"),
        ):
            (file,) = town.profile(NEWCOMER).glob(name)
            kept = file.with_suffix(".kept")
            without(file, kept)
            with pytest.raises(ExchangeError, match=reason) as caught:
                rotation.say_by(NEWCOMER)
            assert caught.value.reason is Reason.KEY_UNAVAILABLE
            kept.replace(file)
        rotation.say_by(NEWCOMER)
        rotation.lose_both_keys(NEWCOMER)
        assert not (town.profile(NEWCOMER) / SECOND_KEY_FILE).exists()
        rotation.say_by(NEWCOMER)
        rotation.go_on()
    nothing_is_lost(losing)


def test_sealing_keys_are_lost(losing: Losing) -> None:
    """One copy comes back from a colleague; without any, a new key opens what is sent then."""
    rotation, folder, capsys = losing
    town = rotation.town
    with rotation.load.running():
        rotation.go_on()
        mine = rotation.load.senders[0].receipts[0].exchange_id
        shutil.move(town.profile(SYSTEM) / "sealing", folder / "one-copy")
        assert {each.error.reason for each in opens(rotation, SYSTEM, mine).faults} == {
            Reason.KEY_UNAVAILABLE
        }
        passphrase = town.profile(OFFICERS[0]) / "passphrase"
        code, _, err = run(
            capsys, "--profile", town.profile(SYSTEM), "keys", "import",
            town.profile(OFFICERS[0]) / "sealing", "--passphrase-file", passphrase,
        )  # fmt: skip
        assert code == 0, err
        assert opens(rotation, SYSTEM, mine).faults == ()
        # The recipient has no other copy: what was sealed to it stays closed, and is told so.
        receiver = Profile.load(town.profile(RECEIVER))
        shutil.move(receiver.sealing_folder, folder / "all-copies")
        closed = opens(rotation, RECEIVER, mine)
        assert {each.error.reason for each in closed.faults} == {Reason.KEY_UNAVAILABLE}
        assert {each.ask for each in closed.faults} == {RECIPIENT}
        generate_sealing_key(receiver.sealing_folder, PASSPHRASE, utc_now())
        with town.client(RECEIVER) as client:
            client.publish_sealing_key()
        rotation.go_on()
        # The senders learn the new key by themselves, and send again.
        rotation.say_by(SYSTEM)
        again = rotation.others[SYSTEM].receipts[-1].exchange_id
        assert opens(rotation, RECEIVER, again).faults == ()
        assert opens(rotation, RECEIVER, mine).faults
    nothing_is_lost(losing)


def test_keys_of_the_hub_are_lost(losing: Losing) -> None:
    """TLS: a new pair. The log's: its copy, and no other key will do."""
    rotation, folder, _ = losing
    files = rotation.files.folder
    with rotation.load.running():
        rotation.go_on()
        (files / "hub.key").unlink()
        # It runs on with what it has loaded; it does not start without.
        rotation.go_on()
        rotation.hub.stop()
        rotation.hub.close()
        does_not_start(rotation, "[tls.key]: expected a file that exists")
        rotation.replace_hub_certificate()
        rotation.hub = rotation._start()
        rotation.go_on()

        without(files / "log.key", folder / "copy-of-log.key")
        rotation.go_on()
        rotation.hub.stop()
        rotation.hub.close()
        does_not_start(rotation, "[log.key]: expected a file that exists")
        another = files / "log.key"
        another.touch(mode=0o600)
        another.write_bytes(SoftwareSigner.generate_ed25519().encrypted(PASSPHRASE))
        # Another key would be another log: the hub sees that its tree was signed by the lost one.
        does_not_start(rotation, "its newest checkpoint says otherwise")
        (files / "log.key").unlink()
        without(folder / "copy-of-log.key", files / "log.key")
        rotation.hub = rotation._start()
        rotation.go_on()
    nothing_is_lost(losing)


def test_key_of_the_log_is_lost_without_a_copy(losing: Losing) -> None:
    """The log has ended and stays provable; a new one is taken by those alone who pin it."""
    rotation, folder, _ = losing
    with rotation.load.running():
        rotation.go_on()
    nothing_is_lost(losing)
    rotation.hub.close()
    (rotation.files.folder / "log.key").unlink()
    new = prepare_hub(folder / "new", authority=rotation.files.authority)
    with HubProcess(new, rotation.load.environment) as rotation.hub:
        anew = replace(rotation.town, files=new, profiles=folder / "profiles")
        made = anew.add_member(OPERATOR, rotation.hub.port)
        assert made.vault.certificate is not None
        with anew.client(OPERATOR) as operator:
            operator.publish_certificate(made.vault.certificate.der)
            head = operator.checkpoint()
        assert head.size == 1
        with pytest.raises(ExchangeError) as caught:
            LogVerifier(rotation.files.log_vkey).verify(head.note)
        assert caught.value.reason is Reason.CHECKPOINT_INVALID
        with rotation.town.client(OPERATOR) as client, pytest.raises(ExchangeError):
            client.sync()
    # Statements on the old log verify by the old key, for as long as anybody asks.
    rotation.load.verify(at_least=1)


def test_key_of_a_log_that_was_succeeded_is_lost(losing: Losing) -> None:
    rotation, folder, _ = losing
    with rotation.load.running():
        rotation.go_on()
        rotation.succeed_log_key()
        without(rotation.files.folder / "log.key", folder / "nobody-needs-it")
        rotation.restart()
        rotation.go_on()
    nothing_is_lost(losing)


def test_key_of_a_witness_is_lost(losing: Losing) -> None:
    """Its cosignatures stop and statements do not; a new key goes to the hub and to profiles."""
    rotation, folder, capsys = losing
    town, profile = rotation.town, rotation.town.profile(SYSTEM)

    def cosigned(key: Path) -> tuple[int, str]:
        code, out, err = run(
            capsys, "--profile", town.profile(AUDITOR), "witness", "run", "--once", "--key", key
        )
        return code, out + err

    def serve_with(key: Path) -> str:
        vkey = init_witness(key, f"witness.example/{key.stem}", PASSPHRASE)
        rotation.load.environment["EXCHANGE_LOG_WITNESSES"] = vkey
        rotation.load.environment["EXCHANGE_LOG_WITNESSES_AT_START"] = "0"
        rotation.restart()
        before = profile.joinpath("profile.toml").read_text("utf-8").partition("\n[witnesses]")[0]
        text = f'{before}\n[witnesses]\nrequired = 1\nkeys = ["{vkey}"]\n'
        profile.joinpath("profile.toml").write_text(text, encoding="utf-8")
        return vkey

    first, second = folder / "first.key", folder / "second.key"
    with rotation.load.running():
        rotation.go_on()
        serve_with(first)
        rotation.go_on()
        assert cosigned(first)[0] == 0
        with town.client(SYSTEM) as client:
            assert client.witnessed_checkpoint().head.size > 0
        first.unlink()
        code, told = cosigned(first)
        assert code != 0, told
        rotation.go_on()
        serve_with(second)
        rotation.go_on()
        code, told = cosigned(second)
        assert code == 0, told
        with town.client(SYSTEM) as client:
            assert client.witnessed_checkpoint().head.size > 0
    nothing_is_lost(losing)


def test_key_of_the_root_is_lost(losing: Losing) -> None:
    """Issued certificates go on; a new root stands beside the old one in every pin."""
    rotation, folder, _ = losing
    files, town = rotation.files, rotation.town
    old = files.authority.directory
    with rotation.load.running():
        rotation.go_on()
        without(old / "root.key", folder / "nobody-has-it")
        with pytest.raises(ExchangeError) as caught:
            Authority.open(old, PASSPHRASE)
        assert caught.value.reason is Reason.KEY_UNAVAILABLE
        rotation.go_on()
        new = Authority.create(folder / "new-authority", TRUST_DOMAIN, PASSPHRASE, utc_now())
        add(old / "root.pem", new.root_pem())
        add(old / "crl.pem", new.crl_pem())
        for pin in town.profiles.glob("*/root.pem"):
            add(pin, new.root_pem())
        rotation.restart()
        rotation.go_on()
    rotation.load.settle()
    rotation.load.verify(at_least=1)
    # Programs have loaded the old pin alone: they start anew before anybody is certified anew.
    anew = TwoRoots(files.folder, files.config_file, new, files.log_vkey, files.database_url)
    rotation.files, rotation.town = anew, replace(town, files=anew)
    rotation.load = Load(rotation.town, rotation.hub.port)
    with rotation.load.running():
        rotation.go_on()
        certified_anew(rotation, NEWCOMER)
        rotation.say_by(NEWCOMER)
        rotation.go_on()
    nothing_is_lost(losing)


def certified_anew(rotation: Rotation, member: str) -> None:
    """Give a member certificates of the authority of now, and publish the one for signing."""
    town = rotation.town
    folder = town.profile(member)
    kept = rotation.files.folder / "kept"
    shutil.copytree(folder / "sealing", kept)
    shutil.rmtree(folder)
    made = town.add_member(member, rotation.hub.port)
    shutil.copytree(kept, made.sealing_folder, dirs_exist_ok=True)
    assert made.vault.certificate is not None
    with town.client(OPERATOR) as operator:
        operator.publish_certificate(made.vault.certificate.der)
