"""The console's process: the socket, the link, the browser, until Ctrl-C."""

from __future__ import annotations

import asyncio
import html
import logging
import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from agency_client.client import ExchangeClient
from agency_client.console.app import application
from agency_client.console.context import Console
from agency_client.console.guard import ENTRANCE
from agency_client.console.sessions import IDLE_SECONDS, Sessions
from agency_client.state.profile import Profile
from exchange_files import make_folder, replace_file

LOOPBACK: Final = "127.0.0.1"
LINK_FILE: Final = "console.html"
"""In the profile's state: sends the browser to the console, so that no other user sees the code
among the arguments of a process."""

HEAD_SECONDS: Final = 20.0
"""For the head of a request to arrive; a connection that brings none is closed."""
_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n\r\n"
    b"the request did not arrive; send it again\r\n"
)


class TimedProtocol(H11Protocol):
    """HTTP whose heads must arrive in time; the guard times what follows them."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Wait on while a head is not whole; a byte more gives it no more time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._forget_timer()
        elif self._timer is None and self.conn.trailing_data[0]:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget_timer()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        # A browser opens connections before it needs them, and is told nothing on these.
        if self.conn.trailing_data[0]:
            self.transport.write(_SLOW)
        self.transport.close()


def serve(
    profile: Profile,
    *,
    port: int = 0,
    idle_seconds: float = IDLE_SECONDS,
    opens_browser: bool = True,
    tell: Callable[[str], None] = lambda line: print(line, flush=True),
) -> None:
    """Run the console of a profile until it is stopped.

    Args:
        profile: the profile of the person.
        port: the port on the loopback address; 0 takes any that is free.
        idle_seconds: after so long without a request of the person the console is locked.
        opens_browser: also open the browser.
        tell: prints a line on the terminal.
    """
    link_file = make_folder(profile.state) / LINK_FILE
    with ExchangeClient.from_profile(profile) as client, _listening(port) as listener:
        authority = f"{LOOPBACK}:{listener.getsockname()[1]}"

        def tell_link(code: str) -> None:
            link = f"http://{authority}{ENTRANCE}#{code}"
            replace_file(link_file, _link_page(link))
            tell(f"console: {link}")

        sessions = Sessions(idle_seconds=idle_seconds, on_lock=tell_link)
        console = Console(client, sessions)
        console.prepare()
        app = application(console, authority)
        tell_link(sessions.new_code())
        if opens_browser:
            webbrowser.open(link_file.as_uri())
        try:
            asyncio.run(_run(app, listener))
        finally:
            link_file.unlink(missing_ok=True)


async def _run(app: ASGIApp, listener: socket.socket) -> None:
    await uvicorn.Server(configure(app)).serve(sockets=[listener])


def configure(app: ASGIApp) -> uvicorn.Config:
    """Configure the server: one protocol, no records, nothing taken from proxies."""
    # Records of the server hold addresses and the texts of errors.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    logging.getLogger("uvicorn").propagate = False
    return uvicorn.Config(
        app,
        access_log=False,
        date_header=True,
        http=TimedProtocol,
        lifespan="off",
        log_config=None,
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )


def _listening(port: int) -> socket.socket:
    """A socket on the loopback address alone, which no other process can take over."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix" and sys.platform != "cygwin":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(64)
    return listener


def _link_page(link: str) -> bytes:
    quoted = html.escape(link, quote=True)
    return (
        '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0;url={quoted}"><a href="{quoted}">console</a>\n'
    ).encode()
