"""Own cases, the search over what this profile knows, running times, and files with their note."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agency_client.cli.parts import write_parts
from exchange_protocol.kinds.codes import Language
from tests.support.asking import new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, KZ_MIA

FILE = b"%PDF-1.4 fictional"


@pytest.fixture
def recipient(hub: InMemoryHub, tmp_path: Path) -> Iterator[RunningConsole]:
    """The console of an officer who is asked."""
    with hub.client(tmp_path / "fma", KZ_FMA) as client, running_console(client) as running:
        yield running


def red(hub: InMemoryHub, folder: Path, tlp: str = "RED") -> str:
    """A request with a file."""
    with hub.client(folder, KZ_MIA) as client:
        sent = client.request_information(
            to="kz.fma",
            brief="Вымышлено",
            request={"items": ["STR"]},
            subjects=[{"id": "p", "schema": "Person", "properties": {"name": ["Юлия Пример"]}}],
            attachments={"выписка.pdf": FILE},
            tlp=tlp,
            due="7d",
        )
        return str(sent.exchange_id)


def test_a_file_for_named_readers_is_saved_for_a_named_reader_alone(
    hub: InMemoryHub, recipient: RunningConsole, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path)
    browser = recipient.entered()
    page = browser.get(f"/exchange/{exchange}")
    [action] = re.findall(rf'action="(/exchange/{exchange}/save/\d+)"', page.text)
    assert "/file/" not in page.text
    index = action.rpartition("/")[2]
    assert browser.get(f"/exchange/{exchange}/file/{index}/0").status == 400
    assert browser.post(action, reader="  ").status == 400
    saved = browser.post(action, reader="А. Читатель")
    assert saved.status == 200
    assert saved.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(saved.data)) as archive:
        assert archive.read("выписка.pdf") == FILE
        note = archive.read("HANDLING.txt").decode()
    assert "А. Читатель" in note
    assert "TLP:RED" in note


def test_other_files_are_saved_one_by_one_or_with_their_note(
    hub: InMemoryHub, recipient: RunningConsole, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path, "AMBER")
    browser = recipient.entered()
    page = browser.get(f"/exchange/{exchange}")
    [path] = re.findall(rf'href="(/exchange/{exchange}/file/\d+/0)"', page.text)
    assert browser.get(path).data == FILE
    [action] = re.findall(rf'action="(/exchange/{exchange}/save/\d+)"', page.text)
    with zipfile.ZipFile(io.BytesIO(browser.post(action).data)) as archive:
        assert {"выписка.pdf", "HANDLING.txt", "READ.txt"} <= set(archive.namelist())


PAID = {"payer": ["p"], "beneficiary": ["q"], "amount": ["1234567.50"], "currency": ["KZT"]}


@pytest.mark.parametrize("language", Language)
def test_what_is_saved_is_what_the_command_writes(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, language: Language
) -> None:
    client = console.console.client
    exchange = new_exchange(client, "kz.fma")
    payments = [{"id": "1", "schema": "Payment", "properties": PAID}]
    with hub.client(tmp_path / "fma", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета", entities=payments, attachments={"a.pdf": FILE})
    browser = console.entered()
    browser.get("/overview")
    browser.post("/settings", language=language.name.lower())
    page = browser.get(f"/exchange/{exchange}")
    [action] = re.findall(rf'action="(/exchange/{exchange}/save/\d+)"', page.text)
    with zipfile.ZipFile(io.BytesIO(browser.post(action).data)) as archive:
        saved = {name: archive.read(name) for name in archive.namelist()}
    locale = console.console.locale(language)
    written = write_parts(client.open(exchange), tmp_path / "out", client.agency, None, locale)
    assert saved == {e.name: e.read_bytes() for e in written if "reply" in e.parent.name}
    words = saved["READ.txt"].decode()
    assert ("1,234,567.50" if language is Language.EN else "1 234 567,50") in words
    assert b"1234567.50" in saved["entities.ftm.json"], "what was signed stays as it was signed"


def test_a_name_in_another_script_finds_the_exchange(
    hub: InMemoryHub, recipient: RunningConsole, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path)
    browser = recipient.entered()
    browser.get(f"/exchange/{exchange}")
    page = browser.post("/search", words="Yuliya")
    assert exchange in page.text
    assert "Юлия Пример" in page.words
    assert re.search(r"request for information [0-9-]{10} [0-9:]{5} ", page.words), "when"
    assert exchange not in browser.post("/search", words="Yuliya nobody").text
    assert "Yuliya" not in "".join(page.headers.values())


def test_an_exchange_is_linked_to_a_case_that_no_address_names(
    hub: InMemoryHub, recipient: RunningConsole, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path)
    other = new_exchange(hub.client(tmp_path / "other", KZ_MIA), "kz.fma")
    browser = recipient.entered()
    for each in (exchange, other):
        browser.get(f"/exchange/{each}")
        answer = browser.post(f"/exchange/{each}/case", case="Дело 7", title="Вымышленное")
        assert answer.location == f"/exchange/{each}"
    page = browser.get("/cases")
    assert "Дело 7" in page.words
    [path] = re.findall(r'href="(/case/[0-9a-f]+)"', page.text)
    size = len(hub.log)
    case = browser.get(path)
    assert exchange in case.text
    assert other in case.text
    assert "request for information" in case.words
    assert len(hub.log) == size
    browser.get(f"/exchange/{exchange}")
    assert browser.post(f"/exchange/{exchange}/case", case="Дело 7", step="unlink").status == 303
    assert exchange not in browser.get(path).text
    assert browser.get("/case/" + "0" * 24).status == 404


def test_running_times_stand_on_the_exchange_and_in_their_list(
    hub: InMemoryHub, recipient: RunningConsole, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path)
    browser = recipient.entered()
    words = browser.get(f"/exchange/{exchange}").words
    assert "Times that run" in words
    page = browser.get("/due")
    assert exchange in page.text


def test_a_supervisor_comments_from_the_page_of_the_exchange(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = red(hub, tmp_path, "AMBER")
    with hub.client(tmp_path / "gpo", KZ_GPO) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{exchange}")
        for act in ("comment", "ask_for_explanation", "ask_to_be_involved"):
            assert f'href="/exchange/{exchange}/{act}"' in page.text
        form = browser.get(f"/exchange/{exchange}/ask_to_be_involved")
        assert 'value="kz.mia"' in form.text
        assert 'value="uz.fiu"' not in form.text
        answer = browser.post(
            f"/exchange/{exchange}/ask_to_be_involved",
            agency="kz.mia",
            comment="Прошу привлечь",
            step="next",
        )
        assert "kz.mia" in browser.get(answer.location).words
        assert browser.sign(answer.location).location == f"/exchange/{exchange}"
        assert "Прошу привлечь" in browser.get(f"/exchange/{exchange}").words
    with hub.client(tmp_path / "mia", KZ_MIA) as client, running_console(client) as console:
        words = console.entered().get(f"/exchange/{exchange}").words
    assert "Прошу привлечь" in words
    assert "asks to be involved" in words
