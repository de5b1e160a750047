"""Own holdings: imported whole or not at all, sealed, matched file by file, removed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_client.content.entity import Entity
from agency_client.content.matching import Score
from agency_client.state import holdings as module
from agency_client.state.holdings import Holdings
from agency_client.state.keys import Vault
from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import ExchangeError, InvalidInput, Reason
from exchange_protocol.trust.identity import AgencyId

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KEYS = [SealingPrivateKey.generate() for _ in range(2)]


def own(state: Path, keys: Sequence[SealingPrivateKey] = (KEYS[0],)) -> Holdings:
    return Holdings(state, Vault.of(AgencyId("kz.mia"), None, None, keys), lambda: NOW)


def person(number: int, **properties: str) -> Entity:
    given = {"name": f"Лицо{number} Вымышленное"} | properties
    return {
        "id": f"p{number}",
        "schema": "Person",
        "properties": {name: [value] for name, value in given.items()},
    }


def folders(state: Path) -> list[str]:
    return [each.name for each in (state / "holdings").iterdir() if each.is_dir()]


def test_import_is_matched_with_its_reason_and_listed(tmp_path: Path) -> None:
    made = own(tmp_path).import_entities("register", [person(1, idNumber="0612 1160 0012")])
    assert (made.entities, made.imported_at) == (1, NOW)
    assert own(tmp_path).all() == (made,)
    [match] = own(tmp_path).match([person(7, idNumber="061211600012")])
    assert (match.score, match.subject_id, match.entity_id) == (Score.EXACT, "p7", "p1")
    assert (match.holding, match.schema, match.caption) == (
        "register",
        "Person",
        "Лицо1 Вымышленное",
    )
    assert own(tmp_path).match([person(8)]) == []


def test_strongest_match_comes_first(tmp_path: Path) -> None:
    second = person(1, idNumber="061211600012")
    second["id"] = "p2"
    known = [person(1), second]
    own(tmp_path).import_entities("register", known)
    found = own(tmp_path).match([person(1, idNumber="061211600012")])
    assert [(each.entity_id, each.score) for each in found] == [
        ("p2", Score.EXACT),
        ("p1", Score.POSSIBLE),
    ]


def test_set_of_the_same_name_is_replaced_and_others_stay(tmp_path: Path) -> None:
    own(tmp_path).import_entities("register", [person(1)])
    own(tmp_path).import_entities("watch list", [person(2)])
    own(tmp_path).import_entities("register", [person(3)])
    assert [each.name for each in own(tmp_path).all()] == ["register", "watch list"]
    found = [own(tmp_path).match([person(number)]) for number in (1, 2, 3)]
    assert [len(each) for each in found] == [0, 1, 1]
    assert len(folders(tmp_path)) == 2
    own(tmp_path).forget("register")
    assert own(tmp_path).match([person(3)]) == []
    assert len(folders(tmp_path)) == 1


def test_import_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    own(tmp_path).import_entities("register", [person(1)])

    def broken() -> Iterator[Entity]:
        yield person(2)
        raise ValueError("the file changed")

    with pytest.raises(ValueError, match="the file changed"):
        own(tmp_path).import_entities("register", broken())
    assert len(own(tmp_path).match([person(1)])) == 1
    own(tmp_path).import_entities("other", [person(3)])
    assert len(folders(tmp_path)) == 2, "the next import removes what was left"


def test_segments_are_matched_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 2_000)
    made = own(tmp_path).import_entities("register", [person(number) for number in range(100)])
    assert made.segments > 3
    assert [len(own(tmp_path).match([person(number)])) for number in (0, 50, 99)] == [1, 1, 1]


def test_nothing_is_on_disk_in_plain(tmp_path: Path) -> None:
    own(tmp_path).import_entities("register", [person(1, idNumber="061211600012")])
    files = [each for each in (tmp_path / "holdings").rglob("*") if each.is_file()]
    assert len(files) > 1
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        for text in ("Лицо1", "lico1", "061211600012", "register"):
            assert text.encode() not in file.read_bytes()


def test_damaged_file_and_missing_key_are_errors(tmp_path: Path) -> None:
    made = own(tmp_path).import_entities("register", [person(1)])
    with pytest.raises(ExchangeError) as refused:
        own(tmp_path, KEYS[1:]).match([person(1)])
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    for file in (tmp_path / "holdings" / made.folder).iterdir():
        file.write_bytes(b"damaged")
    with pytest.raises(ExchangeError) as refused:
        own(tmp_path).match([person(1)])
    assert refused.value.reason is Reason.SEAL_BROKEN


def test_bad_names_are_refused(tmp_path: Path) -> None:
    for name in ("", " ", "x" * 101, "a\u202eb"):
        with pytest.raises(InvalidInput):
            own(tmp_path).import_entities(name, [])
    with pytest.raises(InvalidInput) as refused:
        own(tmp_path).forget("unknown")
    assert refused.value.field == "name"


def test_ten_subjects_meet_twenty_thousand_records_within_a_second(tmp_path: Path) -> None:
    many = (person(number, idNumber=f"KZ{number:010d}") for number in range(20_000))
    own(tmp_path).import_entities("register", many)
    subjects = [person(number, idNumber=f"KZ{number:010d}") for number in range(0, 20_000, 2_000)]
    began = time.process_time()
    found = own(tmp_path).match(subjects)
    assert time.process_time() - began < 1
    assert [each.score for each in found] == [Score.EXACT] * 10
