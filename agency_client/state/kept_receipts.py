"""The hub's receipts for own statements: its promises, kept to be held against it.

    receipts/<exchange id>/<statement id>

Each was verified when it came (`core.sender`). None is ever removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agency_client.state.outbox_folders import IS_ID, readable
from exchange_files import make_folder, replace_file
from exchange_protocol.record.receipts import (
    ProvenEntry,
    Receipt,
    encode_proven_entry,
    parse_proven_entry,
)
from exchange_protocol.rules.statements import Statement
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2

_DIRECTORY: Final = "directory"
"""Folder of the receipts of directory statements, which belong to no exchange."""


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """The hub's promise for a statement: which entry of the log it is. Verified when it came."""

    statement_id: str
    exchange_id: str
    """Empty for a statement to the directory."""
    proven: ProvenEntry
    """The entry with its inclusion proof."""
    note: bytes
    """The signed checkpoint of the proof, exact bytes."""

    @property
    def index(self) -> int:
        """The entry of the log that the statement is."""
        return self.proven.index


class KeptReceipts:
    """The receipts of one profile."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "receipts"

    def keep(self, statement: Statement, receipt: Receipt) -> None:
        """Keep the verified receipt of a statement; it is durable when this returns."""
        folder = make_folder(self._folder / (statement.exchange_id or _DIRECTORY))
        message = pb.Receipt(
            entry=encode_proven_entry(receipt.proven),
            tree_head=log_pb2.TreeHead(checkpoint=receipt.note),
        )
        replace_file(folder / statement.id, message.SerializeToString(deterministic=True))

    def of_exchange(self, exchange_id: str) -> dict[str, KeptReceipt]:
        """The receipts of statements on an exchange, by statement id; "" is the directory."""
        folder = self._folder / (exchange_id or _DIRECTORY)
        if not folder.is_dir():
            return {}
        # Programs that copy or show folders leave files of their own there.
        names = sorted(each.name for each in folder.iterdir() if IS_ID.fullmatch(each.name))
        return {name: _load_receipt(folder / name, exchange_id) for name in names}

    def all(self) -> list[KeptReceipt]:
        """Every receipt, by exchange and statement id."""
        if not self._folder.is_dir():
            return []
        folders = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        return [
            receipt
            for name in folders
            for receipt in self.of_exchange("" if name == _DIRECTORY else name).values()
        ]


def _load_receipt(path: Path, exchange_id: str) -> KeptReceipt:
    with readable(path):
        message = pb.Receipt.FromString(path.read_bytes())
        proven = parse_proven_entry(message.entry)
    return KeptReceipt(path.name, exchange_id, proven, message.tree_head.checkpoint)
