"""Tree heads beside answers: the checkpoint that the answer's proofs lead to."""

from __future__ import annotations

from exchange_protocol.log.checkpoint import SignedCheckpoint
from exchange_protocol.v1 import log_pb2
from exchange_server.ledger import Reader, TreeHead


def encode_tree_head(head: TreeHead) -> log_pb2.TreeHead:
    """Put a tree head on the wire."""
    return log_pb2.TreeHead(checkpoint=head.note, consistency_proof=head.consistency_proof)


async def tree_head_of(reader: Reader, note: bytes, known_tree_size: int) -> log_pb2.TreeHead:
    """The tree head of a checkpoint, with how it extends the tree that the caller knows.

    Raises PROOF_RANGE_INVALID for a tree larger than the checkpoint's.
    """
    size = SignedCheckpoint.parse(note).checkpoint.size
    proof = await reader.consistency_proof(known_tree_size, size)
    return encode_tree_head(TreeHead(note, proof))
