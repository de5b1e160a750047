"""The record of a leg: what was said on it by whom, who has it in hand, consents, erasures.

The lifecycle asks it where a statement names another one (`Row.about`), takes an approval in hand
(`Row.claims`), or has what its author said erased (`Row.erases_own`). Hub, client and auditor make
it from the same statements. `encode_record` is its one spelling in tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.kinds.codes import (
    Handling,
    LegState,
    Party,
    Purpose,
    RefusalGround,
    Tlp,
)
from exchange_protocol.kinds.spec import About, Body, ConsentStep, Row, TaskStep, attributes
from exchange_protocol.rules.clocks import LegTimes, decode_times, encode_times
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member, parse_member

if TYPE_CHECKING:
    from exchange_protocol.rules.lifecycle import Leg


@dataclass(frozen=True, slots=True)
class Claim:
    """An approver has a held leg in hand."""

    member: str
    """URI of the member."""
    at: datetime
    """The hub's time."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent to onward use, from the request on."""

    request: bytes
    """Digest of the request for it."""
    asked_by: Party
    """The end of the leg that asked; for what another member asked, the initiator's end."""
    about: bytes
    """Digest of the statement that is to be passed on."""
    authority: AgencyId
    purpose: Purpose
    """The purpose that was asked for, and after the decision the one that is consented to."""
    step: ConsentStep = ConsentStep.ASKS
    decision: bytes = b""
    """Digest of the newest decision on it; empty while there is none."""
    expires_at: datetime | None = None
    member: AgencyId | None = None
    """The other member of a joint case that asked; None if an end of the leg did."""

    def covers(self, about: bytes, authority: AgencyId, purpose: Purpose, at: datetime) -> bool:
        """True if it lets a statement be passed on to an authority, for a purpose, at a time."""
        return (
            self.step is ConsentStep.GRANTS
            and (self.about, self.authority, self.purpose) == (about, authority, purpose)
            and self.expires_at is not None
            and at < self.expires_at
        )

    def stands(self, at: datetime) -> bool:
        """True if it waits for a decision, or was granted and has not lapsed."""
        if self.step is ConsentStep.GRANTS:
            return self.expires_at is None or at < self.expires_at
        return self.step is ConsentStep.ASKS


@dataclass(frozen=True, slots=True)
class GivenTask:
    """A task of the leg's member in a joint case."""

    digest: bytes
    """Digest of the statement that gave it."""
    due_at: datetime
    is_open: bool = True
    due_on: date | None = None
    """The day whose end is the due time, where the lead gave a day."""


@dataclass(frozen=True, slots=True)
class LegRecord:
    """The traces of a leg's statements, beside its state."""

    from_initiator: tuple[bytes, ...] = ()
    """Digests of what the initiator said on the leg, in log order."""
    from_recipient: tuple[bytes, ...] = ()
    """Digests of what the recipient said on it."""
    supervisors: tuple[AgencyId, ...] = ()
    """Agencies that were named as supervisors of what was said on it."""
    involved: tuple[AgencyId, ...] = ()
    """Those of them that take part in it: they read every part of what its ends say since then."""
    from_approvers: tuple[bytes, ...] = ()
    """Digests of what approvers said on it, in a joint case."""
    tasks: tuple[GivenTask, ...] = ()
    """Tasks of the member, in a joint case, in log order."""
    claim: Claim | None = None
    consents: tuple[Consent, ...] = ()
    """Consents to onward use that were asked for, in log order."""
    strictest_handling: Handling = Handling.H0
    """The strictest handling of anything said on the leg."""
    strictest_tlp: Tlp = Tlp.CLEAR
    """The strictest TLP of anything said on it."""
    erased: tuple[bytes, ...] = ()
    """Digests of statements whose sealed parts their author has erased."""
    was_returned: bool = False
    """True if the leg was returned for information before."""
    times: LegTimes | None = None
    """The clocks that run; None before the first statement."""

    @property
    def all_said(self) -> tuple[bytes, ...]:
        """Digests of all that was said on the leg; of decisions, in a joint case."""
        return (*self.from_initiator, *self.from_recipient, *self.from_approvers)

    @property
    def next_task(self) -> GivenTask | None:
        """The open task that is due first."""
        tasks = (each for each in self.tasks if each.is_open)
        return min(tasks, key=lambda task: task.due_at, default=None)

    def askers(self, body: Any) -> tuple[AgencyId, ...]:
        """The other members of a joint case whose request for consent a body answers."""
        if not kind_of(body).spec.answers_consent:
            return ()
        asked = (each for each in self.consents if each.request == body.about)
        return tuple(dict.fromkeys(each.member for each in asked if each.member is not None))

    def said_by(self, party: Party) -> tuple[bytes, ...]:
        """Digests of what one end of the leg said on it; none of an approver."""
        if party is Party.INITIATOR:
            return self.from_initiator
        return self.from_recipient if party is Party.RECIPIENT else ()


EMPTY_RECORD = LegRecord()


def record_after(
    leg: Leg, row: Row, statement: Statement, after: LegState, at: datetime
) -> LegRecord:
    """The record of a leg after a statement by a row, at the hub's time.

    Raises:
        NotFound: STATEMENT_UNKNOWN, if it names a statement that it may not name.
        Conflict: ALREADY_CLAIMED, NOT_CLAIMED, or ALREADY_DECIDED for a consent or a task;
            RETURN_FIRST.
        NotPermitted: NOT_ITS_CLAIM, if another agency has the leg in hand.
    """
    record = leg.record
    _check_returned(record, row, statement.body)
    if row.about is not None:
        _check_about(record, row.about, row.party, statement.body)
    claim = _claim_after(record.claim, row, statement.author, at)
    if row.consent is not None:
        consents = _consents_after(leg, row, row.consent, statement, at)
        record = replace(record, consents=consents)
    if row.involves:
        record = replace(record, involved=involved_after(record, statement.body))
    if row.task is not None:
        record = replace(record, tasks=_tasks_after(leg, row.task, statement))
    if row.erases_own:
        record = replace(record, erased=record.said_by(row.party))
    # A claim ends with the decision that it was for, and with new content.
    ends = after is not LegState.HELD or row.adds_content or row.approves
    header = statement.header
    record = replace(
        record,
        claim=None if ends else claim,
        strictest_handling=max(record.strictest_handling, header.handling),
        strictest_tlp=max(record.strictest_tlp, header.tlp),
        supervisors=tuple(dict.fromkeys((*record.supervisors, *statement.supervisors))),
        was_returned=record.was_returned or after is LegState.RETURNED,
    )
    if row.party is Party.INITIATOR:
        return replace(record, from_initiator=(*record.from_initiator, statement.digest))
    # Other members of a joint case speak on the leg too; theirs stands in their own.
    if row.party is Party.RECIPIENT and statement.author.agency == leg.agency:
        return replace(record, from_recipient=(*record.from_recipient, statement.digest))
    return record


def involved_after(record: LegRecord, body: Any) -> tuple[AgencyId, ...]:
    """The supervisors that take part in a leg after one more is involved.

    Raises:
        NotPermitted: NOT_A_PARTY, for an agency that got no copy of what was said on the leg.
        Conflict: ALREADY_DECIDED, for one that takes part already.
    """
    supervisor: AgencyId = body.supervisor
    if supervisor not in record.supervisors:
        raise Reason.NOT_A_PARTY.error(
            f"expected a supervisor that got a copy of what was said before, got {supervisor}",
            field="supervisor",
        )
    if supervisor in record.involved:
        raise Reason.ALREADY_DECIDED.error(f"{supervisor} takes part already", field="supervisor")
    return (*record.involved, supervisor)


def _check_returned(record: LegRecord, row: Row, body: Body) -> None:
    ground = row.after_return
    if ground is None or record.was_returned:
        return
    further: tuple[RefusalGround, ...] = getattr(body, "further_grounds", ())
    stated = (*(value for _, value in attributes(body)), *further)
    if any(value is ground for value in stated):
        raise Reason.RETURN_FIRST.error(
            f"{ground.name} is no ground for what was never returned for information: ask for what "
            "is missing first (docs/rules.md#p4)",
            field="ground",
        )


def _check_about(record: LegRecord, about: About, party: Party, body: Body) -> None:
    ends = (Party.INITIATOR, Party.RECIPIENT)
    speaker = party if about is About.OWN else next(each for each in ends if each is not party)
    digest: bytes = getattr(body, "about")  # noqa: B009 # bodies of such rows alone have it
    if digest not in record.said_by(speaker) and not record.askers(body):
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that the {speaker.value} said on this leg, got {digest.hex()}",
            field="about",
        )


def _claim_after(claim: Claim | None, row: Row, author: Member, at: datetime) -> Claim | None:
    if row.claims is None:
        return claim
    if row.claims:
        if claim is not None:
            raise Reason.ALREADY_CLAIMED.error(
                f"{claim.member} has this in hand since {claim.at.isoformat()}; "
                "it can be given back by that agency, and decided by any approver"
            )
        return Claim(author.uri, at)
    if claim is None:
        raise Reason.NOT_CLAIMED.error("nobody has this in hand, so there is nothing to give back")
    if parse_member(claim.member).agency != author.agency:
        raise Reason.NOT_ITS_CLAIM.error(
            f"expected a member of the agency that has this in hand, {claim.member}; got {author}"
        )
    return None


def _tasks_after(leg: Leg, step: TaskStep, statement: Statement) -> tuple[GivenTask, ...]:
    said: Any = statement.body
    tasks = leg.record.tasks
    if step is TaskStep.GIVES:
        due_at = statement.header.due_at
        if said.assignee != leg.agency or due_at is None:
            return tasks
        return (*tasks, GivenTask(statement.digest, due_at, due_on=statement.header.due_on))
    if statement.author.agency != leg.agency:
        return tasks
    found = next((each for each in tasks if each.digest == said.about), None)
    if found is None:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a task of {leg.agency}, got {said.about.hex()}", field="about"
        )
    if not found.is_open:
        raise Reason.ALREADY_DECIDED.error(
            f"the task {said.about.hex()} was ended already", field="about"
        )
    return tuple(replace(each, is_open=False) if each is found else each for each in tasks)


def _asked_for_sources(record: LegRecord, statement: Statement) -> tuple[Consent, ...]:
    """The consents after a draft: it asks anew for each source that the leg's member gave."""
    said: Any = statement.body
    asked = tuple(
        Consent(statement.digest, Party.INITIATOR, source, said.authority, said.use)
        for source in said.sources
        if source in record.from_recipient
    )
    anew = {(each.about, each.authority, each.purpose) for each in asked}
    stand = (
        each for each in record.consents if (each.about, each.authority, each.purpose) not in anew
    )
    return (*stand, *asked)


def _consents_after(
    leg: Leg, row: Row, step: ConsentStep, statement: Statement, at: datetime
) -> tuple[Consent, ...]:
    said: Any = statement.body
    record = leg.record
    consents = record.consents
    if step is ConsentStep.ASKS_FOR_SOURCES:
        return _asked_for_sources(record, statement)
    if step is ConsentStep.ASKS_MEMBER and said.about not in record.from_recipient:
        return consents  # It is asked of another member.
    if step in (ConsentStep.ASKS, ConsentStep.ASKS_MEMBER):
        of_member = step is ConsentStep.ASKS_MEMBER
        asked = Consent(
            request=statement.digest,
            asked_by=Party.INITIATOR if of_member else row.party,
            about=said.about,
            authority=said.authority,
            purpose=said.purpose,
            member=statement.author.agency if of_member else None,
        )
        is_of_recipient = row.party is Party.INITIATOR or of_member
        provider = leg.agency if is_of_recipient else statement.recipients[0]
        if asked.authority == provider:
            raise Reason.PROVENANCE_CIRCULAR.error(
                f"expected another authority than {provider}, which gave the information",
                field="authority",
            )
        wanted = (asked.about, asked.authority, asked.purpose)
        for each in consents:
            is_same = (each.about, each.authority, each.purpose) == wanted
            if is_same and each.stands(at):
                raise Reason.ALREADY_DECIDED.error(
                    f"this consent was asked for already, by {each.request.hex()}"
                )
        return (*consents, asked)
    found = next((each for each in consents if each.request == said.about), None)
    if found is None:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a request for consent, got {said.about.hex()}", field="about"
        )
    needed = ConsentStep.GRANTS if step is ConsentStep.REVOKES else ConsentStep.ASKS
    if found.step is not needed:
        raise Reason.ALREADY_DECIDED.error(
            "expected a request for consent that waits for a decision"
            if needed is ConsentStep.ASKS
            else "expected a consent that stands, to revoke it",
            field="about",
        )
    if said.expires_at is not None and said.expires_at <= statement.made_at:
        raise Reason.EXPIRY_PAST.error(
            f"expected an expiry after {statement.made_at.isoformat()}", field="expires_at"
        )
    # A draft asks for several statements at once, and is decided on as one.
    return tuple(
        replace(
            each,
            step=step,
            decision=statement.digest,
            purpose=said.purpose or each.purpose,
            expires_at=said.expires_at,
        )
        if each.request == said.about
        else each
        for each in consents
    )


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def encode_record(record: LegRecord) -> str:
    """A record as canonical JSON; what is empty is left out."""
    fields: dict[str, Any] = {
        name: [digest.hex() for digest in digests]
        for name, digests in (
            ("from_initiator", record.from_initiator),
            ("from_recipient", record.from_recipient),
            ("erased", record.erased),
            ("from_approvers", record.from_approvers),
        )
        if digests
    }
    if record.claim is not None:
        fields["claim"] = [record.claim.member, record.claim.at.isoformat()]
    if record.strictest_handling is not Handling.H0 or record.strictest_tlp is not Tlp.CLEAR:
        fields["strictest"] = [int(record.strictest_handling), int(record.strictest_tlp)]
    if record.supervisors:
        fields["supervisors"] = list(record.supervisors)
    if record.involved:
        fields["involved"] = list(record.involved)
    if record.tasks:
        fields["tasks"] = [_encode_task(each) for each in record.tasks]
    if record.was_returned:
        fields["was_returned"] = True
    if record.times is not None:
        fields["times"] = encode_times(record.times)
    if record.consents:
        fields["consents"] = [_encode_consent(each) for each in record.consents]
    return _CANONICAL.encode(fields)


def decode_record(text: str) -> LegRecord:
    """A record from the JSON that `encode_record` made."""
    if text == _EMPTY_TEXT:
        return EMPTY_RECORD
    fields = json.loads(text)
    claim = fields.get("claim")
    handling, tlp = fields.get("strictest", (Handling.H0, Tlp.CLEAR))
    return LegRecord(
        from_initiator=_digests(fields, "from_initiator"),
        from_recipient=_digests(fields, "from_recipient"),
        supervisors=tuple(map(AgencyId, fields.get("supervisors", ()))),
        involved=tuple(map(AgencyId, fields.get("involved", ()))),
        from_approvers=_digests(fields, "from_approvers"),
        tasks=tuple(map(_decode_task, fields.get("tasks", ()))),
        claim=None if claim is None else Claim(claim[0], datetime.fromisoformat(claim[1])),
        consents=tuple(map(_decode_consent, fields.get("consents", ()))),
        strictest_handling=Handling(handling),
        strictest_tlp=Tlp(tlp),
        erased=_digests(fields, "erased"),
        was_returned=fields.get("was_returned", False),
        times=decode_times(fields["times"]) if "times" in fields else None,
    )


def _encode_task(task: GivenTask) -> list[Any]:
    return [
        task.digest.hex(),
        task.due_at.isoformat(),
        task.is_open,
        *([task.due_on.isoformat()] if task.due_on is not None else []),
    ]


def _decode_task(fields: list[Any]) -> GivenTask:
    digest, due_at, is_open, *day = fields
    return GivenTask(
        digest=bytes.fromhex(digest),
        due_at=datetime.fromisoformat(due_at),
        is_open=is_open,
        due_on=date.fromisoformat(day[0]) if day else None,
    )


def _encode_consent(consent: Consent) -> list[Any]:
    return [
        consent.request.hex(),
        consent.asked_by.value,
        consent.about.hex(),
        consent.authority,
        int(consent.purpose),
        consent.step.value,
        consent.decision.hex(),
        consent.expires_at.isoformat() if consent.expires_at else None,
        *([consent.member] if consent.member is not None else []),
    ]


def _decode_consent(fields: list[Any]) -> Consent:
    request, asked_by, about, authority, purpose, step, decision, expires_at, *member = fields
    return Consent(
        request=bytes.fromhex(request),
        asked_by=Party(asked_by),
        about=bytes.fromhex(about),
        authority=AgencyId(authority),
        purpose=Purpose(purpose),
        step=ConsentStep(step),
        decision=bytes.fromhex(decision),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        member=AgencyId(member[0]) if member else None,
    )


def _digests(fields: dict[str, Any], name: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, fields.get(name, ())))


_EMPTY_TEXT = encode_record(EMPTY_RECORD)
