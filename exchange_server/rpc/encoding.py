"""Answers put on the wire: messages made of what the ledger gives."""

from __future__ import annotations

from collections.abc import Iterable

from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.entries import CommitmentOpening, fill_opening
from exchange_protocol.record.receipts import ProvenEntry, fill_proven_entry
from exchange_protocol.rules.routing import Route
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2
from exchange_server.fairness.slices import Slices
from exchange_server.ledger import Accepted, TreeHead
from exchange_server.rpc.status import encode_status, shown_error


def encode_tree_head(head: TreeHead) -> log_pb2.TreeHead:
    """Put the checkpoint on the wire that the proofs of an answer lead to."""
    return log_pb2.TreeHead(checkpoint=head.note, consistency_proof=head.consistency_proof)


def encode_route(route: Route, directory_size: int) -> pb.PlanRouteResponse:
    """Put a route on the wire."""
    return pb.PlanRouteResponse(
        policy_sha256=route.policy_digest,
        rule_ids=route.rule_ids,
        legs=[
            pb.LegRoute(
                agency=leg.agency,
                approvals_required=leg.approvals_required,
                approvers=leg.approvers,
            )
            for leg in route.legs
        ],
        supervisors=route.supervisors,
        directory_size=directory_size,
    )


def encode_receipt(accepted: Accepted) -> pb.SubmitResponse:
    """Put the receipt of a statement on the wire, without the statement: its author holds it."""
    response = pb.SubmitResponse()
    fill_proof(response.receipt.entry, response.receipt.tree_head, accepted)
    return response


def encode_streamed(outcome: Accepted | ExchangeError, request_id: str) -> pb.SubmitStreamResponse:
    """Put the answer to one statement of a stream on the wire."""
    if isinstance(outcome, ExchangeError):
        return pb.SubmitStreamResponse(refusal=_encode_refusal(outcome, request_id))
    response = pb.SubmitStreamResponse()
    fill_proof(response.receipt.entry, response.receipt.tree_head, outcome)
    return response


def fill_proof(entry: log_pb2.ProvenEntry, tree_head: log_pb2.TreeHead, accepted: Accepted) -> None:
    """Put an entry that was just logged into an answer, and the checkpoint that covers it.

    Both are filled where they stand: protobuf puts one message into another by writing the first
    and reading it again.
    """
    _fill_entry(entry, accepted)
    _fill_tree_head(tree_head, accepted)


async def encode_outcomes(
    outcomes: Iterable[Accepted | ExchangeError], request_id: str, slices: Slices
) -> pb.SubmitBatchResponse:
    """Put the result of each statement on the wire; results of one checkpoint share it."""
    response = pb.SubmitBatchResponse()
    places: dict[bytes, int] = {}
    for outcome in outcomes:
        await slices.yield_if_due()
        if isinstance(outcome, ExchangeError):
            response.results.add(refusal=_encode_refusal(outcome, request_id))
            continue
        place = places.setdefault(outcome.note, len(places))
        if place == len(response.tree_heads):
            _fill_tree_head(response.tree_heads.add(), outcome)
        _fill_entry(response.results.add(tree_head=place).entry, outcome)
    return response


def _fill_entry(message: log_pb2.ProvenEntry, accepted: Accepted) -> None:
    opening = CommitmentOpening(accepted.entry, accepted.nonce)
    fill_proven_entry(message, ProvenEntry(accepted.index, opening, accepted.inclusion_proof))


def _fill_tree_head(message: log_pb2.TreeHead, accepted: Accepted) -> None:
    message.checkpoint = accepted.note
    message.consistency_proof.extend(accepted.consistency_proof)


def _encode_refusal(error: ExchangeError, request_id: str) -> bytes:
    return encode_status(shown_error(error), request_id).SerializeToString()


async def fill_entries(
    response: pb.GetExchangeResponse | directory_pb.ListDirectoryEntriesResponse,
    entries: Iterable[ProvenEntry],
    slices: Slices,
) -> None:
    """Put the entries of a page into an answer."""
    async with slices:
        for entry in entries:
            fill_proven_entry(response.entries.add(), entry)
            await slices.yield_if_due()


async def fill_leaves(
    response: audit_pb.ListOpeningsResponse,
    leaves: Iterable[tuple[bytes, CommitmentOpening | None]],
    slices: Slices,
) -> None:
    """Put the leaves of a page into an answer, each with its opening where the caller may see
    it."""
    async with slices:
        for leaf_hash, opening in leaves:
            message = response.leaves.add(leaf_hash=leaf_hash)
            if opening is not None:
                fill_opening(message.opening, opening)
            await slices.yield_if_due()
