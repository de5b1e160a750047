"""Every role against every RPC: what the table does not name is refused, and on the log."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import Role
from exchange_server.rpc.authorization import ALLOWED_ROLES
from tests.integration.rpc.callers import Region, Stubs, reason_of
from tests.support.statements import member

# Denied to everyone: the health service apart, an RPC without a row cannot exist (architecture).
PARTIES = {Role.SYSTEM, Role.OFFICER, Role.COORDINATOR, Role.AUTHORISER}
EXPECTED = {
    "PlanRoute": PARTIES,
    "Submit": PARTIES | {Role.OPERATOR},
    "SubmitBatch": PARTIES | {Role.OPERATOR},
    "SubmitStream": PARTIES | {Role.OPERATOR},
    "UploadPart": PARTIES,
    "ListExchanges": PARTIES,
    "GetExchange": PARTIES,
    "FetchPart": PARTIES,
    "ListDirectoryEntries": set(Role),
    "GetCheckpoint": set(Role),
    "GetTile": set(Role),
    "GetEntryBundle": set(Role),
    "GetInclusionProof": set(Role),
    "GetConsistencyProof": set(Role),
    "ListOpenings": PARTIES | {Role.AUDITOR},
    "AddCosignature": {Role.AUDITOR},
}


def outcome(stubs: Stubs, method: str) -> str | None:
    """The reason with which an empty request is refused; None where it is answered."""
    full_name = next(name for name in ALLOWED_ROLES if name.endswith("/" + method))
    channel: Any = stubs.channel
    try:
        if method == "UploadPart":
            channel.stream_unary(full_name)(iter([b""]), timeout=30)
        elif method == "FetchPart":
            list(channel.unary_stream(full_name)(b"", timeout=30))
        else:
            channel.unary_unary(full_name)(b"", timeout=30)
    except grpc.RpcError as error:
        return reason_of(error)
    return None


@pytest.mark.parametrize("role", Role)
def test_role_may_call_what_the_table_says_and_nothing_else(region: Region, role: Role) -> None:
    stubs = region.stubs(member("caricc", role, "matrix"))
    allowed = {
        method for method in EXPECTED if outcome(stubs, method) != Reason.ROLE_NOT_PERMITTED.name
    }
    assert allowed == {method for method, roles in EXPECTED.items() if role in roles}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_auditors_and_operators_may_not_watch(region: Region, role: Role) -> None:
    channel: Any = region.stubs(member("caricc", role, "matrix")).channel
    watch = channel.unary_stream("/exchange_protocol.v1.ExchangeService/Watch")
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(b"", timeout=30))
    assert reason_of(caught.value) == Reason.ROLE_NOT_PERMITTED.name


def test_agency_that_is_not_enrolled_is_refused_in_every_role(region: Region) -> None:
    for role in Role:
        stubs = region.stubs(member("xx.none", role))
        assert outcome(stubs, "GetCheckpoint") == Reason.AGENCY_NOT_ENROLLED.name


def test_unknown_rpc_does_not_exist(region: Region) -> None:
    channel: Any = region.stubs(member("caricc")).channel
    call = channel.unary_unary("/exchange_protocol.v1.ExchangeService/Drop")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
