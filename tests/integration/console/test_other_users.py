"""Another user of the machine, who was sent the cookie: cookies do not tell ports apart."""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from agency_client.console.owners import owner_of
from tests.support.console import Answer, Browser, RunningConsole

_NOBODY = 65534
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's table is of Linux")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives a connection to another user"
)


def as_another_user(console: RunningConsole, browser: Browser, method: str, path: str) -> Answer:
    """Send what the browser would send, over a connection of another user of the machine."""
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=60)
    try:
        connection.connect()
        os.fchown(connection.sock.fileno(), _NOBODY, -1)
        body = f"token={browser.token}" if method == "POST" else None
        headers = browser.headers(
            Origin=console.origin, Content_Type="application/x-www-form-urlencoded"
        )
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, data.decode(errors="replace"), data)
    finally:
        connection.close()


@linux
@as_root
def test_a_stolen_cookie_opens_nothing_to_another_user(console: RunningConsole) -> None:
    browser = console.entered()
    assert browser.get("/overview").status == 200
    for path in ("/overview", "/session", "/sent"):
        answer = as_another_user(console, browser, "GET", path)
        assert (answer.status, answer.location) == (303, "/enter")
    answer = as_another_user(console, browser, "POST", "/lock")
    assert answer.status == 403
    # The person whose cookie it is goes on.
    assert browser.get("/overview").status == 200


@linux
@as_root
def test_another_user_keeps_no_session_from_being_idle(console: RunningConsole) -> None:
    browser = console.entered()
    before = console.sessions._last_used
    as_another_user(console, browser, "GET", "/overview")
    assert console.sessions._last_used == before


@linux
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_owner_of_a_connection_is_who_made_it(
    listener: socket.socket, family: socket.AddressFamily
) -> None:
    server = listener.getsockname()
    with socket.socket(family) as client:
        address = server[0] if family is socket.AF_INET else f"::ffff:{server[0]}"
        try:
            client.connect((address, server[1]))
        except OSError:
            pytest.skip("this machine has no IPv6")
        with listener.accept()[0] as taken:
            scope = {"client": taken.getpeername(), "server": server}
            assert owner_of(scope) == os.getuid()


@linux
def test_a_connection_that_is_gone_is_nobodys(listener: socket.socket) -> None:
    assert owner_of({"client": ("127.0.0.1", 1), "server": listener.getsockname()}) is None
    assert owner_of({"client": None, "server": None}) is None


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made
