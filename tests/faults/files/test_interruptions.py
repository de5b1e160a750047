"""Every command that writes: under a full disk, killed at any moment, with nobody reading.

Afterwards the repeat of the command works, or the command was done before it was killed; all that
it writes is there, whole and once, and nothing is left beside it.

A short form runs with every test, with a kill before or after some call.
`EXCHANGE_FAULTS=full` (`make faults`) tries both, at every call of the commands that need no hub
and at many of the others. The number of points is printed at the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange_files.files import SUFFIX
from tests.faults.files.cases import ENVIRONMENT, Case, hub_cases, local_cases
from tests.faults.files.faults import Runner, running
from tests.faults.files.runner import Ended, Fault
from tests.faults.load import FULL
from tests.support.foundation import Foundation

pytestmark = pytest.mark.timeout(3600 if FULL else 180)

LOCAL = ("certs-init", "certs-issue", "certs-revoke", "certs-crl", "init-log-key")
OF_HUB = (
    "profile-init",
    "send",
    "sync",
    "keys-import",
    "keys-publish",
    "evidence-export",
    "evidence-account",
    "timestamp-request",
    "show-out",
    "witness-init-key",
    "audit-verify",
    "log-export",
)
DONE_BEFORE = ("exists; nothing is written over", "to be new or empty")
"""What a repeat is told where the first call was done, and killed afterwards."""
NO_SPACE = "No space left on device: "
OF_SQLITE = "database or disk is full: "
KILLED = -9


@dataclass(frozen=True)
class Bench:
    """Cases by name, and who runs them."""

    runner: Runner
    cases: dict[str, Case]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with running(tmp_path_factory.mktemp("runner"), ENVIRONMENT) as runner:
        yield runner


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Bench:
    folder = tmp_path_factory.mktemp("local")
    return Bench(runner, {each.name: each for each in local_cases(folder)})


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, foundation: Foundation, runner: Runner
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("served")
    with foundation.serving(folder / "hub") as (town, _):
        yield Bench(runner, {each.name: each for each in hub_cases(town, runner, folder)})


@pytest.mark.parametrize("name", LOCAL)
def test_command_without_a_hub_is_whole_or_not_done(
    local: Bench, name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    points = try_points(local, local.cases[name], tmp_path, kills=10_000 if FULL else 2)
    record_property("points", points)


@pytest.mark.parametrize("name", OF_HUB)
def test_command_against_a_hub_is_whole_or_not_done(
    served: Bench, name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    points = try_points(served, served.cases[name], tmp_path, kills=40 if FULL else 1)
    record_property("points", points)


def try_points(bench: Bench, case: Case, folder: Path, kills: int) -> int:
    """Try one case at random points; gives how many."""
    whole = _prepared(case, folder / "whole")
    ended = bench.runner.run(case.program, case.words, whole)
    assert ended.code == 0, ended
    assert ended.calls, "a command that writes nothing was taken for one that does"
    case.check(whole)
    faults = [(Fault.FULL, at) for at in _some(ended.bytes, 40 if FULL else 1)]
    killed = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
    for fault in killed if FULL else random.sample(killed, 1):
        faults += [(fault, at) for at in _some(ended.calls, kills)]
    for number, (fault, at) in enumerate(faults):
        _try_point(bench, case, folder / str(number), fault, at)
    _try_closed_pipe(bench, case, folder / "pipe")
    return len(faults) + 1


def _some(count: int, most: int) -> list[int]:
    """Some of a range, by chance; all of it where it is short."""
    return random.sample(range(count), min(count, most))


def _prepared(case: Case, folder: Path) -> Path:
    folder.mkdir()
    case.prepare(folder)
    return folder


def _try_point(bench: Bench, case: Case, folder: Path, fault: Fault, at: int) -> None:
    _prepared(case, folder)
    before = _names(folder)
    first = bench.runner.run(case.program, case.words, folder, fault, at)
    where = f"{case.name} {fault.name} at {at}: {first}"
    if fault is Fault.FULL:
        # Where the disk was full for something that is left to the next call, the command is done.
        if first.code != 0:
            assert first.code in (1, 2, 4, 5), where
            assert NO_SPACE in first.err or OF_SQLITE in first.err, where
            assert "Traceback" not in first.err, where
            if case.leaves_nothing:
                assert _names(folder) == before, where
    else:
        assert first.code in (KILLED, 0), where
    _repeat(bench, case, folder, where, is_told=fault is Fault.FULL and first.code == 2)


def _try_closed_pipe(bench: Bench, case: Case, folder: Path) -> None:
    _prepared(case, folder)
    first = bench.runner.run(case.program, case.words, folder, is_pipe_closed=True)
    assert "Traceback" not in first.err, first
    _repeat(bench, case, folder, f"{case.name} with a closed pipe: {first}")


def _repeat(bench: Bench, case: Case, folder: Path, where: str, *, is_told: bool = False) -> None:
    """Repeat a command, as a person does; `is_told` where its code says that nothing was done."""
    if is_told:
        again = bench.runner.run(case.program, case.words, folder)
    else:
        again = _again(bench, case, folder)
    if again.code != 0:
        assert any(each in again.err for each in DONE_BEFORE), f"{where}; then {again}"
    try:
        case.check(folder)
    except Exception as error:
        raise AssertionError(f"{where}; then {again}; then {error!r}") from error
    left = [each for each in folder.rglob(".*") if _is_left_over(each)]
    if "The outbox is empty." in again.out:
        # A statement that was half built, or is sent, goes when the next one is begun or sent; the
        # next writing of the search index takes the place of its unfinished file.
        left = [
            each
            for each in left
            if not each.name.startswith((".building-", ".index.")) and each.parent.name != "search"
        ]
    assert left == [], f"{where}; then {again}; left {left}"


def _is_left_over(path: Path) -> bool:
    if path.name.startswith(".building-"):
        return True
    return path.name.endswith(SUFFIX)


def _again(bench: Bench, case: Case, folder: Path) -> Ended:
    if case.name != "send":
        return bench.runner.run(case.program, case.words, folder)
    # The outbox sends a signed statement; said again it would be another one.
    flushed = bench.runner.run("agency", ("--profile", "p", "outbox", "flush"), folder)
    assert flushed.code == 0, flushed
    try:
        case.check(folder)
    except AssertionError:
        return bench.runner.run(case.program, case.words, folder)
    return flushed


def _names(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}
