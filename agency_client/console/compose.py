"""Writing a statement: a form, a draft that is kept, what will happen, and then the signature.

Saving never sends. The page before the signature shows what the library would make of the draft: on
which legs, held or at once, who approves, who gets a copy, who reads. Sending signs; a hub that is
away leaves the statement in the outbox.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from agency_client.console.drafts import Draft, DraftFile, Drafts
from agency_client.console.forms import (
    SUBJECT_FIELDS,
    SUBJECT_ROWS,
    SUBJECT_SCHEMATA,
    Field,
    arguments_of,
    entities_of,
    fields_of,
)
from agency_client.console.possible import initial_acts, possible_acts
from agency_client.console.visits import TOKEN, Visit
from agency_client.console.words import Word, act_words
from agency_client.content.subjects import SubjectCount
from agency_client.core.acts import ACTS
from agency_client.core.given import parse_agencies, parse_code
from agency_client.core.views import Queued
from agency_client.presentation.entities import tables
from agency_client.presentation.schemata import SCHEMATA
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp, Urgency
from exchange_protocol.kinds.spec import Act, Stage
from exchange_protocol.rules.judgement import plan_initial
from exchange_protocol.rules.statements import Header

_NO_FIELDS: Final = frozenset({TOKEN, "draft", "step", "here"})
_MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class PlannedLeg:
    """The outcome to expect on the leg of one recipient."""

    agency: str
    is_held: bool
    words: str


def show_new(visit: Visit) -> Response:
    """An empty form, or the draft of the address."""
    name = str(visit.request.path_params["act"])
    if name not in ACTS:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    exchange = str(visit.request.path_params.get("exchange", ""))
    draft = Draft("", name, exchange, visit.console.now)
    kind, _ = ACTS[name]
    if kind.stage is Stage.INITIAL:
        defaults = visit.console.client.profile.defaults
        draft.fields = {
            "handling": [Handling.H0.name],
            "tlp": [Tlp.AMBER.name],
            "urgency": [Urgency.ROUTINE.name],
            "purpose": [Purpose.INVESTIGATION.name],
            "legal_basis": [defaults.legal_basis or ""],
        }
    return _form(visit, draft)


def show_draft(visit: Visit) -> Response:
    """The form of a draft, as it was kept."""
    return _form(visit, drafts(visit).load(str(visit.request.path_params["draft"])))


def save(visit: Visit) -> Response:
    """Keep what was filled in, and show what would happen; an error leaves the form as it is."""
    name = str(visit.request.path_params["act"])
    if name not in ACTS:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    draft = _filled(visit, name, str(visit.request.path_params.get("exchange", "")))
    drafts(visit).keep(draft)
    if visit.field("step") == "keep":
        visit.tell(Word.DRAFT_KEPT)
        return visit.go("/drafts")
    try:
        with ExitStack() as stack:
            arguments_of(draft, stack)
            _plan(visit, draft)
    except (ExchangeError, TypeError) as error:
        return _form(visit, draft, 400, error=_message(visit, error))
    return visit.go(f"/draft/{draft.id}/send")


def show_plan(visit: Visit) -> Response:
    """Foresee the outcome if the draft is signed and sent now."""
    draft = drafts(visit).load(str(visit.request.path_params["draft"]))
    try:
        return _plan_page(visit, draft)
    except (ExchangeError, TypeError) as error:
        return _form(visit, draft, 400, error=_message(visit, error))


def send(visit: Visit) -> Response:
    """Sign and send a draft; it is dropped once the statement is in the outbox or on the log."""
    store = drafts(visit)
    draft = store.load(str(visit.request.path_params["draft"]))
    kind, act = ACTS[draft.act]
    console = visit.console
    try:
        console.check_pin(visit.field("pin"))
    except ExchangeError as error:
        return _plan_page(visit, draft, 400, error=_message(visit, error))
    try:
        with ExitStack() as stack:
            arguments = arguments_of(draft, stack)
            method = getattr(console.client, act.name)
            if kind.stage is Stage.INITIAL:
                result = method(**arguments)
            else:
                result = method(console.as_read(draft.exchange), **arguments)
    except (ExchangeError, TypeError) as error:
        return _form(visit, draft, 400, error=_message(visit, error))
    store.drop(draft.id)
    words = act_words(kind, act, visit.language)
    if isinstance(result, Queued):
        visit.tell(Word.STATEMENT_QUEUED, act=words)
        return visit.go("/outbox")
    visit.tell(Word.STATEMENT_SENT, act=words, entry=result.index)
    return visit.go(f"/exchange/{result.exchange_id}")


def show_drafts(visit: Visit) -> Response:
    """All drafts of this profile."""
    rows = [
        (
            each.id,
            act_words(*ACTS[each.act], visit.language),
            visit.locale.minute(each.changed_at),
            visit.locale.one_line(each.one("brief.summary")[:120]),
        )
        for each in drafts(visit).all()
        if each.act in ACTS
    ]
    return visit.show("drafts.html", rows=rows, acts=initial_acts(visit))


def drop(visit: Visit) -> Response:
    """Throw a draft away."""
    drafts(visit).drop(drafts(visit).load(str(visit.request.path_params["draft"])).id)
    visit.tell(Word.DRAFT_DROPPED)
    return visit.go("/drafts")


def drafts(visit: Visit) -> Drafts:
    """The drafts of the profile."""
    profile = visit.console.client.profile
    return Drafts(profile.state, profile.vault)


def _filled(visit: Visit, act: str, exchange: str) -> Draft:
    """The draft that a form gives; files that were kept before stay, unless others are given."""
    store = drafts(visit)
    given_id = visit.field("draft")
    before = store.load(given_id) if given_id else None
    fields = {
        name: visit.fields(name)
        for name in visit.form
        if name not in _NO_FIELDS and visit.fields(name)
    }
    files: list[DraftFile] = []
    for name in ("attachments", "entities_file", "table_file", "mapping_file"):
        new = [DraftFile(name, each.filename or "", each.file.read()) for each in visit.files(name)]
        old = [each for each in before.files if each.where == name] if before else []
        removed = visit.fields("remove")
        files += new or [each for each in old if f"{name}/{each.name}" not in removed]
    return Draft(given_id or store.new_id(), act, exchange, visit.console.now, fields, files)


def _form(visit: Visit, draft: Draft, status: int = 200, *, error: str = "") -> Response:
    kind, act = ACTS[draft.act]
    return visit.show(
        "compose.html",
        status,
        draft=draft,
        act_word=act_words(kind, act, visit.language),
        fields=_fields(visit, draft),
        error=error,
        path=f"/exchange/{draft.exchange}/{act.name}" if draft.exchange else f"/new/{act.name}",
        subject_rows=range(SUBJECT_ROWS),
        subject_fields=[(name, visit.field_word(name)) for name in SUBJECT_FIELDS],
        subject_schemata=[(name, visit.locale.say(SCHEMATA[name])) for name in SUBJECT_SCHEMATA],
    )


def _fields(visit: Visit, draft: Draft) -> list[Field]:
    """The fields of a draft's act, with the agencies and statements to choose from."""
    client = visit.console.client
    agencies = sorted(client.directory.agencies.values(), key=lambda each: each.id)
    statements = []
    if draft.exchange:
        opened = visit.as_read(draft.exchange)
        found = visit.console.view(opened, visit.locale).statements
        statements = [(each.digest, each.title) for each in found]
    return fields_of(*ACTS[draft.act], visit.locale, agencies, client.agency, statements)


def _plan_page(visit: Visit, draft: Draft, status: int = 200, *, error: str = "") -> Response:
    kind, act = ACTS[draft.act]
    with ExitStack() as stack:
        found = tables(entities_of(draft, stack)[0], visit.locale, _MOST_ROWS)
    legs, supervisors = _plan(visit, draft)
    shown = [
        (each.label, text)
        for each in _fields(visit, draft)
        if (text := _given_words(visit, draft, each.name, dict(each.choices)))
    ]
    return visit.show(
        "send.html",
        status,
        draft=draft,
        act=act,
        act_word=act_words(kind, act, visit.language),
        legs=legs,
        supervisors=supervisors,
        shown=shown,
        found=found,
        files=[(visit.locale.one_line(each.name), len(each.data)) for each in draft.files],
        has_pin=visit.console.has_pin,
        error=error,
    )


def _given_words(visit: Visit, draft: Draft, name: str, choices: dict[str, str]) -> str:
    ends = [draft.one(f"{name}.start"), draft.one(f"{name}.end")]
    if any(ends):
        return " – ".join(ends)
    given = [choices.get(each, each) for each in draft.fields.get(name, []) if each]
    return visit.locale.visible("\n".join(given))


def _plan(visit: Visit, draft: Draft) -> tuple[list[PlannedLeg], list[str]]:
    """The legs on which a draft would speak, by the policy on the log as the library reads it."""
    kind, act = ACTS[draft.act]
    console, locale = visit.console, visit.locale
    if kind.stage is not Stage.INITIAL:
        return _continuing_legs(visit, draft, kind, act), []
    console.prepare()
    with ExitStack() as stack:
        subjects = SubjectCount()
        for entity in entities_of(draft, stack)[0]:
            subjects.add(entity)
    header = Header(
        handling=parse_code(Handling, draft.one("handling") or Handling.H0, "handling"),
        tlp=parse_code(Tlp, draft.one("tlp") or Tlp.AMBER, "tlp"),
        urgency=parse_code(Urgency, draft.one("urgency") or Urgency.ROUTINE, "urgency"),
        subject_count=int(subjects),
    )
    to = parse_agencies(draft.fields.get("to", []), "to")
    route = plan_initial(console.client.directory, console.member, kind, header, to)
    legs = [
        PlannedLeg(
            leg.agency,
            bool(leg.approvals_required),
            locale.say(
                Word.LEG_HELD.value,
                number=leg.approvals_required,
                whom=f" {locale.say(Word.OR.value)} ".join(leg.approvers),
            )
            if leg.approvals_required
            else locale.say(Word.LEG_AT_ONCE.value),
        )
        for leg in route.legs
    ]
    return legs, list(route.supervisors)


def _continuing_legs(visit: Visit, draft: Draft, kind: Kind, act: Act) -> list[PlannedLeg]:
    opened = visit.open(draft.exchange)
    if act.name not in {name for name, _, _ in possible_acts(visit, opened)}:
        # The library says why, in its own words, where it is asked to do it.
        return []
    agency = visit.console.client.agency
    others = [leg.agency for leg in opened.legs if leg.agency != agency]
    first = opened.initial
    ends = [first.author.agency] if first and first.author.agency != agency else others
    return [PlannedLeg(each, False, visit.say(Word.LEG_BY_POLICY)) for each in ends]


def _message(visit: Visit, error: Exception) -> str:
    """An error in words: a call that lacks an argument is a form that lacks a field."""
    if isinstance(error, ExchangeError):
        field = f"{error.field}: " if error.field else ""
        return visit.locale.visible(f"{field}{error.message}")
    return visit.say(Word.FIELDS_MISSING)
