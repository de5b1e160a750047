"""Files that mean harm: tables, mappings, entities, attachments, and names of files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from agency_client.console.visits import as_download
from tests.integration.console.test_officer import FORM, MAPPING, TABLE
from tests.support.asking import new_exchange
from tests.support.console import Answer, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

BOMB = b"a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\nentities: {}\n"


def upload(console: RunningConsole, **files: bytes) -> Answer:
    browser = console.entered()
    browser.get("/new/request_information")
    given = {f"{name}_file": (f"{name}.dat", data) for name, data in files.items()}
    return browser.post("/new/request_information", given, **FORM)


@pytest.mark.parametrize(
    ("table", "mapping"),
    [
        pytest.param(TABLE, BOMB, id="an alias that multiplies"),
        pytest.param(TABLE, b"!!python/object/apply:os.system [id]\n", id="a tag that calls"),
        pytest.param(TABLE, b"{" * 100_000, id="a mapping nested deeply"),
        pytest.param(b"a" * 3_000_000, MAPPING, id="a line without an end"),
        pytest.param(b"\x00" * 1000, MAPPING, id="no text at all"),
        pytest.param(b"\xff\xfe\x00\xd8", MAPPING, id="half a character"),
        pytest.param(b"payer,payer,payee,amount,date\n1,2,3,4,5\n", MAPPING, id="a column twice"),
        pytest.param(TABLE + b'"A-1,B-2,7,2020-01-01\n' * 9, MAPPING, id="a quote without an end"),
        pytest.param(TABLE + "A-1,B-2\u202e,7,2020-01-01\n".encode(), MAPPING, id="turned text"),
    ],
)
def test_a_hostile_table_is_refused_and_the_form_stays(
    hub: InMemoryHub, console: RunningConsole, table: bytes, mapping: bytes
) -> None:
    size = len(hub.log)
    answer = upload(console, table=table, mapping=mapping)
    assert answer.status == 400
    assert "Вымышленное дело" in answer.text
    assert "root:" not in answer.text
    assert len(hub.log) == size


def test_a_path_in_a_mapping_is_not_read(console: RunningConsole) -> None:
    answer = upload(console, table=TABLE, mapping=b"csv_url: file:///etc/passwd\n" + MAPPING)
    page = console.entered().get(answer.location)
    assert "A-1" in page.words
    assert "root:" not in page.words


@pytest.mark.parametrize("cell", [b"=cmd|calc!A0", b"@SUM(1)"])
def test_a_formula_in_a_table_is_refused_by_its_place(console: RunningConsole, cell: bytes) -> None:
    table = b"payer,payee,amount,date\n" + cell + b",B-2,1000.50,2020-02-05\n"
    answer = upload(console, table=table, mapping=MAPPING)
    assert answer.status == 400
    assert "line 2, column 'payer': expected a value, got a formula" in answer.words


def test_text_that_only_begins_like_a_formula_is_text(console: RunningConsole) -> None:
    table = b"payer,payee,amount,date\n=cmd,@sum,1000.50,2020-02-05\n"
    answer = upload(console, table=table, mapping=MAPPING)
    assert answer.status == 303
    page = console.entered().get(answer.location)
    assert "=cmd" in page.words
    assert "@sum" in page.words


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b'{"id":' * 50_000, id="nested deeply"),
        pytest.param(b'{"id":"a","id":"b","schema":"Person","properties":{}}', id="a name twice"),
        pytest.param(b'{"id":"a","schema":"Evil","properties":{}}', id="no such schema"),
        pytest.param(b'{"id":"a","schema":"Person","properties":{"name":[NaN]}}', id="no number"),
        pytest.param(b'{"id":"\\ud800","schema":"Person","properties":{}}', id="half a character"),
        pytest.param(b"PK\x03\x04" + bytes(1000), id="a zip"),
    ],
)
def test_hostile_entities_are_refused_and_the_form_stays(
    hub: InMemoryHub, console: RunningConsole, lines: bytes
) -> None:
    size = len(hub.log)
    answer = upload(console, entities=lines)
    assert answer.status == 400
    assert "Вымышленное дело" in answer.text
    assert len(hub.log) == size


@pytest.mark.parametrize(
    "name",
    [
        "../../.ssh/authorized_keys",
        "..\\..\\autoexec.bat",
        'a"; filename="b.exe',
        "a\r\nSet-Cookie: x=1",
        "a\x00.pdf",
        "счёт\u202efdp.exe",
        "/etc/passwd",
    ],
)
def test_a_name_of_a_file_writes_no_header_and_no_path(name: str) -> None:
    answer = as_download(name, b"x")
    told = answer.headers["content-disposition"]
    assert told.startswith("attachment; filename*=UTF-8''")
    kept = told.partition("''")[2]
    assert not set(kept) & set('/\\"\r\n; ')
    for coded in ("%2F", "%5C", "%0D", "%0A", "%00", "%22", "%E2%80%AE"):
        assert coded not in kept
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("kind", ["zip", "svg", "html", "pdf"])
def test_a_file_is_saved_as_it_came_and_never_unpacked(
    hub: InMemoryHub, tmp_path: Path, kind: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil", bytes(20_000_000))
    data = {
        "zip": packed.getvalue(),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "html": b"<script>alert(1)</script>",
        "pdf": b"%PDF-1.7\n/JS (app.alert(1))",
    }[kind]
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета", attachments={f"a.{kind}": data})
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{exchange}")
        link = page.text.partition(f'href="/exchange/{exchange}/file/')[2].partition('"')[0]
        answer = browser.get(f"/exchange/{exchange}/file/{link}")
    assert answer.data == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_form_of_too_many_fields_is_refused(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    answer = browser.post(
        "/new/request_information", **{f"f{number}": "x" for number in range(4500)}
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><report>&x;</report>',
            id="a file of this machine",
        ),
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><report>&b;</report>',
            id="an entity that multiplies",
        ),
        pytest.param(b"<report>" + b"<a>" * 100_000, id="elements nested deeply"),
        pytest.param(b"<report><transaction>", id="elements left open"),
        pytest.param(b"\xff\xfe<\x00r\x00", id="half a character"),
        pytest.param(b'<?xml version="1.0" encoding="rot13"?><report/>', id="no encoding"),
        pytest.param(
            "<report><transaction><a>x\u202ey</a></transaction></report>".encode(), id="turned text"
        ),
    ],
)
def test_a_hostile_goaml_report_is_refused_and_the_form_stays(
    hub: InMemoryHub, console: RunningConsole, report: bytes
) -> None:
    size = len(hub.log)
    answer = upload(console, goaml=report)
    assert answer.status == 400
    assert "Вымышленное дело" in answer.text
    assert "root:" not in answer.text
    assert len(hub.log) == size


HOSTILE = '"><script>alert(1)</script>'


def test_what_one_types_runs_nothing(hub: InMemoryHub, console: RunningConsole) -> None:
    exchange = new_exchange(console.console.client, "kz.fma")
    browser = console.entered()
    browser.get(f"/exchange/{exchange}")
    browser.post(f"/exchange/{exchange}/case", case=HOSTILE, title=HOSTILE)
    pages = [browser.get("/cases"), browser.get(f"/exchange/{exchange}")]
    path = pages[0].text.partition('href="/case/')[2].partition('"')[0]
    pages += [browser.get(f"/case/{path}"), browser.post("/search", words=HOSTILE)]
    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text


@pytest.mark.parametrize("case", ["../../etc", "%2e%2e", "0" * 24, "a" * 5000])
def test_no_address_names_another_case(console: RunningConsole, case: str) -> None:
    assert console.entered().get(f"/case/{case}").status == 404


def test_names_of_files_lead_nowhere_from_the_saved_file(hub: InMemoryHub, tmp_path: Path) -> None:
    names = {"CON": b"1", "HANDLING.txt": b"2", "a:b.pdf": b"3", "=1+1.csv": b"4"}
    names["READ.txt"] = b"pay him"
    with hub.client(tmp_path, KZ_MIA) as client:
        sent = client.request_information(
            to="kz.fma", brief="Вымышлено", request={"items": ["STR"]}, attachments=names
        )
    exchange = sent.exchange_id
    with hub.client(tmp_path / "f", KZ_FMA) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{exchange}")
        action = page.text.partition(f'action="/exchange/{exchange}/save/')[2].partition('"')[0]
        saved = browser.post(f"/exchange/{exchange}/save/{action}")
    with zipfile.ZipFile(io.BytesIO(saved.data)) as archive:
        found = archive.namelist()
        assert b"kz.mia" in archive.read("HANDLING.txt")
        assert b"pay him" not in archive.read("READ.txt")
    assert len(found) == len(set(found))
    for name in found:
        assert not set(name) & set('/\\:<>|"'), name
        assert name.upper() != "CON"
