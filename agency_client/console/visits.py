"""A visit: one request, parsed once, and the answers that a handler may give.

Handlers are plain functions that take a `Visit`. They run in a thread, for the client library
blocks. Every route is made by `page` or `action`, so no handler of an action runs before the
session's token was found in its form.
"""

from __future__ import annotations

import asyncio
import hmac
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from agency_client.console.context import Console
from agency_client.console.help import HELP
from agency_client.console.menu import menu
from agency_client.console.openings import StillOpeningError
from agency_client.console.rendering import render
from agency_client.console.sessions import BrowserSession, Sessions
from agency_client.console.words import FIELD_WORDS, Word
from agency_client.core.views import UnsealedExchange
from agency_client.presentation.documents import FIELDS
from agency_client.presentation.entities import ENTITY_COLUMNS, LINK_COLUMNS, PAYMENT_COLUMNS
from agency_client.presentation.exchanges import who
from agency_client.presentation.faults import Explained, explain
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.numbers import filled
from agency_client.presentation.words import say, say_code
from exchange_protocol.errors import (
    CallerError,
    ExchangeError,
    HubDishonest,
    HubUnavailable,
    NotFound,
    SealBroken,
    SignatureInvalid,
)
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Code, NamedCode

TOKEN: Final = "token"  # noqa: S105 - the name of a field
MAX_FIELDS: Final = 4000
MAX_FILES: Final = 64
_GLANCE_SECONDS: Final = 0.5
"""Time between two looks whether the hub keeps a page waiting."""

# Plaintext never touches the disk: forms are kept in memory, whose size the guard bounds.
MultiPartParser.spool_max_size = sys.maxsize


class Columns(NamedTuple):
    """The heads of the tables of entities."""

    payments: list[str]
    entities: list[str]
    links: list[str]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person."""

    console: Console
    request: Request
    form: FormData

    @property
    def session(self) -> BrowserSession | None:
        """The session; only the entrance is without one."""
        found: BrowserSession | None = self.request.state.session
        return found

    @property
    def sessions(self) -> Sessions:
        """All sessions of the console."""
        return self.console.sessions

    @property
    def language(self) -> Language:
        """The language of the person: as chosen, else the profile's, else English."""
        chosen = self.session.language if self.session else None
        return chosen or self.console.language

    def say(self, word: Word | Label, **values: object) -> str:
        """A word of the console in the language of the person."""
        return filled(say(word.value, self.language), self.language, values)

    @property
    def locale(self) -> Locale:
        """The locale of the person."""
        return self.console.locale(self.language)

    def tell(self, word: Word | Label, **values: object) -> None:
        """Tell something on the next page that is shown."""
        if self.session is not None:
            self.session.notices.append(self.say(word, **values))

    def saw(self, exchanges: Iterable[str], *, among_others: bool = False) -> None:
        """Keep what the person saw on a list, so that news are what is not among it.

        Args:
            exchanges: ids of what the list shows.
            among_others: the list is not all that may be new; what was seen before stays seen.
        """
        if self.session is not None:
            before = self.session.seen if among_others else frozenset()
            self.session.seen = before | frozenset(exchanges)

    def told(self) -> list[str]:
        """Take the message of the last action; it is told once."""
        if self.session is None:
            return []
        notices, self.session.notices = self.session.notices, []
        self.request.state.told = notices
        return notices

    def reloading(self, answer: Response) -> Response:
        """Have the browser load a page again soon; what it told is told on that page too."""
        if self.session is not None:
            self.session.notices = self.request.state.told + self.session.notices
        answer.headers.update(REFRESH)
        return answer

    @property
    def who(self) -> str:
        """The person, in words."""
        return who(self.console.member, self.locale)

    @property
    def columns(self) -> Columns:
        """The heads of the tables of entities."""
        say_all = self.locale.say
        return Columns(
            [say_all(each) for each in PAYMENT_COLUMNS],
            [say_all(each) for each in ENTITY_COLUMNS],
            [say_all(each) for each in LINK_COLUMNS],
        )

    def field_word(self, name: str) -> str:
        """The name of a field of a form."""
        return say(
            FIELD_WORDS.get(name) or FIELDS.get(name) or Word.FAULT_FIELD.value, self.language
        )

    def explain(self, error: ExchangeError) -> Explained:
        """An error in the language of the person."""
        return explain(error, self.locale, {**FIELDS, **FIELD_WORDS})

    def say_code(self, code: Code | NamedCode) -> str:
        """A code in the language of the person."""
        return say_code(code, self.language)

    def field(self, name: str) -> str:
        """A field of the form; empty where there is none."""
        found = self.form.get(name, "")
        return found if isinstance(found, str) else ""

    def fields(self, name: str) -> list[str]:
        """All values of a field of the form."""
        return [each for each in self.form.getlist(name) if isinstance(each, str) and each]

    def files(self, name: str) -> list[UploadFile]:
        """The files of a field of the form."""
        found = self.form.getlist(name)
        return [each for each in found if isinstance(each, UploadFile) and each.filename]

    def query(self, name: str) -> str:
        """A parameter of the address; empty where there is none."""
        return self.request.query_params.get(name, "")

    def page_number(self, total: int, rows: int) -> int:
        """The page that the address asks for, from 0 on, among those of so many rows."""
        given = self.query("page")
        number = int(given) if given.isdecimal() and len(given) < 6 else 0
        return min(number, max(0, (total - 1) // rows))

    def open(self, exchange_id: str) -> UnsealedExchange:
        """Open an exchange anew; a page that only reads does not wait for long."""
        return self.console.open(exchange_id, waits=self.request.method == "POST")

    def as_read(self, exchange_id: str) -> UnsealedExchange:
        """The exchange as the person read it last, else opened anew."""
        return self.console.as_read(exchange_id, waits=self.request.method == "POST")

    def show(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """A page."""
        frame = {
            "visit": self,
            "member": self.console.member,
            "token": self.session.token if self.session else "",
            "theme": self.session.theme if self.session else "",
            "nonce": self.request.state.nonce,
            "here": _here(self.request),
            "kept": "",
            "help": say(HELP[template], self.language) if template in HELP else "",
            "menu": menu(self.console.member.role) if self.session else (),
            "refused": self._refused(),
            "away": self.locale.minute(self.console.follower.away_since) if self.session else "",
        }
        page = render(template, self.language, **(frame | values))
        return HTMLResponse(page, status)

    def _refused(self) -> int:
        """Count the statements that the hub refused; none where the outbox cannot be read."""
        with suppress(ExchangeError):
            return self.console.client.outbox.refused_number if self.session else 0
        return 0

    def go(self, path: str) -> Response:
        """Send the browser to another page of the console."""
        return RedirectResponse(path, 303)


def own_path(given: str) -> str:
    """A path of the console, and never another site's address."""
    is_own = given.startswith("/") and not given.startswith("//") and "\\" not in given
    return given if is_own and given.isprintable() else "/"


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query and request.method == "GET" else request.url.path


Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def page(path: str, handler: Handler, console: Console) -> Route:
    """A route that only reads."""
    return Route(path, _endpoint(handler, console), methods=["GET"])


def action(path: str, handler: Handler, console: Console, *, entrance: bool = False) -> Route:
    """A route that changes something; only the entrance is open without a session."""
    return Route(path, _endpoint(handler, console, entrance=entrance), methods=["POST"])


def _endpoint(handler: Handler, console: Console, *, entrance: bool = False) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        form = FormData()
        if request.method == "POST":
            form = await request.form(max_fields=MAX_FIELDS, max_files=MAX_FILES)
        try:
            return await answer(Visit(console, request, form))
        finally:
            await form.close()

    async def answer(visit: Visit) -> Response:
        request = visit.request
        if request.method == "POST" and not entrance:
            # A form takes a while to arrive: the console may have been locked meanwhile.
            if _was_locked(visit):
                return show_locked(visit)
            if not _has_token(visit):
                return show_old_form(visit)
        made = await made_by_handler(visit)
        # So does a page to be made. A signed statement stays signed, but nobody is shown content.
        is_content = made.status_code != 303 and not entrance
        return show_locked(visit) if is_content and _was_locked(visit) else made

    async def made_by_handler(visit: Visit) -> Response:
        try:
            if visit.request.method == "POST":
                visit.console.forget_lists()
                return await run_in_threadpool(handler, visit)
            return await made_in_time(visit)
        except StillOpeningError as error:
            return show_opening(visit, error)
        except ExchangeError as error:
            return await run_in_threadpool(show_fault, visit, error)

    async def made_in_time(visit: Visit) -> Response:
        """A page that only reads. Where the hub hangs it is made once more, as one without it."""
        making = asyncio.create_task(run_in_threadpool(handler, visit))
        while not visit.console.follower.note_if_hanging():
            if (await asyncio.wait([making], timeout=_GLANCE_SECONDS))[0]:
                return await making
        # Its end is of no use to this page: the follower hears whether the hub has answered.
        making.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await run_in_threadpool(handler, visit)

    return endpoint


def show_opening(visit: Visit, error: StillOpeningError) -> Response:
    """Tell how far an exchange is opened; the browser asks again by itself."""
    return visit.reloading(visit.show("opening.html", 202, percent=error.percent))


REFRESH: Final = {"Refresh": "1"}
"""Has the browser load the page again after a second, also without a script."""


def show_fault(visit: Visit, error: ExchangeError, own_text: str = "") -> Response:
    """Tell what went wrong, in words, and nothing else: no page that failed offers an act.

    Args:
        visit: the request that failed.
        error: its error.
        own_text: the person's own words of the form, which were not sent.
    """
    is_away = isinstance(error, HubUnavailable)
    if is_away:
        visit.console.follower.note_away()
    if error.field == "exchange_id" and visit.request.method == "GET":
        # The address holds no id; there is no field that the person could correct.
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    return visit.show(
        "fault.html",
        _status(error),
        title_word=fault_title(error),
        fault=visit.explain(error),
        is_dishonest=isinstance(error, HubDishonest),
        own_text=own_text,
        kept=is_away and visit.request.method == "GET",
        ways=list(_ways(visit, is_away=is_away)),
    )


def _ways(visit: Visit, *, is_away: bool) -> Iterator[tuple[str, str]]:
    """The way on from a page that failed: an address, and the name of its word."""
    request = visit.request
    here, exchange = request.url.path, request.path_params.get("exchange")
    if request.method == "GET" and is_away:
        yield _here(request), "TRY_AGAIN"
    if here.startswith("/queue/"):
        yield "/queue", "BACK_TO_QUEUE"
    elif exchange is not None and not (request.method == "GET" and here.count("/") == 2):
        yield f"/exchange/{quote(str(exchange), safe='')}", "BACK_TO_EXCHANGE"
    elif request.method == "POST" and here in ("/outbox", "/audit"):
        yield here, "WAY_BACK"
    elif here.startswith("/holdings/"):
        yield "/holdings", "HOLDINGS"
    yield "/", "START"


def fault_title(error: ExchangeError) -> str:
    """The name of the word that heads an error."""
    match error:
        case HubDishonest():
            return "FAULT_DISHONEST"
        case SignatureInvalid() | SealBroken():
            return "FAULT_DATA"
        case _:
            return "FAULT_TITLE"


def _status(error: ExchangeError) -> int:
    match error:
        case HubDishonest() | SignatureInvalid() | SealBroken():
            return 502
        case HubUnavailable():
            return 503
        case NotFound():
            return 404
        case CallerError():
            return 400
        case _:
            return 500


def as_download(name: str, data: bytes) -> Response:
    """Bytes to be saved under a name, whatever they are."""
    kept = "".join(each if each.isprintable() and each not in '/\\\\"' else "_" for each in name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept, safe='')}"}
    return Response(data, media_type="application/octet-stream", headers=headers)


def show_old_form(visit: Visit) -> Response:
    """The answer to a form of another session."""
    return visit.show("notice.html", 403, notice_word="FORM_OLD")


def show_locked(visit: Visit) -> Response:
    """The answer to a request whose session was locked before it was answered."""
    page = render("plain.html", visit.language, notice_word="LOCKED")
    return HTMLResponse(page, 403)


def tell_crash(error: BaseException) -> None:
    """Tell the terminal where the console failed; never what it was working on."""
    places: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    place = f"{places[-1].filename}:{places[-1].lineno}" if places else "?"
    print(f"agency console: {type(error).__name__} at {place}", file=sys.stderr)


def _was_locked(visit: Visit) -> bool:
    return visit.session is not None and not visit.sessions.holds(visit.session)


def _has_token(visit: Visit) -> bool:
    given = visit.field(TOKEN)
    session = visit.session
    return session is not None and hmac.compare_digest(given.encode(), session.token.encode())
