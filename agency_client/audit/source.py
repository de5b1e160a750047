"""Sources of an audit: the leaves of one checkpoint, from a hub or a copy of its database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable

from agency_client.audit.report import Violation
from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import CommitmentOpening, Entry
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.directory import Directory


class AuditedLeaf(NamedTuple):
    """A leaf of the log as the auditor received it."""

    leaf_hash: bytes
    opening: CommitmentOpening | None
    fault: ExchangeError | None = None
    """The fault of an opening that was given and is unreadable."""
    beside: Sequence[Any] = ()
    """The source's own rows beside it, for the source's own check."""


class LogSource(Protocol):
    """The source of the leaves of one checkpoint: a hub, or a copy of its database."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint to audit, its signature verified."""
        ...

    @property
    def note(self) -> bytes:
        """The signed note of that checkpoint, byte for byte."""
        ...

    @property
    def is_copy(self) -> bool:
        """True for a copy that anyone may have changed, False where the hub itself answers."""
        ...

    def begin(self, state: ReplayState) -> None:
        """Begin before the first leaf.

        `state` is what the replay makes of the leaves, of each one before `check_leaf`.
        """
        ...

    def leaves(self, start: int) -> Iterable[AuditedLeaf]:
        """Every leaf from `start` to the checkpoint's size, in order; read ahead of the checks."""
        ...

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterable[Violation]:
        """Check the source's rows beside a leaf; asked for every leaf, in order."""
        ...

    def check_rest(self, state: ReplayState | None) -> Iterable[Violation]:
        """Check the source's rows beside the leaves, once the leaves were read.

        `state` is what the replay made of them; None where the replay did not reach the end.
        """
        ...

    def newest_directory(self) -> Directory | None:
        """The directory by which openings are given now, which may be newer than the checkpoint.

        None where every entry is at hand, whatever the rules.
        """
        ...


class ShardChecks(Protocol):
    """A source's checks of its own rows beside the exchanges of one shard."""

    @property
    def rows_of_legs(self) -> int:
        """Rows of legs that belong to these exchanges, known after `check_state`."""

    def begin(self, state: ReplayState) -> None:
        """Begin before the first leaf, as the source does."""

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterable[Violation]:
        """Check the rows beside a leaf of these exchanges; asked for each, in order."""

    def check_state(self, state: ReplayState) -> Iterable[Violation]:
        """Check the rows beside what the replay made of these exchanges."""


class ShardOpener(Protocol):
    """Opens `ShardChecks` in the process of a shard, to which it is sent."""

    def open(self) -> AbstractContextManager[ShardChecks]:
        """Open the rows that are compared."""


@runtime_checkable
class DividedSource(LogSource, Protocol):
    """A source whose checks can be divided by exchange.

    It gives the same when it is read again, for a log that is not clean is replayed as a whole.
    """

    def shard_opener(self) -> ShardOpener:
        """Give what opens the checks of one shard."""

    def join(self, last: Entry | None, exchanges: int, rows_of_legs: int) -> None:
        """Take the last entry and the counts of all shards, before `check_rest`."""
