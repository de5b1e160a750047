"""A replay divided by exchange: what a replay of the whole finds is found, and nothing else."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from agency_client.audit import AuditedLeaf, AuditReport, shards, verify_log
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from tests.support.divided import dividing, verify_both_ways
from tests.support.listed_log import REQUEST, ListedLog, domestic_exchange, gated_exchange
from tests.support.statements import (
    AUDITOR,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    POLICY,
    UZ_FIU,
    Hub,
    fictional_cast,
)
from tests.unit.audit.test_verify import PROSECUTOR
from tests.unit.rules.test_provenance import CarelessHub, answered

pytestmark = pytest.mark.thorough


@pytest.fixture
def hub() -> Hub:
    hub = Hub(fictional_cast())
    for _ in range(4):
        domestic_exchange(hub)
        gated_exchange(hub)
    return hub


def audit(hub: Hub, shown: set[int] | None = None, auditor: Member | None = None) -> AuditReport:
    log = ListedLog(hub.log, shown)
    return verify_both_ways(log, fictional_cast().anchors, auditor=auditor)


_others: set[int | None] = set()
"""Processes that other tests have started and still use, such as hubs."""


@pytest.fixture(autouse=True)
def _note_others() -> None:
    _others.clear()
    _others.update(each.pid for each in multiprocessing.active_children())


def children() -> list[int]:
    """Processes that this test has started."""
    running = (each.pid for each in multiprocessing.active_children())
    return [pid for pid in running if pid is not None and pid not in _others]


def of_each_shard(hub: Hub) -> tuple[Statement, Statement]:
    """Two requests whose exchanges fall to different shards of two."""
    asked: dict[int, Statement] = {}
    while len(asked) < 2:
        said = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
        asked[zlib.crc32(said.exchange_id.encode()) % 2] = said
    return asked[0], asked[1]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_honest_log_is_clean_in_any_number_of_shards(hub: Hub, count: int) -> None:
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    hub.inspect(AUDITOR)
    asked = domestic_exchange(hub)
    hub.change_policy(POLICY + "\n")
    for _ in range(3):
        hub.say(KZ_MIA, Referral(sources=(asked.digest,)), to=["kz.gpo"])
        gated_exchange(hub)
        hub.inspect(AUDITOR, len(hub.log) - 5)
    fingerprint = fictional_cast().signers[KG_MIA].fingerprint
    hub.say(OPERATOR, RevokeCertificate(fingerprint, RevocationReason.SUPERSEDED))
    due = replace(CASE, due_at=hub.now + timedelta(seconds=2))
    late = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=due)
    hub.deliver(KZ_FMA, late)
    domestic_exchange(hub)
    log, anchors = ListedLog(hub.log), fictional_cast().anchors
    alone = verify_log(log, anchors, auditor=None)
    assert alone.is_clean
    assert alone.overdue == {"kz.fma": 1}
    with dividing(count) as said:
        together = verify_log(log, anchors, auditor=None, cores=8)
    assert said == [together]
    assert replace(together, seconds=0.0) == replace(alone, seconds=0.0)
    assert not children()


def test_after_an_entry_that_is_not_opened_no_reading_is_counted(hub: Hub) -> None:
    hidden = len(hub.log)
    asked = hub.say(UZ_FIU, REQUEST, to=["kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
    domestic_exchange(hub)
    shown = set(range(len(hub.log) + 2)) - {hidden, hidden + 1}
    # It tells of fewer entries than the page opened, which this auditor cannot know.
    inspected_without_its_last(hub)
    hub.deny(KG_MIA, Reason.RATE_LIMITED)
    report = audit(hub, shown, PROSECUTOR)
    assert report.is_clean
    assert report.tree_size - report.opened == 2
    [violation] = audit(hub).violations
    assert "entries that it inspects" in violation.message


def test_a_reading_is_counted_over_all_shards(hub: Hub) -> None:
    hub.inspect(AUDITOR)
    assert audit(hub).is_clean
    domestic_exchange(hub)
    inspected_without_its_last(hub)
    at = len(hub.log) - 1
    domestic_exchange(hub)
    [violation] = audit(hub).violations
    assert (violation.index, violation.reason) == (at, Reason.RULE_BROKEN)
    assert "entries that it inspects" in violation.message


def inspected_without_its_last(hub: Hub) -> None:
    """A reading that tells of fewer entries than the page opened."""
    scopes = list(hub.scopes)
    hub.scopes[:] = scopes[:-1]
    hub.inspect(AUDITOR)
    hub.scopes[-1:-1] = scopes[-1:]


def test_an_id_in_two_shards_is_found(hub: Hub) -> None:
    first, second = of_each_shard(hub)
    for asked in (first, second):
        hub.deliver(KZ_FMA, asked)
    said = hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=first)
    assert audit(hub).is_clean
    hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=second, id=said.id)
    at = len(hub.log) - 1
    domestic_exchange(hub)
    [violation] = audit(hub).violations
    assert (violation.index, violation.reason) == (at, Reason.RULE_BROKEN)
    assert f"statement {said.id} of kz.fma was accepted before" in violation.message


def test_time_that_runs_back_between_two_shards_is_found(hub: Hub) -> None:
    first, second = of_each_shard(hub)
    hub.deliver(KZ_FMA, first)
    assert audit(hub).is_clean
    hub.now -= timedelta(minutes=1)
    hub.deliver(KZ_FMA, second)
    [violation] = audit(hub).violations
    assert violation.index == len(hub.log) - 1
    assert "is before that of the entry before it" in violation.message


def test_the_reason_is_logged_why_one_replay_begins_anew(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agency_client.audit")
    first, second = of_each_shard(hub)
    hub.deliver(KZ_FMA, first)
    audit(hub)
    assert not caplog.messages, "a clean log needs no second replay"
    at = len(hub.log)
    entry = parse_entry(hub.log[-1].entry)
    hub.record(replace(entry, exchange_id=second.exchange_id), None)
    audit(hub)
    [message] = caplog.messages
    assert "one replay begins" in message
    assert message.endswith(f"RULE_BROKEN, entry {at}")
    caplog.clear()
    hub.now -= timedelta(minutes=1)
    hub.log[at:] = []
    hub.deliver(KZ_FMA, second)
    audit(hub)
    [message] = caplog.messages
    assert message.endswith(f"the time of entry {at} is before that of the last")


def test_a_source_in_another_shard_is_judged_as_it_was_then() -> None:
    """Every referral lacks a consent; each is found, wherever its source stands."""
    for _ in range(4):
        hub = CarelessHub(fictional_cast())
        answer = answered(hub)
        domestic_exchange(hub)
        assert audit(hub).is_clean
        hub.say(KZ_MIA, Referral(sources=(answer.digest,)), to=["kz.gpo"])
        at = len(hub.log) - 1
        gated_exchange(hub)
        [violation] = audit(hub).violations
        assert violation.index == at
        assert "CONSENT_MISSING" in violation.message


def test_a_shard_that_dies_leaves_the_whole_to_one_replay(hub: Hub) -> None:
    killed: list[int] = []

    class Killing(ListedLog):
        def leaves(self, start: int) -> Iterator[AuditedLeaf]:  # type: ignore[override]
            for number, leaf in enumerate(super().leaves(start)):
                if number == len(hub.log) // 2 and not killed:
                    killed.extend(children())
                    for child in killed:
                        os.kill(child, signal.SIGKILL)
                yield leaf

    anchors = fictional_cast().anchors
    with dividing() as said:
        report = verify_log(Killing(hub.log), anchors, auditor=None, cores=2)
    assert len(killed) == 2
    assert said == [None]
    assert report.is_clean
    assert not children()


def test_the_error_of_a_source_is_raised_and_no_process_stays(hub: Hub) -> None:
    class Unplugged(ListedLog):
        def leaves(self, start: int) -> Iterator[AuditedLeaf]:  # type: ignore[override]
            yield from super().leaves(start)[:20]
            raise Reason.UNAVAILABLE.error("the line is dead")

    with dividing() as said, pytest.raises(HubUnavailable, match="the line is dead"):
        verify_log(Unplugged(hub.log), fictional_cast().anchors, auditor=None, cores=2)
    assert said == [None]
    assert not children()


def test_a_watch_sees_every_entry_in_order_and_nothing_is_divided(hub: Hub) -> None:
    seen: list[int] = []
    with dividing() as said:
        verify_log(
            ListedLog(hub.log),
            fictional_cast().anchors,
            auditor=None,
            cores=2,
            watch=lambda applied: seen.append(applied.index),
        )
    assert not said
    assert seen == list(range(len(hub.log)))


def test_processes_that_have_begun_judge_the_log_and_end(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, anchors = ListedLog(hub.log), fictional_cast().anchors
    alone = verify_log(log, anchors, auditor=None)
    monkeypatch.setattr(shards, "_is_alone", lambda: True)
    with dividing() as said, shards.begun(2) as early:
        running = children()
        together = verify_log(log, anchors, auditor=None, cores=2, early=early)
        assert not children(), "they end with the replay"
    assert len(running) == 2
    assert said == [together]
    assert replace(together, seconds=0.0) == replace(alone, seconds=0.0)


def test_a_log_that_is_not_clean_is_judged_anew_after_early_processes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.now -= timedelta(minutes=1)
    hub.deliver(KZ_FMA, hub.say(KZ_MIA, REQUEST, to=["kz.fma"]))
    log, anchors = ListedLog(hub.log), fictional_cast().anchors
    alone = verify_log(log, anchors, auditor=None)
    assert alone.violations
    monkeypatch.setattr(shards, "_is_alone", lambda: True)
    with dividing() as said, shards.begun(2) as early:
        together = verify_log(log, anchors, auditor=None, cores=2, early=early)
    assert said == [None]
    assert replace(together, seconds=0.0) == replace(alone, seconds=0.0)


def test_no_process_is_forked_from_one_with_threads_or_for_one_core() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with shards.begun(2) as early:
            assert not early.connections
    finally:
        over.set()
        thread.join()
    with shards.begun(1) as early:
        assert not early.connections


_FORKS = """
import multiprocessing, os, signal, sys
from agency_client.audit import shards, verify_log
from tests.unit.audit.test_shards import Hub, fictional_cast
from tests.support.listed_log import (ListedLog, domestic_exchange,)

hub = Hub(fictional_cast())
for _ in range(4):
    domestic_exchange(hub)
shards.WORTHWHILE_BEGUN = 0
with shards.begun(2) as early:
    assert len(early.connections) == 2, "it has threads"
    multiprocessing.get_context = None  # no other process begins
    report = verify_log(
        ListedLog(hub.log), fictional_cast().anchors, auditor=None, cores=2, early=early
    )
    assert report.is_clean
    assert not multiprocessing.active_children()
"""
_KILLED = """
import multiprocessing, os, signal
from agency_client.audit import shards

with shards.begun(3):
    print(*(each.pid for each in multiprocessing.active_children()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
_STOPPED = """
import multiprocessing, os, re, signal, sys, time
from pathlib import Path
from agency_client.audit import shards
from exchange_files import Stopped, heeding_signals

def heeds(pid):
    caught = re.search("SigCgt:\\s*(\\w+)", Path(f"/proc/{pid}/status").read_text())
    return int(caught[1], 16) >> signal.SIGTERM - 1 & 1

try:
    with heeding_signals(), shards.begun(3) as early:
        assert len(early.connections) == 3, "it has threads"
        end = time.monotonic() + 20
        while any(heeds(each.pid) for each in multiprocessing.active_children()):
            assert time.monotonic() < end, "a fork has its parent's handlers"
            time.sleep(0.01)
        os.killpg(0, signal.SIGTERM)
        time.sleep(60)
except Stopped as stopped:
    sys.exit(stopped.exit_code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_forked_processes_judge_a_log() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_forked_processes_end_when_the_one_that_forked_them_is_killed() -> None:
    # They hold its standard output: it ends when the last of them has ended.
    done = subprocess.run(
        [sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_forked_processes_say_nothing_when_a_signal_ends_all() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")


def test_audit_goes_on_where_no_process_can_be_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: shards.Begun, context: object, count: int) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(shards, "_is_alone", lambda: True)
    monkeypatch.setattr(shards.Begun, "begin", refuse)
    with shards.begun(2) as early:
        assert not early.connections
