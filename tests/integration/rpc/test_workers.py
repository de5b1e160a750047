"""Workers share a port and a log, start together or not at all, and do not outlive their parent."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import audit_service_pb2_grpc as audit_grpc
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import exchange_service_pb2_grpc as pb_grpc
from exchange_protocol.v1 import statement_pb2
from exchange_server.bootstrap import utc_now
from exchange_server.ledger.fsck import fsck
from exchange_server.storage.engine import open_engine
from tests.integration.rpc.callers import Region, reason_of
from tests.integration.rpc.conftest import a_while_ago
from tests.support.hub_process import HubFiles, HubProcess, channel_credentials, prepare_hub
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.statements import KZ_MIA, OPERATOR, Hub, fictional_cast

pytestmark = pytest.mark.long

WORKERS = 2
CALLERS = 24
"""Connections; that all of them come to one worker is a chance of 1 in 8 million."""
SECONDS = 30
END_SECONDS = 280
"""As long as a test may take."""
OK = "OK"
SILENT_SOON = """
from exchange_server import workers
from exchange_server.cli import main
workers.BEAT_SECONDS, workers.SILENT_SECONDS = 0.5, 8.0
main()
"""
GIVES_UP_SOON = """
from exchange_server import workers
from exchange_server.cli import main
workers.FIRST_PAUSE_SECONDS, workers.MOST_FAILURES = 0.01, 3
main()
"""

DEAF = """
import asyncio
from exchange_server.cli import main
from exchange_server.ledger.upkeep import Upkeep
async def hear_nothing(self):
    await asyncio.Event().wait()
Upkeep._follow_other_hubs = hear_nothing
main()
"""
"""A hub that learns by itself of nothing that another has written."""


@pytest.fixture(scope="module")
def postgres() -> str:
    return shared_postgres()


@pytest.fixture
def files(postgres: str, tmp_path: Path) -> HubFiles:
    url = emptied_database(postgres)
    return prepare_hub(tmp_path, authority=fictional_cast().authority, database_url=url)


@pytest.fixture
def hub(files: HubFiles) -> Iterator[HubProcess]:
    with HubProcess(files, workers=WORKERS) as process:
        process.wait_until_said("listening", WORKERS)
        yield process


def processes_of(hub: HubProcess) -> list[psutil.Process]:
    """The parent and all that it has started."""
    parent = psutil.Process(hub.pid)
    return [parent, *parent.children(recursive=True)]


def workers_of(hub: HubProcess) -> list[psutil.Process]:
    """Those of its processes that listen."""
    return [each for each in processes_of(hub)[1:] if each.net_connections("tcp")]


@pytest.fixture
def spawned(files: HubFiles) -> Iterator[HubProcess]:
    """A hub whose workers are fresh interpreters, as an operator's are."""
    with HubProcess(files, workers=WORKERS, spawned=True) as process:
        process.wait_until_said("listening", WORKERS)
        yield process


def test_statements_through_one_port_come_to_all_workers_and_make_one_log(
    spawned: HubProcess,
) -> None:
    hub, files, memory = spawned, spawned.files, Hub(fictional_cast(), now=a_while_ago())
    with Region(hub, memory) as region:
        region.catch_up()
    issued = memory.cast.authority.issue_member(KZ_MIA, Usage.TLS_CLIENT, now=utc_now())
    credentials = channel_credentials(files.root_pem, issued)
    indexes = []
    for _ in range(CALLERS):
        # A connection of its own, which the kernel gives to one of the workers.
        options = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.secure_channel(hub.target, credentials, options) as channel:
            draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
            request = pb.SubmitRequest(
                statement=encode_signed_statement(memory.sign(draft)),
                parts=[pb.InlinePart(name="brief", sealed=b"brief")],
            )
            stub = pb_grpc.ExchangeServiceStub(channel)
            indexes.append(stub.Submit(request, timeout=SECONDS).receipt.entry.index)
    assert indexes == list(range(indexes[0], indexes[0] + CALLERS))
    assert hub.stop() == 0
    answered = Counter(
        call["worker"] for call in hub.said("call") if call["method"].endswith("/Submit")
    )
    assert set(answered) == set(range(1, WORKERS + 1))
    assert {each["port"] for each in hub.said("listening")} == {hub.port}
    engine = open_engine(files.database_url)
    report = fsck(engine, files.anchors, LogVerifier(files.log_vkey))
    engine.dispose()
    assert report.is_clean
    assert report.statements == answered.total()


def test_who_was_enrolled_a_moment_ago_is_known_to_every_worker(hub: HubProcess) -> None:
    memory = Hub(fictional_cast(), now=a_while_ago())
    with Region(hub, memory) as region:
        region.catch_up()
        # No pause: the callers come while the enrolment may be known to one worker alone.
        assert checkpoints(hub, memory) == [OK] * CALLERS
        assert hub.stop() == 0
    answered = Counter(
        call["worker"] for call in hub.said("call") if call["method"].endswith("/GetCheckpoint")
    )
    assert set(answered) == set(range(1, WORKERS + 1))


def test_a_hub_reads_the_directory_anew_before_it_refuses_an_agency(files: HubFiles) -> None:
    memory = Hub(fictional_cast(), now=a_while_ago())
    with (
        HubProcess(files, code=DEAF) as one,
        HubProcess(files, code=DEAF) as other,
        Region(one, memory) as region,
    ):
        assert set(checkpoints(other, memory)) == {Reason.AGENCY_NOT_ENROLLED.name}
        region.catch_up()
        assert set(checkpoints(other, memory)) == {OK}
        # The same for a recipient that is new.
        tax = EnrolAgency(AgencyId("kz.tax"), "Tax", "KZ", AgencyType.TAX, "Asia/Almaty")
        memory.say(OPERATOR, tax)
        region.catch_up()
        with Region(other, memory) as elsewhere:
            plan = pb.PlanRouteRequest(
                kind="information_request",
                recipients=["kz.tax"],
                handling=statement_pb2.HANDLING_H0,
                tlp=statement_pb2.TLP_AMBER,
                urgency=statement_pb2.URGENCY_ROUTINE,
                subject_count=1,
            )
            answer = elsewhere.stubs(KZ_MIA).exchange.PlanRoute(plan, timeout=SECONDS)
        assert answer.directory_size == memory.directory.size


def checkpoints(hub: HubProcess, memory: Hub) -> list[str | None]:
    """The outcomes of a member's calls, each over a connection of its own."""
    issued = memory.cast.authority.issue_member(KZ_MIA, Usage.TLS_CLIENT, now=utc_now())
    credentials = channel_credentials(hub.files.root_pem, issued)
    options = (("grpc.use_local_subchannel_pool", 1),)
    answers: list[str | None] = []
    for _ in range(CALLERS):
        with grpc.secure_channel(hub.target, credentials, options) as channel:
            stub = audit_grpc.AuditServiceStub(channel)
            try:
                stub.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=SECONDS)
            except grpc.RpcError as error:
                answers.append(reason_of(error))
            else:
                answers.append(OK)
    return answers


def test_an_agencys_rate_holds_for_all_workers_together(files: HubFiles) -> None:
    memory = Hub(fictional_cast(), now=a_while_ago())
    # One hub fills the log: a worker may learn of an enrolment a moment after another wrote it.
    with HubProcess(files) as hub:
        with Region(hub, memory) as region:
            region.catch_up()
        assert hub.stop() == 0
    issued = memory.cast.authority.issue_member(KZ_MIA, Usage.TLS_CLIENT, now=utc_now())
    credentials = channel_credentials(files.root_pem, issued)
    # Ten at once, and no more for a long time.
    slow = {"EXCHANGE_LIMITS_STATEMENTS_PER_SECOND": "1"}
    took, refused = Counter[int](), Counter[int]()
    began = time.monotonic()
    with HubProcess(files, slow, workers=WORKERS) as hub:
        hub.wait_until_said("listening", WORKERS)
        for _ in range(CALLERS):
            options = (("grpc.use_local_subchannel_pool", 1),)
            with grpc.secure_channel(hub.target, credentials, options) as channel:
                draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
                request = pb.SubmitRequest(
                    statement=encode_signed_statement(memory.sign(draft)),
                    parts=[pb.InlinePart(name="brief", sealed=b"brief")],
                )
                stub = pb_grpc.ExchangeServiceStub(channel)
                with suppress(grpc.RpcError):
                    stub.Submit(request, timeout=SECONDS)
        seconds = time.monotonic() - began
        assert hub.stop() == 0
    for call in hub.said("call"):
        if call["method"].endswith("/Submit"):
            (took if call["outcome"] == "ok" else refused)[call["worker"]] += 1
    assert set(took | refused) == set(range(1, WORKERS + 1))
    assert 10 <= took.total() <= 10 + seconds
    assert took.total() + refused.total() == CALLERS


def test_worker_that_is_stopped_or_stuck_is_replaced(files: HubFiles) -> None:
    with HubProcess(files, workers=WORKERS, code=SILENT_SOON) as hub:
        hub.wait_until_said("listening", WORKERS)
        stuck = workers_of(hub)[0]
        stuck.suspend()
        hub.wait_until_said("listening", WORKERS + 1)
        assert not stuck.is_running()
        assert len(hub.said("worker_silent")) == 1
        issued = fictional_cast().authority.issue_member(KZ_MIA, Usage.TLS_CLIENT, now=utc_now())
        credentials = channel_credentials(files.root_pem, issued)
        for _ in range(CALLERS):
            options = (("grpc.use_local_subchannel_pool", 1),)
            with grpc.secure_channel(hub.target, credentials, options) as channel:
                stub: Any = health_pb2_grpc.HealthStub(channel)
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert hub.stop() == 0


def test_sigterm_ends_all_workers_in_good_order(hub: HubProcess) -> None:
    processes = processes_of(hub)
    assert hub.stop() == 0
    assert psutil.wait_procs(processes, SECONDS)[1] == []
    assert {each["worker"] for each in hub.said("stopped")} == set(range(1, WORKERS + 1))
    assert hub.said("worker_killed") == hub.said("worker_ended") == []


def test_workers_end_when_their_parent_is_killed(hub: HubProcess) -> None:
    processes = processes_of(hub)
    assert len(processes) > WORKERS
    hub.kill()
    assert psutil.wait_procs(processes, SECONDS)[1] == []
    hub.close()
    # In good order: each says that it has stopped.
    assert len(hub.said("stopped")) == WORKERS


def test_a_worker_that_does_not_end_is_killed(files: HubFiles) -> None:
    ends_soon = "from exchange_server import workers\nworkers.END_SECONDS = 0.0\n"
    code = ends_soon + "from exchange_server.cli import main; main()"
    environment = {"EXCHANGE_LIMITS_GRACE_SECONDS": "1"}
    with HubProcess(files, environment, code=code, workers=2) as hub:
        hub.wait_until_said("listening", 2)
        stopped, *_ = workers_of(hub)
        stopped.suspend()
        assert hub.stop() == 0
        assert len(hub.said("worker_killed")) == 1
        assert not stopped.is_running()


def test_a_killed_worker_is_started_again(hub: HubProcess) -> None:
    victim, *others = workers_of(hub)
    victim.kill()
    [ended] = hub.wait_until_said("worker_ended", 1)
    assert ended["exit_code"] == -signal.SIGKILL
    listening = hub.wait_until_said("listening", WORKERS + 1)
    assert listening[-1]["worker"] == ended["worker"]
    assert listening[-1]["port"] == hub.port
    assert all(other.is_running() for other in others)
    assert hub.stop() == 0


def test_a_parent_whose_workers_all_fail_gives_up(files: HubFiles) -> None:
    with HubProcess(files, code=GIVES_UP_SOON, workers=2) as failing:
        failing.wait_until_said("listening", 2)
        (files.folder / "hub.key").unlink()
        for worker in workers_of(failing):
            worker.kill()
        # Three starts of an interpreter, on whatever else the machine does.
        assert failing.wait(3 * SECONDS) == 2
        failing.close()
        said = "exchange-server: UNAVAILABLE: no worker serves"
        assert any(line.startswith(said) for line in failing.lines)


def test_what_keeps_a_worker_from_starting_is_said_once(files: HubFiles) -> None:
    (files.folder / "passphrase").write_bytes(b"a wrong passphrase")
    hub = HubProcess(files, workers=WORKERS)
    assert hub.wait(SECONDS) == 2
    hub.close()
    assert len([line for line in hub.lines if "passphrase" in line]) == 1
    assert hub.said("listening") == []


def test_a_taken_port_is_refused_by_workers_and_to_others(hub: HubProcess) -> None:
    environment = {"EXCHANGE_LISTEN_PORT": str(hub.port)}
    for workers in (1, 2):
        other = HubProcess(hub.files, environment, workers=workers)
        # Its end is what is waited for: a start takes as long as the machine is busy.
        assert other.wait(END_SECONDS) == 2
        other.close()
        assert "CONFIG_INVALID" in other.lines[-1]
        assert f"cannot listen on 127.0.0.1:{hub.port}" in other.lines[-1]


def test_workers_on_sqlite_are_refused(tmp_path: Path) -> None:
    hub = HubProcess(prepare_hub(tmp_path, authority=fictional_cast().authority), workers=2)
    assert hub.wait(SECONDS) == 2
    hub.close()
    assert hub.lines == [
        "exchange-server: CONFIG_INVALID [database.url]: expected PostgreSQL for 2 workers: "
        "SQLite serves one hub process"
    ]
