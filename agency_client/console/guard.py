"""The guard: what every request must bring, and what every answer bears.

A page of another site, a page on another port and another user of the machine can all reach the
loopback address. So, in this order:

1. The Host must be the very address that the console listens on (DNS rebinding); one that is
   missing or stands twice is refused. Headers of proxies are not read.
2. A request that changes something must come from a page of the console: `Sec-Fetch-Site` says
   same-origin, and `Origin` is the console. Its form must bear the session's token (`visits`).
3. A request that only reads must not be made by a page of another site or port: a reading may be a
   delivery on the log.
4. Without the cookie of an unlocked session there is the entrance and the style sheets, no more.
   Nor does the cookie serve another user of the machine, to whom a browser may have sent it.

Answers are never stored, framed, sniffed or shared; their policy lets a page load the console's own
files and nothing else.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agency_client.console.owners import owner_of
from agency_client.console.sessions import BrowserSession, Sessions
from agency_client.console.words import Word

ENTRANCE: Final = "/enter"
STATIC: Final = "/static/"
NEWS: Final = "/news"
"""The line of a page that the browser asks for by itself."""
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
MAX_BODY_SECONDS: Final = 60.0
"""For all of a form to arrive; on the same machine the largest one takes a few seconds."""
DRAIN_SECONDS: Final = 0.3
"""For more of a form to come whose answer is ready."""
MAX_CODE_BYTES: Final = 4096
"""Of the form of the entrance, which anyone on the machine can send."""

_MOST_DIGITS: Final = 20
_SAFE: Final = frozenset({"GET", "HEAD"})
_METHODS: Final = _SAFE | {"POST"}
_OWN: Final = (["same-origin"], ["none"])
"""`Sec-Fetch-Site` of the console's own pages, and of an address that a person typed."""
_PURPOSES: Final = ("sec-purpose", "purpose")
"""Headers of a browser that opens a page before the person asks: that would be a delivery."""
_FIXED: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # With `no-referrer` a browser would send `Origin: null` with the console's own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class StalledError(Exception):
    """The sign of a form that did not arrive in time."""


class Guard:
    """Stands before the application; whatever is refused here reaches nothing behind it."""

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        authority: str,
        tell: Callable[[Word, int], Response],
    ) -> None:
        """Guard an application.

        Args:
            app: what is guarded.
            sessions: the sessions of the console.
            authority: where it listens, such as "127.0.0.1:40001".
            tell: makes the page of a refusal that an honest person may meet.
        """
        self._app = app
        self._tell = tell
        self._sessions = sessions
        self._authority = authority
        self._origin = f"http://{authority}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # There are no web sockets here.
            await send({"type": "websocket.close", "code": 1008})
            return
        nonce = secrets.token_urlsafe(18)
        scope["state"] = {**scope.get("state", {}), "nonce": nonce, "session": None}
        body = _Body(receive, is_whole=not _has_body(Headers(scope=scope)))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _bear(headers, nonce, scope["path"])
                if scope["state"]["session"] is not None:
                    await body.drain()
                if not body.is_whole:
                    # Nobody reads the rest, and nothing that is hidden in it is a request.
                    headers["Connection"] = "close"
            await send(message)

        answer = self._refusal(scope)
        if answer is None:
            session = self._session(scope)
            scope["state"]["session"] = session
            if session is None and not _is_open(scope["path"]):
                answer = self._unknown(scope)
        await (answer or self._app)(scope, body.receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") != [self._authority]:
            return _refused(421, "this is not the address of the console")
        if scope["method"] not in _METHODS:
            return _refused(405, "no such method")
        sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
        if scope["method"] in _SAFE:
            if sites and sites not in _OWN and scope["path"] != ENTRANCE:
                return _refused(403, "another page asked for this; open it in the console")
            if any("prefetch" in headers.get(each, "") for each in _PURPOSES):
                return _refused(503, "a page is opened by a person, and not before")
            if origins and origins != [self._origin]:
                return _refused(403, "another page asked for this; open it in the console")
            if _has_body(headers):
                return _refused(400, "what only reads has no body")
            return None
        if sites != ["same-origin"] or origins != [self._origin]:
            return _refused(403, "this form is not the console's")
        most = MAX_CODE_BYTES if scope["path"] == ENTRANCE else MAX_BODY_BYTES
        lengths = headers.getlist("content-length")
        return self._measure(lengths, headers.get("transfer-encoding"), most)

    def _session(self, scope: Scope) -> BrowserSession | None:
        headers = Headers(scope=scope)
        is_used = _is_of_person(scope["method"], headers)
        for cookie in self._cookies(headers.getlist("cookie")):
            found = self._sessions.find(cookie, is_used=is_used, owner=partial(owner_of, scope))
            if found is not None:
                return found
        return None

    def _cookies(self, lines: Sequence[str]) -> Iterator[str]:
        """The cookies of the console; those of other ports come too, whatever these have set."""
        for line in lines:
            for pair in line.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self._sessions.cookie_name:
                    yield value

    def _unknown(self, scope: Scope) -> Response:
        """The entrance for a person who has no session, or whose session was locked."""
        if scope["method"] in _SAFE and scope["path"] != NEWS:
            return RedirectResponse(ENTRANCE, 303)
        answer = self._tell(Word.LOCKED, 403)
        if scope["path"] == NEWS:
            # An unattended screen is cleared, too.
            answer.headers["HX-Redirect"] = ENTRANCE
        return answer

    def _measure(self, lengths: Sequence[str], encoding: str | None, most: int) -> Response | None:
        """Refuse a body that does not say how long it is, or is too long."""
        if encoding is not None or len(lengths) != 1 or not lengths[0].isdecimal():
            return _refused(411, "a form must say how long it is")
        # A number of thousands of digits is too long for Python to read, too.
        if len(lengths[0]) > _MOST_DIGITS or int(lengths[0]) > most:
            return self._tell(Word.FORM_TOO_LARGE, 413)
        return None


class _Body:
    """The body of a request has a time to arrive; its sender's end, which comes after, has none."""

    def __init__(self, receive: Receive, *, is_whole: bool) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + MAX_BODY_SECONDS
        self.is_whole = is_whole
        """True once nothing of it is left to read."""

    async def receive(self) -> Message:
        """Receive the next part of it; raises `StalledError`."""
        if self.is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            raise StalledError from error
        self.is_whole = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Take what is on its way: a browser reads an answer after it has sent its form."""
        last = self._ends
        with suppress(StalledError):
            while not self.is_whole:
                self._ends = min(last, self._loop.time() + DRAIN_SECONDS)
                await self.receive()


def _has_body(headers: Headers) -> bool:
    lengths = headers.getlist("content-length")
    return "transfer-encoding" in headers or any(each.strip("0") for each in lengths)


def _bear(headers: MutableHeaders, nonce: str, path: str) -> None:
    """Set what every answer bears."""
    for name, value in _FIXED.items():
        headers[name] = value
    # Files of the console itself say nothing about anyone, and their address has their digest.
    is_static = path.startswith(STATIC)
    headers["Cache-Control"] = "private, max-age=86400, immutable" if is_static else "no-store"
    headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _is_of_person(method: str, headers: Headers) -> bool:
    """True for what a person did: a page that loads itself again keeps no session from being idle.

    A browser says `Sec-Fetch-User` where a person led to a page, and not where a script did, or a
    page that loads itself again. A draft that is kept while one writes is a form, and counts.
    """
    if method not in _SAFE or "sec-fetch-mode" not in headers:
        return True
    return "sec-fetch-user" in headers


def _is_open(path: str) -> bool:
    return path == ENTRANCE or path.startswith(STATIC)


def _refused(status: int, why: str) -> Response:
    # Requests behind it on the same connection are not read either.
    close = {"Connection": "close"}
    return Response(f"{why}\n", status, close, media_type="text/plain; charset=utf-8")
