"""AuditService: the log as a tree, its proofs, and the openings that the caller is entitled to.

Openings are all that is disclosed here, and the one answer that is on the log before it leaves;
heads, tiles, proofs and the data of leaves say nothing of what was said.
"""

from __future__ import annotations

from exchange_protocol.record.entries import MOST_INSPECTED
from exchange_protocol.v1 import audit_service_pb2 as pb
from exchange_protocol.v1 import audit_service_pb2_grpc as pb_grpc
from exchange_server.ledger import Ledger, Reader
from exchange_server.rpc.calls import Context, current_call, current_caller
from exchange_server.rpc.encoding import encode_tree_head, fill_leaves, fill_proof
from exchange_server.rpc.requests import page_size


class AuditService(pb_grpc.AuditServiceServicer):
    """Serves what proves the log; who may open which leaf is the reader's to decide."""

    def __init__(self, ledger: Ledger, reader: Reader) -> None:
        """Read from there; cosignatures go to the ledger."""
        self._ledger = ledger
        self._reader = reader

    async def GetCheckpoint(  # noqa: N802
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """Serve the newest checkpoint, how it extends what the client knows, and those cosigned."""
        head, witnessed = await self._reader.checkpoint(request.known_tree_size)
        return pb.GetCheckpointResponse(
            tree_head=encode_tree_head(head), witnessed_checkpoints=witnessed
        )

    async def GetTile(  # noqa: N802
        self, request: pb.GetTileRequest, context: Context
    ) -> pb.GetTileResponse:
        """Serve the hashes of one tile."""
        return pb.GetTileResponse(hashes=await self._reader.tile(request.level, request.index))

    async def GetEntryBundle(  # noqa: N802
        self, request: pb.GetEntryBundleRequest, context: Context
    ) -> pb.GetEntryBundleResponse:
        """Serve the data of the leaves under one tile of level 0."""
        return pb.GetEntryBundleResponse(bundle=await self._reader.entry_bundle(request.index))

    async def ListOpenings(  # noqa: N802
        self, request: pb.ListOpeningsRequest, context: Context
    ) -> pb.ListOpeningsResponse:
        """Serve leaves in order, opened where the caller is entitled to it, and log that it was."""
        caller, start = current_caller(), request.start_index
        page = await self._reader.openings(
            caller,
            start,
            page_size(request.page_size, default=500, most=MOST_INSPECTED),
            request.tree_size,
        )
        response = pb.ListOpeningsResponse()
        await fill_leaves(response, page.leaves, self._ledger.slices(caller))
        if page.ruling is not None:
            current_call().denial_is_logged = True
            accepted = await self._ledger.inspect(caller, start, page, request.known_tree_size)
            fill_proof(response.inspection, response.tree_head, accepted)
        return response

    async def GetInclusionProof(  # noqa: N802
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """Serve the inclusion proof of one leaf."""
        proof = await self._reader.inclusion_proof(request.index, request.tree_size)
        return pb.GetInclusionProofResponse(inclusion_proof=proof)

    async def GetConsistencyProof(  # noqa: N802
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """Serve the proof that one tree extends another."""
        proof = await self._reader.consistency_proof(
            request.first_tree_size, request.second_tree_size
        )
        return pb.GetConsistencyProofResponse(consistency_proof=proof)

    async def AddCosignature(  # noqa: N802
        self, request: pb.AddCosignatureRequest, context: Context
    ) -> pb.AddCosignatureResponse:
        """Take a witness's cosignature; whose word counts is in the configuration."""
        await self._ledger.add_cosignature(request.cosigned_checkpoint)
        return pb.AddCosignatureResponse()
