"""Rules that bind new statements alone.

A client checks them before it sends, and the hub before it takes a statement. A replay does not:
logs hold statements that were taken before these rules, and an honest log replays for ever.
"""

from __future__ import annotations

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.rows import ConsentStep
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import MAX_DUE, Statement


def check_intake(statement: Statement, directory: Directory) -> None:
    """Check a new statement, beside its judgement.

    Raises:
        ExchangeError: AGENCY_UNKNOWN or AGENCY_RETIRED, for onward authorities that take no part;
            EXPIRY_TOO_FAR, for a consent of more than `MAX_DUE`.
    """
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
