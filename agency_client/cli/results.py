"""The result of a statement, told to people and programs: sent, or kept in the outbox."""

from __future__ import annotations

from typing import Any

import typer

from agency_client.cli.failures import ExitCode
from agency_client.cli.output import (
    ResultUnwritten,
    complain,
    heading,
    print_fields,
    print_json,
    print_table,
    say,
    state,
)
from agency_client.cli.session import Session
from agency_client.core.views import Queued, Sent
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.rules.lifecycle import LegChange


def queued_words(result: Queued) -> str:
    """Why a statement was not sent now, and what sends it."""
    return (
        f"Not sent yet: {result.reason.message}. Your statement is kept in the outbox; "
        "`agency outbox flush` sends it once the hub takes it."
    )


def tell(session: Session, result: Sent | Queued, done: str) -> None:
    """Print the result of a statement; leaves with code 4 if it waits in the outbox.

    `done` says in a word what was done, such as "Approved".
    """
    try:
        _tell(session, result, done)
    except ResultUnwritten as error:
        error.is_sent = True
        raise


def _tell(session: Session, result: Sent | Queued, done: str) -> None:
    if isinstance(result, Queued):
        if session.as_json:
            print_json(
                {
                    "status": "queued",
                    "exchange_id": result.exchange_id,
                    "statement_id": result.statement_id,
                    "reason": result.reason.reason.name,
                    "message": queued_words(result),
                }
            )
        else:
            complain(queued_words(result))
            print_fields(_ids(result))
        raise typer.Exit(ExitCode.QUEUED)
    if session.as_json:
        print_json(sent_json(result))
        return
    say(f"{done}. The hub's receipt is verified and kept.")
    print_fields([*_ids(result), ("log entry", str(result.index))])
    ruling = result.receipt.entry.ruling
    if ruling is not None and ruling.legs:
        heading("Route")
        print_table(
            ("AGENCY", "STATE", ""),
            [(leg.agency, state(leg.after.name), route_words(leg)) for leg in ruling.legs],
            "",
        )
    if ruling is not None and ruling.supervisors:
        say(f"Copies of the brief by rule: {', '.join(ruling.supervisors)}")


def sent_json(result: Sent) -> dict[str, Any]:
    """A sent statement as plain values."""
    ruling = result.receipt.entry.ruling
    return {
        "status": "sent",
        "exchange_id": result.exchange_id,
        "statement_id": result.statement_id,
        "index": result.index,
        "legs": [leg_change_json(leg) for leg in ruling.legs] if ruling else [],
        "supervisors": list(ruling.supervisors) if ruling else [],
        "rule_ids": list(ruling.rule_ids) if ruling else [],
    }


def leg_change_json(leg: LegChange) -> dict[str, Any]:
    """What a statement did to one leg, as plain values."""
    return {
        "agency": leg.agency,
        "before": leg.before.name if leg.before else None,
        "state": leg.after.name,
        "approvals_required": leg.approvals_required,
        "approvers": list(leg.approvers),
    }


def route_words(leg: LegChange) -> str:
    """What a leg waits for, in words."""
    if leg.after is LegState.HELD:
        needed = f"{leg.approvals_required} approval{'s' if leg.approvals_required > 1 else ''}"
        return f"held: needs {needed} by {' or '.join(leg.approvers)}"
    return "flows at once" if leg.after is LegState.RELEASED and leg.before is None else ""


def _ids(result: Sent | Queued) -> list[tuple[str, str]]:
    fields = [("exchange", result.exchange_id)] if result.exchange_id else []
    return [*fields, ("statement", result.statement_id)]
