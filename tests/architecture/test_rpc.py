"""No RPC without a rule, no reason without a status, no service without its methods."""

from __future__ import annotations

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import Role
from exchange_server.rpc.audit_service import AuditService
from exchange_server.rpc.authorization import ALLOWED_ROLES
from exchange_server.rpc.calls import METHODS, REFLECTION_METHODS, SERVICES
from exchange_server.rpc.directory_service import DirectoryService
from exchange_server.rpc.exchange_service import ExchangeService
from exchange_server.rpc.status import STATUS_CODES

SERVICERS = {
    "ExchangeService": ExchangeService,
    "DirectoryService": DirectoryService,
    "AuditService": AuditService,
}


def test_every_rpc_of_the_contract_has_an_authorization_rule_and_no_rule_lacks_its_rpc() -> None:
    assert set(ALLOWED_ROLES) == METHODS | REFLECTION_METHODS


def test_every_rule_names_somebody() -> None:
    assert all(ALLOWED_ROLES.values())


def test_every_reason_has_a_status() -> None:
    assert set(STATUS_CODES) == set(Reason)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_rpc_of_the_contract_is_implemented(service: object) -> None:
    servicer = SERVICERS[service.name]  # type: ignore[attr-defined]
    names = {method.name for method in service.methods}  # type: ignore[attr-defined]
    assert names <= set(vars(servicer))


def test_auditors_neither_submit_nor_fetch_and_operators_see_no_exchange() -> None:
    def allowed(role: Role) -> set[str]:
        return {name.rpartition("/")[2] for name, roles in ALLOWED_ROLES.items() if role in roles}

    assert not allowed(Role.AUDITOR) & {
        "Submit",
        "SubmitBatch",
        "SubmitStream",
        "UploadPart",
        "FetchPart",
        "Watch",
        "PlanRoute",
    }
    assert allowed(Role.OPERATOR) == {
        "Submit",
        "SubmitBatch",
        "SubmitStream",
        "ListDirectoryEntries",
        "GetCheckpoint",
        "GetTile",
        "GetEntryBundle",
        "GetInclusionProof",
        "GetConsistencyProof",
        "ServerReflectionInfo",
    }
