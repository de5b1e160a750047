"""From the outbox to the hub: the same bytes until a verified receipt, exactly once.

 1. The statement is in the outbox, durable, before this begins.
 2. Large parts are uploaded; what the hub staged before is taken again by its digest.
 3. The statement is submitted. The hub knows it by author and id, and gives the original receipt to
    whoever sends it again.
 4. The receipt is verified: the log key, the proof, the statement that it names; its checkpoint is
    consistent with what was seen.
 5. The receipt is kept, then the statement leaves the outbox.

A hub that is away, overloaded or broken leaves the statement where it is, and so does evidence
against the hub. What the hub refuses goes to `refused/`: sending it again would not help. That is
not so while what it follows on is not settled: until then it waits too (`rules.series`). Where the
hub says when to come back, the client comes back then, within its patience.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from agency_client.core.calls import MAX_CHUNK_BYTES, Operation, Pause, Upload
from agency_client.core.statuses import parse_status
from agency_client.core.verifying import Verifying
from agency_client.core.views import Queued, Refused, Sent
from agency_client.state.outbox import StoredStatement
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
from exchange_protocol.record.receipts import Receipt, verify_receipt
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.judgement import authenticate
from exchange_protocol.rules.statements import Part, encode_signed_statement
from exchange_protocol.v1 import exchange_service_pb2 as pb

INLINE_PART_BYTES = 256 * 1024
INLINE_BYTES = 1024 * 1024
"""Sealed bytes that ride in one Submit, each part and in all; the rest is uploaded before."""

MIN_BATCH = 8
"""Statements that wait together from which on they are sent in one call."""
BATCH_STATEMENTS = 256
BATCH_BYTES = 3 * 1024 * 1024
"""In one SubmitBatch, at most: the hub takes messages of 4 MiB."""
_FRAMING_BYTES = 1024
"""Signature, path and field tags of one statement, generously."""
PATIENCE_SECONDS = 10.0
"""How long the client waits in all, without coming further, where the hub says when to come."""
_LEAST_DELAY_SECONDS = 0.02
"""A hub that says "at once" for ever comes to the end of patience too."""

T = TypeVar("T")


class Delivering(Verifying):
    """Sends what is in the outbox."""

    def deliver(
        self, statement_id: str, *, patience: float = PATIENCE_SECONDS
    ) -> Operation[Sent | Queued]:
        """Send one statement of the outbox; `patience` is how many seconds it may wait to do so.

        Raises:
            CallerError: if the hub refuses it for good; it is kept in `refused/`. Where it is the
                channel that was not let in, the statement stays in the outbox.
            HubDishonest: if the receipt does not verify; it stays in the outbox.
        """
        outbox = self.ports.outbox
        with outbox.sending(statement_id) as stored:
            if stored is None:
                raise _taken(statement_id)
            statement = stored.statement
            try:
                receipt, message = yield from self._patiently(
                    patience, lambda: self._submit(stored)
                )
            except (HubUnavailable, HubInternal) as error:
                return Queued(statement.id, statement.exchange_id, error)
            except CallerError as error:
                if not error.is_final:
                    return Queued(statement.id, statement.exchange_id, error)
                if not (isinstance(error, NotAuthenticated) and self._is_authentic(stored)):
                    outbox.refuse(stored, error, self.ports.clock())
                raise
            outbox.settle(stored, message)
        yield from self.know_directory(receipt.entry.directory_size)
        return Sent(statement.id, statement.exchange_id, receipt)

    def deliver_new(self, statement_id: str) -> Operation[Sent | Queued]:
        """Send a statement that was just made, after what still waits before it on its exchange.

        Raises as `deliver` does.
        """
        outbox = self.ports.outbox
        before = outbox.waiting_before(outbox.load(statement_id).statement)
        if not before:
            return (yield from self.deliver(statement_id))
        results = yield from self.deliver_all([*before, statement_id])
        for result in results:
            if result.statement_id == statement_id:
                if isinstance(result, Refused):
                    raise result.reason
                return result
        raise _taken(statement_id)

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

        What follows on a statement that is not settled waits with it (`rules.series`).

        Raises:
            HubDishonest: if a receipt does not verify.
            NotAuthenticated: if the channel is not let in.
        """
        results: dict[str, Sent | Queued | Refused] = {}
        left, series, most = deque(statement_ids), DependencyTracker(), BATCH_STATEMENTS
        away: ExchangeError | None = None
        patience = PATIENCE_SECONDS
        while left:
            group = self._take_group(left, most)
            if away is not None:
                results |= {each: self._queued(each, away) for each in group}
                continue
            try:
                if len(group) >= MIN_BATCH:
                    sent = yield from self._deliver_together(group, series)
                else:
                    sent = yield from self._deliver_alone(group, series)
            except LimitExceeded as error:
                if not error.is_final or len(group) == 1:
                    raise
                # This hub takes smaller messages than others do.
                most = len(group) // 2
                left.extendleft(reversed(group))
                continue
            results |= {each.statement_id: each for each in sent}
            if any(isinstance(each, Sent) for each in sent):
                patience = PATIENCE_SECONDS
            reasons = {each.statement_id: each.reason for each in sent if isinstance(each, Queued)}
            delay = max(map(_delay, reasons.values()), default=math.inf)
            if reasons and delay <= patience:
                # The hub has said of all that it put off when to come back.
                yield Pause(delay)
                patience -= delay
                series = DependencyTracker()
                left.extendleft(reversed(reasons))
                continue
            # A statement at which the hub fails inside must not hold up the others.
            away = next((each for each in reasons.values() if _is_away(each)), None)
        return [results[each] for each in statement_ids if each in results]

    def _take_group(self, left: deque[str], most: int) -> list[str]:
        """Take what goes together, in order: a run of small statements, or a large one alone."""
        group: list[str] = []
        room = BATCH_BYTES
        while left and len(group) < most:
            try:
                stored = self.ports.outbox.load(left[0])
            except NotFound:
                left.popleft()  # Another process has sent it since.
                continue
            size = sum(part.size for part in stored.statement.parts)
            is_small = size <= INLINE_BYTES // 4 and all(
                part.size <= INLINE_PART_BYTES for part in stored.statement.parts
            )
            size += len(stored.signed.payload) + _FRAMING_BYTES
            if group and (not is_small or size > room):
                break
            group.append(left.popleft())
            if not is_small:
                break
            room -= size
        return group

    def _queued(self, statement_id: str, reason: ExchangeError) -> Queued:
        exchange_id = self.ports.outbox.load(statement_id).statement.exchange_id
        return Queued(statement_id, exchange_id, reason)

    def _deliver_alone(
        self, group: Sequence[str], series: DependencyTracker
    ) -> Operation[list[Sent | Queued | Refused]]:
        outbox = self.ports.outbox
        results: list[Sent | Queued | Refused] = []
        away: ExchangeError | None = None
        for statement_id in group:
            try:
                statement = outbox.load(statement_id).statement
            except NotFound:
                continue  # Another process has sent it since.
            reason = away or series.why_put_off(statement)
            if reason is not None:
                results.append(Queued(statement_id, statement.exchange_id, reason))
                continue
            try:
                result = yield from self.deliver(statement_id, patience=0.0)
            except CallerError as error:
                if outbox.has_refused(statement_id):
                    results.append(Refused(statement_id, statement.exchange_id, error))
                    continue
                if error.reason is not Reason.STATEMENT_UNKNOWN:
                    raise
                if outbox.holds(statement_id):
                    series.put_off(statement, _taken(statement_id))
                continue
            results.append(result)
            if isinstance(result, Queued):
                series.put_off(statement, result.reason)
                away = result.reason if _is_away(result.reason) else None
        return results

    def _deliver_together(
        self, group: Sequence[str], series: DependencyTracker
    ) -> Operation[list[Sent | Queued | Refused]]:
        """Send small statements in one call; each has a result of its own.

        Raises:
            LimitExceeded: if they are too much for one call; the outbox still holds them all.
        """
        outbox = self.ports.outbox
        results: list[Sent | Queued | Refused] = []
        with ExitStack() as held:
            batch: list[StoredStatement] = []
            for statement_id in group:
                stored = held.enter_context(outbox.sending(statement_id))
                if stored is None:
                    if outbox.holds(statement_id):
                        there = outbox.load(statement_id).statement
                        series.put_off(there, _taken(statement_id))
                elif reason := series.why_put_off(stored.statement):
                    results.append(Queued(statement_id, stored.statement.exchange_id, reason))
                else:
                    batch.append(stored)
            if not batch:
                return results
            try:
                outcomes = yield from self._submit_batch(batch)
            except (HubUnavailable, HubInternal, LimitExceeded) as error:
                if error.is_final:
                    raise
                outcomes = [error] * len(batch)
            results += [
                self._settle(stored, outcome, series)
                for stored, outcome in zip(batch, outcomes, strict=True)
            ]
        newest = max(
            (each.receipt.entry.directory_size for each in results if isinstance(each, Sent)),
            default=0,
        )
        yield from self.know_directory(newest)
        return results

    def _patiently(self, patience: float, ask: Callable[[], Operation[T]]) -> Operation[T]:
        """Ask the hub; where it says when to come back, and that is soon, come back then."""
        while True:
            try:
                return (yield from ask())
            except LimitExceeded as error:
                delay = _delay(error)
                if error.is_final or delay > patience:
                    raise
            yield Pause(delay)
            patience -= delay

    def _settle(
        self,
        stored: StoredStatement,
        outcome: tuple[Receipt, pb.Receipt] | ExchangeError,
        series: DependencyTracker,
    ) -> Sent | Queued | Refused:
        """Take a statement of a batch out of the outbox, or leave it there to be sent again."""
        statement, outbox = stored.statement, self.ports.outbox
        if isinstance(outcome, tuple):
            receipt, message = outcome
            outbox.settle(stored, message)
            return Sent(statement.id, statement.exchange_id, receipt)
        is_channels = isinstance(outcome, NotAuthenticated) and self._is_authentic(stored)
        if outcome.is_final and not is_channels:
            # Refused for want of one that will be sent again, it would be good after that.
            reason = series.why_put_off(statement)
            if reason is None:
                outbox.refuse(stored, outcome, self.ports.clock())
                return Refused(statement.id, statement.exchange_id, outcome)
            outcome = reason
        series.put_off(statement, outcome)
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


def _taken(statement_id: str) -> ExchangeError:
    return Reason.STATEMENT_UNKNOWN.error(
        f"statement {statement_id} is not in the outbox, or another process sends it"
    )


def _is_away(error: ExchangeError) -> bool:
    """Whether there is no use in sending the hub anything else now."""
    return isinstance(error, HubUnavailable | LimitExceeded | NotAuthenticated)


def _delay(error: ExchangeError) -> float:
    """When the hub said to come back; never, where it did not say."""
    delay = error.retry_after_seconds if isinstance(error, LimitExceeded) else None
    return math.inf if delay is None else max(delay, _LEAST_DELAY_SECONDS)


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
