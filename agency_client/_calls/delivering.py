"""From the outbox to the hub: the same bytes until a verified receipt, exactly once.

 1. The statement is in the outbox, durable, before this begins.
 2. Large parts are uploaded; what the hub staged before is taken again by its digest.
 3. The statement is submitted. The hub knows it by author and id, and gives the original receipt to
    whoever sends it again.
 4. The receipt is verified: the log key, the proof, the statement that it names; its checkpoint is
    consistent with what was seen.
 5. The receipt is kept, then the statement leaves the outbox.

A hub that is away, overloaded or broken leaves the statement where it is, and so does evidence
against the hub. What the hub refuses goes to `refused/`: sending it again would not help.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from agency_client._calls.calls import MAX_CHUNK_BYTES, Operation, Upload
from agency_client._calls.verifying import Verifying
from agency_client.outbox import StoredStatement
from agency_client.views import Queued, Refused, Sent
from exchange_protocol.errors import (
    CallerError,
    ExchangeError,
    HubInternal,
    HubUnavailable,
    NotAuthenticated,
    Reason,
)
from exchange_protocol.log.receipts import Receipt, verify_receipt
from exchange_protocol.rules.judgement import authenticate
from exchange_protocol.rules.statements import Part, encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb

INLINE_PART_BYTES = 256 * 1024
INLINE_BYTES = 1024 * 1024
"""Sealed bytes that ride in one Submit, each part and in all; the rest is uploaded before."""

_LATER = frozenset({Reason.RATE_LIMITED, Reason.OVERLOADED})


class Delivering(Verifying):
    """Sends what is in the outbox."""

    def deliver(self, statement_id: str) -> Operation[Sent | Queued]:
        """Send one statement of the outbox.

        Raises:
            CallerError: if the hub refuses it for good; it is kept in `refused/`. Where it is the
                channel that was not let in, the statement stays in the outbox.
            HubDishonest: if the receipt does not verify; it stays in the outbox.
        """
        outbox = self.ports.outbox
        with outbox.sending(statement_id) as stored:
            if stored is None:
                raise Reason.STATEMENT_UNKNOWN.error(
                    f"statement {statement_id} is not in the outbox, or another process sends it"
                )
            statement = stored.statement
            try:
                receipt, message = yield from self._submit(stored)
            except (HubUnavailable, HubInternal) as error:
                return Queued(statement.id, statement.exchange_id, error)
            except CallerError as error:
                if error.reason in _LATER:
                    return Queued(statement.id, statement.exchange_id, error)
                if not (isinstance(error, NotAuthenticated) and self._is_authentic(stored)):
                    outbox.refuse(stored, error, self.ports.clock())
                raise
            outbox.settle(stored, message)
        yield from self.know_directory(receipt.entry.directory_size)
        return Sent(statement.id, statement.exchange_id, receipt)

    def flush_outbox(self) -> Operation[list[Sent | Queued | Refused]]:
        """Send all that waits, oldest first; stops trying when the hub is away.

        Raises:
            HubDishonest: if a receipt does not verify.
            NotAuthenticated: if the channel is not let in.
        """
        results: list[Sent | Queued | Refused] = []
        away: ExchangeError | None = None
        for entry in self.ports.outbox.pending():
            if away is not None:
                results.append(Queued(entry.statement_id, entry.exchange_id, away))
                continue
            try:
                result = yield from self.deliver(entry.statement_id)
            except CallerError as error:
                if not self.ports.outbox.has_refused(entry.statement_id):
                    if error.reason is Reason.STATEMENT_UNKNOWN:
                        continue  # Another process has it.
                    raise
                results.append(Refused(entry.statement_id, entry.exchange_id, error))
                continue
            # A statement at which the hub fails inside must not hold up the others.
            if isinstance(result, Queued) and not isinstance(result.reason, HubInternal):
                away = result.reason
            results.append(result)
        return results

    def _is_authentic(self, stored: StoredStatement) -> bool:
        """Whether a statement's own certificate and signature are good, as far as is known here."""
        ports = self.ports
        try:
            authenticate(
                stored.signed,
                stored.statement,
                ports.directory.current,
                ports.anchors,
                ports.clock(),
            )
        except CallerError:
            return False
        return True

    def _submit(self, stored: StoredStatement) -> Operation[tuple[Receipt, pb.Receipt]]:
        inline: list[pb.InlinePart] = []
        room = INLINE_BYTES
        for part in stored.statement.parts:
            if part.size <= min(INLINE_PART_BYTES, room):
                sealed = stored.part_path(part.name).read_bytes()
                inline.append(pb.InlinePart(name=part.name, sealed=sealed))
                room -= part.size
            else:
                yield Upload(partial(upload_requests, stored, part))
        answer, _ = yield from self.ask(
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
        receipt = verify_receipt(
            message.entry,
            message.tree_head.checkpoint,
            stored.statement,
            self.ports.trust.log,
        )
        return receipt, message


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
