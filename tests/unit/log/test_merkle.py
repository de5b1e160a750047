"""Merkle proofs against the published known answers, and at their bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_nodes,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_nodes,
    inclusion_proof,
    inclusion_proofs,
    root_from_inclusion_proof,
    root_nodes,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "rfc6962.json").read_text()
)
LEAVES = [hash_leaf(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
ROOTS = [EMPTY_ROOT, *map(bytes.fromhex, VECTORS["roots"])]
READ = CompactRange().append_many(LEAVES).read


def hashes(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def test_empty_root_is_the_published_one() -> None:
    assert bytes.fromhex(VECTORS["empty_root"]) == EMPTY_ROOT
    assert CompactRange().root() == EMPTY_ROOT
    assert tree_root(0, READ) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert CompactRange().append_many(LEAVES[:size]).after.root() == ROOTS[size]
    assert tree_root(size, READ) == ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_inclusion_proofs_are_the_published_ones(vector: dict[str, Any]) -> None:
    index, size, proof = vector["index"], vector["size"], hashes(vector["proof"])
    assert inclusion_proof(index, size, READ) == proof
    verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_consistency_proofs_are_the_published_ones(vector: dict[str, Any]) -> None:
    size1, size2, proof = vector["size1"], vector["size2"], hashes(vector["proof"])
    assert consistency_proof(size1, size2, READ) == proof
    verify_consistency(size1, size2, proof, ROOTS[size1], ROOTS[size2])


def test_leaf_and_node_of_the_same_bytes_hash_apart() -> None:
    left, right = LEAVES[:2]
    assert hash_leaf(left + right) != hash_children(left, right)


@pytest.mark.parametrize(("index", "size"), [(8, 8), (9, 8), (-1, 8), (0, 0), (0, -1)])
def test_index_outside_the_tree_is_the_askers_fault(index: int, size: int) -> None:
    for call in (
        lambda: verify_inclusion(LEAVES[0], index, size, [], ROOTS[8]),
        lambda: root_from_inclusion_proof(LEAVES[0], index, size, []),
        lambda: inclusion_nodes(index, size),
        lambda: inclusion_proof(index, size, READ),
    ):
        with pytest.raises(ExchangeError) as caught:
            call()
        assert caught.value.reason is Reason.PROOF_RANGE_INVALID


@pytest.mark.parametrize(("size1", "size2"), [(8, 7), (-1, 8), (1, 0), (-2, -1)])
def test_sizes_out_of_order_are_the_askers_fault(size1: int, size2: int) -> None:
    for call in (
        lambda: verify_consistency(size1, size2, [], ROOTS[1], ROOTS[1]),
        lambda: consistency_nodes(size1, size2),
        lambda: consistency_proof(size1, size2, READ),
    ):
        with pytest.raises(ExchangeError) as caught:
            call()
        assert caught.value.reason is Reason.PROOF_RANGE_INVALID


def test_root_of_negative_size_is_the_askers_fault() -> None:
    with pytest.raises(ExchangeError) as caught:
        root_nodes(-1)
    assert caught.value.reason is Reason.PROOF_RANGE_INVALID


@pytest.mark.parametrize("length", [0, 31, 33])
def test_hash_of_another_length_is_refused(length: int) -> None:
    odd = bytes(length)
    proof = inclusion_proof(3, 8, READ)
    steps = consistency_proof(3, 8, READ)
    for call in (
        lambda: verify_inclusion(odd, 3, 8, proof, ROOTS[8]),
        lambda: verify_inclusion(LEAVES[3], 3, 8, [*proof[:-1], odd], ROOTS[8]),
        lambda: verify_inclusion(LEAVES[3], 3, 8, proof, odd),
        lambda: verify_consistency(3, 8, [*steps[:-1], odd], ROOTS[3], ROOTS[8]),
        lambda: verify_consistency(3, 8, steps, odd, ROOTS[8]),
        lambda: verify_consistency(3, 8, steps, ROOTS[3], odd),
        lambda: verify_consistency(8, 8, [], odd, odd),
        lambda: CompactRange().append_many([odd]),
        lambda: CompactRange(1, (odd,)),
    ):
        with pytest.raises(ExchangeError) as caught:
            call()
        assert caught.value.reason is Reason.PROOF_INVALID


def test_tree_of_one_leaf_is_proved_by_nothing() -> None:
    verify_inclusion(LEAVES[0], 0, 1, [], LEAVES[0])
    with pytest.raises(ExchangeError, match="too long"):
        verify_inclusion(LEAVES[0], 0, 1, [LEAVES[1]], ROOTS[2])


def test_inclusion_proof_for_another_leaf_index_or_size_is_refused() -> None:
    proof = inclusion_proof(5, 8, READ)
    for leaf, index, size, root in (
        (LEAVES[4], 5, 8, ROOTS[8]),
        (LEAVES[5], 4, 8, ROOTS[8]),
        (LEAVES[5], 5, 6, ROOTS[8]),
        (LEAVES[5], 5, 16, ROOTS[8]),
        (LEAVES[5], 5, 8, ROOTS[7]),
    ):
        with pytest.raises(ExchangeError) as caught:
            verify_inclusion(leaf, index, size, proof, root)
        assert caught.value.reason is Reason.PROOF_INVALID


def test_every_tree_extends_the_empty_tree() -> None:
    verify_consistency(0, 8, [], EMPTY_ROOT, ROOTS[8])
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert consistency_proof(0, 8, READ) == []


@pytest.mark.parametrize(
    ("size1", "size2", "proof", "root1", "root2"),
    [
        (0, 8, [LEAVES[0]], EMPTY_ROOT, ROOTS[8]),
        (0, 8, [], ROOTS[1], ROOTS[8]),
        (0, 0, [], EMPTY_ROOT, ROOTS[1]),
        (8, 8, [LEAVES[0]], ROOTS[8], ROOTS[8]),
        (8, 8, [], ROOTS[8], ROOTS[7]),
        (3, 8, [], ROOTS[3], ROOTS[8]),
        (4, 8, [], ROOTS[4], ROOTS[8]),
        (4, 8, [], ROOTS[8], ROOTS[8]),
    ],
)
def test_consistency_without_grounds_is_refused(
    size1: int, size2: int, proof: list[bytes], root1: bytes, root2: bytes
) -> None:
    with pytest.raises(ExchangeError) as caught:
        verify_consistency(size1, size2, proof, root1, root2)
    assert caught.value.reason is Reason.PROOF_INVALID


def test_frontier_refuses_hashes_that_do_not_fit_its_size() -> None:
    for size, edge in ((3, (LEAVES[0],)), (0, (LEAVES[0],)), (4, ())):
        with pytest.raises(ExchangeError) as caught:
            CompactRange(size, edge)
        assert caught.value.reason is Reason.PROOF_INVALID


def test_append_leaves_the_frontier_before_it_alone() -> None:
    before = CompactRange().append_many(LEAVES[:5]).after
    growth = before.append_many(LEAVES[5:])
    assert growth.before is before
    assert (before.size, before.root()) == (5, ROOTS[5])
    assert (growth.after.size, growth.after.root()) == (8, ROOTS[8])
    assert before.append_many([]).after == before


def test_growth_refuses_nodes_that_it_does_not_know() -> None:
    growth = CompactRange().append_many(LEAVES[:6]).after.append_many(LEAVES[6:7])
    for node in ((0, 5), (0, 7), (1, 1), (2, 1), (9, 0)):
        with pytest.raises(ExchangeError) as caught:
            growth.read([node])
        assert caught.value.reason is Reason.PROOF_RANGE_INVALID


def test_many_proofs_are_built_with_one_read() -> None:
    reads = []

    def read(nodes: Any) -> list[bytes]:
        reads.append(len(nodes))
        assert len(set(nodes)) == len(nodes)
        return READ(nodes)

    proofs = inclusion_proofs(range(7), 7, read)
    assert len(reads) == 1
    for index, proof in enumerate(proofs):
        verify_inclusion(LEAVES[index], index, 7, proof, ROOTS[7])
