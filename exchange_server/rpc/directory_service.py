"""DirectoryService: the entries from which clients fold the directory themselves."""

from __future__ import annotations

from collections.abc import Callable

from exchange_protocol.v1 import directory_service_pb2 as pb
from exchange_protocol.v1 import directory_service_pb2_grpc as pb_grpc
from exchange_server.caller import Caller
from exchange_server.fairness.slices import Slices
from exchange_server.ledger import Reader
from exchange_server.rpc.calls import Context, current_caller
from exchange_server.rpc.encoding import encode_tree_head, fill_entries
from exchange_server.rpc.requests import page_size


class DirectoryService(pb_grpc.DirectoryServiceServicer):
    """Serves the directory's entries with their proofs."""

    def __init__(self, reader: Reader, slices: Callable[[Caller], Slices]) -> None:
        """Read from there; a page is encoded in slices."""
        self._reader = reader
        self._slices = slices

    async def ListDirectoryEntries(  # noqa: N802
        self, request: pb.ListDirectoryEntriesRequest, context: Context
    ) -> pb.ListDirectoryEntriesResponse:
        """Serve the directory entries after those that the client holds."""
        entries, directory_size, head = await self._reader.directory_entries(
            request.known_directory_size,
            page_size(request.page_size, default=100, most=200),
            request.known_tree_size,
        )
        response = pb.ListDirectoryEntriesResponse(
            directory_size=directory_size, tree_head=encode_tree_head(head)
        )
        await fill_entries(response, entries, self._slices(current_caller()))
        return response
