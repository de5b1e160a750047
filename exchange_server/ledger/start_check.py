"""The check of a SQLite database before a hub adds to it: one file, whole, and not an old one.

An old copy that is put beside a newer write-ahead log reads as a database with holes. An old copy
that is whole lacks entries whose receipts are out. A hub that goes on from either signs a second
history. So, before the first signature:

 1. The entries from the first to the last give the root of the head, and each statement's entry has
    its statement.
 2. The log is not behind the newest checkpoint that this hub noted beside the file
    (`NAME.signed`), and extends it.

The note is written at the start, every few seconds and at the end, so it may lag: witnesses see
what it does not (docs/adr/0019-witnesses-are-heard-at-start.md). PostgreSQL has no such files, and
recovers by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from exchange_files import locked_folder, read_file, replace_file
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier, SignedCheckpoint
from exchange_protocol.log.merkle import (
    CompactRange,
    consistency_proof,
    inclusion_proofs,
    verify_consistency,
    verify_inclusion,
)
from exchange_protocol.log.tiles import TileReader
from exchange_protocol.record.entries import Event, entry_leaf_hash
from exchange_server.ledger.log_keys import followed
from exchange_server.storage.engine import (
    driver_error,
    is_away,
    is_damaged,
    open_engine,
    reading,
    real_file,
)
from exchange_server.storage.log_rows import Head, read_head, read_tiles
from exchange_server.storage.rows import select_by_keys
from exchange_server.storage.tables import log_entries

_AT_ONCE: Final = 10_000
_STEPS_BETWEEN: Final = 100_000
"""Steps of SQLite between two looks whether the hub stops: some milliseconds."""
LAST_ENTRIES: Final = 128
SPREAD_ENTRIES: Final = 64
MOST_ENTRIES: Final = LAST_ENTRIES + SPREAD_ENTRIES + 64
"""The last, those over the whole log, and those halfway to its beginning, at most 64."""
NOTE_WAIT_SECONDS: Final = 3.0
"""Longest wait for the lock on the folder: whoever holds it longer does not keep a hub running."""


def _lacks_its_statement() -> ColumnElement[bool]:
    """True for a statement's entry without the statement."""
    e = log_entries.c
    lacks = or_(e.payload.is_(None), e.signature.is_(None), e.statement_id.is_(None))
    return and_(e.event == int(Event.STATEMENT), lacks)


_ENDS: Final = select(
    log_entries.c.idx,
    log_entries.c.leaf_hash,
    log_entries.c.entry,
    log_entries.c.nonce,
    _lacks_its_statement(),
)


def verify_start(engine: Engine, log: LogVerifier) -> None:
    """Verify that a hub may add to the database.

    Raises:
        HubInternal: INTERNAL, naming what does not fit.
        InvalidInput: CONFIG_INVALID, if the log is older than the checkpoint noted beside it.
    """
    file = real_file(engine)
    if file is None:
        return
    with reading(engine) as connection:
        verify_noted(connection, file, log)


def verify_noted(connection: Connection, file: Path, log: LogVerifier) -> None:
    """Verify that a database is whole, and may stand at the place of a file: by the note there.

    Raises as `verify_start`.
    """
    noted = noted_checkpoint(file, followed(connection, log))
    head = read_head(connection)
    if noted is not None and (head is None or head.size < noted.size):
        raise _older(file, 0 if head is None else head.size, noted)
    if head is None:
        return
    try:
        _verify_whole(connection, head, noted, file)
    except Exception as error:
        cause = driver_error(error)
        if cause is None or is_away(error):
            raise
        raise _mixed(f"it cannot be read: {cause}") from None


def wrong_at_ends(file: Path, known: Checkpoint) -> str | None:
    """Say what is wrong with the ends of a SQLite file's log; bounded, however long it is.

    `known` is the newest checkpoint that the hub committed. At most `MOST_ENTRIES` entries are
    proved, from the stored tiles, against the stored head: the last ones, and others over the whole
    log. None if they are in order. An error that says nothing of the file is raised.
    """
    return _wrong(file, known, _verify_ends)


def wrong_with_touched(
    file: Path, known: Checkpoint, is_stopped: Callable[[], bool] = lambda: False
) -> str | None:
    """Say what is wrong with a SQLite file that another program has written to under a hub.

    It is read from the disk: the hub's connections would show pages that they keep. `known` is a
    checkpoint that the hub committed. None if the whole log is there. A failure that says nothing
    of the file, such as a want of open files, is raised: the look is to be repeated. So is the
    error of a look that `is_stopped` has ended.
    """

    def verify(connection: Connection, head: Head, known: Checkpoint) -> None:
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.set_progress_handler(is_stopped, _STEPS_BETWEEN)
        said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if said != "ok":
            raise _mixed(f"it cannot be read: {said}")
        if head.size == known.size and head.root != known.root:
            raise _mixed("its head is not the one that this hub committed")
        _verify_whole(connection, head, known if known.size < head.size else None, file)

    return _wrong(file, known, verify)


def _wrong(
    file: Path, known: Checkpoint, verify: Callable[[Connection, Head, Checkpoint], None]
) -> str | None:
    engine = open_engine(f"sqlite:///{file}", read_only=True)
    try:
        with reading(engine) as connection:
            head = read_head(connection)
            if head is None or head.size < known.size:
                found = 0 if head is None else head.size
                return f"its log has {found} entries, and this hub committed {known.size}"
            try:
                verify(connection, head, known)
            except ExchangeError as error:
                return error.message
            return None
    except Exception as error:
        cause = driver_error(error)
        if cause is None or not is_damaged(cause):
            raise
        return f"it cannot be read: {cause}"
    finally:
        engine.dispose()


def _verify_ends(connection: Connection, head: Head, known: Checkpoint) -> None:
    """Prove some entries, and that the log extends what was committed; raises what does not fit."""
    read = TileReader(lambda tiles: read_tiles(connection, tiles))
    proof = consistency_proof(known.size, head.size, read)
    verify_consistency(known.size, head.size, proof, known.root, head.root)
    indexes = _looked_at(head.size)
    rows = select_by_keys(connection, _ENDS, log_entries.c.idx, indexes)
    found = {
        index: (leaf_hash, entry, nonce, lacks) for index, leaf_hash, entry, nonce, lacks in rows
    }
    paths = inclusion_proofs(indexes, head.size, read)
    for index, path in zip(indexes, paths, strict=True):
        if index not in found:
            raise _mixed(f"expected the entry {index}, there is none")
        leaf_hash, entry, nonce, lacks = found[index]
        if entry_leaf_hash(entry, nonce) != leaf_hash:
            raise _mixed(f"the entry {index} is not what its leaf says")
        verify_inclusion(leaf_hash, index, head.size, path, head.root)
        if lacks:
            raise _mixed(f"the entry {index} of a statement has no statement")


def _looked_at(size: int) -> list[int]:
    """The entries of `wrong_at_ends`, at most `MOST_ENTRIES`, in order."""
    last = range(max(size - LAST_ENTRIES, 0), size)
    # Halfway to the beginning, again and again: an old copy ends somewhere, at any distance.
    halving = (size - 1 - (size >> step) for step in range(size.bit_length()))
    spread = (size * step // SPREAD_ENTRIES for step in range(SPREAD_ENTRIES))
    return sorted({index for index in (*last, *halving, *spread) if 0 <= index < size})


def note_signed(engine: Engine) -> None:
    """Note the newest checkpoint beside the database's file; the note never goes back.

    Raises:
        FileNotWritten: FILE_NOT_WRITTEN.
        InvalidInput: CONFIG_INVALID, if the note is newer than the database, which was replaced
            since; or if it is of another log or another history.
    """
    file = real_file(engine)
    if file is None:
        return
    with (
        locked_folder(file.parent, wait_seconds=NOTE_WAIT_SECONDS),
        reading(engine) as connection,
    ):
        head = read_head(connection)
        if head is None or not head.size:
            return
        noted = _parsed(read_file(note_path(file)))
        if noted is None:
            # There is none, or a damaged one.
            replace_file(note_path(file), head.note)
            return
        signed = SignedCheckpoint.parse(head.note).checkpoint
        if noted.origin != signed.origin:
            raise _foreign(file, noted.origin, signed.origin)
        if noted.size > head.size:
            raise _older(file, head.size, noted)
        if noted.size == head.size and noted.root != head.root:
            raise _other_history(file, noted)
        if noted.size < head.size:
            replace_file(note_path(file), head.note)


def _parsed(note: bytes | None) -> Checkpoint | None:
    """The checkpoint of a note; None for a damaged one."""
    try:
        return SignedCheckpoint.parse(note).checkpoint if note is not None else None
    except ExchangeError:
        return None


def note_path(file: Path) -> Path:
    """The place of the note on a database's file."""
    return file.with_name(f"{file.name}.signed")


def noted_checkpoint(file: Path, log: LogVerifier) -> Checkpoint | None:
    """The checkpoint noted beside a file, its signature verified; None if there is none."""
    try:
        note = read_file(note_path(file))
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(
            f"cannot read {note_path(file)}, the checkpoint that the hub noted: {error.strerror}; "
            f"the user {os.geteuid()} has to own it, as the database",
            field="database.url",
        ) from None
    if note is None:
        return None
    told = _parsed(note)
    if told is not None and told.origin != log.origin:
        raise _foreign(file, told.origin, log.origin)
    try:
        return log.verify(note)
    except ExchangeError as error:
        raise Reason.CONFIG_INVALID.error(
            f"expected in {note_path(file)} a checkpoint of the log {log.origin}, whose key is "
            f"configured: {error.message}; the key or the database is another log's",
            field="log",
        ) from None


def _verify_whole(connection: Connection, head: Head, noted: Checkpoint | None, file: Path) -> None:
    tree = CompactRange()
    query = select(log_entries.c.idx, log_entries.c.leaf_hash).order_by(log_entries.c.idx)
    batch: list[bytes] = []
    rows = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for expected, (index, leaf_hash) in enumerate(rows):
        if index != expected:
            raise _mixed(f"expected the entry {expected}, got {index}")
        batch.append(leaf_hash)
        is_noted = noted is not None and noted.size == expected + 1
        if len(batch) == _AT_ONCE or is_noted:
            tree, batch = tree.append_many(batch).after, []
        if noted is not None and is_noted and tree.root() != noted.root:
            raise _other_history(file, noted)
    tree = tree.append_many(batch).after
    if (tree.size, tree.root()) != (head.size, head.root):
        raise _mixed(
            f"its {tree.size} entries have the root {tree.root().hex()}, its head says "
            f"{head.size} and {head.root.hex()}"
        )
    query_of_lost = select(func.count()).select_from(log_entries).where(_lacks_its_statement())
    lost = connection.execute(query_of_lost).scalar_one()
    if lost:
        raise _mixed(f"{lost} entries of statements have no statement")


def _mixed(why: str) -> ExchangeError:
    return Reason.INTERNAL.error(
        f"the database is damaged or mixed from two copies, and nothing is added to it: {why}. "
        "A file that was copied back while its -wal file stayed looks like this; bring back a copy "
        "that `exchange-server backup` made, with `exchange-server restore`"
    )


def _other_history(file: Path, noted: Checkpoint) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        f"the database's log does not extend the checkpoint of {noted.size} entries that "
        f"this hub signed and noted in {note_path(file)}: it is another history of the "
        "log. Put the right database back",
        field="database.url",
    )


def _foreign(file: Path, noted: str, origin: str) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        f"the database is of the log {origin}, and {note_path(file)} tells what a hub of the log "
        f"{noted} has signed, whose database stood there: name another place for this database, "
        "or move that file away with the old database",
        field="database.url",
    )


def _older(file: Path, size: int, noted: Checkpoint) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        f"the database's log has {size} entries, and this hub has signed {noted.size}, as "
        f"{note_path(file)} shows: it is an old copy, and receipts for the entries after it are "
        "out. Put the newest database back. If it is lost, every client and witness that saw more "
        "will call the log rolled back, with proof; whoever decides to go on all the same removes "
        "that file",
        field="database.url",
    )
