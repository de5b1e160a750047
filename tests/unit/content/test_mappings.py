"""Mappings: what FollowTheMoney defines is heeded, and all else is refused by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agency_client.content.entities import Entity, entities_from_csv
from exchange_protocol.errors import InvalidInput, Reason

TABLE = """\
id,name,role,other
1,Первый,suspect,a
2,Второй,suspect,b
3,Третий,witness,a
4,Четвёртый,,b
"""
ENTITIES = "entities: {p: {schema: Person, keys: [id], properties: {name: {column: name}}}}"


def read(folder: Path, mapping: str, table: str = TABLE, **options: Any) -> list[Entity]:
    (folder / "t.csv").write_text(table, "utf-8")
    (folder / "m.yaml").write_text(mapping, "utf-8")
    return [*entities_from_csv(folder / "t.csv", folder / "m.yaml", **options)]


def names(folder: Path, mapping: str, table: str = TABLE, **options: Any) -> list[str]:
    return [each["properties"]["name"][0] for each in read(folder, mapping, table, **options)]


def refused_table(folder: Path, mapping: str, table: str = TABLE) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(folder, mapping, table)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    return caught.value.message


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ("filters: {role: suspect}", ["Первый", "Второй"]),
        ("filters: {role: [suspect, witness]}", ["Первый", "Второй", "Третий"]),
        ("filters: {role: suspect, other: a}", ["Первый"]),
        ("filters_not: {role: witness}", ["Первый", "Второй", "Четвёртый"]),
        ("filters_not: {role: [witness, suspect]}", ["Четвёртый"]),
        ("filters: {other: a}\nfilters_not: {role: witness}", ["Первый"]),
        ("filters: {id: 1}", ["Первый"]),
        ("", ["Первый", "Второй", "Третий", "Четвёртый"]),
    ],
)
@pytest.mark.parametrize("above", ["", "data:\n  query:\n    ", "data:\n  queries:\n    - "])
def test_filters_are_heeded_in_every_form_of_a_mapping(
    tmp_path: Path, above: str, filters: str, left: list[str]
) -> None:
    indent = "\n" + " " * len(above.rpartition("\n")[2])
    assert names(tmp_path, above + f"{filters}\n{ENTITIES}".replace("\n", indent)) == left


def test_each_query_heeds_its_own_filters(tmp_path: Path) -> None:
    mapping = f"""
data:
  queries:
    - filters: {{role: suspect}}
      {ENTITIES}
    - filters: {{role: witness}}
      {ENTITIES.replace("Person", "LegalEntity")}
"""
    found = [each["schema"] for each in read(tmp_path, mapping)]
    assert found == ["Person", "Person", "LegalEntity"]


def test_left_out_rows_are_told(tmp_path: Path) -> None:
    names(tmp_path, f"filters: {{role: suspect}}\n{ENTITIES}")
    told = entities_from_csv(tmp_path / "t.csv", tmp_path / "m.yaml").notes
    assert "The mapping's filters left out 2 of 4 rows." in told
    assert "got none" in refused_table(tmp_path, f"filters: {{role: nobody}}\n{ENTITIES}")


@pytest.mark.parametrize(
    "cell", ["Witness", "WITNESS", "wіtness", "ｗitness", "wit ness", "witneѕs"]
)
@pytest.mark.parametrize("key", ["filters", "filters_not"])
def test_cell_that_only_looks_like_the_filters_value_is_refused(
    tmp_path: Path, key: str, cell: str
) -> None:
    message = refused_table(
        tmp_path, f"{key}: {{role: witness}}\n{ENTITIES}", f"{TABLE}5,Пятый,{cell},\n"
    )
    assert "line 6, column 'role'" in message


@pytest.mark.parametrize("cell", ["witness ", " witness", "\u00a0witness"])
def test_spaces_around_a_cell_do_not_let_it_through(tmp_path: Path, cell: str) -> None:
    mapping = f"filters_not: {{role: witness}}\n{ENTITIES}"
    assert "Пятый" not in names(tmp_path, mapping, f"{TABLE}5,Пятый,{cell},\n")


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        (f"fliters: {{role: suspect}}\n{ENTITIES}", "line 1, fliters"),
        (f"filters: {{rolle: suspect}}\n{ENTITIES}", "no 'rolle'"),
        (f"filters_not: {{rolle: suspect}}\n{ENTITIES}", "no 'rolle'"),
        (f"filters: [role]\n{ENTITIES}", "line 1, filters"),
        (f"filters: {{role: }}\n{ENTITIES}", "line 1, filters.role"),
        (f"filters: {{role: ''}}\n{ENTITIES}", "line 1, filters.role"),
        (f"filters: {{role: [a, ]}}\n{ENTITIES}", None),
        (f"filters: {{role: {{a: b}}}}\n{ENTITIES}", "line 1, filters.role"),
        (f"database: x\n{ENTITIES}", "line 1, database"),
        (f"data:\n  filters: {{role: suspect}}\n  query:\n    {ENTITIES}", "line 2, data.filters"),
        (f"data:\n  label: L\n  queries:\n    - {ENTITIES}", "line 2, data.label"),
        (f"a:\n  query:\n    {ENTITIES}\nb:\n  query:\n    {ENTITIES}", "several names"),
        ("entities: {}", "line 1, entities"),
        ("entities: [p]", "line 1, entities"),
        ("data: text", "line 1, data"),
        ("data: {queries: [text]}", "line 1, data.queries.0"),
        ("bogus: true", "line 1, bogus"),
        ("entities: {p: {schema: Person, keys: [id]}, p: {schema: Person, keys: [id]}}", "twice"),
    ],
)  # fmt: skip
def test_key_that_would_not_be_heeded_is_refused_by_its_name(
    tmp_path: Path, mapping: str, place: str | None
) -> None:
    if place is None:
        assert names(tmp_path, mapping.replace("a, ", "suspect, "))
        return
    assert place in refused_table(tmp_path, mapping)


@pytest.mark.parametrize(
    ("entity", "place"),
    [
        ("schema: Persona, keys: [id]", "p.schema"),
        ("schema: person, keys: [id]", "p.schema"),
        ("schema: Thing, keys: [id]", "p.schema"),
        ("keys: [id]", "p.schema"),
        ("schema: Person", "either keys or id_column"),
        ("schema: Person, keys: []", "p.keys"),
        ("schema: Person, keys: [id], id_column: id", "either keys or id_column"),
        ("schema: Person, keys: [id, id]", "each column once"),
        ("schema: Person, kyes: [id]", "did you mean 'key"),
        ("schema: Person, keys: [none]", "no 'none'"),
        ("schema: Person, id_column: none", "no 'none'"),
        ("schema: Person, keys: [id], properties: [name]", "p.properties"),
        ("PERSON{nmae: {column: name}}", "no property 'nmae'"),
        ("schema: BankAccount, keys: [id], properties: {payments: {column: id}}", "no property"),
        ("PERSON{name: name}", "{column: name}"),
        ("PERSON{name: {colum: name}}", "did you mean 'column'"),
        ("PERSON{name: {column: name, requierd: true}}", "'required'"),
        ("PERSON{name: {column: name, fromat: x}}", "'format'"),
        ("PERSON{name: {column: name, fuzzy: true}}", "guessed"),
        ("PERSON{name: {column: name, required: maybe}}", "true or false"),
        ("PERSON{name: {column: none}}", "no 'none'"),
        ("PERSON{name: {column: [name, name2]}}", "no 'name2'"),
        ("PERSON{name: {template: '{{name}} {{none}}'}}", "no 'none'"),
        ("PERSON{name: {template: '{{name}}', column: other}}", "expected one of"),
        ("PERSON{name: {template: '{{name}}', split: x}}", "not heeded"),
        ("PERSON{name: {entity: p, column: other}}", "expected one of"),
        ("PERSON{name: {}}", "expected one of"),
        ("PERSON{name: {column: name, format: iban}}", "format"),
        ("PERSON{birthDate: {column: name, format: '%d.%m.%y'}}", "century"),
        ("PERSON{idNumber: {column: name, format: bogus}}", "format"),
        ("OWNERSHIP{owner: {entity: none}}", "no good entity"),
        ("OWNERSHIP{asset: {entity: q}}", "expected Asset, got a Person"),
        ("OWNERSHIP{startDate: {entity: q}}", "expected no entity"),
    ],
)  # fmt: skip
def test_mistake_in_a_mapping_is_named(tmp_path: Path, entity: str, place: str) -> None:
    entity = re.sub("^PERSON", "schema: Person, keys: [id], properties: ", entity)
    entity = re.sub("^OWNERSHIP", "schema: Ownership, keys: [id], properties: ", entity)
    mapping = f"entities:\n  p: {{{entity}}}\n  q: {{schema: Person, keys: [id]}}\n"
    message = refused_table(tmp_path, mapping)
    assert place in message
    assert "line" in message


def test_every_mistake_of_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    message = refused_table(
        tmp_path,
        "fliters: {a: b}\nentities:\n  p: {schema: Persona, keys: [id]}\n  q: {schema: Person}\n",
    )
    for place in ("line 1, fliters", "line 3, entities.p.schema", "line 4, entities.q"):
        assert place in message


def test_entities_that_go_round_are_refused(tmp_path: Path) -> None:
    mapping = """
entities:
  a: {schema: Directorship, keys: [id], properties: {director: {entity: b}}}
  b: {schema: Person, keys: [id], properties: {fatherName: {entity: a}}}
"""
    assert "expected no entity" in refused_table(tmp_path, mapping)
    mapping = """
entities:
  a: {schema: Company, keys: [id], properties: {parent: {entity: b}}}
  b: {schema: Company, keys: [id], key_literal: b, properties: {parent: {entity: a}}}
"""
    assert "go round" in refused_table(tmp_path, mapping)


def test_values_are_made_as_the_library_makes_them(tmp_path: Path) -> None:
    mapping = """
entities:
  p:
    schema: Person
    key: id
    properties:
      name: {columns: [name, other]}
      alias: {columns: [name, other], join: " / "}
      notes: {column: role, split: "s"}
      country: {literal: no}
      summary: {template: "{{ name }} ({{role}})"}
      keywords: {literals: [a, b], column: other}
"""
    table = "id,name,role,other\n1,Имя,suspect,x\n2,Имя,,\n"
    first, second = read(tmp_path, mapping, table)
    assert first["properties"] == {
        "name": ["Имя", "x"],
        "alias": ["Имя / x"],
        "notes": ["u", "pect"],
        "country": ["no"],
        "summary": ["Имя (suspect)"],
        "keywords": ["a", "b", "x"],
    }
    assert second["properties"]["alias"] == ["Имя"]
    assert "notes" not in second["properties"]


def test_required_property_leaves_the_entity_out_and_says_so(tmp_path: Path) -> None:
    mapping = ENTITIES.replace("{column: name}", "{column: name, required: true}")
    table = "id,name,role,other\n1,Имя,,\n2,,suspect,\n"
    assert names(tmp_path, mapping, table) == ["Имя"]
    told = entities_from_csv(tmp_path / "t.csv", tmp_path / "m.yaml").notes
    assert "Without what the mapping requires, left out: line 3." in told


def test_id_column_is_the_id(tmp_path: Path) -> None:
    mapping = ENTITIES.replace("keys: [id]", "id_column: id")
    assert [each["id"] for each in read(tmp_path, mapping)] == ["1", "2", "3", "4"]
    assert "column 'id'" in refused_table(tmp_path, mapping, "id,name\na b,Имя\n")
    assert "column 'id'" in refused_table(tmp_path, mapping, f"id,name\n{'x' * 300},Имя\n")


def test_identifier_may_be_held_to_its_format(tmp_path: Path) -> None:
    properties = "properties: {iban: {column: a, format: iban}}"
    mapping = f"entities: {{a: {{schema: BankAccount, keys: [a], {properties}}}}}"
    (entity,) = read(tmp_path, mapping, "a\nKZ86125KZT5004100100\n")
    assert entity["properties"] == {"iban": ["KZ86125KZT5004100100"]}
    assert "column 'a'" in refused_table(tmp_path, mapping, "a\nKZ00125KZT5004100100\n")


def test_where_a_mapping_says_to_find_the_table_is_not_looked_at(tmp_path: Path) -> None:
    for key in ("csv_url: http://localhost:1/t.csv", "csv_urls: [http://localhost:1/t.csv]"):
        assert names(tmp_path, f"{key}\n{ENTITIES}") != []
