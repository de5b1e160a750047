"""The facts that a bundle proves: `verification` makes them, `account` tells them to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agency_client.evidence.timestamp import TimeStamp
from exchange_protocol.kinds.codes import Party
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.cosignatures import Cosignature
from exchange_protocol.record.entries import Entry
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """One entry, verified: what the hub recorded, and what was said."""

    index: int
    entry: Entry
    statement: Statement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBundle:
    """The facts that a bundle proves."""

    exchange_id: str
    exported_by: Member
    """The manifest's word."""
    exported_at: str
    """The manifest's word."""
    software: str
    """The manifest's word."""
    checkpoint: Checkpoint
    party: Party
    """The exporter's part in the exchange; it limits how far the rules were replayed."""
    exchange: Exchange | None
    """Its state as the rules make it; None for a supervisor's view."""
    told: tuple[VerifiedEntry, ...]
    """Entries of the exchange, in log order."""
    directory_told: tuple[VerifiedEntry, ...]
    """Directory entries, in log order."""
    directory: Directory
    """The directory after the last of them."""
    disclosed: Mapping[int, tuple[str, ...]]
    """Names of opened parts, by log index of their statement."""
    account_matches: bool = field(default=True)
    """True if account.html is what this version writes of the same facts."""
    other_signatures: int = 0
    """The number of signatures beside the log's on the checkpoint, verified or not."""
    cosignatures: tuple[Cosignature, ...] = ()
    """Cosignatures of witnesses that the caller named; no other signature is verified."""
    is_stamped: bool = False
    """True if a time stamp is in the bundle, verified or not."""
    stamp: TimeStamp | None = None
    """The time stamp, where a root of its authority was given; all else is not verified."""

    @property
    def unverified_signatures(self) -> int:
        """The number of signatures that say nothing, for nobody named their makers."""
        return self.other_signatures - len(self.cosignatures)
