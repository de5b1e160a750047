"""Attacks on what happens in between: while a form arrives, a page is made, or nobody asked."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from agency_client.console.openings import Openings
from agency_client.console.sessions import Sessions
from exchange_protocol.kinds.codes import LegState
from tests.integration.console.test_officer import FORM
from tests.support.asking import new_exchange
from tests.support.console import Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA

FORM_KIND = "application/x-www-form-urlencoded"


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    """The head of a request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {each}" for name, each in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def said(connection: socket.socket) -> bytes:
    """All that the console says on a connection, until it ends it or falls silent."""
    found = b""
    connection.settimeout(2)
    try:
        while part := connection.recv(65536):
            found += part
    except (TimeoutError, ConnectionError):
        pass
    return found


def spoken(console: RunningConsole, data: bytes) -> bytes:
    """The console's answer to these very bytes."""
    with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
        connection.sendall(data)
        return said(connection)


# --- Between the check of a session and the act -------------------------------------------------


def _lock(console: RunningConsole, now: list[float]) -> None:
    console.sessions.end()


def _enter_anew(console: RunningConsole, now: list[float]) -> None:
    assert console.sessions.enter(console.sessions.new_code())


def _wait_too_long(console: RunningConsole, now: list[float]) -> None:
    now[0] += 61


ENDS = pytest.mark.parametrize("end", [_lock, _enter_anew, _wait_too_long])
End = Callable[[RunningConsole, list[float]], None]


@ENDS
def test_a_form_whose_session_ended_while_it_arrived_decides_nothing(
    hub: InMemoryHub, tmp_path: Path, end: End
) -> None:
    held = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "uz.fiu")
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client, sessions) as console:
        browser = console.entered()
        page = browser.get(f"/queue/{held}/approve")
        awaits = page.text.partition('name="awaits" value="')[2].partition('"')[0]
        form = f"token={page.token}&awaits={awaits}".encode()
        own = browser.headers(
            Origin=console.origin, Content_Type=FORM_KIND, Content_Length=str(len(form))
        )
        with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
            # The head passes the guard; the last byte comes after the session has ended.
            connection.sendall(head("POST", f"/queue/{held}/approve", own) + form[:-1])
            assert browser.get("/overview").status == 200
            end(console, now)
            connection.sendall(form[-1:])
            answer = said(connection)
        assert answer.startswith(b"HTTP/1.1 403 "), answer
        assert client.get(held).legs[0].state is LegState.HELD


@ENDS
def test_a_page_whose_session_ended_while_it_was_made_shows_nothing(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    exchange = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "kz.fma")
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client, sessions) as console:
        browser = console.entered()
        assert exchange in browser.get("/inbox").text
        begun, goes_on = threading.Event(), threading.Event()
        inner = console.console.references

        def slowly() -> object:
            begun.set()
            assert goes_on.wait(20)
            return inner()

        monkeypatch.setattr(console.console, "references", slowly)
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(console.raw("GET", "/inbox", browser.headers()))
        )
        asking.start()
        assert begun.wait(20)
        end(console, now)
        goes_on.set()
        asking.join(20)
        assert answers[0].status == 403
        assert exchange not in answers[0].text


def test_who_has_a_session_enters_anew(console: RunningConsole) -> None:
    """The session before ends by that, and the new one is given."""
    browser = console.entered()
    answer = browser.enter(console.sessions.new_code())
    assert answer.status == 200
    assert browser.get("/overview").status == 200


def test_an_idle_console_forgets_what_it_opened(hub: InMemoryHub, tmp_path: Path) -> None:
    """Not only the one that a person locks."""
    exchange = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "kz.fma")
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client, sessions) as console:
        browser = console.entered()
        assert browser.get(f"/exchange/{exchange}").status == 200
        openings: Openings = console.console._openings
        assert openings.known(exchange) is not None
        now[0] = 61.0
        assert browser.get("/news").status == 403
        assert openings.known(exchange) is None


# --- Headers that a person's browser does not send so -------------------------------------------


@pytest.mark.parametrize(
    "sites",
    [
        ["same-origin", "cross-site"],
        ["cross-site", "same-origin"],
        ["same-origin", "same-origin"],
        ["same-origin, cross-site"],
        ["Same-Origin "],
        ["none", "same-site"],
    ],
    ids=str,
)
def test_a_header_that_stands_twice_is_believed_in_neither_form(
    console: RunningConsole, sites: list[str]
) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    own = browser.headers(Origin=console.origin, Content_Type=FORM_KIND)
    del own["Sec-Fetch-Site"]
    form = f"token={token}&language=ru".encode()
    own["Content-Length"] = str(len(form))
    lines = "".join(f"Sec-Fetch-Site: {each}\r\n" for each in sites).encode()
    for method, path, body in (("POST", "/settings", form), ("GET", "/overview", b"")):
        given = own if body else {name: own[name] for name in ("Host", "Cookie")}
        told = spoken(console, head(method, path, given)[:-2] + lines + b"\r\n" + body)
        assert told.startswith(b"HTTP/1.1 403 "), (method, told[:200])
    assert 'lang="en"' in browser.get("/overview").text


@pytest.mark.parametrize(
    "purpose",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Purpose": "prefetch;anonymous-client-ip"},
        {"Purpose": "prefetch"},
    ],
    ids=str,
)
def test_a_browser_that_runs_ahead_of_its_person_opens_nothing(
    hub: InMemoryHub, tmp_path: Path, purpose: dict[str, str]
) -> None:
    """An exchange that is opened is a delivery on the log."""
    exchange = new_exchange(hub.client(tmp_path / "p", KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        browser = console.entered()
        size = len(hub.log)
        path = f"/exchange/{exchange}"
        assert console.raw("GET", path, browser.headers() | purpose).status == 503
        assert len(hub.log) == size
        assert browser.get(path).status == 200
        assert len(hub.log) > size


@pytest.mark.parametrize(
    "lines",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET /overview HTTP/1.1\r\nHost: {host}\r\nX: a\r\n b\r\n\r\n",
        b"GET /overview HTTP/1.1\nHost: {host}\n\n",
        b"GET /overview HTTP/1.1\r\nHost: {host}\r\nX: a\x00b\r\n\r\n",
        b"GET /overview HTTP/9.9\r\nHost: {host}\r\n\r\n",
        b"GET  /overview HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET /over view HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET /overview\r\n\r\n",
        b"GET /overview HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        b"GET /news HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
        b"GET /overview HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /overview HTTP/1.1\r\n" + b"Host: {host}\r\n" * 3000 + b"\r\n",
    ],
    ids=[
        "http/2", "connect", "options star", "star", "folded", "bare lines", "nul", "version",
        "two blanks", "a blank", "http/0.9", "h2c", "web socket", "tls", "long", "many",
    ],
)  # fmt: skip
def test_what_is_no_request_of_a_browser_gives_no_page(
    console: RunningConsole, lines: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    told = spoken(console, lines.replace(b"{host}", console.authority.encode()))
    assert not told.startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")), told[:300]
    assert browser.cookie.encode() not in told
    assert browser.get("/overview").status == 200
    assert capfd.readouterr().err == ""


def test_who_expects_to_be_told_to_go_on_is_refused_before(console: RunningConsole) -> None:
    """Without a cookie nobody is asked for 64 MB."""
    own = {
        "Host": console.authority, "Origin": console.origin, "Sec-Fetch-Site": "same-origin",
        "Content-Type": FORM_KIND, "Content-Length": "60000000", "Expect": "100-continue",
    }  # fmt: skip
    told = spoken(console, head("POST", "/new/request_information", own))
    assert told.startswith(b"HTTP/1.1 403 "), told[:200]
    assert b"100 Continue" not in told


@pytest.mark.parametrize(
    "path",
    [
        "/static/../overview",
        "/static/%2e%2e/overview",
        "/static/x/..%2f..%2foverview",
        "/static/x/%2e%2e/%2e%2e/overview",
        "/static//overview",
        "/static/x/..%5c..%5coverview",
        "/enter/../overview",
        "/enter%2f..%2foverview",
        "/enter;/../overview",
        "/enter?next=/overview",
        "/ENTER/../overview",
        "//overview",
        "/./overview",
        "/%6fverview",
        "/overview%00/static/",
        "/overview#/static/",
        "/static%2f..%2foverview",
        "/static/x/console.css/../../../overview",
        "/static/x/%2fetc%2fpasswd",
        "/static/x/vendor%2f..%2f..%2fguard.py",
    ],
)
def test_no_way_to_write_a_path_goes_round_the_entrance(console: RunningConsole, path: str) -> None:
    console.entered()
    answer = console.raw("GET", path, {"Host": console.authority})
    assert answer.status in (200, 303, 400, 404)
    assert "kz.mia" not in answer.text
    assert "def " not in answer.text
    assert answer.status != 303 or answer.location == "/enter"


@pytest.mark.parametrize(
    "conditions",
    [
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"Range": "bytes=0-9"},
        {"Accept": "application/json"},
        {"Accept-Encoding": "gzip, br"},
    ],
    ids=str,
)
def test_a_page_is_given_whole_and_is_kept_by_nobody(
    console: RunningConsole, conditions: dict[str, str]
) -> None:
    """Compression of a page that has a token would tell its length apart (BREACH)."""
    answer = console.raw("GET", "/overview", console.entered().headers() | conditions)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert not answer.headers.keys() & {"etag", "last-modified", "content-encoding", "age"}


# --- Secrets -----------------------------------------------------------------------------------


def test_no_secret_stands_in_an_address_or_is_said_again(console: RunningConsole) -> None:
    code = console.sessions.new_code()
    browser = Browser(console)
    answers = [browser.enter("wrong"), browser.enter(code)]
    secret = browser.cookie.partition("=")[2]
    answers += [browser.get(path) for path in ("/overview", "/work", f"/enter?code={code}", "/x")]
    answers.append(console.raw("GET", "/overview", {"Host": console.authority}))
    for answer in answers:
        assert code not in answer.text + answer.location
        assert secret not in answer.text + answer.location
        assert answer.headers["referrer-policy"] == "same-origin"
    assert browser.token not in "".join(each.location for each in answers)
    # A code in an address is none: addresses are kept by browsers.
    fresh = console.sessions.new_code()
    assert (
        "set-cookie"
        not in console.raw("GET", f"/enter?code={fresh}", {"Host": console.authority}).headers
    )


def test_a_stolen_link_shuts_its_owner_out_and_tells_the_owner(console: RunningConsole) -> None:
    """The first caller has the session; the person's own try says so, and a restart ends it."""
    code = console.sessions.new_code()
    thief, owner = Browser(console), Browser(console)
    assert thief.enter(code).status == 200
    refused = owner.enter(code)
    assert refused.status == 403
    assert "someone else" in refused.words
    assert "set-cookie" not in refused.headers
    console.sessions.end()
    assert console.raw("GET", "/overview", thief.headers()).location == "/enter"


# --- Forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_a_form_of_a_hundred_thousand_fields_is_refused_soon(
    console: RunningConsole, kind: str
) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    if kind == "multipart":
        part = '--b\r\nContent-Disposition: form-data; name="f{0}"\r\n\r\nx\r\n'
        body = "".join(map(part.format, range(100_000))) + "--b--\r\n"
        header = "multipart/form-data; boundary=b"
    else:
        body = "&".join(f"f{number}=x" for number in range(100_000)) + f"&token={token}"
        header = FORM_KIND
    own = browser.headers(Origin=console.origin, Content_Type=header)
    begun = time.process_time()
    assert console.raw("POST", "/settings", own, body.encode()).status == 400
    assert time.process_time() - begun < 20
    assert browser.get("/overview").status == 200


@pytest.mark.parametrize(
    "header",
    [
        "text/plain; application/x-www-form-urlencoded",
        "text/plain;multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded; charset=utf-16",
        "APPLICATION/JSON",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 5000,
        "multipart/form-data; boundary=b; boundary=c",
        "multipart/mixed; boundary=b",
        "application/x-www-form-urlencoded, text/plain",
    ],
)
def test_a_content_type_that_plays_tricks_crashes_nothing(
    console: RunningConsole, header: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    browser.get("/overview")
    own = browser.headers(Origin=console.origin, Content_Type=header)
    body = b'--b\r\nContent-Disposition: form-data; name="language"\r\n\r\nru\r\n--b--\r\n'
    for each in (body, b"language=ru", "language=ru".encode("utf-16")):
        assert console.raw("POST", "/settings", own, each).status in (400, 403)
    assert 'lang="en"' in browser.get("/overview").text
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "name",
    [
        "a%0d%0aSet-Cookie: x=1.pdf",
        "../../../../tmp/x",
        "C:\\Windows\\x.pdf",
        "a\u202efdp.exe",
        "<img src=x onerror=alert(1)>.pdf",
        "a\u0000b.pdf",
        "\u200b",
        "x" * 5000,
        "con.pdf",
    ],
    ids=lambda name: ascii(name)[:20],
)
def test_a_name_of_a_file_to_attach_is_shown_or_refused(
    console: RunningConsole, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    kept = browser.post("/new/request_information", {"attachments": (name, b"1")}, **FORM)
    page = browser.get(kept.location) if kept.status == 303 else kept
    assert page.status in (200, 400)
    bare = re.sub(r"<script nonce=\"[^\"]+\" src=\"/static/[^>]+></script>", "", page.text)
    assert "<img" not in bare
    for unseen in "\u202e\u200b\u0000":
        assert unseen not in re.sub(r'value="[^"]*"', "", page.text)
    assert "set-cookie" not in page.headers
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("act", ["/queue/{id}/approve", "/exchange/{id}", "/exchange/{id}/reply"])
@pytest.mark.parametrize(
    "found", ["%00", "..", "%2e%2e", "a%0d%0aX:%20y", quote("<script>alert(1)</script>"), "%F0%9F"]
)
def test_an_id_of_an_exchange_is_an_id(
    console: RunningConsole, act: str, found: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    browser.get("/overview")
    path = act.replace("{id}", found)
    for answer in (browser.get(path), browser.post(path, awaits="0" * 64, result="NO_HIT")):
        assert answer.status < 500
        assert "x" not in answer.headers
        assert "<script>alert" not in answer.text
    assert capfd.readouterr().err == ""
