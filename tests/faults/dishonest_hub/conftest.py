"""An enrolled deployment, made once for each worker, and a lying hub on a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dishonest_hub import Founded, Region, found


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def region(founded: Founded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Region]:
    with founded.region(tmp_path, monkeypatch) as region:
        yield region
