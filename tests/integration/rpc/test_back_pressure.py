"""A hub that cannot keep up says so at once, and loses nothing that it took."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Urgency
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.rpc.calls import SUBMIT_BATCH
from tests.integration.rpc.callers import Region, reason_of, retry_seconds
from tests.integration.rpc.callers import refused_call as refused_for
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.statements import CASE, KG_MIA, KZ_MIA, UZ_FIU, Hub, fictional_cast

pytestmark = pytest.mark.long

QUEUED = 4
SENT = 20
FLOOD = 64
SECONDS = 30

TELLS_OF_ITS_QUEUE = """
import structlog
from exchange_server.cli import main
from exchange_server.ledger.intake import Intake, WaitingJob

log = structlog.get_logger("queue")
put, take = Intake._wait_in_line, Intake.take

def tell_put(intake, request):
    put(intake, request)
    log.info("put", exchange=request.about)

def tell_taken(intake):
    taken = take(intake)
    for waiting in taken:
        if isinstance(waiting, WaitingJob):
            log.info("taken", exchange=waiting.job.about)
    return taken

Intake._wait_in_line, Intake.take = tell_put, tell_taken
main()
"""


def test_full_queue_refuses_with_a_delay_and_keeps_what_it_took(tmp_path: Path) -> None:
    cast = fictional_cast()
    files = prepare_hub(tmp_path / "hub", authority=cast.authority, limits={"queued": QUEUED})
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with (
        HubProcess(files, code=TELLS_OF_ITS_QUEUE) as process,
        Region(process, memory) as region,
    ):
        region.catch_up()
        with database_held(files.folder / "hub.db"):
            request = submit_request(region)
            in_hand = begin_submit(region, request)
            # Until the writer waits for the database with it, the queue has a place more.
            until_told(process, "taken", request)
            others = [begin_submit(region, submit_request(region)) for _ in range(SENT)]
            until(lambda: sum(call.done() for call in others) >= SENT - QUEUED)
            refused = [call for call in others if call.done()]
            assert len(refused) == SENT - QUEUED
            for call in refused:
                error = call.exception()
                assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert reason_of(error) == Reason.OVERLOADED.name
                assert retry_seconds(error) > 0
            # A call that finds no room is refused before anybody reads it.
            submit_batch: Any = region.stubs(KZ_MIA).channel.unary_unary(SUBMIT_BATCH)
            with refused_for(Reason.OVERLOADED):
                submit_batch(b"\xff\xff\xff", timeout=30)
        # Of these none was refused later on: that would be its result.
        taken = [in_hand, *(call for call in others if call not in refused)]
        indexes = {call.result().receipt.entry.index for call in taken}
        assert len(indexes) == QUEUED + 1


def test_flood_of_one_agency_makes_others_wait_for_one_statement(tmp_path: Path) -> None:
    """In the order of the log: the urgent one, one of the flood, the quiet agency's."""
    cast = fictional_cast()
    limits = {"queued_per_agency": FLOOD}
    files = prepare_hub(tmp_path / "hub", authority=cast.authority, limits=limits)
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with (
        HubProcess(files, code=TELLS_OF_ITS_QUEUE) as process,
        Region(process, memory) as region,
    ):
        region.catch_up()
        with database_held(files.folder / "hub.db"):
            request = submit_request(region)
            in_hand = begin_submit(region, request)
            until_told(process, "taken", request)
            flood = [begin_submit(region, submit_request(region)) for _ in range(FLOOD + 1)]
            # All of the flood has come when one of it is refused.
            until(lambda: any(call.done() for call in flood))
            assert sum(call.done() for call in flood) == 1
            later = [
                (submit_request(region, UZ_FIU), UZ_FIU),
                (submit_request(region, KG_MIA, Urgency.URGENT), KG_MIA),
            ]
            quiet, urgent = (begin_submit(region, *each) for each in later)
            # They wait: both have a place, and the flood stands before them.
            for each, _ in later:
                until_told(process, "put", each)
            assert not quiet.done()
            assert not urgent.done()
        first = in_hand.result().receipt.entry.index
        assert urgent.result().receipt.entry.index == first + 1
        assert quiet.result().receipt.entry.index <= first + 3
        taken = [call for call in flood if call.exception() is None]
        assert len(taken) == FLOOD


def test_beside_a_flood_another_agency_waits_for_no_more_than_a_short_batch(tmp_path: Path) -> None:
    """None of it is refused; on the log it follows close on what was there when it was sent."""
    cast = fictional_cast()
    files = prepare_hub(tmp_path / "hub", authority=cast.authority)
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with HubProcess(files) as process, Region(process, memory) as region:
        region.catch_up()
        made = [submit_request(region) for _ in range(FLOOD * 30)]
        waiting = [submit_request(region, UZ_FIU) for _ in range(20)]
        audit, submit = region.stubs(UZ_FIU).audit, region.stubs(UZ_FIU).exchange.Submit
        head = audit_pb.GetCheckpointRequest()
        distances = []
        with flooding(region, made):
            for request in waiting:
                note = audit.GetCheckpoint(head, timeout=30).tree_head.checkpoint
                size = LogVerifier(files.log_vkey).verify(note).size
                index = submit(request, timeout=30).receipt.entry.index
                distances.append(index - size)
                time.sleep(0.02)
        # In batches of all that is in flight it would be one whole flood, or two.
        assert statistics.median(distances) < FLOOD / 2


@contextmanager
def flooding(region: Region, requests: Sequence[pb.SubmitRequest]) -> Iterator[None]:
    """Keep so many calls of one agency in flight, and see that each of them was served."""
    submit = region.stubs(KZ_MIA).exchange.Submit
    made, ends, served = iter(requests), threading.Event(), []

    def work() -> None:
        for request in made:
            served.append(submit(request, timeout=30))
            if ends.is_set():
                return

    threads = [threading.Thread(target=work) for _ in range(FLOOD)]
    for thread in threads:
        thread.start()
    try:
        yield
        assert len(served) > FLOOD
        assert len(served) < len(requests), "the flood ended too early"
    finally:
        ends.set()
        for thread in threads:
            thread.join(60)


def begin_submit(region: Region, request: pb.SubmitRequest, author: Member = KZ_MIA) -> Any:
    """Submit a statement without waiting for the answer."""
    return region.stubs(author).exchange.Submit.future(request, timeout=SECONDS)


def until_told(process: HubProcess, event: str, request: pb.SubmitRequest) -> None:
    """Wait until the hub has told of a request in its queue."""
    exchange = parse_statement(request.statement.payload).exchange_id
    until(lambda: any(line["exchange"] == exchange for line in process.said(event)))


def until(holds: Callable[[], bool]) -> None:
    """Ask again and again until something holds."""
    ended_by = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ended_by
        time.sleep(0.01)


def submit_request(
    region: Region, author: Member = KZ_MIA, urgency: Urgency = Urgency.ROUTINE
) -> pb.SubmitRequest:
    """A request for information."""
    memory = region.memory
    draft = memory.compose(
        author,
        Kind.INFORMATION_REQUEST.body(),
        to=["kz.fma"],
        header=replace(CASE, urgency=urgency),
    )
    return pb.SubmitRequest(
        statement=encode_signed_statement(memory.sign(draft)),
        parts=[pb.InlinePart(name="brief", sealed=b"brief")],
    )


@contextmanager
def database_held(file: Path) -> Iterator[None]:
    """Hold the database's write lock: the hub's writer waits for it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
