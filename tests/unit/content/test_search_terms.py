"""Search terms: what an exchange is found by, each once and within a bound."""

from __future__ import annotations

from followthemoney import model

from agency_client.content import search_terms as terms
from agency_client.content.documents import Brief
from agency_client.content.entity import Entity
from agency_client.content.search_terms import MOST_TERMS, SearchTerms, Where


def test_listed_properties_are_of_the_model() -> None:
    by_type: dict[str, set[str]] = {}
    for schema in model:
        for prop in schema.properties.values():
            by_type.setdefault(prop.type.name, set()).add(prop.name)
    texts = by_type["string"]
    assert by_type["name"] <= terms.NAMES <= by_type["name"] | texts
    assert by_type["identifier"] >= terms.ACCOUNTS
    assert by_type["identifier"] | texts >= terms.IDENTIFIERS
    contacts = by_type["phone"] | by_type["email"]
    assert contacts <= terms.CONTACTS <= contacts | texts
    assert texts >= terms.FILES


def test_terms_of_entities_briefs_and_files() -> None:
    found = SearchTerms()
    found.add_brief(Brief(summary="Суть\nдела", own_reference="12-34/2026"))
    person: Entity = {
        "id": "p",
        "schema": "Person",
        "properties": {
            "name": ["Юлия Хасанова", "Юлия Хасанова"],
            "passportNumber": ["N 0123"],
            "country": ["kz"],
        },
    }
    found.add_entity(person)
    found.add_files(["выписка.pdf"])
    assert [(each.where, each.text) for each in found] == [
        (Where.REFERENCE, "12-34/2026"),
        (Where.SUMMARY, "Суть дела"),
        (Where.NAME, "Юлия Хасанова"),
        (Where.IDENTIFIER, "N 0123"),
        (Where.FILE, "выписка.pdf"),
    ]
    assert next(each for each in found if each.where is Where.REFERENCE).key.endswith("12342026")


def test_terms_are_bounded_and_say_so() -> None:
    found = SearchTerms()
    for number in range(MOST_TERMS):
        found.add(Where.NAME, f"name {number}")
    assert (len(found), found.is_cut) == (MOST_TERMS, False)
    found.add(Where.NAME, "name 0")
    assert not found.is_cut
    found.add(Where.NAME, "one more")
    assert (len(found), found.is_cut) == (MOST_TERMS, True)
