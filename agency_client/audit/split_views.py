"""Proofs of a split view, from notes, from evidence that a client kept, or from a receipt.

Nothing is verified here but the form: `log.split_view.verify_split_view` judges what comes out.
"""

from __future__ import annotations

import json
from typing import Final, Protocol

from agency_client.core.calls import number_of_the_hub
from agency_client.core.log import Tile
from agency_client.state.checkpoints import Head
from agency_client.state.kept_receipts import KeptReceipt
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import SignedCheckpoint
from exchange_protocol.log.split_view import LeafConflict, LeafInclusion, SplitViewProof
from exchange_protocol.log.tiles import TILE_WIDTH
from exchange_protocol.record.entries import entry_leaf_hash

MAX_EVIDENCE_BYTES: Final = 128 * 1024


class SplitViewHub(Protocol):
    """The log that a receipt is held against; `ExchangeClient` has it."""

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        """The newest checkpoint, and others; the log signed them all."""

    def tile(self, level: int, index: int) -> Tile:
        """The hashes of a tile, unverified."""

    def inclusion_proof(self, index: int, tree_size: int) -> tuple[bytes, ...]:
        """The inclusion proof of a leaf, unverified."""


def split_view_in_evidence(data: bytes) -> SplitViewProof:
    """The two checkpoints of a file that `TrustStore` wrote; raises DOCUMENT_INVALID.

    The consistency proof in it is left out: that it failed proves nothing to others.
    """
    try:
        record = json.loads(data) if len(data) <= MAX_EVIDENCE_BYTES else None
    except (ValueError, RecursionError):
        record = None
    notes = [record.get(key) for key in ("held", "got")] if isinstance(record, dict) else []
    if len(notes) != 2 or not all(isinstance(note, str) for note in notes):
        raise Reason.DOCUMENT_INVALID.error("expected a file of the folder state/evidence")
    held, got = (str(note).encode("utf-8", "replace") for note in notes)
    return SplitViewProof(held, got)


def split_view_from_receipt(receipt: KeptReceipt, hub: SplitViewHub) -> SplitViewProof:
    """Hold a receipt against what the hub shows now in its place."""
    note, index = receipt.note, receipt.index
    head, _ = hub.offered_checkpoints()
    if head.size == SignedCheckpoint.parse(note).checkpoint.size or head.size <= index:
        return SplitViewProof(note, head.note)
    # The hash alone: what opens the leaf would be one more reading on the log.
    with number_of_the_hub(f"the tile of entry {index}"):
        shown = hub.tile(0, index // TILE_WIDTH).hashes[index % TILE_WIDTH :][:1]
    if not shown:
        raise Reason.ENTRY_MISMATCH.error(f"the hub shows a tile that does not hold entry {index}")
    proven = receipt.proven
    promised = LeafInclusion(
        entry_leaf_hash(proven.opening.entry, proven.opening.nonce), proven.inclusion_proof
    )
    with number_of_the_hub(f"entry {index} in the tree of {head.size} entries"):
        in_place = LeafInclusion(shown[0], hub.inclusion_proof(index, head.size))
    return SplitViewProof(note, head.note, LeafConflict(index, promised, in_place))
