"""Proofs through tiles are the proofs of the RFC, at the sizes where tiles fill up and begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import (
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from exchange_protocol.log.tiles import (
    TileId,
    TileReader,
    TreeEdge,
    edge_tiles,
    encode_entry_bundle,
    entries_path,
    parse_entry_bundle,
    partial_width,
    tile_path,
)
from tests.support.tile_paths import TilePath, parse_tile_path
from tests.vectors.rfc6962 import ReferenceTree, numbered_leaves

LARGEST = 65_537 + 300
TURNS = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, LARGEST]


@cache
def reference() -> ReferenceTree:
    return ReferenceTree(numbered_leaves(LARGEST))


@cache
def leaf_hashes() -> list[bytes]:
    return [hash_leaf(leaf) for leaf in reference().leaves]


@cache
def stored() -> Mapping[TileId, bytes]:
    """Rows of the whole tree, appended in batches that cut across tiles."""
    edge, rows = TreeEdge(), dict[TileId, bytes]()
    for start in range(0, LARGEST, 777):
        growth = edge.append_many(leaf_hashes()[start : start + 777])
        rows.update(growth.tiles)
        edge = growth.edge
    return rows


def reader() -> TileReader:
    def read_tiles(tiles: Sequence[TileId]) -> Mapping[TileId, bytes]:
        return {tile: stored()[tile] for tile in tiles}

    return TileReader(read_tiles)


def test_every_row_is_as_wide_as_the_specification_says() -> None:
    for (level, index), row in stored().items():
        full = index < LARGEST >> 8 * (level + 1)
        assert len(row) == 32 * (256 if full else partial_width(level, LARGEST))
    assert set(edge_tiles(LARGEST)) <= set(stored())


@pytest.mark.parametrize("size", TURNS)
def test_proofs_at_the_turn_of_a_tile_are_those_of_the_rfc(size: int) -> None:
    root = reference().mth(0, size)
    assert tree_root(size, reader()) == root
    for index in {0, 1, 254, 255, 256, 257, size // 2, size - 2, size - 1} & set(range(size)):
        proof = inclusion_proof(index, size, reader())
        assert proof == reference().path(index, 0, size)
        verify_inclusion(leaf_hashes()[index], index, size, proof, root)
    for size1 in [turn for turn in TURNS if turn <= size]:
        proof = consistency_proof(size1, size, reader())
        assert proof == reference().proof(size1, size)
        verify_consistency(size1, size, proof, reference().mth(0, size1), root)


@pytest.mark.parametrize("size", TURNS)
def test_edge_read_from_prefixes_of_the_rows_continues_the_tree(size: int) -> None:
    tiles = {
        (level, index): stored()[level, index][: 32 * partial_width(level, size)]
        for level, index in edge_tiles(size)
    }
    edge = TreeEdge.from_tiles(size, tiles)
    assert edge.root() == reference().mth(0, size)
    growth = edge.append_many(leaf_hashes()[size : size + 300])
    assert growth.edge.root() == reference().mth(0, growth.edge.size)
    for tile, row in growth.tiles.items():
        assert stored()[tile].startswith(row)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, LARGEST), st.data())
def test_proofs_from_tiles_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    size1 = data.draw(st.integers(1, size))
    read = reader()
    assert inclusion_proof(index, size, read) == reference().path(index, 0, size)
    assert consistency_proof(size1, size, read) == reference().proof(size1, size)


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 2**56 - 1), st.integers(1, 256))
def test_path_names_one_tile(level: int | None, index: int, width: int) -> None:
    path = entries_path(index, width) if level is None else tile_path(level, index, width)
    assert parse_tile_path(path) == TilePath(level, index, width)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"tile/[0-9a-z]{1,7}/[x0-9/.p]{0,20}")))
def test_path_that_is_accepted_has_no_other_spelling(path: str) -> None:
    try:
        named = parse_tile_path(path)
    except ExchangeError:
        return
    if named.level is None:
        assert entries_path(named.index, named.width) == path
    else:
        assert tile_path(named.level, named.index, named.width) == path


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=256))
@settings(max_examples=50)
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert parse_entry_bundle(encode_entry_bundle(entries)) == entries


@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=8), st.data())
@settings(max_examples=50)
def test_a_bundle_that_is_cut_inside_an_entry_is_refused(
    entries: list[bytes], data: st.DataObject
) -> None:
    bundle = encode_entry_bundle(entries)
    cut = bundle[: data.draw(st.integers(0, len(bundle) - 1))]
    whole = {encode_entry_bundle(entries[:count]): count for count in range(1, len(entries))}
    if cut in whole:
        assert parse_entry_bundle(cut) == entries[: whole[cut]]
    else:
        with pytest.raises(ExchangeError) as refused:
            parse_entry_bundle(cut)
        assert refused.value.reason is Reason.MALFORMED


def test_a_bundle_of_more_than_a_tile_is_refused() -> None:
    with pytest.raises(ExchangeError, match="cut or too many"):
        parse_entry_bundle(encode_entry_bundle([b""] * 257))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 600), st.booleans()), min_size=1, max_size=12))
def test_a_tile_that_grew_is_hashed_on_as_if_anew(seen: list[tuple[int, bool]]) -> None:
    """Whatever came before: shorter and longer rows, and those of another tree."""
    for size, is_other in seen:
        leaves = numbered_leaves(600)[::-1] if is_other else numbered_leaves(600)
        hashes = [hash_leaf(leaf) for leaf in leaves[:size]]
        known = (size + 1) // 2
        before = TreeEdge().append_many(hashes[:known]).edge
        after = TreeEdge().append_many(hashes)
        read = TileReader(Mock(return_value=after.tiles))
        assert tree_root(size, read) == after.edge.root()
        proof = consistency_proof(known, size, read)
        verify_consistency(known, size, proof, before.root(), after.edge.root())
