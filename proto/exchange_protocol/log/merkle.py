"""The Merkle tree of the log: RFC 9162 section 2.1, whose hashes are those of RFC 6962.

    leaf_hash, node_hash               2.1.1    hashes of a leaf and of two subtrees
    tree_root, CompactRange            2.1.1    the root of a tree; 2.1.2 where it grows
    inclusion_nodes, inclusion_proofs  2.1.3.1  making an inclusion proof
    verify_inclusion                   2.1.3.2  verifying one
    consistency_nodes, ..._proof       2.1.4.1  making a consistency proof
    verify_consistency                 2.1.4.2  verifying one

Rules of this module:

1.  Values in, a value or an exception out. Nothing here reads a store; a proof is built from hashes
    of complete subtrees that the caller's `NodeReader` supplies.
2.  A node is named (level, index): the hash over leaves [index * 2**level, (index + 1) * 2**level).
    Only complete subtrees have names, so a named hash never changes once it exists.
3.  A leaf hash is `leaf_hash(leaf data)`. `record.entries` says what the leaf data is.
4.  Verification proves that hashes fit together, nothing more. The caller still has to hold a root
    that it trusts and to compute the leaf hash from the entry it was given. Size and root come from
    one verified checkpoint: a proof alone does not tie a root to a size (the proof of leaf 5 looks
    the same in trees of 7 and of 8 leaves).
5.  A size or an index out of range is PROOF_RANGE_INVALID; hashes that do not fit, PROOF_INVALID.
    The caller knows whose fault that is: check an index or a size that the hub gave before you pass
    it, and bytes of your own disk before you accuse anybody.

The empty tree is a prefix of every tree: from size 0 the consistency proof is empty and the first
root must be `EMPTY_ROOT`. Between equal sizes the proof is empty and the roots must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from exchange_protocol.errors import Reason

HASH_SIZE = 32
"""Bytes in a hash (SHA-256)."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves: the hash of the empty string (RFC 9162, 2.1.1)."""

NodeId: TypeAlias = tuple[int, int]
"""(level, index) of a complete subtree; level 0 are the leaves."""

NodeReader: TypeAlias = Callable[[Sequence[NodeId]], Sequence[bytes]]
"""Reads the hashes of many complete subtrees at once, in the order asked."""

NodeGroup: TypeAlias = tuple[NodeId, ...]
"""Complete subtrees, left to right, that fold into one hash of a proof.

Always one node, but for the ragged right edge of the tree.
"""


def leaf_hash(data: bytes) -> bytes:
    """Hash the data of one leaf (RFC 9162, 2.1.1).

    The prefix differs from that of a node, or 64 bytes of leaf data could pass for two subtrees.
    """
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    leaf: bytes, index: int, tree_size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that a leaf is at `index` of the tree with this size and root (RFC 9162, 2.1.3.2).

    `leaf` is the hash of the leaf, 32 bytes, as `leaf_hash` gives it; so are proof and root.

    Raises:
        PROOF_RANGE_INVALID: if no tree of this size has that index: the caller asked wrongly.
        PROOF_INVALID: if the proof does not lead to the root.
    """
    if root_from_inclusion_proof(leaf, index, tree_size, proof) != root:
        raise Reason.PROOF_INVALID.error(
            f"inclusion proof of leaf {index} in tree of size {tree_size} gives another root"
        )


def root_from_inclusion_proof(
    leaf: bytes, index: int, tree_size: int, proof: Sequence[bytes]
) -> bytes:
    """Compute the root that the proof implies; the caller compares it with one that it trusts."""
    _check_index(index, tree_size)
    _check_hashes((leaf, *proof))
    computed = leaf
    what = f"inclusion proof of {len(proof)} hashes"
    where = f"leaf {index} of {tree_size}"
    for sibling, is_left in _climb(index, tree_size - 1, proof, what, where):
        computed = node_hash(sibling, computed) if is_left else node_hash(computed, sibling)
    return computed


def _climb(
    position: int, last: int, siblings: Sequence[bytes], what: str, where: str
) -> Iterator[tuple[bytes, bool]]:
    """Climb from a node to the root: give each sibling, and whether it stands on the left.

    Both verifications of RFC 9162 do this: 2.1.3.2 with `position` as fn and `last` as sn, and
    2.1.4.2 likewise. The side follows from the position alone; a proof does not say it, so a hub
    cannot choose it. `position` and `last` are the node's index and the last index, on the node's
    level. `what` and `where` name the proof in the error. That a proof is too short shows
    at the end alone, so callers take every step.

    Raises:
        PROOF_INVALID: if there are more siblings, or fewer, than levels that need one.
    """
    for sibling in siblings:
        if last == 0:
            raise Reason.PROOF_INVALID.error(f"{what} is too long: {where}")
        is_left = bool(position & 1) or position == last
        yield sibling, is_left
        if is_left:
            # At the ragged right edge a node may have no sibling on its level. It then stands for
            # its parent too, and the proof has no hash for such a level.
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        position >>= 1
        last >>= 1
    if last != 0:
        raise Reason.PROOF_INVALID.error(f"{what} is too short: {where}")


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Verify that the tree of `size2` extends the tree of `size1` (RFC 9162, 2.1.4.2).

    Raises:
        PROOF_RANGE_INVALID: if the sizes are in no order: the caller asked wrongly.
        PROOF_INVALID: if the proof does not lead to both roots.
    """
    _check_sizes(size1, size2)
    _check_hashes((root1, root2, *proof))
    if size1 == 0 or size1 == size2:
        if proof:
            raise Reason.PROOF_INVALID.error(
                f"consistency proof from size {size1} to {size2} must be empty, got {len(proof)}"
            )
        if size1 == 0 and root1 != EMPTY_ROOT:
            raise Reason.PROOF_INVALID.error("root at size 0 is not that of the empty tree")
        if size1 == size2 and root1 != root2:
            raise Reason.PROOF_INVALID.error(f"two different roots for one tree of size {size1}")
        return
    path = list(proof)
    if size1 & (size1 - 1) == 0:
        # A first tree of a power of two is itself a node of the second. The proof leaves out its
        # root, since the verifier holds it (step 2 of 2.1.4.2).
        path.insert(0, root1)
    if not path:
        raise Reason.PROOF_INVALID.error(
            f"consistency proof from size {size1} to {size2} must not be empty"
        )
    # The first hash of the proof is the largest complete subtree that ends where the first tree
    # ends. Each 1 bit at the end of the last index is one level that this subtree covers.
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = path[0]
    what, where = f"consistency proof of {len(proof)} hashes", f"{size1} to {size2}"
    for sibling, is_left in _climb(position, last, path[1:], what, where):
        if is_left:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
        else:
            # A hash on the right came after the first tree, so its root has no part of it.
            second = node_hash(second, sibling)
    if first != root1:
        raise Reason.PROOF_INVALID.error(f"consistency proof gives another root at size {size1}")
    if second != root2:
        raise Reason.PROOF_INVALID.error(f"consistency proof gives another root at size {size2}")


def root_nodes(size: int) -> NodeGroup:
    """Name the complete subtrees that fold into the root of a tree: one for each 1 bit of size."""
    if size < 0:
        raise Reason.PROOF_RANGE_INVALID.error(f"tree size must not be negative, got {size}")
    return _cover(0, size)


def inclusion_nodes(index: int, tree_size: int) -> list[NodeGroup]:
    """Name the nodes that an inclusion proof needs: one group for each hash, leaf to root.

    PATH of RFC 9162, 2.1.3.1, from the leaf up: there it is defined from the root down.
    """
    _check_index(index, tree_size)
    groups: list[NodeGroup] = []
    level, position, last = 0, index, tree_size - 1
    while last:
        if position & 1:
            groups.append(((level, position - 1),))
        elif position < last:
            # The right sibling may be cut off by the end of the tree: then it is a fold of several
            # complete subtrees, and only these are stored.
            start = (position + 1) << level
            groups.append(_cover(start, min(start + (1 << level), tree_size)))
        level += 1
        position >>= 1
        last >>= 1
    return groups


def consistency_nodes(size1: int, size2: int) -> list[NodeGroup]:
    """Name the nodes that a consistency proof needs: one group for each hash.

    SUBPROOF of RFC 9162, 2.1.4.1, as a loop. It splits the tree from the root down, and a proof
    lists its hashes from the bottom up.
    """
    _check_sizes(size1, size2)
    if size1 == 0 or size1 == size2:
        return []
    groups: list[NodeGroup] = []
    start, end = 0, size2
    while size1 != end:
        # k of RFC 9162: the largest power of two smaller than the number of leaves.
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if size1 <= middle:
            groups.append(_cover(middle, end))
            end = middle
        else:
            groups.append(_cover(start, middle))
            start = middle
    # SUBPROOF's flag b, true only while nothing was cut off on the left: then the rest is the first
    # tree itself, whose root the verifier holds.
    if start:
        groups.append(_cover(start, end))
    groups.reverse()
    return groups


def tree_root(size: int, read: NodeReader) -> bytes:
    """Compute the root of a tree from its complete subtrees."""
    return _fold(list(_hashes_of(root_nodes(size), read).values())) if size else EMPTY_ROOT


def inclusion_proof(index: int, tree_size: int, read: NodeReader) -> list[bytes]:
    """Build the proof that leaf `index` is in the tree of `tree_size` leaves."""
    return inclusion_proofs((index,), tree_size, read)[0]


def inclusion_proofs(indexes: Iterable[int], tree_size: int, read: NodeReader) -> list[list[bytes]]:
    """Build the proofs of many leaves in one tree with one read of the nodes that they share."""
    return _hash_groups([inclusion_nodes(index, tree_size) for index in indexes], read)


def consistency_proof(size1: int, size2: int, read: NodeReader) -> list[bytes]:
    """Build the proof that the tree of `size2` leaves extends the tree of `size1`."""
    return _hash_groups([consistency_nodes(size1, size2)], read)[0]


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    A value: appending gives a new compact range and leaves this one alone, so a transaction that
    fails has nothing to undo.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()
    """Hashes of `root_nodes(size)`, largest subtree first."""

    def __post_init__(self) -> None:
        expected = len(root_nodes(self.size))
        if len(self.hashes) != expected:
            raise Reason.PROOF_INVALID.error(
                f"a compact range of size {self.size} has {expected} hashes, got {len(self.hashes)}"
            )
        _check_hashes(self.hashes)

    def root(self) -> bytes:
        """Compute the root; one hash for each 1 bit of the size but one."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def append_many(self, leaf_hashes: Sequence[bytes]) -> Growth:
        """Append leaves; about one hash computed for each, however large the tree is."""
        _check_hashes(leaf_hashes)
        size = self.size + len(leaf_hashes)
        edges = dict(zip(_bits(self.size), reversed(self.hashes), strict=True))
        after = dict(edges)
        rows: list[list[bytes]] = []
        row, level = list(leaf_hashes), 0
        while row:
            rows.append(row)
            # A node stays on the edge while it has no right neighbour to be hashed with. On each
            # level that is at most one, the newest, and there is one where the size has this bit.
            after.pop(level, None)
            if size >> level & 1:
                after[level] = row[-1]
            # The edge's old node has waited for a right neighbour, and the first new node is that.
            joined = [edges[level], *row] if level in edges else row
            row = list(map(node_hash, joined[::2], joined[1::2]))
            level += 1
        hashes = tuple(after[level] for level in sorted(after, reverse=True))
        return Growth(before=self, after=CompactRange(size, hashes), rows=tuple(rows), _edges=edges)


@dataclass(frozen=True, slots=True)
class Growth:
    """One append: the tree's edge before and after, and every node that it completed."""

    before: CompactRange
    after: CompactRange
    rows: tuple[Sequence[bytes], ...]
    """New nodes by level; the first of level h has the index `before.size >> h`."""
    _edges: dict[int, bytes] = field(repr=False)

    def read(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """Read nodes that this append made or joined: a `NodeReader` without a store.

        It suffices for the root and for the inclusion proofs of the appended leaves in the tree
        after them: the complete left siblings on their paths are new, or on the edge before.
        """
        size = self.before.size
        hashes: list[bytes] = []
        for level, index in nodes:
            first = size >> level
            if level < len(self.rows) and 0 <= index - first < len(self.rows[level]):
                hashes.append(self.rows[level][index - first])
            elif index == first - 1 and level in self._edges:
                hashes.append(self._edges[level])
            else:
                raise Reason.PROOF_RANGE_INVALID.error(
                    f"node {index} of level {level} is neither new at size {self.after.size} "
                    f"nor on the edge at size {size}"
                )
        return hashes


def _cover(start: int, end: int) -> NodeGroup:
    """Split leaves [start, end) into complete subtrees; start is aligned to the largest of them."""
    nodes: list[NodeId] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return tuple(nodes)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Hash complete subtrees, left to right, into the hash over all their leaves."""
    computed = hashes[-1]
    for left in reversed(hashes[:-1]):
        computed = node_hash(left, computed)
    return computed


def _hash_groups(proofs: Sequence[Sequence[NodeGroup]], read: NodeReader) -> list[list[bytes]]:
    groups = {group for proof in proofs for group in proof}
    nodes = list({node for group in groups for node in group})
    hashes = _hashes_of(nodes, read) if nodes else {}
    folded = {group: _fold([hashes[node] for node in group]) for group in groups}
    return [[folded[group] for group in proof] for proof in proofs]


def _hashes_of(nodes: Sequence[NodeId], read: NodeReader) -> dict[NodeId, bytes]:
    """Read nodes; fewer hashes than nodes would make the root of another tree."""
    return dict(zip(nodes, read(nodes), strict=True))


def _bits(number: int) -> list[int]:
    return [level for level in range(number.bit_length()) if number >> level & 1]


def _check_index(index: int, tree_size: int) -> None:
    if not 0 <= index < tree_size:
        raise Reason.PROOF_RANGE_INVALID.error(
            f"index must be within the tree of size {tree_size}, got {index}"
        )


def _check_sizes(size1: int, size2: int) -> None:
    if not 0 <= size1 <= size2:
        raise Reason.PROOF_RANGE_INVALID.error(
            f"expected 0 <= first size <= second size, got {size1} and {size2}"
        )


def _check_hashes(hashes: Iterable[bytes]) -> None:
    wrong = set(map(len, hashes)) - {HASH_SIZE}
    if wrong:
        raise Reason.PROOF_INVALID.error(f"a hash has {HASH_SIZE} bytes, got {min(wrong)}")
