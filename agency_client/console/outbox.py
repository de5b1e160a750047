"""The outbox: what waits for the hub, what it refused and why, and what a person does with either.

What waits is sent, or withdrawn: that asks the hub first, and has a page of its own, for nobody
takes it back. What was refused is dismissed once its reason was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.core.views import Refused, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.lists import MOST_SUMMARY
from agency_client.presentation.locale import Locale
from agency_client.presentation.visible import shortened
from agency_client.state.outbox import OutboxEntry
from agency_client.state.references import Reference
from exchange_protocol.errors import Conflict, HubUnavailable, NotFound, Reason

PAGE_ROWS: Final = 50


def show(visit: Visit) -> Response:
    """Show what waits and what was refused; needs no hub."""
    box, locale = visit.console.client.outbox, visit.locale
    known = visit.console.references()
    refused, waiting = box.refused(), box.waiting()
    page = visit.page_number(len(refused) + len(waiting), PAGE_ROWS)
    start, end = page * PAGE_ROWS, (page + 1) * PAGE_ROWS
    rows = []
    # What was refused waits for the person, and comes first.
    for each in refused[start:end]:
        row = _row(each.entry, known, locale) | {"state": visit.say(Word.REFUSED_STATE)}
        rows.append(row | {"fault": visit.explain(each.reason.error(each.message))})
    waits = {"state": locale.say(Label.WAITS), "waits": True}
    shown = waiting[max(0, start - len(refused)) : max(0, end - len(refused))]
    rows += [_row(entry, known, locale) | waits for entry in box.pending(shown)]
    return visit.show(
        "outbox.html",
        rows=rows,
        can_flush=bool(waiting),
        has_refused=bool(refused),
        page=page,
        pages=-(-(len(refused) + len(waiting)) // PAGE_ROWS),
    )


def _row(entry: OutboxEntry, known: Mapping[str, Reference], locale: Locale) -> dict[str, object]:
    return {
        "id": entry.statement_id,
        # An initial statement has no exchange yet.
        "there": "" if entry.exchange_id == entry.statement_id else entry.exchange_id,
        "about": _about(known.get(entry.exchange_id, Reference()), locale),
        "what": locale.say(entry.kind.spec.words),
        "to": "; ".join(map(locale.agency, entry.recipients)),
        "made": locale.minute(entry.made_at),
        "state": "",
        "waits": False,
        "fault": None,
    }


def _about(known: Reference, locale: Locale) -> str:
    """The reference and the summary: what tells one row from another."""
    summary = locale.one_line(shortened(known.summary, MOST_SUMMARY))
    return "\n".join(filter(None, (locale.one_line(known.shown), summary)))


def flush(visit: Visit) -> Response:
    """Send what waits."""
    results = visit.console.client.flush_outbox()
    sent = sum(isinstance(each, Sent) for each in results)
    visit.tell(Word.OUTBOX_FLUSHED, sent=sent, number=len(results))
    if refused := sum(isinstance(each, Refused) for each in results):
        visit.tell(Word.OUTBOX_REFUSED_SOME, number=refused)
    return visit.go("/outbox")


def dismiss(visit: Visit) -> Response:
    """Let go of a statement that the hub refused, once the person has read why."""
    visit.console.dismiss_refused(str(visit.request.path_params["statement"]))
    visit.tell(Word.REFUSED_DISMISSED)
    return visit.go("/outbox")


def ask_to_withdraw(visit: Visit) -> Response:
    """Show what is withdrawn before it is, and what goes first; needs no hub."""
    return _withdrawal(visit)


def withdraw(visit: Visit) -> Response:
    """Take back a statement that waits; unasked only where the hub cannot be asked."""
    statement_id = str(visit.request.path_params["statement"])
    try:
        visit.console.withdraw(statement_id, may_be_unasked=visit.field("unasked") == "yes")
    except Conflict as error:
        has_it = error.reason is Reason.ID_REUSED
        return _withdrawal(visit, 409, hub_has_it=has_it)
    except HubUnavailable:
        visit.console.follower.note_away()
        return _withdrawal(visit, 503, cannot_ask=True)
    except NotFound:
        # Of two clicks, or two tabs, the second finds nothing.
        visit.tell(Word.WAITS_NO_MORE)
        return visit.go("/outbox")
    visit.tell(Word.STATEMENT_WITHDRAWN)
    return visit.go("/outbox")


def _withdrawal(
    visit: Visit, status: int = 200, *, cannot_ask: bool = False, hub_has_it: bool = False
) -> Response:
    statement_id = str(visit.request.path_params["statement"])
    box, known = visit.console.client.outbox, visit.console.references()
    later = box.later_on_exchange(statement_id)
    shown = [each for each in box.waiting() if each == statement_id or each in later]
    waiting = {each.statement_id: each for each in box.pending(shown)}
    if statement_id not in waiting:
        return visit.show("notice.html", 404, notice_word="WAITS_NO_MORE")
    is_directory = not waiting[statement_id].exchange_id
    return visit.show(
        "withdraw.html",
        status,
        row=_row(waiting[statement_id], known, visit.locale),
        later=[
            _row(waiting[each], known, visit.locale) for each in reversed(later) if each in waiting
        ],
        # The hub is asked for an exchange, and a statement to the directory is of none.
        cannot_ask=cannot_ask or is_directory,
        is_directory=is_directory,
        hub_has_it=hub_has_it,
    )
