"""Long work in the event loop, in slices: between two of them the loop serves everyone else."""

from __future__ import annotations

import asyncio
import time
from typing import Final

SLICE_SECONDS: Final = 0.002
"""A call that comes alone takes some 3 ms; nobody's batch may add much more than a slice to it."""


class Slices:
    """The slices of one piece of work, which began just now."""

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + SLICE_SECONDS

    async def breathe(self) -> None:
        """Let others be served if the slice is over; to be called between two small steps."""
        if time.monotonic() >= self._ends_at:
            await asyncio.sleep(0)
            self._ends_at = time.monotonic() + SLICE_SECONDS
