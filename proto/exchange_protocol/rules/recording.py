"""Growth of the record of a leg: claims, consents, tasks and copies, statement by statement.

A row says which of these a statement changes (`Row.claims`, `Row.consent`, `Row.task` and others);
here it is checked against what the leg remembers, and added. `leg_record` has the values.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body, attributes
from exchange_protocol.kinds.codes import (
    LegState,
    Party,
    RefusalGround,
)
from exchange_protocol.kinds.days import moment_text
from exchange_protocol.kinds.rows import About, ConsentStep, Row, TaskStep
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.rules.leg_record import Claim, Consent, GivenTask, LegRecord
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member, parse_member


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
            f"{ground.name} is a ground only after a return for information: ask for what is "
            "missing first (docs/rules.md#p4)",
            field="ground",
        )


def has_about(record: LegRecord, about: About, party: Party, body: Body) -> bool:
    """True if the statement that a body of a party is about stands on a leg with this record."""
    digest: bytes = getattr(body, "about")  # noqa: B009 # bodies of such rows alone have it
    return digest in record.said_by(_speaker(about, party)) or bool(record.askers(body))


def _speaker(about: About, party: Party) -> Party:
    ends = (Party.INITIATOR, Party.RECIPIENT)
    return party if about is About.OWN else next(each for each in ends if each is not party)


def _check_about(record: LegRecord, about: About, party: Party, body: Body) -> None:
    if not has_about(record, about, party, body):
        digest: bytes = getattr(body, "about")  # noqa: B009 # as above
        raise unknown_about(_speaker(about, party), digest)


def unknown_about(speaker: Party, digest: bytes) -> ExchangeError:
    """An error for a statement that an end of the leg did not say, or that is held back."""
    return Reason.STATEMENT_UNKNOWN.error(
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


# --- Consents -----------------------------------------------------------------------------------


def _consents_after(
    leg: Leg, row: Row, step: ConsentStep, statement: Statement, at: datetime
) -> tuple[Consent, ...]:
    """The consents of a leg after a step in the life of one."""
    record = leg.record
    match step:
        case ConsentStep.ASKS_FOR_SOURCES:
            return _asked_for_sources(record, statement)
        case ConsentStep.ASKS:
            return (*record.consents, _asked(leg, row, statement, at))
        case ConsentStep.ASKS_MEMBER:
            said: Any = statement.body
            if said.about not in record.from_recipient:
                return record.consents  # It is asked of another member.
            return (*record.consents, _asked(leg, row, statement, at, of_member=True))
        case _:
            return _decided(record.consents, step, statement)


def _asked(
    leg: Leg, row: Row, statement: Statement, at: datetime, *, of_member: bool = False
) -> Consent:
    """The consent that an end of the leg, or another member of a joint case, asks for."""
    said: Any = statement.body
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
    for each in leg.record.consents:
        # A consent serves the agency that asked for it alone: another asks for its own.
        is_same = (each.about, each.authority, each.purpose) == wanted
        if is_same and each.member == asked.member and each.stands(at):
            raise Reason.ALREADY_DECIDED.error(
                f"this consent was asked for already, by {each.request.hex()}"
            )
    return asked


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
        each
        for each in record.consents
        if each.member is not None or (each.about, each.authority, each.purpose) not in anew
    )
    return (*stand, *asked)


def _decided(
    consents: tuple[Consent, ...], step: ConsentStep, statement: Statement
) -> tuple[Consent, ...]:
    """The consents after a decision on one that was asked for, or a revocation."""
    said: Any = statement.body
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
            f"expected an expiry after {statement.made_at.isoformat()}, "
            f"got {moment_text(said.expires_at, said.expires_on)}",
            field="expires_at",
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
