"""The references of a profile are sealed on disk, kept between processes, and can be lost."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from agency_client.state.keys import Vault
from agency_client.state.references import Earlier, Reference, ReferenceIndex
from exchange_keys import SealingPrivateKey
from exchange_protocol.trust.identity import AgencyId

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
FIRST, SECOND = "01a20550-6358-7732-81dc-576beeed69bd", "01a20550-6358-7732-81dc-576beeed69be"
KEYS = [SealingPrivateKey.generate() for _ in range(2)]


def index(state: Path, keys: Sequence[SealingPrivateKey] = (KEYS[0],)) -> ReferenceIndex:
    return ReferenceIndex(state, Vault.of(AgencyId("kz.mia"), None, None, keys))


def test_what_is_noted_is_known_to_the_next_process(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("12-34", "", "Суть"))
    index(tmp_path).note(FIRST, Reference("", "ФМ-1", ""))
    index(tmp_path).note(SECOND, Reference())
    assert index(tmp_path).references() == {FIRST: Reference("12-34", "ФМ-1", "Суть")}


def test_index_is_sealed_and_for_its_owner_alone(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("12-34", "", "Тайна"))
    data = (tmp_path / "index").read_bytes()
    assert "Тайна".encode() not in data
    assert b"12-34" not in data
    assert FIRST.encode() not in data
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o600


def test_index_of_an_older_key_opens_while_the_key_is_held(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("12-34"))
    assert index(tmp_path, KEYS).references() == {FIRST: Reference("12-34")}
    index(tmp_path, KEYS).note(SECOND, Reference("56"))
    assert index(tmp_path, KEYS[1:]).references().keys() == {FIRST, SECOND}


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n\xff", b'{"key_id":"00","enc":"00"}\nx'])
def test_index_that_does_not_open_is_forgotten(tmp_path: Path, data: bytes) -> None:
    index(tmp_path).note(FIRST, Reference("12-34"))
    (tmp_path / "index").write_bytes(data)
    assert index(tmp_path).references() == {}
    index(tmp_path).note(SECOND, Reference("56"))
    assert index(tmp_path).references() == {SECOND: Reference("56")}


def test_index_of_another_key_is_forgotten(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("12-34"))
    assert index(tmp_path, KEYS[1:]).references() == {}


def test_profile_without_a_sealing_key_keeps_nothing(tmp_path: Path) -> None:
    index(tmp_path, ()).note(FIRST, Reference("12-34"))
    assert list(tmp_path.iterdir()) == []
    assert index(tmp_path, ()).references() == {}


def test_what_was_erased_is_forgotten(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("12-34"))
    index(tmp_path).note(SECOND, Reference("56"))
    index(tmp_path).forget([FIRST, "unknown"])
    assert index(tmp_path).references() == {SECOND: Reference("56")}


def test_reference_is_found_by_any_of_its_words(tmp_path: Path) -> None:
    known = Reference("12-34/2026", "ФМ-1", "Отмывание доходов")
    assert all(known.matches(text) for text in ("34/", "фм-1", "ДОХОДОВ"))
    assert not known.matches("героин")
    assert (known.shown, Reference("", "ФМ-1").shown) == ("12-34/2026", "ФМ-1")


def test_statement_is_remembered_for_some_minutes(tmp_path: Path) -> None:
    sent = Earlier("ab" * 32, SECOND, FIRST, NOW)
    index(tmp_path).note_sent(sent)
    assert index(tmp_path).find_earlier(sent.digest, NOW + timedelta(minutes=14)) == sent
    assert index(tmp_path).find_earlier(sent.digest, NOW + timedelta(minutes=16)) is None
    assert index(tmp_path).find_earlier("cd" * 32, NOW) is None
    index(tmp_path).forget_withdrawn(SECOND)
    assert index(tmp_path).find_earlier(sent.digest, NOW) is None


def test_summary_is_kept_in_part(tmp_path: Path) -> None:
    index(tmp_path).note(FIRST, Reference("", "", "x" * 8000))
    assert len(index(tmp_path).references()[FIRST].summary) == 200


def test_nothing_is_lost_between_processes_that_write_at_once(tmp_path: Path) -> None:
    def note(number: int) -> None:
        index(tmp_path).note(f"{number:036}", Reference(str(number)))

    with ThreadPool(8) as pool:
        pool.map(note, range(40))
    assert len(index(tmp_path).references()) == 40
