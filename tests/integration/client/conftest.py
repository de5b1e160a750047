"""An honest hub in memory, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from tests.support.in_memory_hub import InMemoryHub


@pytest.fixture
def hub() -> InMemoryHub:
    return InMemoryHub()


@pytest.fixture
def client(hub: InMemoryHub, tmp_path: Path) -> Iterator[ExchangeClient]:
    """The client of the police, which has seen the log as it is now."""
    with hub.client(tmp_path) as client:
        client.sync()
        yield client
