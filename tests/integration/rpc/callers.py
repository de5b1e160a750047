"""Callers of a real hub: stubs over mutual TLS for any member of the fictional region."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import Reason
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import audit_service_pb2_grpc as audit_grpc
from exchange_protocol.v1 import directory_service_pb2_grpc as directory_grpc
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_server.bootstrap import utc_now
from tests.support.hub_process import HubProcess, channel_credentials
from tests.support.statements import Hub


class Stubs:
    """All services over one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.exchange = pb_grpc.ExchangeServiceStub(channel)
        self.directory = directory_grpc.DirectoryServiceStub(channel)
        self.audit = audit_grpc.AuditServiceStub(channel)


class Region:
    """A running hub, the same hub in memory to compose statements with, and its callers."""

    def __init__(self, process: HubProcess, memory: Hub) -> None:
        self.process = process
        self.memory = memory
        self._submitted = 0
        self._stubs: dict[Member, Stubs] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def stubs(self, who: Member) -> Stubs:
        """Stubs of a member; its TLS certificate is issued at first use."""
        if who not in self._stubs:
            issued = self.memory.cast.authority.issue_member(who, Usage.TLS_CLIENT, now=utc_now())
            credentials = channel_credentials(self.process.files.root_pem, issued)
            channel = grpc.secure_channel(self.process.target, credentials)
            self._stack.enter_context(channel)
            self._stubs[who] = Stubs(channel)
        return self._stubs[who]

    def submit(self, signed: SignedStatement, parts: dict[str, bytes]) -> pb.SubmitResponse:
        """Submit a statement as its author."""
        author = parse_statement(signed.payload).author
        request = pb.SubmitRequest(
            statement=encode_signed_statement(signed),
            parts=[pb.InlinePart(name=name, sealed=sealed) for name, sealed in parts.items()],
        )
        response: pb.SubmitResponse = self.stubs(author).exchange.Submit(request, timeout=30)
        return response

    def catch_up(self) -> None:
        """Submit what was said to the hub in memory since."""
        for opening in self.memory.log[self._submitted :]:
            if opening.statement is not None:
                statement = parse_statement(opening.statement.payload)
                self.submit(opening.statement, sealed_parts(statement))
        self._submitted = len(self.memory.log)


def sealed_parts(statement: Statement) -> dict[str, bytes]:
    """The sealed bytes of a statement that the hub in memory composed: each part's own name."""
    return {part.name: part.name.encode() for part in statement.parts}


def refused_call(reason: Reason) -> pytest.RaisesExc[grpc.RpcError]:
    """Expect a call to be refused for a reason."""
    return pytest.RaisesExc(grpc.RpcError, check=lambda error: reason_of(error) == reason.name)


def reason_of(error: grpc.RpcError) -> str | None:
    """The reason that a status carries in its details."""
    trailers: Any = error.trailing_metadata()
    for key, value in trailers or ():
        if key == "grpc-status-details-bin":
            info = error_details_pb2.ErrorInfo()
            status_pb2.Status.FromString(value).details[0].Unpack(info)
            return info.reason
    return None


def retry_seconds(error: grpc.RpcError) -> float:
    """The seconds after which a caller may come back, as a status says; 0 where it does not."""
    trailers: Any = error.trailing_metadata()
    for key, value in trailers or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                retry = error_details_pb2.RetryInfo()
                if detail.Unpack(retry):
                    return retry.retry_delay.ToMilliseconds() / 1000
    return 0.0
