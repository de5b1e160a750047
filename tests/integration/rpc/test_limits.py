"""Limits of one agency, a second and at a time: beyond, it is told when to come."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.fairness.rates import BURST_SECONDS
from tests.integration.rpc.callers import Region, reason_of, retry_seconds
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.statements import KZ_FMA, KZ_MIA, UZ_FIU, Hub, fictional_cast

pytestmark = pytest.mark.long

SUBMIT = "/exchange_protocol.v1.ExchangeService/Submit"


@contextmanager
def limited(folder: Path, **limits: float) -> Iterator[Region]:
    """A hub with such limits that carries the fictional region."""
    cast = fictional_cast()
    files = prepare_hub(folder / "hub", authority=cast.authority)
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with HubProcess(files) as process, Region(process, memory) as region:
        region.catch_up()
    narrow = {f"EXCHANGE_LIMITS_{key.upper()}": str(value) for key, value in limits.items()}
    with HubProcess(files, narrow) as process, Region(process, memory) as region:
        yield region


def submission(region: Region, author: Member = KZ_MIA) -> pb.Submission:
    memory = region.memory
    draft = memory.compose(author, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    return pb.Submission(
        statement=encode_signed_statement(memory.sign(draft)),
        parts=[pb.InlinePart(name="brief", sealed=b"brief")],
    )


def submit(region: Region, author: Member = KZ_MIA) -> None:
    one = submission(region, author)
    request = pb.SubmitRequest(statement=one.statement, parts=one.parts)
    region.stubs(author).exchange.Submit(request, timeout=30)


def exhausted(call: Any, *args: Any) -> grpc.RpcError:
    """The refusal of a call for being too much."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, timeout=30)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    return caught.value


def test_statements_beyond_the_rate_are_refused_unread_until_the_time_that_is_told(
    tmp_path: Path,
) -> None:
    with limited(tmp_path, statements_per_second=1) as region:
        began_at = time.monotonic()
        for _ in range(int(BURST_SECONDS)):
            submit(region)
        raw: Any = region.stubs(KZ_MIA).channel.unary_unary(SUBMIT)
        # What came back in the meantime is spent on bytes that nobody could read.
        deadline = began_at + 60
        while (error := refused_raw(raw)) is Reason.MALFORMED:
            assert time.monotonic() < deadline
        delay = retry_seconds(exhausted(raw, b"\xff\xff\xff"))
        assert 0 < delay <= 1.1
        submit(region, UZ_FIU)
        time.sleep(delay)
        submit(region)
        assert error is Reason.RATE_LIMITED


def refused_raw(call: Any) -> Reason:
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff\xff", timeout=30)
    return Reason[reason_of(caught.value) or ""]


def test_each_statement_of_a_batch_counts(tmp_path: Path) -> None:
    with limited(tmp_path, statements_per_second=1) as region:
        batch = pb.SubmitBatchRequest(submissions=[submission(region) for _ in range(16)])
        exchange = region.stubs(KZ_MIA).exchange
        answer = exchange.SubmitBatch(batch, timeout=30)
        assert all(each.HasField("entry") for each in answer.results)
        error = exhausted(exchange.SubmitBatch, batch)
        assert reason_of(error) == Reason.RATE_LIMITED.name
        assert 1 < retry_seconds(error) <= 7


def test_bytes_beyond_the_rate_are_refused(tmp_path: Path) -> None:
    with limited(tmp_path, sealed_bytes_per_second=10) as region:
        submit(region)
        error = exhausted(region.stubs(KZ_MIA).exchange.SubmitBatch, pb.SubmitBatchRequest())
        assert reason_of(error) == Reason.RATE_LIMITED.name
        assert 1 < retry_seconds(error) < 1000
        submit(region, UZ_FIU)


def test_upload_beyond_the_rate_is_slowed_down_and_not_broken_off(tmp_path: Path) -> None:
    with limited(tmp_path, sealed_bytes_per_second=10_000) as region:
        sealed = hashlib.shake_256(b"fictional").digest(120_000)
        digest = hashlib.sha256(sealed).digest()
        chunks = [sealed[at : at + 10_000] for at in range(0, len(sealed), 10_000)]
        requests = [pb.UploadPartRequest(sha256=digest, size=len(sealed), chunk=chunks[0])]
        requests += [pb.UploadPartRequest(chunk=chunk) for chunk in chunks[1:]]
        began_at = time.monotonic()
        region.stubs(KZ_MIA).exchange.UploadPart(iter(requests), timeout=30)
        assert time.monotonic() - began_at > 1.5


def test_watch_beyond_the_bound_is_told_when_one_ends(tmp_path: Path) -> None:
    with (
        limited(tmp_path, watches_per_agency=1, watch_life_seconds=50) as region,
        ExitStack() as stack,
    ):
        watch = region.stubs(KZ_FMA).exchange.Watch
        first = watch(pb.WatchRequest(), timeout=30)
        stack.callback(first.cancel)
        next(first)
        with pytest.raises(grpc.RpcError) as caught:
            next(watch(pb.WatchRequest(), timeout=30))
        assert reason_of(caught.value) == Reason.TOO_MANY.name
        assert 20 < retry_seconds(caught.value) <= 50
