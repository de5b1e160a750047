"""Watches: what becomes visible to an agency, in order, from a resume token on.

- A token names a place in the agency's own feed (`FeedPosition`). It is opaque to clients and has
  one spelling; it is no secret and grants nothing, since a feed shows an agency only what it may
  see.
- The place moves with every notice that was written, so a client that resumes with the last token
  it saw loses nothing and sees nothing twice.
- A silent watch sends a heartbeat with its token, so that either side notices a dead connection. At
  each turn the caller's certificate is looked at again: a revoked caller's watch ends.
- A watch ends in good order after its life, and with UNAVAILABLE when the hub stops; the client
  resumes in both cases. An agency may hold a bounded number of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from exchange_protocol.errors import Reason
from exchange_protocol.record.notices import encode_notice
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.fairness.counts import ALONE, Cell, Counts
from exchange_server.fairness.shares import Shares
from exchange_server.ledger import FeedPosition, Ledger, Reader
from exchange_server.rpc.calls import current_call, current_caller
from exchange_server.rpc.identity import PeerVerifier

_NOTICES_AT_ONCE: Final = 256
_SETTLE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """Bounds of watches."""

    heartbeat_seconds: float
    life_seconds: float
    per_agency: int


class Watches:
    """All watches of the hub."""

    def __init__(
        self,
        ledger: Ledger,
        reader: Reader,
        peers: PeerVerifier,
        limits: WatchLimits,
        counts: Counts = ALONE,
    ) -> None:
        """Follow the ledger's growth, and read the feeds."""
        self._ledger = ledger
        self._reader = reader
        self._peers = peers
        self._limits = limits
        self._shares = Shares(
            limits.per_agency,
            Reason.TOO_MANY,
            "watches",
            free_in=lambda held_seconds: limits.life_seconds - held_seconds,
            cell=Cell.WATCHES,
            counts=counts,
        )
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End every watch, and refuse new ones, with UNAVAILABLE."""
        self._stopping.set()

    async def watch(self, request: pb.WatchRequest) -> AsyncGenerator[pb.WatchResponse]:
        """Serve the caller's feed until the watch's life ends."""
        agency = current_caller().agency
        with self._shares.one_more(agency):
            position = self._start(request)
            # At once, so that the client holds a token to resume with before anything happens.
            yield pb.WatchResponse(resume_token=position.token)
            now = asyncio.get_running_loop().time
            said_at = now()
            ends_at = said_at + self._limits.life_seconds
            while (began_at := now()) < ends_at:
                self._verify_may_go_on()
                # Read before the feed: what is committed in between wakes the next wait.
                tree_size = self._ledger.tree_size
                notices = await self._reader.feed(agency, position, _NOTICES_AT_ONCE)
                for each in notices:
                    position = each.position
                    yield pb.WatchResponse(
                        resume_token=position.token, notice=encode_notice(each.notice)
                    )
                if notices:
                    said_at = now()
                elif now() - said_at >= self._limits.heartbeat_seconds:
                    said_at = now()
                    yield pb.WatchResponse(resume_token=position.token)
                if len(notices) == _NOTICES_AT_ONCE:
                    continue
                # Many watches of a busy log would otherwise read their feeds at every commit.
                await asyncio.sleep(max(0.0, began_at + _SETTLE_SECONDS - now()))
                until = min(ends_at, said_at + self._limits.heartbeat_seconds)
                await self._wait_for_growth(tree_size, max(0.0, until - now()))

    def _start(self, request: pb.WatchRequest) -> FeedPosition:
        if request.resume_token and request.from_start:
            raise Reason.INVALID_FIELD.error(
                "expected a resume token or from_start, got both", field="from_start"
            )
        if request.resume_token:
            return FeedPosition.parse(request.resume_token)
        return FeedPosition.after_tree_size(0 if request.from_start else self._ledger.tree_size)

    def _verify_may_go_on(self) -> None:
        if self._stopping.is_set():
            raise Reason.UNAVAILABLE.error("the hub is stopping; resume the watch")
        certificate = current_call().certificate
        if certificate is not None:
            self._peers.verify_still_good(certificate)

    async def _wait_for_growth(self, tree_size: int, seconds: float) -> None:
        """Wait until the log grows or the hub stops, but not longer than that."""
        growth = asyncio.ensure_future(self._ledger.wait_for_growth(tree_size, seconds))
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({growth, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            growth.cancel()
            stop.cancel()
