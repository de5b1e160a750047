"""Server reflection: operators may ask for the contract where it is on, nobody else may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as pb
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Role
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2
from exchange_server.bootstrap import utc_now
from exchange_server.rpc.calls import REFLECTION_METHODS, SERVICES
from tests.faults.load import wait_until
from tests.integration.rpc.callers import Region, reason_of, refused_call
from tests.integration.rpc.conftest import a_while_ago
from tests.support.hub_process import HubProcess, channel_credentials, prepare_hub
from tests.support.statements import OPERATOR, Hub, fictional_cast, member

LIST = pb.ServerReflectionRequest(list_services="")
HEALTH = "grpc.health.v1.Health"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A hub that was asked to serve reflection."""
    folder: Path = tmp_path_factory.mktemp("hub")
    files = prepare_hub(folder, authority=fictional_cast().authority)
    environment = {"EXCHANGE_LISTEN_REFLECTION": "true"}
    memory = Hub(fictional_cast(), now=a_while_ago())
    with HubProcess(files, environment) as process, Region(process, memory) as region:
        region.catch_up()
        yield region


def asked(channel: Any, method: str, *requests: pb.ServerReflectionRequest) -> list[Any]:
    """Ask by the wire alone, as tools in any language do."""
    call = channel.stream_stream(
        method,
        request_serializer=pb.ServerReflectionRequest.SerializeToString,
        response_deserializer=pb.ServerReflectionResponse.FromString,
    )
    return list(call(iter(requests), timeout=30))


def test_a_tool_learns_the_contract_and_calls_by_it(shown: Region) -> None:
    channel = shown.stubs(OPERATOR).channel
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(database.get_services()) == {each.full_name for each in SERVICES} | {HEALTH}
    pool = DescriptorPool(database)
    service = pool.FindServiceByName("exchange_protocol.v1.AuditService")
    method = service.FindMethodByName("GetCheckpoint")
    assert method.input_type.full_name == audit_pb.GetCheckpointRequest.DESCRIPTOR.full_name
    own = exchange_service_pb2.DESCRIPTOR
    found = pool.FindFileByName(own.name)
    assert found.serialized_pb == own.serialized_pb


@pytest.mark.parametrize("method", sorted(REFLECTION_METHODS))
def test_both_names_answer_and_show_what_is_served_alone(shown: Region, method: str) -> None:
    channel = shown.stubs(OPERATOR).channel
    [services, missing, own] = asked(
        channel,
        method,
        LIST,
        # Loaded in the hub's process, and no part of the contract.
        pb.ServerReflectionRequest(
            file_containing_symbol="grpc.reflection.v1alpha.ServerReflection"
        ),
        pb.ServerReflectionRequest(file_containing_symbol="exchange_protocol.v1.Statement"),
    )
    names = {each.name for each in services.list_services_response.service}
    assert names == {each.full_name for each in SERVICES} | {HEALTH}
    assert missing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert own.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("method", sorted(REFLECTION_METHODS))
@pytest.mark.parametrize("role", Role)
def test_operators_may_ask_and_nobody_else(shown: Region, role: Role, method: str) -> None:
    channel = shown.stubs(member("caricc", role, "matrix")).channel
    if role is Role.OPERATOR:
        assert asked(channel, method, LIST)
        return
    with refused_call(Reason.ROLE_NOT_PERMITTED):
        asked(channel, method, LIST)
    denied = {"method": method, "outcome": Reason.ROLE_NOT_PERMITTED.name}
    wait_until(lambda: any(denied.items() <= each.items() for each in shown.process.said("call")))


def test_an_operator_of_another_agency_is_judged_as_everywhere(shown: Region) -> None:
    with refused_call(Reason.AGENCY_NOT_ENROLLED):
        channel = shown.stubs(member("xx.none", Role.OPERATOR)).channel
        asked(channel, sorted(REFLECTION_METHODS)[0], LIST)


def test_a_caller_without_a_certificate_is_refused_by_tls(shown: Region) -> None:
    credentials = grpc.ssl_channel_credentials(shown.process.files.root_pem)
    with (
        grpc.secure_channel(shown.process.target, credentials) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        asked(channel, sorted(REFLECTION_METHODS)[0], LIST)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_questions_are_bounded_as_every_call_is(tmp_path: Path) -> None:
    limits = {"calls_per_agency": 2, "deadline_seconds": 5}
    cast = fictional_cast()
    files = prepare_hub(tmp_path, authority=cast.authority, limits=limits)
    issued = cast.authority.issue_member(OPERATOR, Usage.TLS_CLIENT, now=utc_now())
    credentials = channel_credentials(files.root_pem, issued)
    method = sorted(REFLECTION_METHODS)[0]
    with (
        HubProcess(files, {"EXCHANGE_LISTEN_REFLECTION": "true"}) as hub,
        grpc.secure_channel(hub.target, credentials) as channel,
    ):
        call: Any = channel.stream_stream(
            method,
            request_serializer=pb.ServerReflectionRequest.SerializeToString,
            response_deserializer=pb.ServerReflectionResponse.FromString,
        )

        def endless() -> Iterator[pb.ServerReflectionRequest]:
            yield LIST
            hub.wait_until_said("call", 3)

        held = [call(endless(), timeout=60) for _ in range(2)]
        for each in held:
            assert next(each).list_services_response.service
        with pytest.raises(grpc.RpcError) as caught:
            asked(channel, method, LIST)
        assert reason_of(caught.value) == Reason.RATE_LIMITED.name
        # Those that ask nothing more end with the hub's deadline.
        for each in held:
            with pytest.raises(grpc.RpcError) as caught:
                next(each)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("method", sorted(REFLECTION_METHODS))
def test_it_does_not_exist_unless_it_is_asked_for(region: Region, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        asked(region.stubs(OPERATOR).channel, method, LIST)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
