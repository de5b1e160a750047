"""Own holdings, against a real hub: what comes in is compared on the machine, with a reason."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

FIU = "kz.fma/system"


@pytest.fixture
def name(desk: Desk) -> str:
    """A name that no other test sends; the subject of the desk's requests has it."""
    word = uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghklmnprst"))
    person = {"name": [f"Юлия {word}"], "birthDate": ["1980-05-01"], "idNumber": [f"N{word}"]}
    write(desk, "subjects.ftm.json", {"id": "p1", "schema": "Person", "properties": person})
    return word


def write(desk: Desk, file: str, *entities: dict[str, object]) -> None:
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in entities)
    (desk.folder / file).write_text(text, "utf-8")


def test_subject_of_a_request_meets_own_records(desk: Desk, name: str) -> None:
    same = {"name": [f"{name} Yuliya"], "birthDate": ["1980-05-01"]}
    other = {"name": [f"{name} Yuliya"], "birthDate": ["1990-05-01"]}
    write(
        desk,
        "own.ftm.json",
        {"id": "a", "schema": "Person", "properties": same},
        {"id": "b", "schema": "Person", "properties": other},
        {"id": "c", "schema": "Person", "properties": {"taxNumber": [f"n-{name}"]}},
    )
    done = desk.run(FIU, "holdings", "import", name, "--entities", "own.ftm.json").ok()
    assert done.out == f"Imported into {name}: 3 entities.\n"
    assert name in desk.run(FIU, "holdings", "list").ok().out
    exchange = desk.ask("kz.fma", more=("--subjects", "subjects.ftm.json"))
    told = desk.run(FIU, "holdings", "match", exchange, "--json").ok().json
    assert told["compared"] == [exchange]
    assert [(each["score"], each["own"]["id"]) for each in told["matches"]] == [
        ("EXACT", "c"),
        ("STRONG", "a"),
    ]
    shown = desk.run(FIU, "holdings", "match", exchange).ok().out
    for words in ("exact", f"id number N{name} = tax number n-{name}", "strong", "1980-05-01"):
        assert words in shown
    assert "Exchanges compared, on this machine alone: 1." in shown
    # Without an id: all that wait for an answer.
    waiting = desk.run(FIU, "holdings", "match", "--json").ok().json
    assert exchange in waiting["compared"]
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    assert exchange not in desk.run(FIU, "holdings", "match", "--json").ok().json["compared"]
    desk.run(FIU, "holdings", "forget", name).ok()
    told = desk.run(FIU, "holdings", "match", exchange, "--json").ok().json
    assert told["matches"] == []


def test_table_is_imported_by_its_mapping(desk: Desk, name: str) -> None:
    (desk.folder / "own.csv").write_text(f"iin,name\nN{name},Кто-то\n", "utf-8")
    (desk.folder / "map.yaml").write_text(
        "entities:\n  p:\n    schema: Person\n    keys: [iin]\n"
        "    properties: {idNumber: {column: iin}, name: {column: name}}\n",
        "utf-8",
    )
    words = ("--csv", "own.csv", "--mapping", "map.yaml")
    desk.run(FIU, "holdings", "import", name, *words).ok()
    exchange = desk.ask("kz.fma", more=("--subjects", "subjects.ftm.json"))
    told = desk.run(FIU, "holdings", "match", exchange, "--json").ok().json
    assert [each["score"] for each in told["matches"]] == ["EXACT"]
    desk.run(FIU, "holdings", "forget", name).ok()


def test_report_of_goaml_is_imported(desk: Desk, name: str) -> None:
    (desk.folder / "own.xml").write_text(
        "<report><currency_code_local>KZT</currency_code_local><transaction>"
        "<transactionnumber>1</transactionnumber>"
        "<date_transaction>2025-03-02T00:00:00</date_transaction><amount_local>5</amount_local>"
        "<t_from><from_person><first_name>Юлия</first_name>"
        f"<last_name>{name}</last_name></from_person></t_from></transaction></report>",
        "utf-8",
    )
    done = desk.run(FIU, "holdings", "import", name, "--goaml", "own.xml").ok()
    assert done.out == f"Imported into {name}: 2 entities.\n"
    desk.run(FIU, "holdings", "forget", name).ok()
    refused = desk.run(FIU, "holdings", "import", name)
    assert "expected --entities, --goaml, or --csv and --mapping" in refused.err


def test_what_one_says_oneself_is_not_compared(desk: Desk, name: str) -> None:
    desk.run(OFFICER, "holdings", "import", name, "--entities", "subjects.ftm.json").ok()
    exchange = desk.ask("kz.fma", more=("--subjects", "subjects.ftm.json"))
    told = desk.run(OFFICER, "holdings", "match", exchange, "--json").ok().json
    assert told["matches"] == []
    desk.run(OFFICER, "holdings", "forget", name).ok()


def test_wrong_usage_is_told(desk: Desk) -> None:
    assert desk.run(FIU, "holdings", "import", "x").code == 2
    (desk.folder / "bad.ftm.json").write_text('{"id":"a","schema":"Persona"}\n', "utf-8")
    refused = desk.run(FIU, "holdings", "import", "x", "--entities", "bad.ftm.json")
    assert (refused.code, "line 1" in refused.err) == (2, True)
    refused = desk.run(FIU, "holdings", "forget", "x")
    assert (refused.code, "`agency holdings list`" in refused.err) == (1, True)
