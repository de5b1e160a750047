"""The report of an audit, as a value that people and programs can read.

A report has indexes, digests, agencies, reasons and counts: neither content nor names of persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.entries import InspectedRange
from exchange_protocol.trust.identity import AgencyId


class Scope(Enum):
    """The share of the log that the audit could open."""

    COMPLETE = "complete"
    """Every entry was opened: every rule was checked on every entry."""
    PARTIAL = "partial"
    """The whole tree was checked; the rules, on the entries that this auditor may open."""


class Verdict(Enum):
    """The outcomes of an audit. One of them alone accuses the hub."""

    CLEAN = "clean"
    """Every rule was kept, as far as the log goes and was opened."""
    INCOMPLETE = "incomplete"
    """A copy is in order, and lacks entries that the log is known to have."""
    TORN_COPY = "torn_copy"
    """A copy does not fit together: what it shows of the hub cannot be told from damage."""
    VIOLATIONS = "violations"
    """The hub broke a rule, and what it signed shows it."""


class Ground(Enum):
    """The grounds of a finding, which decide whom it can accuse."""

    SIGNED = "signed"
    """Entries, and things that they name by digest: the hub signed them with their tree's root."""
    COPY = "copy"
    """Rows that no signature covers: whoever had the copy can have changed them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that an honest hub does not produce."""

    reason: Reason
    message: str
    index: int | None = None
    """Log index of the entry that is wrong; None where no single entry is."""
    ground: Ground = Ground.SIGNED
    notes: tuple[bytes, ...] = ()
    """The log's signed checkpoints that contradict each other, the older one first."""
    kept_in: Path | None = None
    """The file of evidence that holds these notes."""

    @classmethod
    def of(cls, error: ExchangeError, index: int | None = None) -> Violation:
        """Make a violation of an error that verification raised."""
        return cls(error.reason, error.message, index)

    def to_json(self) -> dict[str, Any]:
        """Give the violation as plain values."""
        said: dict[str, Any] = {
            "entry": self.index,
            "reason": self.reason.name,
            "message": self.message,
        }
        if self.notes:
            said["notes"] = [note.decode() for note in self.notes]
            said["evidence"] = None if self.kept_in is None else str(self.kept_in)
        return said


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that an auditor was given, as the log records it."""

    index: int
    at: datetime
    agency: AgencyId
    certificate_sha256: bytes
    """Digest of the certificate of the reader's channel, 32 bytes: its issuer knows the holder."""
    inspected: InspectedRange

    def to_json(self) -> dict[str, Any]:
        """Give the reading as plain values."""
        return {
            "entry": self.index,
            "at": self.at.isoformat(),
            "agency": self.agency,
            "certificate_sha256": self.certificate_sha256.hex(),
            "start": self.inspected.start,
            "end": self.inspected.end,
            "opened": self.inspected.opened,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The result of one audit of one checkpoint."""

    origin: str
    tree_size: int
    root: bytes
    """Root of the checkpoint, 32 bytes."""
    first: int
    """Index of the first entry of this run; those before it were verified before."""
    scope: Scope
    opened: int
    exchanges: int
    agencies: int
    directory_size: int
    """Directory statements that were opened."""
    by_event: Mapping[str, int]
    by_kind: Mapping[str, int]
    overdue: Mapping[str, int]
    """Legs that wait for an agency past their due time, at the last entry; no violations."""
    answered_late: Mapping[str, int]
    """Legs that an agency answered or refused after their due time, by the hub's clock."""
    readings: tuple[Reading, ...]
    """The newest readings by auditors, by the entries of this run that this auditor sees."""
    last_time: datetime | None
    """Hub time of the last entry opened."""
    seconds: float
    violations: tuple[Violation, ...]
    """Violations in log order; those of the whole tree come last. A clean log has none."""
    faults: tuple[Violation, ...] = ()
    """The parts of a copy that do not fit together; they accuse nobody."""
    known_size: int = 0
    """Entries that the log is known to have, by a checkpoint or by the caller; 0 if unknown."""

    @property
    def verdict(self) -> Verdict:
        """The outcome of the audit."""
        if self.violations:
            return Verdict.VIOLATIONS
        if self.faults:
            return Verdict.TORN_COPY
        return Verdict.INCOMPLETE if self.tree_size < self.known_size else Verdict.CLEAN

    @property
    def is_clean(self) -> bool:
        """True if nothing was found, and nothing is known to be missing."""
        return self.verdict is Verdict.CLEAN

    @property
    def rate(self) -> float:
        """Entries a second."""
        return (self.tree_size - self.first) / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Give the report as plain values."""
        return {
            "verdict": self.verdict.value,
            "clean": self.is_clean,
            "violations": [
                each.to_json() | {"signed": self._signed(each)} for each in self.violations
            ],
            "faults": [each.to_json() for each in self.faults],
            "known_size": self.known_size,
            "origin": self.origin,
            "tree_size": self.tree_size,
            "root": self.root.hex(),
            "first": self.first,
            "scope": self.scope.value,
            "opened": self.opened,
            "unopened": self.tree_size - self.opened,
            "exchanges": self.exchanges,
            "agencies": self.agencies,
            "by_event": dict(self.by_event),
            "by_kind": dict(self.by_kind),
            "overdue": dict(self.overdue),
            "answered_late": dict(self.answered_late),
            "readings": [reading.to_json() for reading in self.readings],
            "last_time": self.last_time.isoformat() if self.last_time else None,
            "seconds": round(self.seconds, 3),
            "entries_per_second": round(self.rate, 1),
        }

    def _signed(self, violation: Violation) -> dict[str, Any]:
        """Name what the hub signed that convicts it: a checkpoint, and the entry in its tree."""
        return {
            "checkpoint": {
                "origin": self.origin,
                "tree_size": self.tree_size,
                "root": self.root.hex(),
            },
            "entry": violation.index,
        }
