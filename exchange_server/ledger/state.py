"""The state that the writer starts a batch from: head, tree edge and directory, as committed.

It is restored from the database and checked before a hub serves, and again after every failure
(step 8 of `exchange_server.ledger`). An error names what does not fit, and the hub does not start:
a damaged log must not grow.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from exchange_protocol.errors import ExchangeError, HubError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import EMPTY_ROOT
from exchange_protocol.log.tiles import TreeEdge, edge_tiles
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_server.ledger.log_keys import followed
from exchange_server.storage.log_rows import (
    Head,
    insert_head,
    read_directory_entries,
    read_head,
    read_tiles,
)


@dataclass(frozen=True, slots=True)
class LogState:
    """The log as the last committed batch made it."""

    head: Head
    edge: TreeEdge
    directory: Directory


def begin_log(connection: Connection, signer: LogSigner) -> None:
    """Write the head of the empty log, where there is none."""
    if read_head(connection, lock=True) is None:
        note = signer.sign(Checkpoint(signer.origin, 0, EMPTY_ROOT))
        insert_head(connection, Head(0, EMPTY_ROOT, note, None, 0))


def restore(
    connection: Connection, head: Head, anchors: TrustAnchors, log: LogVerifier
) -> LogState:
    """Restore the state from the database and check that it fits together.

    1. The checkpoint is signed by the log's key and says the head's size and root.
    2. The tiles at the tree's edge have that root.
    3. The directory statements fold, each by the rules, into as many as the head counts.

    Raises:
        InvalidInput: CONFIG_INVALID, if the checkpoint is not one of the configured log.
        HubInternal: INTERNAL, naming what does not fit.
    """
    try:
        checkpoint = followed(connection, log).verify(head.note)
    except HubError as error:
        # The usual cause is no damage: a hub that was given another log's key or database.
        raise Reason.CONFIG_INVALID.error(
            f"expected the database of the log {log.origin}, whose key is configured; "
            f"its newest checkpoint says otherwise: {error.message}",
            field="log",
        ) from None
    if (checkpoint.size, checkpoint.root) != (head.size, head.root):
        raise _damaged(
            f"the head has size {head.size} and root {head.root.hex()}, "
            f"its checkpoint says {checkpoint.size} and {checkpoint.root.hex()}"
        )
    return LogState(
        head, _restore_edge(connection, head), _fold_directory(connection, head, anchors)
    )


def refresh(
    connection: Connection, state: LogState, head: Head, anchors: TrustAnchors, log: LogVerifier
) -> LogState:
    """Bring the state to a head that another hub on the same log has moved."""
    if head == state.head:
        return state
    if head.directory_size != state.head.directory_size:
        return restore(connection, head, anchors, log)
    return LogState(head, _restore_edge(connection, head), state.directory)


def _restore_edge(connection: Connection, head: Head) -> TreeEdge:
    try:
        edge = TreeEdge.from_tiles(head.size, read_tiles(connection, edge_tiles(head.size)))
    except ExchangeError as error:
        raise _damaged(
            f"the tiles at the tree's edge do not fit the head: {error.message}"
        ) from None
    if edge.root() != head.root:
        raise _damaged(
            f"the tiles at the tree's edge give the root {edge.root().hex()}, "
            f"the head of size {head.size} says {head.root.hex()}"
        )
    return edge


def _fold_directory(connection: Connection, head: Head, anchors: TrustAnchors) -> Directory:
    fold = DirectoryFold(anchors)
    for stored in read_directory_entries(connection):
        try:
            fold.apply(stored.index, stored.opening)
        except ExchangeError as error:
            raise _damaged(
                f"the directory does not fold at entry {stored.index}: {error.message}"
            ) from None
    if fold.current.size != head.directory_size:
        raise _damaged(
            f"the head counts {head.directory_size} directory statements, "
            f"the log holds {fold.current.size}"
        )
    return fold.current


def _damaged(why: str) -> ExchangeError:
    return Reason.INTERNAL.error(f"the database is damaged, run `exchange-server fsck`: {why}")
