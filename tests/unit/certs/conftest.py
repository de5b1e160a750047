"""One authority per test, fictional."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange_certs.authority import Authority

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
PASSPHRASE = b"fictional passphrase"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", "caricc.example", PASSPHRASE, NOW)
