"""A watch that outlives its connections: what it asks for, keeps, and how long it waits.

The hub ends a watch in good order, or goes away. The client then opens another one from the place
of the last notice. Between two failures in a row it waits longer and longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from agency_client.core.calls import DEADLINES
from agency_client.core.exchanges import Exchanges
from agency_client.core.summaries import take_notice
from agency_client.state.watch_place import WatchPlace
from exchange_protocol.errors import HubUnavailable, InvalidInput, Reason
from exchange_protocol.record.notices import Notice
from exchange_protocol.v1 import exchange_service_pb2 as pb

RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds that a watch waits before it tries again, after one failure, two in a row, and so on."""
LEAST_SECONDS: Final = 1.0
"""Seconds between the beginnings of two calls: a hub that ends each at once is not flooded."""
_EARLY_SECONDS: Final = 1.0
"""gRPC ends a call a little before or after its time."""


@dataclass(kw_only=True)
class Watching:
    """One watch, from its first call to its end.

    Its user opens a call with `request`, for at most `seconds`. Of each answer it first hands on
    the `notice`, and then says that it is `done` with it. Of a failure it asks for the `pause`.
    """

    exchanges: Exchanges
    place: WatchPlace | None
    """The place that is kept; None for a watch that leaves the profile's own alone."""
    from_start: bool
    ends_at: float | None
    """The monotonic time at which it ends; None for never."""
    max_notices: int | None
    _token: str | None = field(default=None, init=False)
    _is_keeper: bool = field(default=False, init=False)
    """True if no other process's watch keeps the place."""
    _count: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)
    _call_ends_at: float = field(default=0.0, init=False)
    _next_call_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if self.place is not None and not self.from_start:
            self._token = self.place.token()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """The block of the watch, in which it keeps the place unless another process does."""
        if self.place is None:
            yield
            return
        with self.place.keeping() as self._is_keeper:
            try:
                yield
            except InvalidInput as error:
                if error.reason is not Reason.RESUME_TOKEN_INVALID:
                    raise
                raise self.place.not_taken(error) from None

    @property
    def goes_on(self) -> bool:
        """True until its time is over, or it has given all the notices that it was asked for."""
        return not self.is_full and self.seconds > 0

    @property
    def is_full(self) -> bool:
        """True if it has given all the notices that it was asked for."""
        return self._count == self.max_notices

    @property
    def seconds(self) -> float:
        """The seconds that a call may last now."""
        return seconds_left(self.ends_at)

    def request(self) -> pb.WatchRequest:
        """The request of a call that begins now, from the place of the last notice."""
        now = time.monotonic()
        self._call_ends_at, self._next_call_at = now + self.seconds, now + LEAST_SECONDS
        return pb.WatchRequest(
            resume_token=self._token or "",
            from_start=self.from_start and self._token is None,
        )

    def notice(self, response: pb.WatchResponse) -> Notice | None:
        """The notice of an answer; None if the hub only told that it is there."""
        self._failures = 0
        if not response.HasField("notice"):
            return None
        return self.exchanges.heed(take_notice(response.notice))

    def done(self, response: pb.WatchResponse) -> None:
        """Keep the place of an answer, once its notice was handled."""
        self._count += response.HasField("notice")
        self._token = response.resume_token
        if self.place is not None and self._is_keeper:
            self.place.keep(self._token)

    @property
    def rest(self) -> float:
        """The seconds to wait after a call that the hub ended in good order."""
        return max(0.0, min(self._next_call_at - time.monotonic(), self.seconds))

    def pause(self, error: HubUnavailable) -> float | None:
        """The seconds to wait after a failure; None if the call ended with its own time."""
        if is_own_end(error, self._call_ends_at):
            return None
        self._failures += 1
        return RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]


def seconds_left(ends_at: float | None) -> float:
    """The seconds that a watch may go on: until a monotonic time, or as long as one call lives."""
    longest = DEADLINES["ExchangeService/Watch"]
    return longest if ends_at is None else min(longest, ends_at - time.monotonic())


def is_own_end(error: HubUnavailable, ends_at: float) -> bool:
    """True if a call ended because the client gave it no more time: the hub is not away."""
    return error.reason is Reason.DEADLINE_EXCEEDED and time.monotonic() > ends_at - _EARLY_SECONDS
