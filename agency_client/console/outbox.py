"""The outbox: what waits for the hub, what it refused and why, trying again and dismissing."""

from __future__ import annotations

from starlette.responses import Response

from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.core.views import Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.lists import MOST_SUMMARY
from agency_client.presentation.locale import Locale
from agency_client.presentation.visible import shortened
from agency_client.state.outbox import OutboxEntry
from agency_client.state.references import Reference


def show(visit: Visit) -> Response:
    """Show what waits and what was refused; needs no hub."""
    box, locale = visit.console.client.outbox, visit.locale
    known = visit.console.references()

    def line(entry: OutboxEntry, state: str, *, waits: bool) -> dict[str, object]:
        return {
            "id": entry.statement_id,
            # An initial statement has no exchange yet.
            "there": "" if entry.exchange_id == entry.statement_id else entry.exchange_id,
            "about": _about(known.get(entry.exchange_id, Reference()), locale),
            "what": locale.say(entry.kind.spec.words),
            "to": "; ".join(map(locale.agency, entry.recipients)),
            "made": locale.minute(entry.made_at),
            "state": state,
            "waits": waits,
            "fault": None,
        }

    rows = [line(each, locale.say(Label.WAITS), waits=True) for each in box.pending()]
    for each in box.refused():
        row = line(each.entry, visit.say(Word.REFUSED_STATE), waits=False)
        rows.append(row | {"fault": visit.explain(each.reason.error(each.message))})
    return visit.show("outbox.html", rows=rows)


def _about(known: Reference, locale: Locale) -> str:
    """The reference and the summary: what tells one row from another."""
    summary = locale.one_line(shortened(known.summary, MOST_SUMMARY))
    return "\n".join(filter(None, (locale.one_line(known.shown), summary)))


def flush(visit: Visit) -> Response:
    """Send what waits."""
    results = visit.console.client.flush_outbox()
    sent = sum(isinstance(each, Sent) for each in results)
    visit.tell(Word.OUTBOX_FLUSHED, sent=sent, number=len(results))
    return visit.go("/outbox")


def dismiss(visit: Visit) -> Response:
    """Let go of a statement that the hub refused, once the person has read why."""
    visit.console.dismiss_refused(str(visit.request.path_params["statement"]))
    visit.tell(Word.REFUSED_DISMISSED)
    return visit.go("/outbox")
