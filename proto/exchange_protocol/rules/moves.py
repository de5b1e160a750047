"""Moves: by which row of its kind a party may say a statement on a leg, and if none, why not.

`lifecycle` applies the row that is found here. A refusal says what may be said instead, and what
must happen first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import About, Row, matches
from exchange_protocol.rules.addressing import party_on
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.statements import Statement

_INVITED_AGAIN: Final = (LegState.REFUSED, LegState.LEFT)
"""States of a leg of a joint case that its member goes on to know, while a new invitation waits."""


def allowed_row(
    exchange: Exchange, leg: Leg, statement: Statement, *, partial: bool = False
) -> Row:
    """The row by which a statement is said on a leg.

    `partial`: the caller sees what the leg's recipient does. A recall may then be that of an
    invitation which it is not shown.

    Raises:
        Conflict: OUT_OF_ORDER, with what is allowed instead.
        NotPermitted: if the author has no part in the exchange.
    """
    party = party_on(exchange, leg, statement)
    row = row_for(exchange, leg, statement.body, party)
    if row is None and partial and exchange.kind.spec.is_case and leg.state in _INVITED_AGAIN:
        held = row_for(exchange, replace(leg, state=LegState.HELD), statement.body, party)
        row = held if held is not None and held.follows_unseen else None
    if row is None:
        raise out_of_order(exchange, leg, statement.body, party)
    return row


def row_for(exchange: Exchange, leg: Leg, body: Body, party: Party) -> Row | None:
    """The row by which a party may say a body on a leg now; None if there is none."""
    kind, leg = kind_of(body), _as_known(leg, party)
    for row in kind.spec.rows:
        # The state rules most rows out, and takes least to look at.
        if row.party is party and applies(row, kind, exchange, leg) and matches(row, body):
            return row
    return None


def applies(row: Row, kind: Kind, exchange: Exchange, leg: Leg) -> bool:
    """True if a row of a kind may be said on a leg in its present state."""
    return (
        leg.state in row.before
        and is_row_of(row, kind, exchange.kind)
        and not (row.while_unreleased and leg.was_released)
        # Nobody speaks as recipient of what it was never shown.
        and (leg.was_released or row.party is not Party.RECIPIENT)
        # What was said to all members would be corrected to their lead alone.
        and not (
            row.about is About.OWN and leg.state is LegState.CLOSED and exchange.kind.spec.is_case
        )
    )


def is_row_of(row: Row, kind: Kind, exchange_kind: Kind) -> bool:
    """True if a row of a kind may be said in an exchange of a kind at all."""
    of_exchange = exchange_kind.spec
    return (not row.is_answer or of_exchange.answer is kind.body) and (
        not row.in_case or of_exchange.is_case
    )


def _as_known(leg: Leg, party: Party) -> Leg:
    """The leg in the state that a party knows.

    A recipient knows nothing of what is held back from it. It speaks by what it knows: else a
    refusal would tell it, and an invitation could keep a former member from revoking a consent.
    """
    shown = leg.record.shown if party is Party.RECIPIENT else None
    return replace(leg, state=shown.state) if shown else leg


# --- What a refusal says -------------------------------------------------------------------------


def out_of_order(exchange: Exchange, leg: Leg, body: Body, party: Party) -> ExchangeError:
    """The error for a body that no row lets a party say on a leg: with what it may say there."""
    kind, known = kind_of(body), _as_known(leg, party)
    named = (_named(kind, each) for each in kind.spec.rows if matches(each, body))
    return Reason.OUT_OF_ORDER.error(
        f"{next(named, kind)} by the {party.value} is not allowed on a leg of {exchange.kind} that "
        f"is {known.state.name}; allowed there: {_allowed(exchange, known, party)}"
        f"{advice(exchange, known, body, party)}"
    )


def advice(exchange: Exchange, leg: Leg, body: Body, party: Party) -> str:
    """A sentence of what must happen before a party can say a body on a leg.

    It begins with the full stop of the sentence before. It is empty where nothing can be advised.
    """
    if party is Party.RECIPIENT:
        return _advice_to_recipient(exchange, leg)
    if party is Party.INITIATOR:
        return _advice_to_initiator(exchange, leg, body)
    return ""


def _advice_to_recipient(exchange: Exchange, leg: Leg) -> str:
    if leg.state is LegState.RELEASED:
        return ". Open the exchange first: nobody answers what it has not been given"
    if leg.state is LegState.RETURNED:
        return f". Wait for {exchange.initiator}: it owes what was asked, or a correction"
    return ""


def _advice_to_initiator(exchange: Exchange, leg: Leg, body: Body) -> str:
    if leg.state in (LegState.HELD, LegState.RELEASED):
        if _row_in(LegState.RELEASED, exchange, leg, body):
            return ". It is not released yet: say it once a coordinator has approved it"
        if _row_in(LegState.DELIVERED, exchange, leg, body):
            return f". It is not delivered yet: say it once {leg.agency} has opened the exchange"
    row = _row_in(LegState.RETURNED, exchange, leg, body)
    if row is not None and row.about is not None:
        # A correction is waited for first, so that nobody answers the wrong statement.
        for kind in Kind:
            if any(_calls_back(each, kind, exchange, leg) for each in kind.spec.rows):
                return f". First let the other side wait: say {kind}"
    return ""


def _row_in(state: LegState, exchange: Exchange, leg: Leg, body: Body) -> Row | None:
    """The row by which the initiator could say a body, were the leg in that state."""
    return row_for(exchange, replace(leg, state=state), body, Party.INITIATOR)


def _calls_back(row: Row, kind: Kind, exchange: Exchange, leg: Leg) -> bool:
    """True if the initiator may bring a leg back to RETURNED by a row."""
    is_step = row.party is Party.INITIATOR and row.after is LegState.RETURNED
    return is_step and applies(row, kind, exchange, leg)


def _allowed(exchange: Exchange, leg: Leg, party: Party) -> str:
    """The kinds that a party may say on a leg now, with codes, as a list in words."""
    kinds = {
        _named(kind, row)
        for kind in Kind
        for row in kind.spec.rows
        if row.party is party and applies(row, kind, exchange, leg)
    }
    return ", ".join(sorted(kinds)) or "nothing"


def _named(kind: Kind, row: Row) -> str:
    """A kind, with the code where the row is for one code alone."""
    return kind.value if row.code is None else f"{kind} ({row.code.name})"
