"""Handling: the uses of a statement that its handling code, TLP and permitted uses leave open.

Clients enforce this where content leaves them: the hub is blind, and cannot. The codes are those of
docs/rules.md#p8; what they forbid is open again with a consent of the author that is on the log.
"""

from __future__ import annotations

from datetime import datetime

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Handling, Purpose, Tlp
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.provenance import asking
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId

IN_COURT = (Purpose.PROSECUTION, Purpose.CONFISCATION)
"""Purposes that bring information into judicial proceedings."""


def check_saving(statement: Statement, agency: AgencyId, reader: str | None) -> None:
    """Check that an agency may write the content of a statement into files.

    To read it, on a screen or in a file of one's own, is the use that it was sent for. TLP:RED is
    for named persons alone, so the caller must name the readers of the files.

    Raises:
        InvalidInput: MISSING_FIELD, if it is another's and TLP:RED, and no reader is named.
    """
    if statement.author.agency != agency and statement.header.tlp is Tlp.RED and reader is None:
        raise Reason.MISSING_FIELD.error(
            f"the content of {statement.digest.hex()} by {statement.author.agency} is TLP:RED, for "
            "its named readers alone (docs/rules.md#p8): say for whom the files are with "
            "--for-named-reader NAME; they say so too",
            field="for_named_reader",
        )


def check_court_use(
    statement: Statement, exchange: Exchange | None, agency: AgencyId, at: datetime
) -> None:
    """Check that an agency may disclose the content of a statement in judicial proceedings.

    An agency's own statements are its own. `exchange` is None for a supervisor, who sees no
    consent.

    Raises:
        NotPermitted: CONSENT_MISSING, with the rule and the statement that asks for consent.
    """
    rule = _forbids(statement)
    if statement.author.agency == agency or rule is None:
        return
    ends = (agency, statement.author.agency)
    for leg in exchange.legs if exchange else ():
        for consent in leg.record.consents:
            if any(consent.covers(statement.digest, agency, use, at) for use in IN_COURT):
                return
    asks = "ask-consent" if exchange is None else asking(exchange.kind, exchange.initiator, ends)
    ask = (
        f"Ask its author: agency {asks} {statement.exchange_id} --about "
        f"{statement.digest.hex()} --authority {agency} --purpose prosecution"
    )
    if exchange is None:
        ask = "A supervisor sees no consent: an end of the exchange may ask its author, and export"
    raise Reason.CONSENT_MISSING.error(
        f"the content of {statement.digest.hex()} by {statement.author.agency} may not be used in "
        f"court: {rule} (docs/rules.md#p8). {ask}. Without --with-content the evidence proves all "
        "the rest"
    )


def stays_sealed(statement: Statement, exchange: Exchange | None, agency: AgencyId) -> bool:
    """True for words that are kept out of court and whose author nobody can ask for consent.

    An end of a leg, or a member of a joint case, is asked. An approver or a supervisor is not: its
    signature and its codes prove what it decided, and its words stay sealed.
    """
    author = statement.author.agency
    if exchange is None or author in (agency, exchange.initiator) or exchange.leg(author):
        return False
    return _forbids(statement) is not None


def _forbids(statement: Statement) -> str | None:
    """The rule that keeps a statement out of court; None if none does."""
    header = statement.header
    if header.handling >= Handling.H1:
        return f"its handling is {header.handling.name}"
    if header.tlp is Tlp.RED:
        return "it is TLP:RED, for its named recipients alone"
    if header.permitted_uses and not set(header.permitted_uses) & set(IN_COURT):
        uses = ", ".join(use.name for use in header.permitted_uses)
        return f"its permitted uses are {uses}"
    return None
