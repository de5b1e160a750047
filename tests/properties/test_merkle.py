"""Merkle proofs against RFC 6962 read word for word, and against every kind of tampering."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import (
    CompactRange,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    inclusion_proofs,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.vectors.rfc6962 import ReferenceTree, numbered_leaves

LARGEST = 1000
LEAVES = numbered_leaves(LARGEST)
HASHES = [hash_leaf(leaf) for leaf in LEAVES]
REFERENCE = ReferenceTree(LEAVES)
READ = CompactRange().append_many(HASHES).read

sizes = st.integers(1, LARGEST)


@st.composite
def size_and_index(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return size, draw(st.integers(0, size - 1))


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[int, int]:
    size2 = draw(sizes)
    return draw(st.integers(0, size2)), size2


def tampered(proof: list[bytes], at: int, bit: int) -> list[list[bytes]]:
    """Flip a bit, drop, repeat and swap hashes of a proof, in every way that changes it."""
    other = bytes(32)
    changed = [[*proof, other], [other, *proof], [*proof, *proof[-1:]]]
    if proof:
        at %= len(proof)
        flipped = bytearray(proof[at])
        flipped[bit // 8] ^= 1 << bit % 8
        swapped = list(proof)
        swapped[at - 1], swapped[at] = swapped[at], swapped[at - 1]
        changed += [
            [*proof[:at], bytes(flipped), *proof[at + 1 :]],
            [*proof[:at], *proof[at + 1 :]],
            [*proof[:at], proof[at], *proof[at:]],
            proof[:at],
            swapped,
        ]
    return [candidate for candidate in changed if candidate != proof]


def assert_refused(call: Callable[[], None]) -> None:
    with pytest.raises(ExchangeError) as caught:
        call()
    assert caught.value.reason is Reason.PROOF_INVALID


def test_all_small_trees_prove_every_leaf_and_every_prefix() -> None:
    roots = [REFERENCE.mth(0, size) for size in range(34)]
    for size in range(1, 34):
        for index in range(size):
            proof = inclusion_proof(index, size, READ)
            assert proof == REFERENCE.path(index, 0, size)
            verify_inclusion(HASHES[index], index, size, proof, roots[size])
        for size1 in range(1, size + 1):
            proof = consistency_proof(size1, size, READ)
            assert proof == REFERENCE.proof(size1, size)
            verify_consistency(size1, size, proof, roots[size1], roots[size])


@settings(max_examples=100, deadline=None)
@given(size_and_index())
def test_inclusion_proof_is_that_of_the_rfc(drawn: tuple[int, int]) -> None:
    size, index = drawn
    proof = inclusion_proof(index, size, READ)
    assert proof == REFERENCE.path(index, 0, size)
    root = REFERENCE.mth(0, size)
    assert tree_root(size, READ) == root
    verify_inclusion(HASHES[index], index, size, proof, root)


@settings(max_examples=100, deadline=None)
@given(two_sizes())
def test_consistency_proof_is_that_of_the_rfc(drawn: tuple[int, int]) -> None:
    size1, size2 = drawn
    proof = consistency_proof(size1, size2, READ)
    if size1:
        assert proof == REFERENCE.proof(size1, size2)
    verify_consistency(size1, size2, proof, REFERENCE.mth(0, size1), REFERENCE.mth(0, size2))


@settings(max_examples=100, deadline=None)
@given(size_and_index(), st.integers(0, 9), st.integers(0, 255))
@example((1, 0), 0, 0)
@example((513, 512), 0, 0)
def test_tampered_inclusion_proof_is_refused(drawn: tuple[int, int], at: int, bit: int) -> None:
    size, index = drawn
    leaf, root = HASHES[index], REFERENCE.mth(0, size)
    for proof in tampered(inclusion_proof(index, size, READ), at, bit):
        assert_refused(lambda proof=proof: verify_inclusion(leaf, index, size, proof, root))  # type: ignore[misc]


@settings(max_examples=100, deadline=None)
@given(two_sizes(), st.integers(0, 9), st.integers(0, 255))
@example((512, 513), 0, 0)
@example((1000, 1000), 0, 0)
def test_tampered_consistency_proof_is_refused(drawn: tuple[int, int], at: int, bit: int) -> None:
    size1, size2 = drawn
    roots = REFERENCE.mth(0, size1), REFERENCE.mth(0, size2)
    for proof in tampered(consistency_proof(size1, size2, READ), at, bit):
        assert_refused(lambda proof=proof: verify_consistency(size1, size2, proof, *roots))  # type: ignore[misc]


@settings(max_examples=60, deadline=None)
@given(two_sizes(), st.integers(0, 255))
def test_consistency_with_another_root_is_refused(drawn: tuple[int, int], bit: int) -> None:
    size1, size2 = drawn
    root1, root2 = REFERENCE.mth(0, size1), REFERENCE.mth(0, size2)
    other1, other2 = (
        (int.from_bytes(root, "big") ^ 1 << bit).to_bytes(32, "big") for root in (root1, root2)
    )
    proof = consistency_proof(size1, size2, READ)
    assert_refused(lambda: verify_consistency(size1, size2, proof, other1, root2))
    # Every tree extends the empty one, so from size 0 nothing ties the second root.
    if size1:
        assert_refused(lambda: verify_consistency(size1, size2, proof, root1, other2))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=5))
def test_appends_in_any_batches_give_one_tree_and_prove_their_leaves(batches: list[int]) -> None:
    compact_range = CompactRange()
    for batch in batches:
        old, new = compact_range.size, min(compact_range.size + batch, LARGEST)
        growth = compact_range.append_many(HASHES[old:new])
        compact_range = growth.after
        root = REFERENCE.mth(0, new)
        assert compact_range.root() == root
        # Without any store: what the append made and the edge before it must suffice.
        for index, proof in zip(
            range(old, new), inclusion_proofs(range(old, new), new, growth.read), strict=True
        ):
            assert proof == REFERENCE.path(index, 0, new)
        assert CompactRange(compact_range.size, compact_range.hashes) == compact_range
