"""The result of a statement, told to people and programs: sent, or kept in the outbox."""

from __future__ import annotations

import typer

from agency_client.cli.failures import ExitCode
from agency_client.cli.output import (
    Column,
    complain,
    heading,
    in_state,
    print_fields,
    print_json,
    print_table,
    say,
)
from agency_client.cli.session import Session
from agency_client.cli.terminal import after_sending
from agency_client.core.views import Queued, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import queued_json, repeats_json, sent_json
from agency_client.presentation.steps import state_words
from agency_client.state.references import Earlier
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.rules.exchange import LegChange


def tell(
    session: Session,
    result: Sent | Queued,
    done: str,
    locale: Locale,
    earlier: Earlier | None = None,
    kind: Kind | None = None,
) -> None:
    """Print the result of a statement of a kind; leaves with code 4 if it waits in the outbox.

    `done` says in a word what was done, such as "Approved". `earlier` is the same statement, sent a
    short time ago.
    """
    with after_sending():
        if isinstance(result, Sent):
            if session.as_json:
                print_json(sent_json(result, earlier, kind))
            else:
                _print_sent(result, done, locale, kind)
            return
        if session.as_json:
            message = queued_words(result, locale)
            print_json(queued_json(result) | {"message": message} | repeats_json(earlier))
        else:
            complain(queued_words(result, locale))
            print_fields(_ids(result, locale))
    raise typer.Exit(ExitCode.QUEUED)


def queued_words(result: Queued, locale: Locale) -> str:
    """Say why a statement was not sent now, what sends it, and what takes it back."""
    return locale.say(
        Label.NOT_SENT_YET, why=locale.with_own_times(result.reason.message), id=result.statement_id
    )


def route_words(leg: LegChange, locale: Locale, kind: Kind | None = None) -> str:
    """Say what a leg waits for after a statement of a kind."""
    if leg.after is LegState.HELD and kind is not None and kind.spec.approves_any:
        # Only an approval leaves a leg held: it was one of several.
        return locale.say(Label.HELD_NEEDS_FURTHER, number=leg.approvals_required)
    if leg.after is LegState.HELD:
        whom = f" {locale.say(Label.OR)} ".join(leg.approvers)
        if leg.approvals_required == 1:
            return locale.say(Label.HELD_NEEDS_ONE, whom=whom)
        return locale.say(Label.HELD_NEEDS, number=leg.approvals_required, whom=whom)
    is_new = leg.after is LegState.RELEASED and leg.before is None
    return locale.say(Label.FLOWS_AT_ONCE) if is_new else ""


def _print_sent(result: Sent, done: str, locale: Locale, kind: Kind | None) -> None:
    say(locale.say(Label.RECEIPT_KEPT, done=done))
    print_fields([*_ids(result, locale), (locale.say(Label.LOG_ENTRY), str(result.index))])
    ruling = result.receipt.entry.ruling
    if ruling is not None and ruling.legs:
        heading(locale.say(Label.ROUTE))
        print_table(
            (locale.say(Label.AGENCY), locale.say(Label.STATE), Column("", wraps=True)),
            [
                (
                    leg.agency,
                    in_state(
                        locale.say(state_words(kind, leg.after) if kind else leg.after), leg.after
                    ),
                    route_words(leg, locale, kind),
                )
                for leg in ruling.legs
            ],
            "",
        )
    if ruling is not None and ruling.supervisors:
        say(locale.say(Label.COPIES, whom=", ".join(ruling.supervisors)))


def _ids(result: Sent | Queued, locale: Locale) -> list[tuple[str, str]]:
    fields = [(locale.say(Label.STATEMENT), result.statement_id)]
    if result.exchange_id:
        fields.insert(0, (locale.say(Label.EXCHANGE), result.exchange_id))
    return fields
