"""The agency's own records in the console: imported, compared and removed on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from agency_client.cli.entity_files import GivenEntities
from agency_client.console.forms import TABLE_CHOICES
from agency_client.content.entity import Entity
from exchange_protocol.errors import Reason
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA

OWN = Entity(
    id="own-1",
    schema="Person",
    properties={"name": ["Вымышлен Примеров"], "birthDate": ["1980-01-02"]},
)
SUBJECT: Entity = {**OWN, "id": "asked-1"}
NAME = "Вымышленный учёт"


@pytest.fixture
def fiu(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    """The console of the agency that is asked."""
    with hub.client(tmp_path / "f", KZ_FMA) as client, running_console(client) as running:
        yield running


def imported(browser: Browser, *records: Mapping[str, Any], name: str = NAME) -> Answer:
    """Import records as a person does."""
    browser.get("/holdings")
    data = "\n".join(json.dumps(each, ensure_ascii=False) for each in records).encode()
    return browser.post("/holdings", {"entities_file": ("own.json", data)}, name=name)


def test_records_are_imported_compared_and_removed(
    hub: InMemoryHub, console: RunningConsole, fiu: RunningConsole
) -> None:
    exchange = new_exchange(console.console.client, "kz.fma", subjects=[SUBJECT])
    browser = fiu.entered()
    assert "No records of your own" in browser.get("/holdings").words
    assert imported(browser, OWN).location == "/holdings"
    page = browser.get("/holdings")
    assert f"Imported into {NAME}: 1 record." in page.words
    assert NAME in page.words
    size = len(hub.log)
    page = browser.post("/holdings/compare")
    assert page.status == 200
    assert "Вымышлен Примеров" in page.words
    assert "Strong" in page.words
    assert "own-1" in page.words
    assert f'href="/exchange/{exchange}"' in page.text
    assert len(hub.log) > size, "opening is a delivery"
    assert f'href="/exchange/{exchange}/matches"' in browser.get(f"/exchange/{exchange}").text
    assert "own-1" in browser.get(f"/exchange/{exchange}/matches").words
    assert browser.post("/holdings/forget", name=NAME).location == "/holdings"
    assert "No records of your own" in browser.get("/holdings").words
    # Of two clicks the second finds nothing to remove, and says so as well.
    assert browser.post("/holdings/forget", name=NAME).location == "/holdings"


def test_nothing_matches_is_said(console: RunningConsole, fiu: RunningConsole) -> None:
    exchange = new_exchange(console.console.client, "kz.fma", subjects=[SUBJECT])
    browser = fiu.entered()
    assert "No records of your own" in browser.get(f"/exchange/{exchange}/matches").words
    imported(browser, {**OWN, "properties": {"name": ["Другой Человек"]}})
    assert "Nothing matches your own records" in browser.post("/holdings/compare").words


@pytest.mark.parametrize("name", ["", "   "])
def test_a_set_without_a_name_or_a_file_is_not_imported(fiu: RunningConsole, name: str) -> None:
    browser = fiu.entered()
    page = imported(browser, OWN, name=name)
    assert page.status == 400
    assert "Nothing was imported" in page.words
    assert browser.post("/holdings", name=NAME).status == 400
    assert fiu.console.client.holdings.all() == ()


@pytest.mark.parametrize("name", ["а\u202eб", "x" * 101])
def test_a_name_that_is_hidden_or_too_long_is_refused(fiu: RunningConsole, name: str) -> None:
    page = imported(fiu.entered(), OWN, name=name)
    assert page.status == 400
    assert "1 to 100 visible characters" in page.words
    assert fiu.console.client.holdings.all() == ()


def test_a_file_with_faults_leaves_what_was_imported(fiu: RunningConsole) -> None:
    browser = fiu.entered()
    imported(browser, OWN)
    page = browser.post("/holdings", {"entities_file": ("own.json", b"{nonsense")}, name=NAME)
    assert page.status == 400
    assert NAME in page.text
    [kept] = fiu.console.client.holdings.all()
    assert kept.entities == 1


def test_another_agencys_words_and_own_words_run_nothing(
    console: RunningConsole, fiu: RunningConsole
) -> None:
    script = "<script>alert(1)</script>"
    properties = {"name": [script], "birthDate": ["1980-01-02"]}
    named = {"id": "own-2", "schema": "Person", "properties": properties}
    new_exchange(console.console.client, "kz.fma", subjects=[{**named, "id": "a"}])
    browser = fiu.entered()
    imported(browser, named, name=script)
    for page in (browser.get("/holdings"), browser.post("/holdings/compare")):
        assert script not in page.text
        assert "alert(1)" in page.words
    assert "alert" not in browser.post("/holdings/forget", name=script).location


def test_comparing_while_the_hub_is_away_says_so(
    fiu: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = fiu.entered()
    imported(browser, OWN)
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    page = browser.post("/holdings/compare")
    assert page.status == 503
    assert 'href="/holdings"' in page.text.partition("<main")[2]
    assert browser.get("/holdings").status == 200


def test_a_coordinator_is_offered_no_comparing(hub: InMemoryHub, tmp_path: Path) -> None:
    held = new_exchange(hub.client(tmp_path), "uz.fiu")
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{held}")
        assert "/matches" not in page.text
        assert 'href="/holdings"' not in page.text


TABLE_OPTIONS: dict[str, str | list[str]] = {
    "table.delimiter": ";",
    "table.encoding": "cp1251",
    "table.dates": "DD.MM.YYYY",
    "table.meant": ["skip_rows_without_key"],
}
MAPPING = """
persons:
  query:
    entities:
      person:
        schema: Person
        keys: [number]
        properties:
          name: {column: name}
          birthDate: {column: born}
          idNumber: {column: number}
"""
OWN_TABLE = "number;name;born\n77;Вымышлен Примеров;02.01.1980\n;Без Номера;03.01.1980\n"


def test_the_form_has_every_option_of_a_table_that_the_command_has(fiu: RunningConsole) -> None:
    page = fiu.entered().get("/holdings")
    for name in ("delimiter", "encoding", "dates", "numbers"):
        assert f'name="table.{name}"' in page.text
    for name in TABLE_CHOICES:
        assert f'value="{name}"' in page.text
    given = {each.name for each in fields(GivenEntities)} - {"ftm", "goaml", "csv", "mapping"}
    offered = {name.partition(".")[2] for name in re.findall(r'name="(table\.\w+)"', page.text)}
    assert given == (offered - {"meant"}) | set(TABLE_CHOICES)


def test_a_table_in_the_spelling_of_an_office_is_imported(fiu: RunningConsole) -> None:
    browser = fiu.entered()
    browser.get("/holdings")
    files = {
        "table_file": ("own.csv", OWN_TABLE.encode("cp1251")),
        "mapping_file": ("mapping.yaml", MAPPING.encode()),
    }
    refused = browser.post("/holdings", files, name=NAME)
    assert refused.status == 400
    page = browser.post("/holdings", files, name=NAME, **TABLE_OPTIONS)
    assert page.status == 200, page.words
    assert f"Imported into {NAME}: 1 record." in page.words
    # What was left out is told, not only that the rest came in.
    assert "How the files were read" in page.words
    [kept] = fiu.console.client.holdings.all()
    assert kept.entities == 1


def test_what_was_said_of_a_table_outlives_a_fault(fiu: RunningConsole) -> None:
    browser = fiu.entered()
    browser.get("/holdings")
    files = {
        "table_file": ("own.csv", b"number;name\n"),
        "mapping_file": ("mapping.yaml", MAPPING.encode()),
    }
    page = browser.post("/holdings", files, name=NAME, **TABLE_OPTIONS)
    assert page.status == 400
    assert '<option value="cp1251" selected>' in page.text
    assert ">DD.MM.YYYY</textarea>" in page.text
    assert f'value="{NAME}"' in page.text


def test_options_without_a_table_are_refused_in_words(fiu: RunningConsole) -> None:
    browser = fiu.entered()
    browser.get("/holdings")
    data = json.dumps(OWN).encode()
    page = browser.post(
        "/holdings", {"entities_file": ("own.json", data)}, name=NAME, **TABLE_OPTIONS
    )
    assert page.status == 400
    assert fiu.console.client.holdings.all() == ()
