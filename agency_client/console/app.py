"""The console's application: its routes, and what all pages share."""

from __future__ import annotations

import mimetypes
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agency_client.console import auditor as audit_pages
from agency_client.console import (
    cases,
    compose,
    decisions,
    directory,
    entities,
    exchanges,
    holdings,
    lists,
    log_pages,
    news,
    outbox,
    queue,
)
from agency_client.console.context import Console
from agency_client.console.guard import ENTRANCE, NEWS, Guard, StalledError
from agency_client.console.menu import menu
from agency_client.console.owners import owner_of
from agency_client.console.rendering import STATIC_FOLDER, compile_templates, render
from agency_client.console.visits import Visit, action, own_path, page, tell_crash
from agency_client.console.words import Word
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.kinds.codes import Language

_LANGUAGES = {each.name.lower(): each for each in Language}
_THEMES = ("", "light", "dark")


def routes(console: Console) -> list[Route]:
    """Every route of a console."""
    auditor = audit_pages.Auditor(console)
    return [
        Route("/static/{version}/{name:path}", _static, methods=["GET"]),
        page(ENTRANCE, _show_entrance, console),
        action(ENTRANCE, _enter, console, entrance=True),
        page("/", _begin, console),
        page("/overview", _home, console),
        page("/queue", queue.show_queue, console),
        page("/queue/{exchange}", queue.show_queue, console),
        page("/queue/{exchange}/{act}", decisions.show_decision, console),
        action("/queue/{exchange}/{act}", decisions.decide, console),
        action("/claim", queue.claim, console),
        action("/read", queue.mark_read, console),
        page("/audit", partial(audit_pages.show_audit, auditor=auditor), console),
        action("/audit", partial(audit_pages.begin, auditor=auditor), console),
        action("/audit/export", partial(audit_pages.export, auditor=auditor), console),
        page("/log", partial(log_pages.show_log, auditor=auditor), console),
        page("/log/{entry:int}", partial(log_pages.show_entry, auditor=auditor), console),
        page("/rules", audit_pages.show_rules, console),
        page(NEWS, news.show, console),
        page("/session", _session, console),
        page("/exchange/{exchange}/flows/{index:int}", entities.show_flows, console),
        page("/exchange/{exchange}/table/{index:int}/{section}", entities.show_table, console),
        page("/work", lists.show_work, console),
        page("/inbox", lists.show_list, console),
        page("/sent", lists.show_list, console),
        page("/supervised", lists.show_list, console),
        action("/search", lists.search, console),
        page("/outbox", outbox.show, console),
        action("/outbox", outbox.flush, console),
        action("/outbox/{statement}/dismiss", outbox.dismiss, console),
        page("/outbox/{statement}/withdraw", outbox.ask_to_withdraw, console),
        action("/outbox/{statement}/withdraw", outbox.withdraw, console),
        page("/drafts", compose.show_drafts, console),
        page("/draft/{draft}", compose.show_draft, console),
        page("/draft/{draft}/send", compose.show_plan, console),
        action("/draft/{draft}/send", compose.send, console),
        action("/draft/{draft}/drop", compose.drop, console),
        page("/new/{act}", compose.show_new, console),
        action("/new/{act}", compose.save, console),
        page("/exchange/{exchange}", exchanges.show, console),
        action("/exchange/{exchange}/case", cases.change, console),
        action("/exchange/{exchange}/save/{index:int}", exchanges.save_statement, console),
        page("/cases", cases.show_cases, console),
        page("/case/{case}", cases.show_case, console),
        page("/due", lists.show_due, console),
        page("/holdings", holdings.show, console),
        action("/holdings", holdings.import_records, console),
        action("/holdings/forget", holdings.forget, console),
        action("/holdings/compare", holdings.compare_waiting, console),
        page("/directory", directory.show_agencies, console),
        page("/directory/{agency}", directory.show_agency, console),
        page("/exchange/{exchange}/matches", holdings.compare, console),
        action("/exchange/{exchange}/evidence", exchanges.export_evidence, console),
        page("/exchange/{exchange}/file/{index:int}/{number:int}", exchanges.save_file, console),
        page("/exchange/{exchange}/{act}", compose.show_new, console),
        action("/exchange/{exchange}/{act}", compose.save, console),
        action("/lock", _lock, console),
        action("/settings", _settings, console),
    ]


def application(console: Console, authority: str) -> ASGIApp:
    """The guarded application of a console that listens on `authority`, "127.0.0.1:40001"."""
    compile_templates()

    def plain(request: Request, word: str, status: int) -> Response:
        session = request.state.session
        language = session.language if session and session.language else console.language
        return HTMLResponse(render("plain.html", language, notice_word=word), status)

    def told(request: Request, word: Word, status: int) -> Response:
        """A notice among the menu where somebody is signed in, who then knows how to go on."""
        if request.state.session is None:
            return plain(request, word.name, status)
        visit = Visit(console, request, FormData())
        return visit.show("notice.html", status, notice_word=word.name)

    async def not_found(request: Request, _: Exception) -> Response:
        return told(request, Word.NOT_FOUND, 404)

    async def crashed(request: Request, error: Exception) -> Response:
        tell_crash(error)
        return plain(request, "FAULT_UNKNOWN", 500)

    async def stalled(request: Request, _: Exception) -> Response:
        return told(request, Word.FORM_STALLED, 408)

    handlers = {404: not_found, 405: not_found, StalledError: stalled, Exception: crashed}
    inner = Starlette(routes=routes(console), exception_handlers=handlers)

    def tell(word: Word, status: int) -> Response:
        return HTMLResponse(render("plain.html", console.language, notice_word=word.name), status)

    return Guard(inner, console.sessions, authority, tell)


async def _static(request: Request) -> Response:
    """A file of the console itself; nothing outside of its folder."""
    name = PurePosixPath(request.path_params["name"])
    path = STATIC_FOLDER / name
    if ".." in name.parts or name.is_absolute() or not path.is_file():
        return Response(status_code=404)
    kind = mimetypes.guess_type(name.name)[0] or "application/octet-stream"
    return Response(path.read_bytes(), media_type=kind)


def _show_entrance(visit: Visit) -> Response:
    if visit.session is not None:
        return visit.go("/")
    return visit.show("enter.html", is_wrong=False)


def _enter(visit: Visit) -> Response:
    session = visit.sessions.enter(visit.field("code").strip(), owner_of(visit.request.scope))
    if session is None:
        return visit.show("enter.html", 403, is_wrong=True)
    # The browser must ask for the next page itself: a redirect would still count as coming from
    # where the person came from, and the cookie would stay behind.
    answer = visit.show("entered.html")
    answer.set_cookie(
        visit.sessions.cookie_name, session.cookie, httponly=True, samesite="strict", path="/"
    )
    return answer


def _begin(visit: Visit) -> Response:
    return visit.go(menu(visit.console.member.role)[0].path)


def _home(visit: Visit) -> Response:
    client = visit.console.client
    visit.console.prepare()
    log_size = None
    with suppress(HubUnavailable), visit.console.follower.asking():
        log_size = client.checkpoint().checkpoint.size
    return visit.show(
        "home.html",
        valid_until=visit.locale.minute(client.profile.tls.certificate.not_after),
        log_size=log_size,
    )


def _session(visit: Visit) -> Response:
    """The token of the session, for a form that was opened before the person entered anew.

    Each page of the console has it too: a page of another site or port can read neither. It is
    asked for by a script, and shown to nobody who opens the address.
    """
    if visit.request.headers.get("sec-fetch-mode") == "navigate":
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    return PlainTextResponse(visit.session.token if visit.session else "")


def _lock(visit: Visit) -> Response:
    visit.sessions.end()
    return visit.go(ENTRANCE)


def _settings(visit: Visit) -> Response:
    """Change language or colours, at once, and stay on the page."""
    session = visit.session
    if session is None:
        return visit.go(ENTRANCE)
    if (language := visit.field("language")) in _LANGUAGES:
        session.language = _LANGUAGES[language]
        # The entrance after a lock speaks it too, and the next session.
        visit.console.language = session.language
    if (keys := visit.field("keys")) in ("on", "off"):
        session.uses_keys = keys == "on"
    if "theme" in visit.form and (theme := visit.field("theme")) in _THEMES:
        session.theme = theme
    return visit.go(own_path(visit.field("here")))
