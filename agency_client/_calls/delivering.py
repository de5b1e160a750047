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

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from agency_client._calls.calls import MAX_CHUNK_BYTES, Operation, Upload
from agency_client._calls.statuses import parse_status
from agency_client._calls.verifying import Verifying
from agency_client.outbox import StoredStatement
from agency_client.views import Queued, Refused, Sent
from exchange_protocol.errors import (
    CallerError,
    ExchangeError,
    HubInternal,
    HubUnavailable,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    Reason,
)
from exchange_protocol.log.receipts import Receipt, verify_receipt
from exchange_protocol.rules.judgement import authenticate
from exchange_protocol.rules.statements import Part, encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb

INLINE_PART_BYTES = 256 * 1024
INLINE_BYTES = 1024 * 1024
"""Sealed bytes that ride in one Submit, each part and in all; the rest is uploaded before."""

COMPANY = 8
"""Statements that wait together from which on they are sent in one call."""
BATCH_STATEMENTS = 256
BATCH_BYTES = 3 * 1024 * 1024
"""In one SubmitBatch, at most: the hub takes messages of 4 MiB."""
_FRAMING_BYTES = 1024
"""Signature, path and field tags of one statement, generously."""

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
        waiting = [entry.statement_id for entry in self.ports.outbox.pending()]
        return (yield from self.deliver_all(waiting))

    def deliver_all(self, statement_ids: Sequence[str]) -> Operation[list[Sent | Queued | Refused]]:
        """Send statements of the outbox in order; many small ones go together (SubmitBatch).

        Raises:
            HubDishonest: if a receipt does not verify.
            NotAuthenticated: if the channel is not let in.
        """
        results: list[Sent | Queued | Refused] = []
        away: ExchangeError | None = None
        for group in self._groups(statement_ids):
            if away is not None:
                results += [Queued(each, self._exchange_of(each), away) for each in group]
                continue
            if len(group) >= COMPANY:
                sent = yield from self._deliver_together(group)
            else:
                sent = yield from self._deliver_alone(group)
            results += sent
            # A statement at which the hub fails inside must not hold up the others.
            away = next(
                (
                    each.reason
                    for each in sent
                    if isinstance(each, Queued) and not isinstance(each.reason, HubInternal)
                ),
                None,
            )
        return results

    def _groups(self, statement_ids: Sequence[str]) -> Iterator[list[str]]:
        """Split what waits, in order: runs of small statements, and each large one by itself."""
        group: list[str] = []
        room = BATCH_BYTES
        for statement_id in statement_ids:
            try:
                stored = self.ports.outbox.load(statement_id)
            except NotFound:
                continue  # Another process has sent it since.
            size = sum(part.size for part in stored.statement.parts)
            is_small = size <= INLINE_BYTES // 4 and all(
                part.size <= INLINE_PART_BYTES for part in stored.statement.parts
            )
            size += len(stored.signed.payload) + _FRAMING_BYTES
            if group and (not is_small or size > room or len(group) == BATCH_STATEMENTS):
                yield group
                group, room = [], BATCH_BYTES
            if not is_small:
                yield [statement_id]
                continue
            group.append(statement_id)
            room -= size
        if group:
            yield group

    def _exchange_of(self, statement_id: str) -> str:
        return self.ports.outbox.load(statement_id).statement.exchange_id

    def _deliver_alone(self, group: Sequence[str]) -> Operation[list[Sent | Queued | Refused]]:
        results: list[Sent | Queued | Refused] = []
        for number, statement_id in enumerate(group):
            if not self.ports.outbox.holds(statement_id):
                continue  # Another process has sent it since.
            exchange_id = self._exchange_of(statement_id)
            try:
                result = yield from self.deliver(statement_id)
            except CallerError as error:
                if not self.ports.outbox.has_refused(statement_id):
                    if error.reason is Reason.STATEMENT_UNKNOWN:
                        continue  # Another process has it.
                    raise
                results.append(Refused(statement_id, exchange_id, error))
                continue
            results.append(result)
            if isinstance(result, Queued) and not isinstance(result.reason, HubInternal):
                rest = group[number + 1 :]
                results += [Queued(each, self._exchange_of(each), result.reason) for each in rest]
                break
        return results

    def _deliver_together(self, group: Sequence[str]) -> Operation[list[Sent | Queued | Refused]]:
        """Send small statements in one call; each has a result of its own."""
        outbox = self.ports.outbox
        with ExitStack() as held:
            locked = [held.enter_context(outbox.sending(each)) for each in group]
            batch = [stored for stored in locked if stored is not None]
            if not batch:
                return []
            try:
                outcomes = yield from self._submit_batch(batch)
            except (HubUnavailable, HubInternal, LimitExceeded) as error:
                return [
                    Queued(each.statement.id, each.statement.exchange_id, error) for each in batch
                ]
            results = [
                self._settle(stored, outcome)
                for stored, outcome in zip(batch, outcomes, strict=True)
            ]
        newest = max(
            (each.receipt.entry.directory_size for each in results if isinstance(each, Sent)),
            default=0,
        )
        yield from self.know_directory(newest)
        return results

    def _settle(
        self, stored: StoredStatement, outcome: tuple[Receipt, pb.Receipt] | ExchangeError
    ) -> Sent | Queued | Refused:
        """Take a statement of a batch out of the outbox, or leave it there to be sent again."""
        statement, outbox = stored.statement, self.ports.outbox
        if isinstance(outcome, tuple):
            receipt, message = outcome
            outbox.settle(stored, message)
            return Sent(statement.id, statement.exchange_id, receipt)
        is_final = isinstance(outcome, CallerError) and outcome.reason not in _LATER
        if is_final and not (isinstance(outcome, NotAuthenticated) and self._is_authentic(stored)):
            outbox.refuse(stored, outcome, self.ports.clock())
            return Refused(statement.id, statement.exchange_id, outcome)
        return Queued(statement.id, statement.exchange_id, outcome)

    def _submit_batch(
        self, batch: Sequence[StoredStatement]
    ) -> Operation[list[tuple[Receipt, pb.Receipt] | ExchangeError]]:
        held = self.ports.trust.head()
        submissions = [
            pb.Submission(
                statement=encode_signed_statement(stored.signed),
                parts=[
                    pb.InlinePart(name=part.name, sealed=stored.part_path(part.name).read_bytes())
                    for part in stored.statement.parts
                ],
            )
            for stored in batch
        ]
        answer = yield from self.ask_with(
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
            yield from self.advance(held, head, original=True)
        log = self.ports.trust.log
        outcomes: list[tuple[Receipt, pb.Receipt] | ExchangeError] = []
        for stored, result in zip(batch, answer.results, strict=True):
            if not result.HasField("entry"):
                outcomes.append(parse_status(result.refusal))
                continue
            if result.tree_head >= len(answer.tree_heads):
                raise Reason.RECEIPT_MISMATCH.error(
                    f"expected a tree head for statement {stored.statement.id}, got none"
                )
            head = answer.tree_heads[result.tree_head]
            receipt = verify_receipt(result.entry, head.checkpoint, stored.statement, log)
            outcomes.append((receipt, pb.Receipt(entry=result.entry, tree_head=head)))
        return outcomes

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
