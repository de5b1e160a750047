"""Plain values for programs: what is shown, as JSON has it.

Codes are their names, times are RFC 3339 in UTC, bytes are hex; nothing depends on a language.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agency_client.content.file_names import INDEX
from agency_client.core.views import (
    PartFault,
    Queued,
    Refused,
    Sent,
    UnsealedExchange,
    UnsealedStatement,
)
from agency_client.presentation.exchanges import LegFacts
from agency_client.presentation.news import NOTHING_READ
from agency_client.presentation.steps import Waiting
from agency_client.presentation.words import body_json, due_json, end_json
from agency_client.state.outbox import OutboxEntry, RefusedEntry
from agency_client.state.references import Earlier, Reference
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.record.listing import AskedConsent, ExchangeSummary, NewestStatement
from exchange_protocol.record.notices import Notice
from exchange_protocol.rules.clocks import REMINDERS, Clock, ClockKind
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.statements import Header


def iso(at: datetime | None) -> str | None:
    """A time as programs read it (RFC 3339, UTC)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def summary_json(
    summary: ExchangeSummary,
    known: Reference | None,
    now: datetime,
    read: int = NOTHING_READ,
) -> dict[str, Any]:
    """An exchange of a list; the reference and the summary are what this profile knows.

    `read` is the entry up to which the person has read it.
    """
    return {
        "exchange_id": summary.id,
        "kind": summary.kind.value,
        "initiator": summary.initiator,
        "initiated_at": iso(summary.initiated_at),
        "updated_at": iso(summary.updated_at),
        **due_json(summary.due_at, summary.due_on),
        **end_json("next_due", summary.next_due, "next_due_on", summary.next_due_on),
        "overdue": summary.is_overdue(now),
        "urgency": summary.urgency.name,
        "handling": summary.handling.name,
        "own_reference": known.own or None if known else None,
        "their_reference": known.theirs or None if known else None,
        "summary": known.summary or None if known else None,
        "legs": [
            {
                "agency": leg.agency,
                "state": summary.kind.spec.state_name(leg.state),
                "approvals_required": leg.approvals_required,
                "approvals_given": leg.approvals_given,
                **due_json(leg.due_at, leg.due_on),
                "claimed_by": leg.claimed_by.uri if leg.claimed_by else None,
                "claimed_at": iso(leg.claimed_at),
                "clocks": [clock_json(clock, now) for clock in leg.clocks],
                "consents_asked": list(map(asked_json, leg.consents)),
                "newest": newest_json(leg.newest, read),
                "asks": leg.asks.value if leg.asks else None,
            }
            for leg in summary.legs
        ],
    }


def newest_json(newest: NewestStatement | None, read: int) -> dict[str, Any] | None:
    """The newest statement of another on a leg; `is_news`: the state does not tell it."""
    if newest is None:
        return None
    return {
        "kind": newest.kind.value,
        "agency": newest.agency,
        "index": newest.index,
        "is_answered": newest.is_answered,
        "is_news": newest.kind.spec.is_news,
        "is_unread": newest.index > read,
    }


def clock_json(clock: Clock, now: datetime) -> dict[str, Any]:
    """A clock as plain values."""
    return {
        "clock": clock.kind.value,
        "party": clock.party.value,
        "since": iso(clock.since),
        **end_json("ends_at", clock.at, "ends_on", clock.day),
        "used_percent": clock.used(now),
        "reminder_percent": clock.reminder(now),
        "alarm_hours": clock.alarm(now) if clock.kind is ClockKind.FREEZE else None,
        "is_over": clock.used(now) == REMINDERS[-1],
        "binds": clock.binds,
        "unpublished_years": list(clock.unpublished),
        "judge_awaited_since": iso(clock.judge_awaited_since),
    }


def waiting_json(
    waiting: Waiting, known: Reference | None, now: datetime, read: int = NOTHING_READ
) -> dict[str, Any]:
    """One thing that waits for the agency."""
    return {
        **summary_json(waiting.summary, known, now, read),
        "party": waiting.party.value,
        "state": waiting.summary.kind.spec.state_name(waiting.state),
        "waiting_legs": [leg.agency for leg in waiting.legs],
        "commands": list(waiting.commands),
        "consent": asked_json(waiting.consent) if waiting.consent else None,
    }


def asked_json(consent: AskedConsent) -> dict[str, Any]:
    """A request for consent that waits for the agency; a decision is about `request`."""
    return {
        "request": consent.request.hex(),
        "about": consent.about.hex(),
        "asked_by": consent.asked_by,
        "authority": consent.authority,
        "purpose": consent.purpose.name,
    }


def notice_json(notice: Notice) -> dict[str, Any]:
    """A notice of a watch."""
    return {
        "exchange_id": notice.exchange_id,
        "index": notice.index,
        "event": notice.event.name,
        "kind": str(notice.kind) if notice.kind else None,
        "actor_agency": notice.actor_agency,
        "urgency": notice.urgency.name if notice.urgency else None,
    }


def exchange_json(
    opened: UnsealedExchange, legs: Sequence[LegFacts], now: datetime
) -> dict[str, Any]:
    """An exchange that was verified and unsealed."""
    verified = opened.verified
    first = opened.initial
    return {
        "exchange_id": opened.id,
        "party": verified.party.value,
        "kind": first.kind.value if first else verified.summary.kind.value,
        "header": header_json(first.statement.header) if first else None,
        "legs": [_leg_json(leg, now) for leg in legs],
        "approvals": [
            {"leg": each.leg, "by": each.by.uri, "at": iso(each.at)} for each in opened.approvals
        ],
        "statements": [_statement_json(each) for each in opened.statements],
        "deliveries": [
            {"at": iso(each.hub_time), "to": each.actor.uri} for each in verified.deliveries
        ],
        "checkpoint": {
            "tree_size": verified.checkpoint.size,
            "root": verified.checkpoint.root.hex(),
        },
    }


def header_json(header: Header) -> dict[str, Any]:
    """A statement's header."""
    return {
        "handling": header.handling.name,
        "tlp": header.tlp.name,
        "urgency": header.urgency.name,
        **due_json(header.due_at, header.due_on),
        "purpose": header.purpose.name if header.purpose else None,
        "legal_basis": header.legal_basis,
        "permitted_uses": [use.name for use in header.permitted_uses],
        "onward_authorities": list(header.onward_authorities),
        "language": header.language.name if header.language else None,
        "subject_count": header.subject_count,
        "withheld_from": list(header.withheld_from),
        "withholding_ground": header.withholding_ground.name if header.withholding_ground else None,
    }


def sent_json(
    result: Sent, earlier: Earlier | None = None, kind: Kind | None = None
) -> dict[str, Any]:
    """A statement that was sent, of a kind if that is known."""
    ruling = result.receipt.entry.ruling
    return {
        "status": "sent",
        "exchange_id": result.exchange_id,
        "statement_id": result.statement_id,
        "index": result.index,
        "legs": [leg_change_json(leg, kind) for leg in ruling.legs] if ruling else [],
        "supervisors": list(ruling.supervisors) if ruling else [],
        "rule_ids": list(ruling.rule_ids) if ruling else [],
        **repeats_json(earlier),
    }


def queued_json(result: Queued) -> dict[str, Any]:
    """A statement that waits in the outbox."""
    return {
        "status": "queued",
        "statement_id": result.statement_id,
        "exchange_id": result.exchange_id or None,
        "reason": result.reason.reason.name,
    }


def result_json(result: Sent | Queued | Refused) -> dict[str, Any]:
    """The result of a waiting statement."""
    match result:
        case Sent():
            return sent_json(result)
        case Queued():
            return queued_json(result)
        case Refused():
            return {
                "status": "refused",
                "statement_id": result.statement_id,
                "exchange_id": result.exchange_id or None,
                "reason": result.reason.reason.name,
                "message": result.reason.message,
            }


def repeats_json(earlier: Earlier | None) -> dict[str, Any]:
    """The same statement that was sent a short time ago, where there is one."""
    if earlier is None:
        return {}
    return {
        "repeats": {
            "statement_id": earlier.statement_id,
            "exchange_id": earlier.exchange_id or None,
            "sent_at": iso(earlier.at),
        }
    }


def outbox_json(entry: OutboxEntry) -> dict[str, Any]:
    """A statement of the outbox."""
    return {
        "statement_id": entry.statement_id,
        "exchange_id": entry.exchange_id or None,
        "kind": entry.kind.value,
        "recipients": list(entry.recipients),
        "made_at": iso(entry.made_at),
        "size": entry.size,
    }


def refused_json(refused: RefusedEntry) -> dict[str, Any]:
    """A statement of the outbox that the hub refused."""
    return outbox_json(refused.entry) | {
        "reason": refused.reason.name,
        "message": refused.message,
        "refused_at": iso(refused.refused_at),
    }


def leg_change_json(leg: LegChange, kind: Kind | None) -> dict[str, Any]:
    """The effect on one leg of a statement of a kind, or in an exchange of it."""

    def named(state: LegState) -> str:
        return kind.spec.state_name(state) if kind else state.name

    return {
        "agency": leg.agency,
        "before": named(leg.before) if leg.before else None,
        "state": named(leg.after),
        "approvals_required": leg.approvals_required,
        "approvers": list(leg.approvers),
    }


def _leg_json(leg: LegFacts, now: datetime) -> dict[str, Any]:
    return {
        "agency": leg.agency,
        "state": leg.kind.spec.state_name(leg.state) if leg.state else None,
        "approvals_required": leg.approvals_required,
        "approvers": list(leg.approvers),
        "approvals": list(leg.approvals),
        **due_json(leg.due_at, leg.due_on),
        "claimed_by": leg.claim.member if leg.claim else None,
        "claimed_at": iso(leg.claim.at) if leg.claim else None,
        "clocks": [clock_json(clock, now) for clock in leg.clocks],
        "as_of_entry": leg.as_of_entry,
        "listed_state": leg.kind.spec.state_name(leg.listed) if leg.listed else None,
    }


def _statement_json(statement: UnsealedStatement) -> dict[str, Any]:
    return {
        "statement_id": statement.statement.id,
        "digest": statement.statement.digest.hex(),
        "index": statement.index,
        "hub_time": iso(statement.hub_time),
        "kind": statement.kind.value,
        "codes": body_json(statement.statement.body),
        **due_json(statement.statement.header.due_at, statement.statement.header.due_on),
        "author": statement.author.uri,
        "recipients": list(statement.statement.recipients),
        "role": statement.role.value if statement.role else None,
        "brief": statement.brief.model_dump(mode="json", exclude_none=True)
        if statement.brief
        else None,
        "content": statement.content.model_dump(mode="json", exclude_none=True)
        if statement.content
        else None,
        "entities": list(statement.entities()),
        "subjects_declared": statement.statement.header.subject_count,
        "subjects_found": statement.subject_count,
        "is_erased": statement.is_erased,
        "superseded_by": statement.superseded_by.hex() if statement.superseded_by else None,
        "attachments": {name: len(data) for name, data in statement.attachments.items()},
        "sealed_to_others": sealed_to_others(statement),
        "faults": [fault_json(fault) for fault in statement.faults],
    }


def fault_json(fault: PartFault) -> dict[str, Any]:
    """A part that should be readable and is not."""
    return {
        "part": fault.part,
        "reason": fault.error.reason.name,
        "message": fault.error.message,
        "ask": fault.ask,
    }


def sealed_to_others(statement: UnsealedStatement) -> list[str]:
    """The parts of a statement that the agency cannot open, and need not."""
    known = {*statement.parts, *(fault.part for fault in statement.faults)}
    parts = (part.name for part in statement.statement.parts)
    return [name for name in parts if name not in known and name != INDEX]
