"""Submit statements to the hub, and verify the receipts.

 1. Large parts are uploaded; the hub takes what it staged before by its digest.
 2. The statement is submitted. The hub knows it by author and id, and gives the original receipt
    when it is sent again.
 3. The receipt is verified: the log key, the proof, the statement that it names. Its checkpoint is
    consistent with what was seen.

The outbox is left as it is: `delivery` keeps the receipt, or the refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from agency_client.core.calls import MAX_CHUNK_BYTES, Operation, Upload
from agency_client.core.ports import Ports
from agency_client.core.statuses import parse_status
from agency_client.core.view import View
from agency_client.state.outbox import StoredStatement
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.receipts import Receipt, verify_receipt
from exchange_protocol.rules.statements import Part, encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb

INLINE_PART_BYTES: Final = 256 * 1024
INLINE_BYTES: Final = 1024 * 1024
"""Sealed bytes that ride in one Submit, each part and in all; the rest is uploaded before."""


def is_small(stored: StoredStatement) -> bool:
    """True if a statement may ride in a batch with others."""
    sizes = [part.size for part in stored.statement.parts]
    return sum(sizes) <= INLINE_BYTES // 4 and all(size <= INLINE_PART_BYTES for size in sizes)


class Submission:
    """Hands statements of the outbox to the hub."""

    def __init__(self, ports: Ports, view: View) -> None:
        self._ports = ports
        self._view = view

    def submit(self, stored: StoredStatement) -> Operation[Receipt]:
        """Submit one statement; gives the verified receipt."""
        inline: list[pb.InlinePart] = []
        room = INLINE_BYTES
        for part in stored.statement.parts:
            if part.size <= min(INLINE_PART_BYTES, room):
                inline.append(_inline(stored, part))
                room -= part.size
            else:
                yield Upload(partial(upload_requests, stored, part))
        answer, _ = yield from self._view.ask(
            "ExchangeService/Submit",
            lambda size: pb.SubmitRequest(
                statement=encode_signed_statement(stored.signed),
                parts=inline,
                known_tree_size=size,
            ),
            pb.SubmitResponse,
            lambda answer: answer.receipt.tree_head,
            original=True,
        )
        message = answer.receipt
        return verify_receipt(
            message.entry, message.tree_head.checkpoint, stored.statement, self._ports.trust.log
        )

    def submit_batch(
        self, batch: Sequence[StoredStatement]
    ) -> Operation[list[Receipt | ExchangeError]]:
        """Submit small statements in one call; gives a receipt or the refusal of each, in order."""
        held = yield from self._view.held()
        submissions = [
            pb.Submission(
                statement=encode_signed_statement(stored.signed),
                parts=[_inline(stored, part) for part in stored.statement.parts],
            )
            for stored in batch
        ]
        answer = yield from self._view.ask_with(
            held,
            "ExchangeService/SubmitBatch",
            pb.SubmitBatchRequest(
                submissions=submissions, known_tree_size=held.size if held else 0
            ),
            pb.SubmitBatchResponse,
        )
        if len(answer.results) != len(batch):
            raise Reason.RECEIPT_MISMATCH.error(
                f"expected a result for each of {len(batch)} statements, got {len(answer.results)}"
            )
        for head in answer.tree_heads:
            yield from self._view.advance(held, head, original=True)
        return [
            self._outcome(stored, result, answer)
            for stored, result in zip(batch, answer.results, strict=True)
        ]

    def _outcome(
        self,
        stored: StoredStatement,
        result: pb.SubmissionResult,
        answer: pb.SubmitBatchResponse,
    ) -> Receipt | ExchangeError:
        if not result.HasField("entry"):
            return parse_status(result.refusal)
        if result.tree_head >= len(answer.tree_heads):
            raise Reason.RECEIPT_MISMATCH.error(
                f"expected a tree head for statement {stored.statement.id}, got none"
            )
        note = answer.tree_heads[result.tree_head].checkpoint
        return verify_receipt(result.entry, note, stored.statement, self._ports.trust.log)


def upload_requests(stored: StoredStatement, part: Part) -> Iterator[pb.UploadPartRequest]:
    """The stream that uploads a part from its file; digest and size come first."""
    with stored.part_path(part.name).open("rb") as file:
        first = True
        while (chunk := file.read(MAX_CHUNK_BYTES)) or first:
            if first:
                yield pb.UploadPartRequest(sha256=part.sha256, size=part.size, chunk=chunk)
            else:
                yield pb.UploadPartRequest(chunk=chunk)
            first = False


def _inline(stored: StoredStatement, part: Part) -> pb.InlinePart:
    return pb.InlinePart(name=part.name, sealed=stored.part_path(part.name).read_bytes())
