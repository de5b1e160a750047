"""Amounts that all workers of one hub count together, in memory that they share.

Each worker has a region of its own, and writes to no other. To learn what an agency has or spends,
a worker adds up what stands in all regions. So nobody waits for a lock, and a worker that is
stopped or killed in the midst of a count holds up nobody.

A region is a table of records, one for each holder, found by a digest of its name. A cell is eight
bytes, which the processor reads and writes as one. Holders beyond `RECORDS` are counted by each
worker alone.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

from exchange_server.shared_memory import folder_with_room

RECORDS: Final = 4096
"""Records of one region: more than there are agencies."""
_CELLS: Final = 16
_CELL_BYTES: Final = 8
_REGION_BYTES: Final = RECORDS * _CELLS * _CELL_BYTES


class Cell(IntEnum):
    """The cells of a record; the first holds the digest of the holder's name."""

    CALLS = 1
    WATCHES = 2
    CONNECTIONS = 3
    # Of each bucket: what was ever spent, what is left, and when that was so.
    STATEMENTS = 4
    BYTES = 7
    DENIALS = 10
    INSPECTIONS = 13


HELD: Final = (Cell.CALLS, Cell.WATCHES, Cell.CONNECTIONS)
"""Amounts that end with the process that has them; what was spent stays spent."""


class Counts(Protocol):
    """The amounts of this process, to be seen by others, and those of the others."""

    def set(self, holder: str, cell: int, amount: float) -> None:
        """Show an amount of this process; each cell is set by one thread."""

    def own(self, holder: str, cell: int) -> float:
        """The amount of this process, or of the one in whose place it is."""

    def others(self, holder: str, cell: int) -> list[float]:
        """The amounts of each other process that has any record of the holder."""


class CountedAlone:
    """The counts of a hub that is one process: there are no others."""

    def set(self, holder: str, cell: int, amount: float) -> None:
        """Show nothing: there is nobody to look."""

    def own(self, holder: str, cell: int) -> float:
        """Give zero: no process was in this place before."""
        return 0.0

    def others(self, holder: str, cell: int) -> list[float]:
        """No counts: there are no other workers."""
        return []


ALONE: Final[Counts] = CountedAlone()


class SharedCounts:
    """The counts of one worker among others."""

    def __init__(self, file: Path, worker: int) -> None:
        """Open what `shared_counts` has made; workers have the numbers from 1 on."""
        with file.open("r+b") as opened:
            memory = mmap.mmap(opened.fileno(), 0)
        self._digests = memoryview(memory).cast("Q")
        self._amounts = memoryview(memory).cast("d")
        self._own = worker - 1
        self._others = [each for each in range(len(memory) // _REGION_BYTES) if each != self._own]
        self._found: dict[tuple[int, str], int] = {}
        self._adding = threading.Lock()

    def set(self, holder: str, cell: int, amount: float) -> None:
        """Show an amount of this process."""
        at = self._find(self._own, holder)
        if at is None:
            with self._adding:
                at = self._find(self._own, holder)
                at = self._add(holder) if at is None else at
        if at is not None:
            self._amounts[at + cell] = amount

    def own(self, holder: str, cell: int) -> float:
        """The amount of this process, or of the one in whose place it is."""
        at = self._find(self._own, holder)
        return 0.0 if at is None else self._amounts[at + cell]

    def others(self, holder: str, cell: int) -> list[float]:
        """The amounts of the others."""
        found = (self._find(each, holder) for each in self._others)
        return [self._amounts[at + cell] for at in found if at is not None]

    def forget_held(self) -> None:
        """Take away what a worker of this number held; it must have ended."""
        start = self._own * RECORDS * _CELLS
        for at in range(start, start + RECORDS * _CELLS, _CELLS):
            if self._digests[at]:
                for cell in HELD:
                    self._amounts[at + cell] = 0.0

    def _find(self, region: int, holder: str) -> int | None:
        """The first cell of a holder's record; None while there is none."""
        known = self._found.get((region, holder))
        if known is not None:
            return known
        digest = _digest(holder)
        for at in _places(region, digest):
            if self._digests[at] == digest:
                self._found[region, holder] = at
                return at
            if not self._digests[at]:
                break
        return None

    def _add(self, holder: str) -> int | None:
        digest = _digest(holder)
        for at in _places(self._own, digest):
            if not self._digests[at]:
                # The amounts are zero, so that the record is whole as soon as it has its name.
                self._digests[at] = digest
                return at
        return None


@contextmanager
def shared_counts(workers: int) -> Iterator[Path]:
    """Make the memory for so many workers; it is gone after the block.

    Raises CONFIG_INVALID where there is no room for it.
    """
    size = workers * _REGION_BYTES
    folder = folder_with_room(size)
    with tempfile.NamedTemporaryFile(prefix="exchange-counts-", dir=folder) as file:
        # Given now: a page that finds no room later would end the worker.
        os.posix_fallocate(file.fileno(), 0, size)
        yield Path(file.name)


def _digest(holder: str) -> int:
    return int.from_bytes(blake2b(holder.encode(), digest_size=_CELL_BYTES).digest()) or 1


def _places(region: int, digest: int) -> Iterator[int]:
    """The first cells of the records that may be a holder's, in order."""
    for step in range(RECORDS):
        yield (region * RECORDS + (digest + step) % RECORDS) * _CELLS
