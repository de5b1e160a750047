"""Values that the ledger takes and gives: limits and answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from exchange_protocol.errors import Reason
from exchange_protocol.record.entries import MOST_AHEAD, MOST_BEHIND, CommitmentOpening
from exchange_protocol.record.notices import Notice
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.rules.inspection import EntryScope
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.statements import MAX_PART_BYTES, MAX_PARTS

_TOKEN = re.compile(r"([0-9]{1,19})-([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """Limits of the ledger."""

    future_skew: timedelta = timedelta(minutes=5)
    """The span that a statement's `made_at` may be ahead of the hub's clock."""
    past_skew: timedelta = timedelta(days=7)
    """The span behind it: statements wait in a client's outbox while the hub is away."""
    denials_per_agency_per_hour: int = 600
    """Refusals that are logged; beyond, they are only counted."""
    inspections_per_agency_per_hour: int = 10_000
    """Pages of openings that the auditors of an agency are shown; each is an entry."""
    inline_bytes: int = 3 * 1024 * 1024
    """Sealed bytes that may ride in one Submit."""
    staged_bytes_per_agency: int = MAX_PARTS * MAX_PART_BYTES
    """Sealed bytes that an agency may have uploaded and not yet claimed."""
    staged_parts_per_agency: int = 4096
    """Uploads of an agency that may wait for their statement."""
    stored_bytes_per_agency: int | None = None
    """Sealed bytes that an agency may have stored; None for no bound."""
    disk_free_bytes: int = 0
    """Bytes of the disk of a SQLite database that are kept free."""
    staging_ttl: timedelta = timedelta(hours=1)
    """The span that an upload waits for its statement."""
    batch_size: int = 256
    """Most requests in one transaction."""
    queued: int = 4096
    """Most requests that wait for the writer; beyond, callers are told to come back."""
    queued_per_agency: int = 1024
    """Most requests of one agency that wait: as many as one SubmitBatch may hold."""
    cached_exchanges: int = 10_000
    """Exchanges whose state the writer keeps in memory."""

    def __post_init__(self) -> None:
        _check_skew("made_at_ahead_seconds", self.future_skew, MOST_AHEAD)
        _check_skew("made_at_behind_seconds", self.past_skew, MOST_BEHIND)


def _check_skew(key: str, skew: timedelta, most: timedelta) -> None:
    if skew > most:
        raise Reason.CONFIG_INVALID.error(
            f"expected at most {most.total_seconds():.0f}, for auditors allow no more; "
            f"got {skew.total_seconds():.0f}",
            field=f"limits.{key}",
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted statement's entry, proven against a committed checkpoint."""

    index: int
    entry: bytes
    nonce: bytes
    inclusion_proof: tuple[bytes, ...]
    note: bytes
    """The signed checkpoint, exact bytes."""
    consistency_proof: tuple[bytes, ...]
    """A proof from the tree size that the caller knew; empty if it knew none."""


@dataclass(frozen=True, slots=True)
class PartHandle:
    """A part whose delivery is on the log: its sealed bytes may leave."""

    log_index: int
    """Index of its statement's entry."""
    payload_digest: bytes
    """Digest of its statement."""
    name: str
    sha256: bytes
    size: int
    start: int
    """Its place among the sealed bytes beside the statement, if it came beside it."""
    part_id: bytes | None
    """The id of its chunks, if it was uploaded before."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The newest checkpoint, and how it extends the one that the caller knew."""

    note: bytes
    consistency_proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeavesPage:
    """Leaves in log order, with what a caller may open of them."""

    leaves: tuple[tuple[bytes, CommitmentOpening | None], ...]
    scopes: Mapping[EntryScope, int] = field(default_factory=dict)
    """The number of its entries of each scope."""
    ruling: Ruling | None = None
    """The rules by which it discloses something; then an inspection must be on the log before the
    page leaves. None where it opens only what is for everyone, and inspections."""

    @property
    def opened(self) -> int:
        """The number of leaves that are opened."""
        return sum(opening is not None for _, opening in self.leaves)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries of an exchange, proven against one checkpoint."""

    entries: tuple[ProvenEntry, ...]
    next_index: int
    """The start of the next page; 0 after the last."""


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """A place in an agency's feed: the entry that made something visible, and what it made so."""

    position: int
    entry_index: int

    @property
    def token(self) -> str:
        """The position as text; `parse` reads it."""
        return f"{self.position}-{self.entry_index + 1}"

    @classmethod
    def parse(cls, token: str) -> Self:
        """Read a position; raises RESUME_TOKEN_INVALID for anything but its one spelling."""
        match = _TOKEN.fullmatch(token)
        if match is not None:
            found = cls(int(match[1]), int(match[2]) - 1)
            if found.token == token and max(found.position, found.entry_index) < 2**63:
                return found
        raise Reason.RESUME_TOKEN_INVALID.error("expected a resume token that the hub gave out")

    @classmethod
    def after_tree_size(cls, tree_size: int) -> Self:
        """The place before everything that entries from `tree_size` on make visible."""
        return cls(tree_size, -1)


@dataclass(frozen=True, slots=True)
class FeedNotice:
    """A notice, and its place in the agency's feed."""

    position: FeedPosition
    notice: Notice


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that `fsck` found wrong: where it is wrong first, and how often."""

    what: str
    """The check that failed: a table's name, or "leaf hashes", "root", "checkpoint", "replay"."""
    first: str
    """The first wrong entry or row, by index or key."""
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class FsckReport:
    """The findings of `fsck`."""

    entries: int
    statements: int
    parts: int
    findings: tuple[Finding, ...] = field(default=())
    known_size: int = 0
    """Entries that the log is known to have; 0 if unknown."""
    breaks_rules: bool = False
    """True if an entry breaks a rule in a tree whose root the log's key signed. The entry names its
    statement and the author's signature by digest, so damage does not look like that."""

    @property
    def is_incomplete(self) -> bool:
        """True if entries are missing that the log is known to have."""
        return self.entries < self.known_size

    @property
    def is_clean(self) -> bool:
        return not self.findings and not self.is_incomplete
