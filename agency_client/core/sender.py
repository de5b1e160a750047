"""Sending from the outbox to the hub: the same bytes until a verified receipt, exactly once.

- A statement is in the outbox, durable, before it is sent. It leaves the outbox when its verified
  receipt is kept.
- A hub that is away, overloaded or broken leaves a statement where it is, and so does evidence
  against the hub.
- A statement that the hub refuses goes to `refused/`: sending it again would not help. But while
  an earlier one that it depends on is still pending, it waits too (`rules.dependencies`).
- Where the hub says when to come back, the client comes back then, within its patience.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, TypeVar

from agency_client.core.calls import Operation, Pause
from agency_client.core.ports import Ports
from agency_client.core.submission import Submission, is_small
from agency_client.core.view import View
from agency_client.core.views import Queued, Refused, Sent
from agency_client.state.outbox_folders import StoredStatement
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
from exchange_protocol.record.receipts import Receipt
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_protocol.rules.judgement import authenticate

STREAM_STATEMENTS: Final = 256
"""Most statements of one stream: then their receipts are kept, and the next ones go."""
PATIENCE_SECONDS = 10.0
"""Longest wait in all, without progress, where the hub says when to come back."""
_LEAST_DELAY_SECONDS: Final = 0.02
"""A hub that says "at once" for ever comes to the end of patience too."""

_LOOK_SECONDS: Final = 0.1
"""Pause before it is looked again whether another process has sent a statement."""

T = TypeVar("T")
SendResult = Sent | Queued | Refused


class Sender:
    """Sends what is in the outbox."""

    def __init__(self, ports: Ports, view: View) -> None:
        self._ports = ports
        self._view = view
        self._submission = Submission(ports, view)
        self._settling = Settling(ports)

    def send_new(self, statement_id: str) -> Operation[Sent | Queued]:
        """Send a statement that was just made, after what still waits before it on its exchange.

        A hub that was away a moment ago is not asked (`reach`): the statement waits.

        Raises:
            CallerError: if the hub refuses it for good; it is kept in `refused/`.
            HubDishonest: if the receipt does not verify; it stays in the outbox.
            NotAuthenticated: if the channel is not let in; it stays in the outbox.
        """
        if (away := self._ports.reach.why_not()) is not None:
            return self._settling.queued(statement_id, away)
        outbox, patience = self._ports.outbox, PATIENCE_SECONDS
        with _naming([statement_id]):
            if outbox.waiting_with([statement_id]) == [statement_id]:
                try:
                    return (yield from self._send(statement_id))
                except NotFound:
                    if outbox.has_refused(statement_id):
                        raise  # The hub says it; what the outbox lacks, another process sends.
            [result] = yield from self.send_new_group([statement_id])
            while isinstance(result, Queued) and _is_taken(result.reason) and patience > 0:
                # Another process sends it, or what goes before it: a moment later that is done.
                yield Pause(_LOOK_SECONDS)
                patience -= _LOOK_SECONDS
                [result] = yield from self.send_new_group([statement_id])
            if isinstance(result, Refused):
                raise result.reason
        return result

    def send_new_group(self, statement_ids: Sequence[str]) -> Operation[list[SendResult]]:
        """Send statements that were just made, in order; gives what came of each.

        Raises:
            HubDishonest, NotAuthenticated: as `send_new`, for all of them.
        """
        if (away := self._ports.reach.why_not()) is not None:
            return [self._settling.queued(each, away) for each in statement_ids]
        with _naming(statement_ids):
            results = yield from self.send_all(self._ports.outbox.waiting_with(statement_ids))
        found = {each.statement_id: each for each in results}
        return [found.get(each) or self._by_another(each) for each in statement_ids]

    def _by_another(self, statement_id: str) -> SendResult:
        """Result of a statement that another process has sent, or sends now.

        Raises:
            NotFound: STATEMENT_UNKNOWN, if it was withdrawn.
        """
        outbox = self._ports.outbox
        if outbox.holds(statement_id):
            return self._settling.queued(statement_id, _taken(statement_id))
        if kept := outbox.receipt(statement_id):
            return Sent(statement_id, kept.exchange_id, self._submission.read_again(kept))
        for each in outbox.refused():
            if each.entry.statement_id == statement_id:
                error = each.reason.error(each.message)
                return Refused(statement_id, each.entry.exchange_id, error)
        raise _taken(statement_id)

    def flush(self) -> Operation[list[SendResult]]:
        """Send all that waits, oldest first; stops trying when the hub is away.

        Raises:
            HubDishonest: if a receipt does not verify.
            NotAuthenticated: if the channel is not let in.
        """
        waiting = [entry.statement_id for entry in self._ports.outbox.pending()]
        return (yield from self.send_all(waiting))

    def send_all(self, statement_ids: Sequence[str]) -> Operation[list[SendResult]]:
        """Send statements of the outbox in order; small ones go together in a stream.

        A statement waits while another one that it depends on is pending (`rules.dependencies`).

        Raises:
            HubDishonest: if a receipt does not verify.
            NotAuthenticated: if the channel is not let in.
        """
        results: dict[str, SendResult] = {}
        left, pending = deque(statement_ids), DependencyTracker()
        away: ExchangeError | None = None
        patience = PATIENCE_SECONDS
        while left:
            group = self._take_group(left)
            if not group:
                break
            if away is not None:
                results |= {each: self._settling.queued(each, away) for each in group}
                continue
            if len(group) > 1:
                sent, unanswered = yield from self._send_together(group, pending)
                left.extendleft(reversed(unanswered))
            else:
                sent = yield from self._send_alone(group[0], pending)
            results |= {each.statement_id: each for each in sent}
            if any(isinstance(each, Sent) for each in sent):
                patience = PATIENCE_SECONDS
            reasons = {each.statement_id: each.reason for each in sent if isinstance(each, Queued)}
            delay = max(map(_delay, reasons.values()), default=math.inf)
            if reasons and delay <= patience:
                # The hub has said of all that it put off when to come back.
                yield Pause(delay)
                patience -= delay
                pending = DependencyTracker()
                left.extendleft(reversed(reasons))
                continue
            # A statement at which the hub fails inside must not hold up the others.
            away = next((each for each in reasons.values() if _is_away(each)), None)
        return [results[each] for each in statement_ids if each in results]

    def _send(
        self, statement_id: str, *, patience: float | None = None
    ) -> Operation[Sent | Queued]:
        """Send one statement; `patience` is how many seconds it may wait to do so."""
        patience = PATIENCE_SECONDS if patience is None else patience
        with self._ports.outbox.sending(statement_id) as stored:
            if stored is None:
                raise _taken(statement_id)
            self._ports.outbox.note_trial(stored)
            try:
                receipt = yield from _patiently(patience, lambda: self._submission.submit(stored))
            except (HubUnavailable, HubInternal, CallerError) as error:
                if error.is_final:
                    if self._settling.is_refusal(stored, error):
                        self._settling.refuse(stored, error)
                    raise
                return Queued(stored.statement.id, stored.statement.exchange_id, error)
            sent = self._settling.settle(stored, receipt)
        yield from self._view.know_directory(receipt.entry.directory_size)
        return sent

    def _send_alone(
        self, statement_id: str, pending: DependencyTracker
    ) -> Operation[list[SendResult]]:
        """Send one statement by itself; gives nothing where another process has it."""
        outbox = self._ports.outbox
        try:
            statement = outbox.load(statement_id).statement
        except NotFound:
            return []  # Another process has sent it since.
        reason = pending.why_put_off(statement)
        if reason is not None:
            return [Queued(statement_id, statement.exchange_id, reason)]
        try:
            result = yield from self._send(statement_id, patience=0.0)
        except CallerError as error:
            if outbox.has_refused(statement_id):
                return [Refused(statement_id, statement.exchange_id, error)]
            if error.reason is not Reason.STATEMENT_UNKNOWN:
                raise
            if outbox.holds(statement_id):
                pending.put_off(statement, _taken(statement_id))
            return []
        if isinstance(result, Queued):
            pending.put_off(statement, result.reason)
        return [result]

    def _send_together(
        self, group: Sequence[str], pending: DependencyTracker
    ) -> Operation[tuple[list[SendResult], list[str]]]:
        """Send small statements in a stream; gives the result of each, and those to send anew.

        Statements that a cut stream left unanswered go in another one, as long as each brings an
        answer. A stream that failed before the first answer may have failed at the first statement:
        that one is sent by itself, so that an error is its own.
        """
        outbox = self._ports.outbox
        results: list[SendResult] = []
        with ExitStack() as held:
            batch: list[StoredStatement] = []
            for statement_id in group:
                stored = held.enter_context(outbox.sending(statement_id))
                if stored is None:
                    if outbox.holds(statement_id):
                        there = outbox.load(statement_id).statement
                        pending.put_off(there, _taken(statement_id))
                elif reason := pending.why_put_off(stored.statement):
                    results.append(Queued(statement_id, stored.statement.exchange_id, reason))
                else:
                    batch.append(stored)
            if not batch:
                return results, []
            for stored in batch:
                outbox.note_trial(stored)
            streamed = yield from self._submission.submit_stream(batch)
            answered = len(streamed.outcomes)
            outcomes = [*streamed.outcomes]
            cut = streamed.cut
            if cut is not None and not answered and _puts_off(cut):
                outcomes = [cut] * len(batch)
            results += [
                self._settling.take(stored, outcome, pending)
                for stored, outcome in zip(batch, outcomes, strict=False)
            ]
            left = [stored.statement.id for stored in batch[len(outcomes) :]]
        newest = max(
            (each.receipt.entry.directory_size for each in results if isinstance(each, Sent)),
            default=0,
        )
        try:
            yield from self._view.know_directory(newest)
        except HubUnavailable:
            # Where the hub has gone in the middle, the next receipt or exchange asks for it again.
            if cut is None:
                raise
        if isinstance(cut, NotAuthenticated):
            raise cut
        if left and not answered:
            results += yield from self._send_alone(left.pop(0), pending)
        return results, left

    def _take_group(self, left: deque[str]) -> list[str]:
        """Take what goes together, in order: a run of small statements, or a large one alone."""
        group: list[str] = []
        while left and len(group) < STREAM_STATEMENTS:
            try:
                is_alone = not is_small(self._ports.outbox.load(left[0]))
            except NotFound:
                left.popleft()  # Another process has sent it since.
                continue
            if group and is_alone:
                break
            group.append(left.popleft())
            if is_alone:
                break
        return group


class Settling:
    """Takes statements out of the outbox, or leaves them there to be sent again."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def settle(self, stored: StoredStatement, receipt: Receipt) -> Sent:
        """Keep the verified receipt, and let the statement go."""
        self._ports.outbox.settle(stored, receipt)
        return Sent(stored.statement.id, stored.statement.exchange_id, receipt)

    def is_refusal(self, stored: StoredStatement, error: ExchangeError) -> bool:
        """True if an error refuses the statement for good, and not only the channel."""
        is_channels = isinstance(error, NotAuthenticated) and self._is_authentic(stored)
        return error.is_final and not is_channels

    def refuse(self, stored: StoredStatement, error: ExchangeError) -> Refused:
        """Move a statement aside that is refused for good."""
        self._ports.outbox.refuse(stored, error, self._ports.clock())
        statement = stored.statement
        if statement.id == statement.exchange_id:
            # There is no such exchange. A fault of the disk must not hide the refusal.
            with suppress(ExchangeError, OSError):
                self._ports.search_index.forget([statement.id])
        return Refused(stored.statement.id, stored.statement.exchange_id, error)

    def queued(self, statement_id: str, reason: ExchangeError) -> Queued:
        """A statement that waits."""
        exchange_id = self._ports.outbox.load(statement_id).statement.exchange_id
        return Queued(statement_id, exchange_id, reason)

    def take(
        self, stored: StoredStatement, outcome: Receipt | ExchangeError, pending: DependencyTracker
    ) -> SendResult:
        """Settle a statement of a stream by its outcome."""
        statement = stored.statement
        if isinstance(outcome, Receipt):
            return self.settle(stored, outcome)
        if self.is_refusal(stored, outcome):
            # Refused because an earlier one is still pending, it would be good after that.
            reason = pending.why_put_off(statement)
            if reason is None:
                return self.refuse(stored, outcome)
            outcome = reason
        pending.put_off(statement, outcome)
        return Queued(statement.id, statement.exchange_id, outcome)

    def _is_authentic(self, stored: StoredStatement) -> bool:
        """True if a statement's own certificate and signature are good, as far as is known here."""
        ports = self._ports
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


def _patiently(patience: float, ask: Callable[[], Operation[T]]) -> Operation[T]:
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


@contextmanager
def _naming(statement_ids: Sequence[str]) -> Iterator[None]:
    """A block whose error names what was kept before: its caller would else say it again."""
    try:
        yield
    except ExchangeError as error:
        error.kept = tuple(statement_ids)
        raise


def _taken(statement_id: str) -> ExchangeError:
    return Reason.STATEMENT_UNKNOWN.error(
        f"statement {statement_id} is not in the outbox, or another process sends it"
    )


def _is_taken(error: ExchangeError) -> bool:
    """True if another process sends a statement."""
    return error.reason is Reason.STATEMENT_UNKNOWN


def _puts_off(error: ExchangeError) -> bool:
    """True if an error that ended a call holds for whatever else could be sent now."""
    return isinstance(error, HubUnavailable) or _delay(error) < math.inf


def _is_away(error: ExchangeError) -> bool:
    """True if there is no use in sending the hub anything else now."""
    return isinstance(error, HubUnavailable | LimitExceeded | NotAuthenticated)


def _delay(error: ExchangeError) -> float:
    """The seconds after which the hub said to come back; never, where it did not say."""
    delay = error.retry_after_seconds if isinstance(error, LimitExceeded) else None
    return math.inf if delay is None else max(delay, _LEAST_DELAY_SECONDS)
