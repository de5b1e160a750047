"""Lists of exchanges on disk, as the hub gave them last: they are shown while the hub is away.

Each list is a sealed file of the profile, `state/lists/NAME`. It holds what a list shows of an
exchange: ids, agencies, states and times, and no content. It is a cache: what does not open or
parse is forgotten. A profile without a sealing key keeps its lists in memory alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from agency_client.core.summaries import take_summary
from agency_client.state.keys import Vault
from agency_client.state.sealed_file import SealedFile
from exchange_files import make_folder
from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.listing import ExchangeSummary, encode_summary
from exchange_protocol.v1 import exchange_service_pb2 as pb

MOST_KEPT: Final = 200
"""Exchanges of one list that are kept, from its beginning: few enough to be fetched each time."""


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as it was given at a time."""

    at: datetime
    rows: Sequence[ExchangeSummary]


class KeptLists:
    """The lists that one profile keeps, by their names."""

    def __init__(self, state: Path, vault: Vault) -> None:
        """Keep nothing yet."""
        self._folder = state / "lists"
        self._vault = vault
        self._lock = threading.Lock()
        self._known: dict[str, KeptList] = {}

    def keep(self, name: str, given: KeptList) -> None:
        """Keep a list in the place of what was kept under its name."""
        with self._lock:
            self._known[name] = given
            if self._vault.newest_key_id is None:
                return
            make_folder(self._folder)
            self._file(name).write(_encode(given), sync_name=False)

    def read(self, name: str) -> KeptList | None:
        """The list of a name; None if none is kept."""
        with self._lock:
            if name in self._known:
                return self._known[name]
            try:
                opened = self._file(name).read()
                return None if opened is None else _decode(opened)
            except (ExchangeError, DecodeError, ValueError):
                # A cache that another key closed, or a disk damaged: it comes back by itself.
                return None

    def _file(self, name: str) -> SealedFile:
        return SealedFile(self._folder / name, self._vault, f"list-{name}")


def _encode(given: KeptList) -> bytes:
    message = pb.ListExchangesResponse(exchanges=map(encode_summary, given.rows))
    return given.at.isoformat().encode() + b"\n" + message.SerializeToString()


def _decode(data: bytes) -> KeptList:
    at, _, rest = data.partition(b"\n")
    message = pb.ListExchangesResponse.FromString(rest)
    return KeptList(
        datetime.fromisoformat(at.decode()), tuple(map(take_summary, message.exchanges))
    )
