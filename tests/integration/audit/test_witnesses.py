"""Witnesses over real hubs: what they vouch for, and a hub that tells two histories."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_client import ExchangeClient, Queued, Sent
from agency_client.witness.witness import init_witness
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import Conflict, HubDishonest, NotPermitted
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_server.bootstrap import utc_now
from tests.support.commands import run
from tests.support.deployment import AUDITOR, Deployment
from tests.support.foundation import STATE_AUDITOR, Foundation
from tests.support.hub_process import PASSPHRASE, HubFiles, HubProcess, prepare_hub
from tests.support.witness_server import WitnessServer, running

pytestmark = pytest.mark.long

POLICE, FIU, ABROAD = "kz.mia/system", "kz.fma/system", "uz.fiu/system"


@dataclass(frozen=True)
class Town:
    """A deployment whose hub knows two witnesses, one of the centre and one of a state."""

    deployment: Deployment
    keys: tuple[Path, Path]
    vkeys: tuple[str, str]

    @classmethod
    def prepare(cls, foundation: Foundation, folder: Path) -> Self:
        keys = folder / "centre.key", folder / "state.key"
        vkeys = (
            init_witness(keys[0], "witness.example/centre", PASSPHRASE),
            init_witness(keys[1], "witness.example/state", PASSPHRASE),
        )
        return cls(foundation.copy(folder / "hub"), keys, vkeys)

    def require(self, member: str, count: int) -> None:
        """Let a member's profile rely on the witnesses."""
        path = self.deployment.profile(member) / "profile.toml"
        keys = ", ".join(f'"{vkey}"' for vkey in self.vkeys)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n[witnesses]\nrequired = {count}\nkeys = [{keys}]\n")

    def point(self, member: str, hub: HubProcess) -> None:
        """Let one member's profile reach another hub."""
        alone = replace(self.deployment, profiles=self.deployment.profile(member))
        folder = alone.profiles
        text = (folder / "profile.toml").read_text(encoding="utf-8").splitlines()
        lines = [f"target = '{hub.target}'" if line.startswith("target") else line for line in text]
        (folder / "profile.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(
        self, capsys: pytest.CaptureFixture[str], member: str, *words: str
    ) -> tuple[int, str, str]:
        return run(capsys, "--profile", str(self.deployment.profile(member)), *words)


def serving(files: HubFiles, vkeys: Sequence[str], *, waits_for: int = 1) -> HubProcess:
    return HubProcess(
        files,
        {
            "EXCHANGE_LOG_WITNESSES": " ".join(vkeys),
            "EXCHANGE_LOG_WITNESSES_AT_START": str(waits_for),
        },
    )


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town.prepare(foundation, tmp_path_factory.mktemp("town"))
    # No witness knows this log yet.
    with serving(town.deployment.files, town.vkeys, waits_for=0) as hub:
        town.deployment.point_to(hub.port)
        yield town


def cosign(town: Town, capsys: pytest.CaptureFixture[str], number: int) -> tuple[int, str, str]:
    member = (AUDITOR, STATE_AUDITOR)[number]
    return town.run(capsys, member, "witness", "run", "--once", "--key", str(town.keys[number]))


def test_body_believes_as_much_as_its_witnesses_have_cosigned(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    for member in (POLICE, AUDITOR):
        town.require(member, 2)
    with town.deployment.client(POLICE) as police:
        sent = police.refer(to=["kz.fma"], brief="Fictional referral")
        index = sent.index  # type: ignore[union-attr]
        with pytest.raises(Conflict, match=r"NOT_WITNESSED.*the hub shows none"):
            police.witnessed_checkpoint()
    assert town.run(capsys, AUDITOR, "audit", "verify", "--witnessed")[0] == 1

    assert "Not witnessed yet" in town.run(capsys, POLICE, "audit", "checkpoint")[2]
    code, out, err = cosign(town, capsys, 0)
    assert code == 0, err
    assert f"cosigned the tree of {index + 1} entries" in out
    assert "not yet" in town.run(capsys, POLICE, "audit", "receipts")[1]
    with town.deployment.client(POLICE) as police:
        second = police.refer(to=["kz.fma"], brief="Another fictional referral")
    assert cosign(town, capsys, 1)[0] == 0

    # The second witness came later, and cosigned on its way what the first had.
    with town.deployment.client(POLICE) as police:
        vouched = police.witnessed_checkpoint(index + 1)
        assert vouched.head.size == index + 1
        assert {each.witness for each in vouched.cosignatures} == {
            "witness.example/centre",
            "witness.example/state",
        }
        with pytest.raises(Conflict, match=f"the newest so cosigned has {index + 1}"):
            police.witnessed_checkpoint(second.index + 1)  # type: ignore[union-attr]
    code, out, _ = town.run(capsys, POLICE, "audit", "receipts", "--json")
    told = {each["index"]: each["witnessed"] for each in json.loads(out)["receipts"]}
    assert told[index] is True
    assert told[index + 1] is False
    out, err = town.run(capsys, POLICE, "audit", "checkpoint")[1:]
    assert LogVerifier(town.deployment.files.log_vkey).verify(out.encode()).size == index + 2
    assert f"Witnessed: the first {index + 1} entries, by witness.example/centre (" in err

    code, out, err = town.run(capsys, AUDITOR, "audit", "verify", "--witnessed")
    assert code == 0, out + err
    assert f"{index + 1} entries" in out
    assert "Witnessed: the first" in out


def test_key_is_made_by_the_command_and_an_unlisted_witness_is_refused(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = tmp_path / "own.key"
    words = ("--key", str(key))
    code, vkey, _ = town.run(
        capsys, AUDITOR, "witness", "init-key", *words, "--name", "witness.example/own"
    )
    assert code == 0
    assert vkey.startswith("witness.example/own+")
    code, _, err = town.run(capsys, AUDITOR, "witness", "run", "--once", *words)
    assert code == 1
    assert "COSIGNATURE_INVALID" in err


def test_only_auditors_hand_in_cosignatures(town: Town) -> None:
    with town.deployment.client(FIU) as fiu, pytest.raises(NotPermitted):
        fiu.add_cosignature(b"anything")


def test_profile_without_witnesses_says_so(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = town.run(capsys, FIU, "audit", "verify", "--witnessed")
    assert code == 2
    assert "expected a table [witnesses]" in err
    code, out, err = town.run(capsys, FIU, "audit", "checkpoint", "--json")
    assert json.loads(out)["witnessed"] is None


# --- A hub that tells two histories --------------------------------------------------------------


@contextmanager
def forked(foundation: Foundation, folder: Path) -> Iterator[tuple[Town, HubProcess, HubProcess]]:
    """Two hubs with one log key, whose histories part after the deployment."""
    town = Town.prepare(foundation, folder)
    files, vkeys = town.deployment.files, town.vkeys
    shutil.copy(files.folder / "hub.db", files.folder / "other.db")
    other_config = files.folder / "other.toml"
    text = files.config_file.read_text(encoding="utf-8").replace("/hub.db", "/other.db")
    other_config.write_text(text, encoding="utf-8")
    other_url = files.database_url.replace("/hub.db", "/other.db")
    others = replace(files, config_file=other_config, database_url=other_url)
    # Who forks on purpose does not wait for witnesses.
    with serving(files, vkeys, waits_for=0) as a, serving(others, vkeys, waits_for=0) as b:
        for member in (POLICE, AUDITOR, STATE_AUDITOR):
            town.point(member, a)
        for member in (FIU, ABROAD):
            town.point(member, b)
        yield town, a, b


def refer(client: ExchangeClient, to: str) -> str:
    with client:
        return client.refer(to=[to], brief="Fictional referral").statement_id


def test_hub_with_two_histories_gets_witnesses_for_one_and_is_convicted(
    tmp_path: Path, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    with forked(foundation, tmp_path) as (town, _, b):
        vkey = town.deployment.files.log_vkey
        town.require(POLICE, 1)
        town.require(FIU, 1)
        promised = refer(town.deployment.client(POLICE), "kz.fma")
        refer(town.deployment.client(ABROAD), "kg.mia")

        # The witness vouches for what the police see, and for nothing else any more.
        assert cosign(town, capsys, 0)[0] == 0
        with town.deployment.client(POLICE) as police:
            cosigned = police.witnessed_checkpoint().head
        town.point(AUDITOR, b)
        code, _, err = cosign(town, capsys, 0)
        assert code == 1
        assert "CHECKPOINT_SPLIT_VIEW" in err
        [kept] = (tmp_path / "centre.key.state" / "evidence").iterdir()

        # The FIU, which is shown the other history, demands witnesses, and gets none.
        code, _, err = town.run(capsys, FIU, "audit", "verify", "--witnessed")
        assert code == 1
        assert "NOT_WITNESSED" in err

        # The two compare their checkpoints: whoever has both convicts the log's key.
        notes = []
        for member in (POLICE, FIU):
            notes.append(tmp_path / f"{member.partition('/')[0]}.note")
            notes[-1].write_text(town.run(capsys, member, "audit", "checkpoint")[1], "utf-8")
        proof = tmp_path / "split-view.json"
        words = ("audit", "prove-split-view", "-o", str(proof), "--note", str(notes[0]))
        code, out, err = run(capsys, *words, "--note", str(notes[1]), "--log-key", vkey)
        assert code == 0, err
        check = ("audit", "verify-split-view", str(proof), "--log-key")
        assert "Proven" in run(capsys, *check, vkey)[1]
        other = prepare_hub(tmp_path / "stranger").log_vkey
        code, _, err = run(capsys, *check, other)
        assert code == 1
        assert "SPLIT_VIEW_NOT_PROVEN" in err
        same = ("audit", "prove-split-view", "-o", str(tmp_path / "same"), "--note", str(notes[0]))
        code, _, err = run(capsys, *same, "--note", str(notes[0]), "--log-key", vkey)
        assert code == 1
        assert "the same" in err

        assert run(capsys, *words, "--note", str(notes[1]), "--log-key", vkey)[0] == 2
        assert "Proven" in run(capsys, *check, vkey)[1], "nothing is written over"

        # So does the evidence that the witness kept.
        proof.unlink()
        again = ("audit", "prove-split-view", "-o", str(proof), "--log-key", vkey)
        code, _, err = run(capsys, *again, "--evidence", str(kept))
        assert code == 0, err
        assert run(capsys, *check, vkey)[0] == 0

        # And the receipt for what the other history lacks, whatever was said there since.
        refer(town.deployment.client(ABROAD), "kg.mia")
        town.point(POLICE, b)
        proof.unlink()
        code, out, err = town.run(
            capsys, POLICE, "audit", "prove-split-view", "-o", str(proof), "--receipt", promised
        )
        assert code == 0, err
        assert "another one in each of the two trees" in out
        assert run(capsys, *check, vkey)[0] == 0

        # A hub that shows the FIU the cosignatures of the other history convicts itself.
        with closing(sqlite3.connect(town.deployment.files.folder / "other.db")) as database:
            database.execute(
                "INSERT INTO cosignatures VALUES (?, 'witness.example/centre', 1, ?)",
                (cosigned.size, cosigned.note),
            )
            database.commit()
        with (
            town.deployment.client(FIU) as fiu,
            pytest.raises(HubDishonest, match="CHECKPOINT_SPLIT_VIEW"),
        ):
            fiu.witnessed_checkpoint()


def test_receipt_that_the_log_still_holds_convicts_nobody(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = refer(town.deployment.client(ABROAD), "kg.mia")
    refer(town.deployment.client(ABROAD), "kg.mia")
    output = tmp_path / "split-view.json"
    words = ("audit", "prove-split-view", "-o", str(output), "--receipt")
    code, _, err = town.run(capsys, ABROAD, *words, kept)
    assert code == 1
    assert "SPLIT_VIEW_NOT_PROVEN: both trees hold the same leaf" in err
    assert not output.exists()
    assert town.run(capsys, ABROAD, *words, "unknown")[0] == 1


def test_a_restored_backup_is_found_before_it_forks(
    tmp_path: Path, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    town = Town.prepare(foundation, tmp_path)
    files, vkeys = town.deployment.files, town.vkeys
    database = files.folder / "hub.db"

    def restarted() -> HubProcess:
        return serving(files, vkeys)

    with serving(files, vkeys, waits_for=0) as hub:
        town.deployment.point_to(hub.port)
        with town.deployment.client(POLICE) as police:
            police.refer(to=["kz.fma"], brief="Fictional referral")
        assert cosign(town, capsys, 0)[0] == 0
        hub.stop()
    backup = database.read_bytes()
    # A restart in good order waits for a witness, which finds what it knows, and goes on.
    with restarted() as hub:
        town.deployment.point_to(hub.port)
        with town.deployment.client(POLICE) as police:
            queued = police.refer(to=["kz.fma"], brief="Said while the hub waits")
            assert isinstance(queued, Queued)
            assert "before 1 more of its witnesses" in queued.reason.message
            assert list(police.sent())
            # Nothing is opened to an auditor before it can be logged; proofs are for everyone.
            code, _, err = town.run(capsys, AUDITOR, "audit", "verify")
            assert (code, "before 1 more of its witnesses" in err) == (3, True), err
            assert town.run(capsys, AUDITOR, "audit", "checkpoint")[0] == 0
            assert cosign(town, capsys, 0)[0] == 0
            assert town.run(capsys, AUDITOR, "audit", "verify")[0] == 0
            [sent] = police.flush_outbox()
            assert isinstance(sent, Sent)
        assert cosign(town, capsys, 0)[0] == 0
        hub.stop()
    # The backup lacks the last entry. It looks well, but the hub has noted what it signed.
    database.write_bytes(backup)
    with pytest.raises(AssertionError, match="this hub has signed"), restarted():
        pass
    # Without that note the witness that saw more does not cosign it.
    database.with_name(f"{database.name}.signed").unlink()
    with restarted() as hub:
        town.deployment.point_to(hub.port)
        code, _, err = cosign(town, capsys, 0)
        assert (code, "CHECKPOINT_ROLLBACK" in err) == (1, True)
        with town.deployment.client("kz.fma/system") as fma:
            refused = fma.refer(to=["kz.mia"], brief="Said to a log that lost entries")
            assert isinstance(refused, Queued)
        hub.stop()
    assert any('"waiting_for_witnesses"' in line for line in hub.lines)


def test_witness_that_is_a_server_opens_the_gate_and_clients_rely_on_it(
    tmp_path: Path, foundation: Foundation
) -> None:
    town = Town.prepare(foundation, tmp_path)
    files = town.deployment.files
    signer = WitnessSigner("witness.example/server", SoftwareSigner(Ed25519PrivateKey.generate()))
    log = LogVerifier(files.log_vkey)
    environment = {
        "EXCHANGE_LOG_WITNESSES": signer.verifier.vkey,
        "EXCHANGE_LOG_WITNESS_SECONDS": "0.1",
    }
    with running(WitnessServer(signer, log, utc_now)) as server:
        environment["EXCHANGE_LOG_WITNESS_ADDRESSES"] = f"{signer.verifier.name}={server.address}"
        with HubProcess(files, environment) as hub:
            town.deployment.point_to(hub.port)
            profile = town.deployment.profile(POLICE) / "profile.toml"
            with profile.open("a", encoding="utf-8") as file:
                file.write(f'\n[witnesses]\nrequired = 1\nkeys = ["{signer.verifier.vkey}"]\n')
            with town.deployment.client(POLICE) as police:
                sent = police.refer(to=["kz.fma"], brief="Fictional referral")
                while isinstance(sent, Queued):
                    assert "before 1 more of its witnesses" in sent.reason.message
                    time.sleep(0.1)
                    [outcome] = police.flush_outbox() or [sent]
                    assert isinstance(outcome, Sent | Queued)
                    sent = outcome
                wait_until(lambda: is_witnessed(police, sent.index + 1))
                assert server.seen is not None
                assert server.seen.size > sent.index


def is_witnessed(client: ExchangeClient, tree_size: int) -> bool:
    try:
        client.witnessed_checkpoint(tree_size)
    except Conflict:
        return False
    return True


def wait_until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)
