"""Entities in and out: nothing is lost in silence, and nothing is held in memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from followthemoney import model
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.entities import (
    MAX_LINE_BYTES,
    Entity,
    SubjectCount,
    checked_entities,
    entities_from_csv,
    entity_chunks,
    identifier_warnings,
    is_kz_number,
    parse_entities,
    read_entities,
)
from agency_client.content.entity import shape_entity, shape_faults, sound_part
from agency_client.content.goaml import entities_from_goaml
from agency_client.content.schemata import SCHEMATA, STAND_IN_SCHEMATA, SUBJECT_SCHEMATA
from exchange_protocol.errors import InvalidInput, Reason

SECRET = "Тайный (вымышлен)"
MAPPING = """
entities:
  payer:
    schema: BankAccount
    keys: [payer]
    properties: {accountNumber: {column: payer}}
  payment:
    schema: Payment
    keys: [number]
    properties:
      payerAccount: {entity: payer}
      amount: {column: amount}
      date: {column: date}
"""


def person(**properties: list[str]) -> dict[str, Any]:
    return {"id": "p", "schema": "Person", "properties": {"name": ["Имя"], **properties}}


def test_entities_go_out_and_come_back_as_they_were() -> None:
    given = [person(), person(birthDate=["1979-10"], country=["kz"])]
    chunks = list(entity_chunks(checked_entities(given)))
    assert [*parse_entities(chunks[0])] == given


def test_librarys_own_proxies_are_taken() -> None:
    proxy = model.get_proxy(person())
    assert [*checked_entities([proxy])] == [person()]


def test_values_keep_their_script_and_spelling() -> None:
    (entity,) = checked_entities([person(name=["Қасымова Әлия (вымышлена)"])])
    assert entity["properties"]["name"] == ["Қасымова Әлия (вымышлена)"]


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "p", "schema": "Persona", "properties": {}},
        {"id": "p", "schema": "Interval", "properties": {}},
        {"id": "", "schema": "Person", "properties": {}},
        {"schema": "Person", "properties": {}},
        {"id": "p", "schema": "Person"},
        {"id": "p", "schema": "Person", "properties": {"naem": [SECRET]}},
        {"id": "p", "schema": "Person", "properties": {"birthDate": [SECRET]}},
        {"id": "p", "schema": "Person", "properties": {"country": [SECRET]}},
        {"id": "p", "schema": "Person", "properties": {"name": [7]}},
        {"id": "p", "schema": "Person", "properties": {"name": [""]}},
        {"id": "p", "schema": "Person", "properties": {"name": {"a": 1}}},
        {"id": "p", "schema": "Person", "properties": {"name": ["half a character: \ud800"]}},
        {"id": "p", "schema": "Person", "properties": {"\ud800": ["x"]}},
        {"id": "p", "schema": "Person", "properties": {7: ["x"]}},
        {"id": "\udfff", "schema": "Person", "properties": {}},
        {"id": "p", "schema": "BankAccount", "properties": {"payments": ["x"]}},
        ["no entity"],
    ],
)
def test_what_the_model_would_drop_in_silence_is_refused_with_its_place(bad: Any) -> None:
    with pytest.raises(InvalidInput, match="entity 2") as caught:
        list(checked_entities([person(), bad]))
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert SECRET not in str(caught.value)


def test_file_is_read_line_by_line_and_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "subjects.ftm.json"
    path.write_text(json.dumps(person()) + "\n\n" + json.dumps(person()), encoding="utf-8")
    assert len(list(read_entities(path))) == 2
    for broken in ("{", '"text"', "\x00", "[" * 5000, '{"id": "' + "x" * MAX_LINE_BYTES + '"}'):
        path.write_text(json.dumps(person()) + "\n" + broken + "\n", encoding="utf-8")
        with pytest.raises(InvalidInput, match="line 2"):
            list(read_entities(path))
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InvalidInput, match="line 1"):
        list(read_entities(path))
    with pytest.raises(InvalidInput, match="cannot read"):
        list(read_entities(tmp_path / "none"))


def test_half_a_character_of_another_body_is_refused_when_it_is_read() -> None:
    line = json.dumps(person(name=["\ud800"])).encode()
    with pytest.raises(InvalidInput, match="line 1"):
        list(parse_entities(line))


@given(st.binary(max_size=300))
def test_arbitrary_sealed_bytes_are_read_or_refused_with_a_reason(data: bytes) -> None:
    assert all(set(each) == {"id", "schema", "properties"} for each in _readable(data))


def _readable(data: bytes) -> list[Entity]:
    """The entities up to the first that is refused, which must be refused as a document."""
    read = []
    try:
        for entity in parse_entities(data):
            read.append(entity)
    except InvalidInput as error:
        if error.reason is not Reason.DOCUMENT_INVALID:
            raise
    return read


def test_subjects_are_the_models_persons_bodies_and_assets() -> None:
    subjects = ("LegalEntity", "Asset", "CryptoWallet", "UserAccount")
    expected = {schema.name for schema in model if any(schema.is_a(each) for each in subjects)}
    assert expected == SUBJECT_SCHEMATA


def test_every_schema_of_the_model_is_known_by_its_exact_name() -> None:
    assert {schema.name for schema in model if not schema.abstract} == SCHEMATA
    for name, belongs in STAND_IN_SCHEMATA.items():
        schema = model.get(name)
        assert schema is not None
        found = schema.get(belongs)
        assert found is not None
        assert found.range is not None
        assert found.range.name == "LegalEntity"
    papers = {schema.name for schema in model if schema.is_a("Identification")}
    assert papers <= STAND_IN_SCHEMATA.keys()


def test_subject_that_is_told_of_twice_counts_once() -> None:
    count = SubjectCount()
    for entity in ({"id": "a"}, {"id": "a"}, {"id": "b"}, {"id": "c", "schema": "Payment"}):
        count.add(Entity(**{"schema": "Person", "properties": {}, **entity}))  # type: ignore[typeddict-item]
    assert int(count) == 2


def test_table_becomes_accounts_and_payments(tmp_path: Path) -> None:
    table, mapping = tmp_path / "payments.csv", tmp_path / "mapping.yaml"
    rows = "1,KZ1,5.50,2020-01-01\n2,KZ1,7,2020-01-02\n"
    table.write_text("number,payer,amount,date\n" + rows, "utf-8-sig")
    for text in (MAPPING, "bank:\n  queries:\n    - " + MAPPING.strip().replace("\n", "\n      ")):
        mapping.write_text(text, encoding="utf-8")
        entities = list(entities_from_csv(table, mapping))
        assert [each["schema"] for each in entities] == ["BankAccount", "Payment", "Payment"]
        assert entities[1]["properties"]["payerAccount"] == [entities[0]["id"]]


@pytest.mark.parametrize(
    ("rows", "mapping", "match"),
    [
        ("number,payer\n1,KZ1\n", MAPPING, "no 'amount'"),
        ("number,payer,amount,date\n1,KZ1\n", MAPPING, "line 2: expected 4 columns"),
        ("number,payer,amount,date\n1,KZ1,5,2020-01-01\n", "entities: {}", "mapping"),
        ("number,payer,amount,date\n1,KZ1,5,2020-01-01\n", "database: x", "mapping"),
        (
            "number,payer,amount,date\n1,KZ1,5,2020-01-01\n",
            MAPPING.replace("Payment", "Pamyent"),
            "mapping",
        ),
    ],
)
def test_table_or_mapping_that_does_not_fit_is_named(
    tmp_path: Path, rows: str, mapping: str, match: str
) -> None:
    (tmp_path / "t.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(InvalidInput, match=match):
        list(entities_from_csv(tmp_path / "t.csv", tmp_path / "m.yaml"))


def test_mapping_cannot_make_the_client_read_another_address(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("number,payer,amount,date\n1,KZ1,5,2020-01-01\n", "utf-8")
    mapping = MAPPING + "csv_url: http://localhost:1/other.csv\n"
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    assert len(list(entities_from_csv(tmp_path / "t.csv", tmp_path / "m.yaml"))) == 2


def test_chunks_hold_whole_lines_and_little_memory() -> None:
    def payments() -> Iterator[Entity]:
        for number in range(20_000):
            yield Entity(
                id=f"payment-{number}",
                schema="Payment",
                properties={"amount": ["5.50"], "purpose": ["вымышлено " * 5]},
            )

    tracemalloc.start()
    count = 0
    for chunk in entity_chunks(payments(), size=100_000):
        assert chunk.endswith(b"\n")
        assert len(chunk) <= 100_000
        count += chunk.count(b"\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("061211600012", True),
        ("791028302728", True),
        ("061211600013", False),
        ("0612116000", False),
        ("06121160001a", False),
        ("٠٦١٢١١٦٠٠٠١٢", False),
    ],
)
def test_iin_and_bin_have_a_check_digit(number: str, good: bool) -> None:
    assert is_kz_number(number) is good


def test_doubtful_identifiers_are_warned_of_and_not_repeated() -> None:
    (entity,) = checked_entities([person(country=["kz"], idNumber=["061211600013"])])
    (warning,) = identifier_warnings(entity)
    assert "idNumber" in warning
    assert "061211600013" not in warning
    account = Entity(id="a", schema="BankAccount", properties={"iban": ["KZ00"]})
    assert len(identifier_warnings(account)) == 1
    foreign = Entity(id="f", schema="Person", properties={"idNumber": ["1"], "country": ["uz"]})
    assert identifier_warnings(foreign) == []


# --- Files of JSON lines ---------------------------------------------------------------------


def lines_at_fault(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidInput) as caught:
        read_entities(path)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert SECRET not in str(caught.value)
    return caught.value.message


GOOD = '{"id":"a","schema":"Person","properties":{"name":["Имя"]}}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            f'{{"id":"b","schema":"Person","properties":{{"name":["{SECRET}"]}},"nationality":["kz"]}}',
            "got 'nationality' beside them",
        ),
        (
            f'{{"id":"b","schema":"Person","properties":{{"name":["{SECRET}"],"name":["x"]}}}}',
            "properties.name stands twice, at line 2, column 43",
        ),
        ('{"id":"b","id":"c","schema":"Person","properties":{}}', "id stands twice"),
        ('{"id":"b","schema":"Person","properties":{"nmae":["x"]}}', "no property 'nmae'"),
        ('{"id":"b","schema":"Person","properties":{"country":["Казахстан"]}}', "'country'"),
        ('{"id":"b","schema":"Person","properties":{"birthDate":["31.12.1979"]}}', "'birthDate'"),
        ('{"id":"b","schema":"Person","properties":{"birthDate":["1979-12-31 x"]}}', "'birthDate'"),
        ('{"id":"b","schema":"Payment","properties":{"amount":["1 000,50"]}}', "'amount'"),
        ('{"id":"b","schema":"Payment","properties":{"amount":[5.5]}}', "'amount'"),
        ('{"id":"b","schema":"Person","properties":{"name":["x\\u0000y"]}}', "U+0000"),
        ('{"id":"b\\u200b","schema":"Person","properties":{}}', "U+200B"),
        ('{"id":"b","schema":"Person","properties":{},"caption":"x\\u202e"}', "U+202E"),
        ('{"id":"b","schema":"Person","properties":{},"caption":["x"]}', "'caption'"),
        ('{"id":"b","schema":"Person","properties":{},"datasets":[7]}', "'datasets'"),
        ('{"id":"b","schema":"Person","properties":{"name":[NaN]}}', "NaN"),
        ('["b"]', "got a list"),
        (f'{{"id":"b","schema":"Person","properties":{{"name":["{SECRET}"', "expected one JSON"),
    ],
)
def test_line_that_cannot_arrive_whole_is_named(tmp_path: Path, line: str, says: str) -> None:
    message = lines_at_fault(tmp_path / "f.ftm.json", f"{GOOD}{line}\n{GOOD}")
    assert "line 2" in message
    assert says in message


def test_every_line_at_fault_is_told_at_once(tmp_path: Path) -> None:
    bad = '{"id":"b","schema":"Person","properties":{"birthDate":["x"],"country":["y"]}}\n'
    message = lines_at_fault(tmp_path / "f.ftm.json", GOOD + bad * 30 + "[]\n" + GOOD)
    assert "61 faults" in message
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 20 more, 'birthDate'" in message
    assert "20 more, 'country'" in message
    assert "line 32: expected an entity" in message


def test_lines_as_notepad_saves_them_are_read(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_bytes(b"\xef\xbb\xbf" + (GOOD * 2).replace("\n", "\r\n").encode())
    assert [each["properties"]["name"] for each in read_entities(path)] == [["Имя"], ["Имя"]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1251", "utf-32"])
def test_lines_in_another_encoding_are_refused(tmp_path: Path, encoding: str) -> None:
    assert "line 1" in lines_at_fault(tmp_path / "f.ftm.json", GOOD.encode(encoding))


def test_what_the_librarys_own_files_tell_beside_arrives_too(tmp_path: Path) -> None:
    line = (
        '{"id":"a","caption":"Имя","schema":"Person","properties":{"name":["Имя"]},'
        '"datasets":["bank"],"referents":["b"],"first_seen":"2024-01-01","target":null}\n'
    )
    assert "'target'" in lines_at_fault(tmp_path / "f.ftm.json", line)
    path = tmp_path / "g.ftm.json"
    path.write_text(line.replace(',"target":null', ""), "utf-8")
    (entity,) = read_entities(path)
    assert entity == {
        "id": "a",
        "schema": "Person",
        "properties": {"name": ["Имя"]},
        "caption": "Имя",
        "datasets": ["bank"],
        "referents": ["b"],
        "first_seen": "2024-01-01",
    }
    (chunk,) = entity_chunks([entity])
    assert [*parse_entities(chunk)] == [entity]


def test_file_that_changes_between_the_check_and_the_sending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_text(GOOD, "utf-8")
    read = read_entities(path)
    assert (read.count, read.subjects, [*read], [*read]) == (1, 1, [*read], [*read])
    path.write_text(GOOD * 2, "utf-8")
    with pytest.raises(InvalidInput, match="was changed"):
        list(read)


def test_sealed_line_that_names_a_value_twice_is_refused_by_its_reader() -> None:
    line = b'{"id":"a","schema":"Person","properties":{"name":["x"],"name":["y"]}}'
    with pytest.raises(InvalidInput, match="line 1: expected each name once"):
        list(parse_entities(line))
    with pytest.raises(InvalidInput, match=r"line 1: .*'more'"):
        list(parse_entities(b'{"id":"a","schema":"Person","properties":{},"more":1}'))


def test_letters_of_two_scripts_are_warned_of_and_not_repeated() -> None:
    (entity,) = checked_entities([person(name=["Ivanов"])])
    (warning,) = identifier_warnings(entity)
    assert "name: it has Cyrillic and Latin letters in one word" in warning
    assert "Ivan" not in warning


def test_all_faults_of_a_line_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_text(
        '{"id": 1, "schema": "Person", "entity_id": "a", "dataset": "d", "properties": {"name": '
        '[5, "", "\\ud800", null], "nam": ["x"], "birthDate": ["01.02.1980"], "alias": {}}}\n',
        "utf-8",
    )
    with pytest.raises(InvalidInput) as caught:
        read_entities(path)
    message = str(caught.value)
    for words in (
        "got 'entity_id' beside them",
        "got 'dataset' beside them",
        "expected 'id' to be a text",
        "expected 'name' to be a list of texts of 1 to 65000 characters; got a number among them",
        "got an empty text among them",
        "got half a character, such as \\ud800 among them",
        "got nothing among them",
        "expected 'alias' to be a list of texts of 1 to 65000 characters; got fields with names",
        "a Person has no property 'nam'",
        "'birthDate': expected a date",
    ):
        assert words in message
    assert "1980" not in message


def test_an_object_over_several_lines_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_text('{\n "id": "a"\n}\n', "utf-8")
    with pytest.raises(InvalidInput, match="line 1: expected one JSON object a line, got one over"):
        read_entities(path)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\3\4" + bytes(26) + b"xl/workbook.xml", "a workbook of Excel"),
        (b"\x1f\x8b\x08", "a compressed file: unpack it"),
        (b"1CClientBankExchange\r\n", "a file of exchange between 1C and a bank"),
    ],
)
def test_a_file_of_another_program_is_no_file_of_entities(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / "f.ftm.json"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=f"f.ftm.json is {kind}"):
        read_entities(path)
    with pytest.raises(InvalidInput, match=f"r.xml is {kind}"):
        entities_from_goaml(data, "r.xml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "\ud800", "Person"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "schema", "properties", "caption", "datasets", "name", ""]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_has_not_the_shape_of_an_entity_always_has_a_fault(data: Any) -> None:
    faults = shape_faults(data)
    try:
        shape_entity(data)
    except InvalidInput as error:
        assert faults
        assert error.message == "; ".join(faults)  # noqa: PT017
    else:
        assert faults == []
    part = sound_part(data)
    assert part is None or shape_faults(part) == []
