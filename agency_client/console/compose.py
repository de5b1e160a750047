"""Writing a statement: a form, a draft that is kept, what will happen, and then the signature.

Saving never sends. The page before the signature shows what the library foresees of the draft: on
which legs, held or at once, who approves, who gets a copy, who reads. Sending signs; a hub that is
away leaves the statement in the outbox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from agency_client.console.days import joined_days
from agency_client.console.drafts import Draft, DraftFile
from agency_client.console.filling import Filled, missing, read_form, with_one_end, without_day
from agency_client.console.forms import (
    FILE_FIELDS,
    PRESET,
    SUBJECT_FIELDS,
    SUBJECT_ROWS,
    SUBJECT_SCHEMATA,
    Field,
    fields_of,
)
from agency_client.console.guard import MAX_BODY_BYTES
from agency_client.console.possible import fitting_statements, initial_acts
from agency_client.console.signed import Signed, id_to_sign, signed_before
from agency_client.console.visits import TOKEN, Visit
from agency_client.console.words import Word, act_words
from agency_client.core.acts import ACTS
from agency_client.core.ports import reserved_id
from agency_client.core.possible import supervised_agencies
from agency_client.core.views import Foreseen, Queued, UnsealedExchange
from agency_client.presentation.doubts import doubt_in_words
from agency_client.presentation.entities import tables
from agency_client.presentation.faults import Explained
from agency_client.presentation.labels import Label
from agency_client.presentation.places import note_in_words
from agency_client.presentation.schemata import SCHEMATA
from agency_client.state.references import Reference
from exchange_protocol.errors import ExchangeError, HubUnavailable
from exchange_protocol.kinds.codes import LegState, Party, Purpose, Urgency
from exchange_protocol.kinds.spec import Stage

_NO_FIELDS: Final = frozenset({TOKEN, "draft", "version", "step", "here", "remove"})
_VERSION: Final = "X-Draft-Version"
_APART: Final = "X-Draft-Apart"
"""Says why what was kept is a draft of its own: the name of a word."""
_MOST_ROWS: Final = 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PlannedLeg:
    """The outcome to expect for one recipient."""

    agency: str
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
        draft.fields = {name: [code.name] for name, code in PRESET.items()}
        if kind.spec.is_urgent:
            draft.fields["urgency"] = [Urgency.URGENT.name]
        draft.fields["legal_basis"] = [defaults.legal_basis or ""]
        draft.fields |= _given_by_address(visit)
    return _form(visit, draft)


def _given_by_address(visit: Visit) -> dict[str, list[str]]:
    """Fields that the link from a consent fills in: digests and codes, and no content."""
    given = {"sources": visit.query("source"), "consents": visit.query("consent")}
    fields = {name: [each] for name, each in given.items() if _DIGEST.fullmatch(each)}
    if (to := visit.query("to")) in visit.console.client.directory.agencies:
        fields["to"] = [to]
    if (purpose := visit.query("purpose")) in Purpose.__members__:
        fields["purpose"] = [purpose]
    return fields


def show_draft(visit: Visit) -> Response:
    """The form of a draft, as it was kept."""
    draft = _found(visit)
    return _form(visit, draft) if draft else _gone(visit)


def save(visit: Visit) -> Response:
    """Keep what was filled in, and show what would happen; an error leaves the form as it is."""
    name = str(visit.request.path_params["act"])
    if name not in ACTS:
        return visit.show("notice.html", 404, notice_word="NOT_FOUND")
    exchange = str(visit.request.path_params.get("exchange", ""))
    given_id = visit.field("draft") or visit.console.drafts.new_id()
    with visit.console.drafts.holding(given_id) as is_free:
        before = visit.console.drafts.find(given_id)
        # While another tab sends a draft, what is written here becomes a draft of its own.
        draft = _filled(visit, name, exchange, before, keeps_id=is_free)
        visit.console.drafts.keep(draft)
    headers = {_VERSION: draft.digest(())}
    if visit.field("draft") not in ("", draft.id):
        word = _why_apart(visit, before, is_free=is_free)
        # On the next page too: a form that keeps itself now goes on as the new draft.
        visit.tell(word)
        headers[_APART] = word.name
    if visit.field("step") == "auto":
        return Response(draft.id, media_type="text/plain", headers=headers)
    if visit.field("step") == "keep":
        visit.tell(Word.DRAFT_KEPT)
        return visit.go("/drafts")
    if faulty := _faulty_form(visit, draft, _fields(visit, draft)):
        return faulty
    try:
        _foresee(visit, draft, read_form(draft))
    except ExchangeError as error:
        return _form(visit, draft, 400, fault=visit.explain(error))
    return visit.go(f"/draft/{draft.id}/send")


def show_plan(visit: Visit) -> Response:
    """Foresee the outcome if the draft is signed and sent now."""
    draft = _found(visit)
    if draft is None:
        return _gone(visit)
    if signed := signed_before(draft, visit.console.client.outbox):
        return _signed_page(visit, draft, signed)
    return _plan_page(visit, draft)


def send(visit: Visit) -> Response:
    """Sign and send a draft; it is dropped once the statement is in the outbox or on the log."""
    with visit.console.drafts.holding(str(visit.request.path_params["draft"])) as is_free:
        if not is_free:
            return visit.show("notice.html", 409, notice_word="DRAFT_TAKEN")
        return _send(visit)


def _send(visit: Visit) -> Response:
    draft, console = _found(visit), visit.console
    if draft is None:
        return _gone(visit)
    kind, act = ACTS[draft.act]
    if signed := signed_before(draft, console.client.outbox):
        return _signed_page(visit, draft, signed)
    if visit.field("seen") != _seen(visit, draft):
        word = Word.DRAFT_SENT_BEFORE if draft.sendings else Word.DRAFT_CHANGED
        return _plan_page(visit, draft, 409, changed=visit.say(word))
    try:
        console.check_pin(visit.field("pin"))
    except ExchangeError as error:
        return _plan_page(visit, draft, 400, fault=visit.explain(error))
    if faulty := _faulty_form(visit, draft, _fields(visit, draft)):
        return faulty
    method = getattr(console.client, act.name)
    of = [] if kind.stage is Stage.INITIAL else [console.as_read(draft.exchange)]
    # One page signs once: of a refusal nobody knows here whether a second click was meant.
    draft.sendings += 1
    draft.signing_as = id_to_sign(console.now)
    console.drafts.keep(draft)
    try:
        with reserved_id(draft.signing_as):
            result = method(*of, **read_form(draft).arguments)
    except ExchangeError as error:
        fault = visit.explain(error)
        if signed := signed_before(draft, console.client.outbox):
            return _signed_page(visit, draft, signed, fault)
        draft.signing_as = ""
        console.drafts.keep(draft)
        return _form(visit, draft, 400, fault=fault)
    console.drafts.drop(draft.id)
    if kind.stage is Stage.INITIAL:
        own, summary = draft.one("brief.own_reference"), draft.one("brief.summary")
        console.note_reference(result.exchange_id, Reference(own=own, summary=summary))
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
            ", ".join(map(visit.locale.one_line, each.fields.get("to", ()))),
        )
        for each in visit.console.drafts.all()
        if each.act in ACTS
    ]
    return visit.show(
        "drafts.html", rows=rows, total=visit.console.drafts.count(), acts=initial_acts(visit)
    )


def drop(visit: Visit) -> Response:
    """Throw a draft away."""
    draft = _found(visit)
    if draft is None:
        return _gone(visit)
    visit.console.drafts.drop(draft.id)
    visit.tell(Word.DRAFT_DROPPED)
    return visit.go("/drafts")


def _found(visit: Visit) -> Draft | None:
    """The draft that the address names; None if it is no more."""
    return visit.console.drafts.find(str(visit.request.path_params["draft"]))


def _gone(visit: Visit) -> Response:
    """The answer to the way back after a draft was sent, or to a tab that still has it."""
    return visit.show("notice.html", 404, notice_word="DRAFT_GONE")


def _why_apart(visit: Visit, before: Draft | None, *, is_free: bool) -> Word:
    """The reason why a text is a draft of its own: the one before was sent, or changed."""
    if before is None or signed_before(before, visit.console.client.outbox):
        return Word.DRAFT_SENT_ELSEWHERE
    is_being_sent = not is_free and before.signing_as
    return Word.DRAFT_SENT_ELSEWHERE if is_being_sent else Word.DRAFT_APART


def _filled(
    visit: Visit, act: str, exchange: str, before: Draft | None, *, keeps_id: bool
) -> Draft:
    """The draft that a form gives; files that were kept before stay, unless others are given.

    A draft that is gone, as after it was sent in another tab, begins anew with what was written.
    """
    given = {
        name: visit.fields(name)
        for name in visit.form
        if name not in _NO_FIELDS and visit.fields(name)
    }
    fields = joined_days(given)
    files: list[DraftFile] = []
    removed = visit.fields("remove")
    for name in FILE_FIELDS:
        new = [DraftFile(name, each.filename or "", each.file.read()) for each in visit.files(name)]
        old = [each for each in before.files if each.where == name] if before else []
        files += new or [each for each in old if f"{name}/{each.name}" not in removed]
    # A signed statement stays as it is: writing on makes another statement.
    keeps_id = keeps_id and not (before and signed_before(before, visit.console.client.outbox))
    # The words of another tab are not written over either.
    if before and visit.field("version") not in ("", before.digest(())):
        keeps_id = False
    draft_id = before.id if before and keeps_id else visit.console.drafts.new_id()
    sendings = before.sendings if before else 0
    return Draft(draft_id, act, exchange, visit.console.now, fields, files, sendings)


def _faulty_form(visit: Visit, draft: Draft, fields: list[Field]) -> Response | None:
    """The form again if required fields are empty, or a day of it is none or lacks its other."""
    empty, no_days = missing(fields, draft), without_day(fields, draft)
    one_end = [each for each in with_one_end(fields, draft) if each not in no_days]
    if empty or no_days or one_end:
        return _form(visit, draft, 400, empty=empty, no_days=no_days, one_end=one_end)
    return None


def _form(
    visit: Visit,
    draft: Draft,
    status: int = 200,
    *,
    fault: Explained | None = None,
    empty: Sequence[Field] = (),
    no_days: Sequence[Field] = (),
    one_end: Sequence[Field] = (),
) -> Response:
    kind, act = ACTS[draft.act]
    return visit.show(
        "compose.html",
        status,
        draft=draft,
        version=draft.digest(()) if draft.id else "",
        act_word=act_words(kind, act, visit.language),
        fields=_fields(visit, draft),
        fault=fault,
        empty=empty,
        no_days=no_days,
        one_end=one_end,
        most_bytes=MAX_BODY_BYTES,
        path=f"/exchange/{draft.exchange}/{act.name}" if draft.exchange else f"/new/{act.name}",
        subject_rows=range(SUBJECT_ROWS),
        subject_fields=[(name, visit.field_word(name)) for name in SUBJECT_FIELDS],
        subject_schemata=[(name, visit.locale.say(SCHEMATA[name])) for name in SUBJECT_SCHEMATA],
    )


def _fields(visit: Visit, draft: Draft) -> list[Field]:
    """The fields of a draft's act, with the agencies and statements to choose from."""
    console = visit.console
    directory = console.client.directory
    agencies = sorted(directory.agencies.values(), key=lambda each: each.id)
    statements = []
    about: frozenset[bytes] = frozenset()
    opened = _exchange_of(visit, draft)
    if opened is not None:
        about = fitting_statements(opened, *ACTS[draft.act], console.client.agency)
        found = console.view(opened, visit.locale).statements
        statements = [
            # The words that tell one from another come first: a list cuts off the end.
            (each.digest, " · ".join(filter(None, (each.said, each.title))))
            for each in found
        ]
        if opened.party is Party.SUPERVISOR:
            heard = supervised_agencies(opened.verified, directory, console.member)
            agencies = [each for each in agencies if each.id in heard]
    # An earlier choice stays in sight, also where it fits no longer.
    chosen = {*(each.hex() for each in about), *(draft.fields.get("about", ()) if about else ())}
    return fields_of(
        *ACTS[draft.act],
        visit.locale,
        agencies,
        console.client.agency,
        statements,
        [each for each in statements if each[0] in chosen],
    )


def _exchange_of(visit: Visit, draft: Draft) -> UnsealedExchange | None:
    """The exchange of a draft; None if there is none, or if it is not kept and the hub is away.

    What was written is shown all the same: nobody signs it before the exchange was read.
    """
    if not draft.exchange:
        return None
    try:
        return visit.as_read(draft.exchange)
    except HubUnavailable:
        if not draft.id:
            raise
        return None


def _plan_page(
    visit: Visit,
    draft: Draft,
    status: int = 200,
    *,
    fault: Explained | None = None,
    changed: str = "",
) -> Response:
    kind, act = ACTS[draft.act]
    fields = _fields(visit, draft)
    if faulty := _faulty_form(visit, draft, fields):
        return faulty
    try:
        filled = read_form(draft)
        foreseen = _foresee(visit, draft, filled)
    except ExchangeError as error:
        return _form(visit, draft, 400, fault=visit.explain(error))
    shown = [
        (each.label, text)
        for each in fields
        if (text := _given_words(visit, draft, each.name, dict(each.choices)))
    ]
    return visit.show(
        "send.html",
        status,
        draft=draft,
        act=act,
        act_word=act_words(kind, act, visit.language),
        legs=_planned(visit, draft, foreseen),
        supervisors=list(map(visit.locale.agency, foreseen.supervisors)),
        is_comment=kind.spec.supervises,
        shown=shown,
        found=tables(filled.entities, visit.locale, _MOST_ROWS),
        doubts=[doubt_in_words(each, visit.locale) for each in filled.doubts],
        notes=[note_in_words(each, visit.locale) for each in filled.notes],
        files=[(visit.locale.one_line(each.name), len(each.data)) for each in draft.files],
        has_pin=visit.console.has_pin,
        seen=_seen(visit, draft),
        fault=fault,
        changed=changed,
    )


def _signed_page(
    visit: Visit, draft: Draft, signed: Signed, fault: Explained | None = None
) -> Response:
    """Tell where the statement of a draft is; that draft is not signed again."""
    waits = signed.index is None
    return visit.show(
        "signed.html",
        409,
        draft=draft,
        act_word=act_words(*ACTS[draft.act], visit.language),
        said=visit.say(Word.SIGNED_WAITS)
        if waits
        else visit.say(Word.SIGNED_ACCEPTED, entry=signed.index),
        there="/outbox" if waits else f"/exchange/{signed.exchange_id}",
        there_word="OUTBOX" if waits else "EXCHANGE",
        fault=fault,
        summary=visit.locale.visible(draft.one("brief.summary")),
    )


def _seen(visit: Visit, draft: Draft) -> str:
    """The digest of all that the page before the signature shows; nothing else is signed."""
    read = visit.as_read(draft.exchange).statements if draft.exchange else ()
    return draft.digest(each.statement.digest for each in read)


def _given_words(visit: Visit, draft: Draft, name: str, choices: dict[str, str]) -> str:
    ends = [draft.one(f"{name}.start"), draft.one(f"{name}.end")]
    if any(ends):
        return " – ".join(ends)
    given = [choices.get(each, each) for each in draft.fields.get(name, []) if each]
    return visit.locale.visible("\n".join(given))


def _foresee(visit: Visit, draft: Draft, filled: Filled) -> Foreseen:
    """Foresee the effects of a draft, by the library; raises what sending would raise."""
    console = visit.console
    if not draft.exchange:
        return console.client.foresee(draft.act, **filled.arguments)
    return console.client.foresee(draft.act, console.as_read(draft.exchange), **filled.arguments)


def _planned(visit: Visit, draft: Draft, foreseen: Foreseen) -> list[PlannedLeg]:
    """The recipients of a draft, each with what is to be expected there."""
    gated = {leg.agency: leg for leg in foreseen.legs if leg.approvals_required}
    opened = visit.as_read(draft.exchange) if draft.exchange else None
    is_own = opened is not None and opened.party is Party.INITIATOR
    behind = {
        leg.agency
        for leg in (opened.legs if opened and is_own else ())
        if leg.state is LegState.HELD
    }
    made = []
    for agency in foreseen.recipients:
        if agency in gated:
            words = visit.say(
                Word.LEG_HELD,
                number=gated[agency].approvals_required,
                whom=f" {visit.say(Label.OR)} ".join(
                    map(visit.locale.agency, gated[agency].approvers)
                ),
            )
        else:
            words = visit.say(Word.LEG_BEHIND if agency in behind else Word.LEG_AT_ONCE)
        made.append(PlannedLeg(visit.locale.agency(agency), words))
    return made
