"""A witness cosigns one history, remembers before it signs, and keeps evidence of another."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client.state.checkpoints import Head
from agency_client.state.log_keys import LogKeys
from agency_client.witness.witness import Witness, init_witness
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import (
    ExchangeError,
    HubDishonest,
    HubUnavailable,
    InvalidInput,
    Reason,
)
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, SignedCheckpoint
from exchange_protocol.log.cosignatures import WitnessPolicy
from tests.support.signed_logs import LOG, SignedLog

PASSPHRASE = b"fictional passphrase"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HISTORY = SignedLog.of("enrol enrol ask hold approve reply close")
OTHER = SignedLog.of("enrol enrol ask approve reply refuse close again")


@dataclass
class FakeHub:
    """Shows what a test tells it, and keeps what it is handed."""

    log: SignedLog
    size: int
    cosigned: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    on_take: Callable[[], None] = lambda: None

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        return head(self.log.note(self.size)), [head(note) for note in self.cosigned]

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        return self.log.consistency(first, second)

    def add_cosignature(self, note: bytes) -> None:
        self.on_take()
        self.taken.append(note)

    @property
    def sizes(self) -> list[int]:
        return [SignedCheckpoint.parse(note).checkpoint.size for note in self.taken]


def head(note: bytes) -> Head:
    return Head(note, LOG.verify(note))


@dataclass
class Kit:
    key: Path
    policy: WitnessPolicy

    def witness(self) -> Witness:
        keys = LogKeys(self.key.parent / "state", LOG)
        return Witness.load(self.key, PASSPHRASE, keys, lambda: AT)

    def memory(self) -> int:
        note = (self.key.parent / "w.key.state" / "checkpoint").read_bytes()
        return LOG.verify(note).size

    def evidence(self) -> list[Path]:
        return list((self.key.parent / "w.key.state" / "evidence").glob("*.json"))


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    key = tmp_path / "w.key"
    return Kit(key, WitnessPolicy(1, [init_witness(key, "witness.example/w", PASSPHRASE)]))


def test_growing_log_is_cosigned_with_the_time(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 2)
    for size in (2, 3, 3, 7):
        hub.size = size
        result = kit.witness().run_once(hub)
        assert result.cosigned == (size,)
    assert hub.sizes == [2, 3, 3, 7]
    for note in hub.taken:
        LOG.verify(note)
        [found] = kit.policy.verify(note)
        assert found.at == AT


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_memory_that_no_key_of_the_log_signed_accuses_nobody(kit: Kit, size: int) -> None:
    hub = FakeHub(HISTORY, 3)
    kit.witness().run_once(hub)
    memory = kit.key.parent / "w.key.state" / "checkpoint"
    stranger = LogSigner(LOG.origin, SoftwareSigner.generate_ed25519())
    memory.write_bytes(stranger.sign(Checkpoint(LOG.origin, size, bytes(32))))
    before = memory.read_bytes()
    with pytest.raises(InvalidInput, match="damaged or of another log") as refused:
        kit.witness().run_once(hub)
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert (memory.read_bytes(), kit.evidence(), hub.sizes) == (before, [], [3])


def test_log_is_cosigned_from_its_empty_beginning(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 0)
    kit.witness().run_once(hub)
    hub.size = 5
    kit.witness().run_once(hub)
    assert hub.sizes == [0, 5]


def test_what_others_cosigned_is_cosigned_on_the_way(kit: Kit, tmp_path: Path) -> None:
    hub = FakeHub(HISTORY, 3)
    kit.witness().run_once(hub)
    hub.size, hub.cosigned = 7, [HISTORY.note(n) for n in (6, 4, 3, 2)]
    assert kit.witness().run_once(hub).cosigned == (4, 6, 7)
    assert hub.sizes == [3, 4, 6, 7]


def test_only_the_log_and_this_witness_have_lines_in_what_is_handed_in(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 3)
    kit.witness().run_once(hub)
    fresh = FakeHub(HISTORY, 3, cosigned=[hub.taken[0]])
    kit.witness().run_once(fresh)
    [note] = fresh.taken
    names = [line.name for line in SignedCheckpoint.parse(note).signatures]
    assert names == [LOG.origin, "witness.example/w"]


def test_memory_is_on_disk_before_the_signature_leaves(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 4)
    seen: list[int] = []
    hub.on_take = lambda: seen.append(kit.memory())
    kit.witness().run_once(hub)
    hub.size, hub.cosigned = 7, [HISTORY.note(5)]
    kit.witness().run_once(hub)
    assert seen == [4, 5, 7]


def test_signature_that_did_not_arrive_binds_all_the_same(kit: Kit) -> None:
    """The hub may have it: whoever restarts the witness must not sign another history."""
    hub = FakeHub(HISTORY, 5)

    def lose() -> None:
        raise Reason.UNAVAILABLE.error("gone")

    hub.on_take = lose
    with pytest.raises(HubUnavailable):
        kit.witness().run_once(hub)
    with pytest.raises(HubDishonest, match="CHECKPOINT_SPLIT_VIEW"):
        kit.witness().run_once(FakeHub(OTHER, 8))


@pytest.mark.parametrize(
    ("log", "size", "reason"),
    [
        (HISTORY, 4, Reason.CHECKPOINT_ROLLBACK),
        (OTHER, 5, Reason.CHECKPOINT_SPLIT_VIEW),
        (OTHER, 8, Reason.CHECKPOINT_SPLIT_VIEW),
    ],
)
def test_rollback_and_fork_are_refused_for_good_with_evidence(
    kit: Kit, log: SignedLog, size: int, reason: Reason
) -> None:
    hub = FakeHub(HISTORY, 5)
    kit.witness().run_once(hub)
    liar = FakeHub(log, size)
    for _ in range(2):
        with pytest.raises(ExchangeError) as caught:
            kit.witness().run_once(liar)
        assert caught.value.reason is reason
    assert liar.taken == []
    assert kit.memory() == 5
    record = json.loads(kit.evidence()[0].read_bytes())
    assert record["held"].encode() == HISTORY.note(5)
    assert record["got"].encode() == log.note(size)
    hub.size = 6
    assert kit.witness().run_once(hub).cosigned == (6,)


def test_fork_hidden_among_cosigned_checkpoints_is_refused(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 3)
    kit.witness().run_once(hub)
    hub.size, hub.cosigned = 7, [OTHER.note(5)]
    with pytest.raises(HubDishonest):
        kit.witness().run_once(hub)
    assert kit.memory() == 3
    hub.size, hub.cosigned = 5, [HISTORY.note(6)]
    with pytest.raises(HubDishonest, match="CHECKPOINT_ROLLBACK"):
        kit.witness().run_once(hub)


def test_key_is_its_owners_only_and_never_written_over(kit: Kit) -> None:
    assert stat.S_IMODE(kit.key.stat().st_mode) == 0o600
    before = kit.key.read_bytes()
    with pytest.raises(ExchangeError, match="nothing is written over"):
        init_witness(kit.key, "witness.example/other", PASSPHRASE)
    assert kit.key.read_bytes() == before
    assert kit.witness().run_once(FakeHub(HISTORY, 1)).cosigned == (1,)


def test_name_of_another_key_is_refused(kit: Kit, tmp_path: Path) -> None:
    other = init_witness(tmp_path / "other.key", "witness.example/other", PASSPHRASE)
    (tmp_path / "w.key.vkey").write_text(other, encoding="utf-8")
    with pytest.raises(ExchangeError, match="to be of the key"):
        kit.witness()
    (tmp_path / "w.key.vkey").unlink()
    with pytest.raises(ExchangeError, match="cannot read"):
        kit.witness()


def test_hub_that_refuses_a_tree_that_it_offered_is_blamed(kit: Kit) -> None:
    hub = FakeHub(HISTORY, 2)
    kit.witness().run_once(hub)
    hub.size = 5

    def refuse(first: int, second: int) -> tuple[bytes, ...]:
        raise Reason.PROOF_RANGE_INVALID.error(f"expected at most {first}, got {second}")

    hub.consistency_proof = refuse  # type: ignore[method-assign]
    with pytest.raises(HubDishonest) as caught:
        kit.witness().run_once(hub)
    assert caught.value.reason is Reason.ENTRY_MISMATCH
    assert hub.sizes == [2]
