"""The client's own directory: agencies, certificates, sealing keys and policy, proven and folded.

Rules of this module (docs/threat-model.md: swapped keys, withheld directory changes):

- Only signed entries of the log fill the directory. Each entry is verified against a checkpoint,
  its statement to the root, and folded by the code that the hub runs. A hub can neither invent a
  key nor leave an entry out, since every entry counts those before it.
- The file holds the answers as they came, each with its checkpoint and proofs. They are verified
  and folded anew whenever they are loaded. An answer that does not verify is dropped and fetched
  again: the file is a cache, the log is the truth.

Assumed verified: that the checkpoint of an answer extends the one held (`checkpoints`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.message import DecodeError

from agency_client.state.log_keys import LogKeys
from exchange_files import locked, make_folder, read_file, replace_file
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.receipts import parse_proven_entry, verify_proven_entries
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.v1 import directory_service_pb2 as pb
from exchange_protocol.v1 import log_pb2

_LENGTH_BYTES = 4


class DirectoryStore:
    """The fold of all entries seen, kept in a file; safe between threads and processes."""

    def __init__(self, folder: Path, keys: LogKeys, anchors: TrustAnchors) -> None:
        self._folder = folder
        self._path = folder / "directory"
        self._keys = keys
        self._anchors = anchors
        self._lock = threading.RLock()
        self._fold = DirectoryFold(anchors)
        self._read = 0
        """Bytes of the file that the fold holds."""
        self._load()

    @property
    def fold(self) -> DirectoryFold:
        """The directory at every entry of the log."""
        return self._fold

    @property
    def current(self) -> Directory:
        """The directory after the last entry."""
        return self._fold.current

    @property
    def size(self) -> int:
        """Number of directory entries held."""
        return self.current.size

    def extend(
        self,
        known: int,
        entries: Sequence[log_pb2.ProvenEntry],
        checkpoint: Checkpoint,
        note: bytes,
    ) -> None:
        """Verify, fold and keep the entries that follow the first `known` ones.

        Raises:
            HubDishonest: PROOF_INVALID, ENTRY_MISMATCH or RULE_BROKEN.
        """
        if not entries:
            return
        make_folder(self._folder)
        with self._lock, locked(self._folder / ".directory.lock"):
            self._load()
            # Another process may have kept some of them meanwhile, or dropped a broken file.
            new = entries[max(0, self.size - known) :]
            if not new or self.size < known:
                return
            try:
                self._apply(new, checkpoint)
            except ExchangeError:
                self._forget()
                self._load()
                raise
            record = pb.ListDirectoryEntriesResponse(
                entries=new, tree_head=log_pb2.TreeHead(checkpoint=note)
            ).SerializeToString()
            before = (read_file(self._path) or b"")[: self._read]
            framed = len(record).to_bytes(_LENGTH_BYTES, "big") + record
            replace_file(self._path, before + framed)
            self._read = len(before) + len(framed)

    def _load(self) -> None:
        """Fold what the file holds beyond what was read before."""
        data = read_file(self._path) or b""
        with self._lock:
            if len(data) < self._read:
                self._forget()
            try:
                while self._read < len(data):
                    start = self._read + _LENGTH_BYTES
                    end = start + int.from_bytes(data[self._read : start], "big")
                    record = pb.ListDirectoryEntriesResponse.FromString(data[start:end])
                    checkpoint = self._keys.verifier.verify(record.tree_head.checkpoint)
                    self._apply(record.entries, checkpoint)
                    self._read = end
            except (ExchangeError, DecodeError):
                # A cache that was cut short or altered proves nothing: start from the log anew.
                self._forget()
                self._path.unlink(missing_ok=True)

    def _forget(self) -> None:
        self._fold, self._read = DirectoryFold(self._anchors), 0

    def _apply(self, entries: Sequence[log_pb2.ProvenEntry], checkpoint: Checkpoint) -> None:
        proven = [parse_proven_entry(each) for each in entries]
        for each, _ in verify_proven_entries(proven, checkpoint):
            self._fold.apply(each.index, each.opening)


def verify_directory_size(store: DirectoryStore, size: int) -> None:
    """Verify that the hub shows no fewer entries than were proven; raises ENTRY_MISMATCH."""
    if size < store.size:
        raise Reason.ENTRY_MISMATCH.error(
            f"expected a directory of at least {store.size} entries, as was proven; "
            f"the hub shows {size}"
        )
