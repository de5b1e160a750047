"""An officer writes, reads and follows up; a draft outlives errors, locks and restarts."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from agency_client.console.forms import fields_of
from agency_client.core.acts import ACTS
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Handling, Language, LegState, WithholdingGround
from exchange_protocol.kinds.spec import Stage
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO, KZ_MIA

FORM: dict[str, str | list[str]] = {
    "to": "kz.fma",
    "step": "next",
    "handling": "H1",
    "tlp": "AMBER",
    "urgency": "ROUTINE",
    "legal_basis": "KZ-CPC-1",
    "due": "2027-01-01",
    "brief.summary": "Вымышленное дело",
    "brief.own_reference": "12/345",
    "request.items": ["STR", "TRANSACTIONS"],
    "request.period.start": "2025-01-01",
    "request.period.end": "2025-12-31",
    "subject.0.name": "Вымышленный Пример",
    "subject.0.schema": "Person",
    "subject.0.idNumber": "900101300123",
}
TABLE = b"payer,payee,amount,date\nA-1,B-2,1000.50,2020-02-05\nA-1,B-3,7.25,2020-02-06\n"
MAPPING = b"""
entities:
  payer: {schema: BankAccount, keys: [payer], properties: {accountNumber: {column: payer}}}
  payee: {schema: BankAccount, keys: [payee], properties: {accountNumber: {column: payee}}}
  payment:
    schema: Payment
    keys: [payer, payee, amount, date]
    properties:
      payerAccount: {entity: payer}
      beneficiaryAccount: {entity: payee}
      amount: {column: amount}
      currency: {literal: KZT}
      date: {column: date}
"""


def filled(browser: Browser, **changes: str | list[str]) -> Answer:
    """Fill in a request for information, and go on."""
    browser.get("/new/request_information")
    return browser.post("/new/request_information", **(FORM | changes))


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("language", Language)
def test_every_act_has_a_form_in_three_languages(name: str, language: Language) -> None:
    kind, act = ACTS[name]
    for field in fields_of(kind, act, Locale(language), [], KZ_MIA.agency):
        assert field.label
        is_foreign = language is not Language.EN and field.name not in ("tlp",)
        assert not (is_foreign and field.label.isascii()), field
        for _, word in field.choices:
            assert word


def test_a_day_is_typed_in_three_fields_of_the_readers_language(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/overview")
    browser.post("/settings", language="kk")
    form = browser.get("/new/request_information")
    assert 'type="date"' not in form.text
    assert all(word in form.words for word in ("Күні", "Айы", "Жылы"))
    typed: dict[str, str | list[str]] = {
        "due": [],
        "due.day": "1",
        "due.month": "2",
        "due.year": "2027",
        "request.period.start": [],
        "request.period.start.day": "03.04.2025",
        "subject.0.birthDate": "2.1.1980",
    }
    page = browser.get(filled(browser, **typed).location)
    for day in ("2027-02-01", "2025-04-03", "1980-01-02"):
        assert day in page.words, day


@pytest.mark.parametrize(
    ("name", "day"), [("due", ("30", "2", "2027")), ("request.period.start", ("1", "13", "2025"))]
)
def test_a_day_that_is_none_stays_in_the_form_and_is_named(
    console: RunningConsole, name: str, day: tuple[str, str, str]
) -> None:
    parts = dict(zip((f"{name}.day", f"{name}.month", f"{name}.year"), day, strict=True))
    changes: dict[str, str | list[str]] = {name: [], **parts}
    answer = filled(console.entered(), **changes)
    assert answer.status == 400
    assert "There is no such day" in answer.words
    assert f'<a href="#{name.removesuffix(".start")}">' in answer.text
    for part, value in parts.items():
        field = re.search(f'name="{part}"[^>]*value="([^"]*)"', answer.text)
        assert field is not None
        assert field[1] == value.zfill(2)


def test_a_request_is_written_shown_signed_and_read(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    answer = filled(browser)
    assert answer.status == 303
    plan = browser.get(answer.location)
    for said in (
        "kz.fma Финмониторинг KZ (fictional) : delivered at once",
        "goes to: kz.gpo Прокуратура KZ (fictional)",
        "Вымышленное дело",
        "12/345",
    ):
        assert said in plan.words
    assert not hub.model.exchanges
    sent = browser.sign(answer.location)
    [exchange] = hub.model.exchanges.values()
    assert sent.location == f"/exchange/{exchange.id}"
    assert exchange.header.handling is Handling.H1
    assert exchange.header.subject_count == 1
    page = browser.get(sent.location)
    assert "Вымышленный Пример" in page.words
    assert "There are no drafts" in browser.get("/drafts").words


def test_what_will_be_held_is_said_before(hub: InMemoryHub, console: RunningConsole) -> None:
    browser = console.entered()
    answer = filled(browser, to=["uz.fiu", "kz.fma"], handling="H2")
    words = browser.get(answer.location).words
    assert (
        "uz.fiu ПФР UZ (fictional) : held for approval (needed: 2) by caricc Centre (fictional)"
        in words
    )
    assert "kz.fma Финмониторинг KZ (fictional) : delivered at once" in words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"brief.summary": ""}, "Summary"),
        ({"request.items": []}, "Information asked for"),
        ({"request.period.end": "2020-01-01"}, "Field: Period"),
        ({"to": []}, "To"),
        ({"brief.summary": "a\u202eb"}, "U+202E"),
    ],
    ids=str,
)
def test_an_error_leaves_the_form_as_it_was(
    hub: InMemoryHub, console: RunningConsole, changes: dict[str, str | list[str]], said: str
) -> None:
    browser = console.entered()
    answer = filled(browser, **changes)
    if answer.status == 303:
        answer = browser.sign(answer.location)
    assert answer.status == 400
    assert said in answer.words
    assert "12/345" in answer.text
    assert not hub.model.exchanges


def test_a_draft_outlives_a_restart_and_is_sealed(hub: InMemoryHub, tmp_path: Path) -> None:
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        assert filled(console.entered(), step="keep").location == "/drafts"
        [file] = (client.profile.state / "drafts").iterdir()
        data = file.read_bytes()
        assert "Вымышленное".encode() not in data
        assert b"request_information" not in data
        assert file.stat().st_mode & 0o077 == 0
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get("/drafts")
        found = re.search(r'href="(/draft/[0-9a-f]+)"', page.text)
        assert found is not None
        assert "Вымышленное дело" in browser.get(found[1]).text
        browser.get("/drafts")
        assert browser.post(f"{found[1]}/drop").location == "/drafts"
        assert not list((client.profile.state / "drafts").glob("*.draft"))


@pytest.mark.parametrize("draft", ["0" * 16, "../../state", "x", "..%2f..%2fprofile"])
def test_no_other_file_is_read_as_a_draft(console: RunningConsole, draft: str) -> None:
    assert console.entered().get(f"/draft/{draft}").status in (400, 404)


def test_a_table_is_previewed_before_it_is_sent(hub: InMemoryHub, console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"table_file": ("payments.csv", TABLE), "mapping_file": ("map.yaml", MAPPING)}
    answer = browser.post("/new/request_information", files, **FORM)
    words = browser.get(answer.location).words
    assert "1,000.50" in words
    assert "A-1" in words
    sent = browser.sign(answer.location)
    assert sent.status == 303
    assert "1,007.75 KZT" in browser.get(sent.location).words


SEMICOLONS = (
    "payer;payee;amount;date;note\n"
    "Счeт-1;В-2;1 000,50;03.04.2025;x\n;;;;\n"
    "Счeт-1;В-3;7,25;04.04.2025;y\n"
).encode("cp1251")
SAID = {
    "table.dates": "DD.MM.YYYY",
    "table.numbers": "1 000,50",
    "table.delimiter": ";",
    "table.encoding": "cp1251",
    "table.meant": "skip_rows_without_key",
}


def test_a_table_is_read_as_the_form_says_and_its_doubts_are_told_before_the_signature(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    page = browser.get("/new/request_information")
    for name in SAID:
        assert f'name="{name}"' in page.text
    files = {"table_file": ("payments.csv", SEMICOLONS), "mapping_file": ("map.yaml", MAPPING)}
    refused = browser.post("/new/request_information", files, **FORM)
    assert refused.status == 400
    answer = browser.post("/new/request_information", files, **(FORM | SAID))
    words = browser.get(answer.location).words
    assert "1,000.50" in words
    assert "Doubtful in the files: compare it before you sign" in words
    assert "the mapping does not use the columns 'note'" in words
    assert "line 2: accountNumber: it has Cyrillic and Latin letters in one word: U+0065" in words
    for note in (
        "Dates stand as DD.MM.YYYY in the table; here as YYYY-MM-DD.",
        "Numbers stand as 1 000,50 in the table; here as 1000.50.",
        "Encoding of the table: cp1251 (as was said).",
    ):
        assert note in words
    # The draft keeps what was said of the table.
    form = browser.get(answer.location.removesuffix("/send")).text
    assert "DD.MM.YYYY</textarea>" in form
    assert '<option value="1 000,50" selected>' in form
    sent = browser.get(browser.sign(answer.location).location)
    assert "Numbers stand as 1 000,50 in the table; here as 1000.50." in sent.words
    assert "Doubtful" not in sent.words
    [exchange] = hub.model.exchanges.values()
    assert exchange.header.subject_count == 4  # one of them is typed into the form


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"table.dates": "YY"}, 400, "two digits leave the century open"),
        ({"table.dates": "DD.MM.YYYY\nMM.DD.YYYY"}, 400, "it is another date by each of them"),
        ({"table.encoding": "utf-16"}, 400, "expected utf-16"),
    ],
)
def test_what_is_said_wrongly_of_a_table_is_told(
    console: RunningConsole, said: dict[str, str], status: int, words: str
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"table_file": ("payments.csv", SEMICOLONS), "mapping_file": ("map.yaml", MAPPING)}
    answer = browser.post("/new/request_information", files, **(FORM | SAID | said))
    assert answer.status == status
    assert words in answer.words


def test_options_of_a_table_without_a_table_are_refused(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    answer = browser.post("/new/request_information", **(FORM | SAID))
    assert answer.status == 400
    assert "expected a table and its mapping together" in answer.words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "ru",
            (
                "Сомнительное в файлах",
                "строка 2: accountNumber: буквы двух письменностей",
                "В таблице даты вида",
            ),
        ),
        (
            "kk",
            (
                "Файлдардағы күмәнді",
                "2-жол: accountNumber: бір сөзде екі жазудың әріптері",
                "Кестеде күндер",
            ),
        ),
    ],
)
def test_doubts_of_a_table_are_told_in_the_language_of_the_person(
    console: RunningConsole, language: str, words: tuple[str, ...]
) -> None:
    browser = console.entered()
    browser.get("/overview")
    browser.post("/settings", language=language)
    browser.get("/new/request_information")
    files = {"table_file": ("payments.csv", SEMICOLONS), "mapping_file": ("map.yaml", MAPPING)}
    answer = browser.post("/new/request_information", files, **(FORM | SAID))
    shown = browser.get(answer.location).words
    for each in words:
        assert each in shown


def test_all_faults_and_doubts_of_a_file_of_entities_are_told(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    bad = b'{"id":"a","schema":"Person","properties":{"birthDate":["1.2.1980"],"nam":["x"]}}\n{}\n'
    answer = browser.post("/new/request_information", {"entities_file": ("f.json", bad)}, **FORM)
    assert answer.status == 400
    for words in ("line 1, 'birthDate'", "a Person has no property 'nam'", "line 2: expected 'id'"):
        assert words in answer.words
    good = b'{"id":"a","schema":"Person","properties":{"name":["NULL"]}}\n'
    answer = browser.post("/new/request_information", {"entities_file": ("f.json", good)}, **FORM)
    assert (
        "line 1: name: it reads like a value that is absent" in browser.get(answer.location).words
    )


GOAML = """<report><currency_code_local>KZT</currency_code_local><transaction>
<transactionnumber>TX-1</transactionnumber><date_transaction>2025-03-02T00:00:00</date_transaction>
<amount_local>77.50</amount_local><t_from><from_person><first_name>Askhat</first_name>
<last_name>Primer</last_name></from_person></t_from></transaction></report>"""


def test_a_goaml_report_is_previewed_before_it_is_sent(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"goaml_file": ("report.xml", GOAML.encode())}
    answer = browser.post("/new/request_information", files, **FORM)
    words = browser.get(answer.location).words
    assert "77.50" in words
    assert "Askhat Primer" in words
    sent = browser.get(browser.sign(answer.location).location)
    assert "Read from a goAML report: Payment 1, Person 1." in sent.words
    [exchange] = hub.model.exchanges.values()
    assert exchange.header.subject_count == 2


def test_a_bad_goaml_report_is_told_by_its_place(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"goaml_file": ("report.xml", GOAML.replace("77.50", "77,50").encode())}
    answer = browser.post("/new/request_information", files, **FORM)
    assert answer.status == 400
    assert "line 3, /report/transaction/amount_local" in answer.words


def test_a_draft_is_kept_while_one_writes(hub: InMemoryHub, console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"attachments": ("выписка.pdf", b"%PDF-1.4 fictional")}
    first = browser.post("/new/request_information", files, **(FORM | {"step": "keep"}))
    assert first.location == "/drafts"
    [draft] = re.findall(r"/draft/([0-9a-f]+)", browser.get("/drafts").text)[:1]
    changes = {"step": "auto", "draft": draft, "brief.summary": "Другая суть"}
    kept = browser.post("/new/request_information", **(FORM | changes))
    assert (kept.status, kept.text) == (200, draft)
    page = browser.get(f"/draft/{draft}")
    assert "Другая суть" in page.text
    assert "выписка.pdf" in page.words
    assert not hub.model.exchanges


def test_a_supplement_of_what_is_held_is_held_again_and_said_before(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    exchange = new_exchange(console.console.client, "uz.fiu")
    with hub.client(console.console.client.profile.state, COORDINATOR) as client:
        client.return_to_author(client.open(exchange), question="Какой счёт?")
    browser = console.entered()
    browser.get(f"/exchange/{exchange}")
    answer = browser.post(
        f"/exchange/{exchange}/supplement", step="next", **{"brief.summary": "Уточнение"}
    )
    words = browser.get(answer.location).words
    assert (
        "uz.fiu ПФР UZ (fictional) : held for approval (needed: 1) by caricc Centre (fictional)"
        in words
    )
    assert browser.sign(answer.location).location == f"/exchange/{exchange}"


def test_a_period_with_one_day_is_named(console: RunningConsole) -> None:
    answer = filled(console.entered(), **{"request.period.end": []})
    assert answer.status == 400
    assert "A period needs its first and its last day" in answer.words
    assert '<a href="#request.period">' in answer.text


def test_a_bad_table_is_told_by_its_line(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {
        "table_file": ("payments.csv", TABLE.replace(b"1000.50", b"=1+1")),
        "mapping_file": ("map.yaml", MAPPING),
    }
    answer = browser.post("/new/request_information", files, **FORM)
    assert answer.status == 400
    assert "line 2" in answer.words


def test_files_are_attached_and_kept_with_the_draft(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    files = {"attachments": ("выписка.pdf", b"%PDF-1.4 fictional")}
    answer = browser.post("/new/request_information", files, **FORM)
    assert "выписка.pdf" in browser.get(answer.location).words
    page = browser.get(answer.location.removesuffix("/send"))
    assert "выписка.pdf" in page.words
    sent = browser.sign(answer.location)
    assert "выписка.pdf" in browser.get(sent.location).words


def test_a_recipient_answers_from_the_page_of_the_exchange(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        browser = console.entered()
        assert "unread" in browser.get("/inbox").words
        page = browser.get(f"/exchange/{exchange}")
        for path in ("acknowledge", "reply", "refuse", "extend_deadline"):
            assert f'href="/exchange/{exchange}/{path}"' in page.text
        assert f'href="/exchange/{exchange}/recall"' not in page.text
        form = browser.get(f"/exchange/{exchange}/refuse")
        assert form.status == 200
        answer = browser.post(
            f"/exchange/{exchange}/refuse",
            ground="NO_DRUG_NEXUS",
            explanation="Связи нет",
            step="next",
        )
        sent = browser.sign(answer.location)
        assert sent.location == f"/exchange/{exchange}"
        assert hub.model.exchanges[exchange].legs[0].state is LegState.REFUSED
        assert "Связи нет" in browser.get(sent.location).words


@pytest.mark.parametrize(
    ("path", "held", "flowing"),
    [
        ("/sent", True, True),
        ("/sent?state=HELD", True, False),
        ("/sent?state=RELEASED", False, True),
        ("/sent?late=1", False, False),
        ("/sent?kind=referral", False, False),
        ("/sent?state=NONSENSE&kind=x&page=-1", True, True),
        ("/sent?page=7", False, False),
    ],
)
def test_filters_stand_in_the_address(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, path: str, held: bool, flowing: bool
) -> None:
    client = console.console.client
    held_id, flowing_id = new_exchange(client, "uz.fiu"), new_exchange(client, "kz.fma")
    text = console.entered().get(path).text
    assert (held_id in text, flowing_id in text) == (held, flowing)
    if held or flowing:
        assert "H0: only to prevent and combat crime" in text
        assert "sent <span" in text


def test_words_to_search_for_stand_in_no_address(hub: InMemoryHub, console: RunningConsole) -> None:
    browser = console.entered()
    sent = browser.sign(filled(browser).location)
    [exchange] = hub.model.exchanges
    browser.get(sent.location)
    page = browser.post("/search", words="вымышленное ДЕЛО")
    assert f"/exchange/{exchange}" in page.text
    assert browser.post("/search", words="нет такого").words.count("/exchange/") == 0
    assert console.raw("GET", "/search?words=x", browser.headers()).status == 404


def test_evidence_is_exported_as_one_file(hub: InMemoryHub, console: RunningConsole) -> None:
    browser = console.entered()
    sent = browser.sign(filled(browser).location)
    answer = browser.post(f"{sent.location}/evidence")
    assert answer.headers["content-type"] == "application/octet-stream"
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert any(name.endswith("verify.py") for name in names)
    assert not [
        each
        for each in console.console.client.profile.state.iterdir()
        if each.name.startswith("evidence")
    ]
    secret = "Вымышленное дело".encode()
    disclosed = browser.post(f"{sent.location}/evidence", with_content="yes")
    assert secret not in _whole(answer)
    assert secret in _whole(disclosed)


def _whole(answer: Answer) -> bytes:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as bundle:
        return b"".join(bundle.read(name) for name in bundle.namelist())


def test_a_hub_that_is_away_leaves_the_statement_in_the_outbox(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    answer = filled(browser)
    away = Reason.UNAVAILABLE.error("the hub is away")
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
        assert browser.sign(answer.location).location == "/outbox"
        page = browser.get("/outbox")
        assert "waits" in page.words
    assert browser.post("/outbox").location == "/outbox"
    assert "Sent: 1 of 1" in browser.get("/outbox").words
    assert len(hub.model.exchanges) == 1


def test_a_prosecutor_reads_the_copy_and_nothing_more(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    with hub.client(tmp_path, KZ_GPO) as client, running_console(client) as console:
        browser = console.entered()
        assert exchange in browser.get("/supervised").text
        page = browser.get(f"/exchange/{exchange}")
        assert "Each statement names your agency as a supervisor" in page.words
        assert "sealed to others: content" in page.words.lower()


def test_a_prosecutor_is_told_that_a_copy_is_missing_and_where_the_ground_stands(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    sender = console.console.client
    ground = WithholdingGround.ENDANGERS_INVESTIGATION
    withheld = new_exchange(sender, "kz.fma", withheld_from=["kz.gpo"], withholding_ground=ground)
    copied = new_exchange(sender, "kz.fma")
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(withheld), brief="Вымышленный ответ")
    missing = "is not among your copies"
    with hub.client(tmp_path / "g", KZ_GPO) as client, running_console(client) as supervising:
        browser = supervising.entered()
        page = browser.get(f"/exchange/{withheld}").words
        assert missing in page
        assert "the auditors of your state read it there" in page
        agencies = client.directory.agencies
        assert f"kz.mia {agencies[KZ_MIA.agency].name}, an agency of your state, opened" in page
        assert f"withheld the copy from kz.gpo {agencies[KZ_GPO.agency].name}" in page
        assert missing not in browser.get(f"/exchange/{copied}").words
    own = console.entered().get(f"/exchange/{withheld}").words
    assert missing not in own
    name = sender.directory.agencies[KZ_GPO.agency].name
    assert f"kz.gpo {name}: it would endanger the investigation" in own


def test_a_coordinator_writes_nothing_on_cases(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "uz.fiu")
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        page = console.entered().get(f"/exchange/{exchange}")
    assert f'href="/queue/{exchange}"' in page.text
    links = re.findall(rf'href="/exchange/{exchange}/(\w+)"', page.text)
    assert links == []
    assert {ACTS[name][0].stage for name in ACTS} == {Stage.INITIAL, Stage.CONTINUING}
