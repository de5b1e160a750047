"""`agency inbox|sent|pending|supervised`: lists of exchanges, as the hub tells them.

A list is the hub's word. `agency show` verifies an exchange before it shows anything of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import typer
from rich.text import Text

from agency_client.cli import inputs
from agency_client.cli.app import app
from agency_client.cli.output import is_narrow, iso, minute, print_json, print_table, state
from agency_client.cli.session import Session, session_of
from agency_client.core.views import ExchangeSummary, LegSummary
from agency_client.presentation.times import time_left
from exchange_protocol.kinds.codes import LegState, Party, Urgency

PANEL = "Look"

States: TypeAlias = Annotated[
    list[LegState] | None,
    typer.Option(
        "--state",
        parser=inputs.one_of(LegState),
        metavar="STATE",
        help="Only legs in this state, such as held or answered; repeatable.",
    ),
]


@app.command(rich_help_panel=PANEL)
def inbox(context: typer.Context, states: States = None) -> None:
    """List what is addressed to your agency."""
    _list(session_of(context), Party.RECIPIENT, states, "Nothing is addressed to your agency.")


@app.command(rich_help_panel=PANEL)
def sent(context: typer.Context, states: States = None) -> None:
    """List what your agency opened."""
    _list(session_of(context), Party.INITIATOR, states, "Your agency has opened nothing.")


@app.command(rich_help_panel=PANEL)
def pending(context: typer.Context, states: States = None) -> None:
    """List what waits for an approval that your agency may give."""
    _list(session_of(context), Party.APPROVER, states, "Nothing waits for your approval.")


@app.command(rich_help_panel=PANEL)
def supervised(context: typer.Context, states: States = None) -> None:
    """List what your agency sees as a supervisor."""
    _list(session_of(context), Party.SUPERVISOR, states, "Nothing is supervised by you.")


def _list(session: Session, party: Party, states: Iterable[LegState] | None, empty: str) -> None:
    with session.hub() as hub:
        exchanges = list(hub.exchanges(party=party, states=tuple(states or ())))
    if session.as_json:
        print_json({"exchanges": [summary_json(each) for each in exchanges]})
        return
    now = datetime.now(UTC)
    if is_narrow():
        rows = [_narrow_row(each, now) for each in exchanges]
        print_table(("EXCHANGE", "WHAT", "LEGS", "DUE"), rows, empty)
    else:
        rows = [_row(each, now) for each in exchanges]
        columns = ("EXCHANGE", "KIND", "FROM", "LEGS", "HANDLING", "DUE", "UPDATED")
        print_table(columns, rows, empty)


def _row(summary: ExchangeSummary, now: datetime) -> tuple[str | Text, ...]:
    return (
        summary.id,
        _kind(summary),
        summary.initiator,
        Text("\n").join(_leg(leg, " ") for leg in summary.legs),
        summary.handling.name,
        _due(summary, now),
        minute(summary.updated_at),
    )


def _narrow_row(summary: ExchangeSummary, now: datetime) -> tuple[str | Text, ...]:
    legs = Text("\n").join(_leg(leg, "\n") for leg in summary.legs)
    return summary.id, f"{_kind(summary)} of {summary.initiator}", legs, _due(summary, now)


def _kind(summary: ExchangeSummary) -> str:
    urgent = "urgent " if summary.urgency is Urgency.URGENT else ""
    return f"{urgent}{summary.kind.spec.words.en}"


def _due(summary: ExchangeSummary, now: datetime) -> Text:
    due_at = summary.next_due
    if due_at is None:
        return Text(minute(summary.due_at))
    style = "bold red" if due_at < now else ""
    return Text(f"{minute(due_at)}\n{time_left(due_at, now)}", style=style)


def _leg(leg: LegSummary, between: str) -> Text:
    text = Text(f"{leg.agency}{between}").append_text(state(leg.state.name))
    if leg.state is LegState.HELD:
        text.append(f" {leg.approvals_given}/{leg.approvals_required}")
    return text


def summary_json(summary: ExchangeSummary) -> dict[str, Any]:
    """A summary as plain values."""
    return {
        "exchange_id": summary.id,
        "kind": summary.kind.value,
        "initiator": summary.initiator,
        "initiated_at": iso(summary.initiated_at),
        "updated_at": iso(summary.updated_at),
        "due_at": iso(summary.due_at),
        "next_due": iso(summary.next_due),
        "overdue": summary.is_overdue(datetime.now(UTC)),
        "urgency": summary.urgency.name,
        "handling": summary.handling.name,
        "legs": [
            {
                "agency": leg.agency,
                "state": leg.state.name,
                "approvals_required": leg.approvals_required,
                "approvals_given": leg.approvals_given,
                "due_at": iso(leg.due_at),
            }
            for leg in summary.legs
        ],
    }
