"""Content of another agency in tables, pictures, downloads and the words that are saved with it."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from agency_client.console.contents import read_contents
from agency_client.console.visits import as_download
from agency_client.content.entities import entity_chunks
from agency_client.presentation.locale import Locale
from agency_client.presentation.reading import statement_text
from tests.support.asking import new_exchange
from tests.support.console import Answer, RunningConsole
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA

TEXTS = (
    "</td><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    '" style="position:fixed;inset:0" x="',
    "<svg><use href='data:x'/></svg>",
    "{{ nonce }}{% include 'x' %}",
    "javascript:alert(1)//]]>-->",
    "${alert(1)}`\\u003cscript\\u003e",
)


def bare(page: Answer) -> str:
    """A page without the scripts of the console itself."""
    return re.sub(r"<script nonce=\"[^\"]+\" src=\"/static/[^>]+></script>", "", page.text)


@pytest.mark.parametrize("text", TEXTS)
def test_names_of_payers_are_text_in_tables_and_in_the_picture(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, text: str
) -> None:
    """The picture takes its labels from the cells of the table, as text."""
    exchange = new_exchange(console.console.client, "kz.fma")
    people = [
        {"id": each, "schema": "Person", "properties": {"name": [f"{text} {each}"]}}
        for each in ("a", "b")
    ]
    payments = [
        {
            "id": f"p{number}",
            "schema": "Payment",
            "properties": {
                "payer": ["a"], "beneficiary": ["b"], "purpose": [text],
                "amount": [f"{number}000"], "currency": ["KZT"],
            },
        }
        for number in (1, 2)
    ]  # fmt: skip
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета", entities=[*people, *payments])
    browser = console.entered()
    page = browser.get(f"/exchange/{exchange}")
    index = page.text.partition("/flows/")[2].partition('"')[0]
    pages = [page, browser.get(f"/exchange/{exchange}/flows/{index}")]
    pages += [
        browser.get(f"/exchange/{exchange}/table/{index}/{each}")
        for each in ("payments", "entities")
    ]
    for each in pages:
        assert each.status == 200
        assert f"{text} a" in each.words or "<script" in text, each.words
        for markup in ("<script", "<svg", "onmouseover='", "<use", 'style="position'):
            assert markup not in bare(each)


def test_words_that_are_saved_steer_no_terminal_and_turn_no_line(
    console: RunningConsole,
) -> None:
    """Another agency's library may seal what ours would refuse."""
    client = console.console.client
    first = client.open(new_exchange(client, "kz.fma")).statements[0]
    hostile = "\x1b[2J\x1b]0;x\x07 pay\u202etxt\u200b"
    entities = [
        {"id": "a", "schema": "Person", "properties": {"name": [hostile]}},
        {
            "id": "p",
            "schema": "Payment",
            "properties": {"payer": ["a"], "amount": [f"5{hostile}"], "currency": [hostile]},
        },
    ]
    lines = b"".join(entity_chunks(entities))  # type: ignore[arg-type]
    statement = replace(first, parts={**first.parts, "entities": lines})
    told = statement_text(statement, Locale())
    assert "[U+001B]" in told
    assert "[U+202E]" in told
    assert all(each.isprintable() or each == "\n" for each in told)
    shown = read_contents(statement, lambda *_: None).tables(Locale(), 9)
    cells = [
        cell for table in (shown.payments, shown.entities) for row in table.rows for cell in row
    ]
    assert all(each.isprintable() for each in [*cells, shown.totals])


@pytest.mark.parametrize(
    "name",
    ["..", "...", " ", "x" * 300 + ".pdf", "a%0d%0ab", "a;filename=b.exe", "Ⅷ—№.pdf", "a\u2028b"],
)
def test_the_name_of_a_download_is_one_value(name: str) -> None:
    told = as_download(name, b"x").headers["content-disposition"]
    value = told.removeprefix("attachment; filename*=UTF-8''")
    assert re.fullmatch(r"[A-Za-z0-9._~%-]*", value)
    assert unquote(value).isprintable()


def test_a_saved_zip_has_no_path_and_no_link(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(console.console.client, "kz.fma")
    kept = {"~root": b"2", "aux.txt": b"4", "-rf": b"5"}
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета", attachments=kept)
    browser = console.entered()
    page = browser.get(f"/exchange/{exchange}")
    [action] = re.findall(rf'action="(/exchange/{exchange}/save/\d+)"', page.text)
    with zipfile.ZipFile(io.BytesIO(browser.post(action).data)) as archive:
        for each in archive.infolist():
            assert each.filename not in (".", "..")
            assert not set(each.filename) & set("/\\")
            assert each.external_attr >> 28 != 0o12, "no link"
            assert each.filename.partition(".")[0].upper() != "AUX"
