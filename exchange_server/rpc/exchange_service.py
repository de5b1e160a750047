"""ExchangeService: plan, submit, upload, list, fetch, watch; the ledger does the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.fields import parse_digest, parse_enum, parse_uuid, to_timestamp
from exchange_protocol.record.listing import encode_summary
from exchange_protocol.rules.statements import MAX_PART_BYTES
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_server.fairness.rates import Rates
from exchange_server.ledger import Ledger, Reader
from exchange_server.ledger.routes import plan_in_slices
from exchange_server.rpc.calls import Context, current_call, current_caller
from exchange_server.rpc.encoding import (
    encode_outcomes,
    encode_receipt,
    encode_route,
    encode_streamed,
    encode_tree_head,
    fill_entries,
)
from exchange_server.rpc.identity import PeerVerifier
from exchange_server.rpc.requests import (
    at_most,
    page_size,
    parse_chunk,
    parse_party,
    parse_plan,
    parse_submission,
    parse_submission_of_batch,
)
from exchange_server.rpc.submissions import SubmissionStream
from exchange_server.rpc.watches import Watches

MAX_SUBMISSIONS: Final = 1024
"""Statements of one SubmitBatch."""
SENT_AT_ONCE: Final = 256 * 1024
"""Bytes of a download; a caller that reads none of it costs little more."""


class ExchangeService(pb_grpc.ExchangeServiceServicer):
    """Serves the parties to exchanges."""

    def __init__(
        self,
        ledger: Ledger,
        reader: Reader,
        watches: Watches,
        rates: Rates,
        peers: PeerVerifier,
    ) -> None:
        """Write to the ledger, read from the reader; `peers` says whom a long call still serves."""
        self._peers = peers
        self._ledger = ledger
        self._reader = reader
        self._watches = watches
        self._rates = rates

    async def PlanRoute(  # noqa: N802
        self, request: pb.PlanRouteRequest, context: Context
    ) -> pb.PlanRouteResponse:
        """Say where an initial statement of the caller would go, under the policy in force."""
        planned, caller = parse_plan(request), current_caller()
        directory = self._ledger.directory
        async with self._ledger.slices(caller) as slices:
            try:
                route = await plan_in_slices(directory, caller.member, planned, slices)
            except ExchangeError:
                # Another worker may have written what is missing here.
                await self._ledger.catch_up(caller.agency)
                known, directory = directory.size, self._ledger.directory
                if directory.size == known:
                    raise
                route = await plan_in_slices(directory, caller.member, planned, slices)
        return encode_route(route, directory.size)

    async def Submit(  # noqa: N802
        self, request: pb.SubmitRequest, context: Context
    ) -> pb.SubmitResponse:
        """Take a signed statement to the ledger; answer with its receipt."""
        signed, parts = parse_submission(request)
        current_call().denial_is_logged = True
        accepted = await self._ledger.submit(
            current_caller(), signed, parts, request.known_tree_size
        )
        return encode_receipt(accepted)

    async def SubmitBatch(  # noqa: N802
        self, request: pb.SubmitBatchRequest, context: Context
    ) -> pb.SubmitBatchResponse:
        """Take many signed statements to the ledger; answer for each of them."""
        if not request.submissions:
            raise Reason.MISSING_FIELD.error(
                f"expected 1 to {MAX_SUBMISSIONS} statements, got none", field="submissions"
            )
        given = at_most(MAX_SUBMISSIONS, request.submissions, "submissions")
        caller = current_caller()
        # The call was admitted with one of them.
        self._rates.count_more(caller.agency, len(given) - 1)
        current_call().denial_is_logged = True
        outcomes = await self._ledger.submit_batch(
            caller, given, parse_submission_of_batch, request.known_tree_size
        )
        async with self._ledger.slices(caller) as slices:
            return await encode_outcomes(outcomes, current_call().request_id, slices)

    async def SubmitStream(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.SubmitRequest], context: Context
    ) -> AsyncIterator[pb.SubmitStreamResponse]:
        """Take statements to the ledger as they come; answer for each of them, in order."""
        call = current_call()
        call.denial_is_logged = True
        stream = SubmissionStream(
            self._ledger, self._rates, current_caller(), self._verify_still_good
        )
        async with aclosing(stream.answers(request_iterator)) as outcomes:
            async for outcome in outcomes:
                yield encode_streamed(outcome, call.request_id)

    async def UploadPart(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadPartRequest], context: Context
    ) -> pb.UploadPartResponse:
        """Stage a sealed part, whose digest and size come first."""
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise Reason.MISSING_FIELD.error("expected a first message, got none", field="sha256")
        sha256 = parse_digest(first.sha256, "sha256")
        if not 0 < first.size <= MAX_PART_BYTES:
            raise Reason.TOO_LARGE.error(
                f"expected 1 to {MAX_PART_BYTES} bytes, got {first.size}", field="size"
            )
        caller = current_caller()
        await self._rates.flow(caller.agency, len(first.chunk))
        async with await self._ledger.stage_part(caller, sha256, first.size) as part:
            if part.forgotten_at is not None:
                return pb.UploadPartResponse(expires_at=to_timestamp(part.forgotten_at))
            await part.append(parse_chunk(first))
            async for message in request_iterator:
                self._verify_still_good()
                if message.sha256 or message.size:
                    raise Reason.INVALID_FIELD.error(
                        "expected digest and size on the first message only", field="sha256"
                    )
                await self._rates.flow(caller.agency, len(message.chunk))
                await part.append(parse_chunk(message))
            expires_at = await part.finish()
        return pb.UploadPartResponse(expires_at=to_timestamp(expires_at))

    async def ListExchanges(  # noqa: N802
        self, request: pb.ListExchangesRequest, context: Context
    ) -> pb.ListExchangesResponse:
        """List the exchanges that the caller's agency sees."""
        summaries, next_page_token = await self._reader.list_exchanges(
            current_caller().agency,
            parse_party(request.party),
            [
                parse_enum(LegState, state, "states")
                for state in at_most(len(LegState), request.states, "states")
            ],
            [parse_kind(kind, "kinds") for kind in at_most(len(Kind), request.kinds, "kinds")],
            page_size(request.page_size, default=50, most=200),
            request.page_token,
            awaits_consent=request.awaits_consent,
        )
        return pb.ListExchangesResponse(
            exchanges=map(encode_summary, summaries), next_page_token=next_page_token
        )

    async def GetExchange(  # noqa: N802
        self, request: pb.GetExchangeRequest, context: Context
    ) -> pb.GetExchangeResponse:
        """Serve the entries of one exchange that the caller may see, a page at a time."""
        exchange_id = parse_uuid(request.exchange_id, "exchange_id")
        call, caller = current_call(), current_caller()
        call.exchange_id = exchange_id
        agency, slices = caller.agency, self._ledger.slices(caller)
        if request.start_index or request.tree_size:
            page = await self._reader.exchange_page(
                agency, exchange_id, request.start_index, request.tree_size
            )
            response = pb.GetExchangeResponse(next_index=page.next_index)
            await fill_entries(response, page.entries, slices)
            return response
        summary, page, head = await self._reader.exchange(
            agency, exchange_id, request.known_tree_size
        )
        response = pb.GetExchangeResponse(
            summary=encode_summary(summary),
            tree_head=encode_tree_head(head),
            next_index=page.next_index,
        )
        await fill_entries(response, page.entries, slices)
        return response

    async def FetchPart(  # noqa: N802
        self, request: pb.FetchPartRequest, context: Context
    ) -> AsyncIterator[pb.FetchPartResponse]:
        """Serve the sealed bytes of a part, after its delivery is on the log."""
        digest = parse_digest(request.payload_sha256, "payload_sha256")
        current_call().denial_is_logged = True
        handle = await self._ledger.deliver(current_caller(), digest, request.part_name)
        async for chunk in self._reader.part_chunks(handle, request.offset):
            for start in range(0, len(chunk), SENT_AT_ONCE):
                self._verify_still_good()
                yield pb.FetchPartResponse(chunk=chunk[start : start + SENT_AT_ONCE])

    async def Watch(  # noqa: N802
        self, request: pb.WatchRequest, context: Context
    ) -> AsyncIterator[pb.WatchResponse]:
        """Serve what becomes visible to the caller's agency."""
        async with aclosing(self._watches.watch(request)) as responses:
            async for response in responses:
                yield response

    def _verify_still_good(self) -> None:
        """Verify that the caller's certificate is valid and not revoked since the call began."""
        certificate = current_call().certificate
        if certificate is not None:
            self._peers.verify_still_good(certificate)
