"""The collector of garbage in a hub that serves: it spares what stays, and takes young garbage."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.long

KEEPING = """
import gc
from exchange_server.bootstrap import spare_what_stays

spare_what_stays()
full = gc.get_stats()[2]["collections"]
kept = [[] for _ in range(400_000)]
print(gc.get_stats()[2]["collections"] - full)
"""
CIRCLES = """
import gc
import weakref
from exchange_server.bootstrap import spare_what_stays

class Circle:
    def __init__(self):
        self.own = self

spare_what_stays()
made = [weakref.ref(Circle()) for _ in range(50_000)]
print(sum(each() is not None for each in made))
"""


@pytest.mark.timeout(60)
def test_what_stays_is_not_walked_over_in_full() -> None:
    assert _printed(KEEPING) == 0


@pytest.mark.timeout(60)
def test_young_garbage_does_not_wait_for_a_full_collection() -> None:
    # Those of the last rounds are still there.
    assert _printed(CIRCLES) < 10_000


def _printed(code: str) -> int:
    """The number that a fresh interpreter prints: the collector is one for the whole process."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)
