"""The record of a leg: what was said on it by whom, who has it in hand, consents, erasures.

The lifecycle asks it where a statement names another one (`Row.about`), takes an approval in hand
(`Row.claims`), or has what its author said erased (`Row.erases_own`). Hub, client and auditor make
it from the same statements. `encode_record` is its one spelling in tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.kinds.codes import (
    Handling,
    LegState,
    Party,
    Purpose,
    Tlp,
)
from exchange_protocol.kinds.consent_request import AFTER_READING
from exchange_protocol.kinds.rows import ConsentStep
from exchange_protocol.rules.clocks import LegTimes, decode_times, encode_times
from exchange_protocol.trust.identity import AgencyId


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
class ShownLeg:
    """A released leg as its recipient knows it, while new content or an invitation is held back.

    Without it a list would tell the recipient, by a time that vanished or a state that changed, of
    what the gate keeps from it (docs/rules.md#p3).
    """

    state: LegState
    approvals_required: int
    approvals_given: int
    due_at: datetime | None
    due_on: date | None
    times: LegTimes | None


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
    """Supervisors that take part in it: they read every part of what its ends say since then."""
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
    shown: ShownLeg | None = None
    """The leg as its recipient knows it, where statements on it are hidden from it; else None."""

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

    def consents_asked_of(self, party: Party, state: LegState) -> tuple[Consent, ...]:
        """The requests for consent that one end of the leg may decide on in a state of the leg.

        What was erased since is passed on no more, so nobody is asked to decide on it.
        """
        if state not in AFTER_READING:
            return ()
        return tuple(
            each
            for each in self.consents
            if each.step is ConsentStep.ASKS
            and each.asked_by is not party
            and each.about not in self.erased
        )

    def said_by(self, party: Party) -> tuple[bytes, ...]:
        """Digests of what one end of the leg said on it; none of an approver."""
        if party is Party.INITIATOR:
            return self.from_initiator
        return self.from_recipient if party is Party.RECIPIENT else ()


EMPTY_RECORD = LegRecord()


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
    if record.shown is not None:
        fields["shown"] = _encode_shown(record.shown)
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
        shown=_decode_shown(fields["shown"]) if "shown" in fields else None,
    )


def _encode_shown(shown: ShownLeg) -> list[Any]:
    return [
        int(shown.state),
        shown.approvals_required,
        shown.approvals_given,
        shown.due_at.isoformat() if shown.due_at else None,
        shown.due_on.isoformat() if shown.due_on else None,
        encode_times(shown.times) if shown.times else None,
    ]


def _decode_shown(fields: list[Any]) -> ShownLeg:
    state, required, given, due_at, due_on, times = fields
    return ShownLeg(
        state=LegState(state),
        approvals_required=required,
        approvals_given=given,
        due_at=datetime.fromisoformat(due_at) if due_at else None,
        due_on=date.fromisoformat(due_on) if due_on else None,
        times=decode_times(times) if times else None,
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


UNDECIDED: Final = f'"{ConsentStep.ASKS.value}","",'
"""The form of each request for consent without a decision in what `encode_record` makes."""
_EMPTY_TEXT = encode_record(EMPTY_RECORD)


def shown_as(state: LegState) -> str:
    """The form of `LegRecord.shown` in a state, in what `encode_record` makes."""
    return f'"shown":[{int(state)},'


def is_same_record(stored: str, expected: str) -> bool:
    """True if a stored record tells what is expected; one of before `LegRecord.shown` lacks that.

    A hub of schema 0008 may still run beside this one, and writes none.
    """
    if stored == expected:
        return True
    try:
        got, should = json.loads(stored), json.loads(expected)
        if "shown" in got or "shown" not in should:
            return False
        return bool(got == {key: value for key, value in should.items() if key != "shown"})
    except (ValueError, TypeError, RecursionError):
        return False  # A damaged row.
