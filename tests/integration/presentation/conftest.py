"""An honest hub in memory."""

from __future__ import annotations

import pytest

from tests.support.in_memory_hub import InMemoryHub


@pytest.fixture
def hub() -> InMemoryHub:
    return InMemoryHub()
