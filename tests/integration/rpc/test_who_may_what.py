"""The table of permissions: 28 callers make 21 calls each, and get the answers of the table.

Four agencies see two exchanges of one initiator: its request to an agency of its own state, which
is released, and its request across the border, which is held for an approval of the centre. The
callers are each role of each agency, and four that nobody should serve.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from exchange_certs.records import RevocationReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Role
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2
from exchange_server.bootstrap import utc_now
from exchange_server.rpc.calls import HEALTH_METHODS, METHODS
from exchange_server.tls.glances import CHECK_SECONDS
from tests.integration.rpc.callers import Region, reason_of
from tests.integration.rpc.conftest import a_while_ago
from tests.support.hub_process import HubProcess, channel_credentials, prepare_hub
from tests.support.statements import KZ_MIA, Hub, fictional_cast, member

INITIATOR, RECIPIENT, HELD_RECIPIENT, CENTRE = "kz.mia", "kz.fma", "uz.fiu", "caricc"
AGENCIES: Final = (INITIATOR, RECIPIENT, HELD_RECIPIENT, CENTRE)
TIMEOUT: Final = 10

SAYING: Final = {Role.SYSTEM, Role.OFFICER}
DECIDING: Final = {Role.COORDINATOR, Role.AUTHORISER}
PARTIES: Final = SAYING | DECIDING
OPERATOR, AUDITOR = {Role.OPERATOR}, {Role.AUDITOR}
EVERYONE: Final = set(Role)
OK: Final = "OK"
NO_EXCHANGE, NO_STATEMENT = "EXCHANGE_UNKNOWN", "STATEMENT_UNKNOWN"

TABLE: Final = (
    # Call, roles, and what is answered to the initiator, the recipient, the recipient of what is
    # held, and the centre. Whoever is not named is ROLE_NOT_PERMITTED.
    ("PlanRoute", SAYING, (OK, OK, OK, "NO_APPROVER")),
    ("PlanRoute", DECIDING, ("POLICY_DENIED",) * 4),
    ("Submit", PARTIES | OPERATOR, (OK, *("AUTHOR_MISMATCH",) * 3)),
    ("SubmitBatch", PARTIES | OPERATOR, (OK,) * 4),
    ("SubmitStream", PARTIES | OPERATOR, (OK,) * 4),
    ("UploadPart", PARTIES, (OK,) * 4),
    ("ListExchanges", PARTIES, (OK,) * 4),
    ("GetExchange", PARTIES, (OK, OK, NO_EXCHANGE, NO_EXCHANGE)),
    ("GetExchange of what is held", PARTIES, (OK, NO_EXCHANGE, NO_EXCHANGE, OK)),
    ("FetchPart", PARTIES, (OK, OK, NO_STATEMENT, NO_STATEMENT)),
    ("FetchPart of what is held", PARTIES, (OK, NO_STATEMENT, NO_STATEMENT, OK)),
    ("Watch", PARTIES, (OK,) * 4),
    ("ListDirectoryEntries", EVERYONE, (OK,) * 4),
    ("GetCheckpoint", EVERYONE, (OK,) * 4),
    ("GetTile", EVERYONE, (OK,) * 4),
    ("GetEntryBundle", EVERYONE, (OK,) * 4),
    ("GetInclusionProof", EVERYONE, (OK,) * 4),
    ("GetConsistencyProof", EVERYONE, (OK,) * 4),
    ("ListOpenings", PARTIES | AUDITOR, (OK,) * 4),
    ("AddCosignature", AUDITOR, ("COSIGNATURE_INVALID",) * 4),
    ("Check", EVERYONE, (OK,) * 4),
    ("List", EVERYONE, (OK,) * 4),
)
CALLS: Final = list(dict.fromkeys(name for name, _, _ in TABLE))
PROBES: Final = {"Check", "List"}
SERVED: Final = METHODS | {one for one in HEALTH_METHODS if not one.endswith("/Watch")}
"""A watch of health never ends: `tests/faults/attacks` make it."""


def expected(agency: str, role: Role) -> dict[str, str]:
    """The row of the table about a caller."""
    at = AGENCIES.index(agency)
    answers = dict.fromkeys(CALLS, "ROLE_NOT_PERMITTED")
    answers.update({name: row[at] for name, roles, row in TABLE if role in roles})
    return answers


def path_of(call: str) -> str:
    """The full name of the RPC of a call."""
    method = call.partition(" ")[0]
    return next(one for one in SERVED if one.endswith(f"/{method}"))


@dataclass(frozen=True)
class Stage:
    """The hub, and one request for each call."""

    region: Region
    requests: dict[str, Message]

    def answers(self, issued: Any, *, each_on_its_own: bool = False) -> dict[str, str]:
        """The answer to the holder of a certificate."""
        if each_on_its_own:
            return {name: self._answers(issued, [name])[name] for name in CALLS}
        return self._answers(issued, CALLS)

    def _answers(self, issued: Any, names: list[str]) -> dict[str, str]:
        process = self.region.process
        credentials = channel_credentials(process.files.root_pem, issued)
        with grpc.secure_channel(process.target, credentials) as channel:
            return {name: answer(channel, name, self.requests[name]) for name in names}


def answer(channel: Any, call: str, request: Message) -> str:
    """The reason or the status of a call."""
    raw, method = request.SerializeToString(), path_of(call)
    try:
        if call == "SubmitStream":
            list(channel.stream_stream(method)(iter([raw]), timeout=TIMEOUT))
        elif call == "UploadPart":
            channel.stream_unary(method)(iter([raw]), timeout=TIMEOUT)
        elif call.startswith("FetchPart"):
            list(channel.unary_stream(method)(raw, timeout=TIMEOUT))
        elif call == "Watch":
            notices = channel.unary_stream(method)(raw, timeout=TIMEOUT)
            next(notices)
            notices.cancel()
        else:
            channel.unary_unary(method)(raw, timeout=TIMEOUT)
    except grpc.RpcError as error:
        return reason_of(error) or error.code().name
    return OK


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    cast = fictional_cast()
    memory = Hub(cast, now=a_while_ago())
    files = prepare_hub(tmp_path_factory.mktemp("hub"), authority=cast.authority)
    request = Kind.INFORMATION_REQUEST.body()
    released = memory.say(KZ_MIA, request, to=[RECIPIENT])
    held = memory.say(KZ_MIA, request, to=[HELD_RECIPIENT])
    signed = memory.log[-1].statement
    assert signed is not None
    again = pb.Submission(
        statement=encode_signed_statement(signed),
        parts=[pb.InlinePart(name=part.name, sealed=part.name.encode()) for part in held.parts],
    )
    requests: dict[str, Message] = {
        "PlanRoute": pb.PlanRouteRequest(
            kind="information_request",
            recipients=["kg.mia"],
            handling=statement_pb2.HANDLING_H0,
            tlp=statement_pb2.TLP_AMBER,
            urgency=statement_pb2.URGENCY_ROUTINE,
            subject_count=1,
        ),
        # What is on the log already, by its author's agency and by others.
        "Submit": pb.SubmitRequest(statement=again.statement, parts=again.parts),
        "SubmitStream": pb.SubmitRequest(statement=again.statement, parts=again.parts),
        "SubmitBatch": pb.SubmitBatchRequest(submissions=[again]),
        "UploadPart": pb.UploadPartRequest(
            sha256=hashlib.sha256(b"part").digest(), size=4, chunk=b"part"
        ),
        "ListExchanges": pb.ListExchangesRequest(),
        "GetExchange": pb.GetExchangeRequest(exchange_id=released.exchange_id),
        "GetExchange of what is held": pb.GetExchangeRequest(exchange_id=held.exchange_id),
        "FetchPart": pb.FetchPartRequest(payload_sha256=released.digest, part_name="brief"),
        "FetchPart of what is held": pb.FetchPartRequest(
            payload_sha256=held.digest, part_name="brief"
        ),
        "Watch": pb.WatchRequest(),
        "ListDirectoryEntries": directory_pb.ListDirectoryEntriesRequest(),
        "GetCheckpoint": audit_pb.GetCheckpointRequest(),
        "GetTile": audit_pb.GetTileRequest(),
        "GetEntryBundle": audit_pb.GetEntryBundleRequest(),
        "GetInclusionProof": audit_pb.GetInclusionProofRequest(index=0, tree_size=2),
        "GetConsistencyProof": audit_pb.GetConsistencyProofRequest(
            first_tree_size=1, second_tree_size=2
        ),
        "ListOpenings": audit_pb.ListOpeningsRequest(tree_size=2),
        "AddCosignature": audit_pb.AddCosignatureRequest(cosigned_checkpoint=b"no note"),
        "Check": health_pb2.HealthCheckRequest(),
        "List": health_pb2.HealthCheckRequest(),
    }
    with HubProcess(files) as process, Region(process, memory) as region:
        region.catch_up()
        yield Stage(region, requests)


def test_table_names_every_rpc() -> None:
    assert {path_of(call) for call in CALLS} == SERVED
    assert len(SERVED) == 19


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("agency", AGENCIES)
def test_member_is_answered_as_the_table_says(stage: Stage, agency: str, role: Role) -> None:
    who = member(agency, role, "table")
    issued = fictional_cast().authority.issue_member(who, Usage.TLS_CLIENT, now=utc_now())
    assert stage.answers(issued) == expected(agency, role)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.OPERATOR])
def test_agency_that_is_not_enrolled_learns_of_health_alone(stage: Stage, role: Role) -> None:
    who = member("xx.none", role)
    issued = fictional_cast().authority.issue_member(who, Usage.TLS_CLIENT, now=utc_now())
    refused = {
        name: reason if reason == "ROLE_NOT_PERMITTED" else "AGENCY_NOT_ENROLLED"
        for name, reason in expected(INITIATOR, role).items()
    }
    assert stage.answers(issued) == refused | dict.fromkeys(PROBES, OK)


def test_revoked_member_is_answered_nothing(stage: Stage) -> None:
    authority = fictional_cast().authority
    issued = authority.issue_member(
        member(INITIATOR, Role.SYSTEM, "gone"), Usage.TLS_CLIENT, now=utc_now()
    )
    authority.revoke(issued.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
    time.sleep(CHECK_SECONDS + 0.1)
    answers = stage.answers(issued, each_on_its_own=True)
    assert answers == dict.fromkeys(CALLS, "CERTIFICATE_REVOKED")


def test_member_whose_certificate_has_expired_does_not_get_in(stage: Stage) -> None:
    now = utc_now()
    issued = fictional_cast().authority.issue_member(
        member(INITIATOR, Role.SYSTEM, "late"),
        Usage.TLS_CLIENT,
        now=now,
        not_before=now - timedelta(seconds=200),
        not_after=now - timedelta(seconds=5),
    )
    assert stage.answers(issued, each_on_its_own=True) == dict.fromkeys(CALLS, "UNAVAILABLE")
