"""Subjects: nobody is hidden from the number by which the gate and the policy judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client.content.entities import (
    Entity,
    SubjectCount,
    checked_entities,
    entity_chunks,
    parse_entities,
    read_entities,
)
from exchange_protocol.errors import InvalidInput, Reason


def entity(schema: str = "Person", entity_id: str = "same", **properties: list[str]) -> Entity:
    return Entity(id=entity_id, schema=schema, properties=properties)


def counted(*entities: Entity) -> int:
    count = SubjectCount()
    for each in entities:
        count.add(each)
    return int(count)


def test_persons_under_one_id_are_counted_one_by_one() -> None:
    assert counted(*(entity(name=[f"Вымышленный {number}"]) for number in range(60))) == 60


def test_what_is_told_twice_in_the_same_words_is_one() -> None:
    one = entity(name=["а", "б"], country=["kz"])
    other = entity(country=["kz"], name=["б", "а"])
    assert counted(one, other, one) == 1


@pytest.mark.parametrize(
    "schema", ["LegalEntity", "Company", "BankAccount", "CryptoWallet", "UserAccount", "Vehicle"]
)
def test_every_kind_of_subject_counts(schema: str) -> None:
    assert counted(*(entity(schema, f"id-{number}") for number in range(3))) == 3


@pytest.mark.parametrize("schema", ["Payment", "Ownership", "Address", "Document", "Event"])
def test_what_is_told_of_subjects_does_not_count(schema: str) -> None:
    assert counted(entity(schema)) == 0


@pytest.mark.parametrize(
    ("schema", "belongs"),
    [("Passport", "holder"), ("Identification", "holder"), ("Mention", "resolved")],
)
def test_papers_count_unless_their_holder_does(schema: str, belongs: str) -> None:
    papers = [entity(schema, f"paper-{number}", number=[str(number)]) for number in range(100)]
    assert counted(*papers) == 100
    holder = entity(entity_id="p1", name=["Вымышленный"])
    held = entity(schema, "paper", **{belongs: ["p1"]})
    assert counted(holder, held) == counted(held, holder) == 1
    assert counted(entity(schema, "paper", **{belongs: ["stranger"]}), holder) == 2
    assert counted(entity("Payment", "p1"), held) == 1


def test_those_who_judge_are_told_of_one_id_for_several() -> None:
    count = SubjectCount()
    for number in range(3):
        count.add(entity(name=[str(number)]))
    assert "2 subjects have the id of another" in count.notes()[0]


@pytest.mark.parametrize(
    "schema", ["person", "Person ", " Person", "PERSON", "Рerson", "Thing", "X"]
)
def test_schema_that_is_not_spelt_exactly_is_refused_at_both_ends(schema: str) -> None:
    bad = entity(schema, name=["Вымышленный"])
    with pytest.raises(InvalidInput, match="schema"):
        list(checked_entities([bad]))
    (chunk,) = entity_chunks([bad])
    with pytest.raises(InvalidInput, match="line 1: expected a schema") as caught:
        list(parse_entities(chunk))
    assert caught.value.reason is Reason.DOCUMENT_INVALID


def test_file_counts_as_its_reader_does(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    entities = [entity(name=[str(number)]) for number in range(60)] + [entity("Passport", "x")]
    path.write_bytes(b"".join(entity_chunks(entities)))
    read = read_entities(path)
    assert read.subjects == 61 == counted(*parse_entities(path.read_bytes()))
    assert "59 subjects have the id of another" in read.notes[0]
