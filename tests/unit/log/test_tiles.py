"""Tiles: their names, their place in the tree, and what the writer of the log holds of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import hash_children, hash_leaf
from exchange_protocol.log.tiles import (
    TileId,
    TileReader,
    TreeEdge,
    edge_tiles,
    entries_path,
    node_location,
    partial_width,
    tile_path,
)
from tests.support.tile_paths import TilePath, parse_tile_path
from tests.vectors.rfc6962 import numbered_leaves

HASHES = [hash_leaf(leaf) for leaf in numbered_leaves(600)]


@pytest.mark.parametrize(
    ("named", "path"),
    [
        (TilePath(0, 1234067, 256), "tile/0/x001/x234/067"),
        (TilePath(0, 0, 256), "tile/0/000"),
        (TilePath(1, 999, 17), "tile/1/999.p/17"),
        (TilePath(0, 1000, 256), "tile/0/x001/000"),
        (TilePath(63, 273, 112), "tile/63/273.p/112"),
        (TilePath(None, 0, 1), "tile/entries/000.p/1"),
        (TilePath(None, 1234067, 256), "tile/entries/x001/x234/067"),
    ],
)
def test_paths_are_those_of_the_specification(named: TilePath, path: str) -> None:
    if named.level is None:
        assert entries_path(named.index, named.width) == path
    else:
        assert tile_path(named.level, named.index, named.width) == path
    assert parse_tile_path(path) == named


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/100/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/data/000",
        "tile/entries/00",
    ],
)
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        parse_tile_path(path)
    assert caught.value.reason in (Reason.MALFORMED, Reason.INVALID_FIELD)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_tile_that_cannot_be_has_no_path(level: int, index: int, width: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        tile_path(level, index, width)
    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("node", "location"),
    [
        ((0, 0), ((0, 0), 0, 1)),
        ((0, 255), ((0, 0), 255, 256)),
        ((0, 256), ((0, 1), 0, 1)),
        ((3, 33), ((0, 1), 8, 16)),
        ((7, 1), ((0, 0), 128, 256)),
        ((8, 0), ((1, 0), 0, 1)),
        ((9, 128), ((1, 1), 0, 2)),
        ((16, 257), ((2, 1), 1, 2)),
    ],
)
def test_node_lies_in_the_tile_of_its_height(
    node: tuple[int, int], location: tuple[TileId, int, int]
) -> None:
    assert node_location(*node) == location


def test_edge_of_seventy_thousand_is_that_of_the_specification() -> None:
    assert [partial_width(level, 70_000) for level in range(4)] == [112, 17, 1, 0]
    assert edge_tiles(70_000) == [(0, 273), (1, 1), (2, 0)]
    assert edge_tiles(256) == [(1, 0)]
    assert edge_tiles(65_536) == [(2, 0)]
    assert edge_tiles(0) == []


def test_append_gives_every_tile_that_changed_and_no_other() -> None:
    first = TreeEdge().append_many(HASHES[:250])
    assert first.tiles == {(0, 0): b"".join(HASHES[:250])}
    second = first.edge.append_many(HASHES[250:600])
    assert set(second.tiles) == {(0, 0), (0, 1), (0, 2), (1, 0)}
    assert second.tiles[0, 0] == b"".join(HASHES[:256])
    assert second.tiles[0, 1] == b"".join(HASHES[256:512])
    assert second.tiles[0, 2] == b"".join(HASHES[512:600])
    assert len(second.tiles[1, 0]) == 2 * 32
    assert dict(second.edge.tiles) == {tile: second.tiles[tile] for tile in ((0, 2), (1, 0))}
    third = second.edge.append_many([])
    assert third.tiles == {}
    assert third.edge == second.edge
    assert first.edge.size == 250


def test_edge_restored_from_its_tiles_is_the_same() -> None:
    edge = TreeEdge().append_many(HASHES).edge
    restored = TreeEdge.from_tiles(600, {**edge.tiles, (5, 5): b"another row"})
    assert restored == edge
    assert restored.root() == edge.root()
    assert TreeEdge.from_tiles(0, {}) == TreeEdge()


@pytest.mark.parametrize("change", [-32, -1, 1, 32])
def test_tiles_that_do_not_fit_the_head_are_refused(change: int) -> None:
    edge = TreeEdge().append_many(HASHES).edge
    tile = edge.tiles[0, 2]
    wrong = tile[:change] if change < 0 else tile + bytes(change)
    for tiles in ({**edge.tiles, (0, 2): wrong}, {(0, 2): tile}):
        with pytest.raises(ExchangeError) as caught:
            TreeEdge.from_tiles(600, tiles)
        assert caught.value.reason is Reason.INTERNAL


def test_reader_reads_each_tile_once() -> None:
    rows = TreeEdge().append_many(HASHES).tiles
    asked: list[list[TileId]] = []

    def read_tiles(tiles: Sequence[TileId]) -> Mapping[TileId, bytes]:
        asked.append(list(tiles))
        return {tile: rows[tile] for tile in tiles}

    read = TileReader(read_tiles)
    assert read([(0, 3), (1, 2), (0, 300)]) == [HASHES[3], hash_children(*HASHES[4:6]), HASHES[300]]
    assert read([(0, 4), (8, 1)])[0] == HASHES[4]
    assert read([]) == []
    assert asked == [[(0, 0), (0, 1)], [(1, 0)]]


@pytest.mark.parametrize("row", [b"", bytes(32 * 3), bytes(32 * 3 + 1), bytes(32 * 257)])
def test_reader_refuses_a_tile_that_is_short_or_misshapen(row: bytes) -> None:
    for rows in ({(0, 0): row}, {}):
        with pytest.raises(ExchangeError) as caught:
            TileReader(lambda _, rows=rows: rows)([(2, 0)])  # type: ignore[misc]
        assert caught.value.reason is Reason.PROOF_INVALID
