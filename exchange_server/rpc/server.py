"""The gRPC server: services behind one pipeline (`pipeline`), behind mutual TLS.

TLS 1.3 only: `exchange_server.tls_version`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2_grpc

from exchange_protocol.errors import Reason
from exchange_protocol.v1 import (
    audit_service_pb2_grpc,
    directory_service_pb2_grpc,
    exchange_service_pb2_grpc,
)
from exchange_server.fairness.rates import Rates
from exchange_server.fairness.shares import CallShares
from exchange_server.ledger import Ledger, Reader
from exchange_server.observer import NO_OBSERVER, Observer
from exchange_server.rpc.audit_service import AuditService
from exchange_server.rpc.authorization import Authorization, Denials
from exchange_server.rpc.calls import FETCH_PART, HEALTH_METHODS, UPLOAD_PART, WATCH
from exchange_server.rpc.directory_service import DirectoryService
from exchange_server.rpc.exchange_service import ExchangeService
from exchange_server.rpc.health import Health
from exchange_server.rpc.identity import Identity, PeerVerifier
from exchange_server.rpc.pipeline import DeadlineCaps, Pipeline
from exchange_server.rpc.watches import Watches, WatchLimits

_REFUSED_WITH_REASON: Final = 8 * 1024 * 1024
"""Twice what our own client sends at most: however little a hub takes, it says so itself."""
_KEEPALIVE_MS: Final = 30_000
_KEEPALIVE_TIMEOUT_MS: Final = 10_000
_MIN_CLIENT_PING_MS: Final = 10_000
_HANDSHAKE_MS: Final = 10_000
"""From accepting a connection to the caller's first settings: strangers may hold one so long."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The server's certificate, key and trusted roots, in PEM; the key is not encrypted."""

    certificate_chain: bytes
    key: bytes
    root: bytes

    def __repr__(self) -> str:
        return "TlsFiles(...)"


class RpcServer:
    """A hub's gRPC server."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        reader: Reader,
        peers: PeerVerifier,
        tls: TlsFiles,
        limits: RpcLimits,
        clock: Callable[[], datetime],
        shares_port: bool = False,
        observer: Observer = NO_OBSERVER,
    ) -> None:
        """Put the services together; nothing listens yet.

        With `shares_port` other workers of the same hub may listen on the same port.
        """
        rates = Rates(limits.statements_per_second, limits.sealed_bytes_per_second)
        self._watches = Watches(ledger, reader, peers, limits.watch)
        self._health = Health(partial(_check, ledger, reader))
        self._tls = tls
        self._server = grpc.aio.server(
            interceptors=[
                Pipeline(
                    caps=DeadlineCaps(limits.deadline_seconds, _special_deadlines(limits)),
                    identity=Identity(peers),
                    shares=CallShares(
                        limits.calls_per_agency, limits.concurrent_calls, ledger.expected_wait
                    ),
                    denials=Denials(ledger),
                    authorization=Authorization(lambda: ledger.directory),
                    rates=rates,
                    verify_room=ledger.verify_room,
                    message_bytes=limits.message_bytes,
                    observer=observer,
                )
            ],
            options=_options(limits, shares_port=shares_port),
            # `CallShares` refuses what is a little too much with a reason; beyond this, gRPC, and
            # what it refuses without one a client must take for a message that is too large.
            maximum_concurrent_rpcs=2 * limits.concurrent_calls,
        )
        exchange = ExchangeService(ledger, reader, self._watches, rates, clock)
        exchange_service_pb2_grpc.add_ExchangeServiceServicer_to_server(exchange, self._server)
        directory = DirectoryService(reader)
        directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server(directory, self._server)
        audit = AuditService(ledger, reader)
        audit_service_pb2_grpc.add_AuditServiceServicer_to_server(audit, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, self._server)

    async def start(self, host: str, port: int) -> int:
        """Listen and serve; returns the port, which grpc chooses where `port` is 0."""
        credentials = grpc.ssl_server_credentials(
            [(self._tls.key, self._tls.certificate_chain)],
            root_certificates=self._tls.root,
            require_client_auth=True,
        )
        try:
            bound = self._server.add_secure_port(_address(host, port), credentials)
        except RuntimeError:
            raise Reason.CONFIG_INVALID.error(
                f"cannot listen on {_address(host, port)}: it is taken, or no address of this host",
                field="listen",
            ) from None
        await self._health.start()
        await self._server.start()
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


async def _check(ledger: Ledger, reader: Reader) -> None:
    await ledger.verify_writing()
    await reader.tree_head(0)


def _special_deadlines(limits: RpcLimits) -> dict[str, float | None]:
    watch_methods = {method for method in HEALTH_METHODS if method.endswith("/Watch")}
    return {
        UPLOAD_PART: limits.transfer_deadline_seconds,
        FETCH_PART: limits.transfer_deadline_seconds,
        # It ends by itself, in good order.
        WATCH: None,
        **dict.fromkeys(watch_methods, limits.watch.life_seconds),
    }


def _options(limits: RpcLimits, *, shares_port: bool) -> Sequence[tuple[str, Any]]:
    return (
        # `calls.answering` refuses what is too large with a reason; beyond this, gRPC without one.
        ("grpc.max_receive_message_length", max(2 * limits.message_bytes, _REFUSED_WITH_REASON)),
        # Two hubs that share a port by mistake would each believe to be the only one.
        ("grpc.so_reuseport", int(shares_port)),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _MIN_CLIENT_PING_MS),
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
