"""A line to the hub without a network: the client library's calls, served by the hub's services.

The client runs in a thread of its own and believes nothing that it does not prove. What TLS would
establish is given: the caller's certificate. Its clock is that of the town.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client import ExchangeClient, Profile
from agency_client.core import Call, Fetch, Together, Unary
from agency_client.state.keys import save_sealing_key
from agency_client.state.profile import Defaults, KeyPair, PinnedHub
from exchange_protocol.errors import ExchangeError
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.caller import Caller
from exchange_server.rpc import calls
from exchange_server.rpc.audit_service import AuditService
from exchange_server.rpc.directory_service import DirectoryService
from exchange_server.rpc.exchange_service import ExchangeService
from tests.support.hub_data import log_signer
from tests.year.region import PASSPHRASE, START, cast, tls_of
from tests.year.town import Town

_NOBODY: Final[Any] = None
"""Stands for what only calls need that are not made here: watches, rates, peers."""


class Line:
    """A member's line; `perform` is called from a thread beside the loop of the town."""

    def __init__(self, town: Town, who: Member) -> None:
        self._loop = asyncio.get_running_loop()
        self._caller = Caller(who, tls_of(who).fingerprint)
        ledger, reader = town.ledger, town.reader
        self._services = {
            "ExchangeService": ExchangeService(ledger, reader, _NOBODY, _NOBODY, _NOBODY),
            "AuditService": AuditService(ledger, reader),
            "DirectoryService": DirectoryService(reader, ledger.slices),
        }

    def perform(self, call: Call) -> Any:
        """Make a call."""
        if isinstance(call, Together):
            return [self._outcome(each) for each in call.several]
        return asyncio.run_coroutine_threadsafe(self._answer(call), self._loop).result()

    def _outcome(self, call: Unary | Fetch) -> Any:
        try:
            return self.perform(call)
        except ExchangeError as error:
            return error

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """No actor of the year watches."""
        raise AssertionError("a watch in the year")

    def close(self) -> None:
        """Nothing to close."""

    async def _answer(self, call: Call) -> Any:
        service, _, method = call.method.partition("/")
        under_way = calls.Call(call.method, "year", time.perf_counter(), self._caller)
        calls.begin_call(under_way)
        behaviour = getattr(self._services[service], method)
        match call:
            case Unary(request=request):
                return await behaviour(request, None)
            case Fetch(request=fetch, sink=sink):
                async for response in behaviour(fetch, None):
                    sink.extend(response.chunk)
                return None
        raise AssertionError(f"{call.method} is no call of the year")


def client_of(town: Town, folder: Path, who: Member) -> ExchangeClient:
    """The client of a member, with its agency's sealing key."""
    return ExchangeClient(_profile(folder, who), link=Line(town, who), clock=lambda: town.now)


def _profile(folder: Path, who: Member) -> Profile:
    place = folder / who.uri.partition("/agency/")[2].replace("/", "_")
    if place.exists():
        return Profile.load(place)
    region, tls = cast(), tls_of(who)
    signer = region.signers.get(who)
    assert tls.key is not None
    made = Profile.create(
        place,
        hub=PinnedHub("localhost:1", "main", log_signer().vkey, region.authority.root_pem()),
        tls=KeyPair(tls.certificate_pem, tls.key),
        signing=KeyPair(_pem(signer.certificate), signer.key) if signer else None,
        passphrase=PASSPHRASE,
        write_passphrase=True,
        defaults=Defaults("KZ-AML-18"),
    )
    save_sealing_key(made.sealing_folder, region.sealing_keys[who.agency], PASSPHRASE, START)
    return Profile.load(place)


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
