"""The blocking client: the core's operations, performed one call after the other.

Each method is its twin in `_calls`, driven to its end. A client may be shared by threads.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from agency_client._channel import Channel
from agency_client.core import Call, Operation, Operations
from agency_client.core.calls import RETRY_SECONDS, Pause, seconds_left
from agency_client.core.core import make_ports
from agency_client.core.drafting import parse_code
from agency_client.core.summaries import check_unlisted, parse_notice
from agency_client.core.views import ExchangeSummary, Notice
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Profile
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb

P = ParamSpec("P")
T = TypeVar("T")


class Link(Protocol):
    """What performs calls: the channel to a hub, or a hub in memory."""

    def perform(self, call: Call) -> Any:
        """Make a call; gives what the call's docstring says, or raises an `ExchangeError`."""

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """Open a watch for at most so many seconds; it may end earlier, in good order."""

    def close(self) -> None:
        """Give up the connection."""


def _method(
    operation: Callable[Concatenate[Operations, P], Operation[T]],
) -> Callable[Concatenate[ExchangeClient, P], T]:
    @wraps(operation)
    def method(self: ExchangeClient, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._drive(operation(self._operations, *args, **kwargs))

    return method  # type: ignore[return-value] # `wraps` hides that self comes by place


class ExchangeClient:
    """One agency's access to the exchange; use it in a `with` block."""

    def __init__(
        self,
        profile: Profile,
        *,
        link: Link | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.profile = profile
        self._operations = Operations(make_ports(profile, clock, random))
        self._link = link or Channel(profile, clock)

    @classmethod
    def from_profile(cls, profile: str | os.PathLike[str] | Profile) -> Self:
        """Open a profile by its folder or its name."""
        return cls(profile if isinstance(profile, Profile) else Profile.load(profile))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel."""
        self._link.close()

    @property
    def member(self) -> Member:
        """As whom statements are signed; raises KEY_UNAVAILABLE for a profile that cannot sign."""
        return self._operations.ports.vault.member

    @property
    def agency(self) -> AgencyId:
        """The agency that this client speaks for."""
        return self._operations.agency

    @property
    def directory(self) -> Directory:
        """The directory as last verified; `sync` brings it up to date."""
        return self._operations.ports.directory.current

    @property
    def outbox(self) -> Outbox:
        """What waits to be sent, what was refused, and the receipts."""
        return self._operations.ports.outbox

    request_information = _method(Operations.request_information)
    refer = _method(Operations.refer)
    request_analysis = _method(Operations.request_analysis)

    acknowledge = _method(Operations.acknowledge)
    reply = _method(Operations.reply)
    interim_reply = _method(Operations.interim_reply)
    partial_reply = _method(Operations.partial_reply)
    refuse = _method(Operations.refuse)
    return_for_information = _method(Operations.return_for_information)
    analysis_product = _method(Operations.analysis_product)

    approve = _method(Operations.approve)
    return_to_author = _method(Operations.return_to_author)
    reject = _method(Operations.reject)

    supplement = _method(Operations.supplement)
    recall = _method(Operations.recall)
    feedback = _method(Operations.feedback)
    close_exchange = _method(Operations.close_exchange)
    erase = _method(Operations.erase)

    submit_statement = _method(Operations.submit_statement)
    submit_statements = _method(Operations.submit_statements)
    flush_outbox = _method(Operations.flush_outbox)

    get = _method(Operations.get)
    open = _method(Operations.open)
    fetch = _method(Operations.fetch)
    gather_evidence = _method(Operations.gather_evidence)
    sync = _method(Operations.sync)

    enrol_agency = _method(Operations.enrol_agency)
    publish_certificate = _method(Operations.publish_certificate)
    publish_policy = _method(Operations.publish_policy)
    publish_sealing_key = _method(Operations.publish_sealing_key)
    revoke_certificate = _method(Operations.revoke_certificate)

    checkpoint = _method(Operations.checkpoint)
    witnessed_checkpoint = _method(Operations.witnessed_checkpoint)
    offered_checkpoints = _method(Operations.offered_checkpoints)
    add_cosignature = _method(Operations.add_cosignature)
    tile = _method(Operations.tile)
    inclusion_proof = _method(Operations.inclusion_proof)
    consistency_proof = _method(Operations.consistency_proof)

    def exchanges(
        self,
        *,
        party: Party | None = None,
        states: Iterable[LegState | str] = (),
        kinds: Iterable[Kind | str] = (),
    ) -> Iterator[ExchangeSummary]:
        """List exchanges that the agency sees, page by page; the hub's word, unverified."""
        legs = [parse_code(LegState, state, "states") for state in states]
        openings = [parse_kind(kind, "kinds") for kind in kinds]
        token = ""
        listed: set[str] = set()
        while True:
            page, token = self._drive(self._operations.list_page(party, legs, openings, token))
            check_unlisted(page, listed)
            yield from page
            if not token:
                return

    def inbox(self) -> Iterator[ExchangeSummary]:
        """List what is addressed to the agency."""
        return self.exchanges(party=Party.RECIPIENT)

    def sent(self) -> Iterator[ExchangeSummary]:
        """List what the agency opened."""
        return self.exchanges(party=Party.INITIATOR)

    def pending(self) -> Iterator[ExchangeSummary]:
        """List what waits for an approval that the agency may give."""
        return self.exchanges(party=Party.APPROVER)

    def supervised(self) -> Iterator[ExchangeSummary]:
        """List what the agency sees as a supervisor."""
        return self.exchanges(party=Party.SUPERVISOR)

    def watch(
        self,
        *,
        from_start: bool = False,
        max_seconds: float | None = None,
        on_away: Callable[[HubUnavailable, float], None] | None = None,
    ) -> Iterator[Notice]:
        """Follow what becomes visible to the agency, from where the last watch stood.

        A lost connection is taken up again; `on_away` is told each time that the hub is away, and
        after how many seconds it is asked again. A notice's place is kept when the next one is
        asked for, or the iterator is closed: none is lost, and after a crash the last may come
        twice.
        """
        outbox = self.outbox
        token = None if from_start else outbox.watch_token()
        ends_at = None if max_seconds is None else time.monotonic() + max_seconds
        failures = 0
        while (left := seconds_left(ends_at)) > 0:
            request = pb.WatchRequest(
                resume_token=token or "", from_start=from_start and token is None
            )
            try:
                for response in self._link.watch(request, left):
                    failures = 0
                    try:
                        if response.HasField("notice"):
                            yield parse_notice(response.notice)
                    finally:
                        token = response.resume_token
                        outbox.keep_watch_token(token)
            except HubUnavailable as error:
                pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                if on_away is not None:
                    on_away(error, pause)
                time.sleep(max(0.0, min(pause, seconds_left(ends_at))))
                failures += 1

    def leaves(self, start: int, tree_size: int) -> Iterator[audit_pb.Leaf]:
        """Iterate over the leaves from `start` to the end of a verified tree; unverified."""
        while start < tree_size:
            page = self._drive(self._operations.leaves_page(start, tree_size))
            yield from page
            start += len(page)

    def _drive(self, operation: Operation[T]) -> T:
        """Perform an operation's calls until it gives its result."""
        try:
            call = next(operation)
            while True:
                if isinstance(call, Pause):
                    time.sleep(call.seconds)
                    call = next(operation)
                    continue
                try:
                    answer = self._link.perform(call)
                except Exception as error:  # noqa: BLE001 - it goes on in the operation
                    call = operation.throw(error)
                else:
                    call = operation.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            operation.close()
