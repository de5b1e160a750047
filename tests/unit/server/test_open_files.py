"""A hub keeps open files for itself: connections get what is left, or the hub says that none is."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server import doctor, open_files
from exchange_server.config import Config
from exchange_server.open_files import LEAST_OWN, OWN_FILES, SPARE_FILES, room_for, take_room
from tests.support.hub_process import prepare_hub
from tests.support.statements import fictional_cast

WANTED = 4096


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits of the process: the last pair holds."""
    held = [(1024, 1024)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: held.append(limits))
    return held


@pytest.mark.parametrize(
    ("hard", "own", "connections"),
    [
        (64, 20, 64 - LEAST_OWN),
        (64, 32, 64 - 32 - SPARE_FILES),
        (256, 40, 128),
        (1024, 40, 1024 - OWN_FILES),
        (WANTED + OWN_FILES, 40, WANTED),
        (WANTED + OWN_FILES, 400, WANTED + OWN_FILES - 400 - SPARE_FILES),
        (1_000_000, 400, WANTED),
        (resource.RLIM_INFINITY, 40, WANTED),
    ],
)
def test_connections_get_what_the_hub_does_not_keep(
    limits: list[tuple[int, int]], hard: int, own: int, connections: int
) -> None:
    limits.append((min(hard, 64) if hard > 0 else 64, hard))
    assert room_for(WANTED, own).connections == connections


def test_soft_limit_is_raised_for_the_connections_and_no_further(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "open_files", lambda: 40)
    limits.append((1024, 500_000))
    assert take_room(WANTED).connections == WANTED
    assert limits[-1] == (WANTED + OWN_FILES, 500_000)


def test_hub_without_room_for_a_connection_says_so_and_what_to_do(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "open_files", lambda: 64 - SPARE_FILES)
    limits.append((64, 64))
    with pytest.raises(ExchangeError, match="no connection has room") as refused:
        take_room(WANTED)
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert "LimitNOFILE=" in refused.value.message


def test_hub_starts_where_the_system_lists_no_open_files(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Such as in a root directory of its own, without /proc."""
    monkeypatch.setattr(open_files, "_DESCRIPTORS", str(tmp_path / "fd"))
    limits.append((1024, 1024))
    assert take_room(WANTED).connections == 1024 - OWN_FILES


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("hub")
    return prepare_hub(folder, authority=fictional_cast().authority).config


@pytest.mark.parametrize(
    ("hard", "grade", "said"),
    [
        (40, "FAIL", "serves no connection"),
        (64, "WARN", "serves 16 of 4096 connections"),
        (65536, "OK", "serves 4096 of 4096 connections"),
    ],
)
def test_the_page_of_the_hub_tells_of_the_connections_that_have_room(
    limits: list[tuple[int, int]], config: Config, hard: int, grade: str, said: str
) -> None:
    limits.append((40, hard))
    found = doctor.open_files(config)
    assert (found.grade.name, said in found.found) == (grade, True), found
    assert bool(found.todo) == (grade != "OK")
