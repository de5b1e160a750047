"""Witnesses' cosignatures: what the hub takes, what it shows, and what it keeps of them.

A cosignature is taken if a configured witness made it over a checkpoint of this log, with the size
and the root of the committed tree, and not with a time ahead of the hub's clock.

Witnesses come by at times of their own, while the log grows, so the newest checkpoint that one of
them cosigned is seldom the newest that two of them did. Shown is the newest with at least one
cosignature, the newest with at least two, and so on; a witness cosigns these on its way to the
newest, which is how several come to cosign the same. All others are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import groupby

import structlog
from sqlalchemy import Connection

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.cosignatures import Cosignature, WitnessPolicy
from exchange_protocol.log.merkle import tree_root
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.log.tiles import TileReader
from exchange_server.ledger.log_keys import followed
from exchange_server.storage.cosignature_rows import (
    CosignatureRow,
    forget_cosignatures,
    largest_cosigned_size,
    read_cosignatures,
    write_cosignatures,
)
from exchange_server.storage.log_rows import Head, read_head, read_tiles

_log = structlog.get_logger(__name__)


def check_cosigned(
    note: bytes, signer: LogSigner, witnesses: WitnessPolicy | None, latest: datetime
) -> tuple[tuple[Cosignature, ...], Callable[[Connection], None]]:
    """Check a cosigned checkpoint.

    Gives the cosignatures of configured witnesses, and the task that checks the checkpoint against
    the tree and keeps it.

    Raises:
        InvalidInput: COSIGNATURE_INVALID, saying what is wrong with it.
    """
    if witnesses is None:
        raise Reason.COSIGNATURE_INVALID.error(
            "this hub is configured with no witnesses; its operator lists their verifier keys "
            "under witnesses in [log]"
        )
    try:
        checkpoint = LogVerifier(signer.vkey).verify(note)
        found = witnesses.verify(note)
    except ExchangeError as error:
        raise Reason.COSIGNATURE_INVALID.error(error.message) from error
    for each in found:
        if each.at > latest:
            raise Reason.COSIGNATURE_INVALID.error(
                f"expected a time up to {latest.isoformat()}, {each.witness} says "
                f"{each.at.isoformat()}"
            )
    return found, partial(_keep, checkpoint=checkpoint, found=found, signer=signer)


def witnessed_checkpoints(connection: Connection) -> list[bytes]:
    """The notes to show, newest first, with the lines of all their witnesses."""
    return [
        _joined([SignedNote.parse(row.note) for row in rows])
        for rows in _shown(read_cosignatures(connection))
    ]


def kept_cosignatures(
    connection: Connection, log: LogVerifier, witnesses: WitnessPolicy
) -> list[Cosignature]:
    """The witnesses' cosignatures over the committed tree, whichever hub on it has kept them."""
    head = read_head(connection)
    if head is None:
        raise Reason.INTERNAL.error("the log has no head")
    known = followed(connection, log)
    faulty = {size for size, _ in cosignature_faults(connection, head, known)}
    rows = [row for row in read_cosignatures(connection) if row.tree_size not in faulty]
    return [each for row in rows for each in witnesses.verify(row.note)]


class WitnessGate:
    """Keeps a hub that has started from adding to its log, until witnesses have cosigned it.

    A database that was restored whole from an old copy looks well: its cosignatures are as old as
    its log. The witnesses remember. None of them cosigns a tree that does not extend the last one
    that it saw, so a cosignature made since the start says that nothing it saw was lost.
    """

    def __init__(self, witnesses: WitnessPolicy | None, needed: int, since: datetime) -> None:
        """Open once so many witnesses have cosigned at or after a time of the hub's clock."""
        self.witnesses = witnesses
        self._needed = needed
        # Cosignatures tell whole seconds.
        self._since = since.replace(microsecond=0)
        self._heard: set[str] = set()
        if self.missing:
            _log.warning("waiting_for_witnesses", missing=self.missing)

    @property
    def missing(self) -> int:
        """The number of witnesses that are still to be heard."""
        return max(0, self._needed - len(self._heard))

    def hear(self, cosignatures: Iterable[Cosignature]) -> None:
        """Take note of verified cosignatures over the committed tree."""
        missing = self.missing
        self._heard.update(each.witness for each in cosignatures if each.at >= self._since)
        if self.missing < missing:
            _log.info("witness_heard", missing=self.missing)

    def verify_open(self) -> None:
        """Verify that enough witnesses were heard; raises UNAVAILABLE."""
        if self.missing:
            raise Reason.UNAVAILABLE.error(
                "the hub has started and adds nothing to its log before "
                f"{self.missing} more of its witnesses cosigned what it holds "
                "(docs/witnesses.md); send the same bytes again then"
            )


def check_not_rolled_back(connection: Connection) -> None:
    """Check that the log is not smaller than witnesses saw it; raises CONFIG_INVALID."""
    head, seen = read_head(connection), largest_cosigned_size(connection)
    if head is not None and seen is not None and head.size < seen:
        raise Reason.CONFIG_INVALID.error(
            f"the log has {head.size} entries, but witnesses cosigned its tree of {seen}: entries "
            "were lost, and every witness would refuse what this hub signs now. Restore a copy of "
            f"the database with at least {seen} entries; if there is none, begin a new log under "
            "a new key (docs/witnesses.md)"
        )


def cosignature_faults(
    connection: Connection, head: Head, log: LogVerifier
) -> Iterator[tuple[int, str]]:
    """The stored cosignatures that are of another tree than the log's: their size, what is wrong.

    Tiles that are damaged are a fault here too. The witnesses' own lines, clients verify.
    """
    for row in read_cosignatures(connection):
        try:
            checkpoint = log.verify(row.note)
            if not checkpoint.size == row.tree_size <= head.size:
                yield row.tree_size, f"it is of {checkpoint.size} entries, the log has {head.size}"
            elif _root(connection, row.tree_size) != checkpoint.root:
                yield row.tree_size, "the tree of this size has another root"
        except ExchangeError as error:
            yield row.tree_size, error.message


def _keep(
    connection: Connection,
    checkpoint: Checkpoint,
    found: Iterable[Cosignature],
    signer: LogSigner,
) -> None:
    head = read_head(connection)
    if head is None or checkpoint.size > head.size:
        raise Reason.COSIGNATURE_INVALID.error(
            f"expected a checkpoint of at most {head.size if head else 0} entries, "
            f"got {checkpoint.size}"
        )
    if _root(connection, checkpoint.size) != checkpoint.root:
        raise Reason.COSIGNATURE_INVALID.error(
            f"the tree of {checkpoint.size} entries has another root than the one cosigned"
        )
    # Signed anew, which gives the same bytes: no line of a stranger comes along.
    note = SignedNote.parse(signer.sign(checkpoint))
    held = {(row.tree_size, row.witness): row for row in read_cosignatures(connection)}
    new = []
    for each in found:
        before = held.get((checkpoint.size, each.witness))
        if before is None or before.cosigned_at < each.at:
            signed = SignedNote(note.text, (*note.signatures, each.line))
            new.append(CosignatureRow(checkpoint.size, each.witness, each.at, signed.encode()))
    write_cosignatures(connection, new)
    rows = read_cosignatures(connection)
    shown = {group[0].tree_size for group in _shown(rows)}
    forgotten = {row.tree_size for row in rows} - shown
    if forgotten:
        forget_cosignatures(connection, forgotten)


def _root(connection: Connection, size: int) -> bytes:
    return tree_root(size, TileReader(partial(read_tiles, connection)))


def _shown(rows: Iterable[CosignatureRow]) -> list[list[CosignatureRow]]:
    """Choose the rows of each size that has more witnesses than all larger ones; largest first."""
    shown: list[list[CosignatureRow]] = []
    for _, group in groupby(rows, key=lambda row: row.tree_size):
        same = list(group)
        if not shown or len(same) > len(shown[-1]):
            shown.append(same)
    return shown


def _joined(notes: list[SignedNote]) -> bytes:
    """One note of one text, with every line once."""
    lines = dict.fromkeys(line for note in notes for line in note.signatures)
    return SignedNote(notes[0].text, tuple(lines)).encode()
