"""A log in memory as an audit is given it, and exchanges to put on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agency_client.audit import AuditedLeaf, Violation
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.merkle import CompactRange
from exchange_protocol.record.entries import CommitmentOpening, Entry, entry_leaf_hash
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import Statement
from tests.support.divided import NothingBeside
from tests.support.hub_data import LOG_NAME, log_signer
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA, UZ_FIU, Hub

REQUEST = Kind.INFORMATION_REQUEST.body()


class ListedLog:
    """A log in memory; some openings may be kept from the auditor."""

    def __init__(
        self, log: Sequence[CommitmentOpening], shown: Iterable[int] | None = None
    ) -> None:
        self._log = log
        self._shown = set(range(len(log)) if shown is None else shown)
        self._hashes = [entry_leaf_hash(each.entry, each.nonce) for each in log]
        self.root = CompactRange().append_many(self._hashes).after.root()
        self.size = len(log)
        self.directory: Directory | None = None
        """By which the openings were given, where it is newer than the checkpoint."""

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(LOG_NAME, self.size, self.root)

    @property
    def note(self) -> bytes:
        return log_signer().sign(self.checkpoint)

    @property
    def is_copy(self) -> bool:
        return False

    def begin(self, state: ReplayState) -> None:
        """Nothing is compared."""

    def leaves(self, start: int) -> list[AuditedLeaf]:
        return [
            AuditedLeaf(leaf_hash, opening if index in self._shown else None)
            for index, (leaf_hash, opening) in enumerate(zip(self._hashes, self._log, strict=True))
        ][start:]

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterable[Violation]:
        return ()

    def check_rest(self, state: ReplayState | None) -> Iterable[Violation]:
        return ()

    def newest_directory(self) -> Directory | None:
        return self.directory

    def shard_opener(self) -> NothingBeside:
        return NothingBeside()

    def join(self, last: Entry | None, exchanges: int, rows_of_legs: int) -> None:
        assert rows_of_legs == 0


def read_request(hub: Hub) -> Statement:
    """A domestic request that its recipient has read."""
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return asked


def domestic_exchange(hub: Hub) -> Statement:
    """A domestic request that was read and answered."""
    asked = read_request(hub)
    hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    return asked


def gated_exchange(hub: Hub) -> Statement:
    """A request across a border that was approved, read and answered."""
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    hub.deliver(COORDINATOR, asked)
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Reply(ReplyResult.NO_HIT), on=asked)
    return asked
