"""Callers that may open a channel, and callers that are let in once it is open."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives import serialization
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_certs.records import RevocationReason
from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import HubIdentity, Member, Role, parse_agency_id
from exchange_protocol.v1 import audit_service_pb2 as pb
from exchange_protocol.v1 import audit_service_pb2_grpc as pb_grpc
from exchange_protocol.v1.log_pb2 import TreeHead
from exchange_server.bootstrap import utc_now
from exchange_server.tls.glances import CHECK_SECONDS
from tests.integration.rpc.callers import reason_of, refused_call
from tests.support.clocks import let_pass, shortly
from tests.support.hub_process import (
    PASSPHRASE,
    TRUST_DOMAIN,
    HubProcess,
    channel_credentials,
    prepare_hub,
)
from tests.support.wiretap import TLS_1_3, X25519MLKEM768, Wiretap, parse_server_hello

# While the log is empty any operator may look at it, so no enrolment stands in the way here.
OPERATOR = "caricc/operator"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(prepare_hub(tmp_path_factory.mktemp("hub"))) as hub:
        yield hub


def get_checkpoint(hub: HubProcess, credentials: grpc.ChannelCredentials) -> TreeHead:
    with grpc.secure_channel(hub.target, credentials) as channel:
        stub = pb_grpc.AuditServiceStub(channel)
        return stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30).tree_head


def call_as(hub: HubProcess, issued: IssuedCertificate) -> TreeHead:
    return get_checkpoint(hub, channel_credentials(hub.files.root_pem, issued))


def health_as(hub: HubProcess, issued: IssuedCertificate, service: str = "") -> int:
    credentials = channel_credentials(hub.files.root_pem, issued)
    with grpc.secure_channel(hub.target, credentials) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        status: int = stub.Check(request, timeout=30).status
        return status


def test_operator_is_let_in(hub: HubProcess) -> None:
    assert call_as(hub, hub.files.issue(OPERATOR)).checkpoint


def test_caller_without_a_certificate_is_refused_by_tls(hub: HubProcess) -> None:
    credentials = grpc.ssl_channel_credentials(hub.files.root_pem)
    with pytest.raises(grpc.RpcError) as caught:
        get_checkpoint(hub, credentials)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) is None


def test_certificate_of_another_root_is_refused_by_tls(hub: HubProcess, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "ca", TRUST_DOMAIN, PASSPHRASE, utc_now())
    member = Member(TRUST_DOMAIN, parse_agency_id("caricc"), Role.OPERATOR)
    issued = other.issue_member(member, Usage.TLS_CLIENT, now=utc_now())
    with pytest.raises(grpc.RpcError) as caught:
        call_as(hub, issued)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_expired_certificate_is_refused_by_tls(hub: HubProcess) -> None:
    now = utc_now()
    issued = hub.files.issue(
        OPERATOR, not_before=now - timedelta(seconds=200), not_after=now - timedelta(seconds=5)
    )
    with pytest.raises(grpc.RpcError) as caught:
        call_as(hub, issued)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_certificate_that_expires_on_an_open_channel_is_refused(hub: HubProcess) -> None:
    issued = hub.files.issue(OPERATOR, not_after=shortly())
    credentials = channel_credentials(hub.files.root_pem, issued)
    with grpc.secure_channel(hub.target, credentials) as channel:
        stub = pb_grpc.AuditServiceStub(channel)
        stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)
        let_pass(issued.certificate.not_valid_after_utc)
        with refused_call(Reason.CERTIFICATE_EXPIRED):
            stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)


def test_signing_certificate_opens_no_channel(hub: HubProcess) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call_as(hub, hub.files.issue(OPERATOR, Usage.SIGNING))
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED)


def test_certificate_of_a_hub_is_no_callers(hub: HubProcess) -> None:
    identity = HubIdentity(TRUST_DOMAIN, "other")
    issued = hub.files.authority.issue_hub(identity, now=utc_now(), dns_names=["localhost"])
    with pytest.raises(grpc.RpcError) as caught:
        call_as(hub, issued)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED)


def test_revocation_counts_without_a_restart_and_on_an_open_channel(hub: HubProcess) -> None:
    issued = hub.files.issue(OPERATOR)
    credentials = channel_credentials(hub.files.root_pem, issued)
    with grpc.secure_channel(hub.target, credentials) as channel:
        stub = pb_grpc.AuditServiceStub(channel)
        stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)
        hub.files.authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        time.sleep(CHECK_SECONDS + 0.1)
        with refused_call(Reason.CERTIFICATE_REVOKED):
            stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)
    with pytest.raises(grpc.RpcError):
        health_as(hub, issued)


def test_agency_that_is_not_enrolled_is_refused(hub: HubProcess) -> None:
    with refused_call(Reason.AGENCY_NOT_ENROLLED):
        call_as(hub, hub.files.issue("kz.mia/system"))


@pytest.mark.parametrize(
    "service",
    [
        "",
        "exchange_protocol.v1.ExchangeService",
        "exchange_protocol.v1.DirectoryService",
        "exchange_protocol.v1.AuditService",
    ],
)
def test_health_answers_every_certificate_of_the_root(hub: HubProcess, service: str) -> None:
    issued = hub.files.issue("xx.none/system")
    assert health_as(hub, issued, service) == health_pb2.HealthCheckResponse.SERVING


def test_handshake_is_tls_1_3_with_the_post_quantum_hybrid(hub: HubProcess) -> None:
    credentials = channel_credentials(hub.files.root_pem, hub.files.issue(OPERATOR))
    with Wiretap(hub.port) as tap:
        with grpc.secure_channel(f"localhost:{tap.port}", credentials) as channel:
            stub = pb_grpc.AuditServiceStub(channel)
            stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)
        hello = parse_server_hello(bytes(tap.captures[0].from_server))
    assert (hello.version, hello.group) == (TLS_1_3, X25519MLKEM768)


def test_tls_1_2_finds_no_common_cipher(hub: HubProcess, tmp_path: Path) -> None:
    issued = hub.files.issue(OPERATOR)
    assert handshake(hub, issued, tmp_path, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(hub, issued, tmp_path, ssl.TLSVersion.TLSv1_2)


def handshake(
    hub: HubProcess, issued: IssuedCertificate, folder: Path, newest: ssl.TLSVersion
) -> str | None:
    assert issued.key is not None
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "client.pem").write_bytes(issued.certificate_pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=hub.files.root_pem.decode())
    context.load_cert_chain(folder / "client.pem")
    context.maximum_version = newest
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", hub.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        return wrapped.version()
