"""The Merkle tree of the log: RFC 9162 section 2.1, whose hashes are those of RFC 6962.

    hash_leaf, hash_children           2.1.1    the hash of a leaf, and of a node by its children
    verify_inclusion                   2.1.3.2  a leaf is in a tree
    verify_consistency                 2.1.4.2  one tree extends another
    inclusion_nodes, inclusion_proofs  2.1.3.1  making the first proof
    consistency_nodes                  2.1.4.1  making the second
    tree_root, CompactRange            2.1.1    the root of a tree; 2.1.2 where it grows

A node is named (level, index): the hash over leaves [index * 2**level, (index + 1) * 2**level).
Only complete subtrees have names, so a named hash never changes once it exists. Nothing here reads
a store: proofs are built from the hashes that the caller's `NodeReader` supplies.

Verifying proves that hashes fit together, nothing more. Left to the caller: to compute the hash of
the leaf from the entry that it was given, and to take size and root from one checkpoint that it
trusts. A proof alone does not tie a root to a size: the proof of leaf 5 has as many hashes, on the
same sides, in trees of 7 and of 8 leaves.

A size or an index out of range is PROOF_RANGE_INVALID; hashes that do not fit, PROOF_INVALID. The
caller knows whose fault that is: check an index or a size that the hub gave before you pass it, and
bytes of your own disk before you accuse anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


def hash_leaf(data: bytes) -> bytes:
    """Hash the data of one leaf (RFC 9162, 2.1.1); `record.entries` says what that data is.

    The prefix differs from that of a node, or 64 bytes of leaf data could pass for two subtrees.
    """
    return sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


# --- Verifying -----------------------------------------------------------------------------------


def verify_inclusion(
    leaf_hash: bytes, index: int, tree_size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that a leaf is at `index` of the tree with this size and root (RFC 9162, 2.1.3.2).

    All hashes have 32 bytes.

    Raises:
        PROOF_RANGE_INVALID: if no tree of this size has that index: the caller asked wrongly.
        PROOF_INVALID: if the proof does not lead to the root.
    """
    if root_from_inclusion_proof(leaf_hash, index, tree_size, proof) != root:
        raise Reason.PROOF_INVALID.error(
            f"inclusion proof of leaf {index} in tree of size {tree_size} gives another root"
        )


def root_from_inclusion_proof(
    leaf_hash: bytes, index: int, tree_size: int, proof: Sequence[bytes]
) -> bytes:
    """Compute the root that a proof implies; the caller compares it with one that it trusts.

    Raises:
        PROOF_RANGE_INVALID: if no tree of this size has that index.
        PROOF_INVALID: if the proof is too long or too short, or a hash has another length.
    """
    _check_index(index, tree_size)
    _check_hashes((leaf_hash, *proof))
    lefts = _which_are_left(index, tree_size - 1)
    _check_length(proof, lefts, f"inclusion proof of leaf {index} in tree of size {tree_size}")
    computed = leaf_hash
    for sibling, is_left in zip(proof, lefts, strict=True):
        left, right = (sibling, computed) if is_left else (computed, sibling)
        computed = hash_children(left, right)
    return computed


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Verify that the tree of `size2` extends the tree of `size1` (RFC 9162, 2.1.4.2).

    The empty tree is a prefix of every tree: from size 0 the proof is empty, and `root1` must be
    `EMPTY_ROOT`. Between equal sizes the proof is empty, and the roots must be equal.

    Raises:
        PROOF_RANGE_INVALID: unless 0 <= `size1` <= `size2`: the caller asked wrongly.
        PROOF_INVALID: if the proof does not lead to both roots.
    """
    _check_sizes(size1, size2)
    _check_hashes((root1, root2, *proof))
    if size1 == 0 or size1 == size2:
        _check_needs_no_proof(size1, size2, proof, root1, root2)
        return
    # The proof begins with the largest complete subtree that ends where the first tree ends. If the
    # first tree is itself complete, that is its root, which the proof leaves out (step 2).
    path = (root1, *proof) if _is_power_of_two(size1) else proof
    if not path:
        raise Reason.PROOF_INVALID.error(
            f"consistency proof from size {size1} to {size2} must not be empty"
        )
    start, *siblings = path
    level = _zeros_at_the_end(size1)
    lefts = _which_are_left((size1 - 1) >> level, (size2 - 1) >> level)
    _check_length(siblings, lefts, f"consistency proof from size {size1} to {size2}")
    first = second = start
    for sibling, is_left in zip(siblings, lefts, strict=True):
        if is_left:
            first, second = hash_children(sibling, first), hash_children(sibling, second)
        else:
            # A hash on the right came after the first tree, so its root has no part of it.
            second = hash_children(second, sibling)
    if first != root1:
        raise Reason.PROOF_INVALID.error(f"consistency proof gives another root at size {size1}")
    if second != root2:
        raise Reason.PROOF_INVALID.error(f"consistency proof gives another root at size {size2}")


def _which_are_left(position: int, last: int) -> list[bool]:
    """For each sibling on the way from a node up to the root: whether it stands on the left.

    The sides follow from the node's index on its level, `position`, and the last index there. A
    proof does not say them, so a hub cannot choose them.
    """
    lefts = []
    while last:
        if position & 1:
            lefts.append(True)
        elif position < last:
            lefts.append(False)
        # Else it is the last on its level and has no sibling there: it stands for its parent too.
        position >>= 1
        last >>= 1
    return lefts


def _check_needs_no_proof(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Check the two cases of consistency that hashes do not have to prove."""
    if proof:
        raise Reason.PROOF_INVALID.error(
            f"consistency proof from size {size1} to {size2} must be empty, got {len(proof)}"
        )
    if size1 == 0 and root1 != EMPTY_ROOT:
        raise Reason.PROOF_INVALID.error("root at size 0 is not that of the empty tree")
    if size1 == size2 and root1 != root2:
        raise Reason.PROOF_INVALID.error(f"two different roots for one tree of size {size1}")


def _check_length(siblings: Sequence[bytes], lefts: Sequence[bool], what: str) -> None:
    if len(siblings) != len(lefts):
        how = "long" if len(siblings) > len(lefts) else "short"
        raise Reason.PROOF_INVALID.error(
            f"{what} is too {how}: expected {len(lefts)} siblings, got {len(siblings)}"
        )


# --- Making proofs -------------------------------------------------------------------------------


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
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
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
    if size == 0:
        return EMPTY_ROOT
    hashes = _hashes_of(root_nodes(size), read)
    return _fold(list(hashes.values()))


def inclusion_proof(index: int, tree_size: int, read: NodeReader) -> list[bytes]:
    """Build the proof that leaf `index` is in the tree of `tree_size` leaves."""
    return inclusion_proofs((index,), tree_size, read)[0]


def inclusion_proofs(indexes: Iterable[int], tree_size: int, read: NodeReader) -> list[list[bytes]]:
    """Build the proofs of many leaves in one tree with one read of the nodes that they share."""
    return _hash_groups([inclusion_nodes(index, tree_size) for index in indexes], read)


def consistency_proof(size1: int, size2: int, read: NodeReader) -> list[bytes]:
    """Build the proof that the tree of `size2` leaves extends the tree of `size1`."""
    return _hash_groups([consistency_nodes(size1, size2)], read)[0]


# --- Growing -------------------------------------------------------------------------------------


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
        """Append leaves; about one hash computed for each, however large the tree is.

        The tree grows level by level. On each level the new nodes, left to right, are hashed in
        pairs into the new nodes of the level above. At the ends of the row two nodes may be alone:

        - the first new node may be the right neighbour that a node of the edge waits for;
        - the last one may have no right neighbour yet: then it waits, as the edge on that level.
        """
        _check_hashes(leaf_hashes)
        waited = dict(zip(_bits(self.size), reversed(self.hashes), strict=True))
        waiting = dict(waited)
        rows: list[list[bytes]] = []
        level, row = 0, list(leaf_hashes)
        while row:
            rows.append(row)
            nodes = [waiting.pop(level), *row] if level in waiting else row
            if len(nodes) % 2:
                waiting[level] = nodes[-1]
            # Pairs; `map` leaves out a last node without a right neighbour, which waits.
            row = list(map(hash_children, nodes[::2], nodes[1::2]))
            level += 1
        size = self.size + len(leaf_hashes)
        edge = tuple(waiting[level] for level in sorted(waiting, reverse=True))
        return Growth(self, CompactRange(size, edge), tuple(rows), waited)


@dataclass(frozen=True, slots=True)
class Growth:
    """One append: the tree's edge before and after, and every node that it completed."""

    before: CompactRange
    after: CompactRange
    rows: tuple[Sequence[bytes], ...]
    """New nodes by level; the first of level h has the index `before.size >> h`."""
    _waited: dict[int, bytes] = field(repr=False)
    """Nodes of the edge before, by level."""

    def read(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """Read nodes that this append made or joined: a `NodeReader` without a store.

        It suffices for the root and for the inclusion proofs of the appended leaves in the tree
        after them: the complete left siblings on their paths are new, or on the edge before.

        Raises:
            PROOF_RANGE_INVALID: for any other node.
        """
        size = self.before.size
        hashes: list[bytes] = []
        for level, index in nodes:
            first = size >> level
            if level < len(self.rows) and 0 <= index - first < len(self.rows[level]):
                hashes.append(self.rows[level][index - first])
            elif index == first - 1 and level in self._waited:
                hashes.append(self._waited[level])
            else:
                raise Reason.PROOF_RANGE_INVALID.error(
                    f"node {index} of level {level} is neither new at size {self.after.size} "
                    f"nor on the edge at size {size}"
                )
        return hashes


# --- Nodes, hashes, bounds -----------------------------------------------------------------------


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
        computed = hash_children(left, computed)
    return computed


def _hash_groups(proofs: Sequence[Sequence[NodeGroup]], read: NodeReader) -> list[list[bytes]]:
    """Fold the groups of many proofs into their hashes; each node is read once."""
    groups = {group for proof in proofs for group in proof}
    nodes = list({node for group in groups for node in group})
    hashes = _hashes_of(nodes, read) if nodes else {}
    folded = {group: _fold([hashes[node] for node in group]) for group in groups}
    return [[folded[group] for group in proof] for proof in proofs]


def _hashes_of(nodes: Sequence[NodeId], read: NodeReader) -> dict[NodeId, bytes]:
    """Read nodes; fewer hashes than nodes would make the root of another tree."""
    return dict(zip(nodes, read(nodes), strict=True))


def _bits(number: int) -> list[int]:
    """The places of the 1 bits, lowest first."""
    return [place for place in range(number.bit_length()) if number >> place & 1]


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def _zeros_at_the_end(number: int) -> int:
    """The zeros at the end of a number's bits; 0 has no such count."""
    return (number & -number).bit_length() - 1


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
