"""Own cases: linked, unlinked, sealed, and never written over when they do not open."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from agency_client.state.cases import Case, CaseBook
from agency_client.state.keys import Vault
from exchange_keys import SealingPrivateKey
from exchange_protocol.errors import ExchangeError, InvalidInput, Reason
from exchange_protocol.trust.identity import AgencyId

KEYS = [SealingPrivateKey.generate() for _ in range(2)]
FIRST, SECOND = "01a20550-6358-7732-81dc-576beeed69bd", "01a20550-6358-7732-81dc-576beeed69be"


def book(state: Path, keys: Sequence[SealingPrivateKey] = (KEYS[0],)) -> CaseBook:
    return CaseBook(state, Vault.of(AgencyId("kz.mia"), None, None, keys))


def test_exchanges_are_linked_and_unlinked(tmp_path: Path) -> None:
    assert book(tmp_path).all() == ()
    book(tmp_path).link("12-34/2026", [SECOND, FIRST], title="Поставка героина")
    book(tmp_path).link("56", [FIRST])
    assert book(tmp_path).link("12-34/2026", [FIRST]).title == "Поставка героина"
    assert book(tmp_path).all() == (
        Case("12-34/2026", "Поставка героина", (FIRST, SECOND)),
        Case("56", "", (FIRST,)),
    )
    assert book(tmp_path).by_exchange() == {FIRST: ("12-34/2026", "56"), SECOND: ("12-34/2026",)}
    assert book(tmp_path).unlink("12-34/2026", [FIRST]).exchanges == (SECOND,)
    assert book(tmp_path).unlink("56", [FIRST]).exchanges == ()
    assert [each.reference for each in book(tmp_path).all()] == ["12-34/2026"]
    # One id is one exchange, and no list of its letters.
    assert book(tmp_path).link("78", FIRST).exchanges == (FIRST,)
    assert book(tmp_path).unlink("78", FIRST).exchanges == ()


@pytest.mark.parametrize(
    ("reference", "exchange", "field"),
    [
        ("", FIRST, "case"),
        ("x" * 201, FIRST, "case"),
        ("a\u202eb", FIRST, "case"),
        ("12", "no id", "exchange_id"),
    ],
)
def test_malformed_links_are_refused(
    tmp_path: Path, reference: str, exchange: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        book(tmp_path).link(reference, [exchange])
    assert refused.value.field == field
    assert book(tmp_path).all() == ()


def test_unknown_cases_and_exchanges_are_refused(tmp_path: Path) -> None:
    book(tmp_path).link("12", [FIRST])
    acts: list[tuple[Callable[[], object], str]] = [
        (lambda: book(tmp_path).get("13"), "case"),
        (lambda: book(tmp_path).unlink("13", [FIRST]), "case"),
        (lambda: book(tmp_path).unlink("12", [SECOND]), "exchange_id"),
        (lambda: book(tmp_path).link("14", []), "exchange_id"),
    ]
    for act, field in acts:
        with pytest.raises(InvalidInput) as refused:
            act()
        assert refused.value.field == field
    assert book(tmp_path).all() == (Case("12", "", (FIRST,)),)


def test_file_is_sealed_and_for_its_owner_alone(tmp_path: Path) -> None:
    book(tmp_path).link("12-34/2026", [FIRST], title="Тайна")
    data = (tmp_path / "cases").read_bytes()
    assert stat.S_IMODE((tmp_path / "cases").stat().st_mode) == 0o600
    assert all(text.encode() not in data for text in ("12-34", "Тайна", FIRST))


def test_cases_that_do_not_open_are_an_error_and_stay(tmp_path: Path) -> None:
    book(tmp_path).link("12", [FIRST])
    with pytest.raises(ExchangeError) as refused:
        book(tmp_path, KEYS[1:]).link("13", [SECOND])
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    assert [each.reference for each in book(tmp_path, KEYS).all()] == ["12"]
    (tmp_path / "cases").write_bytes(b"damaged")
    with pytest.raises(ExchangeError) as refused:
        book(tmp_path).link("13", [SECOND])
    assert refused.value.reason is Reason.SEAL_BROKEN
    assert (tmp_path / "cases").read_bytes() == b"damaged"


def test_profile_without_a_sealing_key_links_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as refused:
        book(tmp_path, ()).link("12", [FIRST])
    assert refused.value.reason is Reason.KEY_UNAVAILABLE


def test_links_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    with ThreadPool(4) as pool:
        pool.map(lambda number: book(tmp_path).link(f"{number}", [FIRST]), range(12))
    assert len(book(tmp_path).all()) == 12
