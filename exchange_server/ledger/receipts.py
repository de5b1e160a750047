"""Receipts of a committed batch: entries with proofs against its checkpoint (step 6)."""

from __future__ import annotations

from collections import ChainMap, OrderedDict
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.merkle import (
    HASH_SIZE,
    NodeId,
    consistency_proof,
    inclusion_proof,
    inclusion_proofs,
)
from exchange_protocol.log.tiles import TILE_WIDTH, EdgeGrowth, TileId, TileReader
from exchange_server.ledger.jobs import Logged
from exchange_server.ledger.state import LogState
from exchange_server.ledger.values import Accepted
from exchange_server.storage.engine import reading
from exchange_server.storage.log_rows import read_tiles

_KEPT_TILES = 256
"""8 KiB each."""


class Receipts:
    """The proofs of one batch; a `jobs.Prover`.

    They come from the tiles that the batch has just written. Only proofs that reach further back
    read the database.
    """

    def __init__(
        self,
        engine: Engine,
        state: LogState,
        growth: EdgeGrowth | None,
        full_tiles: OrderedDict[TileId, bytes],
    ) -> None:
        """Prove against a committed batch; `full_tiles` never change, so they are kept from batch
        to batch."""
        self._engine = engine
        self._state = state
        self._growth = growth
        self._full_tiles = full_tiles
        self._tiles = TileReader(self._read_tiles)
        self._recent = self._recent_proofs()
        self._consistency: dict[int, tuple[bytes, ...]] = {}

    def prove(self, logged: Logged, known_tree_size: int) -> Accepted:
        """Prove that the log holds an entry, and extends the tree that the caller knows."""
        return Accepted(
            index=logged.index,
            entry=logged.entry,
            nonce=logged.nonce,
            inclusion_proof=self._inclusion(logged),
            note=self._state.head.note,
            consistency_proof=self._consistency_from(known_tree_size),
        )

    def _recent_proofs(self) -> list[tuple[bytes, ...]]:
        """Inclusion proofs of the batch's entries, which share most of their nodes."""
        if self._growth is None:
            return []
        size = self._state.head.size
        indexes = range(self._growth.nodes.before.size, size)
        return [tuple(path) for path in inclusion_proofs(indexes, size, self._growth.nodes.read)]

    def _inclusion(self, logged: Logged) -> tuple[bytes, ...]:
        first = self._state.head.size - len(self._recent)
        if logged.index >= first:
            return self._recent[logged.index - first]
        return tuple(inclusion_proof(logged.index, self._state.head.size, self._tiles))

    def _consistency_from(self, known: int) -> tuple[bytes, ...]:
        if known not in self._consistency:
            size = self._state.head.size
            self._consistency[known] = tuple(consistency_proof(known, size, self._read_nodes))
        return self._consistency[known]

    def _read_nodes(self, nodes: Sequence[NodeId]) -> Sequence[bytes]:
        if self._growth is not None:
            try:
                return self._growth.nodes.read(nodes)
            except ExchangeError:
                # The caller knew an older tree than the one before this batch.
                return self._tiles(nodes)
        return self._tiles(nodes)

    def _read_tiles(self, tiles: Sequence[TileId]) -> Mapping[TileId, bytes]:
        grown = self._growth.tiles if self._growth else {}
        held = ChainMap({}, dict(self._state.edge.tiles), dict(grown), self._full_tiles)
        missing = [tile for tile in tiles if tile not in held]
        if missing:
            with reading(self._engine) as connection:
                held.update(read_tiles(connection, missing))
            self._keep({tile: held[tile] for tile in missing if tile in held})
        return held

    def _keep(self, tiles: Mapping[TileId, bytes]) -> None:
        for tile, hashes in tiles.items():
            if len(hashes) == TILE_WIDTH * HASH_SIZE:
                self._full_tiles[tile] = hashes
        while len(self._full_tiles) > _KEPT_TILES:
            self._full_tiles.popitem(last=False)
