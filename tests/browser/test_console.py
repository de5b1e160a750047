"""The console in a browser: the main task of each role, the keyboard, small screens, and axe."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from playwright.sync_api import Browser, FilePayload, Page
from starlette.routing import Route

from agency_client import ExchangeClient, InformationRequest, Item
from agency_client.console import cases
from agency_client.console.drafts import Draft
from agency_client.console.rendering import environment
from agency_client.console.sessions import Sessions
from agency_client.state.profile import Profile
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language, LegState
from tests.browser.conftest import (
    AUDITOR,
    CHROMIUM,
    COORDINATOR,
    LANGUAGES,
    OFFICER,
    PROSECUTOR,
    RECIPIENT,
    ROLES,
    Consoles,
    ask,
    entered,
    problems_of,
)
from tests.browser.rarities import settle
from tests.browser.soundness import serious
from tests.support.console import RunningConsole, running_console
from tests.support.deployment import Deployment

PAGES = {
    OFFICER: (
        "/work", "/inbox", "/sent?state=HELD", "/supervised", "/drafts", "/outbox", "/overview",
        "/new/request_information", "/exchange/{held}", "/due", "/cases", "/exchange/nonsense",
        "/draft/0000000000000000", "/holdings", "/directory", "/directory/uz.fiu",
    ),
    RECIPIENT: ("/work", "/inbox", "/exchange/{domestic}", "/exchange/{domestic}/reply"),
    PROSECUTOR: ("/supervised", "/exchange/{domestic}", "/exchange/{domestic}/comment"),
    COORDINATOR: (
        "/queue", "/queue/{held}/approve", "/queue/{held}/reject", "/exchange/{held}", "/directory",
    ),
    AUDITOR: ("/audit", "/log", "/rules", "/overview", "/directory/kz.mia"),
}  # fmt: skip


@pytest.fixture(scope="module")
def exchanges(town: Deployment) -> dict[str, str]:
    """A request that is held, and one that flowed."""
    return {"held": ask(town, "uz.fiu"), "domestic": ask(town, "kz.fma")}


def state(town: Deployment, exchange: str) -> LegState:
    """The state of the first leg, verified by who asked."""
    with town.client(OFFICER) as client:
        return client.get(exchange).legs[0].state


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_coordinator_decides_with_two_keys(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    # The most pressing one stands first, so that what other tests hold stays held.
    ask(town, "kg.mia", due="2d")
    page = entered(chromium, consoles(COORDINATOR), language)
    first = page.locator(".console-item--chosen a").get_attribute("href")
    assert first is not None
    exchange = first.rpartition("/")[2]
    # On a busy machine the item is still being opened; the page then loads itself again.
    page.wait_for_selector("[data-key=a]")
    page.keyboard.press("a")
    page.wait_for_url(f"**/{exchange}/approve")
    page.wait_for_selector("[data-focus]:focus")
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    assert state(town, exchange) is LegState.RELEASED
    assert exchange in page.locator(".govuk-notification-banner--success").inner_text()
    assert problems_of(page) == []


def test_a_coordinator_asks_back_and_rejects_with_the_keyboard_alone(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    console = consoles(COORDINATOR)
    returned, rejected = ask(town, "kg.mia", due="2d"), ask(town, "kg.mia", due="2d")
    page = entered(chromium, console)
    page.goto(f"{console.origin}/queue/{returned}")
    page.wait_for_selector("[data-key=r]")
    page.keyboard.press("r")
    page.wait_for_selector("textarea[data-focus]:focus")
    page.keyboard.type("Вымышленный вопрос")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    assert state(town, returned) is LegState.RETURNED
    page.goto(f"{console.origin}/queue/{rejected}")
    page.wait_for_selector("[data-key=x]")
    page.keyboard.press("x")
    page.wait_for_selector("select[data-focus]:focus")
    page.keyboard.press("ArrowDown")
    page.locator("#text").focus()
    page.keyboard.type("Вымышленная причина")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    assert state(town, rejected) is LegState.REJECTED
    # The way back after a signature shows the decision, and no form.
    page.go_back()
    page.wait_for_selector("h1:has-text('It was decided already')")
    assert page.locator("form[action$='/reject']").count() == 0


def test_from_opening_the_console_to_a_decision_it_is_two_clicks(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    ask(town, "kg.mia", due="2d")
    page = entered(chromium, consoles(COORDINATOR))
    exchange = str(page.locator(".console-item--chosen a").get_attribute("href")).rpartition("/")[2]
    page.click(".console-split__item a[href$='/approve']")
    page.click("main form button")
    page.wait_for_url("**/queue")
    assert state(town, exchange) is LegState.RELEASED


def test_on_a_telephone_it_is_three(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    ask(town, "kg.mia", due="2d")
    page = entered(chromium, consoles(COORDINATOR), width=360)
    assert not page.locator(".console-split__item").is_visible()
    page.click(".console-item--chosen a")
    page.wait_for_url("**/queue/*")
    exchange = page.url.rpartition("/")[2]
    assert not page.locator(".console-split__list").is_visible()
    page.click(".console-split__item a[href$='/approve']")
    page.click("main form button")
    page.wait_for_url("**/queue")
    assert state(town, exchange) is LegState.RELEASED


def test_a_large_answer_comes_by_itself(
    town: Deployment, consoles: Consoles, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = ask(town, "kz.fma", "Вымышленный большой ответ")
    console = consoles(RECIPIENT)
    inner = console.console.client.open

    def slowly(given: str) -> object:
        time.sleep(1.5)
        return inner(given)

    monkeypatch.setattr(console.console.client, "open", slowly)
    page = entered(chromium, console)
    page.goto(f"{console.origin}/exchange/{exchange}")
    assert page.locator("progress").is_visible()
    assert serious(page) == []
    page.wait_for_selector("text=Вымышленный большой ответ")
    assert page.locator("progress").count() == 0
    assert problems_of(page) == []


def test_keys_walk_the_queue_open_the_sheet_and_can_be_turned_off(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    ask(town, "kg.mia")
    ask(town, "kg.mia")
    page = entered(chromium, consoles(COORDINATOR))
    start = page.url
    page.wait_for_selector("[data-key=j]")
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != start)
    page.wait_for_selector("[data-key=a]")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    assert "Approve" in page.locator("#keys").inner_text()
    page.keyboard.press("Escape")
    page.click("button[name=keys]")
    before = page.url
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert page.url == before
    page.click("button[name=keys]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_writes_and_a_recipient_answers(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    page = entered(chromium, consoles(OFFICER), language)
    page.goto(page.url.replace("/work", "/new/request_information"))
    page.check("input[name=to][value='kz.fma']")
    page.fill("textarea[name='brief.summary']", "Вымышленное дело")
    page.check("input[name='request.items'][value=STR]")
    page.fill("input[name='subject.0.name']", "Вымышленный Пример")
    page.click("button[name=step][value=next]")
    page.wait_for_url("**/send")
    page.click("main form button")
    page.wait_for_url("**/exchange/*")
    exchange = page.url.rpartition("/")[2]
    # On a busy machine the exchange is still being opened; the page then loads itself again.
    page.locator("main").get_by_text("Вымышленный Пример").first.wait_for()
    other = entered(chromium, consoles(RECIPIENT), language)
    other.goto(f"{consoles(RECIPIENT).origin}/exchange/{exchange}")
    other.click(f"a[href='/exchange/{exchange}/reply']")
    other.select_option("select[name=result]", "NO_HIT")
    other.click("button[name=step][value=next]")
    other.wait_for_url("**/send")
    other.click("main form button")
    other.wait_for_url("**/exchange/*")
    assert state(town, exchange) is LegState.ANSWERED
    assert problems_of(page) == problems_of(other) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_axe_finds_nothingserious(
    consoles: Consoles,
    chromium: Browser,
    exchanges: dict[str, str],
    role: str,
    language: str,
) -> None:
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        page = entered(chromium, consoles(role), language, theme=theme)
        for path in PAGES[role]:
            page.goto(consoles(role).origin + path.format(**exchanges))
            settle(page)
            assert serious(page) == [], (path, theme)
        # The browser itself tells of pages that are answered with a status of an error.
        assert [each for each in problems_of(page) if "status of 40" not in each] == []
        page.context.close()


NO_PAGES = {
    "/static/{version}/{name:path}": "files of the console itself",
    "/exchange/{exchange}/file/{index:int}/{number:int}": "a file of others, to be saved",
    "/news": "a line of a page; it stands on every page that is visited",
    "/session": "the token of the session, which a form that stood open asks for",
    "/enter": "the entrance, whose states have a test of their own",
}
"""Routes that give no page of one who entered."""
ACTS = {OFFICER: "supplement", PROSECUTOR: "comment"}
HELD_ACT = "approve"


def _every_page(console: RunningConsole, values: dict[str, str]) -> list[str]:
    """An address of each page that the router has; a new page is among them by itself."""
    paths = [
        route.path
        for route in console.routes
        if route.methods and "GET" in route.methods and route.path not in NO_PAGES
    ]

    def filled(path: str) -> str:
        def value(found: re.Match[str]) -> str:
            return values.get(f"{path} {found[1]}") or values[found[1]]

        return re.sub(r"\{(\w+)(?::\w+)?\}", value, path)

    return list(map(filled, paths))


@pytest.fixture(scope="module")
def answered(town: Deployment) -> dict[str, str]:
    """A request that was answered with payments; gives the exchange and the answer's entry."""
    exchange = ask(town, "kz.fma")
    payments = [
        {
            "id": f"p{number}",
            "schema": "Payment",
            "properties": {"payer": ["a"], "beneficiary": ["b"], "amount": ["5"]},
        }
        for number in range(3)
    ]
    with town.client(RECIPIENT) as client:
        client.reply(client.open(exchange), brief="Счета", entities=payments)
    with town.client(OFFICER) as client:
        index = client.get(exchange).statements[-1].index
    return {"exchange": exchange, "index": str(index)}


@pytest.mark.parametrize(
    ("role", "language"), list(zip(ROLES, [*LANGUAGES, "ru", "kk"], strict=True))
)
def test_axe_finds_nothing_serious_on_any_page_of_the_router(
    consoles: Consoles,
    chromium: Browser,
    exchanges: dict[str, str],
    answered: dict[str, str],
    role: str,
    language: str,
) -> None:
    console = consoles(role)
    page = entered(chromium, console, language)
    client = console.console.client
    client.cases.link("Дело 7", [answered["exchange"]], title="Вымышленное")
    [case] = [each for each in client.cases.all() if each.reference == "Дело 7"]
    values = {
        **answered,
        "/queue/{exchange} exchange": exchanges["held"],
        "/queue/{exchange}/{act} exchange": exchanges["held"],
        "/queue/{exchange}/{act} act": HELD_ACT,
        "/new/{act} act": "refer",
        "act": ACTS.get(role, "reply"),
        "section": "payments",
        "number": "0",
        "entry": "20",
        "draft": "0" * 16,
        "statement": "0" * 16,
        "agency": "uz.fiu",
        "case": cases.address(case),
    }
    if role == OFFICER:
        page.goto(f"{console.origin}/new/request_information")
        page.click("button[name=step][value=keep]")
        page.wait_for_url("**/drafts")
        href = page.get_attribute("main a[href^='/draft/']", "href")
        values["draft"] = str(href).rpartition("/")[2]
    paths = _every_page(console, values)
    assert len(paths) >= 25
    for path in paths:
        page.goto(console.origin + path)
        while page.locator("main progress:visible").count():
            page.wait_for_timeout(200)
        assert serious(page) == [], path
        assert page.locator("h1").count() == 1 or path == "/", path
    page.context.close()


THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious_at_the_entrance(
    town: Deployment,
    chromium: Browser,
    language: str,
    theme: Literal["light", "dark"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before one entered there is the language of the profile: right, wrong, used, locked."""
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    with town.client(OFFICER) as client, running_console(client, sessions) as console:
        monkeypatch.setattr(console.console, "language", Language[language.upper()])
        context = chromium.new_context(color_scheme=theme, reduced_motion="reduce")
        page = context.new_page()
        page.goto(f"{console.origin}/enter")
        _is_sound(page, language)
        page.fill("#code", "wrong")
        page.click("main button")
        page.wait_for_selector(".govuk-error-summary")
        _is_sound(page, language)
        code = sessions.new_code()
        # The page between the code and the first page of the role goes on by itself.
        bare = chromium.new_context(java_script_enabled=False).new_page()
        bare.route("**/", lambda route: route.fulfill(status=204))
        bare.goto(f"{console.origin}/enter")
        bare.fill("#code", code)
        bare.click("main button")
        bare.wait_for_selector("a[href='/']")
        assert bare.locator(f"html[lang={language}] a").inner_text()
        bare.context.close()
        page.goto(f"{console.origin}/enter#{code}")
        page.wait_for_selector(".govuk-error-summary")
        _is_sound(page, language)
        page.goto(f"{console.origin}/enter#{sessions.new_code()}")
        page.wait_for_url("**/work")
        token = page.get_attribute("input[name=token]", "value")
        now[0] = 61.0
        page.click("button[name=theme][value=dark]")
        page.wait_for_selector("h1")
        assert console.console.language is Language[language.upper()]
        _is_sound(page, language)
        page.goto(f"{console.origin}/work")
        assert page.url.endswith("/enter")
        _is_sound(page, language)
        assert token
        context.close()


def _is_sound(page: Page, language: str) -> None:
    assert page.get_attribute("html", "lang") == language
    assert page.locator("h1").count() == 1
    assert serious(page) == [], page.url


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious_on_pages_of_errors(
    consoles: Consoles,
    chromium: Browser,
    exchanges: dict[str, str],
    language: str,
    theme: Literal["light", "dark"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not found, no such method, crashed, an old form, a hub that lies or is away, and paper."""
    console = consoles(OFFICER)
    client = console.console.client
    page = entered(chromium, console, language, theme=theme)
    for path in ("/nowhere", "/lock", "/exchange/nonsense", "/new/nothing", "/case/" + "0" * 24):
        answer = page.goto(console.origin + path)
        assert answer is not None
        assert answer.status in (400, 404), path
        _is_sound(page, language)

    def fails(error: Exception) -> None:
        def failing(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(client, "get", failing)

    held = f"{console.origin}/exchange/{exchanges['held']}"
    for error, status in (
        (ValueError("crash"), 500),
        (Reason.ENTRY_MISMATCH.error("a lie"), 502),
        (Reason.UNAVAILABLE.error("away"), 503),
    ):
        console.console.forget_content()
        fails(error)
        answer = page.goto(held)
        while page.locator("main progress:visible").count():
            page.wait_for_timeout(200)
        assert page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") == (
            status
        ), error
        _is_sound(page, language)
    monkeypatch.undo()
    page.goto(held)
    page.emulate_media(media="print")
    assert serious(page) == []
    page.emulate_media(media="screen")
    page.goto(f"{console.origin}/overview")
    page.evaluate("document.querySelectorAll('[name=token]').forEach(each => each.value = 'old')")
    page.click("button[name=theme][value=dark]")
    page.wait_for_load_state()
    _is_sound(page, language)
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_serious_on_what_was_found_and_what_was_decided(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    page = entered(chromium, consoles(OFFICER), language)
    for words in ("12/345", "нет такого"):
        page.goto(f"{consoles(OFFICER).origin}/work")
        page.fill("#words", words)
        page.press("#words", "Enter")
        page.wait_for_url("**/search")
        _is_sound(page, language)
    page.context.close()
    exchange = ask(town, "kz.fma")
    # A console that was killed between the signature and the removal of the draft.
    drafts = consoles(OFFICER).console.drafts
    early = datetime.now(UTC) - timedelta(minutes=1)
    drafts.keep(Draft("f" * 16, "request_information", "", early, signing_as=exchange))
    page = entered(chromium, consoles(OFFICER), language)
    page.goto(f"{consoles(OFFICER).origin}/draft/{'f' * 16}/send")
    assert page.locator("main form[action$='/send']").count() == 0
    _is_sound(page, language)
    page.click("main form button")
    page.wait_for_url("**/drafts")
    page.context.close()
    exchange = ask(town, "kg.mia")
    with town.client(COORDINATOR) as client:
        client.approve(client.open(exchange))
    page = entered(chromium, consoles(COORDINATOR), language)
    answer = page.goto(f"{consoles(COORDINATOR).origin}/queue/{exchange}/approve")
    while page.locator("main progress:visible").count():
        page.wait_for_timeout(200)
    assert answer is not None
    assert page.locator("form[action$='/approve']").count() == 0
    _is_sound(page, language)
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_waiting_statement_is_withdrawn_with_two_clicks(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    console = consoles(OFFICER)
    profile = Profile.load(town.profile(OFFICER))
    with ExchangeClient.from_profile(profile, queue_only=True) as offline:
        queued = offline.request_information(
            to="kz.fma",
            brief={"summary": "Вымышленное"},
            request=InformationRequest(items=(Item.STR,)),
        )
    page = entered(chromium, console, language, width=360)
    page.goto(f"{console.origin}/outbox")
    assert serious(page) == []
    page.click(f"a[href='/outbox/{queued.statement_id}/withdraw']")
    page.wait_for_url("**/withdraw")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("main form button.govuk-button--warning")
    page.wait_for_url("**/outbox")
    assert not console.console.client.outbox.holds(queued.statement_id)
    assert problems_of(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_own_records_are_imported_and_compared(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    console = consoles(RECIPIENT)
    exchange = ask(town, "kz.fma")
    page = entered(chromium, console, language, width=360)
    page.goto(f"{console.origin}/holdings")
    page.fill("#name", f"Вымышленный учёт {language}")
    person = {"id": "own", "schema": "Person", "properties": {"name": ["Пример"]}}
    file = FilePayload(name="own.json", mimeType="", buffer=json.dumps(person).encode())
    page.set_input_files("input[name=entities_file]", file)
    page.click("main form[enctype] > button.govuk-button")
    page.wait_for_selector(".govuk-notification-banner--success")
    assert serious(page) == []
    page.goto(f"{console.origin}/exchange/{exchange}/matches")
    page.locator("main table").get_by_text("Пример").first.wait_for()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert problems_of(page) == []


def test_every_route_is_visited_or_said_to_be_no_page(consoles: Consoles) -> None:
    console = consoles(OFFICER)
    paths = {each.path for each in console.routes if "GET" in (each.methods or ())}
    assert set(NO_PAGES) <= paths, "what is no route any more is struck off"
    # The application itself has no other routes than these, and no application below it.
    assert all(type(each) is Route for each in console.routes)
    templates = {each.removesuffix(".html") for each in environment().list_templates()}
    assert templates - {"layout", "parts", "fields"} == VISITED, "a new page is added to a test"


VISITED = {
    "agency", "audit", "case", "cases", "compose", "decide", "decided", "directory", "drafts",
    "due", "enter", "entered", "entry", "exchange", "fault", "flows", "found", "holdings", "home",
    "list", "log", "matches", "news", "notice", "opening", "outbox", "plain", "queue", "rules",
    "send", "signed", "table", "withdraw", "work",
}  # fmt: skip
"""Every page, each in one of the tests of this file."""


def test_a_locked_console_leaves_nothing_on_the_screen(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    """Neither the page that was left open nor the browser's way back shows content."""
    exchange = ask(town, "kz.fma", "Вымышленная тайна экрана")
    console = consoles(RECIPIENT)
    page = entered(chromium, console)
    page.goto(f"{console.origin}/exchange/{exchange}")
    page.get_by_text("Вымышленная тайна экрана").first.wait_for()
    page.goto(f"{console.origin}/overview")
    page.go_back()
    page.get_by_text("Вымышленная тайна экрана").first.wait_for()
    console.sessions.end()
    page.wait_for_url("**/enter", timeout=15_000)
    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert "тайна экрана" not in page.inner_text("body")


def test_a_page_that_the_browser_kept_whole_is_hidden_until_it_is_asked_for_anew(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    """Browsers keep pages in memory for the way back; tests' Chromium does so only when told."""
    exchange = ask(town, "kz.fma", "Вымышленная тайна памяти")
    console = consoles(RECIPIENT)
    keeping = chromium.browser_type.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    try:
        page = entered(keeping, console)
        page.context.add_init_script(
            "addEventListener('pageshow', (event) => { if (event.persisted)"
            " window.name += getComputedStyle(document.body).visibility; })"
        )
        page.goto(f"{console.origin}/exchange/{exchange}")
        page.get_by_text("Вымышленная тайна памяти").first.wait_for()
        page.goto(f"{console.origin}/overview")
        console.sessions.end()
        page.evaluate("history.back()")
        page.wait_for_url("**/enter")
        # Where this Chromium keeps no such page there is nothing to hide.
        assert page.evaluate("window.name") in ("hidden", "")
    finally:
        keeping.close()


@pytest.mark.parametrize("width", [360, 640])
@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_cut_off_on_a_telephone_or_at_twice_the_size(
    consoles: Consoles, chromium: Browser, exchanges: dict[str, str], role: str, width: int
) -> None:
    page = entered(chromium, consoles(role), "kk", width=width)
    for path in PAGES[role]:
        page.goto(consoles(role).origin + path.format(**exchanges))
        # A page that loads itself again would break into the way to the next one.
        settle(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_auditor_verifies_and_follows_the_progress(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    exchange = ask(town, "kz.fma")
    page = entered(chromium, consoles(AUDITOR), language)
    page.keyboard.press("v")
    page.wait_for_selector(".govuk-notification-banner--success", timeout=60_000)
    assert serious(page) == []
    # The run of a test before this one may stand there until this one's has ended.
    ends = time.monotonic() + 60
    page.goto(f"{consoles(AUDITOR).origin}/log")
    while exchange not in page.inner_text("main"):
        assert time.monotonic() < ends
        page.wait_for_timeout(500)
        page.reload()
    assert serious(page) == []
    page.click("main a[href^='/log/']")
    page.wait_for_url("**/log/*")
    assert page.locator(".console-checks__ok").count() == 1
    assert serious(page) == []
    assert problems_of(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_paper_is_white_and_has_tables_whatever_the_screen_is(
    consoles: Consoles,
    chromium: Browser,
    exchanges: dict[str, str],
    theme: Literal["light", "dark"],
) -> None:
    """A sheet of A4 is narrower than the screens on which a row becomes a block."""
    page = entered(chromium, consoles(OFFICER), theme=theme, width=680)
    page.click(f"button[name=theme][value={theme}]")
    page.emulate_media(media="print", color_scheme=theme)
    for path in ("/due", f"/exchange/{exchanges['held']}"):
        page.goto(consoles(OFFICER).origin + path)
        # The page loads itself again while the exchange is being opened.
        page.locator("main table, main ol").first.wait_for()
        colours = page.evaluate("""() => {
          const style = getComputedStyle(document.body);
          return [style.color, style.backgroundColor];
        }""")
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 680, path
    page.goto(f"{consoles(OFFICER).origin}/due")
    row = "getComputedStyle(document.querySelector('.console-narrowed tbody tr')).display"
    assert page.evaluate(row) == "table-row"
    page.context.close()


def test_payments_are_read_without_scrolling_on_a_telephone_and_fit_on_paper(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    """The payer stood beyond the edge of a small screen."""
    exchange = ask(town, "kz.fma")
    payment = {
        "id": "p",
        "schema": "Payment",
        "properties": {
            "payer": ["company-of-a-long-name-KZ419990000000000117"],
            "beneficiary": ["another-company-of-a-long-name-KZ899990000000000223"],
            "amount": ["123456789.50"],
            "currency": ["KZT"],
            "date": ["2025-01-02"],
        },
    }
    with town.client(RECIPIENT) as client:
        client.reply(
            client.open(exchange), brief="Счета", entities=[payment, payment | {"id": "q"}]
        )
    scrolled = """[...document.querySelectorAll(".console-scroll")]
      .filter((each) => each.scrollWidth > each.clientWidth + 1).length"""
    for width in (360, 640):
        page = entered(chromium, consoles(OFFICER), "kk", width=width)
        page.goto(f"{consoles(OFFICER).origin}/exchange/{exchange}")
        flows = page.locator("a[href*='/flows/']")
        flows.wait_for()
        address = consoles(OFFICER).origin + (flows.get_attribute("href") or "")
        labels = page.evaluate("""[...document.querySelectorAll(".console-payments td[data-label]")]
          .map((each) => getComputedStyle(each, "::before").content)""")
        assert len(labels) == 10
        assert all(": " in each for each in labels)
        assert page.evaluate(scrolled) == 0
        for path in (address, address.replace("/flows/", "/table/") + "/payments"):
            page.goto(path)
            page.locator("main tbody td").first.wait_for()
            assert page.evaluate(scrolled) == 0, path
            assert serious(page) == []
        page.context.close()
    page = entered(chromium, consoles(OFFICER), width=680)
    page.emulate_media(media="print")
    page.goto(f"{consoles(OFFICER).origin}/exchange/{exchange}")
    page.locator(".console-payments").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    page.context.close()


def test_each_item_of_the_queue_is_told_apart_by_a_screen_reader(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    """Items between the same two agencies have one name; what they are about tells them apart."""
    for summary in ("Первое дело", "Второе дело"):
        ask(town, "uz.fiu", summary)
    page = entered(chromium, consoles(COORDINATOR), "ru")
    boxes = page.get_by_role("checkbox", name="kz.mia → uz.fiu")
    assert boxes.count() >= 2
    for box in boxes.all():
        described = (box.get_attribute("aria-describedby") or "").split()
        words = " ".join(page.locator(f"#{each}").inner_text() for each in described)
        assert "запрос информации" in words.lower()
    assert serious(page) == []


def test_flows_are_a_picture_of_their_table(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    exchange = ask(town, "kz.fma")
    payments = [
        {
            "id": f"p{number}",
            "schema": "Payment",
            "properties": {
                "payer": [f"payer-{number % 3}"],
                "beneficiary": ["payee"],
                "amount": [str(100 + number)],
                "currency": ["KZT"],
                "date": ["2025-01-02"],
            },
        }
        for number in range(9)
    ]
    with town.client(RECIPIENT) as client:
        client.reply(client.open(exchange), brief="Счета", entities=payments)
    page = entered(chromium, consoles(OFFICER))
    page.goto(f"{consoles(OFFICER).origin}/exchange/{exchange}")
    page.click("a[href*='/flows/']")
    page.wait_for_selector("#flows canvas", state="attached")
    assert page.locator("#flows-table tbody tr").count() == 3
    assert serious(page) == []
    page.goto(page.url.replace("/flows/", "/table/") + "/payments")
    assert page.locator("tbody tr").count() == 9
    assert serious(page) == []
    assert problems_of(page) == []


def test_the_code_leaves_the_address_and_nothing_is_stored(
    consoles: Consoles, chromium: Browser
) -> None:
    page = entered(chromium, consoles(OFFICER))
    assert "#" not in page.url
    stored = page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert stored == [0, 0, ""]


def test_a_page_of_another_port_can_neither_read_nor_change(
    consoles: Consoles, chromium: Browser
) -> None:
    """The other page is of the same site, so the browser sends it the cookie."""
    page = entered(chromium, consoles(OFFICER))
    target = consoles(OFFICER).origin
    page.goto(f"{consoles(RECIPIENT).origin}/enter")
    page.evaluate("document.documentElement.innerHTML = ''")
    got = page.evaluate(
        "url => fetch(url, {credentials: 'include'}).then(r => r.status, () => 'blocked')",
        f"{target}/work",
    )
    assert got == "blocked"
    with page.context.new_page() as other:
        other.route(
            "**/evil", lambda route: route.fulfill(body=_form(target), content_type="text/html")
        )
        other.goto(f"{consoles(RECIPIENT).origin}/evil")
        other.click("button")
        other.wait_for_load_state()
        assert "not the console's" in other.inner_text("body")


def _form(target: str) -> str:
    return f"<form method=post action='{target}/lock'><button>x</button></form>"


def test_text_of_another_agency_runs_nothing(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    exchange = ask(town, "kz.fma", hostile)
    page = entered(chromium, consoles(RECIPIENT))
    page.goto(f"{consoles(RECIPIENT).origin}/exchange/{exchange}")
    page.get_by_text(hostile).first.wait_for()
    assert problems_of(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_supervisor_asks_to_be_involved(
    town: Deployment, consoles: Consoles, chromium: Browser, language: str
) -> None:
    exchange = ask(town, "kz.fma", "Вымышленное дело под надзором")
    page = entered(chromium, consoles(PROSECUTOR), language)
    page.goto(f"{consoles(PROSECUTOR).origin}/exchange/{exchange}")
    page.click(f"a[href='/exchange/{exchange}/ask_to_be_involved']")
    page.select_option("select[name=agency]", "kz.mia")
    page.fill("textarea[name=comment]", "Прошу привлечь")
    page.click("button[name=step][value=next]")
    page.wait_for_url("**/send")
    page.click("main form button")
    page.wait_for_url("**/exchange/*")
    page.get_by_text("Прошу привлечь").first.wait_for()
    assert problems_of(page) == []


def _filled(page: Page, file: FilePayload) -> None:
    page.goto(page.url.replace("/work", "/new/request_information"))
    page.check("input[name=to][value='kz.fma']")
    page.fill("textarea[name='brief.summary']", "Вымышленное дело с файлом")
    page.check("input[name='request.items'][value=STR]")
    page.set_input_files("input[name=attachments]", file)


def test_files_go_with_a_progress_and_without_a_script(
    consoles: Consoles, chromium: Browser
) -> None:
    big = FilePayload(
        name="выписка.bin", mimeType="application/octet-stream", buffer=b"x" * 8_000_000
    )
    page = entered(chromium, consoles(OFFICER))
    _filled(page, big)
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => window.name = document.getElementById("upload").value + "")
        .observe(document.getElementById("upload"), { attributes: true });
    }""")
    page.click("button[name=step][value=next]")
    page.wait_for_url("**/send")
    assert page.evaluate("Number(window.name)") > 0
    assert "выписка.bin" in page.inner_text("main")
    assert problems_of(page) == []
    plain = chromium.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    bare = plain.new_page()
    bare.goto(f"{consoles(OFFICER).origin}/work")
    _filled(bare, big)
    bare.click("button[name=step][value=next]")
    bare.wait_for_url("**/send")
    assert "выписка.bin" in bare.inner_text("main")


def test_an_upload_that_breaks_off_loses_nothing(consoles: Consoles, chromium: Browser) -> None:
    page = entered(chromium, consoles(OFFICER))
    _filled(page, FilePayload(name="выписка.bin", mimeType="", buffer=b"x" * 3_000_000))
    broken = re.compile("/new/request_information$")
    page.route(broken, lambda route: route.abort())
    page.click("button[name=step][value=next]")
    page.wait_for_selector("#compose-said:has-text('does not answer')")
    assert not page.locator("#upload").is_visible()
    assert page.input_value("textarea[name='brief.summary']") == "Вымышленное дело с файлом"
    # The console itself is gone: no file is sent, and nothing is lost either.
    page.unroute(broken)
    page.route("**/session", lambda route: route.abort())
    _press_again(page, "button[name=step][value=next]")
    page.wait_for_selector("#compose-said:has-text('does not answer')")
    page.unroute("**/session")
    _press_again(page, "button[name=step][value=next]")
    page.wait_for_url("**/send")
    assert "выписка.bin" in page.inner_text("main")


def test_a_form_outlives_an_error_a_pause_and_the_lock(
    consoles: Consoles, chromium: Browser
) -> None:
    console = consoles(OFFICER)
    page = entered(chromium, console)
    page.clock.install()
    page.goto(f"{console.origin}/new/request_information")
    page.fill("textarea[name='brief.summary']", "Вымышленный черновик")
    page.clock.run_for(15_000)
    page.wait_for_selector("#compose-said:has-text('The draft is kept')")
    draft = page.input_value("input[name=draft]")
    assert len(draft) == 16
    page.click("button[name=step][value=next]", no_wait_after=True)
    page.wait_for_selector("a[href='#to']")
    assert page.input_value("textarea[name='brief.summary']") == "Вымышленный черновик"
    assert page.input_value("input[name=draft]") == draft
    assert serious(page) == []
    console.sessions.end()
    page.check("input[name=to][value='kz.fma']")
    page.check("input[name='request.items'][value=STR]")
    page.fill("input[name='due.day']", "1")
    page.clock.run_for(2_000)
    page.click("button[name=step][value=next]", no_wait_after=True)
    page.wait_for_selector("#compose-said:has-text('locked')")
    assert page.input_value("textarea[name='brief.summary']") == "Вымышленный черновик"
    again = entered(chromium, console)
    again.goto(f"{console.origin}/draft/{draft}")
    assert again.input_value("textarea[name='brief.summary']") == "Вымышленный черновик"


def test_words_of_a_decision_outlive_the_lock(
    town: Deployment, consoles: Consoles, chromium: Browser
) -> None:
    exchange = ask(town, "kg.mia", due="2d")
    console = consoles(COORDINATOR)
    page = entered(chromium, console)
    page.goto(f"{console.origin}/queue/{exchange}/return_to_author")
    page.wait_for_selector("#text")
    page.fill("#text", "Вымышленный вопрос")
    console.sessions.end()
    page.click("main form button.govuk-button")
    page.wait_for_selector(".console-told:has-text('locked')")
    assert page.input_value("#text") == "Вымышленный вопрос"
    assert state(town, exchange) is LegState.HELD
    # One enters in another tab of the same browser, and comes back to what one wrote.
    with page.context.new_page() as other:
        other.goto(f"{console.origin}/enter#{console.sessions.new_code()}")
        other.wait_for_url("**/queue")
    _press_again(page, "main form button.govuk-button")
    page.wait_for_url("**/queue")
    assert state(town, exchange) is LegState.RETURNED


def _press_again(page: Page, button: str) -> None:
    """Press a button that takes no second click within a second, as no person's second one is."""
    page.eval_on_selector(button, "each => each.form.requestSubmit(each)")


def test_a_form_goes_on_after_its_person_entered_anew(
    consoles: Consoles, chromium: Browser
) -> None:
    console = consoles(OFFICER)
    page = entered(chromium, console)
    page.goto(f"{console.origin}/new/request_information")
    page.check("input[name=to][value='kz.fma']")
    page.check("input[name='request.items'][value=STR]")
    console.sessions.end()
    page.fill("textarea[name='brief.summary']", "Написано после блокировки")
    page.click("button[name=step][value=next]", no_wait_after=True)
    page.wait_for_selector("#compose-said:has-text('locked')")
    with page.context.new_page() as other:
        other.goto(f"{console.origin}/enter#{console.sessions.new_code()}")
        other.wait_for_url("**/work")
    _press_again(page, "button[name=step][value=next]")
    page.wait_for_url("**/send")
    assert "Написано после блокировки" in page.inner_text("main")


def test_two_clicks_make_one_draft(consoles: Consoles, chromium: Browser) -> None:
    console = consoles(OFFICER)
    page = entered(chromium, console)
    page.goto(f"{console.origin}/new/request_information")
    page.fill("textarea[name='brief.summary']", "Два щелчка")
    page.evaluate(
        "() => document.querySelectorAll('button[name=step]').forEach(each => each.click())"
    )
    page.wait_for_selector("a[href='#to']")
    drafts = console.console.drafts.all()
    assert [each.one("brief.summary") for each in drafts].count("Два щелчка") == 1


def test_a_draft_that_cannot_be_kept_is_told(consoles: Consoles, chromium: Browser) -> None:
    console = consoles(OFFICER)
    page = entered(chromium, console)
    page.clock.install()
    page.goto(f"{console.origin}/new/request_information")
    page.route("**/new/request_information", lambda route: route.fulfill(status=500))
    page.fill("textarea[name='brief.summary']", "Вымышленный черновик")
    page.clock.run_for(15_000)
    page.wait_for_selector("#compose-said:has-text('could not be kept')")
