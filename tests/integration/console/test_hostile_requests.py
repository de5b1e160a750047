"""Requests that no browser sends, and those that a browser sends by itself."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from agency_client.console import guard, server
from agency_client.console.guard import MAX_CODE_BYTES
from agency_client.console.sessions import Sessions
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_MIA


def spoken(console: RunningConsole, *lines: str, body: bytes = b"") -> bytes:
    """The console's answer to these very bytes, until it ends the connection or falls silent."""
    said = b""
    with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        connection.settimeout(1)
        try:
            while found := connection.recv(65536):
                said += found
        except TimeoutError:
            pass
    return said


def is_in(browser: Browser) -> bool:
    """True while the session is not locked."""
    return browser.console.raw("GET", "/overview", browser.headers()).status == 200


# --- Names of the address ---


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:0{port}",
        "127.0.0.1:+{port}",
        "127.0.0.1:{port}:{port}",
        "127.0.0.1.:{port}",
        "127.1:{port}",
        "0x7f000001:{port}",
        "2130706433:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}, evil.example",
        "127.0.0.1:{port}/",
        "127.0.0.1%00.evil.example:{port}",
    ],
)
def test_another_way_to_write_the_address_is_another_address(
    console: RunningConsole, host: str
) -> None:
    headers = console.entered().headers() | {"Host": host.format(port=console.port)}
    assert console.raw("GET", "/overview", headers).status == 421


@pytest.mark.parametrize("target", ["http://evil.example/overview", "//evil.example/overview"])
def test_a_target_with_a_host_of_its_own_gives_no_page(
    console: RunningConsole, target: str
) -> None:
    answer = console.raw("GET", target, console.entered().headers())
    assert answer.status in (303, 400, 404, 421)
    assert "evil.example" not in answer.location


# --- Two requests in one ---


@pytest.mark.parametrize(
    "lengths",
    [
        ["Content-Length: 0", "Content-Length: {all}"],
        ["Content-Length: 0", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: {all}"],
        ["Transfer-Encoding: xchunked", "Content-Length: {all}"],
        ["Transfer-Encoding : chunked", "Content-Length: {all}"],
        ["Content-Length: +{all}"],
        ["Content-Length: {all}, {all}"],
        ["Content-Length: 0x10"],
        ["Content-Length : {all}"],
    ],
    ids=str,
)
def test_no_request_is_hidden_in_another(console: RunningConsole, lengths: list[str]) -> None:
    browser = console.entered()
    browser.get("/overview")
    form = f"token={browser.token}"
    own = [f"{name}: {value}" for name, value in browser.headers(Origin=console.origin).items()]
    hidden = "\r\n".join(
        [
            "POST /lock HTTP/1.1",
            *own,
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(form)}",
            "",
            form,
        ]
    ).encode()
    head = [each.format(all=len(hidden)) for each in lengths]
    # Whoever hides a request knows neither cookie nor origin: the outer one is refused.
    spoken(
        console,
        "POST /settings HTTP/1.1",
        f"Host: {console.authority}",
        "Origin: http://evil.example",
        "Sec-Fetch-Site: cross-site",
        *head,
        body=hidden if "chunked" not in str(head) else b"0\r\n\r\n" + hidden,
    )
    assert is_in(browser)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/lock?_method=POST", {}),
        ("/lock", {"X-HTTP-Method-Override": "POST"}),
        ("/lock", {"X-HTTP-Method": "POST", "X-Method-Override": "POST"}),
        ("/settings?language=ru&_method=post", {"Content-Type": "application/json"}),
    ],
    ids=str,
)
def test_no_reading_passes_for_a_form(
    console: RunningConsole, path: str, headers: dict[str, str]
) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    joined = f"{path}{'&' if '?' in path else '?'}token={token}"
    assert console.raw("GET", joined, browser.headers() | headers).status == 404
    assert is_in(browser)
    assert 'lang="en"' in browser.get("/overview").text


def test_a_form_that_stands_in_the_address_changes_nothing(console: RunningConsole) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    headers = browser.headers(Origin=console.origin)
    assert console.raw("POST", f"/lock?token={token}", headers, b"").status == 403
    assert is_in(browser)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/xml", "", "multipart/form-data"]
)
def test_a_body_of_another_kind_changes_nothing(console: RunningConsole, kind: str) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    headers = browser.headers(Origin=console.origin, Content_Type=kind)
    for body in (f'{{"token": "{token}"}}', f"token={token}"):
        assert console.raw("POST", "/lock", headers, body.encode()).status in (400, 403)
    assert is_in(browser)


# --- Forms that are too much ---


def test_the_entrance_takes_no_large_body_from_whoever_has_no_code(console: RunningConsole) -> None:
    headers = {
        "Host": console.authority,
        "Origin": console.origin,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(MAX_CODE_BYTES + 1),
    }
    # The head alone is sent: the refusal waits for no body.
    assert console.raw("POST", "/enter", headers).status == 413
    assert console.entered().get("/overview").status == 200


def part(head: str, body: str = "x") -> str:
    """A part of a form."""
    return f"--b\r\n{head}\r\n\r\n{body}\r\n"


TOKEN_PART = part('Content-Disposition: form-data; name="token"', "{token}")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(TOKEN_PART, id="no end"),
        pytest.param("--c--\r\n", id="another boundary"),
        pytest.param("\r\n" * 50_000, id="nothing but lines"),
        pytest.param(
            part(f"Content-Disposition: form-data; name={'a' * 100_000}") * 3, id="a name"
        ),
        pytest.param(part("X: y\r\n" * 5_000), id="heads of parts"),
        pytest.param(part("Content-Disposition: form-data"), id="no name"),
        pytest.param(
            part('Content-Disposition: form-data; name="f"; filename="f"') * 65, id="files"
        ),
        pytest.param(
            part('Content-Disposition: form-data; name="f"', "x" * 2_000_000), id="a long field"
        ),
        pytest.param(
            part("Content-Type: multipart/mixed; boundary=c\r\nContent-Disposition: form-data"),
            id="a form in a form",
        ),
    ],
)
def test_a_form_that_is_built_wrong_is_refused(
    console: RunningConsole, body: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    token = browser.get("/overview").token
    kind = "multipart/form-data; boundary=b"
    headers = browser.headers(Origin=console.origin, Content_Type=kind)
    answer = console.raw("POST", "/lock", headers, body.replace("{token}", token).encode())
    assert answer.status in (400, 403)
    assert is_in(browser)
    assert capfd.readouterr().err == ""


def test_a_slow_form_holds_up_nobody(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/overview")
    own = [f"{name}: {value}" for name, value in browser.headers(Origin=console.origin).items()]
    head = "\r\n".join(["POST /settings HTTP/1.1", *own, "Content-Length: 1000000", "", "token="])
    slow = [socket.create_connection(("127.0.0.1", console.port)) for _ in range(60)]
    try:
        for each in slow:
            each.sendall(head.encode())
        assert is_in(browser)
        assert browser.post("/settings", language="ru").status == 303
    finally:
        for each in slow:
            each.close()


def dripping(console: RunningConsole, head: str, drop: bytes) -> bytes:
    """The console's answer to a sender that goes on with a byte at a time, until it hangs up."""
    said = b""
    with socket.create_connection(("127.0.0.1", console.port), timeout=20) as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.1)
        while True:
            try:
                if not (found := connection.recv(65536)):
                    return said
                said += found
            except TimeoutError:
                if drop:
                    connection.sendall(drop)
            except ConnectionError:
                return said


@pytest.mark.parametrize("drop", [b"", b"x"])
def test_a_form_that_never_ends_is_told_so_and_ended(
    console: RunningConsole,
    monkeypatch: pytest.MonkeyPatch,
    drop: bytes,
    capfd: pytest.CaptureFixture[str],
) -> None:
    browser = console.entered()
    browser.get("/overview")
    assert browser.post("/settings", language="ru").status == 303
    monkeypatch.setattr(guard, "MAX_BODY_SECONDS", 0.5)
    own = [f"{name}: {value}" for name, value in browser.headers(Origin=console.origin).items()]
    kind = "Content-Type: application/x-www-form-urlencoded"
    head = "\r\n".join(["POST /lock HTTP/1.1", *own, kind, "Content-Length: 1000000", "", "a="])
    said = dripping(console, head, drop).decode()
    assert said.startswith("HTTP/1.1 408 ")
    assert "Ничего не отправлено" in said
    monkeypatch.undo()
    assert is_in(browser)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("before", ["", "whole"])
def test_a_head_that_never_ends_is_told_so_and_ended(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Also on a connection that brought a whole request before."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    own = f"Host: {console.authority}\r\n"
    first = f"GET /enter HTTP/1.1\r\n{own}\r\n" if before else ""
    said = dripping(console, f"{first}GET /enter HTTP/1.1\r\n{own}X: ", b"x")
    assert b"HTTP/1.1 408 " in said
    assert said.endswith(b"send it again\r\n")
    assert (b"HTTP/1.1 200 " in said) is bool(before)


def test_a_connection_that_brings_nothing_is_closed_without_a_word(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    assert dripping(console, "", b"") == b""


# --- Addresses ---


@pytest.mark.parametrize(
    "path",
    [
        "/exchange/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/exchange/%00",
        "/exchange/%FF%FE",
        "/exchange/" + "a" * 20_000,
        "/exchange/..%2f..%2fenter",
        "/exchange/x/table/1/%3Cimg%3E",
        "/exchange/x/file/9999999999999999999999/0",
        "/exchange/x/file/1/99999999999999999999999999",
        "/log/99999999999999999999999999",
        "/queue/%3Csvg%20onload=alert(1)%3E/approve",
        "/new/__class__",
        "/new/close",
        "/case/%E2%80%AE",
        "/sent?state=%3Cscript%3E&kind=%22%3E%3Cimg%3E&page=1e9",
        "/sent?page=" + "9" * 5000,
        "/overview?%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_an_address_runs_nothing_and_crashes_nothing(
    console: RunningConsole, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = console.entered()
    answer = browser.get(path)
    assert answer.status < 500
    bare = re.sub(r"<script nonce=\"[^\"]+\" src=\"/static/[^>]+></script>", "", answer.text)
    for markup in ("<script", "<img", "<svg", "onload=alert(1)>"):
        assert markup not in bare
    assert capfd.readouterr().err == ""


# --- Cookies of others ---


@pytest.mark.parametrize(
    "others",
    [
        "{{bad}}=1; ",
        'quoted="; ',
        "no-value; ",
        "=; ",
        "a=b=c; ",
        "{name}=fixed; ",
        "; ;; ",
        "x[]=[{{}}]; ",
    ],
)
def test_cookies_of_another_port_lock_nobody_out(console: RunningConsole, others: str) -> None:
    """Cookies do not tell ports apart: another application of this machine may set any."""
    browser = console.entered()
    given = others.format(name=console.sessions.cookie_name) + browser.cookie
    headers = browser.headers() | {"Cookie": given}
    assert console.raw("GET", "/overview", headers).status == 200


def test_a_cookie_that_was_planted_before_opens_nothing_after(console: RunningConsole) -> None:
    browser = Browser(console, cookie=f"{console.sessions.cookie_name}=planted")
    code = console.sessions.new_code()
    assert browser.enter(code).status == 200
    assert browser.cookie.partition("=")[2] != "planted"
    planted = {"Host": console.authority, "Cookie": f"{console.sessions.cookie_name}=planted"}
    assert console.raw("GET", "/overview", planted).location == "/enter"


# --- What a browser does without a person ---


def _seconds_later(hub: InMemoryHub, folder: Path, path: str, headers: dict[str, str]) -> Answer:
    """The overview, when such a request came between two idle times that are too long together."""
    now = [0.0]
    sessions = Sessions(idle_seconds=60, clock=lambda: now[0])
    with hub.client(folder, KZ_MIA) as client, running_console(client, sessions) as console:
        browser = console.entered()
        now[0] = 50.0
        assert console.raw("GET", path, browser.headers() | headers).status == 200
        now[0] = 61.0
        return console.raw("GET", "/overview", browser.headers())


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/overview", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
        ("/news", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
        ("/work", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    ],
    ids=["a page that loads itself again", "the line of news", "a script"],
)
def test_an_unattended_page_keeps_no_session_alive(
    hub: InMemoryHub, tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    """Else a hub that never ends its answer would keep the console open for ever."""
    assert _seconds_later(hub, tmp_path, path, headers).location == "/enter"


def test_a_person_who_follows_a_link_keeps_it_alive(hub: InMemoryHub, tmp_path: Path) -> None:
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
    assert _seconds_later(hub, tmp_path, "/overview", headers).status == 200


def test_the_line_of_news_clears_a_screen_that_was_locked(console: RunningConsole) -> None:
    browser = console.entered()
    console.sessions.end()
    answer = console.raw("GET", "/news", browser.headers())
    assert (answer.status, answer.headers["hx-redirect"]) == (403, "/enter")


# --- Bodies that nobody reads ---


def posted(console: RunningConsole, path: str, headers: dict[str, str], size: int) -> list[str]:
    """The lines of the head of a form of so many bytes, of which the first ones alone are sent."""
    own = {"Host": console.authority, "Origin": console.origin, "Sec-Fetch-Site": "same-origin"}
    given = own | {"Content-Length": str(size)} | headers
    return [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]


HIDDEN = "GET /enter HTTP/1.1\r\nHost: {host}\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "headers", "size", "enters"),
    [
        ("/lock", {}, 1000, False),
        ("/lock", {}, 10**9, True),
        ("/enter", {}, MAX_CODE_BYTES + 1, True),
        ("/nowhere", {}, 1000, True),
        ("/log", {}, 1000, True),
        ("/lock", {"Origin": "http://evil.example"}, 1000, True),
        ("/lock", {"Transfer-Encoding": "chunked"}, 1000, True),
    ],
    ids=["locked", "too large", "at the entrance", "no page", "no action", "not ours", "chunks"],
)
def test_after_an_answer_to_a_form_that_was_not_read_the_connection_ends(
    console: RunningConsole, path: str, headers: dict[str, str], size: int, *, enters: bool
) -> None:
    cookie = {"Cookie": console.entered().cookie} if enters else {}
    hidden = HIDDEN.format(host=console.authority).encode()
    said = spoken(console, *posted(console, path, cookie | headers, size), body=hidden)
    assert said.count(b"HTTP/1.1 ") == 1, said
    assert b"\r\nconnection: close\r\n" in said.lower()
    assert b"HTTP/1.1 200" not in said


@pytest.mark.parametrize(
    "head", ["Content-Length: 40", "Transfer-Encoding: chunked", "Content-Length: 00001"]
)
@pytest.mark.parametrize("path", ["/overview", "/enter", "/static/x/console.css", "/nowhere"])
def test_what_only_reads_has_no_body(console: RunningConsole, path: str, head: str) -> None:
    own = [f"{name}: {value}" for name, value in console.entered().headers().items()]
    hidden = HIDDEN.format(host=console.authority).encode()
    said = spoken(console, f"GET {path} HTTP/1.1", *own, head, body=hidden)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in said.lower()


def test_a_form_that_was_read_leaves_the_connection_open(console: RunningConsole) -> None:
    browser = console.entered()
    browser.get("/overview")
    form = f"token={browser.token}&language=ru"
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": browser.cookie}
    next_one = HIDDEN.format(host=console.authority).encode()
    said = spoken(
        console, *posted(console, "/settings", kind, len(form)), body=form.encode() + next_one
    )
    assert said.count(b"HTTP/1.1 ") == 2
    assert b"connection: close" not in said.lower()
