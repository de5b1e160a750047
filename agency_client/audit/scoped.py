"""Folding what an auditor may open, which need not be everything.

An auditor of the centre opens every entry: one `Replay` judges them all. An auditor of one state
opens what touches its own state. Of an exchange that another state opened to several states it sees
the legs of its own state alone; on such an exchange each of those legs is replayed as its recipient
would replay it (`Replay` with a view), because statements on the others are missing.

Assumed verified: that each opening is the one of its leaf, and that entries come in log order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exchange_protocol.errors import Reason
from exchange_protocol.log.entries import Entry, Event, Opening, parse_entry
from exchange_protocol.replay import DirectoryFold, Replay
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Statement, parse_statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId


class AuditFold:
    """Judges entries in log order; `auditor` is the agency whose auditor opens them.

    With `auditor` None every entry is there, as in a copy of the hub's database.
    """

    def __init__(self, anchors: TrustAnchors, auditor: AgencyId | None) -> None:
        self._directories = DirectoryFold(anchors)
        self._auditor = auditor
        self._whole = Replay(self._directories)
        self._legs: dict[str, dict[AgencyId, Replay]] = {}
        self.last_time: datetime | None = None

    @property
    def directory(self) -> Directory:
        """The directory after the last entry folded."""
        return self._directories.current

    @property
    def exchanges(self) -> Mapping[str, Exchange]:
        """The exchanges that were replayed as a whole."""
        return self._whole.exchanges

    @property
    def exchange_count(self) -> int:
        """Exchanges that were replayed, wholly or by leg."""
        return len(self._whole.exchanges) + len(self._legs)

    def apply(self, index: int, opening: Opening) -> tuple[Entry, Statement | None]:
        """Judge the entry at `index`.

        Raises:
            HubDishonest: RULE_BROKEN or ENTRY_MISMATCH, naming the entry.
        """
        entry = parse_entry(opening.entry)
        if self.last_time is not None and entry.hub_time < self.last_time:
            raise Reason.RULE_BROKEN.error(
                f"entry {index}: its time {entry.hub_time} is before that of an entry before it"
            )
        self.last_time = entry.hub_time
        statement = None
        if opening.statement is not None:
            statement = parse_statement(opening.statement.payload)
            if statement.exchange_id == statement.id:
                self._open(statement)
        legs = self._legs.get(entry.exchange_id)
        if legs is None or entry.event is Event.DENIAL:
            return self._whole.apply(index, opening)
        for replay in self._concerned(legs, entry):
            replay.apply(index, opening)
        return entry, statement

    def may_audit_everything(self) -> bool:
        """Whether the policy in force opens every exchange to this auditor."""
        if self._auditor is None:
            return True
        directory = self.directory
        if directory.policy is None or self._auditor not in directory.agencies:
            return False
        book = directory.rulebook
        return all(
            book.may_audit(self._auditor, author, recipient)
            for author in directory.agencies
            for recipient in directory.agencies
            if author != recipient
        )

    def _open(self, statement: Statement) -> None:
        """Decide how an exchange is replayed: as a whole, or by the legs that can be seen."""
        if self._auditor is None or self.directory.policy is None:
            return
        book = self.directory.rulebook
        seen = [
            leg
            for leg in statement.recipients
            if book.may_audit(self._auditor, statement.author.agency, leg)
        ]
        if len(seen) < len(statement.recipients):
            self._legs[statement.id] = {leg: Replay(self._directories, view=leg) for leg in seen}

    @staticmethod
    def _concerned(legs: dict[AgencyId, Replay], entry: Entry) -> list[Replay]:
        if entry.event is Event.DELIVERY and entry.actor.agency in legs:
            return [legs[entry.actor.agency]]
        return list(legs.values())
