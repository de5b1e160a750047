"""SubmitBatch: each statement is judged by itself; what is bad takes nothing from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.log.receipts import verify_receipt
from exchange_protocol.rules.bodies import Kind, Plain, Reply
from exchange_protocol.rules.statements import (
    BRIEF,
    SignedStatement,
    encode_signed_statement,
    parse_statement,
)
from exchange_protocol.rules.vocabulary import ReplyResult
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.integration.rpc.callers import Region, refused
from tests.support.hub_data import sealed
from tests.support.statements import KZ_FMA, KZ_MIA, UZ_FIU

Made = tuple[SignedStatement, dict[str, bytes]]


def requests(region: Region, count: int) -> list[Made]:
    """Requests for information, signed with one signature."""
    memory = region.memory
    drafts = []
    for _ in range(count):
        draft = memory.compose(KZ_MIA, Plain(Kind.INFORMATION_REQUEST), to=["kz.fma"])
        drafts.append(sealed(memory.cast, draft, BRIEF, b"fictional"))
    signed = memory.sign_batch([draft for draft, _ in drafts])
    return [(one, {BRIEF: part}) for one, (_, part) in zip(signed, drafts, strict=True)]


def submit(region: Region, made: Sequence[Made]) -> pb.SubmitBatchResponse:
    response: pb.SubmitBatchResponse = region.stubs(KZ_MIA).exchange.SubmitBatch(
        pb.SubmitBatchRequest(
            submissions=[
                pb.Submission(
                    statement=encode_signed_statement(signed),
                    parts=[pb.InlinePart(name=name, sealed=part) for name, part in parts.items()],
                )
                for signed, parts in made
            ]
        ),
        timeout=20,
    )
    return response


def reasons(region: Region, response: pb.SubmitBatchResponse, made: Sequence[Made]) -> list[str]:
    """For each result the reason of its refusal; receipts are verified, and give nothing."""
    log = LogVerifier(region.process.files.log_vkey)
    found = []
    for (signed, _), result in zip(made, response.results, strict=True):
        if result.HasField("entry"):
            note = response.tree_heads[result.tree_head].checkpoint
            verify_receipt(result.entry, note, parse_statement(signed.payload), log)
            found.append("")
            continue
        [info] = [
            info
            for detail in status_pb2.Status.FromString(result.refusal).details
            if detail.Unpack(info := error_details_pb2.ErrorInfo())
        ]
        found.append(info.reason)
    return found


def test_every_statement_of_a_batch_has_a_receipt_in_order(region: Region) -> None:
    made = requests(region, 40)
    response = submit(region, made)
    assert reasons(region, response, made) == [""] * 40
    indexes = [result.entry.index for result in response.results]
    assert indexes == list(range(indexes[0], indexes[0] + 40))
    assert len(response.tree_heads) < 40
    again = submit(region, made)
    assert [result.entry.index for result in again.results] == indexes


def test_what_is_bad_takes_nothing_from_the_rest(region: Region) -> None:
    made = requests(region, 8)
    first, second = made[0][0], made[1][0]
    assert first.batch is not None
    assert second.batch is not None
    cases: list[tuple[Made, str]] = [
        (made[0], ""),
        ((replace(second, signature=b"none"), made[1][1]), "SIGNATURE_INVALID"),
        ((replace(made[2][0], batch=first.batch), made[2][1]), "SIGNATURE_INVALID"),
        ((replace(made[3][0], batch=None), made[3][1]), "SIGNATURE_INVALID"),
        ((replace(made[4][0], payload=b"nothing"), made[4][1]), "MALFORMED"),
        ((made[5][0], {}), "PART_MISSING"),
        ((made[6][0], {BRIEF: b"others"}), "PART_MISMATCH"),
        (made[7], ""),
    ]
    given = [one for one, _ in cases]
    assert reasons(region, submit(region, given), given) == [reason for _, reason in cases]
    # And what was refused for its signature alone is taken with the right one.
    assert reasons(region, submit(region, [made[1]]), [made[1]]) == [""]


def test_repeated_ids_and_other_authors_are_refused_by_themselves(region: Region) -> None:
    memory = region.memory
    [one, two] = requests(region, 2)
    statement = parse_statement(one[0].payload)
    draft = memory.compose(KZ_MIA, Plain(Kind.INFORMATION_REQUEST), to=["kz.fma"])
    draft, part = sealed(
        memory.cast,
        replace(draft, id=statement.id, exchange_id=statement.id),
        BRIEF,
        b"another",
    )
    reused = memory.sign(draft), {BRIEF: part}
    foreign = memory.compose(UZ_FIU, Plain(Kind.INFORMATION_REQUEST), to=["kz.fma"])
    foreign, part = sealed(memory.cast, foreign, BRIEF, b"fictional")
    stranger = memory.sign(foreign), {BRIEF: part}
    made = [one, one, reused, stranger, two]
    response = submit(region, made)
    assert reasons(region, response, made) == ["", "", "ID_REUSED", "AUTHOR_MISMATCH", ""]
    assert response.results[0].entry.index == response.results[1].entry.index


def test_a_statement_may_follow_on_one_of_the_same_batch(region: Region) -> None:
    memory = region.memory
    [asked, *_] = requests(region, 2)
    judged = memory.submit(asked[0])
    recall = memory.compose(KZ_MIA, Plain(Kind.RECALL), to=["kz.fma"], on=judged.statement)
    recall, part = sealed(memory.cast, recall, BRIEF, b"fictional")
    made = [asked, (memory.sign(recall), {BRIEF: part})]
    assert reasons(region, submit(region, made), made) == ["", ""]


@pytest.mark.parametrize(("count", "reason"), [(0, Reason.MISSING_FIELD), (1025, Reason.TOO_MANY)])
def test_a_batch_that_is_empty_or_too_long_is_refused_whole(
    region: Region, count: int, reason: Reason
) -> None:
    request = pb.SubmitBatchRequest(submissions=[pb.Submission()] * count)
    with refused(reason):
        region.stubs(KZ_MIA).exchange.SubmitBatch(request, timeout=20)


def test_a_reply_by_another_body_is_judged_as_in_submit(region: Region) -> None:
    made = requests(region, 2)
    submit(region, made)
    memory = region.memory
    judged = memory.submit(made[0][0])
    early = memory.compose(KZ_FMA, Reply(ReplyResult.NO_HIT), on=judged.statement)
    response = region.stubs(KZ_FMA).exchange.SubmitBatch(
        pb.SubmitBatchRequest(
            submissions=[pb.Submission(statement=encode_signed_statement(memory.sign(early)))]
        ),
        timeout=20,
    )
    assert reasons(region, response, [(memory.sign(early), {})]) == ["OUT_OF_ORDER"]
