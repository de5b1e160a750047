"""Signatures verified in a process beside: the same findings, and nothing that is not verified."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psutil
import pytest

from agency_client.audit import AuditedLeaf, AuditReport, ahead, verify_log
from agency_client.audit.ahead import SignaturesAhead, signatures_ahead
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import CommitmentOpening, encode_entry, parse_entry
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules import judgement
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.envelope import BatchInclusion
from tests.support.listed_log import REQUEST, ListedLog, domestic_exchange, gated_exchange
from tests.support.statements import KZ_MIA, UZ_FIU, Hub, fictional_cast
from tests.unit.audit.conftest import CHUNK, SECONDS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def story() -> list[CommitmentOpening]:
    """A log of many small exchanges, one of them asked in a batch under one signature."""
    hub = Hub(fictional_cast())
    for _ in range(6):
        domestic_exchange(hub)
        gated_exchange(hub)
    drafts = [hub.compose(KZ_MIA, REQUEST, to=["kz.fma"]) for _ in range(CHUNK)]
    for signed in hub.sign_batch(drafts):
        hub.submit(signed)
    return hub.log


@pytest.fixture
def verified_here(monkeypatch: pytest.MonkeyPatch) -> list[SignedStatement]:
    """The statements whose signatures the replay verified itself."""
    found: list[SignedStatement] = []
    honest = judgement.verify_signature

    def spy(signer: object, signed: SignedStatement) -> None:
        found.append(signed)
        honest(signer, signed)  # type: ignore[arg-type]

    monkeypatch.setattr(judgement, "verify_signature", spy)
    return found


def audit(log: list[CommitmentOpening], cores: int = 2) -> AuditReport:
    return verify_log(ListedLog(log), fictional_cast().anchors, auditor=None, cores=cores)


def said(report: AuditReport) -> dict[str, object]:
    """The report without the time that it took."""
    return report.to_json() | {"seconds": 0, "entries_per_second": 0}


def statements_of(log: list[CommitmentOpening]) -> list[SignedStatement]:
    return [each.statement for each in log if each.statement is not None]


def forged(log: list[CommitmentOpening], index: int) -> list[CommitmentOpening]:
    """The log with another signature under one statement, which the entry names all the same."""
    signed = log[index].statement
    assert signed is not None
    other = next(each for each in statements_of(log) if each.signature != signed.signature)
    changed = list(log)
    bad = replace(signed, signature=other.signature, batch=None)
    entry = replace(parse_entry(log[index].entry), signature_digest=bad.signature_digest)
    changed[index] = replace(log[index], entry=encode_entry(entry), statement=bad)
    return changed


@pytest.mark.usefixtures("beside")
def test_signatures_are_verified_beside_and_the_report_is_the_same(
    story: list[CommitmentOpening], verified_here: list[SignedStatement]
) -> None:
    alone = audit(story, cores=1)
    assert verified_here == statements_of(story)
    verified_here.clear()
    assert said(audit(story)) == said(alone)
    assert alone.is_clean
    # Who speaks first is not on the log yet when the process beside is asked; a few remain.
    of_exchanges = [
        each
        for each in statements_of(story)
        if parse_statement(each.payload).kind.stage is not Stage.DIRECTORY
    ]
    assert not set(of_exchanges) & set(verified_here)
    assert verified_here


@pytest.mark.usefixtures("beside")
def test_first_bad_signature_is_named_with_and_without_it(story: list[CommitmentOpening]) -> None:
    of_statements = [index for index, each in enumerate(story) if each.statement is not None]
    for index in (0, of_statements[len(of_statements) // 2], of_statements[-1]):
        log = forged(story, index)
        alone, together = audit(log, cores=1), audit(log)
        assert said(together) == said(alone)
        [violation] = together.violations
        assert (violation.index, violation.reason) == (index, Reason.RULE_BROKEN)
        assert "SIGNATURE_INVALID" in violation.message


@pytest.mark.usefixtures("beside")
def test_a_signature_after_a_worse_rule_does_not_come_first(story: list[CommitmentOpening]) -> None:
    """The process beside meets the bad signature before the replay meets the missing approval."""
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    early = len(hub.log)
    # UZ_FIU is given what no one approved: the model is told that its leg is free.
    exchange = hub.exchanges[asked.exchange_id]
    legs = tuple(replace(leg, hidden=(), was_released=True) for leg in exchange.legs)
    hub.exchanges[asked.exchange_id] = replace(exchange, legs=legs)
    hub.deliver(UZ_FIU, asked)
    domestic_exchange(hub)
    log = forged(hub.log, len(hub.log) - 1)
    alone, together = audit(log, cores=1), audit(log)
    assert said(together) == said(alone)
    assert together.violations[0].index == early


@pytest.mark.parametrize(
    "change",
    [
        {"payload": b"another"},
        {"payload_type": "application/another"},
        {"certificate_sha256": bytes(32)},
        {"signature": b"another"},
        {"batch": BatchInclusion(0, 2, (bytes(32),))},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.usefixtures("beside")
def test_what_is_known_is_known_of_these_very_bytes(
    story: list[CommitmentOpening], change: dict[str, object]
) -> None:
    directories = folded(story)
    with signatures_ahead(directories, leaves=len(story), cores=2) as known:
        leaves = known.over(ListedLog(story).leaves(0))
        known_ones = []
        for leaf in leaves:
            signed = leaf.opening and leaf.opening.statement
            if signed is not None and signed in known:
                known_ones.append(signed)
                assert replace(signed, **change) not in known  # type: ignore[arg-type]
        assert len(known_ones) > CHUNK


def folded(log: list[CommitmentOpening]) -> DirectoryFold:
    """The directory as all of the log makes it."""
    directories = DirectoryFold(fictional_cast().anchors)
    for index, opening in enumerate(log):
        signed = opening.statement
        if signed and parse_statement(signed.payload).kind.stage is Stage.DIRECTORY:
            directories.apply(index, opening)
    return directories


def children() -> set[int]:
    """The processes that were spawned; hubs that other tests run are forked."""
    spawned = filter(lambda each: isinstance(each, SpawnProcess), multiprocessing.active_children())
    return {each.pid for each in spawned if each.pid is not None}


@pytest.mark.usefixtures("beside")
def test_the_replay_goes_on_alone_when_the_process_beside_dies(
    story: list[CommitmentOpening], verified_here: list[SignedStatement]
) -> None:
    killed: set[int] = set()

    class Killing(ListedLog):
        def leaves(self, start: int) -> Iterator[AuditedLeaf]:  # type: ignore[override]
            for number, leaf in enumerate(super().leaves(start)):
                if number == len(story) // 2:
                    killed.update(children())
                    for child in killed:
                        os.kill(child, signal.SIGKILL)
                yield leaf

    report = verify_log(Killing(story), fictional_cast().anchors, auditor=None, cores=2)
    assert killed
    assert len(verified_here) > len(statements_of(story)) // 4
    assert said(report) == said(audit(story, cores=1))


@pytest.mark.parametrize(("cores", "leaves"), [(1, 10**6), (8, 8_191)])
def test_no_process_is_begun_for_a_short_log_or_without_a_core_for_it(
    cores: int, leaves: int
) -> None:
    with signatures_ahead(DirectoryFold(fictional_cast().anchors), leaves=leaves, cores=cores):
        assert not children()


@pytest.mark.parametrize(("bytes_of_a_chunk", "most"), [(1 << 20, 2 * CHUNK), (1, 2 * 2)])
@pytest.mark.usefixtures("beside")
def test_little_is_read_ahead_and_less_of_large_statements(
    story: list[CommitmentOpening],
    monkeypatch: pytest.MonkeyPatch,
    bytes_of_a_chunk: int,
    most: int,
) -> None:
    monkeypatch.setattr(ahead, "CHUNK_BYTES", bytes_of_a_chunk)
    taken = 0

    def source() -> Iterator[AuditedLeaf]:
        nonlocal taken
        for leaf in ListedLog(story).leaves(0):
            taken += 1
            yield leaf

    directories = DirectoryFold(fictional_cast().anchors)
    leaves = SignaturesAhead(directories, None).over(source())
    given = [(number, taken) for number, _ in enumerate(leaves)]
    assert len(given) == len(story)
    assert all(read_ahead - number <= most for number, read_ahead in given)


@pytest.mark.usefixtures("beside")
def test_it_ends_with_the_run_also_on_an_error(story: list[CommitmentOpening]) -> None:
    class Unplugged(ListedLog):
        def leaves(self, start: int) -> Iterator[AuditedLeaf]:  # type: ignore[override]
            yield from super().leaves(start)[: 3 * CHUNK]
            assert children()
            raise Reason.UNAVAILABLE.error("the line is dead")

    with pytest.raises(HubUnavailable, match="the line is dead"):
        verify_log(Unplugged(story), fictional_cast().anchors, auditor=None, cores=2)
    assert not children()


_BEGIN = """
import multiprocessing, time
from agency_client.audit import ahead

if __name__ == "__main__":
    ahead.WORTHWHILE = 1
    with ahead.signatures_ahead(None, leaves=1, cores=2):
        [child] = multiprocessing.active_children()
        try:
            print(child.pid, flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program in a process group of its own, as a terminal starts one."""
    script = tmp_path / "program.py"
    script.write_text(_BEGIN, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        yield process
        process.kill()


def test_ctrl_c_is_for_the_program_alone(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    child = int(program.stdout.readline())
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=SECONDS)
    assert (out, err, program.returncode) == ("interrupted\n", "", 0)
    assert not psutil.pid_exists(child)


def test_it_ends_when_the_program_is_killed(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    child = psutil.Process(int(program.stdout.readline()))
    program.kill()
    program.wait(SECONDS)
    # Where nobody reaps orphans it stays listed, and is dead.
    deadline = time.monotonic() + SECONDS
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
