"""Sealed parts as they come from the hub: small ones together, each checked against its digest.

A part that a recipient fetches is a delivery. The hub logs that before the bytes leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from agency_client.core.calls import MOST_TOGETHER, Fetch, Operation, Together
from agency_client.core.ports import Ports
from agency_client.core.views import VerifiedExchange, VerifiedStatement
from exchange_protocol.errors import (
    ExchangeError,
    HubUnavailable,
    NotAuthenticated,
    NotFound,
    Reason,
)
from exchange_protocol.record.entries import MOST_BEHIND
from exchange_protocol.rules.access import is_erased, is_erased_to, is_told_of_erasure, spoken
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Part
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb

_TRANSFER_ATTEMPTS: Final = 3
_SMALL_BYTES: Final = 32 * 1024
"""A part of this size comes whole, whether it is read or not: it fits the window of its call."""


class _Fetched(NamedTuple):
    """The first attempt to fetch a part."""

    sealed: bytearray
    """As far as it came."""
    error: ExchangeError | None


Fetched: TypeAlias = dict[tuple[bytes, str], _Fetched]
"""First attempts, by the statement's digest and the name of the part; each is taken out of it."""


class Parts:
    """Fetches the sealed parts of exchanges that were verified."""

    def __init__(self, ports: Ports, get: Callable[[str], Operation[VerifiedExchange]]) -> None:
        """`get` fetches and verifies an exchange."""
        self._ports = ports
        self._get = get

    def small(self, verified: VerifiedExchange) -> Operation[Fetched]:
        """Try to fetch the small parts that are sealed to the agency, several at a time.

        Left to `sealed`: what is large, what was erased, and what may have been erased
        without a notice that is shown. A hub logs each part that it refuses.
        """
        reader, exchange, now = self._ports.agency, verified.exchange, self._ports.clock()
        wanted = [
            (each, part)
            for each in verified.statements
            if is_told(reader, each, exchange) and not is_erased_at(each, exchange, now)
            for part in each.statement.parts
            if part.size <= _SMALL_BYTES and part.wrapped_key(reader) is not None
        ]
        fetched: Fetched = {}
        for start in range(0, len(wanted), MOST_TOGETHER):
            fetches = tuple(
                _fetch(each, part, bytearray())
                for each, part in wanted[start : start + MOST_TOGETHER]
            )
            if len(fetches) == 1:
                break
            errors: Sequence[ExchangeError | None] = yield Together(fetches)
            for one, error in zip(fetches, errors, strict=True):
                key = one.request.payload_sha256, one.request.part_name
                fetched[key] = _Fetched(one.sink, error)
            if any(isinstance(error, HubUnavailable) for error in errors):
                break
        return fetched

    def sealed(
        self, each: VerifiedStatement, part: Part, fetched: Fetched | None = None
    ) -> Operation[bytearray]:
        """Fetch the sealed bytes of a part; a broken transfer goes on where it stopped.

        `fetched` may hold the first attempt.
        """
        first = (fetched or {}).pop((each.statement.digest, part.name), None)
        if first is not None and isinstance(first.error, NotAuthenticated):
            first = None  # The channel makes the call again, if the certificate was renewed.
        sealed = bytearray() if first is None else first.sealed
        for attempt in range(1, _TRANSFER_ATTEMPTS + 1):
            try:
                if attempt > 1 or first is None:
                    yield _fetch(each, part, sealed)
                elif first.error is not None:
                    raise first.error
                break
            except HubUnavailable:
                if not sealed or attempt == _TRANSFER_ATTEMPTS:
                    raise
            except NotFound as error:
                if error.reason is Reason.CONTENT_ERASED:
                    yield from self._check_erased(each)
                raise
        if len(sealed) != part.size or hashlib.sha256(sealed).digest() != part.sha256:
            raise Reason.SEAL_BROKEN.error(
                f"expected the {part.size} bytes of {part.name!r} that the author of statement "
                f"{each.statement.id} signed, the hub gave {len(sealed)} others"
            )
        return sealed

    def _check_erased(self, each: VerifiedStatement) -> Operation[None]:
        """Check that a notice or retention erased it; raises RULE_BROKEN if a hub only says so."""
        verified = yield from self._get(each.statement.exchange_id)
        agency, exchange = self._ports.agency, verified.exchange
        if exchange is None or not is_told(agency, each, exchange):
            return
        said = spoken(exchange, each.statement)
        if not is_erased_to(agency, exchange, said, self._latest(verified)):
            raise Reason.RULE_BROKEN.error(
                f"the hub says that the content of statement {each.statement.id} was erased; "
                "no signed notice says so, and its retention has not ended"
            )

    def _latest(self, verified: VerifiedExchange) -> datetime:
        """The latest time that an honest hub may have now.

        The clock of this machine may be behind, which times on the log show; and that of a hub may
        be ahead by as much as its log may be of its clock. Neither may accuse the hub. Only the
        times of statements count, which their authors bound by their own: a delivery has any time
        that the hub gives it, and would excuse the hub by its own word.
        """
        said = (each.hub_time for each in verified.statements)
        logged = (self._ports.directory.fold.last_time, *said)
        known = max(filter(None, logged), default=None)
        now = self._ports.clock()
        return max(now, known or now) + MOST_BEHIND


def is_erased_at(each: VerifiedStatement, exchange: Exchange | None, at: datetime) -> bool:
    """True if a signed notice or the published retention erased the content by then."""
    return exchange is not None and is_erased(exchange, spoken(exchange, each.statement), at)


def is_told(reader: AgencyId, each: VerifiedStatement, exchange: Exchange | None) -> bool:
    """True if a notice that erased it would be shown; a supervisor sees no state at all."""
    if exchange is None:
        return False
    return is_told_of_erasure(reader, exchange, spoken(exchange, each.statement))


def _fetch(each: VerifiedStatement, part: Part, sealed: bytearray) -> Fetch:
    """The call for the rest of a part, of which so much is there."""
    request = pb.FetchPartRequest(
        payload_sha256=each.statement.digest, part_name=part.name, offset=len(sealed)
    )
    return Fetch(request, sealed, part.size)
