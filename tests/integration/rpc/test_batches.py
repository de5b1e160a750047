"""SubmitBatch: each statement is judged by itself; what is bad takes nothing from the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from google.rpc import error_details_pb2, status_pb2

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import BRIEF
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.envelope import MAX_BATCH, BatchInclusion
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.config import Limits
from tests.integration.rpc.callers import Region, refused_call
from tests.support.hub_data import sealed
from tests.support.statements import KZ_FMA, KZ_MIA, UZ_FIU

LIMITS = Limits()
Made = tuple[SignedStatement, dict[str, bytes]]


def requests(region: Region, count: int) -> list[Made]:
    """Requests for information, signed with one signature."""
    memory = region.memory
    drafts = []
    for _ in range(count):
        draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
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
        timeout=30,
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


BAD_PATHS: dict[str, tuple[Callable[[BatchInclusion], BatchInclusion], str]] = {
    "to another root": (lambda path: replace(path, path=(bytes(32), *path.path[1:])), "the root"),
    "of another statement": (lambda path: replace(path, index=path.index ^ 1), "the root"),
    "too short": (lambda path: replace(path, path=path.path[1:]), "does not lead"),
    "too long for its batch": (
        lambda path: replace(path, path=(*path.path, bytes(32))),
        "does not lead",
    ),
    "with a short hash": (
        lambda path: replace(path, path=(bytes(31), *path.path[1:])),
        "does not lead",
    ),
    "beyond its batch": (lambda path: replace(path, index=path.size), "does not lead"),
    "of a batch of one": (lambda path: BatchInclusion(0, 1, ()), "a batch of 2 to"),
    "of a batch that is too large": (
        lambda path: replace(path, size=MAX_BATCH + 1),
        "a batch of 2 to",
    ),
}


@pytest.mark.parametrize("bad", BAD_PATHS)
def test_path_that_does_not_lead_to_the_signed_root_is_refused_by_itself(
    region: Region, bad: str
) -> None:
    spoil, words = BAD_PATHS[bad]
    first, second = requests(region, 2)
    assert first[0].batch is not None
    made = [(replace(first[0], batch=spoil(first[0].batch)), first[1]), second]
    response = submit(region, made)
    assert reasons(region, response, made) == ["SIGNATURE_INVALID", ""]
    assert words in status_pb2.Status.FromString(response.results[0].refusal).message


def test_path_of_more_hashes_than_any_batch_has_is_refused_unread(region: Region) -> None:
    first, second = requests(region, 2)
    assert first[0].batch is not None
    longer = replace(first[0].batch, path=(bytes(32),) * (MAX_BATCH.bit_length() + 1))
    made = [(replace(first[0], batch=longer), first[1]), second]
    assert reasons(region, submit(region, made), made) == ["TOO_MANY", ""]


def test_signature_with_a_bit_changed_is_refused_by_itself(region: Region) -> None:
    first, second, third = requests(region, 3)
    changed = bytearray(first[0].signature)
    changed[-1] ^= 1
    made = [first, (replace(second[0], signature=bytes(changed)), second[1]), third]
    assert reasons(region, submit(region, made), made) == ["", "SIGNATURE_INVALID", ""]


def test_batch_of_more_bytes_than_a_message_may_have_is_refused_whole(region: Region) -> None:
    one, _ = requests(region, 2)
    padding = pb.InlinePart(name="padding", sealed=bytes(LIMITS.message_bytes))
    request = pb.SubmitBatchRequest(
        submissions=[pb.Submission(statement=encode_signed_statement(one[0]), parts=[padding])]
    )
    with refused_call(Reason.TOO_LARGE):
        region.stubs(KZ_MIA).exchange.SubmitBatch(request, timeout=30)


def test_repeated_ids_and_other_authors_are_refused_by_themselves(region: Region) -> None:
    memory = region.memory
    [one, two] = requests(region, 2)
    statement = parse_statement(one[0].payload)
    draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    draft, part = sealed(
        memory.cast,
        replace(draft, id=statement.id, exchange_id=statement.id),
        BRIEF,
        b"another",
    )
    reused = memory.sign(draft), {BRIEF: part}
    foreign = memory.compose(UZ_FIU, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
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
    recall = memory.compose(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=judged.statement)
    recall, part = sealed(memory.cast, recall, BRIEF, b"fictional")
    made = [asked, (memory.sign(recall), {BRIEF: part})]
    assert reasons(region, submit(region, made), made) == ["", ""]


@pytest.mark.parametrize(("count", "reason"), [(0, Reason.MISSING_FIELD), (1025, Reason.TOO_MANY)])
def test_a_batch_that_is_empty_or_too_long_is_refused_whole(
    region: Region, count: int, reason: Reason
) -> None:
    request = pb.SubmitBatchRequest(submissions=[pb.Submission()] * count)
    with refused_call(reason):
        region.stubs(KZ_MIA).exchange.SubmitBatch(request, timeout=30)


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
        timeout=30,
    )
    assert reasons(region, response, [(memory.sign(early), {})]) == ["OUT_OF_ORDER"]
