"""Attacks by questions: routes to many agencies, and statements that are long to parse."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from agency_client import ExchangeClient
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, Handling, Purpose, Tlp, Urgency
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import (
    BRIEF,
    MAX_PARTS,
    UUID_RANDOM_BYTES,
    Draft,
    Header,
    Part,
    new_statement_id,
)
from exchange_protocol.rules.wire import encode_statement
from exchange_protocol.trust.envelope import PAYLOAD_TYPE
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.trust.sealing import SealingSuite, WrappedKey
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2
from exchange_server.rpc.calls import (
    FETCH_PART,
    SUBMIT,
    SUBMIT_BATCH,
    SUBMIT_STREAM,
    UPLOAD_PART,
    WATCH,
)
from tests.faults.attacks.scene import MIB, Scene, attacked
from tests.faults.load import FULL
from tests.support.deployment import OPERATOR
from tests.support.foundation import Foundation

PLAN_ROUTE: Final = "/exchange_protocol.v1.ExchangeService/PlanRoute"
AUTHOR: Final = "kz.mia/system"
AGENCIES_MORE: Final = 54
"""With the cast there are 60."""
RECIPIENTS: Final = 32
BATCHES: Final = 40 if FULL else 12
LONG: Final = 4 * MIB
LONG_CALLS: Final = 100
STATES: Final = ("KZ", "KG", "TJ", "TM", "AZ")


def enrolled(scene: Scene) -> list[AgencyId]:
    """Many more agencies, enrolled by the operator; gives their ids."""
    with scene.town.client(OPERATOR) as operator:
        for number in range(AGENCIES_MORE):
            operator.enrol_agency(
                agency=f"zz.a{number:02}",
                name="(fictional)",
                country=STATES[number % len(STATES)],
                agency_type=AgencyType.PROSECUTOR if number % 5 == 0 else AgencyType.FIU,
                time_zone="UTC",
            )
    return [AgencyId(f"zz.a{number:02}") for number in range(AGENCIES_MORE)]


def varied(agencies: list[AgencyId]) -> Iterator[tuple[tuple[AgencyId, ...], Header]]:
    """Recipients and headers, of which no two are the same."""
    for count in itertools.count():
        start = count % len(agencies)
        chosen = (agencies + agencies)[start : start + RECIPIENTS]
        yield (
            tuple(chosen),
            Header(
                handling=list(Handling)[count % 4],
                tlp=list(Tlp)[count // 4 % len(Tlp)],
                urgency=list(Urgency)[count // 20 % len(Urgency)],
                purpose=Purpose.INVESTIGATION,
                legal_basis="TEST-1",
                subject_count=count,
                due_at=now() + timedelta(days=10),
            ),
        )


def now() -> datetime:
    return datetime.now(UTC)


def questions(agencies: list[AgencyId]) -> Iterator[bytes]:
    for recipients, header in varied(agencies):
        yield pb.PlanRouteRequest(
            kind="information_request",
            recipients=recipients,
            handling=statement_pb2.Handling.ValueType(header.handling),
            tlp=statement_pb2.Tlp.ValueType(header.tlp),
            urgency=statement_pb2.Urgency.ValueType(header.urgency),
            subject_count=header.subject_count,
        ).SerializeToString()


def drafted(client: ExchangeClient, recipients: tuple[AgencyId, ...], header: Header) -> Draft:
    """A request that nothing is wrong with but its parts, which come last in a judgement."""
    new_id = new_statement_id(now(), secrets.token_bytes(UUID_RANDOM_BYTES))
    return Draft(
        id=new_id,
        exchange_id=new_id,
        author=client.member,
        made_at=now(),
        body=Kind.INFORMATION_REQUEST.body(),
        recipients=recipients,
        header=header,
    )


def batches(client: ExchangeClient, agencies: list[AgencyId]) -> list[bytes]:
    many = varied(agencies)
    requests = []
    for _ in range(BATCHES):
        payloads = [
            encode_statement(drafted(client, *each)) for each in itertools.islice(many, 256)
        ]
        signed = client.profile.vault.sign_batch(payloads)
        submissions = [pb.Submission(statement=encode_signed_statement(one)) for one in signed]
        requests.append(pb.SubmitBatchRequest(submissions=submissions).SerializeToString())
    return requests


def test_routes_to_many_that_are_asked_without_pause_hold_nobody_up(
    foundation: Foundation, tmp_path: Path
) -> None:
    with attacked(foundation, tmp_path) as scene:
        asked = questions(enrolled(scene))
        with scene.calls(AUTHOR, PLAN_ROUTE, asked, 1) as one:
            while not one.ended:
                time.sleep(0.1)
        # Of many at once, none may be answered in its time on a busy machine.
        assert one.ended["OK"] > 0
        scene.innocent.measure(2)
        with scene.calls(AUTHOR, PLAN_ROUTE, asked, 64) as calls:
            time.sleep(0.5)
            figures = scene.innocent.verify_served()
        print(f"{calls.ended}; {figures}")
        assert calls.ended.total() > 0


def test_statements_to_many_hold_nobody_up(
    foundation: Foundation, tmp_path: Path, database_url: str | None
) -> None:
    with attacked(foundation, tmp_path, database_url=database_url) as scene:
        agencies = enrolled(scene)
        scene.innocent.measure(2)
        with scene.town.client(AUTHOR) as client:
            requests = batches(client, agencies)
        with scene.calls(AUTHOR, SUBMIT_BATCH, itertools.cycle(requests), 4) as calls:
            time.sleep(0.5)
            figures = scene.innocent.verify_served()
        print(f"{calls.ended}; {figures}")
        assert calls.ended["OK"] > 0


def refused(scene: Scene, what: str) -> tuple[str, bytes]:
    """A call of some megabytes that the hub refuses: its method, and its request."""
    name, digest = "a" * LONG, bytes(32)
    exchange = "/exchange_protocol.v1.ExchangeService/"
    if what.startswith("statement"):
        with scene.town.client(AUTHOR) as client:
            signed = long_signed(client)
        stated = encode_signed_statement(signed)
        part = pb.InlinePart(name=BRIEF, sealed=b"x" * 3 * MIB)
        if what == "statement in a batch":
            one = pb.Submission(statement=stated, parts=[part])
            return SUBMIT_BATCH, pb.SubmitBatchRequest(submissions=[one]).SerializeToString()
        method = SUBMIT_STREAM if what == "statement in a stream" else SUBMIT
        return method, pb.SubmitRequest(statement=stated, parts=[part]).SerializeToString()
    method, request = {
        "text that is no agency": (
            PLAN_ROUTE,
            pb.PlanRouteRequest(
                kind="information_request",
                recipients=[name],
                handling=statement_pb2.HANDLING_H0,
                tlp=statement_pb2.TLP_AMBER,
                urgency=statement_pb2.URGENCY_ROUTINE,
            ),
        ),
        "text that is no kind": (f"{exchange}ListExchanges", pb.ListExchangesRequest(kinds=[name])),
        "text that is no id": (f"{exchange}GetExchange", pb.GetExchangeRequest(exchange_id=name)),
        "name of no part": (
            FETCH_PART,
            pb.FetchPartRequest(payload_sha256=digest, part_name=name),
        ),
        "place of no watch": (WATCH, pb.WatchRequest(resume_token=name)),
        "part that is too long": (
            UPLOAD_PART,
            pb.UploadPartRequest(sha256=digest, size=2 * LONG, chunk=name.encode()),
        ),
    }[what]
    return method, request.SerializeToString()


@pytest.mark.parametrize(
    "what",
    [
        "text that is no agency",
        "text that is no kind",
        "text that is no id",
        "name of no part",
        "place of no watch",
        "part that is too long",
        "statement",
        "statement in a batch",
        "statement in a stream",
    ],
)
def test_calls_of_megabytes_that_are_refused_leave_nothing_in_memory(
    foundation: Foundation, tmp_path: Path, what: str
) -> None:
    with attacked(foundation, tmp_path) as scene:
        method, request = refused(scene, what)
        # Each text is another one.
        requests = (
            request.replace(b"a" * 16, b"%016d" % number, 1) for number in itertools.count()
        )
        before = scene.memory()
        with scene.calls(AUTHOR, method, requests, 2) as calls:
            while calls.ended.total() < LONG_CALLS:
                time.sleep(0.1)
        grown = scene.memory() - before
        print(f"{len(request)} bytes, {calls.ended}: {grown // MIB} MiB more in memory")
        assert grown < 100 * MIB
        assert ("OK" in calls.ended) == (method in (SUBMIT_BATCH, SUBMIT_STREAM))


def long_signed(client: ExchangeClient) -> SignedStatement:
    """A request with one long part, and a signature that is none."""
    keys = (WrappedKey(AgencyId("kz.fma"), "recipient", bytes(32), b"x"),)
    sealed = b"x" * 3 * MIB
    part = Part(
        BRIEF,
        hashlib.sha256(sealed).digest(),
        len(sealed),
        "text/plain",
        next(iter(SealingSuite)),
        keys,
    )
    header = Header(purpose=Purpose.INVESTIGATION, legal_basis="TEST-1", subject_count=1)
    draft = replace(drafted(client, (AgencyId("kz.fma"),), header), parts=(part,))
    certificate = client.profile.vault.certificate
    assert certificate is not None
    fingerprint = certificate.fingerprint
    return SignedStatement(PAYLOAD_TYPE, encode_statement(draft), fingerprint, b"x" * 70)


def long_statement(client: ExchangeClient) -> bytes:
    """A statement of as many keys as may be, with a signature that is none."""
    keys = tuple(
        WrappedKey(AgencyId(f"zz.a{number:03}"), "recipient", bytes(32), b"x")
        for number in range(128)
    )
    names = [BRIEF, *(f"part{number}" for number in range(1, MAX_PARTS))]
    parts = tuple(
        Part(name, bytes(32), 1, "text/plain", next(iter(SealingSuite)), keys) for name in names
    )
    header = Header(purpose=Purpose.INVESTIGATION, legal_basis="TEST-1", subject_count=1)
    draft = drafted(client, (AgencyId("kz.fma"),), header)
    payload = encode_statement(replace(draft, parts=parts))
    signed = SignedStatement(PAYLOAD_TYPE, payload, bytes(32), b"x" * 70)
    return pb.SubmitRequest(statement=encode_signed_statement(signed)).SerializeToString()


def test_statements_that_are_long_to_parse_hold_nobody_up(
    foundation: Foundation, tmp_path: Path
) -> None:
    with attacked(foundation, tmp_path, {"statements_per_second": 100_000}) as scene:
        with scene.town.client(AUTHOR) as client:
            request = long_statement(client)
        with scene.calls(AUTHOR, SUBMIT, itertools.repeat(request), 100) as calls:
            time.sleep(0.5)
            figures = scene.innocent.verify_served()
        print(f"{len(request)} bytes, {calls.ended}; {figures}")
        assert calls.ended.total() > 0
        assert "OK" not in calls.ended
