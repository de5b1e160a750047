"""Sources of an audit: the leaves of one checkpoint, from a hub or a copy of its database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agency_client.audit.report import Violation
from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import CommitmentOpening
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.directory import Directory


@dataclass(frozen=True, slots=True)
class AuditedLeaf:
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
    def is_copy(self) -> bool:
        """True for a copy that anyone may have changed, False where the hub itself answers."""
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
