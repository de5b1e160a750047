"""The log as a hub shows it to an auditor: a `LogSource` over a client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from agency_client.audit.report import Violation
from agency_client.audit.source import AuditedLeaf
from exchange_protocol.errors import ExchangeError, LimitExceeded, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.directory import Directory

if TYPE_CHECKING:
    # The processes of `shards` and `ahead` import this package, and need nothing of these.
    from agency_client.core.log import LogLeaf
    from agency_client.state.checkpoints import Head

LEAST_PAUSE_SECONDS: Final = 0.1
MOST_PAUSE_SECONDS: Final = 60.0
"""Longest pause of a reading after the hub said that it was too much for now."""
PATIENCE_SECONDS: Final = 900.0
"""Longest wait in all for the next leaf."""


class AuditedHub(Protocol):
    """The methods of a hub that an audit uses; `ExchangeClient` has them."""

    def checkpoint(self) -> Head:
        """The newest checkpoint, signed by the pinned key and an extension of the last one seen."""

    def leaves(self, start: int, tree_size: int) -> Iterator[LogLeaf]:
        """The leaves from `start` to the end of a tree, unverified."""

    def sync(self) -> Directory:
        """The directory as the hub shows it now, proven."""


class HubLog:
    """The log as the hub shows it to this client's member."""

    def __init__(
        self,
        hub: AuditedHub,
        head: Head | None = None,
        *,
        on_pause: Callable[[ExchangeError, float], None] = lambda error, seconds: None,
    ) -> None:
        """Audit up to a head that was verified, or else up to the newest.

        `on_pause` is told before a wait why it is, and how many seconds long.
        """
        self._hub = hub
        self._head = head or hub.checkpoint()
        self._on_pause = on_pause

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint to audit up to."""
        return self._head.checkpoint

    @property
    def note(self) -> bytes:
        """Its signed note."""
        return self._head.note

    @property
    def is_copy(self) -> bool:
        """False: the hub answers for what it sends."""
        return False

    def begin(self, state: ReplayState) -> None:
        """Need nothing: there are no rows to compare."""

    def leaves(self, start: int) -> Iterator[AuditedLeaf]:
        """Every leaf from `start` on, page by page, as fast as the hub lets an auditor read.

        Raises:
            LimitExceeded: RATE_LIMITED, if none comes for `PATIENCE_SECONDS`: a hub that says so
                for ever would keep its auditors from ever saying anything.
        """
        patience = PATIENCE_SECONDS
        while start < self._head.size:
            try:
                for leaf in self._hub.leaves(start, self._head.size):
                    yield AuditedLeaf(leaf.leaf_hash, leaf.opening, leaf.fault)
                    start, patience = start + 1, PATIENCE_SECONDS
            except LimitExceeded as error:
                asked = error.retry_after_seconds or 1
                pause = min(max(asked, LEAST_PAUSE_SECONDS), MOST_PAUSE_SECONDS)
                if error.reason is not Reason.RATE_LIMITED or pause > patience:
                    raise
                self._on_pause(error, pause)
                time.sleep(pause)
                patience -= pause

    def check_leaf(self, index: int, leaf: AuditedLeaf) -> Iterable[Violation]:
        """Check nothing: the hub shows a leaf alone."""
        return ()

    def check_rest(self, state: ReplayState | None) -> Iterable[Violation]:
        """Check nothing: the hub shows no more than its log."""
        return ()

    def newest_directory(self) -> Directory:
        """The directory as the hub shows it now, proven."""
        return self._hub.sync()
