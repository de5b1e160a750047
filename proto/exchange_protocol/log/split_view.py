"""Proofs of a split view: the log's own signatures, put side by side.

An honest log signs one tree of each size, and every later tree begins with the earlier one. So two
signed checkpoints convict the holder of the log's key, whoever shows them, if

- they have one size and two roots, or
- the trees hold two different leaves at one index, which two inclusion proofs show.

Nothing else is a proof. That a consistency proof failed says only that somebody gave a bad proof;
that a checkpoint is smaller than another says only that it is older.

A proof is a JSON document: {"format", "a", "b"} with the two notes, and {"leaf"} where leaves are
what differs. Verifying one takes the log's verifier key and nothing else; it must come from a
profile, a publication or a contract, never from the document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import MAX_TREE_SIZE, Checkpoint, LogVerifier
from exchange_protocol.log.merkle import HASH_SIZE, verify_inclusion

FORMAT: Final = "caricc-exchange/split-view-proof/v1"
MAX_PROOF_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class LeafInclusion:
    """A leaf (RFC 6962 hash, 32 bytes) with its inclusion proof in one of the trees."""

    leaf_hash: bytes
    inclusion_proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeafConflict:
    """Two leaves at one index, each in one of the two trees."""

    index: int
    a: LeafInclusion
    b: LeafInclusion


@dataclass(frozen=True, slots=True)
class SplitViewProof:
    """Two signed checkpoints, and the leaves that differ where their sizes do; unverified."""

    note_a: bytes
    note_b: bytes
    leaf: LeafConflict | None = None


def verify_split_view(proof: SplitViewProof, log: LogVerifier) -> tuple[Checkpoint, Checkpoint]:
    """Verify that a log shows a split view; gives the two checkpoints.

    Raises SPLIT_VIEW_NOT_PROVEN.
    """
    a, b = _signed(proof.note_a, "a", log), _signed(proof.note_b, "b", log)
    if a.size == b.size and a.root != b.root:
        return a, b
    leaf = proof.leaf
    if leaf is None:
        if a == b:
            raise Reason.SPLIT_VIEW_NOT_PROVEN.error("the two checkpoints are the same")
        raise Reason.SPLIT_VIEW_NOT_PROVEN.error(
            f"expected checkpoints of one size, or leaves that differ; got the sizes {a.size} and "
            f"{b.size}, which an honest log signs too"
        )
    if leaf.a.leaf_hash == leaf.b.leaf_hash:
        raise Reason.SPLIT_VIEW_NOT_PROVEN.error(
            f"both trees hold the same leaf at index {leaf.index}"
        )
    for name, checkpoint, each in (("a", a, leaf.a), ("b", b, leaf.b)):
        try:
            verify_inclusion(
                each.leaf_hash,
                leaf.index,
                checkpoint.size,
                each.inclusion_proof,
                checkpoint.root,
            )
        except ExchangeError as error:
            raise Reason.SPLIT_VIEW_NOT_PROVEN.error(
                f"leaf {name} is not proven to be in its tree: {error.message}"
            ) from error
    return a, b


def encode_split_view_proof(proof: SplitViewProof) -> bytes:
    """The document of a proof."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "a": proof.note_a.decode(),
        "b": proof.note_b.decode(),
    }
    if proof.leaf is not None:
        document["leaf"] = {
            "index": proof.leaf.index,
            "a": _encode_leaf(proof.leaf.a),
            "b": _encode_leaf(proof.leaf.b),
        }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def parse_split_view_proof(data: bytes) -> SplitViewProof:
    """Read a proof's document, strictly; raises DOCUMENT_INVALID. Nothing in it is verified."""
    if len(data) > MAX_PROOF_BYTES:
        raise _invalid(f"expected at most {MAX_PROOF_BYTES} bytes, got {len(data)}")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _invalid("expected JSON") from None
    values = _object(document, {"format", "a", "b"}, {"leaf"})
    if values["format"] != FORMAT:
        raise _invalid(f"expected the format {FORMAT}")
    leaf = None
    if "leaf" in values:
        conflict = _object(values["leaf"], {"index", "a", "b"})
        index = conflict["index"]
        if type(index) is not int or not 0 <= index <= MAX_TREE_SIZE:
            raise _invalid("expected the index of a leaf")
        leaf = LeafConflict(index, _parse_leaf(conflict["a"]), _parse_leaf(conflict["b"]))
    return SplitViewProof(_note(values["a"]), _note(values["b"]), leaf)


def _signed(note: bytes, name: str, log: LogVerifier) -> Checkpoint:
    try:
        return log.verify(note)
    except ExchangeError as error:
        raise Reason.SPLIT_VIEW_NOT_PROVEN.error(f"checkpoint {name}: {error.message}") from error


def _encode_leaf(leaf: LeafInclusion) -> dict[str, Any]:
    return {
        "leaf_hash": leaf.leaf_hash.hex(),
        "inclusion_proof": [each.hex() for each in leaf.inclusion_proof],
    }


def _parse_leaf(value: object) -> LeafInclusion:
    values = _object(value, {"leaf_hash", "inclusion_proof"})
    path = values["inclusion_proof"]
    if not isinstance(path, list):
        raise _invalid("expected an inclusion proof as a list")
    return LeafInclusion(_hash(values["leaf_hash"]), tuple(map(_hash, path)))


def _hash(value: object) -> bytes:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        found = b""
    if len(found) != HASH_SIZE or found.hex() != value:
        raise _invalid(f"expected a hash as {HASH_SIZE * 2} lower-case hexadecimal digits")
    return found


def _note(value: object) -> bytes:
    try:
        return value.encode() if isinstance(value, str) else b""
    except UnicodeEncodeError:
        raise _invalid("expected a note as text") from None


def _object(
    value: object, required: set[str], optional: set[str] | frozenset[str] = frozenset()
) -> dict[str, Any]:
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise _invalid(f"expected an object of {', '.join(sorted(required | optional))}")
    return value


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(f"no proof of a split view: {why}")
