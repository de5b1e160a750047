"""The ledger: the log, what changes it (`Ledger`), and what may be read of it (`Reader`)."""

from __future__ import annotations

from exchange_server.ledger.ledger import Ledger
from exchange_server.ledger.reader import Reader
from exchange_server.ledger.staging import StagedPart
from exchange_server.ledger.values import (
    Accepted,
    ExchangeRow,
    FeedNotice,
    FeedPosition,
    Finding,
    FsckReport,
    LeavesPage,
    LedgerLimits,
    LegRow,
    PartHandle,
    TreeHead,
)

__all__ = [
    "Accepted",
    "ExchangeRow",
    "FeedNotice",
    "FeedPosition",
    "Finding",
    "FsckReport",
    "LeavesPage",
    "Ledger",
    "LedgerLimits",
    "LegRow",
    "PartHandle",
    "Reader",
    "StagedPart",
    "TreeHead",
]
