"""The composition root: how a hub is put together, started and stopped. Read it from top to bottom.

configuration -> keys and certificates -> database -> ledger -> services -> server
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Engine

from exchange_keys import (
    certificate_chain,
    load_signer,
    load_tls_key,
    plain_pem,
    read_passphrase,
    read_pinned,
)
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.signer import SignatureAlgorithm
from exchange_protocol.trust.certificates import (
    Revocations,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_chain,
)
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.clock_evidence import Signed, instant, says, signed_lists
from exchange_server.config import (
    LOG_PASSPHRASE_VARIABLE,
    TLS_PASSPHRASE_VARIABLE,
    Config,
    Log,
    Tls,
)
from exchange_server.fairness.counts import ALONE, Counts
from exchange_server.ledger import Ledger, LedgerLimits, Reader
from exchange_server.observer import NO_OBSERVER, Observer, Together
from exchange_server.rpc.identity import PeerVerifier
from exchange_server.rpc.server import RpcLimits, RpcServer
from exchange_server.rpc.watches import WatchLimits
from exchange_server.service_manager import ServiceManager
from exchange_server.steady_clock import SteadyClock
from exchange_server.storage.engine import open_engine
from exchange_server.tls.certificate_file import CertificateFile, TlsFiles
from exchange_server.tls.held_lists import HeldLists
from exchange_server.tls.revocation_file import RevocationFile
from exchange_server.witness_servers import WitnessServers
from exchange_server.workers import Parent, on_stop

if TYPE_CHECKING:
    # Loaded where a port for metrics is configured.
    from exchange_server.metrics.instruments import Instruments

_log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

FULL_COLLECTION_EVERY: Final = 100
"""Collections of the middle generation between two full ones; Python's own number is 10."""


def utc_now() -> datetime:
    """The clock of a hub in service."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The hub's keys, certificates and trusted roots; all of it verified, keys decrypted."""

    identity: HubIdentity
    tls: CertificateFile
    anchors: TrustAnchors
    revocations: RevocationFile
    held: HeldLists
    signer: LogSigner

    @property
    def signed(self) -> Signed:
        """The hub's certificate, as a witness of the time."""
        return Signed("the certificate of this hub", self.tls().not_before)

    def ends(self, now: datetime) -> Mapping[str, datetime]:
        """The end of the hub's certificate, and of the root that is the next to end.

        Roots that have ended stay for what they certified. They count where no other is left.
        """
        roots = [each.not_valid_after_utc for each in self.anchors.certificates]
        left = [each for each in roots if each > now]
        return {"hub": self.tls().not_after, "root": min(left, default=max(roots))}


def load_credentials(config: Config, environment: Mapping[str, str], clock: Clock) -> Credentials:
    """Read and verify keys, certificates and the revocation list.

    Raises KEY_UNAVAILABLE for a key, and NotAuthenticated with the certificate's fault.
    """
    tls, log = config.tls, config.log
    anchors = TrustAnchors.from_pem(read_pinned(tls.root, Reason.CONFIG_INVALID))
    held = HeldLists(config.held_lists, anchors)
    revocations = RevocationFile(tls.crl, anchors, clock, held=held)
    load = partial(_load_tls, tls, anchors, revocations, environment, clock)
    files = CertificateFile(load, (tls.certificate, tls.key))
    return Credentials(
        identity=files().identity,
        tls=files,
        anchors=anchors,
        revocations=revocations,
        held=held,
        signer=load_log_signer(log, environment),
    )


def load_log_signer(log: Log, environment: Mapping[str, str]) -> LogSigner:
    """Load the key of the log, and its successor where there is one; raises KEY_UNAVAILABLE."""
    passphrase = read_passphrase(log.key_passphrase_file, LOG_PASSPHRASE_VARIABLE, environment)
    key = load_signer(log.key, passphrase, SignatureAlgorithm.ED25519)
    if log.successor_key is None:
        return LogSigner(log.origin, key)
    file = log.successor_key_passphrase_file
    if file is not None:
        passphrase = read_passphrase(file, LOG_PASSPHRASE_VARIABLE, environment)
    successor = load_signer(log.successor_key, passphrase, SignatureAlgorithm.ED25519)
    return LogSigner(log.origin, key, successor)


def _load_tls(
    tls: Tls,
    anchors: TrustAnchors,
    revocations: RevocationFile,
    environment: Mapping[str, str],
    clock: Clock,
) -> TlsFiles:
    """Read and verify the hub's certificate and key, as they stand now."""
    chain = read_pinned(tls.certificate, Reason.CERTIFICATE_INVALID)
    now = clock()
    certificate, *intermediates = certificate_chain(
        chain, tls.certificate, Reason.CERTIFICATE_INVALID
    )
    verified = verify_chain(certificate, intermediates, anchors, usage=Usage.TLS_SERVER, at=now)
    _verify_in_time(verified, tls.certificate, now, revocations())
    revocations().verify_not_listed(verified)
    if not isinstance(verified.identity, HubIdentity):
        raise Reason.IDENTITY_INVALID.error(f"expected a hub's, got {verified.identity}")
    passphrase = read_passphrase(tls.key_passphrase_file, TLS_PASSPHRASE_VARIABLE, environment)
    key = load_tls_key(tls.key, passphrase)
    if key.public_key != verified.public_key:
        raise Reason.KEY_UNAVAILABLE.error(
            f"expected {tls.key} to be the key of the certificate {tls.certificate}"
        )
    return TlsFiles(
        identity=verified.identity,
        not_before=verified.not_before,
        not_after=verified.not_after,
        certificate_chain=plain_pem(chain),
        key=key.plain_pem(),
        root=plain_pem(read_pinned(tls.root, Reason.CONFIG_INVALID)),
        require_post_quantum=tls.require_post_quantum,
    )


def _verify_in_time(
    certificate: VerifiedCertificate, path: Path, now: datetime, revocations: Revocations
) -> None:
    """Verify that the hub's certificate is good now; raises CERTIFICATE_EXPIRED.

    It says what the clock says beside what was signed: only a person knows which of them is wrong.
    """
    this = Signed(f"the certificate {path}", certificate.not_before)
    if now < certificate.not_before:
        raise Reason.CERTIFICATE_EXPIRED.error(f"{says(now, this)}: set the clock, which is behind")
    if now > certificate.not_after:
        newest = max(this, *signed_lists(revocations), key=lambda each: each.at)
        raise Reason.CERTIFICATE_EXPIRED.error(
            f"the certificate {path} ended at {instant(certificate.not_after)}; {says(now, newest)}"
            ": if the clock is right, have a new certificate issued; if not, set the clock"
        )


class Hub:
    """A hub that serves, from `start` to `stop`."""

    def __init__(
        self,
        config: Config,
        credentials: Credentials,
        clock: Clock = utc_now,
        *,
        shares_port: bool = False,
        counts: Counts = ALONE,
        observer: Observer = NO_OBSERVER,
        instruments: Instruments | None = None,
    ) -> None:
        """Take what the hub is made of; nothing is opened yet. Raises CONFIG_INVALID.

        Instruments are an observer that also shows what the hub looks at now and then.
        Workers of one hub share a port, and count together.
        """
        self._observer = observer if instruments is None else Together(instruments, observer)
        self._instruments = instruments
        self._config = config
        self._ledger_limits = _ledger_limits(config)
        self._credentials = credentials
        self._clock = clock
        self._shares_port = shares_port
        self._counts = counts
        self._stack = AsyncExitStack()
        self._server: RpcServer | None = None
        self.port = 0
        """The addresses that it listens on, once it does."""

    @property
    def log_vkey(self) -> str:
        """The verifier key of the log, for clients to pin."""
        return self._credentials.signer.vkey

    async def start(self) -> None:
        """Open the database, verify that the log is the one this key signed, and serve."""
        try:
            engine = self._open_engine()
            ledger = await self._open_ledger(engine)
            self._credentials.revocations.hold(is_first=ledger.tree_size == 0)
            self._credentials.tls.tell_of_end(self._clock)
            reader = Reader(engine, directory=lambda: ledger.directory)
            self._stack.push_async_callback(reader.close)
            await self._start_sampling(engine, ledger)
            self._ask_witnesses(ledger, reader)
            await self._serve(ledger, reader)
        except BaseException:
            await self._stack.aclose()
            raise
        _log.info(
            "listening",
            hub=self._credentials.identity.uri,
            host=self._config.listen.host,
            port=self.port,
            log_vkey=self.log_vkey,
            tree_size=ledger.tree_size,
        )

    def _open_engine(self) -> Engine:
        database = self._config.database
        engine = open_engine(
            database.url,
            serving=True,
            observer=self._observer,
            slow_seconds=database.slow_seconds,
        )
        self._stack.callback(engine.dispose)
        return engine

    async def _open_ledger(self, engine: Engine) -> Ledger:
        credentials = self._credentials
        ledger = await Ledger.open(
            engine,
            anchors=credentials.anchors,
            signer=credentials.signer,
            limits=self._ledger_limits,
            clock=SteadyClock(self._clock),
            revocations=credentials.revocations,
            observer=self._observer,
            witnesses=_witnesses(self._config),
            witnesses_at_start=self._config.log.witnesses_at_start,
            counts=self._counts,
            signed=(credentials.signed,),
        )
        self._stack.push_async_callback(ledger.close)
        return ledger

    async def _serve(self, ledger: Ledger, reader: Reader) -> None:
        config, credentials = self._config, self._credentials
        peers = PeerVerifier(
            credentials.anchors,
            credentials.identity.trust_domain,
            credentials.revocations,
            self._clock,
        )
        server = RpcServer(
            ledger=ledger,
            reader=reader,
            peers=peers,
            tls=credentials.tls,
            limits=_rpc_limits(config),
            list_is_refused=credentials.revocations.is_refused,
            observer=self._observer,
            shares_port=self._shares_port,
            reflection=config.listen.reflection,
            counts=self._counts,
        )
        self._server = server
        # Pushed last, so it stops first: the ledger closes when no call is left.
        self._stack.push_async_callback(server.stop, config.limits.grace_seconds)
        self.port = await server.start(config.listen.host, config.listen.port)

    async def _start_sampling(self, engine: Engine, ledger: Ledger) -> None:
        if self._instruments is None:
            return
        from exchange_server.metrics.sampling import Sampler, Sources

        credentials = self._credentials
        witnesses = _witnesses(self._config)
        sources = Sources(
            engine=engine,
            ledger=ledger,
            revocations=credentials.revocations,
            ends=lambda: credentials.ends(self._clock()),
            certificate_refused=lambda: bool(credentials.tls.refused),
            witnesses=tuple(each.name for each in witnesses.witnesses) if witnesses else (),
            backup_report=self._config.metrics.backup_report,
            clock=self._clock,
        )
        sampler = Sampler(self._instruments, sources)
        self._stack.push_async_callback(sampler.close)
        await sampler.start()

    def _ask_witnesses(self, ledger: Ledger, reader: Reader) -> None:
        log, known = self._config.log, _witnesses(self._config)
        if known is None or not log.witness_addresses:
            return
        addresses = {
            each: log.witness_addresses[each.name]
            for each in known.witnesses
            if each.name in log.witness_addresses
        }
        servers = WitnessServers(ledger, reader, addresses, log.witness_seconds)
        self._stack.push_async_callback(servers.close)
        servers.start()

    async def stop(self, hurried: asyncio.Event | None = None) -> None:
        """Stop in good order: calls end or are cancelled, then the ledger closes.

        When `hurried` is set, calls in flight end at once. Statements that they put are written.
        """
        grace = self._config.limits.grace_seconds
        _log.info("stopping", calls_may_take_seconds=grace)
        hurrying = asyncio.create_task(self._hurry(hurried)) if hurried is not None else None
        try:
            await self._stack.aclose()
        finally:
            if hurrying is not None:
                hurrying.cancel()
        _log.info("stopped")

    async def _hurry(self, hurried: asyncio.Event) -> None:
        await hurried.wait()
        _log.warning("stopping_at_once", why="told a second time: calls in flight end now")
        if self._server is not None:
            await self._server.hurry()


async def serve(
    config: Config, parent: Parent | None = None, counts: Counts = ALONE, worker: int = 0
) -> None:
    """Run a hub until a signal ends it; as a worker, with a parent, no longer than that lives."""
    told_to_stop, told_to_hurry = asyncio.Event(), asyncio.Event()
    on_stop(told_to_stop.set, told_to_hurry.set)
    if parent is not None:
        parent.on_end(told_to_stop.set)
    credentials = load_credentials(config, os.environ, utc_now)
    instruments = _instruments(config)
    with ExitStack() as stack:
        hub = Hub(
            config,
            credentials,
            shares_port=parent is not None,
            counts=counts,
            observer=_tracer(config, worker, stack),
            instruments=instruments,
        )
        if instruments is not None and parent is None:
            from exchange_server.metrics.endpoint import served_metrics

            stack.enter_context(served_metrics(config.metrics, instruments.registry))
        await hub.start()
        if parent is not None:
            parent.keep_telling()
        manager = ServiceManager()
        manager.tell_ready()
        spare_what_stays()
        try:
            await told_to_stop.wait()
        finally:
            manager.tell_stopping()
            await hub.stop(told_to_hurry)


def spare_what_stays() -> None:
    """Keep the collector of garbage from walking again and again over what stays.

    Modules that are loaded by now are never looked at again. The exchanges that the writer keeps
    are looked at in full collections, and each holds the whole hub up for 20 to 40 ms. Young
    garbage, which is nearly all, does not wait for those.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_COLLECTION_EVERY)


def _tracer(config: Config, worker: int, stack: ExitStack) -> Observer:
    """The observer that sends traces, for the time of the stack; else one that does nothing."""
    if config.traces.endpoint is None:
        return NO_OBSERVER
    from exchange_server.traces import Tracer

    return stack.enter_context(closing(Tracer(config.traces, worker)))


def _instruments(config: Config) -> Instruments | None:
    if config.metrics.port is None:
        return None
    from exchange_server.metrics.instruments import Instruments

    return Instruments()


def _witnesses(config: Config) -> WitnessPolicy | None:
    """The witnesses whose cosignatures the hub takes; each client says how many are enough."""
    return WitnessPolicy(1, config.log.witnesses) if config.log.witnesses else None


def _ledger_limits(config: Config) -> LedgerLimits:
    limits = config.limits
    return LedgerLimits(
        future_skew=timedelta(seconds=limits.made_at_ahead_seconds),
        past_skew=timedelta(seconds=limits.made_at_behind_seconds),
        denials_per_agency_per_hour=limits.denials_per_agency_per_hour,
        inspections_per_agency_per_hour=limits.inspections_per_agency_per_hour,
        inline_bytes=limits.inline_bytes,
        staged_bytes_per_agency=limits.staged_bytes_per_agency,
        staged_parts_per_agency=limits.staged_parts_per_agency,
        stored_bytes_per_agency=limits.stored_bytes_per_agency,
        disk_free_bytes=limits.disk_free_bytes,
        staging_ttl=timedelta(seconds=limits.staging_ttl_seconds),
        queued=limits.queued,
        queued_per_agency=limits.queued_per_agency,
    )


def _rpc_limits(config: Config) -> RpcLimits:
    limits = config.limits
    return RpcLimits(
        message_bytes=limits.message_bytes,
        concurrent_calls=limits.concurrent_calls,
        calls_per_agency=limits.calls_per_agency,
        deadline_seconds=limits.deadline_seconds,
        transfer_deadline_seconds=limits.transfer_deadline_seconds,
        statements_per_second=limits.statements_per_second,
        sealed_bytes_per_second=limits.sealed_bytes_per_second,
        connections=limits.connections,
        connections_per_agency=limits.connections_per_agency,
        transfers_per_agency=limits.transfers_per_agency,
        reads_per_agency=limits.reads_per_agency,
        watch=WatchLimits(
            heartbeat_seconds=limits.heartbeat_seconds,
            life_seconds=limits.watch_life_seconds,
            per_agency=limits.watches_per_agency,
        ),
    )
