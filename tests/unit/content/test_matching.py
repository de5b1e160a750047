"""Matches: by what two entities meet, how much that says, and what rules it out."""

from __future__ import annotations

import pytest

from agency_client.content.entity import Entity
from agency_client.content.matching import NAMES, MatchReason, Score, best, compare, records
from agency_client.content.search_terms import ACCOUNTS, CONTACTS, IDENTIFIERS
from agency_client.presentation.locale import Locale
from agency_client.presentation.matches import reason_words
from exchange_protocol.kinds.codes import Language


def entity(schema: str, **properties: str | list[str]) -> Entity:
    values = {name: [v] if isinstance(v, str) else v for name, v in properties.items()}
    return {"id": "x", "schema": schema, "properties": values}


def score(one: Entity, other: Entity) -> Score | None:
    """The score of the strongest reason; the same both ways."""
    found = [_score(*pair) for pair in ((one, other), (other, one))]
    assert found[0] == found[1]
    return found[0]


def _score(one: Entity, other: Entity) -> Score | None:
    own = list(records(other))
    pairs = [(a, b) for a in records(one) for b in own if a.key == b.key]
    reasons = [reason for a, b in pairs if (reason := compare(a, b)) is not None]
    return best(reasons)[0].score if reasons else None


PERSON = entity("Person", name="Хасанов Юрий", birthDate="1980-05-01")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            entity("Person", idNumber="0612 1160 0012"),
            entity("Person", taxNumber="061211600012"),
            Score.EXACT,
        ),
        (
            entity("BankAccount", iban="KZ86 125K ZT50"),
            entity("BankAccount", accountNumber="kz86125kzt50"),
            Score.EXACT,
        ),
        (entity("Person", idNumber="12"), entity("Person", idNumber="12"), None),
        (entity("Person", idNumber="KZ86125KZT"), entity("BankAccount", iban="KZ86125KZT"), None),
        (entity("Person", phone="+7 701 000"), entity("Person", phone="7701000"), Score.STRONG),
        (PERSON, entity("Person", name="Yuriy KHASANOV", birthDate="1980-05-01"), Score.STRONG),
        (PERSON, entity("Person", name="Yuriy Khasanov", birthDate="1980"), Score.POSSIBLE),
        (PERSON, entity("Person", name="Yuriy Khasanov"), Score.POSSIBLE),
        (PERSON, entity("Person", name="Yuriy Khasanov", birthDate="1981-05-01"), None),
        (PERSON, entity("Person", name="Хасанов Юрий Кайратович"), Score.POSSIBLE),
        (PERSON, entity("Person", name="Хасанов"), None),
        (PERSON, entity("Person", alias="Xasanov Yuriy"), Score.POSSIBLE),
        (PERSON, entity("Company", name="Хасанов Юрий"), None),
        (PERSON, entity("LegalEntity", name="Юрий Хасанов"), Score.POSSIBLE),
        (
            entity("Person", name="Иванов Иван Иванович"),
            entity("Person", name="Иванов Петр Иванович"),
            None,
        ),
        (
            entity("Company", name="ТОО «Пример»"),
            entity("Company", name="Primer LLP"),
            Score.POSSIBLE,
        ),
        (
            entity("Company", name="ТОО «Пример»", incorporationDate="2010-02-03"),
            entity("Organization", name="OOO Primer", incorporationDate="2010-02-03"),
            Score.STRONG,
        ),
        (
            entity("Company", name="ТОО «Пример»"),
            entity("Company", name="ТОО «Пример Строй»"),
            None,
        ),
    ],
)
def test_score_of_two_entities(one: Entity, other: Entity, expected: Score | None) -> None:
    assert score(one, other) == expected


def test_reasons_name_both_values_the_strongest_first() -> None:
    one = entity("Person", name="Хасанов Юрий", birthDate="1980-05-01", idNumber="061211600012")
    other = entity(
        "Person", name="Yuriy Khasanov", birthDate="1980-05-01", taxNumber="061211600012"
    )
    pairs = [(a, b) for a in records(one) for b in records(other) if a.key == b.key]
    first, second = best(reason for a, b in pairs if (reason := compare(a, b)))
    assert first[:5] == (Score.EXACT, "idNumber", "061211600012", "taxNumber", "061211600012")
    expected = (Score.STRONG, "name", "Хасанов Юрий", "name", "Yuriy Khasanov", "1980-05-01")
    assert second == (*expected, 0)


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("Мухаммед Каримов", "Мухамад Керимов", 2),
        ("Юрий Хасанов", "Yuriy Hasenov", 1),
        ("Иван Иванов", "Иван Иванова", 1),
        ("Айгуль Сериковна Омарова", "Айгул Умарова", 1),
        ("Нурлан Абдуллаев", "Нурлан Абдулаев", 0),  # The same name, after folding.
        ("Иван Петров", "Иван Потрав", None),  # Two of six letters.
        ("Ли Цой", "Ла Цай", None),  # Too short to be similar.
        ("Иван Петров", "Пётр Петров", None),
    ],
)
def test_similar_names_are_possible_and_say_by_how_much(
    one: str, other: str, edits: int | None
) -> None:
    born = {"birthDate": "1980-05-01"}
    subject, own = entity("Person", name=one, **born), entity("Person", name=other, **born)
    pairs = [(a, b) for a in records(subject) for b in records(own) if a.key == b.key]
    reasons = best(reason for a, b in pairs if (reason := compare(a, b)))
    assert [each.edits for each in reasons] == ([] if edits is None else [edits])
    for each in reasons:
        assert each.score is (Score.POSSIBLE if edits else Score.STRONG)
        assert each.date == "1980-05-01"
        words = [reason_words(each, Locale(language)) for language in Language]
        assert len(set(words)) == 3
        assert all((str(edits) in said and "~" in said) is bool(edits) for said in words)


def test_similar_names_of_other_dates_do_not_match() -> None:
    one = entity("Person", name="Юрий Хасанов", birthDate="1980-05-01")
    other = entity("Person", name="Юрий Хасенов", birthDate="1981-05-01")
    assert score(one, other) is None
    assert score(entity("Company", name="Алтын Жолы"), entity("Company", name="Алтан Жолы")) is (
        Score.POSSIBLE
    )


@pytest.mark.parametrize("name", sorted({*NAMES, *ACCOUNTS, *IDENTIFIERS, *CONTACTS}))
def test_a_reason_names_what_it_compared_in_the_language_of_the_reader(name: str) -> None:
    reason = MatchReason(Score.EXACT, name, "1", name, "1", "", 0)
    words = {reason_words(reason, Locale(language)) for language in Language}
    assert len(words) > 1 or name == "iban"
