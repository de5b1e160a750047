"""The drivers: they perform the calls of the core's operations, blocking or with asyncio.

Rules of this module:

- An operation is driven to its end. An error of a call goes on in the operation, which may handle
  it.
- A closed client makes no call: CLIENT_CLOSED. Nor does one in a process that was forked since:
  where a thread was in a call meanwhile, a call there can wait for ever, beyond its deadline.
- The driver remembers of each call whether the hub was there (`core.reach`): a new statement is not
  offered to a hub that was away a moment ago.
- Only asyncio: equal questions that are under way at the same time are asked once, and statements
  that are ready at the same time are signed with one signature and sent together. So a `gather`
  over hundreds of requests makes a few signatures and a few calls.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from agency_client.core import Call, Core, Operation, Together, Unary
from agency_client.core.calls import Pause, Sign
from agency_client.core.given import listed
from agency_client.core.submission import is_small
from agency_client.core.views import Queued, Refused, Sent
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.envelope import MAX_BATCH
from exchange_protocol.v1 import exchange_service_pb2 as pb

T = TypeVar("T")

_SHARED: Final = frozenset({"DirectoryService/ListDirectoryEntries", "ExchangeService/PlanRoute"})
"""Questions that many statements ask at the same time, and whose answers serve them all."""

_MOST_BUILT: Final = 64
"""Statements that are built at the same time: each holds a file while it waits for an answer."""


class Link(Protocol):
    """Link to a hub: a channel, or a hub in memory."""

    def perform(self, call: Call) -> Any:
        """Make a call; gives what the call's docstring says, or raises an `ExchangeError`."""

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds; it may end earlier, in good order."""

    def close(self) -> None:
        """Give up the connection."""


class AsyncLink(Protocol):
    """The asyncio twin of `Link`."""

    async def perform(self, call: Call) -> Any:
        """Make a call; gives what the call's docstring says, or raises an `ExchangeError`."""

    def watch(self, request: pb.WatchRequest, seconds: float) -> AsyncIterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds; it may end earlier, in good order."""

    async def close(self) -> None:
        """Give up the connection."""


class Driver:
    """Drives operations, one call after the other; may be shared by threads."""

    def __init__(self, core: Core, link: Link) -> None:
        self._core = core
        self.link = link
        self._is_closed = False
        self._process = os.getpid()

    def run(self, operation: Operation[T]) -> T:
        """Perform an operation's calls until it gives its result."""
        try:
            self._check_open()
            call = next(operation)
            while True:
                if isinstance(call, Pause):
                    self.pause(call.seconds)
                    call = next(operation)
                    continue
                try:
                    answer = self._sign(call) if isinstance(call, Sign) else self._perform(call)
                except Exception as error:  # noqa: BLE001 - it goes on in the operation
                    call = operation.throw(error)
                else:
                    call = operation.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            operation.close()

    def send(self, keeping: Operation[str]) -> Sent | Queued:
        """Run an operation that keeps a statement in the outbox, then send the statement."""
        return self.run(self._core.sender.send_new(self.run(keeping)))

    def send_batch(
        self, act: str, several: Iterable[Mapping[str, Any]]
    ) -> list[Sent | Queued | Refused]:
        """Do an act many times: groups of up to 4,096 under one signature each."""
        results: list[Sent | Queued | Refused] = []
        for group in _groups(several):
            kept = self.run(self._core.acts.initial_batch(act, group))
            results += self.run(self._core.sender.send_new_group(kept))
        return results

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds."""
        self._check_open()
        return self.link.watch(request, seconds)

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def close(self) -> None:
        """Give up the connection."""
        self._is_closed = True
        if os.getpid() == self._process:  # Of another process it is that one's to close.
            self.link.close()

    def _sign(self, call: Sign) -> SignedStatement:
        return self._core.ports.vault.sign(call.payload)

    def _perform(self, call: Call) -> Any:
        reach = self._core.ports.reach
        with reach.heeding():
            answer = self.link.perform(call)
        if isinstance(call, Together):
            reach.heed(answer)
        return answer

    def _check_open(self) -> None:
        _check_process(self._process)
        if self._is_closed:
            raise _closed()


class AsyncDriver:
    """Drives operations on one event loop; several may be under way at the same time."""

    def __init__(self, core: Core, link: AsyncLink) -> None:
        self._core = core
        self.link = link
        self._is_closed = False
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop of the first call; the connection and what waits here are that loop's."""
        self._asked: dict[tuple[str, bytes], asyncio.Future[Any]] = {}
        """Shared questions that are under way."""
        self._ready: list[tuple[str, asyncio.Future[Sent | Queued]]] = []
        """Statements that are ready to be sent."""
        self._sender: asyncio.Task[None] | None = None
        self._unsigned: list[tuple[bytes, asyncio.Future[SignedStatement]]] = []
        """Payloads that are ready to be signed."""
        self._building = asyncio.Semaphore(_MOST_BUILT)

    async def run(self, operation: Operation[T]) -> T:
        """Perform an operation's calls until it gives its result."""
        try:
            self._check_open()
            call = next(operation)
            while True:
                if isinstance(call, Pause):
                    await self.pause(call.seconds)
                    call = next(operation)
                    continue
                try:
                    if isinstance(call, Sign):
                        answer: Any = await self._sign(call)
                    else:
                        answer = await self._share(call)
                except Exception as error:  # noqa: BLE001 - it goes on in the operation
                    call = operation.throw(error)
                else:
                    call = operation.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            operation.close()

    async def send(self, keeping: Operation[str]) -> Sent | Queued:
        """Run an operation that keeps a statement in the outbox, then send the statement.

        Small statements wait while others are being sent, and then go together.
        """
        async with self._building:
            statement_id = await self.run(keeping)
        if not is_small(self._core.ports.outbox.load(statement_id)):
            return await self.run(self._core.sender.send_new(statement_id))
        future: asyncio.Future[Sent | Queued] = asyncio.get_running_loop().create_future()
        self._ready.append((statement_id, future))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_ready())
        return await future

    async def send_batch(
        self, act: str, several: Iterable[Mapping[str, Any]]
    ) -> list[Sent | Queued | Refused]:
        """Do an act many times: groups of up to 4,096 under one signature each."""
        results: list[Sent | Queued | Refused] = []
        for group in _groups(several):
            kept = await self.run(self._core.acts.initial_batch(act, group))
            results += await self.run(self._core.sender.send_new_group(kept))
        return results

    def watch(self, request: pb.WatchRequest, seconds: float) -> AsyncIterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds."""
        self._check_open()
        return self.link.watch(request, seconds)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Give up the connection; statements that are still being sent stay in the outbox."""
        self._is_closed = True
        if os.getpid() != self._process:
            return  # It is that one's to close.
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
            # What became ready meanwhile stays in the outbox, and nobody sends it.
            for _, future in self._ready:
                future.cancel()
        await self.link.close()

    async def _send_ready(self) -> None:
        while self._ready:
            group, self._ready = self._ready, []
            try:
                if len(group) > 1:
                    await self._send_group(group)
                else:
                    await self._send_one(*group[0])
            finally:
                for _, future in group:
                    future.cancel()  # Only those that have no result: this was cancelled.

    async def _send_one(self, statement_id: str, future: asyncio.Future[Sent | Queued]) -> None:
        try:
            sent = await self.run(self._core.sender.send_new(statement_id))
        except Exception as error:  # noqa: BLE001 - it is raised where the statement was made
            _settle(future, error)
        else:
            _settle(future, sent)

    async def _send_group(self, group: list[tuple[str, asyncio.Future[Sent | Queued]]]) -> None:
        statement_ids = [each for each, _ in group]
        try:
            results = await self.run(self._core.sender.send_new_group(statement_ids))
        except Exception as error:  # noqa: BLE001 - it is raised where the statements were made
            for _, future in group:
                _settle(future, error)
            return
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result.reason if isinstance(result, Refused) else result)

    def _sign(self, call: Sign) -> asyncio.Future[SignedStatement]:
        """Sign a payload together with all that are ready in this turn of the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[SignedStatement] = loop.create_future()
        self._unsigned.append((call.payload, future))
        if len(self._unsigned) == 1:
            loop.call_soon(self._sign_ready)
        return future

    def _sign_ready(self) -> None:
        ready, self._unsigned = self._unsigned, []
        vault = self._core.ports.vault
        payloads = [payload for payload, _ in ready]
        try:
            signed = vault.sign_batch(payloads) if len(ready) > 1 else [vault.sign(payloads[0])]
        except Exception as error:  # noqa: BLE001 - it is raised where the statements were made
            for _, future in ready:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), statement in zip(ready, signed, strict=True):
            if not future.done():
                future.set_result(statement)

    async def _share(self, call: Call) -> Any:
        """Perform a call, or wait for the answer to an equal one that is under way."""
        if not isinstance(call, Unary) or call.method not in _SHARED:
            return await self._perform(call)
        question = call.method, call.request.SerializeToString(deterministic=True)
        asked = self._asked.get(question)
        if asked is None:
            asked = self._asked[question] = asyncio.ensure_future(self._perform(call))
            asked.add_done_callback(lambda done: self._answered(question, done))
        # One caller that gives up must not end the call of the others.
        return await asyncio.shield(asked)

    def _answered(self, question: tuple[str, bytes], done: asyncio.Future[Any]) -> None:
        del self._asked[question]
        if not done.cancelled():
            done.exception()  # Every caller may have given up; asyncio would complain.

    async def _perform(self, call: Call) -> Any:
        reach = self._core.ports.reach
        with reach.heeding():
            answer = await self.link.perform(call)
        if isinstance(call, Together):
            reach.heed(answer)
        return answer

    def _check_open(self) -> None:
        _check_process(self._process)
        if self._is_closed:
            raise _closed()
        # Before anything is kept: another loop would keep a statement, and fail to send it.
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise Reason.CLIENT_CLOSED.error(
                "the client was used in another event loop, and serves that alone: open one in "
                "each, inside the coroutine that `asyncio.run` is given"
            )


def _groups(several: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The statements under one signature."""
    left = iter(listed(several, "requests"))
    while group := list(islice(left, MAX_BATCH)):
        yield group


def _settle(future: asyncio.Future[Sent | Queued], outcome: Sent | Queued | BaseException) -> None:
    """Give a caller its outcome, if it still waits."""
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _closed() -> ExchangeError:
    return Reason.CLIENT_CLOSED.error(
        "the client is closed: make the call inside its `with` block, or open a new client"
    )


def _check_process(opened_in: int) -> None:
    """Raise CLIENT_CLOSED in another process than the one that opened the client."""
    if os.getpid() != opened_in:
        raise Reason.CLIENT_CLOSED.error(
            "the client was opened before this process was forked, and serves that process alone: "
            "open one in each process, after the fork"
        )
