"""The projection of an entry to tables, as pure functions: rows, and to whom they are visible.

The writer stores what these give; `fsck` computes them again from a replay and compares.

- A statement becomes visible to everyone of `access.viewers`, at its own entry.
- An entry may let an agency see more (`access.shown_anew`): a statement that was held and is
  released, a joint case that it joins, or a leg that it approves from now on. This becomes visible
  to it at that entry.
- A delivery is visible to the reader's agency and to the statement's author.
- Denials and directory statements are in nobody's feed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exchange_protocol.kinds.codes import Party, ReaderRole
from exchange_protocol.rules.access import StatementFacts, shown_anew, viewers
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.signed_statements import SignedStatement, batch_bytes
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId
from exchange_server.storage.exchange_rows import ExchangeRow, PartyRow
from exchange_server.storage.feed_rows import FeedRow
from exchange_server.storage.log_rows import StatementRow

# Looked up once: asking a protobuf enumeration by name takes as long as all else of a row.
_NUMBERS: Final = {party: int(party.number) for party in Party}


@dataclass(frozen=True, slots=True)
class Visibility:
    """The rows that one statement makes visible."""

    feed: tuple[FeedRow, ...]
    parties: tuple[PartyRow, ...]


def statement_row(
    statement: Statement,
    signed: SignedStatement,
    said: StatementFacts | None,
    sealed: bytes | None,
) -> StatementRow:
    """The columns of an accepted statement; `said` is None for a directory statement."""
    legs, supervisors = (said.legs, said.supervisors) if said else ((), ())
    return StatementRow(
        statement_id=statement.id,
        kind=statement.kind.value,
        urgency=int(statement.header.urgency),
        legs=legs,
        supervisors=supervisors,
        certificate_sha256=signed.certificate_sha256,
        signature=signed.signature,
        batch=batch_bytes(signed.batch),
        payload=signed.payload,
        sealed=sealed,
        post_quantum_signature=signed.post_quantum_signature or None,
    )


def sealed_start(statement: Statement, name: str, uploaded: Collection[str]) -> int:
    """The place of a part among the sealed bytes beside its statement.

    These follow each other in the statement's order; those in `uploaded` are not among them.
    """
    start = 0
    for part in statement.parts:
        if part.name == name:
            break
        if part.name not in uploaded:
            start += part.size
    return start


def exchange_row(statement: Statement, index: int, at: datetime) -> ExchangeRow:
    """The row of an exchange that a statement opens at the hub's time `at`."""
    header = statement.header
    return ExchangeRow(
        exchange_id=statement.exchange_id,
        initial_index=index,
        kind=statement.kind.value,
        initiator=statement.author.agency,
        initiated_at=at,
        updated_at=at,
        due_at=header.due_at,
        urgency=header.urgency,
        handling=header.handling,
        due_on=header.due_on,
    )


def statement_visibility(
    index: int,
    initial_index: int,
    before: Exchange | None,
    after: Exchange,
    said: StatementFacts,
    indexes: Mapping[bytes, int],
) -> Visibility:
    """Find what the statement at `index` makes visible; `indexes` finds what `shown_anew` names."""
    feed = []
    seen: set[tuple[AgencyId, int, AgencyId]] = set()
    for agency, role in viewers(after, said).items():
        feed.append(FeedRow(agency, index, index, after.id, role))
        seen.update(
            (agency, _NUMBERS[party], leg) for party, leg in _parties_of(agency, role, after, said)
        )
    for agency, digest, role in shown_anew(before, after):
        if digest != said.digest:
            feed.append(FeedRow(agency, index, indexes[digest], after.id, role))
            if role is ReaderRole.RECIPIENT:
                seen.add((agency, _NUMBERS[Party.RECIPIENT], agency))
    parties = tuple(
        PartyRow(agency, party, initial_index, leg, after.id) for agency, party, leg in sorted(seen)
    )
    return Visibility(tuple(feed), parties)


def shown_to_new_approvers(exchange: Exchange, feed: Iterable[FeedRow]) -> list[FeedRow]:
    """The rows that show earlier statements to a new approver of a leg; none in a joint case.

    A hub of the version before does not write them.
    """
    if exchange.kind.spec.is_case:
        return []
    return [
        row for row in feed if row.position != row.entry_index and row.role is ReaderRole.APPROVER
    ]


def delivery_visibility(
    index: int, said: StatementFacts, reader: AgencyId, role: ReaderRole
) -> tuple[FeedRow, ...]:
    """The agencies to which the delivery at `index` is visible."""
    roles = {reader: role, said.author: ReaderRole.AUTHOR}
    return tuple(FeedRow(agency, index, index, said.exchange_id, roles[agency]) for agency in roles)


def _parties_of(
    agency: AgencyId, role: ReaderRole, exchange: Exchange, said: StatementFacts
) -> Iterator[tuple[Party, AgencyId]]:
    if agency == exchange.initiator:
        for leg in exchange.legs:
            yield Party.INITIATOR, leg.agency
    elif role is ReaderRole.RECIPIENT:
        yield Party.RECIPIENT, agency
    elif role is ReaderRole.APPROVER:
        for leg in exchange.legs:
            if leg.agency in said.legs and agency in leg.approvers:
                yield Party.APPROVER, leg.agency
    elif role is ReaderRole.SUPERVISOR:
        for name in said.legs:
            yield Party.SUPERVISOR, name
