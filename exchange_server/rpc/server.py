"""The gRPC server: services behind one pipeline (`pipeline`), behind mutual TLS.

TLS 1.3 only: `tls.tls_version`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc

from exchange_protocol.v1 import (
    audit_service_pb2_grpc,
    directory_service_pb2_grpc,
    exchange_service_pb2_grpc,
)
from exchange_server.fairness.counts import ALONE, Counts
from exchange_server.fairness.rates import Rates
from exchange_server.fairness.scheduler import FairScheduler
from exchange_server.fairness.shares import CallShares
from exchange_server.ledger import Ledger, Reader
from exchange_server.listening import address_of, verify_found, why_not_bound
from exchange_server.observer import NO_OBSERVER, Observer
from exchange_server.open_files import take_room
from exchange_server.rpc.audit_service import AuditService
from exchange_server.rpc.authorization import Authorization, Denials
from exchange_server.rpc.calls import (
    ADD_COSIGNATURE,
    FETCH_PART,
    HEALTH_METHODS,
    METHODS,
    REFLECTION_METHODS,
    SUBMIT,
    SUBMIT_BATCH,
    SUBMIT_STREAM,
    UPLOAD_PART,
    WATCH,
)
from exchange_server.rpc.connections import Connections
from exchange_server.rpc.directory_service import DirectoryService
from exchange_server.rpc.exchange_service import ExchangeService
from exchange_server.rpc.health import DATABASE, REVOCATIONS, Health
from exchange_server.rpc.identity import Identity, PeerVerifier
from exchange_server.rpc.incoming import Incoming
from exchange_server.rpc.pipeline import DeadlineCaps, Pipeline
from exchange_server.rpc.watches import Watches, WatchLimits
from exchange_server.tls.certificate_file import TlsFiles

_log = structlog.get_logger(__name__)

_REFUSED_WITH_REASON: Final = 8 * 1024 * 1024
"""Twice what our own client sends at most: however little a hub takes, it says so itself."""
TRANSFERS_AT_A_TIME: Final = 128
READS_AT_A_TIME: Final = 64
"""Transfers and reads of all agencies together."""
CALLS_OF_ONE_CONNECTION: Final = 128
_WINDOW_BYTES: Final = 32 * 1024
_IDLE_MS: Final = 300_000
"""A connection without calls is closed then; its client connects again for its next call."""
_KEEPALIVE_MS: Final = 30_000
_KEEPALIVE_TIMEOUT_MS: Final = 10_000
_MIN_CLIENT_PING_MS: Final = 10_000
_HANDSHAKE_MS: Final = 10_000
"""Time from accepting a connection to the caller's settings: a stranger may hold one so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcLimits:
    """Bounds of the RPC layer; see `config.Limits`."""

    message_bytes: int
    concurrent_calls: int
    calls_per_agency: int
    deadline_seconds: float
    transfer_deadline_seconds: float
    statements_per_second: float
    sealed_bytes_per_second: float
    watch: WatchLimits
    connections: int = 4096
    connections_per_agency: int = 128
    transfers_per_agency: int = 16
    reads_per_agency: int = 8


class RpcServer:
    """A hub's gRPC server."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        reader: Reader,
        peers: PeerVerifier,
        tls: Callable[[], TlsFiles],
        limits: RpcLimits,
        list_is_refused: Callable[[], bool] = lambda: False,
        shares_port: bool = False,
        reflection: bool = False,
        observer: Observer = NO_OBSERVER,
        counts: Counts = ALONE,
    ) -> None:
        """Put the services together; nothing listens yet.

        `list_is_refused` tells if the revocation list on disk is refused. With `shares_port` other
        workers of the same hub may listen on the same port; `counts` are what they count together.
        With `reflection` operators may ask for the contract.
        """
        rates = Rates(limits.statements_per_second, limits.sealed_bytes_per_second, counts=counts)
        self._watches = Watches(ledger, reader, peers, limits.watch, counts)
        self._health = Health(
            partial(_check, ledger, reader),
            {REVOCATIONS: list_is_refused, DATABASE: lambda: ledger.file_is_unread},
        )
        self._connections = Connections(limits.connections_per_agency, counts)
        self._tls = tls
        pipeline = Pipeline(
            caps=DeadlineCaps(limits.deadline_seconds, _special_deadlines(limits)),
            connections=self._connections,
            identity=Identity(peers, require_post_quantum=tls().require_post_quantum),
            shares=CallShares(
                limits.calls_per_agency, limits.concurrent_calls, ledger.expected_wait, counts
            ),
            denials=Denials(ledger),
            authorization=Authorization(lambda: ledger.directory, ledger.catch_up),
            rates=rates,
            verify_room=ledger.verify_room,
            turns=_turns(limits),
            incoming=Incoming(limits.message_bytes, limits.deadline_seconds, ledger.is_shared),
            observer=observer,
        )
        # No `maximum_concurrent_rpcs`: beyond that number grpc would refuse everyone's calls,
        # whoever holds those that are open. `CallShares` counts them by agency.
        self._server = grpc.aio.server(
            interceptors=[pipeline], options=_options(limits, shares_port=shares_port)
        )
        exchange = ExchangeService(ledger, reader, self._watches, rates, peers)
        exchange_service_pb2_grpc.add_ExchangeServiceServicer_to_server(exchange, self._server)
        directory = DirectoryService(reader, ledger.slices)
        directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server(directory, self._server)
        audit = AuditService(ledger, reader)
        audit_service_pb2_grpc.add_AuditServiceServicer_to_server(audit, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if reflection:
            # Loaded where it is asked for.
            from exchange_server.rpc.reflection import add_reflection

            add_reflection(self._server)

    async def start(self, host: str, port: int) -> int:
        """Listen and serve; returns the port, which grpc chooses where `port` is 0."""
        shown = self._tls()

        def changed() -> grpc.ServerCertificateConfiguration | None:
            """Give what the next handshake shows; None where nothing has changed."""
            nonlocal shown
            before, shown = shown, self._tls()
            return None if shown is before else _certificate(shown)

        # grpc takes None for "as before", whatever its types say.
        fetch = cast(Callable[[], grpc.ServerCertificateConfiguration], changed)
        credentials = grpc.dynamic_ssl_server_credentials(
            _certificate(shown), fetch, require_client_authentication=True
        )
        await asyncio.to_thread(verify_found, host, port)
        try:
            bound = self._server.add_secure_port(address_of(host, port), credentials)
        except RuntimeError:
            raise why_not_bound(host, port) from None
        await self._health.start()
        await self._server.start()
        self._connections.start(bound)
        return bound

    async def stop(self, grace_seconds: float) -> None:
        """Stop in good order.

        1. Health says NOT_SERVING, so that balancers turn away.
        2. Watches end with UNAVAILABLE, so that clients resume elsewhere or later.
        3. No call is accepted; those in flight may end within the grace.
        """
        await self._health.stop()
        self._watches.stop()
        await self._server.stop(grace_seconds)
        await self._connections.stop()

    async def hurry(self) -> None:
        """End the calls in flight at once; `stop` waits for them no longer."""
        await self._server.stop(None)


def _certificate(tls: TlsFiles) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(tls.key, tls.certificate_chain)], root_certificates=tls.root
    )


async def _check(ledger: Ledger, reader: Reader) -> None:
    await ledger.verify_writing()
    await reader.tree_head(0)


def _special_deadlines(limits: RpcLimits) -> dict[str, float]:
    watch_methods = {method for method in HEALTH_METHODS if method.endswith("/Watch")}
    return {
        SUBMIT_STREAM: limits.transfer_deadline_seconds,
        UPLOAD_PART: limits.transfer_deadline_seconds,
        FETCH_PART: limits.transfer_deadline_seconds,
        # A watch ends by itself before that, in good order.
        WATCH: limits.watch.life_seconds + limits.deadline_seconds,
        **dict.fromkeys(watch_methods, limits.watch.life_seconds),
    }


def _turns(limits: RpcLimits) -> dict[str, FairScheduler]:
    """Calls of which only so many are served at a time: those that take memory for long."""
    transfers = FairScheduler(TRANSFERS_AT_A_TIME, limits.transfers_per_agency)
    reads = FairScheduler(READS_AT_A_TIME, limits.reads_per_agency)
    writes = {SUBMIT, SUBMIT_BATCH, ADD_COSIGNATURE}
    return {
        **dict.fromkeys(METHODS - writes - {WATCH} | REFLECTION_METHODS, reads),
        SUBMIT_STREAM: transfers,
        UPLOAD_PART: transfers,
        FETCH_PART: transfers,
    }


def _connections(wanted: int) -> int:
    """The connections to accept: each is an open file, and the hub keeps some for itself."""
    room = take_room(wanted)
    if room.connections < wanted:
        _log.warning(
            "few_open_files", limit=room.limit, connections=room.connections, wanted=wanted
        )
    return room.connections


def _options(limits: RpcLimits, *, shares_port: bool) -> Sequence[tuple[str, Any]]:
    return (
        # `incoming` refuses what is too large with a reason; beyond this, gRPC without one.
        ("grpc.max_receive_message_length", max(2 * limits.message_bytes, _REFUSED_WITH_REASON)),
        # Two hubs that share a port by mistake would each believe to be the only one.
        ("grpc.so_reuseport", int(shares_port)),
        ("grpc.max_allowed_incoming_connections", _connections(limits.connections)),
        # Further calls wait at the client, which may open another connection.
        ("grpc.max_concurrent_streams", CALLS_OF_ONE_CONNECTION),
        # The bytes that a call may send before its message is asked for. By its own measurements
        # grpc would let each of many calls have megabytes.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", _WINDOW_BYTES),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.max_connection_idle_ms", _IDLE_MS),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _MIN_CLIENT_PING_MS),
    )
