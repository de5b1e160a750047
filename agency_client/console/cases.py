"""The agency's own cases: which exchanges belong to which, and what happened in all of them.

References of cases are content, so no address holds one: it holds a keyed digest, whose key lasts
as long as the console runs.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from starlette.responses import Response

from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.presentation.exchanges import verified_timeline
from agency_client.state.cases import Case
from exchange_protocol.errors import HubUnavailable, NotFound, Reason

PAGE_ROWS: Final = 100
CASE_ROWS: Final = 20
"""Exchanges of a case on a page, with one timeline over these."""
_KEY: Final = secrets.token_bytes(32)


def show_cases(visit: Visit) -> Response:
    """List the cases of this profile."""
    found = visit.console.client.cases.all()
    page = visit.page_number(len(found), PAGE_ROWS)
    rows = [
        (
            address(each),
            visit.locale.one_line(each.reference),
            visit.locale.one_line(each.title),
            len(each.exchanges),
        )
        for each in found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    ]
    return visit.show("cases.html", rows=rows, page=page, pages=-(-len(found) // PAGE_ROWS))


def show_case(visit: Visit) -> Response:
    """The exchanges of a case, and one timeline over those of a page; nothing is unsealed."""
    console, locale = visit.console, visit.locale
    wanted = str(visit.request.path_params["case"])
    case = next((each for each in console.client.cases.all() if address(each) == wanted), None)
    if case is None:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    known = console.references()
    page = visit.page_number(len(case.exchanges), CASE_ROWS)
    exchanges, steps = [], []
    # Each exchange is fetched and verified, so a page has some of them.
    for exchange in case.exchanges[page * CASE_ROWS : (page + 1) * CASE_ROWS]:
        name = locale.one_line(known[exchange].shown) if exchange in known else ""
        about = locale.one_line(known[exchange].summary) if exchange in known else ""
        exchanges.append((exchange, name or exchange, about))
        try:
            with console.follower.asking():
                verified = console.client.get(exchange)
        except NotFound:
            # It was erased, or this agency may no longer know of it.
            continue
        except HubUnavailable:
            # The page says that the hub is away; the names of the exchanges are kept.
            continue
        steps += [(line, exchange, name) for line in verified_timeline(verified, locale)]
    steps.sort(key=lambda each: each[0].at)
    return visit.show(
        "case.html",
        reference=locale.one_line(case.reference),
        title_text=locale.one_line(case.title),
        exchanges=exchanges,
        page=page,
        pages=-(-len(case.exchanges) // CASE_ROWS),
        address=f"/case/{wanted}?page=",
        steps=[
            (locale.minute(line.at), line.who, line.what, line.more, exchange, name)
            for line, exchange, name in steps
        ],
    )


def change(visit: Visit) -> Response:
    """Link an exchange to a case, or take it out of one."""
    exchange, cases = str(visit.request.path_params["exchange"]), visit.console.client.cases
    reference = visit.field("case").strip()
    if not reference:
        raise Reason.MISSING_FIELD.error("expected the reference of a case, got none", field="case")
    if visit.field("step") == "unlink":
        cases.unlink(reference, [exchange])
        visit.tell(Word.CASE_UNLINKED, case=visit.locale.one_line(reference))
    else:
        cases.link(reference, [exchange], title=visit.field("title").strip() or None)
        visit.tell(Word.CASE_LINKED, case=visit.locale.one_line(reference))
    return visit.go(f"/exchange/{exchange}")


def own_cases(visit: Visit, exchange: str) -> list[tuple[str, str, str]]:
    """The cases of an exchange: address, reference as it is, and as it is shown."""
    return [
        (address(each), each.reference, visit.locale.one_line(each.reference))
        for each in visit.console.client.cases.all()
        if exchange in each.exchanges
    ]


def address(case: Case) -> str:
    """The part of an address that names a case and tells nothing of it."""
    return hmac.new(_KEY, case.reference.encode(), hashlib.sha256).hexdigest()[:24]
