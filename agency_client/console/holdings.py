"""The agency's own records: sets that were imported, and what of an exchange matches them.

Nothing of it leaves this machine. The names of sets and the records are content: they come in
forms, and stand in no address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from starlette.responses import Response

from agency_client.console.drafts import Draft, DraftFile
from agency_client.console.filling import Gathered, gathered
from agency_client.console.forms import table_options
from agency_client.console.visits import Visit
from agency_client.console.words import Word
from agency_client.content.matching import Score
from agency_client.core.views import UnsealedExchange
from agency_client.presentation.doubts import doubt_in_words
from agency_client.presentation.faults import explain
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.matches import SCORES, reason_words
from agency_client.presentation.places import note_in_words
from agency_client.presentation.schemata import SCHEMATA
from agency_client.state.holdings import Match
from agency_client.state.references import Reference
from exchange_protocol.errors import ExchangeError, HubUnavailable
from exchange_protocol.kinds.codes import LegState, Party

PAGE_ROWS: Final = 100
MOST_COMPARED: Final = 100
"""Exchanges that are compared at once; the command compares all."""
MOST_SHOWN: Final = 500
"""Matches on the page; a set of common names would match every subject."""
_WAITING: Final = (LegState.RELEASED, LegState.DELIVERED, LegState.ACKNOWLEDGED)
_FILES: Final = {
    "entities_file": Word.SUBJECTS_FILE,
    "goaml_file": Word.GOAML_FILE,
    "table_file": Word.TABLE_FILE,
    "mapping_file": Word.MAPPING_FILE,
}


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A subject of another agency that meets an own record."""

    exchange: str
    reference: str
    subject: str
    score: str
    is_exact: bool
    own: str
    why: tuple[str, ...]


def show(visit: Visit) -> Response:
    """List the sets, with the form that imports one; needs no hub."""
    return _page(visit)


def import_records(visit: Visit) -> Response:
    """Import a set from files, in the place of the set that has its name."""
    files = [
        DraftFile(name, each.filename or "", each.file.read())
        for name in _FILES
        for each in visit.files(name)
    ]
    draft = _draft(visit, files)
    name = visit.field("name")
    if not files or not name.strip():
        return _page(visit, 400, draft=draft, lacks=True)
    try:
        read = gathered(draft)
        made = visit.console.client.holdings.import_entities(name, read)
    except ExchangeError as error:
        return _page(visit, 400, error, draft=draft)
    visit.tell(Word.HOLDING_IMPORTED, name=visit.locale.one_line(made.name), number=made.entities)
    if read.notes or read.warnings:
        # What was left out is told once, here: nobody reads a brief of own records.
        return _page(visit, read=read)
    return visit.go("/holdings")


def _draft(visit: Visit, files: Iterable[DraftFile] = ()) -> Draft:
    """Take what was said of a table, so that a form with a fault keeps it."""
    said = {each.name: visit.fields(each.name) for each in table_options(visit.locale)}
    fields = {name: values for name, values in said.items() if values}
    return Draft("", "", "", visit.console.now, fields, list(files))


def forget(visit: Visit) -> Response:
    """Remove a set from this machine; one that is gone already is told as removed."""
    holdings = visit.console.client.holdings
    name = visit.field("name")
    if any(each.name == name for each in holdings.all()):
        holdings.forget(name)
    visit.tell(Label.FORGOTTEN, name=visit.locale.one_line(name))
    return visit.go("/holdings")


def compare_waiting(visit: Visit) -> Response:
    """Compare all that waits for the agency's answer; each is opened, which is a delivery."""
    console, locale = visit.console, visit.locale
    listed = console.client.exchanges(party=Party.RECIPIENT, states=_WAITING)
    found = list(islice(listed, MOST_COMPARED + 1))
    rows: list[MatchRow] = []
    faults: list[tuple[str, str]] = []
    for each in found[:MOST_COMPARED]:
        try:
            rows += _rows(visit, console.open(each.id))
        except HubUnavailable:
            raise
        except ExchangeError as error:
            # One that does not verify hides no match of the others.
            faults.append((each.id, explain(error, locale).sentence))
    number = min(len(found), MOST_COMPARED) - len(faults)
    return _matches(visit, rows, number, faults, is_cut=len(found) > MOST_COMPARED)


def compare(visit: Visit) -> Response:
    """Compare one exchange with the own records."""
    exchange = str(visit.request.path_params["exchange"])
    return _matches(visit, _rows(visit, visit.as_read(exchange)), 1, exchange=exchange)


def _page(
    visit: Visit,
    status: int = 200,
    error: ExchangeError | None = None,
    *,
    draft: Draft | None = None,
    read: Gathered | None = None,
    lacks: bool = False,
) -> Response:
    locale = visit.locale
    found = visit.console.client.holdings.all()
    page = visit.page_number(len(found), PAGE_ROWS)
    return visit.show(
        "holdings.html",
        status,
        rows=[
            (each.name, locale.one_line(each.name), each.entities, locale.minute(each.imported_at))
            for each in found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
        ],
        page=page,
        pages=-(-len(found) // PAGE_ROWS),
        fault=visit.explain(error) if error else None,
        lacks=lacks,
        given=visit.field("name") if draft else "",
        files=[(name, visit.say(word)) for name, word in _FILES.items()],
        options=list(table_options(locale)),
        draft=draft or Draft("", "", "", visit.console.now),
        empty=(),
        no_days=(),
        doubts=[doubt_in_words(each, locale) for each in read.warnings] if read else [],
        notes=[note_in_words(each, locale) for each in read.notes] if read else [],
    )


def _matches(
    visit: Visit,
    rows: Iterable[MatchRow],
    number: int,
    faults: Iterable[tuple[str, str]] = (),
    *,
    exchange: str = "",
    is_cut: bool = False,
) -> Response:
    has_holdings = bool(visit.console.client.holdings.all())
    found = list(rows)
    return visit.show(
        "matches.html",
        rows=found[:MOST_SHOWN],
        found=len(found),
        number=number,
        faults=list(faults),
        exchange=exchange,
        is_cut=is_cut,
        has_holdings=has_holdings,
    )


def _rows(visit: Visit, opened: UnsealedExchange) -> Iterator[MatchRow]:
    client = visit.console.client
    subjects = (
        entity
        for statement in opened.statements
        if statement.author.agency != client.agency
        for entity in statement.entities()
    )
    known = visit.console.references().get(opened.id, Reference())
    for each in client.holdings.match(subjects):
        yield _row(each, opened.id, visit.locale.one_line(known.shown), visit.locale)


def _row(match: Match, exchange: str, reference: str, locale: Locale) -> MatchRow:
    schema = locale.say(SCHEMATA[match.schema]) if match.schema in SCHEMATA else match.schema
    return MatchRow(
        exchange=exchange,
        reference=reference,
        subject=locale.one_line(match.subject),
        score=locale.say(SCORES[match.score]),
        is_exact=match.score is Score.EXACT,
        own=locale.one_line(f"{match.caption} ({schema}; {match.holding}: {match.entity_id})"),
        why=tuple(reason_words(each, locale) for each in match.reasons),
    )
