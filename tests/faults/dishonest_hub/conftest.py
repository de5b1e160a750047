"""A lying hub on a copy of the enrolled deployment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dishonest_hub import Region, lying_region
from tests.support.foundation import Foundation


@pytest.fixture
def region(
    foundation: Foundation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Region]:
    with lying_region(foundation, tmp_path / "hub", monkeypatch) as region:
        yield region
