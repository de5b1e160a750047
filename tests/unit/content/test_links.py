"""Links between entities lead to entities of the file, or a person says that they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agency_client.content.entities import read_entities
from agency_client.content.table_import import entities_from_csv
from exchange_protocol.errors import InvalidInput, Reason

OWNER = {"id": "owner", "schema": "Person", "properties": {"name": ["Вымышленный"]}}
ACCOUNT = {"id": "account", "schema": "BankAccount", "properties": {"iban": ["KZ1"]}}
OWNERSHIP = {
    "id": "o",
    "schema": "Ownership",
    "properties": {"owner": ["owner"], "asset": ["account"]},
}
MAPPING = (
    "entities: {p: {schema: Payment, id_column: n, properties: "
    "{payerAccount: {column: account}, amount: {column: amount}}}}"
)


def written(path: Path, *entities: object) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in entities), "utf-8")
    return path


@pytest.mark.parametrize(
    "entities", [(OWNER, ACCOUNT, OWNERSHIP), (OWNERSHIP, ACCOUNT, OWNER)], ids=["after", "before"]
)
def test_links_within_the_file_are_taken_in_any_order(
    tmp_path: Path, entities: tuple[object, ...]
) -> None:
    read = read_entities(written(tmp_path / "f.ftm.json", *entities))
    assert (list(read), read.notes) == (list(entities), ())


def test_links_that_lead_out_of_the_file_are_refused_by_line_unless_meant(tmp_path: Path) -> None:
    path = written(tmp_path / "f.ftm.json", OWNER, *[OWNERSHIP] * 12)
    with pytest.raises(InvalidInput) as caught:
        read_entities(path)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert "12 faults: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more, 'asset'" in str(
        caught.value
    )
    assert "--allow-links-outside" in str(caught.value)
    read = read_entities(path, allow_links_outside=True)
    assert read.count == 13
    assert read.notes == ("Links lead to entities that are not in the file: asset (12).",)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("allowed", [False, True])
def test_link_to_an_entity_of_another_kind_is_refused(
    tmp_path: Path, order: int, allowed: bool
) -> None:
    bad = {**OWNERSHIP, "properties": {"owner": ["owner"], "asset": ["owner"]}}
    path = written(tmp_path / "f.ftm.json", *[OWNER, bad][::order])
    with pytest.raises(InvalidInput, match="'asset': expected a link to Asset, got one to Person"):
        read_entities(path, allow_links_outside=allowed)


def test_id_that_several_kinds_have_can_be_the_end_that_is_meant(tmp_path: Path) -> None:
    twin = {**ACCOUNT, "id": "owner"}
    link = {**OWNERSHIP, "properties": {"owner": ["owner"], "asset": ["owner"]}}
    assert read_entities(written(tmp_path / "f.ftm.json", OWNER, twin, link)).count == 3


def test_link_from_a_cell_leads_to_an_entity_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,account,amount\n1,elsewhere,5\n", "utf-8")
    (tmp_path / "m.yaml").write_text(MAPPING, "utf-8")
    files = tmp_path / "t.csv", tmp_path / "m.yaml"
    with pytest.raises(InvalidInput, match="line 2, 'payerAccount': the link leads to"):
        entities_from_csv(*files)
    table = entities_from_csv(*files, allow_links_outside=True)
    assert [each["properties"]["payerAccount"] for each in table] == [["elsewhere"]]
    assert "not in the file: payerAccount (1)" in table.notes[0]


def test_two_files_in_one_are_told_by_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_bytes(
        b"".join(b"\xef\xbb\xbf" + json.dumps(each).encode() + b"\n" for each in (OWNER, ACCOUNT))
    )
    with pytest.raises(InvalidInput) as caught:
        read_entities(path)
    assert "line 2: a byte order mark stands within the file: two files in one?" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            '{"id":"a","schema":"Person","properties":{}}',
            "line 1: nothing is told of it but its id",
        ),
        ('{"id":"a","schema":"Person","properties":{"name":[]}}', "line 1: nothing is told of it"),
        (
            '{"id":"o","schema":"Ownership","properties":{"startDate":["2024"]}}',
            "not both its ends",
        ),
        (
            '{"id":"a","schema":"Company","properties":{"name":["A"]}}\n'
            '{"id":"o","schema":"Ownership","properties":{"owner":["a"],"asset":["a"]}}',
            "line 2: owner and asset are the same",
        ),
        (
            '{"id":"a","schema":"Company","properties":{"name":["A"],"parent":["a"]}}',
            "line 1: parent leads to the thing itself",
        ),
    ],
)
def test_entity_that_says_or_links_nothing_is_doubted(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "e.ftm.json"
    path.write_text(line)
    assert any(says in each for each in read_entities(path).warnings)


@pytest.mark.parametrize("entity_id", [" a", "a ", "a b", "a\\nb", " "])
def test_id_that_no_link_could_name_is_refused(tmp_path: Path, entity_id: str) -> None:
    path = tmp_path / "e.ftm.json"
    path.write_text(f'{{"id":"{entity_id}","schema":"Person","properties":{{"name":["A"]}}}}')
    with pytest.raises(InvalidInput, match="line 1, 'id': expected an id without spaces"):
        read_entities(path)


def test_fault_of_entities_names_no_option_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "e.ftm.json"
    path.write_text('{"id":"a","schema":"Payment","properties":{"amount":["1 000,50"]}}')
    with pytest.raises(InvalidInput) as caught:
        read_entities(path)
    assert caught.value.message.endswith("expected a number such as 1000.50; got '0 000,00'")


def test_links_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    names = ["payerAccount", "beneficiary", "payer", "beneficiaryAccount"]
    for order in (names, names[::-1]):
        told = {"id": "p", "schema": "Payment", "properties": {name: ["x"] for name in order}}
        with pytest.raises(InvalidInput) as caught:
            read_entities(written(tmp_path / "f.ftm.json", told))
        found = [name for name in str(caught.value).split("'") if name in names]
        assert found == order
