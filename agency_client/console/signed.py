"""The fate of a draft whose sending broke off, as when the console was killed meanwhile.

The id of the statement is made, and kept in the draft, before anything is signed. A statement is in
the outbox before it is sent, and has a receipt after that. So what was signed of a draft is found
there by its id: a draft that is found is not signed again, and no other statement is taken for it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from agency_client.console.drafts import Draft
from agency_client.state.outbox import Outbox
from exchange_protocol.rules.statements import UUID_RANDOM_BYTES, new_statement_id


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement that was made of a draft: it waits, or is an entry of the log."""

    exchange_id: str
    index: int | None
    """The entry of the log; None while it waits in the outbox."""


def id_to_sign(now: datetime) -> str:
    """Make the id of the statement that a draft will be."""
    return new_statement_id(now, secrets.token_bytes(UUID_RANDOM_BYTES))


def signed_before(draft: Draft, outbox: Outbox) -> Signed | None:
    """The statement that was made of a draft when it was sent last; None if there is none."""
    if not draft.signing_as:
        return None
    # A statement that opens an exchange gives it its id.
    exchange = draft.exchange or draft.signing_as
    if outbox.holds(draft.signing_as):
        return Signed(exchange, None)
    receipt = outbox.receipts(exchange).get(draft.signing_as)
    return None if receipt is None else Signed(exchange, receipt.index)
