"""A running console for tests, and a browser of few lines that speaks to it over the socket.

    with running_console(client) as console:
        browser = console.entered()
        page = browser.get("/queue")
        page = browser.post("/settings", language="ru")

A hostile test takes `console.raw` and sends what it likes.
"""

from __future__ import annotations

import asyncio
import html
import http.client
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.routing import Route

from agency_client import ExchangeClient
from agency_client.console.app import application, routes
from agency_client.console.context import Console
from agency_client.console.server import configure
from agency_client.console.sessions import Sessions

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_SEEN = re.compile(r'name="seen" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """An answer of the console."""

    status: int
    headers: Mapping[str, str]
    text: str
    data: bytes = b""

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        found = _TOKEN.search(self.text)
        assert found is not None, self.text[:2000]
        return found[1]

    @property
    def location(self) -> str:
        """The target of a redirect."""
        return self.headers.get("location", "")

    @property
    def words(self) -> str:
        """The text of the page, without its tags."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


@dataclass
class RunningConsole:
    """A console that listens."""

    console: Console
    sessions: Sessions
    port: int
    locked: list[str] = field(default_factory=list)
    """The codes that were shown after a lock."""

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.authority}"

    @property
    def routes(self) -> list[Route]:
        """Every route of the console."""
        return routes(self.console)

    def raw(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send exactly this; no header is added but the length of a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = dict(headers or {})
            if body is not None and not {"Content-Length", "Transfer-Encoding"} & given.keys():
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, data.decode(errors="replace"), data)
        finally:
            connection.close()

    def entered(self) -> Browser:
        """A browser with a session."""
        browser = Browser(self)
        answer = browser.enter(self.sessions.new_code())
        assert answer.status == 200, answer.text
        return browser


@dataclass
class Browser:
    """A browser with what it sends by itself: host, origin, source of a request, cookie."""

    console: RunningConsole
    cookie: str = ""
    token: str = ""

    def headers(self, **more: str) -> dict[str, str]:
        """The headers of a request of one of the console's own pages."""
        made = {"Host": self.console.authority, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            made["Cookie"] = self.cookie
        return made | {name.replace("_", "-"): value for name, value in more.items()}

    def enter(self, code: str) -> Answer:
        """Hand in a code."""
        answer = self.post("/enter", code=code)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def get(self, path: str) -> Answer:
        """Follow a link; redirects are followed too, and a page that loads itself again."""
        answer = self.ask(path)
        while "refresh" in answer.headers:
            time.sleep(0.05)
            answer = self.ask(path)
        return answer

    def ask(self, path: str) -> Answer:
        """The same, without waiting for what is still being opened."""
        answer = self.console.raw("GET", path, self.headers())
        while answer.status == 303:
            answer = self.console.raw("GET", answer.location, self.headers())
        if found := _TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    def sign(self, path: str, **fields: str) -> Answer:
        """Open the page of a draft before its signature, and sign what it shows."""
        found = _SEEN.search(self.get(path).text)
        return self.post(path, seen=found[1] if found else "", **fields)

    def post(
        self,
        path: str,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        /,
        **fields: str | list[str],
    ) -> Answer:
        """Send a form with the token of the last page; a redirect is given, not followed."""
        kind, body = _multipart({"token": self.token} | fields, files or {})
        headers = self.headers(Origin=self.console.origin, Content_Type=kind)
        return self.console.raw("POST", path, headers, body)


@contextmanager
def running_console(
    client: ExchangeClient, sessions: Sessions | None = None
) -> Iterator[RunningConsole]:
    """Run the console of a client until the end of the block."""
    locked: list[str] = []
    own = sessions or Sessions(on_lock=locked.append)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        console = Console(client, own)
        console.prepare()
        app = application(console, f"127.0.0.1:{port}")
        server = uvicorn.Server(configure(app))
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
        )
        thread.start()
        try:
            yield RunningConsole(console, own, port, locked)
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def _multipart(
    fields: Mapping[str, str | list[str]], files: Mapping[str, tuple[str, bytes]]
) -> tuple[str, bytes]:
    boundary = uuid.uuid4().hex
    body = b""
    for name, given in fields.items():
        for value in [given] if isinstance(given, str) else given:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            body += head.encode() + value.encode() + b"\r\n"
    for name, (file_name, data) in files.items():
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{file_name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body += head.encode() + data + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
