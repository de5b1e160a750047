"""The next step from where a person stands: what was refused, a hub that is back, and faults."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_client.console.exchange_view import whose_turn
from agency_client.console.forms import fields_of
from agency_client.console.words import FIELD_WORDS
from agency_client.core.acts import ACTS
from agency_client.presentation.locale import Locale
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language, Party
from exchange_protocol.rules.clocks import Clock, ClockKind
from exchange_protocol.trust.identity import AgencyId
from tests.support.asking import ask, new_exchange
from tests.support.console import Answer, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

LANGUAGES = {"en": "the agency that approves", "ru": "одобряющий орган", "kk": "мақұлдайтын орган"}


def refuse_one(hub: InMemoryHub, console: RunningConsole) -> str:
    """Have a request refused, which then lies in the outbox; gives the id of the statement."""

    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not today")

    honest, hub.submit = hub.submit, refuses  # type: ignore[method-assign]
    client = console.console.client
    with pytest.raises(type(Reason.POLICY_DENIED.error(""))):
        new_exchange(client, "kz.fma")
    hub.submit = honest  # type: ignore[method-assign]
    [refused] = client.outbox.refused()
    return refused.entry.statement_id


def test_a_refused_statement_is_told_on_every_page_until_it_is_dismissed(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    assert "refused" not in browser.get("/work").words
    refused = refuse_one(hub, console)
    for path in ("/work", "/overview", "/outbox", "/exchange/nonsense"):
        assert "Outbox 1 refused" in browser.get(path).words
    assert "never sent again. It stays here until you remove it" in browser.get("/outbox").words
    browser.post(f"/outbox/{refused}/dismiss")
    browser.get("/outbox")
    page = browser.get("/outbox").words
    assert "Outbox 1 refused" not in page
    assert "It stays here until" not in page


def test_sending_what_waited_tells_of_what_was_refused(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        error = Reason.UNAVAILABLE.error("the hub is away")
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(error))
        ask(console.console.client, "kz.fma")

    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not today")

    monkeypatch.setattr(hub, "submit", refuses)
    browser = console.entered()
    browser.get("/outbox")
    browser.post("/outbox")
    page = browser.get("/outbox").words
    assert "Sent: 0 of 1. 1 statement was refused by the hub." in page


def test_a_tab_says_as_whom_one_acts(console: RunningConsole, coordinator: RunningConsole) -> None:
    """A person with two consoles tells their tabs apart, and their windows in a list."""
    assert " · kz.mia" in title(console.entered().get("/work"))
    assert " · caricc/aigul" in title(coordinator.entered().get("/queue"))


def title(page: Answer) -> str:
    """The title of a page."""
    return page.text.partition("<title>")[2].partition("</title>")[0]


def test_a_refused_statement_is_dismissed_once_its_reason_was_read(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    refused = refuse_one(hub, console)
    browser = console.entered()
    page = browser.get("/outbox")
    assert f'action="/outbox/{refused}/dismiss"' in page.text
    assert browser.post(f"/outbox/{refused}/dismiss").location == "/outbox"
    page = browser.get("/outbox")
    assert "removed from the outbox" in page.words
    assert "/dismiss" not in page.text
    assert console.console.client.outbox.refused() == []
    # A second click, or another tab, finds nothing and is told so.
    again = browser.post(f"/outbox/{refused}/dismiss")
    assert again.status == 404
    assert 'href="/outbox"' in again.text


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..", ".building-x", "%00", "refused"])
def test_nothing_else_is_dismissed(hub: InMemoryHub, console: RunningConsole, name: str) -> None:
    refuse_one(hub, console)
    state = console.console.client.profile.state
    before = sorted(each for each in state.rglob("*") if each.is_file())
    browser = console.entered()
    browser.get("/outbox")
    assert browser.post(f"/outbox/{name}/dismiss").status == 404
    after = {each for each in state.rglob("*") if each.is_file()}
    assert [each for each in before if "outbox" in each.parts and each not in after] == []


def test_what_waits_is_not_dismissed(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        away = Reason.UNAVAILABLE.error("the hub is away")
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
        waiting = ask(console.console.client, "kz.fma")
    browser = console.entered()
    assert "/dismiss" not in browser.get("/outbox").text
    assert browser.post(f"/outbox/{waiting.statement_id}/dismiss").status == 404
    assert console.console.client.outbox.holds(waiting.statement_id)


@pytest.mark.parametrize("path", ["/sent?late=1", "/work", "/due"])
def test_a_list_of_before_says_that_the_hub_is_back(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    browser = console.entered()
    assert "kept=1" not in browser.get(path).text
    with monkeypatch.context() as patch:
        away = Reason.UNAVAILABLE.error("the hub is away")
        patch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
        page = browser.get(path)
        assert "was not reached" in page.words
        [bar] = re.findall(r'hx-get="(/news[^"]*)"', page.text)
        bar = bar.replace("&amp;", "&")
        assert "away since" in browser.get(bar).words
    console.console.follower.note_back()
    told = browser.get(bar)
    assert told.words == "The hub is back. Load this page again"
    assert f'href="{path}"' in told.text


@pytest.mark.parametrize(
    "here", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_bar_leads_nowhere_else(console: RunningConsole, here: str) -> None:
    browser = console.entered()
    browser.get("/work")
    told = browser.get(f"/news?kept=1&here={here}")
    assert 'href="/"' in told.text
    assert "evil" not in told.text
    assert "alert" not in told.text


def test_news_lead_to_the_list_on_which_one_is(hub: InMemoryHub, tmp_path: Path) -> None:
    police = hub.client(tmp_path, KZ_MIA)
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as fiu:
        browser = fiu.entered()
        browser.get("/inbox")
        new_exchange(police, "kz.fma")
        fiu.console.follower._taken = -1  # The notice came.
        told = browser.get("/news?here=/inbox%3Flate%3D1")
        assert told.words == "New: 1. Load the list"
        assert 'href="/inbox"' in told.text
        elsewhere = browser.get("/news?here=/drafts")
        assert elsewhere.words == "New: 1. Open “My work”"
        assert 'href="/work"' in elsewhere.text
        # The list that was loaded has it, so it is no news any more.
        browser.get("/inbox")
        assert browser.get("/news?here=/inbox").words == ""


def test_a_page_that_failed_leads_on(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = console.console.client
    exchange = new_exchange(client, "kz.fma")
    browser = console.entered()
    browser.get(f"/exchange/{exchange}")

    def fails(error: Exception) -> Any:
        def failing(*_: object, **__: object) -> None:
            raise error

        return failing

    away = fails(Reason.UNAVAILABLE.error("the hub is away"))
    with monkeypatch.context() as patch:
        patch.setattr(client, "gather_evidence", away)
        page = browser.post(f"/exchange/{exchange}/evidence")
        assert page.status == 503
        assert (
            f'<a class="govuk-link" href="/exchange/{exchange}">Back to the exchange' in page.text
        )
    console.console.follower.note_back()
    console.console.forget_content()
    with monkeypatch.context() as patch:
        patch.setattr(client, "get", away)
        page = browser.get(f"/exchange/{exchange}")
        assert page.status == 503
        assert f'<a class="govuk-link" href="/exchange/{exchange}">Try again' in page.text
        assert "kept=1" in page.text
        assert "Back to the exchange" not in page.words
    with monkeypatch.context() as patch:
        patch.setattr(client, "get", fails(Reason.ENTRY_MISMATCH.error("a lie")))
        page = browser.get(f"/exchange/{exchange}")
        assert "Try again" not in page.words, "a hub that lies is not asked again and again"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_time_of_an_approver_names_who_that_is(console: RunningConsole, language: str) -> None:
    now = console.console.now
    clock = Clock(ClockKind.DECISION, Party.APPROVER, now, now)
    locale = console.console.locale(Language[language.upper()])
    assert whose_turn(clock, AgencyId("uz.fiu"), AgencyId("kz.mia"), locale) == LANGUAGES[language]


def test_what_is_found_says_from_whom_and_to_whom(console: RunningConsole) -> None:
    new_exchange(console.console.client, "kz.fma", "uz.fiu")
    browser = console.entered()
    browser.get("/work")
    words = browser.post("/search", words="Вымышлено").words
    assert re.search(r"kz\.mia [^→·]*→ kz\.fma[^→·]*; → uz\.fiu", words), words


def test_a_sum_without_a_currency_says_so(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    payments = [
        {"id": f"p{number}", "schema": "Payment", "properties": {"amount": ["5"], **more}}
        for number, more in enumerate([{}, {"currency": ["KZT"]}])
    ]
    with hub.client(tmp_path, KZ_FMA) as fma:
        fma.reply(fma.open(exchange), brief="Счета", entities=payments)
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        words = console.entered().get(f"/exchange/{exchange}").words
    assert "In all: 5 (no currency named); 5 KZT" in words


def test_a_language_outlives_the_lock(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/work")
    browser.post("/settings", language="kk", here="/work")
    console.sessions.end()
    assert "Консольге кіру" in browser.get("/work").words
    browser.enter(console.sessions.new_code())
    assert "Менің жұмысым" in browser.get("/work").words


def test_the_token_of_a_session_is_given_to_its_own_pages_alone(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/work")
    assert browser.get("/session").text == browser.token
    headers = browser.headers() | {"Sec-Fetch-Site": "same-site"}
    assert console.raw("GET", "/session", headers).status == 403
    console.sessions.end()
    answer = console.raw("GET", "/session", browser.headers())
    assert (answer.status, answer.location) == (303, "/enter")


def test_a_draft_is_shown_though_its_exchange_is_out_of_reach(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the lock nothing that was opened is kept, and the hub is away."""
    exchange = new_exchange(console.console.client, "kz.fma")
    browser = console.entered()
    browser.get(f"/exchange/{exchange}/supplement")
    kept = browser.post(
        f"/exchange/{exchange}/supplement", **{"brief.summary": "Вымышленное", "step": "keep"}
    )
    assert kept.location == "/drafts"
    [draft] = console.console.drafts.all()
    console.console.forget_content()
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    page = browser.get(f"/draft/{draft.id}")
    assert page.status == 200
    assert "Вымышленное" in page.text
    answer = browser.post(
        f"/exchange/{exchange}/supplement",
        **{"brief.summary": "Вымышленное и новое", "draft": draft.id, "step": "next"},
    )
    assert answer.status == 400
    assert "Вымышленное и новое" in answer.text
    assert "UNAVAILABLE" in answer.words
    [draft] = console.console.drafts.all()
    assert draft.one("brief.summary") == "Вымышленное и новое"


def test_one_of_several_requests_for_consent_is_told_from_the_others(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    mia = console.console.client
    exchange = new_exchange(mia, "kz.fma")
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Ответ")
        answer = mia.open(exchange).statements[-1].statement.digest
        asked = []
        for authority in ("kz.gpo", "uz.fiu"):
            mia.ask_consent(exchange, answer, authority, "PROSECUTION", reason="Для дела")
            asked.append(mia.open(exchange).statements[-1].statement.digest.hex())
        with running_console(fiu) as giving:
            browser = giving.entered()
            browser.get(f"/exchange/{exchange}")
            form = browser.get(f"/exchange/{exchange}/grant_consent").text
            offered = re.findall(r'<option value="([0-9a-f]{64})"[^>]*>([^<]*)<', form)
            # Neither the request for information nor the answer can be consented to.
            assert [digest for digest, _ in offered] == asked
            assert "kz.gpo" in offered[0][1]
            assert "uz.fiu" in offered[1][1]
            # The library's method needs a day, and so does the form.
            empty = browser.post(f"/exchange/{exchange}/grant_consent", about=asked[0], step="next")
            assert 'href="#expires_at"' in empty.text
            fiu.refuse_consent(exchange, asked[0], "out-of-scope", explanation="Вне закона")
            browser.get(f"/exchange/{exchange}")
            form = browser.get(f"/exchange/{exchange}/grant_consent").text
            offered = re.findall(r'<option value="([0-9a-f]{64})"', form)
            assert offered == asked[1:]
            # The only one is chosen already.
            assert '<option value=""></option>' not in form.partition('id="about"')[2][:200]
    words = console.entered().get(f"/exchange/{exchange}").words
    about = r"About which statement request for consent to onward use of kz\.mia .{0,80}: kz\.gpo"
    assert re.search(about, words, re.IGNORECASE), words
    # No summary that a program wrote, with its whole digests, stands beside that.
    assert "Consent asked:" not in words
    assert "Consent refused:" not in words
    assert not re.search(r"[0-9a-f]{64}", words.partition("Timeline")[0])


def test_a_size_is_written_as_a_number_is(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(console.console.client, "kz.fma")
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Ответ", attachments={"a.bin": b"x" * 1_234_567})
    assert "Save a.bin , 1,234,567 bytes" in console.entered().get(f"/exchange/{exchange}").words


def test_a_row_of_the_outbox_says_what_it_is_about(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    refuse_one(hub, console)
    client = console.console.client
    exchange = new_exchange(client, "kz.fma")
    client.open(exchange)

    def fails(caller: Any, request: Any) -> Any:
        raise Reason.OVERLOADED.error("busy")

    hub.submit = fails  # type: ignore[method-assign]
    client.recall(exchange)
    browser = console.entered()
    browser.get(f"/exchange/{exchange}")
    assert re.search(r"Recall Вымышлено kz\.fma", browser.get("/outbox").words)


def test_what_waits_to_open_an_exchange_is_told_from_others(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    fields: dict[str, str | list[str]] = {
        "to": "kz.fma",
        "brief.summary": "Вымышленное дело о складе",
        "brief.own_reference": "12/345",
        "request.items": "STR",
        "legal_basis": "KZ-CPC-1",
        "handling": "H1",
        "tlp": "AMBER",
        "urgency": "ROUTINE",
        "step": "next",
    }
    saved = browser.post("/new/request_information", **fields)
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    assert browser.sign(saved.location).location == "/outbox"
    assert "12/345 Вымышленное дело о складе" in browser.get("/outbox").words


def test_a_consent_leads_to_the_referral_that_it_allows(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    mia = console.console.client
    exchange = new_exchange(mia, "kz.fma")
    browser = console.entered()
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Ответ", handling="H2")
        answer = mia.open(exchange).statements[-1].statement.digest
        mia.ask_consent(exchange, answer, "kz.gpo", "PROSECUTION", reason="Для дела")
        assert "as consented" not in browser.get(f"/exchange/{exchange}").words
        asked = mia.open(exchange).statements[-1].statement.digest
        fiu.grant_consent(exchange, asked, (datetime.now(UTC) + timedelta(days=7)).isoformat())
        page = browser.get(f"/exchange/{exchange}")
        [link] = re.findall(r'href="(/new/refer\?[^"]*)"', page.text)
        form = browser.get(link.replace("&amp;", "&"))
        fields = {
            name: re.findall(rf'name="{name}"[^>]*>([0-9a-f]{{64}})', form.text)
            for name in ("sources", "consents")
        }
        assert fields["sources"] == [answer.hex()]
        given: dict[str, str | list[str]] = {
            "to": "kz.gpo",
            "sources": fields["sources"],
            "consents": fields["consents"],
            "brief.summary": "Вымышленное",
            "legal_basis": "KZ-CPC-1",
            "handling": "H2",
            "tlp": "AMBER",
            "urgency": "ROUTINE",
            "purpose": "PROSECUTION",
            "step": "next",
        }
        sent = browser.post("/new/refer", **given)
        assert sent.status == 303, sent.words
        assert browser.sign(sent.location).location.startswith("/exchange/")
        fiu.revoke_consent(exchange, asked, reason="Обстоятельства изменились")
        assert "as consented" not in browser.get(f"/exchange/{exchange}").words
    hostile = browser.get("/new/refer?source=%22%3E%3Cscript%3E&consent=x&to=xx&purpose=y")
    assert hostile.status == 200
    assert "<script>" not in hostile.text
    assert "&gt;&lt;script" not in hostile.text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("act", ["impose_freeze", "extend_freeze", "give_task", "extend_deadline"])
def test_the_end_of_something_is_no_time_for_an_answer(act: str, language: Language) -> None:
    kind, method = ACTS[act]
    locale = Locale(language)
    [due] = [
        each
        for each in fields_of(kind, method, locale, (), AgencyId("kz.mia"))
        if each.name == "due"
    ]
    assert due.is_required
    named = kind.spec.names.get("due_at")
    assert due.label == locale.say(named or FIELD_WORDS["due"])
    assert (named is not None) == kind.value.startswith("freeze")
