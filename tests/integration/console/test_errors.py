"""Faults are told in the reader's language; English stands in a technical detail alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client.console.guard import MAX_BODY_BYTES
from agency_client.console.words import Word
from exchange_protocol.errors import Reason
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.integration.console.test_languages import LANGUAGES, english_of, speaking
from tests.integration.console.test_officer import FORM, MAPPING, TABLE
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long

UNKNOWN = "01a00000-0000-7000-8000-000000000000"


def form_of(browser: Browser, **changes: str | list[str]) -> Answer:
    browser.get("/new/request_information")
    filled: dict[str, str | list[str]] = FORM | changes
    return browser.post("/new/request_information", **filled)


@pytest.mark.parametrize("path", ["/nothing", "/exchange/nonsense", "/new/nothing"])
def test_a_page_that_is_not_there_has_the_menu_and_a_way_on(
    console: RunningConsole, path: str
) -> None:
    page = speaking(console, "en").get(path)
    assert page.status == 404
    assert 'class="console-menu"' in page.text
    assert "Begin again from the start page. Start page" in page.words


@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_of_an_officer_have_no_english(
    hub: InMemoryHub, console: RunningConsole, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = speaking(console, language)
    nothing: dict[str, str | list[str]] = {"brief.summary": "", "to": []}
    found: dict[str, Answer] = {
        "no page": browser.get("/nothing"),
        "no act": browser.get("/new/nothing"),
        "no exchange": browser.get(f"/exchange/{UNKNOWN}"),
        "no id": browser.get("/exchange/nonsense"),
        "no draft": browser.get(f"/draft/{'0' * 16}"),
        "empty form": form_of(browser, **nothing),
        "unseen letters": form_of(browser, **{"brief.summary": "a\u202eb"}),
        "period": form_of(browser, **{"request.period.end": "2020-01-01"}),
        "nobody there": form_of(browser, to="xx.yyy"),
    }
    # The heading of a column is the person's own word.
    headed, sum_ = TABLE.replace(b"1000.50", b"=1+1"), "Сумма".encode()
    mapping = MAPPING.replace(b"column: amount", b"column: " + sum_).replace(
        b"payee, amount", b"payee, " + sum_
    )
    table = {
        "table_file": ("таблица", headed.replace(b"amount", sum_)),
        "mapping_file": ("разметка", mapping),
    }
    browser.get("/new/request_information")
    found["table"] = browser.post("/new/request_information", table, **FORM)
    # A fault of a file as a whole has no place in it.
    for name, (field, data) in WHOLE_FILES.items():
        browser.get("/new/request_information")
        files = {"mapping_file": ("разметка", MAPPING)} if field == "table_file" else {}
        files[field] = ("файл", data)
        if field == "mapping_file":
            files["table_file"] = ("таблица", TABLE)
        found[name] = browser.post("/new/request_information", files, **FORM)
        assert "console-places" in found[name].text, (name, found[name].words)
    goaml = {"goaml_file": ("отчёт.xml", b"<!DOCTYPE a><report/>")}
    found["goaml"] = browser.post("/new/request_information", goaml, **FORM)
    found["old form"] = Browser(console, browser.cookie, "wrong").post("/settings", theme="dark")
    away = Reason.UNAVAILABLE.error("the hub is away")
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
        found["away"] = browser.get("/exchange/01900000-0000-7000-8000-000000000000")
        # Lists are shown as they are kept, and say so.
        for path in ("/sent", "/inbox", "/due", "/work", "/overview"):
            page = browser.get(path)
            assert (page.status, english_of(page)) == (200, set()), path
    english = {
        name: words
        for name, page in found.items()
        if (words := english_of(page) - (KEYWORDS if name in WHOLE_FILES else set()))
    }
    assert english == {}
    for name, page in found.items():
        assert page.status >= 400, name
    where, what = {
        "ru": ("строка 2, столбец 'Сумма'", "формула"),
        "kk": ("2-жол, 'Сумма' бағаны", "формула"),
    }[language]
    assert where in found["table"].words
    assert what in found["table"].words


KEYWORDS = {
    "Excel",
    "HTML",
    "Person",
    "column",
    "entities",
    "keys",
    "kyes",
    "report",
    "schema",
    "utf",
}
"""Names of programs and of what stands in a file itself."""
WHOLE_FILES = {
    "empty table": ("table_file", b"\n \n"),
    "workbook": ("table_file", b"PK\x03\x04" + bytes(60)),
    "pdf": ("table_file", b"%PDF-1.7\n"),
    "page": ("table_file", b"<html><body>"),
    "two encodings": (
        "table_file",
        TABLE + "Б-1,В-2,1,2020-02-05\n".encode() + "Б-1,В-2,1,2020-02-05\n".encode("cp1251"),
    ),
    "headings alone": ("table_file", TABLE.partition(b"\n")[0] + b"\n"),
    "no goAML": ("goaml_file", b"<letter/>"),
    "empty goAML": ("goaml_file", b"<report></report>"),
    "no entity": ("entities_file", b"[1]\n"),
    "no schema of it": ("entities_file", b'{"id": "a", "schema": "X", "properties": {}}\n'),
    "empty mapping": ("mapping_file", b"\n"),
    "no mapping": ("mapping_file", b"- a\n"),
    "no entities in it": ("mapping_file", b"entities: 7\n"),
    "no schema": ("mapping_file", b"entities: {p: {schema: Persn, keys: [payer]}}\n"),
    "other keys": ("mapping_file", b"entities: {p: {schema: Person, kyes: [payer]}}\n"),
}
"""Files that are wrong as a whole: the field of the form, and the bytes."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_hub_refused_is_told_without_english(
    hub: InMemoryHub, console: RunningConsole, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = speaking(console, language)
    refusal = Reason.SUPERVISOR_MISSING.error("expected another supervisor")
    inner = Connection.perform

    def perform(self: Connection, call: object) -> object:
        if "Submit" in repr(call):
            raise refusal
        return inner(self, call)  # type: ignore[arg-type]

    answer = form_of(browser)
    monkeypatch.setattr(Connection, "perform", perform)
    sent = browser.sign(answer.location)
    outbox = browser.get("/outbox")
    monkeypatch.undo()
    assert english_of(sent) | english_of(outbox) == set()
    assert "SUPERVISOR_MISSING" in sent.text + outbox.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lie_of_the_hub_is_told_without_english(
    hub: InMemoryHub, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = new_exchange(hub.client(tmp_path, KZ_MIA), "uz.fiu")
    honest = hub.get_exchange

    def lying(*arguments: object) -> object:
        said = honest(*arguments)  # type: ignore[arg-type]
        if isinstance(said, pb.GetExchangeResponse) and said.entries:
            said.entries[0].inclusion_proof[0] = bytes(32)
        return said

    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = speaking(console, language)
        monkeypatch.setattr(hub, "get_exchange", lying)
        pages = [browser.get(path) for path in (f"/exchange/{held}", "/queue", f"/queue/{held}")]
        pages.append(browser.post(f"/queue/{held}/reject", awaits="0" * 64))
    assert set().union(*map(english_of, pages)) == set()
    assert "PROOF_INVALID" in pages[0].text


def test_a_locked_console_says_so_in_the_language_of_the_profile(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/work")
    console.sessions.end()
    answer = browser.post("/settings", theme="dark")
    assert answer.status == 403
    assert Word.LOCKED.value.en in answer.words


def test_a_form_that_is_too_large_is_told_in_words(console: RunningConsole) -> None:
    browser = console.entered()
    headers = browser.headers(Origin=console.origin) | {"Content-Length": str(MAX_BODY_BYTES + 1)}
    answer = console.raw("POST", "/new/request_information", headers)
    assert answer.status == 413
    assert Word.FORM_TOO_LARGE.value.en in answer.words


def test_every_empty_field_is_named_and_led_to(console: RunningConsole) -> None:
    browser = console.entered()
    nothing: dict[str, str | list[str]] = {"brief.summary": "", "to": [], "request.items": []}
    page = form_of(browser, **nothing)
    assert page.status == 400
    for name in ("to", "brief.summary", "request.items"):
        assert f'href="#{name}"' in page.text
        assert f'id="{name}"' in page.text
    assert "12/345" in page.text


def test_a_refused_field_is_called_by_its_label(console: RunningConsole) -> None:
    page = form_of(console.entered(), **{"request.period.end": "2020-01-01"})
    assert page.status == 400
    assert "Field: Period" in page.words


def test_a_reader_is_told_what_of_a_statement_does_not_open(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        hub.parts = {key: bytes(len(data)) for key, data in hub.parts.items()}
        page = console.entered().get(f"/exchange/{exchange}")
    assert "Technical detail" in page.words
