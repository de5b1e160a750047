"""Queries: what an agency may see of the log, with proofs, from connections of their own.

Each query sees one moment of the database, so entries, proofs and checkpoint in one answer fit
together. The writer decided who sees each row (`projection`); here the rows are only found.
Agencies take turns at the threads, and no query does more than a page of work: the next one of
another agency waits for little.

Assumed verified: that the caller may ask at all, and for which agency.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import LegState, Party, Urgency
from exchange_protocol.log.merkle import consistency_proof, inclusion_proof, inclusion_proofs
from exchange_protocol.log.tiles import TILE_WIDTH, TileReader, encode_entry_bundle
from exchange_protocol.record.entries import Event
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.notices import Notice
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.rules.access import is_erased
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import AgencyId
from exchange_server.caller import Caller, working_for
from exchange_server.fairness.scheduler import FairScheduler
from exchange_server.ledger.audit import leaves_page
from exchange_server.ledger.values import (
    EntryPage,
    FeedNotice,
    FeedPosition,
    LeavesPage,
    PartHandle,
    TreeHead,
)
from exchange_server.ledger.witnessing import witnessed_checkpoints
from exchange_server.storage.database_file import FileLostError
from exchange_server.storage.engine import is_away, is_withheld, plain_cause, reading
from exchange_server.storage.exchange_rows import load_exchanges
from exchange_server.storage.feed_rows import read_notices, read_visible_entries
from exchange_server.storage.log_rows import (
    Head,
    StoredEntry,
    read_directory_page,
    read_entry_page,
    read_head,
    read_leaf_data,
    read_tiles,
)
from exchange_server.storage.part_rows import CHUNK_BYTES, has_part, read_chunk, read_sealed
from exchange_server.storage.party_rows import SeenExchange, Selection, list_seen, read_seen
from exchange_server.storage.statement_rows import find_deliverables

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_PAGE_TOKEN = re.compile(r"before-(0|[1-9][0-9]{0,18})", re.ASCII)
_BEFORE_ALL = FeedPosition(-1, -1)


class Reader:
    """Queries in a small pool of threads; `close` ends it."""

    def __init__(
        self, engine: Engine, *, directory: Callable[[], Directory], threads: int = 4
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger-reader")
        # One thread an agency: two that make proofs would hold the interpreter most of the time.
        self._turns = FairScheduler(threads, share=1)

    async def close(self) -> None:
        """Wait for running queries and end the threads."""
        await asyncio.to_thread(self._pool.shutdown)

    async def tree_head(self, known_tree_size: int) -> TreeHead:
        """The newest checkpoint; raises PROOF_RANGE_INVALID for a tree larger than the log."""
        return await self._run(lambda c: _tree_head(_tiles(c), _head(c), known_tree_size))

    async def checkpoint(self, known_tree_size: int) -> tuple[TreeHead, list[bytes]]:
        """The newest checkpoint, and those that witnesses cosigned; raises as `tree_head`."""

        def query(connection: Connection) -> tuple[TreeHead, list[bytes]]:
            head = _tree_head(_tiles(connection), _head(connection), known_tree_size)
            return head, witnessed_checkpoints(connection)

        return await self._run(query)

    async def directory_entries(
        self, known_directory_size: int, page_size: int, known_tree_size: int = 0
    ) -> tuple[list[ProvenEntry], int, TreeHead]:
        """Directory statements from a position on, how many there are, and the tree head.

        Raises:
            InvalidInput: PROOF_RANGE_INVALID for more known entries than there are.
        """

        def query(connection: Connection) -> tuple[list[ProvenEntry], int, TreeHead]:
            head = _head(connection)
            if known_directory_size > head.directory_size:
                raise Reason.PROOF_RANGE_INVALID.error(
                    f"expected at most {head.directory_size} known directory entries, "
                    f"got {known_directory_size}",
                    field="known_directory_size",
                )
            stored = read_directory_page(connection, known_directory_size, page_size, head.size)
            tiles = _tiles(connection)
            proven = _proven(tiles, stored, head.size)
            return proven, head.directory_size, _tree_head(tiles, head, known_tree_size)

        return await self._run(query)

    async def list_exchanges(
        self,
        agency: AgencyId,
        party: Party | None,
        states: Sequence[LegState],
        kinds: Sequence[Kind],
        page_size: int,
        page_token: str,
        *,
        awaits_consent: bool = False,
    ) -> tuple[list[ExchangeSummary], str]:
        """Give a page of the exchanges that an agency sees, newest first, and the next page's
        token.

        `party` is the part that it has in them, None for any; as an approver it sees those that
        wait for its approval. With `awaits_consent` they are those in which a request for consent
        waits for it.
        """
        selection = Selection(
            agency=agency,
            parties=(party,) if party else (),
            states=tuple(states),
            kinds=tuple(kinds),
            pending=party is Party.APPROVER,
            awaits_consent=awaits_consent,
            before=_parse_page_token(page_token),
        )
        seen: list[SeenExchange] = []
        while len(seen) <= page_size:
            # Where few match, one page looks through many: in windows, each in its turn.
            window = partial(list_seen, selection=selection, limit=page_size + 1 - len(seen))
            found, before = await self._run(window)
            seen += found
            if before is None:
                break
            selection = replace(selection, before=before)
        page = seen[:page_size]
        token = f"before-{page[-1].initial_index}" if len(seen) > page_size else ""
        return [each.summary for each in page], token

    async def exchange(
        self, agency: AgencyId, exchange_id: str, known_tree_size: int = 0
    ) -> tuple[ExchangeSummary, EntryPage, TreeHead]:
        """An exchange as an agency may know it now: a summary, its first page, the tree head.

        Raises:
            NotFound: EXCHANGE_UNKNOWN, where the agency sees nothing of it.
            InvalidInput: PROOF_RANGE_INVALID for a known tree larger than the log.
        """

        def query(connection: Connection) -> tuple[ExchangeSummary, EntryPage, TreeHead]:
            head, tiles = _head(connection), _tiles(connection)
            page = _exchange_page(connection, tiles, agency, exchange_id, 0, head.size)
            seen = read_seen(connection, agency, [exchange_id])
            if not page.entries or not seen:
                raise Reason.EXCHANGE_UNKNOWN.error(
                    f"expected an exchange that {agency} may know of, got {exchange_id[:64]!r}",
                    field="exchange_id",
                )
            return seen[0].summary, page, _tree_head(tiles, head, known_tree_size)

        return await self._run(query)

    async def exchange_page(
        self, agency: AgencyId, exchange_id: str, start: int, tree_size: int
    ) -> EntryPage:
        """A further page of what an agency could see of an exchange at a tree size.

        Raises:
            InvalidInput: PROOF_RANGE_INVALID for a tree larger than the log.
            NotFound: EXCHANGE_UNKNOWN, where it saw nothing of it from `start` on.
        """

        def query(connection: Connection) -> EntryPage:
            _check_size(tree_size, _head(connection))
            tiles = _tiles(connection)
            page = _exchange_page(connection, tiles, agency, exchange_id, start, tree_size)
            if not page.entries:
                raise Reason.EXCHANGE_UNKNOWN.error(
                    f"expected an exchange of which {agency} sees entries from {start} on, "
                    f"got {exchange_id[:64]!r}",
                    field="exchange_id",
                )
            return page

        return await self._run(query)

    async def part_chunks(self, handle: PartHandle, offset: int) -> AsyncIterator[bytes]:
        """The sealed bytes of a delivered part from an offset on, in chunks of at most 1 MiB."""
        if not 0 <= offset <= handle.size:
            raise Reason.INVALID_FIELD.error(
                f"expected an offset of 0 to {handle.size}, got {offset}", field="offset"
            )
        while offset < handle.size:
            data = await self._run(partial(_part_bytes, handle=handle, offset=offset))
            yield data
            offset += len(data)

    async def feed(
        self, agency: AgencyId, after: FeedPosition | None, limit: int
    ) -> list[FeedNotice]:
        """List what an agency came to see after a position (None: from the start), in order."""
        start = after or _BEFORE_ALL
        rows = await self._run(
            lambda c: read_notices(c, agency, (start.position, start.entry_index), limit)
        )
        return [
            FeedNotice(
                FeedPosition(row.position, row.entry_index),
                Notice(
                    exchange_id=row.exchange_id,
                    index=row.entry_index,
                    event=Event(row.event),
                    kind=parse_kind(row.kind) if row.kind else None,
                    actor_agency=AgencyId(row.actor_agency),
                    urgency=Urgency(row.urgency),
                ),
            )
            for row in rows
        ]

    async def tile(self, level: int, index: int) -> bytes:
        """The hashes that a tile holds now; raises ENTRY_UNKNOWN for one beyond the tree."""
        tiles = await self._run(
            lambda c: read_tiles(c, [(level, index)]) if max(level, index) < 2**63 else {}
        )
        if (level, index) not in tiles:
            raise Reason.ENTRY_UNKNOWN.error(
                f"expected a tile of the tree, got index {index} of level {level}"
            )
        return tiles[level, index]

    async def entry_bundle(self, index: int) -> bytes:
        """The leaf data that a bundle holds now; raises ENTRY_UNKNOWN for one beyond the tree."""
        start = index * TILE_WIDTH
        data = await self._run(
            lambda c: (
                read_leaf_data(c, start, start + TILE_WIDTH) if start < 2**63 - TILE_WIDTH else []
            )
        )
        if not data:
            raise Reason.ENTRY_UNKNOWN.error(
                f"expected a bundle of entries of the log, got index {index}"
            )
        return encode_entry_bundle(data)

    async def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """The inclusion proof of a leaf in the tree of a size; raises PROOF_RANGE_INVALID."""

        def query(connection: Connection) -> tuple[bytes, ...]:
            _check_size(size, _head(connection))
            return tuple(inclusion_proof(index, size, _tiles(connection)))

        return await self._run(query)

    async def consistency_proof(self, size1: int, size2: int) -> tuple[bytes, ...]:
        """Prove that the tree of one size extends that of another; raises PROOF_RANGE_INVALID."""

        def query(connection: Connection) -> tuple[bytes, ...]:
            _check_size(size2, _head(connection))
            return tuple(consistency_proof(size1, size2, _tiles(connection)))

        return await self._run(query)

    async def openings(self, caller: Caller, start: int, count: int, tree_size: int) -> LeavesPage:
        """Leaf hashes in log order, each with its opening where the caller may audit it.

        Raises:
            InvalidInput: PROOF_RANGE_INVALID for a tree larger than the log.
            HubUnavailable: while this process has not caught up with the directory on the log.
        """

        def query(connection: Connection) -> LeavesPage:
            head, directory = _head(connection), self._directory()
            _check_size(tree_size, head)
            if start >= tree_size:
                # It may be a number that no database can take.
                return LeavesPage(())
            if directory.size < head.directory_size:
                # Another hub has written since. By older rules an entry could stay closed that the
                # auditor knows to be open to it, and who withholds is taken for dishonest.
                raise Reason.UNAVAILABLE.error("the rules have just changed; ask again")
            stored = read_entry_page(connection, start, min(start + count, tree_size), tree_size)
            return leaves_page(connection, directory, caller.member, stored)

        return await self._run(query)

    async def _run(self, query: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            try:
                with reading(self._engine) as connection:
                    return query(connection)
            except Exception as error:
                is_lost = isinstance(error, FileLostError)
                if not is_lost and not is_away(error) and not is_withheld(error):
                    raise
                why = plain_cause(error) or str(error)
                _log.warning("database_away", error=type(error).__name__, why=why)
                raise Reason.UNAVAILABLE.error(
                    "the hub cannot reach its database; try again in a moment"
                ) from None

        holder = working_for()
        await self._turns.take(holder)
        running = asyncio.get_running_loop().run_in_executor(self._pool, run)

        def ended(future: asyncio.Future[_T]) -> None:
            self._turns.give(holder)
            if not future.cancelled():
                future.exception()  # Its caller may have gone: then nobody else looks at it.

        running.add_done_callback(ended)
        # A thread goes on though its caller has gone, and has its place until it ends.
        return await asyncio.shield(running)


def _head(connection: Connection) -> Head:
    head = read_head(connection)
    if head is None:
        raise Reason.INTERNAL.error("the log has no head")
    return head


def _tree_head(tiles: TileReader, head: Head, known_tree_size: int) -> TreeHead:
    proof = consistency_proof(known_tree_size, head.size, tiles)
    return TreeHead(head.note, tuple(proof))


def _tiles(connection: Connection) -> TileReader:
    return TileReader(partial(read_tiles, connection))


def _check_size(size: int, head: Head) -> None:
    if size > head.size:
        raise Reason.PROOF_RANGE_INVALID.error(
            f"expected a tree size of at most {head.size}, got {size}"
        )


def _exchange_page(
    connection: Connection,
    tiles: TileReader,
    agency: AgencyId,
    exchange_id: str,
    start: int,
    tree_size: int,
) -> EntryPage:
    if start >= tree_size:
        # It may be a number that no database can take.
        return EntryPage((), 0)
    stored, has_more = read_visible_entries(connection, agency, exchange_id, start, tree_size)
    entries = tuple(_proven(tiles, stored, tree_size))
    return EntryPage(entries, stored[-1].index + 1 if has_more else 0)


def _proven(tiles: TileReader, stored: Sequence[StoredEntry], tree_size: int) -> list[ProvenEntry]:
    proofs = inclusion_proofs([one.index for one in stored], tree_size, tiles)
    return [
        ProvenEntry(one.index, one.opening, tuple(proof))
        for one, proof in zip(stored, proofs, strict=True)
    ]


def _part_bytes(connection: Connection, handle: PartHandle, offset: int) -> bytes:
    """A piece of a part's sealed bytes, from an offset that is within it."""
    seq, skip = divmod(offset, CHUNK_BYTES)
    count = min(CHUNK_BYTES, handle.size - offset + skip) - skip
    index, part_id = handle.log_index, handle.part_id
    if part_id is None:
        data = read_sealed(connection, index, handle.start + offset, count)
        is_there = data is not None
    else:
        chunk = read_chunk(connection, part_id, seq)
        data = None if chunk is None else chunk[skip:]
        is_there = chunk is not None or has_part(connection, index, handle.name)
    if not is_there and _was_erased(connection, handle):
        raise Reason.CONTENT_ERASED.error("the content was erased while it was fetched")
    if data is None or len(data) != count:
        raise Reason.INTERNAL.error(f"part {handle.name!r} is damaged at byte {offset}")
    return data


def _was_erased(connection: Connection, handle: PartHandle) -> bool:
    """True if a notice erased the part: one that is missing without it is damage."""
    found = find_deliverables(connection, [handle.payload_digest])[handle.payload_digest]
    exchange_id = found.spoken.exchange_id
    return is_erased(load_exchanges(connection, [exchange_id])[exchange_id].exchange, found.spoken)


def _parse_page_token(token: str) -> int | None:
    if not token:
        return None
    match = _PAGE_TOKEN.fullmatch(token)
    if match is None or int(match[1]) >= 2**63:
        raise Reason.PAGE_TOKEN_INVALID.error(
            "expected a page token that the hub gave out", field="page_token"
        )
    return int(match[1])
