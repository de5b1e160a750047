"""Sealed parts that are too large to ride beside their statement: up, down, and down again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.integration.rpc.callers import Region, refused_call
from tests.support.statements import AUDITOR, COORDINATOR, KG_MIA, KZ_FMA, KZ_MIA

MIB = 1024 * 1024
SEALED = hashlib.shake_256(b"fictional").digest(5 * MIB + 12345)


def chunks(
    sealed: bytes, *, sha256: bytes | None = None, size: int | None = None, step: int = MIB
) -> Iterator[pb.UploadPartRequest]:
    head = pb.UploadPartRequest(
        sha256=hashlib.sha256(sealed).digest() if sha256 is None else sha256,
        size=len(sealed) if size is None else size,
        chunk=sealed[:step],
    )
    yield head
    for at in range(step, len(sealed), step):
        yield pb.UploadPartRequest(chunk=sealed[at : at + step])


@pytest.fixture(scope="module")
def sent(region: Region) -> Statement:
    """A request whose content was uploaded before."""
    uploaded = region.stubs(KZ_MIA).exchange.UploadPart(chunks(SEALED), timeout=30)
    assert uploaded.expires_at.seconds > 0
    memory = region.memory
    draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    brief = draft.parts[0]
    content = replace(
        brief,
        name="content",
        sha256=hashlib.sha256(SEALED).digest(),
        size=len(SEALED),
        wrapped_keys=tuple(
            key for key in brief.wrapped_keys if key.role in ("author", "recipient")
        ),
    )
    signed = memory.sign(replace(draft, parts=(brief, content)))
    region.submit(signed, {"brief": b"brief"})
    return parse_statement(signed.payload)


def fetch(region: Region, who: Member, sent: Statement, offset: int = 0) -> list[bytes]:
    request = pb.FetchPartRequest(payload_sha256=sent.digest, part_name="content", offset=offset)
    stream = region.stubs(who).exchange.FetchPart(request, timeout=30)
    return [response.chunk for response in stream]


def tree_size(region: Region) -> int:
    head = region.stubs(AUDITOR).audit.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=30)
    return int(head.tree_head.checkpoint.split(b"\n")[1])


def test_part_comes_back_as_it_went_in(region: Region, sent: Statement) -> None:
    got = fetch(region, KZ_FMA, sent)
    assert b"".join(got) == SEALED
    assert all(len(chunk) <= MIB for chunk in got)


def test_first_fetch_puts_the_delivery_on_the_log(region: Region, sent: Statement) -> None:
    before = tree_size(region)
    reader = replace(KZ_FMA, name="daulet")
    fetch(region, reader, sent)
    assert tree_size(region) == before + 1
    fetch(region, reader, sent)
    assert tree_size(region) == before + 1


@pytest.mark.parametrize("offset", [1, MIB, 2 * MIB + 7, len(SEALED) - 1, len(SEALED)])
def test_broken_transfer_is_resumed_where_it_broke(
    region: Region, sent: Statement, offset: int
) -> None:
    assert b"".join(fetch(region, KZ_FMA, sent, offset)) == SEALED[offset:]


def test_transfer_that_the_reader_breaks_off_harms_nobody(region: Region, sent: Statement) -> None:
    request = pb.FetchPartRequest(payload_sha256=sent.digest, part_name="content")
    stream: Any = region.stubs(KZ_FMA).exchange.FetchPart(request, timeout=30)
    next(stream)
    stream.cancel()
    assert b"".join(fetch(region, KZ_FMA, sent)) == SEALED


def test_offset_beyond_the_part_is_refused(region: Region, sent: Statement) -> None:
    with refused_call(Reason.INVALID_FIELD):
        fetch(region, KZ_FMA, sent, len(SEALED) + 1)


def test_nobody_else_gets_it(region: Region, sent: Statement) -> None:
    for outsider in (KG_MIA, COORDINATOR):
        with refused_call(Reason.STATEMENT_UNKNOWN):
            fetch(region, outsider, sent)
    with refused_call(Reason.STATEMENT_UNKNOWN):
        fetch(region, KZ_FMA, replace(sent, digest=bytes(32)))


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([], Reason.MISSING_FIELD),
        ([pb.UploadPartRequest(chunk=b"x")], Reason.MISSING_FIELD),
        (list(chunks(b"abc", sha256=b"short")), Reason.INVALID_FIELD),
        (list(chunks(b"abc", size=0)), Reason.TOO_LARGE),
        (list(chunks(b"abc", size=65 * MIB)), Reason.TOO_LARGE),
        (list(chunks(b"abc", size=2)), Reason.PART_MISMATCH),
        (list(chunks(b"abc", size=4)), Reason.PART_MISMATCH),
        (list(chunks(b"abc", sha256=bytes(32))), Reason.PART_MISMATCH),
        (list(chunks(bytes(2 * MIB), step=MIB + 1)), Reason.TOO_LARGE),
        ([*chunks(b"abc"), *chunks(b"abc")], Reason.INVALID_FIELD),
    ],
    ids=[
        "nothing",
        "no digest",
        "bad digest",
        "empty",
        "announced too large",
        "more than announced",
        "less than announced",
        "other bytes",
        "chunk too large",
        "second head",
    ],
)
def test_upload_that_is_not_what_it_announced_is_refused(
    region: Region, requests: list[pb.UploadPartRequest], reason: Reason
) -> None:
    with refused_call(reason):
        region.stubs(KZ_MIA).exchange.UploadPart(iter(requests), timeout=30)


def test_upload_of_another_agency_cannot_be_claimed(region: Region) -> None:
    sealed = b"sealed by somebody else"
    region.stubs(KG_MIA).exchange.UploadPart(chunks(sealed), timeout=30)
    memory = region.memory
    draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    brief = replace(draft.parts[0], sha256=hashlib.sha256(sealed).digest(), size=len(sealed))
    with refused_call(Reason.PART_MISSING):
        region.submit(memory.sign(replace(draft, parts=(brief,))), {})


def test_what_waits_already_is_not_uploaded_again(region: Region) -> None:
    """A client whose statement was not sent for its last part has the others there."""
    sealed = hashlib.shake_256(b"fictional, a large file").digest(24 * MIB)
    upload = region.stubs(KZ_MIA).exchange.UploadPart
    first = upload(chunks(sealed), timeout=30)
    read: list[int] = []

    def again() -> Iterator[pb.UploadPartRequest]:
        for request in chunks(sealed):
            read.append(len(request.chunk))
            yield request
            # A line is slower than this machine.
            time.sleep(0.02)

    assert upload(again(), timeout=30) == first
    assert sum(read) < len(sealed)


def test_parts_with_the_same_bytes_claim_one_upload(region: Region) -> None:
    sealed = hashlib.shake_256(b"fictional, and twice").digest(MIB + 1)
    region.stubs(KZ_MIA).exchange.UploadPart(chunks(sealed), timeout=30)
    memory = region.memory
    draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    readers = [key for key in draft.parts[0].wrapped_keys if key.role in ("author", "recipient")]
    twice = [
        replace(
            draft.parts[0],
            name=name,
            sha256=hashlib.sha256(sealed).digest(),
            size=len(sealed),
            wrapped_keys=tuple(readers),
        )
        for name in ("content", "copy")
    ]
    signed = memory.sign(replace(draft, parts=(draft.parts[0], *twice)))
    region.submit(signed, {"brief": b"brief"})
    sent = parse_statement(signed.payload)
    for name in ("content", "copy"):
        request = pb.FetchPartRequest(payload_sha256=sent.digest, part_name=name)
        stream = region.stubs(KZ_FMA).exchange.FetchPart(request, timeout=30)
        assert b"".join(response.chunk for response in stream) == sealed


def test_submit_beyond_the_largest_message_is_refused(region: Region) -> None:
    request = pb.SubmitRequest(parts=[pb.InlinePart(name="brief", sealed=bytes(5 * MIB))])
    with pytest.raises(grpc.RpcError) as caught:
        region.stubs(KZ_MIA).exchange.Submit(request, timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
