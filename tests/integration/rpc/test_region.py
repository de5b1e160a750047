"""The work of a fictional region over the wire, from a route's plan to an entry's proof."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.merkle import hash_leaf, verify_consistency, verify_inclusion
from exchange_protocol.log.tiles import parse_entry_bundle
from exchange_protocol.record.entries import Event, entry_leaf_hash, parse_entry, verify_opening
from exchange_protocol.record.receipts import parse_proven_entry
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_server.rpc.calls import SERVICES
from tests.integration.rpc.callers import Region, reason_of, refused_call
from tests.support.statements import AUDITOR, COORDINATOR, KG_MIA, KZ_FMA, KZ_MIA, OPERATOR, UZ_FIU


def plan(**fields: Any) -> pb.PlanRouteRequest:
    good: dict[str, Any] = {
        "kind": "information_request",
        "recipients": ["uz.fiu"],
        "handling": statement_pb2.HANDLING_H0,
        "tlp": statement_pb2.TLP_AMBER,
        "urgency": statement_pb2.URGENCY_ROUTINE,
        "subject_count": 1,
    }
    return pb.PlanRouteRequest(**good | fields)


def test_route_across_the_border_names_its_approvers_and_the_policy(region: Region) -> None:
    route = region.stubs(KZ_MIA).exchange.PlanRoute(plan(), timeout=30)
    assert [(leg.agency, leg.approvals_required) for leg in route.legs] == [("uz.fiu", 1)]
    assert "caricc" in route.legs[0].approvers
    assert route.directory_size == region.memory.directory.size
    policy = region.memory.directory.policy
    assert policy is not None
    assert route.policy_sha256 == policy.digest


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "rumour"}, Reason.UNKNOWN_KIND),
        ({"kind": "reply"}, Reason.INVALID_FIELD),
        ({"recipients": []}, Reason.MISSING_FIELD),
        ({"recipients": ["xx.none"]}, Reason.AGENCY_UNKNOWN),
        ({"recipients": ["NOT AN ID"]}, Reason.IDENTITY_INVALID),
        ({"handling": 99}, Reason.INVALID_FIELD),
        ({"tlp": 0}, Reason.MISSING_FIELD),
    ],
)
def test_malformed_plan_is_refused_with_its_reason(
    region: Region, fields: dict[str, Any], reason: Reason
) -> None:
    with refused_call(reason):
        region.stubs(KZ_MIA).exchange.PlanRoute(plan(**fields), timeout=30)


def test_receipt_proves_the_entry_and_the_same_bytes_give_it_again(region: Region) -> None:
    draft = region.memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    signed = region.memory.sign(draft)
    first = region.submit(signed, {"brief": b"brief"}).receipt
    again = region.submit(signed, {"brief": b"brief"}).receipt
    proven = parse_proven_entry(first.entry)
    checkpoint = LogVerifier(region.process.files.log_vkey).verify(first.tree_head.checkpoint)
    leaf_hash = _leaf_hash(region, proven.index)
    # A receipt does not give the statement back: its author holds it.
    assert proven.opening.statement is None
    assert entry_leaf_hash(proven.opening.entry, proven.opening.nonce) == leaf_hash
    assert parse_entry(proven.opening.entry).payload_digest == signed.digest
    verify_inclusion(
        leaf_hash, proven.index, checkpoint.size, proven.inclusion_proof, checkpoint.root
    )
    assert again.entry.index == first.entry.index
    assert again.entry.opening == first.entry.opening


def _leaf_hash(region: Region, index: int) -> bytes:
    audit = region.stubs(AUDITOR).audit
    tile = audit.GetTile(audit_pb.GetTileRequest(level=0, index=index // 256), timeout=30)
    at = index % 256 * 32
    leaf: bytes = tile.hashes[at : at + 32]
    return leaf


def test_an_entry_bundle_hashes_to_its_tile(region: Region) -> None:
    audit = region.stubs(KZ_MIA).audit
    tile = audit.GetTile(audit_pb.GetTileRequest(level=0, index=0), timeout=30)
    served = audit.GetEntryBundle(audit_pb.GetEntryBundleRequest(index=0), timeout=30)
    hashes = b"".join(hash_leaf(data) for data in parse_entry_bundle(served.bundle))
    # The log may have grown in between.
    assert hashes.startswith(tile.hashes)
    with refused_call(Reason.ENTRY_UNKNOWN):
        audit.GetEntryBundle(audit_pb.GetEntryBundleRequest(index=2**63), timeout=30)


def test_held_exchange_is_hidden_until_it_is_approved(region: Region) -> None:
    memory = region.memory
    asked = memory.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    region.catch_up()
    get = pb.GetExchangeRequest(exchange_id=asked.exchange_id)
    with refused_call(Reason.EXCHANGE_UNKNOWN):
        region.stubs(UZ_FIU).exchange.GetExchange(get, timeout=30)
    pending = pb.ListExchangesRequest(party=statement_pb2.PARTY_APPROVER)
    listed = region.stubs(COORDINATOR).exchange.ListExchanges(pending, timeout=30)
    assert asked.exchange_id in [each.exchange_id for each in listed.exchanges]

    memory.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    region.catch_up()
    seen = region.stubs(UZ_FIU).exchange.GetExchange(get, timeout=30)
    checkpoint = LogVerifier(region.process.files.log_vkey).verify(seen.tree_head.checkpoint)
    for entry in map(parse_proven_entry, seen.entries):
        leaf_hash = _leaf_hash(region, entry.index)
        verify_opening(entry.opening, leaf_hash)
        verify_inclusion(
            leaf_hash, entry.index, checkpoint.size, entry.inclusion_proof, checkpoint.root
        )
    assert seen.summary.initiator == "kz.mia"
    inbox = pb.ListExchangesRequest(
        party=statement_pb2.PARTY_RECIPIENT, kinds=["information_request"]
    )
    listed = region.stubs(UZ_FIU).exchange.ListExchanges(inbox, timeout=30)
    assert asked.exchange_id in [each.exchange_id for each in listed.exchanges]


def test_outsider_learns_nothing_and_the_attempt_is_on_the_log(region: Region) -> None:
    asked = region.memory.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    region.catch_up()
    before = _tree_size(region)
    with refused_call(Reason.EXCHANGE_UNKNOWN):
        region.stubs(KG_MIA).exchange.GetExchange(
            pb.GetExchangeRequest(exchange_id=asked.exchange_id), timeout=5
        )
    assert _tree_size(region) == before + 1


def _tree_size(region: Region) -> int:
    head = region.stubs(AUDITOR).audit.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=30)
    verifier = LogVerifier(region.process.files.log_vkey)
    return verifier.verify(head.tree_head.checkpoint).size


def test_directory_comes_in_pages_with_proofs(region: Region) -> None:
    directory = region.stubs(OPERATOR).directory
    got: list[directory_pb.ListDirectoryEntriesResponse] = []
    held = 0
    while not got or held < got[-1].directory_size:
        request = directory_pb.ListDirectoryEntriesRequest(known_directory_size=held, page_size=7)
        got.append(directory.ListDirectoryEntries(request, timeout=30))
        held += len(got[-1].entries)
    assert held == region.memory.directory.size
    assert all(len(page.entries) <= 7 for page in got)


def test_log_extends_itself(region: Region) -> None:
    audit = region.stubs(AUDITOR).audit
    verifier = LogVerifier(region.process.files.log_vkey)
    old = verifier.verify(
        audit.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=30).tree_head.checkpoint
    )
    region.memory.say(KZ_FMA, Kind.INFORMATION_REQUEST.body(), to=["kz.mia"])
    region.catch_up()
    head = audit.GetCheckpoint(
        audit_pb.GetCheckpointRequest(known_tree_size=old.size), timeout=5
    ).tree_head
    new = verifier.verify(head.checkpoint)
    verify_consistency(old.size, new.size, head.consistency_proof, old.root, new.root)
    proof = audit.GetConsistencyProof(
        audit_pb.GetConsistencyProofRequest(first_tree_size=1, second_tree_size=new.size),
        timeout=30,
    ).consistency_proof
    assert proof
    with refused_call(Reason.PROOF_RANGE_INVALID):
        audit.GetCheckpoint(
            audit_pb.GetCheckpointRequest(known_tree_size=new.size + 1000), timeout=5
        )


def test_auditor_gets_every_leaf_and_only_its_own_openings(region: Region) -> None:
    region.memory.say(KZ_FMA, Kind.INFORMATION_REQUEST.body(), to=["kz.mia"])
    region.memory.say(KG_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    region.catch_up()
    size = _tree_size(region)
    request = audit_pb.ListOpeningsRequest(tree_size=size, page_size=1000)
    answer = region.stubs(AUDITOR).audit.ListOpenings(request, timeout=30)
    leaves = answer.leaves
    assert len(leaves) == size
    assert all(len(leaf.leaf_hash) == 32 for leaf in leaves)
    assert leaves[0].HasField("opening")
    assert [leaf.HasField("opening") for leaf in leaves[-2:]] == [True, False]
    for leaf in leaves:
        assert not leaf.opening.nonce or len(leaf.opening.nonce) == 32
    # The reading is proven to be on the log; who is opened nothing of others is not logged.
    entry = parse_entry(answer.inspection.opening.entry)
    checkpoint = LogVerifier(region.process.files.log_vkey).verify(answer.tree_head.checkpoint)
    assert (answer.inspection.index, checkpoint.size) == (size, size + 1)
    assert (entry.event, entry.actor) == (Event.INSPECTION, AUDITOR)
    assert entry.inspected is not None
    assert entry.inspected.opened == sum(leaf.HasField("opening") for leaf in leaves)
    party = region.stubs(KZ_MIA).audit.ListOpenings(request, timeout=30)
    assert not party.HasField("inspection")
    assert _tree_size(region) == size + 1
    request.known_tree_size = size + 1000
    with refused_call(Reason.PROOF_RANGE_INVALID):
        region.stubs(AUDITOR).audit.ListOpenings(request, timeout=30)


def test_page_larger_than_the_bound_is_refused(region: Region) -> None:
    with refused_call(Reason.INVALID_FIELD):
        region.stubs(AUDITOR).audit.ListOpenings(
            audit_pb.ListOpeningsRequest(tree_size=1, page_size=1001), timeout=5
        )
    with refused_call(Reason.PAGE_TOKEN_INVALID):
        region.stubs(KZ_MIA).exchange.ListExchanges(
            pb.ListExchangesRequest(page_token="forged"), timeout=5
        )


def test_lists_longer_than_they_can_mean_anything_are_refused(region: Region) -> None:
    exchange = region.stubs(KZ_MIA).exchange
    for request in (
        pb.ListExchangesRequest(states=[log_pb2.LEG_STATE_HELD] * 1000),
        pb.ListExchangesRequest(kinds=["reply"] * 1000),
    ):
        with refused_call(Reason.TOO_MANY):
            exchange.ListExchanges(request, timeout=30)
    with refused_call(Reason.TOO_MANY):
        exchange.PlanRoute(plan(recipients=["uz.fiu"] * 1000), timeout=30)
    with refused_call(Reason.TOO_MANY):
        exchange.Submit(
            pb.SubmitRequest(
                statement=statement_pb2.SignedStatement(
                    signatures=[statement_pb2.Signature(certificate_sha256=bytes(32))]
                ),
                parts=[pb.InlinePart(name=str(i)) for i in range(33)],
            ),
            timeout=30,
        )


_LARGEST = {
    FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1,
    FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1,
}
_NUMBERS = [
    pytest.param(service.name, method.name, field.name, id=f"{method.name}-{field.name}")
    for service in SERVICES
    for method in service.methods
    if not method.client_streaming and not method.server_streaming
    for field in method.input_type.fields
    if field.cpp_type in _LARGEST
]


@pytest.mark.parametrize(("service", "method", "field"), _NUMBERS)
def test_no_number_is_so_large_that_the_hub_fails_inside(
    region: Region, service: str, method: str, field: str
) -> None:
    """Databases count to 2**63 - 1, and the wire to 2**64 - 1."""
    stub: Any = getattr(region.stubs(KZ_MIA), service.removesuffix("Service").lower())
    [descriptor] = [each for one in SERVICES for each in one.methods if each.name == method]
    request: Any = plan() if method == "PlanRoute" else GetMessageClass(descriptor.input_type)()
    if "tree_size" in descriptor.input_type.fields_by_name:
        request.tree_size = len(region.memory.log)
    setattr(request, field, _LARGEST[descriptor.input_type.fields_by_name[field].cpp_type])
    refusal = ""
    try:
        getattr(stub, method)(request, timeout=30)
    except grpc.RpcError as error:
        refusal = reason_of(error) or Reason.INTERNAL.name
    assert refusal != Reason.INTERNAL.name
