"""Which entries an auditor may open.

- Directory statements are for everyone.
- Entries of an exchange: where the policy lets the auditors of the body see events between the
  opener and the body of any leg.
- Denials also where it lets them see events of the refused body itself. A body that is not enrolled
  is unknown to the policy; its denials are seen as those of the operating agency.
- Inspections by their own body, and where it lets them see events of the reader's body itself.

What is opened beyond directory statements and inspections is disclosed, and must be on the log.
Inspections are no disclosure, or two auditors who follow the log would log each other's readings of
their readings without end.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from exchange_protocol.log.entries import Event, Opening
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.inspection import Ends
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_server.storage.log_rows import StoredEntry
from exchange_server.storage.tables import exchanges, legs


class Audience:
    """What one caller may open of some entries, under the policy in force."""

    def __init__(
        self,
        connection: Connection,
        directory: Directory,
        member: Member,
        entries: Sequence[StoredEntry],
    ) -> None:
        is_auditor = member.role is Role.AUDITOR and member.agency in directory.agencies
        self._rulebook = directory.rulebook if is_auditor and directory.policy else None
        self._directory = directory
        self._agency = member.agency
        self._disclosed: set[Ends] = set()
        self._ends: dict[str, list[Ends]] = {}
        ids = {entry.exchange_id for entry in entries if entry.exchange_id}
        if self._rulebook is not None and ids:
            query = (
                select(exchanges.c.exchange_id, exchanges.c.opener, legs.c.agency)
                .join(legs, legs.c.exchange_id == exchanges.c.exchange_id)
                .where(exchanges.c.exchange_id.in_(ids))
            )
            for exchange_id, opener, leg in connection.execute(query):
                self._ends.setdefault(exchange_id, []).append((AgencyId(opener), AgencyId(leg)))

    @property
    def disclosed(self) -> frozenset[Ends]:
        """Between whom the events are that were disclosed so far."""
        return frozenset(self._disclosed)

    def opening_of(self, entry: StoredEntry) -> Opening | None:
        """The entry's opening, if the caller may have it."""
        if entry.event == Event.STATEMENT and not entry.exchange_id:
            return entry.opening
        if self._rulebook is None:
            return None
        if entry.event == Event.INSPECTION and entry.actor_agency == self._agency:
            return entry.opening
        ends = list(self._ends.get(entry.exchange_id, ()))
        if entry.event in (Event.DENIAL, Event.INSPECTION):
            actor = self._policed(AgencyId(entry.actor_agency))
            ends.append((actor, actor))
        may_audit = self._rulebook.may_audit
        by = next((pair for pair in ends if may_audit(self._agency, *pair)), None)
        if by is None:
            return None
        if entry.event != Event.INSPECTION:
            self._disclosed.add(by)
        return entry.opening

    def _policed(self, actor: AgencyId) -> AgencyId:
        """The body as which the policy knows an actor: a stranger is the centre's guest."""
        operating = self._directory.operating_agency
        return actor if actor in self._directory.agencies or operating is None else operating
