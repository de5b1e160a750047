"""A console over a hub in memory: of an officer who asks, and of a coordinator who decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_MIA


@pytest.fixture
def hub() -> InMemoryHub:
    """An honest hub with an enrolled cast."""
    return InMemoryHub()


@pytest.fixture
def console(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    """The console of an officer."""
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as running:
        yield running


@pytest.fixture
def coordinator(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    """The console of a coordinator of the centre."""
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as running:
        yield running
