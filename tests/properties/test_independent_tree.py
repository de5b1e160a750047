"""Another implementation of tlog-tiles and RFC 9162 judges this one, and the other way round.

tlog-scales was written by others from the same documents. It computes proofs by the recursion of
the RFC over tiles that it names itself, and verifies them by the steps of the RFC.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tlog_scales.reader import TilesReader
from tlog_scales.tlog import (
    ConsistencyProof,
    ConsistencyProofInvalid,
    InclusionProof,
    InclusionProofInvalid,
)

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import (
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from exchange_protocol.log.tiles import TileId, TileReader, TreeEdge
from tests.support.tile_paths import parse_tile_path
from tests.vectors.rfc6962 import numbered_leaves

pytestmark = pytest.mark.long

LARGEST = 65_536 + 600
HASH = st.binary(min_size=32, max_size=32)


@cache
def leaves() -> list[bytes]:
    return [hash_leaf(leaf) for leaf in numbered_leaves(LARGEST)]


@cache
def tiles() -> Mapping[TileId, bytes]:
    return TreeEdge().append_many(leaves()).tiles


class Tiles:
    """Our tiles of a tree, under the names that the other implementation asks for."""

    def __init__(self, size: int) -> None:
        self.size = size

    def get(self, *path: str) -> bytes:
        named = parse_tile_path("/".join(path))
        assert named.level is not None
        assert named.width <= self.size // 256**named.level - 256 * named.index
        return tiles()[named.level, named.index][: 32 * named.width]


def theirs(size: int) -> TilesReader:
    reader = TilesReader(Tiles(size))
    reader.set_size(size)
    return reader


def ours() -> TileReader:
    return TileReader(lambda wanted: {tile: tiles()[tile] for tile in wanted})


@settings(max_examples=60, deadline=None)
@given(st.integers(1, LARGEST), st.data())
def test_both_compute_the_same_roots_and_proofs_from_the_same_tiles(
    size: int, data: st.DataObject
) -> None:
    reader = theirs(size)
    assert reader.calculate_root_hash() == tree_root(size, ours())
    index = data.draw(st.integers(0, size - 1))
    assert reader.get_inclusion_proof(index, size).node_hashes == inclusion_proof(
        index, size, ours()
    )
    size1 = data.draw(st.integers(1, size))
    assert reader.get_consistency_proof(size1, size).node_hashes == consistency_proof(
        size1, size, ours()
    )


def damaged(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """A proof as it is, or altered anywhere."""
    changed = list(proof)
    match data.draw(st.sampled_from(["none", "hash", "less", "more", "order"])):
        case "hash" if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(HASH)
        case "less" if changed:
            changed.pop(data.draw(st.integers(0, len(changed) - 1)))
        case "more":
            changed.insert(data.draw(st.integers(0, len(changed))), data.draw(HASH))
        case "order":
            changed.reverse()
    return changed


@settings(deadline=None)
@given(st.integers(1, 3000), st.data())
def test_both_give_the_same_verdict_on_any_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    claimed = data.draw(st.sampled_from([size, max(index + 1, size - 1), size + 1]))
    proof = damaged(data, inclusion_proof(index, size, ours()))
    root = tree_root(size, ours())
    try:
        InclusionProof(index, claimed, proof).check(leaves()[index], root)
        good = True
    except InclusionProofInvalid:
        good = False
    try:
        verify_inclusion(leaves()[index], index, claimed, proof, root)
        assert good
    except ExchangeError as error:
        if good or error.reason is not Reason.PROOF_INVALID:
            raise


@settings(deadline=None)
@given(st.integers(1, 3000), st.data())
def test_both_give_the_same_verdict_on_any_consistency_proof(
    size: int, data: st.DataObject
) -> None:
    size1 = data.draw(st.integers(1, size))
    claimed = data.draw(st.sampled_from([size, max(size1, size - 1), size + 1]))
    proof = damaged(data, consistency_proof(size1, size, ours()))
    root1, root = tree_root(size1, ours()), tree_root(size, ours())
    try:
        ConsistencyProof(size1, claimed, proof).check(root1, root)
        good = True
    except ConsistencyProofInvalid:
        good = False
    try:
        verify_consistency(size1, claimed, proof, root1, root)
        assert good
    except ExchangeError as error:
        if good or error.reason is not Reason.PROOF_INVALID:
            raise
