"""A hub keeps to one core, and leaves it to others that are bound to it as well."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from exchange_server.one_core import OneCore, Use

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="expected Linux, and two cores",
)
TASKS = Path("/proc/self/task")
IDLE = Use(at=0.0, ran=0.0, waited=0.0)
CROWDED = Use(at=2.0, ran=1.0, waited=0.8)


def cores_of_threads() -> list[set[int]]:
    found = []
    for each in TASKS.iterdir():
        # A thread of another test may end meanwhile.
        with suppress(ProcessLookupError):
            found.append(os.sched_getaffinity(int(each.name)))
    return found


@pytest.fixture
def unbound() -> Iterator[set[int]]:
    """What a test binds is free again after it."""
    cores = os.sched_getaffinity(0)
    yield cores
    for each in TASKS.iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(each.name), cores)


async def test_all_threads_have_the_core_of_the_worker(unbound: set[int]) -> None:
    told = threading.Event()
    before = threading.Thread(target=told.wait)
    before.start()
    kept = OneCore(worker=2)
    kept.start()
    after = threading.Thread(target=told.wait)
    after.start()
    assert all(cores == {sorted(unbound)[1]} for cores in cores_of_threads())
    kept.stop()
    told.set()
    before.join()
    after.join()


async def test_a_crowded_core_is_left(unbound: set[int]) -> None:
    first, second, *_ = sorted(unbound)
    kept = OneCore(worker=1, choose=lambda others: others[0])
    kept.start()
    assert kept.leave_if_crowded(IDLE, Use(at=2.0, ran=1.9, waited=0.8)), (
        "it fills the core by itself"
    )
    assert kept.leave_if_crowded(IDLE, Use(at=2.0, ran=0.3, waited=0.1)), "it has little to do"
    assert cores_of_threads()[0] == {first}
    assert kept.leave_if_crowded(IDLE, CROWDED)
    assert all(cores == {second} for cores in cores_of_threads())
    kept.stop()
    await asyncio.sleep(0)


async def test_a_core_that_may_not_be_used_ends_the_looking(
    unbound: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not in this container")

    kept = OneCore(worker=1)
    monkeypatch.setattr("os.sched_setaffinity", refuse)
    kept.start()
    assert not kept.leave_if_crowded(IDLE, CROWDED)
    monkeypatch.undo()
    assert cores_of_threads()[0] == unbound
