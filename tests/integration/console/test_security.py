"""The console is refused to every page, port and person but the one who holds its link.

Each test is an attack of ADR 0032 or of the threat model; the requests go over the socket.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from starlette.routing import Route

from agency_client.console.sessions import Sessions
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_MIA

PAGES = ("/", "/settings", "/lock", "/nowhere")


def _forms(console: RunningConsole, browser: Browser, **changes: str | None) -> Answer:
    """A form that changes the language, with headers changed; None leaves one out."""
    body = f"token={browser.token}&language=ru".encode()
    headers = browser.headers(
        Origin=console.origin, Content_Type="application/x-www-form-urlencoded"
    )
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return console.raw("POST", "/settings", headers, body)


# --- Rebinding: another name leads to the loopback address ---------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1:{port}@evil.example",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
def test_any_other_host_is_refused(console: RunningConsole, host: str) -> None:
    browser = console.entered()
    headers = browser.headers() | {"Host": host.format(port=console.port)}
    for path in ("/", "/enter", "/static/x/console.js"):
        assert console.raw("GET", path, headers).status == 421


@pytest.mark.parametrize("lines", [[], ["{own}", "evil.example"], ["evil.example", "{own}"]])
def test_a_host_that_is_missing_or_stands_twice_is_refused(
    console: RunningConsole, lines: list[str]
) -> None:
    hosts = "".join(f"Host: {line.format(own=console.authority)}\r\n" for line in lines)
    with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
        connection.sendall(f"GET /enter HTTP/1.0\r\n{hosts}\r\n".encode())
        answer = connection.makefile("rb").readline()
    assert answer.split()[1] in (b"400", b"421")


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"])
def test_headers_of_proxies_change_nothing(console: RunningConsole, name: str) -> None:
    headers = {"Host": "evil.example", name: console.authority}
    assert console.raw("GET", "/enter", headers).status == 421


# --- Forged requests -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": None},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Origin": None},
    ],
    ids=str,
)
def test_a_form_of_another_page_changes_nothing(
    console: RunningConsole, changes: dict[str, str | None]
) -> None:
    browser = console.entered()
    browser.get("/")
    assert _forms(console, browser, **changes).status == 403
    assert 'lang="en"' in browser.get("/").text
    assert _forms(console, browser).status == 303
    assert 'lang="ru"' in browser.get("/").text


@pytest.mark.parametrize("token", ["", "x", "a" * 43])
def test_a_form_without_the_token_of_the_session_changes_nothing(
    console: RunningConsole, token: str
) -> None:
    browser = console.entered()
    browser.token = token
    assert browser.post("/settings", language="ru").status == 403
    assert 'lang="en"' in browser.get("/").text


def test_every_action_asks_for_the_token(console: RunningConsole) -> None:
    browser = console.entered()
    browser.token = "another"
    paths = [route.path for route in _actions(console) if route.path != "/enter"]
    assert paths
    for path in paths:
        assert browser.post(path.replace("{", "").replace("}", "")).status in (403, 404), path


def _actions(console: RunningConsole) -> list[Route]:
    return [each for each in console.routes if "POST" in (each.methods or ())]


def test_no_route_takes_both_readings_and_changes(console: RunningConsole) -> None:
    for route in console.routes:
        assert route.methods in ({"GET", "HEAD"}, {"POST"})


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_or_port_cannot_have_a_page_read(console: RunningConsole, site: str) -> None:
    """A page on another port is of the same site: the browser sends it the cookie."""
    browser = console.entered()
    headers = browser.headers() | {"Sec-Fetch-Site": site}
    assert console.raw("GET", "/", headers).status == 403


def test_a_script_of_another_origin_cannot_read(console: RunningConsole) -> None:
    browser = console.entered()
    headers = browser.headers() | {"Origin": "http://127.0.0.1:1"}
    answer = console.raw("GET", "/", headers)
    assert answer.status == 403
    assert not any(name.startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(console: RunningConsole, method: str) -> None:
    browser = console.entered()
    assert console.raw(method, "/", browser.headers()).status == 405


def test_a_form_must_say_how_long_it_is(console: RunningConsole) -> None:
    browser = console.entered()
    headers = browser.headers(Origin=console.origin, Transfer_Encoding="chunked")
    assert console.raw("POST", "/settings", headers, b"0\r\n\r\n").status == 411
    headers = browser.headers(Origin=console.origin, Content_Length=str(65 * 1024 * 1024))
    assert console.raw("POST", "/settings", headers).status == 413
    headers["Content-Length"] = "9" * 5000
    assert console.raw("POST", "/settings", headers).status in (400, 413)


# --- The second user of the machine, and the stolen link ------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_without_the_cookie_there_is_the_entrance_alone(console: RunningConsole, path: str) -> None:
    answer = console.raw("GET", path, {"Host": console.authority})
    assert (answer.status, answer.location) == (303, "/enter")
    forged = {"Origin": console.origin, "Sec-Fetch-Site": "same-origin"}
    headers = {"Host": console.authority} | forged
    assert console.raw("POST", path, headers, b"").status == 403


@pytest.mark.parametrize("cookie", ["{name}=", "{name}=x", "session={value}", "{name}2={value}"])
def test_a_guessed_cookie_opens_nothing(console: RunningConsole, cookie: str) -> None:
    value = console.entered().cookie.partition("=")[2]
    given = cookie.format(name=console.sessions.cookie_name, value=value)
    headers = {"Host": console.authority, "Cookie": given}
    assert console.raw("GET", "/", headers).location == "/enter"


def test_a_link_works_once(console: RunningConsole) -> None:
    code = console.sessions.new_code()
    assert Browser(console).enter(code).status == 200
    thief = Browser(console)
    answer = thief.enter(code)
    assert (answer.status, thief.cookie) == (403, "")
    assert "someone else on this computer" in answer.words


def test_entering_anew_ends_the_session_before(console: RunningConsole) -> None:
    first, second = console.entered(), console.entered()
    assert second.get("/").status == 200
    assert console.raw("GET", "/", first.headers()).location == "/enter"


def test_a_wrong_code_does_not_use_up_the_right_one(console: RunningConsole) -> None:
    code = console.sessions.new_code()
    assert Browser(console).enter(code[:-1]).status == 403
    assert Browser(console).enter("").status == 403
    assert Browser(console).enter(code).status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console: RunningConsole) -> None:
    answer = Browser(console).enter(console.sessions.new_code())
    words = {word.strip().lower() for word in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= words
    assert not any(word.startswith(("max-age", "expires", "domain")) for word in words)


def test_two_consoles_of_one_machine_have_cookies_of_different_names() -> None:
    assert Sessions().cookie_name != Sessions().cookie_name


def test_an_idle_console_locks_and_shows_a_new_link(hub: InMemoryHub, tmp_path: Path) -> None:
    now, locked = [0.0], list[str]()
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0], on_lock=locked.append)
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client, sessions) as console:
        browser = console.entered()
        now[0] = 60.0
        assert browser.get("/").status == 200
        now[0] = 120.1
        assert console.raw("GET", "/", browser.headers()).location == "/enter"
        assert len(locked) == 1
        assert Browser(console).enter(locked[0]).status == 200


def test_what_the_browser_asks_by_itself_keeps_no_session_alive() -> None:
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    session = sessions.enter(sessions.new_code())
    assert session is not None
    now[0] = 50.0
    assert sessions.find(session.cookie, is_used=False) is session
    now[0] = 61.0
    assert sessions.find(session.cookie) is None


def test_locking_ends_the_session(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/")
    assert browser.post("/lock").location == "/enter"
    assert console.raw("GET", "/", browser.headers()).location == "/enter"


# --- What every answer bears ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/enter", "/nowhere", "/static/x/console.css", "/static/x/no"]
)
def test_every_answer_forbids_frames_sniffing_and_foreign_content(
    console: RunningConsole, path: str
) -> None:
    browser = console.entered()
    answer = console.raw("GET", path, browser.headers())
    policy = answer.headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert rule in policy
    for word in ("unsafe", "data:", "http:", "*"):
        assert word not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "server" not in answer.headers
    if not path.startswith("/static/"):
        assert answer.headers["cache-control"] == "no-store"


def test_refusals_bear_the_same(console: RunningConsole) -> None:
    answer = console.raw("GET", "/", {"Host": "evil.example"})
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "vendor/../../app.py"]
)
def test_files_outside_of_the_static_folder_are_not_given(
    console: RunningConsole, path: str
) -> None:
    answer = console.raw("GET", f"/static/x/{path}", {"Host": console.authority})
    assert answer.status in (303, 404)
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "here",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\r\nA: b"],
)
def test_no_form_leads_to_another_site(console: RunningConsole, here: str) -> None:
    browser = console.entered()
    browser.get("/")
    assert browser.post("/settings", language="kk", here=here).location == "/"


def test_a_crash_tells_where_and_not_what(
    console: RunningConsole, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> None:
        raise ValueError("вымышленная тайна")

    monkeypatch.setattr(console.console.client, "checkpoint", crash)
    answer = console.entered().get("/overview")
    out, err = capfd.readouterr()
    assert answer.status == 500
    assert "agency console: ValueError at" in err
    for said in (answer.text, out, err):
        assert "тайна" not in said


def test_the_token_of_a_session_is_given_to_a_script_and_shown_to_nobody(
    console: RunningConsole,
) -> None:
    browser = console.entered()
    browser.get("/overview")
    asked = console.raw("GET", "/session", browser.headers(Sec_Fetch_Mode="cors"))
    assert asked.text == browser.token
    opened = console.raw(
        "GET", "/session", browser.headers(Sec_Fetch_Mode="navigate", Sec_Fetch_User="?1")
    )
    assert opened.status == 404
    assert "There is no such page" in opened.words
