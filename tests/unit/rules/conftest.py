"""A hub of the fictional region for each test."""

from __future__ import annotations

import pytest

from tests.support.statements import Hub, fictional_cast


@pytest.fixture
def hub() -> Hub:
    return Hub(fictional_cast())
