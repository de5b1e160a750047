"""A hub in a process of its own that carries a fictional region, and callers with certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange_server.bootstrap import utc_now
from tests.integration.rpc.callers import Region
from tests.support.commands import ServerCommand
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.statements import Hub, fictional_cast

HEARTBEAT_SECONDS = 0.4


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """The region's directory and policy are on the log of a running hub."""
    folder: Path = tmp_path_factory.mktemp("hub")
    cast = fictional_cast()
    limits = {"heartbeat_seconds": HEARTBEAT_SECONDS, "watches_per_agency": 2}
    files = prepare_hub(folder, authority=cast.authority, limits=limits)
    with HubProcess(files) as process, Region(process, Hub(cast, now=a_while_ago())) as region:
        region.catch_up()
        yield region


def a_while_ago() -> datetime:
    # The hub in memory moves its clock a second per entry; none may come to lie in the future.
    return utc_now() - timedelta(minutes=10)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> ServerCommand:
    """The `exchange-server` command in this process."""
    return ServerCommand(monkeypatch, capsys)
