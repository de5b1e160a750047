"""Rules that bind new statements alone.

A client checks them before it sends, and the hub before it takes a statement. A replay does not:
logs hold statements that were taken before these rules, and an honest log replays for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Party, Purpose
from exchange_protocol.kinds.names import check_assigned
from exchange_protocol.kinds.rows import ConsentStep
from exchange_protocol.rules.access import role_of
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.provenance import Sources, check_chain, check_release
from exchange_protocol.rules.recording import unknown_about
from exchange_protocol.rules.statements import MAX_DUE, Statement
from exchange_protocol.rules.supervision import comment_on


def check_intake(
    statement: Statement,
    directory: Directory,
    exchange: Exchange | None = None,
    *,
    sources: Sources | None = None,
    at: datetime | None = None,
) -> None:
    """Check a new statement, beside its judgement.

    Args:
        statement: the new statement.
        directory: the directory by which it was judged.
        exchange: its exchange as it was before; None for one that it opens.
        sources: finds statements of any exchange; None if the caller cannot know other exchanges.
        at: the hub's time; by default the statement's own.

    Raises:
        ExchangeError: INVALID_FIELD, for a name with characters newer than Unicode 14;
            AGENCY_UNKNOWN or AGENCY_RETIRED, for onward authorities that take no part;
            EXPIRY_TOO_FAR, for a consent of more than `MAX_DUE`; CONSENT_NOT_LESS, for a consent in
            part to all that was asked for; CONTRADICTORY, for one that contradicts itself;
            PROVENANCE_CIRCULAR or CONSENT_MISSING, for what its sources pass on; CONTENT_ERASED,
            for a request for consent to what its author had erased; these two also for an approval
            of what may be passed on no more; STATEMENT_UNKNOWN, for one that its author may not
            see, or that a supervisor names to a recipient from which it is held back.
    """
    if exchange is not None:
        _check_shown(statement, exchange, sources)
    if sources is not None:
        check_chain(statement, sources, at or statement.made_at)
        if exchange is not None:
            check_release(statement, exchange, sources, at or statement.made_at)
    statement.kind.spec.check_sense(statement.body, names_due=statement.header.due_at is not None)
    name = getattr(statement.body, "name", None)
    if name is not None:
        check_assigned(name, "name")
    for agency in statement.header.onward_authorities:
        if directory.agency(agency).is_retired:
            raise Reason.AGENCY_RETIRED.error(
                f"expected agencies that take part, got {agency}, which is retired",
                field="onward_authorities",
            )
    grants = any(row.consent is ConsentStep.GRANTS for row in statement.kind.spec.rows)
    expires_at = getattr(statement.body, "expires_at", None) if grants else None
    if expires_at is not None and expires_at - statement.made_at > MAX_DUE:
        raise Reason.EXPIRY_TOO_FAR.error(
            f"expected an expiry at most {MAX_DUE.days} days after the statement's own "
            f"{statement.made_at.isoformat()}, got {expires_at.isoformat()}",
            field="expires_at",
        )
    if exchange is not None:
        _check_not_erased(statement, exchange)
    # A consent names its purpose where it is given in part, and nowhere else.
    purpose = getattr(statement.body, "purpose", None) if grants else None
    if exchange is not None and purpose is not None:
        _check_less(getattr(statement.body, "about", b""), purpose, exchange)


def _check_shown(statement: Statement, exchange: Exchange, sources: Sources | None) -> None:
    """Check that a statement names none that its author or its reader is not shown.

    A recipient does not find such a statement in its view, and would accuse the hub of that.
    """
    if statement.kind.spec.supervises:
        _check_comment_on_shown(statement, exchange, sources)
        return
    leg = exchange.leg(statement.author.agency)
    about = getattr(statement.body, "about", b"")
    if leg is not None and about in leg.hidden:
        # In the same words as of one that is not there: else a guess would be confirmed.
        raise unknown_about(Party.INITIATOR, about)


def _check_comment_on_shown(
    statement: Statement, exchange: Exchange, sources: Sources | None
) -> None:
    """Check that a supervisor speaks of what it got a copy of, and its reader may see."""
    author, reader, answers = statement.author.agency, comment_on(statement), statement.answers
    found = sources.find(answers) if sources is not None and answers is not None else None
    if found is not None and role_of(author, found.exchange, found.said) is None:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that {author} got a copy of, got {found.said.digest.hex()}",
            field="answers",
        )
    leg = exchange.leg(reader)
    if leg is not None and answers is not None and answers in leg.hidden:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that {reader} may see, got {answers.hex()}, which waits for "
            "approval: comment on it once it is approved",
            field="answers",
        )


_ASKING: Final = (ConsentStep.ASKS, ConsentStep.ASKS_MEMBER, ConsentStep.ASKS_FOR_SOURCES)


def _check_not_erased(statement: Statement, exchange: Exchange) -> None:
    """Check that consent is asked for what is still there: nobody can pass on what is erased."""
    if not any(row.consent in _ASKING for row in statement.kind.spec.rows):
        return
    body: Any = statement.body
    asked = getattr(body, "sources", None) or (body.about,)
    for leg in exchange.legs:
        gone = next((each for each in asked if each in leg.record.erased), None)
        if gone is not None:
            raise Reason.CONTENT_ERASED.error(
                f"expected a statement whose content is still there, got {gone.hex()}: its author "
                "had it erased, so it can be passed on no more",
                field="about" if hasattr(body, "about") else "sources",
            )


def _check_less(request: bytes, purpose: Purpose, exchange: Exchange) -> None:
    """Check that a consent in part is for another purpose than was asked for."""
    for leg in exchange.legs:
        for asked in leg.record.consents:
            if asked.request == request and asked.purpose is purpose:
                raise Reason.CONSENT_NOT_LESS.error(
                    f"expected another purpose than {asked.purpose.name}, which was asked for: "
                    "`agency consent` consents to that one",
                    field="purpose",
                )
