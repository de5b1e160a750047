"""What became of a draft whose sending broke off, as when the console was killed meanwhile.

A statement is in the outbox before it is sent, and has a receipt after that. So what was signed of
a draft is found there, by the time that its id begins with: a draft that is found is not signed
again. A statement of the same act that another program of the profile made meanwhile is taken for
it, too: to ask once too often is better than to sign twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from agency_client.console.drafts import Draft
from agency_client.core.acts import ACTS
from agency_client.state.kept_receipts import KeptReceipt
from agency_client.state.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement that was made of a draft: it waits, or is an entry of the log."""

    exchange_id: str
    index: int | None
    """The entry of the log; None while it waits in the outbox."""


def signed_before(draft: Draft, outbox: Outbox) -> Signed | None:
    """The statement that was made of a draft when it was sent last; None if there is none."""
    if draft.signing_at is None:
        return None
    kind, _ = ACTS[draft.act]
    begun = int(draft.signing_at.timestamp() * 1000)
    for entry in outbox.pending():
        is_its = entry.kind is kind and draft.exchange in ("", entry.exchange_id)
        if is_its and _made_at(entry.statement_id) >= begun:
            return Signed(entry.exchange_id, None)
    found = (each for each in _accepted(draft, outbox) if _made_at(each.statement_id) >= begun)
    return next((Signed(each.exchange_id, each.index) for each in found), None)


def _accepted(draft: Draft, outbox: Outbox) -> Iterator[KeptReceipt]:
    """The receipts among which that of a draft's statement would be."""
    if draft.exchange:
        yield from outbox.receipts(draft.exchange).values()
        return
    # A statement that opens an exchange gives it its id.
    yield from (each for each in outbox.all_receipts() if each.statement_id == each.exchange_id)


def _made_at(statement_id: str) -> int:
    """Milliseconds since 1970, with which the id of a statement begins (RFC 9562, 5.7)."""
    return uuid.UUID(statement_id).int >> 80
