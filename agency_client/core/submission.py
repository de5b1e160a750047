"""Submit statements to the hub, and verify the receipts.

 1. Large parts are uploaded; what the hub has staged is not sent again. Where it refuses one for
    good, the statement is submitted all the same: it may have been accepted before.
 2. The statement is submitted, alone or with others in a stream. The hub knows it by author and id,
    and gives the original receipt when it is sent again.
 3. The receipt is verified: the log key, the proof, the statement that it names. Its checkpoint is
    consistent with what was seen.

The outbox is left as it is: `sender` keeps the receipt, or the refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from agency_client.core.calls import (
    MAX_CHUNK_BYTES,
    Operation,
    Stream,
    Upload,
    number_of_the_hub,
)
from agency_client.core.ports import Ports
from agency_client.core.statuses import parse_status
from agency_client.core.view import View
from agency_client.state.checkpoints import Head
from agency_client.state.kept_receipts import KeptReceipt
from agency_client.state.outbox_folders import StoredStatement
from exchange_protocol.errors import (
    CallerError,
    ExchangeError,
    HubDishonest,
    HubInternal,
    HubUnavailable,
    LimitExceeded,
    Reason,
)
from exchange_protocol.record.entries import read_entry
from exchange_protocol.record.receipts import Receipt, verify_receipt
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.rules.statements import Part
from exchange_protocol.v1 import exchange_service_pb2 as pb

INLINE_PART_BYTES: Final = 256 * 1024
INLINE_BYTES: Final = 1024 * 1024
"""Sealed bytes that ride in one Submit, each part and in all; the rest is uploaded before."""


def is_small(stored: StoredStatement) -> bool:
    """True if a statement may go in a stream, with its parts inline."""
    sizes = [part.size for part in stored.statement.parts]
    return sum(sizes) <= INLINE_BYTES // 4 and all(size <= INLINE_PART_BYTES for size in sizes)


@dataclass(frozen=True, slots=True)
class Streamed:
    """The outcomes of the statements of a stream."""

    outcomes: list[Receipt | ExchangeError]
    """A receipt or the refusal of each that was answered: the first ones, in order."""
    cut: ExchangeError | None
    """The error that ended the stream before all were answered."""


class Submission:
    """Hands statements of the outbox to the hub."""

    def __init__(self, ports: Ports, view: View) -> None:
        self._ports = ports
        self._view = view

    def submit(self, stored: StoredStatement) -> Operation[Receipt]:
        """Submit one statement; gives the verified receipt."""
        inline: list[pb.InlinePart] = []
        full: ExchangeError | None = None
        room = INLINE_BYTES
        for part in stored.statement.parts:
            if part.size <= min(INLINE_PART_BYTES, room):
                inline.append(_inline(stored, part))
                room -= part.size
                continue
            try:
                yield Upload(partial(upload_requests, stored, part), part.size)
            except LimitExceeded as error:
                if not error.is_final:
                    raise
                full = error
        try:
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
        except CallerError as error:
            if full is None or error.reason is not Reason.PART_MISSING:
                raise
            raise full from None
        return self._verified(stored, answer.receipt)

    def submit_stream(self, batch: Sequence[StoredStatement]) -> Operation[Streamed]:
        """Submit small statements in one stream; gives what came of each, as far as it came.

        Raises:
            HubDishonest: if a receipt does not verify; none of them is settled then.
        """
        held = yield from self._view.held()
        answers: list[pb.SubmitStreamResponse] = []
        cut: ExchangeError | None = None
        requests = partial(_stream_requests, batch, held.size if held else 0)
        try:
            yield Stream(requests, answers, len(batch))
        except HubDishonest:
            raise
        except ExchangeError as error:
            cut = error
        if cut is None and len(answers) < len(batch):
            cut = Reason.INTERNAL.error(
                f"the hub ended the stream after {len(answers)} of {len(batch)} answers"
            )
        outcomes: list[Receipt | ExchangeError] = []
        proven: set[bytes] = set()
        for stored, answer in zip(batch, answers, strict=False):
            try:
                outcomes.append((yield from self._outcome(stored, answer, held, proven)))
            except (HubUnavailable, HubInternal, LimitExceeded) as error:
                # A checkpoint whose proof could not be fetched: sent again, it is proven then.
                cut = error
                break
        return Streamed(outcomes, cut)

    def _outcome(
        self,
        stored: StoredStatement,
        answer: pb.SubmitStreamResponse,
        held: Head | None,
        proven: set[bytes],
    ) -> Operation[Receipt | ExchangeError]:
        """The verified receipt, or the refusal; `proven` are the checkpoints of earlier answers."""
        if not answer.HasField("receipt"):
            refusal = parse_status(answer.refusal)
            if held is not None and refusal.reason is Reason.PROOF_RANGE_INVALID:
                yield from self._view.explain_rollback(held)
                with number_of_the_hub(f"the tree of {held.size} entries"):
                    raise refusal
            return refusal
        head = answer.receipt.tree_head
        if head.checkpoint not in proven:
            yield from self._view.advance(held, head, original=True)
            proven.add(head.checkpoint)
        return self._verified(stored, answer.receipt)

    def read_again(self, kept: KeptReceipt) -> Receipt:
        """A receipt that another process of this profile has verified and kept."""
        checkpoint = self._ports.trust.log.verify(kept.note)
        return Receipt(read_entry(kept.proven.opening.entry), kept.proven, checkpoint, kept.note)

    def _verified(self, stored: StoredStatement, receipt: pb.Receipt) -> Receipt:
        """A receipt that verifies; its checkpoint is verified by `View.advance`."""
        note = receipt.tree_head.checkpoint
        return verify_receipt(receipt.entry, note, stored.statement, self._ports.trust.log)


def _stream_requests(
    batch: Sequence[StoredStatement], known_tree_size: int, start: int
) -> Iterator[pb.SubmitRequest]:
    """The requests of a stream, from a place on; each is read from disk when it is sent."""
    for stored in batch[start:]:
        yield pb.SubmitRequest(
            statement=encode_signed_statement(stored.signed),
            parts=[_inline(stored, part) for part in stored.statement.parts],
            known_tree_size=known_tree_size,
        )


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
