"""Tiles: how the hashes of the tree are stored and served (C2SP tlog-tiles).

A tile is up to 256 consecutive hashes, 32 bytes each, one after the other. Tile (level L, index N)
holds the nodes (8 * L, 256 * N) and on: leaf hashes at level 0, and above it one hash for each full
tile below. Nodes between these levels are hashed from the tile when needed.

Rules of this module:

1.  A tile only ever grows at its end. A store keeps one row for each (level, index), replaced as it
    grows up to 8,192 bytes; the tile of an older, smaller tree is a prefix of that row.
2.  The tiles are the only state of the tree. `TreeEdge` is read from the rightmost partial tiles
    (`edge_tiles` names them) and is a value: an append gives a new edge, so a transaction that
    fails has nothing to undo. It carries the `CompactRange` so that a commit never hashes a tile
    again.
3.  A tile row is not trusted: its reader verifies each proof built from it against a checkpoint.
    Only lengths are checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeAlias

from exchange_protocol.errors import Reason
from exchange_protocol.log.merkle import (
    HASH_SIZE,
    CompactRange,
    Growth,
    NodeId,
    root_nodes,
)

TILE_HEIGHT = 8
"""Levels of the tree in one tile."""
TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile."""
MAX_TILE_LEVEL = 63
"""Highest level that a tile path may name (C2SP tlog-tiles)."""

_CACHED_TILES = 128
"""About 25 KiB each."""

TileId: TypeAlias = tuple[int, int]
"""(level, index) of a tile."""

TilesReader: TypeAlias = Callable[[Sequence[TileId]], Mapping[TileId, bytes]]
"""Reads the rows of many tiles at once; each as wide as the store has it."""


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Name a tile by its path, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`."""
    if not 0 <= level <= MAX_TILE_LEVEL:
        raise Reason.INVALID_FIELD.error(
            f"tile level must be 0 to {MAX_TILE_LEVEL}, got {level}", field="level"
        )
    return f"tile/{level}/{_encode_index(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Name a bundle of entries by its path, such as `tile/entries/000.p/1`."""
    return f"tile/entries/{_encode_index(index, width)}"


def encode_entry_bundle(leaf_data: Iterable[bytes]) -> bytes:
    """Encode a bundle of entries: data of up to 256 leaves, each after its length in 16 bits."""
    return b"".join(len(data).to_bytes(2, "big") + data for data in leaf_data)


def parse_entry_bundle(bundle: bytes) -> list[bytes]:
    """Read a bundle of entries; raises MALFORMED for one that is cut, empty or too long."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle) or len(entries) == TILE_WIDTH:
            raise Reason.MALFORMED.error(
                f"expected a bundle of 1 to {TILE_WIDTH} whole entries, "
                f"got {len(bundle)} bytes that are cut or too many"
            )
        entries.append(bundle[start:at])
    if not entries:
        raise Reason.MALFORMED.error(f"expected a bundle of 1 to {TILE_WIDTH} entries, got none")
    return entries


def node_location(level: int, index: int) -> tuple[TileId, int, int]:
    """Locate a node of the tree: its tile, and the first and last + 1 hash of the tile under it."""
    tile_level, height = divmod(level, TILE_HEIGHT)
    tile_index, position = divmod(index << height, TILE_WIDTH)
    return (tile_level, tile_index), position, position + (1 << height)


def partial_width(level: int, tree_size: int) -> int:
    """Count the hashes of the partial tile at the right of a level; 0 if there is none."""
    return (tree_size >> TILE_HEIGHT * level) % TILE_WIDTH


def edge_tiles(tree_size: int) -> list[TileId]:
    """Name the rightmost partial tiles of a tree: at most one a level, none that is empty."""
    return [
        (level, tree_size >> TILE_HEIGHT * (level + 1))
        for level in range(-(-tree_size.bit_length() // TILE_HEIGHT))
        if partial_width(level, tree_size)
    ]


class TileReader:
    """Reads nodes of the tree from its tiles: a `NodeReader`.

    Reads and hashes each tile once in its life, so make one for a request or a batch of proofs, of
    a store that does not change meanwhile (rows that only grew are no harm).
    """

    def __init__(self, read_tiles: TilesReader) -> None:
        self._read_tiles = read_tiles
        self._rows: dict[TileId, list[list[bytes]]] = {}

    def __call__(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """Read nodes; raises PROOF_INVALID where the store has less than the tree needs."""
        located = [(node_location(*node), node[0] % TILE_HEIGHT) for node in nodes]
        wanted = list({tile: None for (tile, _, _), _ in located if tile not in self._rows})
        if wanted:
            found = self._read_tiles(wanted)
            for tile in wanted:
                self._rows[tile] = _tile_rows(tile, found.get(tile, b""))
        hashes: list[bytes] = []
        for (tile, start, end), height in located:
            row = self._rows[tile][height]
            position = start >> height
            if position >= len(row):
                raise Reason.PROOF_INVALID.error(
                    f"tile {tile} must have {end} hashes, got {len(self._rows[tile][0])}"
                )
            hashes.append(row[position])
        return hashes


@dataclass(frozen=True, slots=True)
class TreeEdge:
    """The rightmost partial tiles of a tree and its compact range: what the log's writer holds."""

    compact_range: CompactRange = field(default_factory=CompactRange)
    tiles: Mapping[TileId, bytes] = field(default_factory=dict)
    """Bytes of the tiles that `edge_tiles(size)` names, exactly as wide as the tree has them."""

    @classmethod
    def from_tiles(cls, tree_size: int, tiles: Mapping[TileId, bytes]) -> TreeEdge:
        """Restore the edge of a tree from the rows of `edge_tiles(tree_size)`.

        Raises INTERNAL if a row is not exactly as long as the size says: the tiles and the head of
        the log must have been committed together. The caller compares `root()` with the head.
        """
        edge = {tile: tiles.get(tile, b"") for tile in edge_tiles(tree_size)}
        for (level, index), hashes in edge.items():
            expected = partial_width(level, tree_size) * HASH_SIZE
            if len(hashes) != expected:
                raise Reason.INTERNAL.error(
                    f"tile {index} of level {level} must have {expected} bytes at tree size "
                    f"{tree_size}, got {len(hashes)}"
                )
        read = TileReader(lambda _: edge)
        return cls(CompactRange(tree_size, tuple(read(root_nodes(tree_size)))), edge)

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return self.compact_range.size

    def root(self) -> bytes:
        """Compute the root of the tree."""
        return self.compact_range.root()

    def append_many(self, leaf_hashes: Sequence[bytes]) -> EdgeGrowth:
        """Append leaves; the cost is that of the leaves and one row a level, whatever the size."""
        growth = self.compact_range.append_many(leaf_hashes)
        changed: dict[TileId, bytes] = {}
        for level, row in enumerate(growth.rows[::TILE_HEIGHT]):
            index, width = divmod(self.size >> TILE_HEIGHT * level, TILE_WIDTH)
            stop = TILE_WIDTH - width
            changed[level, index] = self.tiles.get((level, index), b"") + b"".join(row[:stop])
            for start in range(stop, len(row), TILE_WIDTH):
                index += 1
                changed[level, index] = b"".join(row[start : start + TILE_WIDTH])
        held = {**self.tiles, **changed}
        edge = {tile: held[tile] for tile in edge_tiles(growth.after.size)}
        return EdgeGrowth(TreeEdge(growth.after, edge), changed, growth)


@dataclass(frozen=True, slots=True)
class EdgeGrowth:
    """One append: the new edge, the tiles to store, and a reader for the proofs."""

    edge: TreeEdge
    tiles: Mapping[TileId, bytes]
    """Whole bytes of every tile that is new or grew; the store inserts or replaces each row."""
    nodes: Growth
    """`nodes.read` serves the inclusion proofs of the appended leaves without reading the store."""


class _HashedTiles:
    """The last tiles, hashed into their complete subtrees. A tile that grew is hashed on.

    Full tiles never change, and one proof after the other needs the same. The partial tile at the
    edge grows with each commit: hashed anew it costs more than all else of a proof. Threads may
    share it: rows are never changed, and one that is lost by two writers at once is made again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Threads share it without a lock: each step on a dict is whole, and a lost one costs time.
        self._rows: dict[TileId, tuple[bytes, list[list[bytes]]]] = {}

    def rows(self, tile: TileId, hashes: bytes) -> list[list[bytes]]:
        """Hash a tile into its complete subtrees of heights 0 to 7; nobody may change them."""
        known = self._rows.pop(tile, None)
        if known is None or not hashes.startswith(known[0]):
            known = b"", [[] for _ in range(TILE_HEIGHT)]
        before, rows = known
        if before != hashes:
            rows = _hashed_on(tile, rows, hashes)
        self._rows[tile] = hashes, rows
        if len(self._rows) > self._most:
            for oldest in list(self._rows)[: -self._most]:
                self._rows.pop(oldest, None)
        return rows


_tile_rows = _HashedTiles(_CACHED_TILES).rows


def _hashed_on(tile: TileId, before: list[list[bytes]], hashes: bytes) -> list[list[bytes]]:
    """The rows of a tile that has grown to these hashes; those before it stay as they are."""
    if len(hashes) % HASH_SIZE or len(hashes) > TILE_WIDTH * HASH_SIZE:
        raise Reason.PROOF_INVALID.error(
            f"tile {tile} must be up to {TILE_WIDTH} hashes of {HASH_SIZE} bytes, "
            f"got {len(hashes)} bytes"
        )
    start = len(before[0]) * HASH_SIZE
    fresh = [hashes[at : at + HASH_SIZE] for at in range(start, len(hashes), HASH_SIZE)]
    rows = [before[0] + fresh]
    for known in before[1:]:
        below = rows[-1]
        pairs = zip(below[2 * len(known) :: 2], below[2 * len(known) + 1 :: 2], strict=False)
        rows.append(known + [_node_hash(left + right) for left, right in pairs])
    return rows


_NODE: Final = sha256(b"\x01")
"""The beginning of every hash of an inner node. A full tile has 254 of them, so it is copied."""


def _node_hash(both: bytes) -> bytes:
    made = _NODE.copy()
    made.update(both)
    return made.digest()


def _encode_index(index: int, width: int) -> str:
    if index < 0:
        raise Reason.INVALID_FIELD.error(
            f"tile index must be 0 or more, got {index}", field="index"
        )
    if not 1 <= width <= TILE_WIDTH:
        raise Reason.INVALID_FIELD.error(
            f"tile width must be 1 to {TILE_WIDTH}, got {width}", field="width"
        )
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
