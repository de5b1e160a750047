"""The search index: sealed on disk, found in any script, forgotten, and quick."""

from __future__ import annotations

import stat
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agency_client.content.search_terms import SearchTerms, Where
from agency_client.state import search_index
from agency_client.state.keys import Vault
from agency_client.state.search_index import MOST_FOUND, Indexed, SearchIndex
from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import InvalidInput, Reason
from exchange_protocol.trust.identity import AgencyId

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KEYS = [SealingPrivateKey.generate() for _ in range(2)]
NAME, NUMBER, FILE = Where.NAME, Where.ACCOUNT, Where.FILE


def index(state: Path, keys: Sequence[SealingPrivateKey] = (KEYS[0],)) -> SearchIndex:
    return SearchIndex(state, Vault.of(AgencyId("kz.mia"), None, None, keys))


def exchange(number: int, *texts: tuple[Where, str]) -> Indexed:
    terms = SearchTerms()
    for where, text in texts:
        terms.add(where, text)
    at = NOW + timedelta(minutes=number)
    exchange_id = f"01a20550-{number:04x}-7732-81dc-{number:012x}"
    agency = AgencyId("kz.mia")
    return Indexed(exchange_id, "information_request", agency, at, tuple(terms), is_cut=False)


def found(state: Path, words: str) -> list[str]:
    return [each.exchange_id for each in index(state).search(words).found]


def test_all_words_must_be_found_in_any_script_and_order(tmp_path: Path) -> None:
    first = exchange(1, (NAME, "Хасанов Юрий"), (NUMBER, "KZ86 125K ZT50 0410 0100"))
    second = exchange(2, (NAME, "Xasanov Otabek"), (FILE, "выписка.pdf"))
    for each in (first, second):
        index(tmp_path).note(each)
    assert found(tmp_path, "khasanov") == [second.exchange_id, first.exchange_id]
    assert found(tmp_path, "yuriy ХАСАНОВ") == [first.exchange_id]
    assert found(tmp_path, "KZ86-125K") == [first.exchange_id]
    assert found(tmp_path, "5004100100 юрий") == [first.exchange_id]
    assert found(tmp_path, "выписка отабек") == [second.exchange_id]
    assert found(tmp_path, "выписка юрий") == []
    assert found(tmp_path, "выписка.pdf") == [second.exchange_id]
    assert found(tmp_path, "другая.pdf") == []
    [hit] = index(tmp_path).search("Yuriy").found[0].hits
    assert (hit.where, hit.text) == (NAME, "Хасанов Юрий")


def test_one_letter_finds_a_word_of_its_own_and_not_every_text(tmp_path: Path) -> None:
    first = exchange(1, (NAME, "ООО Вымысел-Зеленый"))
    second = exchange(2, (NAME, "Зоя З. Хасанова"))
    for each in (first, second):
        index(tmp_path).note(each)
    assert found(tmp_path, "zzz зоя") == [second.exchange_id], "an initial is a word of its own"
    assert found(tmp_path, "з") == [second.exchange_id]
    assert found(tmp_path, "ъъъ qqq") == []
    assert found(tmp_path, "ааа") == []
    assert found(tmp_path, "ООО вымысел") == [first.exchange_id]
    assert found(tmp_path, "ооо") == [first.exchange_id]


def test_text_of_the_line_that_is_no_term_is_not_found(tmp_path: Path) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    # The line of the file holds these words; only keys of terms count.
    for words in ("information", "01a20550", "name", "kz.mia"):
        assert found(tmp_path, words) == []


def test_new_note_replaces_and_addition_keeps_what_was_there(tmp_path: Path) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    index(tmp_path).add([exchange(1, (NAME, "Петров"))])
    assert found(tmp_path, "хасанов") == found(tmp_path, "петров") != []
    index(tmp_path).note(exchange(1, (NAME, "Петров")))
    assert found(tmp_path, "хасанов") == []


def test_what_is_forgotten_is_not_on_the_disk(tmp_path: Path) -> None:
    kept, gone = exchange(1, (NAME, "Петров")), exchange(257, (NAME, "Хасанов"))
    assert kept.exchange_id[-2:] == gone.exchange_id[-2:]
    for each in (kept, gone):
        index(tmp_path).note(each)
    assert index(tmp_path).holds(gone.exchange_id)
    index(tmp_path).forget([gone.exchange_id, exchange(7).exchange_id])
    assert index(tmp_path).exchange_ids() == {kept.exchange_id}
    assert found(tmp_path, "хасанов") == []


def test_files_are_sealed_and_their_owners_alone(tmp_path: Path) -> None:
    one = exchange(1, (NAME, "Хасанов"), (NUMBER, "KZ86125"))
    index(tmp_path).note(one)
    [file] = (tmp_path / "search").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    data = file.read_bytes()
    for text in ("Хасанов", "hasanov", "KZ86125", "kz86125", one.exchange_id):
        assert text.encode() not in data


def test_file_does_not_open_in_the_place_of_another(tmp_path: Path) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    (tmp_path / "search" / "01").rename(tmp_path / "search" / "02")
    assert found(tmp_path, "хасанов") == []


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n\xff", b"[]\nx"])
def test_file_that_does_not_open_is_forgotten_and_comes_back(tmp_path: Path, data: bytes) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    (tmp_path / "search" / "01").write_bytes(data)
    assert found(tmp_path, "хасанов") == []
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    assert len(found(tmp_path, "хасанов")) == 1


def test_older_key_opens_while_it_is_held(tmp_path: Path) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    assert index(tmp_path, KEYS).search("хасанов").count == 1
    assert index(tmp_path, KEYS[1:]).search("хасанов").searched == 0


def test_profile_without_a_sealing_key_keeps_no_index(tmp_path: Path) -> None:
    index(tmp_path, ()).note(exchange(1, (NAME, "Хасанов")))
    assert list(tmp_path.iterdir()) == []
    assert index(tmp_path, ()).search("хасанов").searched == 0


@pytest.mark.parametrize("words", ["", "  ", "—", "'", " ".join("abcdefghijklmnopqrstu")])
def test_search_needs_words(tmp_path: Path, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        index(tmp_path).search(words)
    assert (refused.value.reason, refused.value.field) == (Reason.INVALID_FIELD, "words")


def test_note_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    before = (tmp_path / "search" / "01").read_bytes()
    index(tmp_path).note(exchange(1, (NAME, "Хасанов")))
    assert (tmp_path / "search" / "01").read_bytes() == before


def test_ten_thousand_exchanges_are_searched_within_a_second(tmp_path: Path) -> None:
    by_file: dict[str, list[bytes]] = {}
    for number in range(10_000):
        texts = [(NAME, f"Лицо{number * 10 + n} Вымышленное") for n in range(10)]
        made = exchange(number, *texts, (NUMBER, f"KZ86125KZT500410{number:04d}"))
        by_file.setdefault(made.exchange_id[-2:], []).append(search_index._encode(made))
    (tmp_path / "search").mkdir()
    for name, lines in by_file.items():
        index(tmp_path)._file(name).write(b"".join(line + b"\n" for line in lines), sync_name=False)
    began = time.process_time()
    result = index(tmp_path).search("litso77777")
    one = time.process_time() - began
    assert (result.count, result.searched) == (1, 10_000)
    began = time.process_time()
    result = index(tmp_path).search("вымышленное")
    every = time.process_time() - began
    assert (result.count, len(result.found)) == (10_000, MOST_FOUND)
    assert result.found[0].initiated_at > result.found[-1].initiated_at
    assert one < 1
    assert every < 2  # Each of them is taken apart.
