"""The database of an honest hub, as it stood at several moments."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.copies.test_copies import History, write_history


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return asyncio.run(write_history(tmp_path_factory.mktemp("honest")))
