"""Answers put on the wire: messages made of what the ledger gives."""

from __future__ import annotations

from collections.abc import Iterable

from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.entries import CommitmentOpening, encode_opening
from exchange_protocol.record.receipts import ProvenEntry, encode_proven_entry
from exchange_protocol.rules.routing import Route
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
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


def encode_receipt(accepted: Accepted) -> pb.Receipt:
    """Put the receipt of a statement on the wire, without the statement: its author holds it."""
    entry, tree_head = encode_proof(accepted)
    return pb.Receipt(entry=entry, tree_head=tree_head)


def encode_proof(accepted: Accepted) -> tuple[log_pb2.ProvenEntry, log_pb2.TreeHead]:
    """Put an entry that was just logged on the wire, and the checkpoint that covers it."""
    opening = CommitmentOpening(accepted.entry, accepted.nonce)
    return (
        encode_proven_entry(ProvenEntry(accepted.index, opening, accepted.inclusion_proof)),
        log_pb2.TreeHead(checkpoint=accepted.note, consistency_proof=accepted.consistency_proof),
    )


def encode_streamed(outcome: Accepted | ExchangeError, request_id: str) -> pb.SubmitStreamResponse:
    """Put the answer to one statement of a stream on the wire."""
    if isinstance(outcome, ExchangeError):
        return pb.SubmitStreamResponse(refusal=_encode_refusal(outcome, request_id))
    return pb.SubmitStreamResponse(receipt=encode_receipt(outcome))


async def encode_outcomes(
    outcomes: Iterable[Accepted | ExchangeError], request_id: str, slices: Slices
) -> pb.SubmitBatchResponse:
    """Put the result of each statement on the wire; results of one checkpoint share it."""
    response = pb.SubmitBatchResponse()
    places: dict[bytes, int] = {}
    for outcome in outcomes:
        await slices.yield_if_due()
        if isinstance(outcome, ExchangeError):
            refusal = _encode_refusal(outcome, request_id)
            response.results.append(pb.SubmissionResult(refusal=refusal))
            continue
        receipt = encode_receipt(outcome)
        place = places.setdefault(outcome.note, len(places))
        if place == len(response.tree_heads):
            response.tree_heads.append(receipt.tree_head)
        response.results.append(pb.SubmissionResult(entry=receipt.entry, tree_head=place))
    return response


def _encode_refusal(error: ExchangeError, request_id: str) -> bytes:
    return encode_status(shown_error(error), request_id).SerializeToString()


async def encode_entries(
    entries: Iterable[ProvenEntry], slices: Slices
) -> list[log_pb2.ProvenEntry]:
    """Put the entries of a page on the wire."""
    encoded = []
    async with slices:
        for entry in entries:
            encoded.append(encode_proven_entry(entry))
            await slices.yield_if_due()
    return encoded


async def encode_leaves(
    leaves: Iterable[tuple[bytes, CommitmentOpening | None]], slices: Slices
) -> list[audit_pb.Leaf]:
    """Put the leaves of a page on the wire, each with its opening where the caller may see it."""
    encoded = []
    async with slices:
        for leaf_hash, opening in leaves:
            shown = None if opening is None else encode_opening(opening)
            encoded.append(audit_pb.Leaf(leaf_hash=leaf_hash, opening=shown))
            await slices.yield_if_due()
    return encoded
