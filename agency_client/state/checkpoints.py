"""The newest checkpoint of the log that the client has verified.

Rules of this module (docs/threat-model.md: rollback, rewriting, split views):

- The log key is pinned by the profile; its successors are followed (`log_keys`). The first
  checkpoint that is signed is believed; every later one must extend the tree of the one before it.
- The newest checkpoint is on disk before anything is believed that rests on it, and is shared by
  all processes that use the profile.
- A checkpoint of the file accuses the hub only if the log signed it. A file without a good
  signature is named as damaged or of another log (DOCUMENT_INVALID).
- A request names the size that the client holds. A smaller tree in the answer has lost entries that
  the client saw (CHECKPOINT_ROLLBACK; a restored backup does that too). A tree that does not extend
  the one held tells another history (CHECKPOINT_SPLIT_VIEW). Both notes are kept as evidence, and
  the error names the file. It convicts the log key's holder: nobody else could have signed both.
- Answers may arrive out of order. An answer may be older than the checkpoint that is held by then,
  if it is not older than the one held when it was asked for. It is believed once it is proven to be
  an ancestor.

No network here: the caller fetches the proofs (`core.view`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from agency_client.state.log_keys import LogKeys
from exchange_files import locked, make_folder, read_file, replace_file
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.cosignatures import Cosignature
from exchange_protocol.log.merkle import verify_consistency

_VERIFIED_NOTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint that the log's key signed, with the exact bytes of its note."""

    note: bytes
    checkpoint: Checkpoint

    @property
    def size(self) -> int:
        """Number of entries of the tree."""
        return self.checkpoint.size


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """A signed checkpoint that enough witnesses cosigned."""

    head: Head
    cosignatures: tuple[Cosignature, ...]
    """Verified: which witnesses, and when each saw it."""


def keep_evidence(
    folder: Path, name: str, reason: Reason, held: bytes, got: bytes, proof: Sequence[bytes] = ()
) -> Path:
    """Keep two signed notes that convict the log, in a file of a folder of evidence."""
    path = make_folder(folder) / f"{name}-{reason.name.lower()}.json"
    record = {
        "reason": reason.name,
        "held": held.decode(),
        "got": got.decode(),
        "consistency_proof": [each.hex() for each in proof],
    }
    replace_file(path, json.dumps(record, ensure_ascii=False, indent=1).encode())
    return path


class TrustStore:
    """The newest verified checkpoint, kept in a folder. Safe between threads and processes."""

    def __init__(self, folder: Path, keys: LogKeys, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._keys = keys
        # One answer's note is met three times: as it comes, as the one held, and as the one kept.
        self._verified = lru_cache(_VERIFIED_NOTES)(LogVerifier.verify)
        self._clock = clock

    @property
    def log(self) -> LogVerifier:
        """The pinned log, with the keys that are known of it now."""
        return self._keys.verifier

    def head(self) -> Head | None:
        """The newest checkpoint seen; None before the first.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if no known key of the log signed what the file holds.
        """
        note = self.held_note()
        try:
            return None if note is None else self.verify(note)
        except ExchangeError as error:
            raise self.not_held(error) from None

    def not_held(self, error: ExchangeError) -> ExchangeError:
        """The error that the file's checkpoint is not signed; it accuses no hub."""
        return Reason.DOCUMENT_INVALID.error(
            f"the checkpoint kept in {self._folder / 'checkpoint'} is not signed by a known key of "
            f"the log {self.log.origin}, so it is damaged or of another log: {error.message}. It "
            "says nothing of the hub. Move the file away: the hub's next checkpoint is then "
            "believed as the first one"
        )

    def held_note(self) -> bytes | None:
        """The note of the newest checkpoint seen, not verified."""
        return read_file(self._folder / "checkpoint")

    def verify(self, note: bytes) -> Head:
        """Verify the log's signature; raises CHECKPOINT_INVALID.

        The last notes that were verified are remembered, by their exact bytes.
        """
        return Head(note, self._verified(self.log, note))

    def verify_answer(self, asked_with: Head | None, head: Head, proof: Sequence[bytes]) -> None:
        """Verify that the tree of an answer extends the one that was held when it was asked for.

        Raises:
            HubDishonest: CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW, with the file of evidence.
        """
        if asked_with is None:
            return
        if head.size < asked_with.size:
            raise self.rolled_back(asked_with, head)
        self.verify_extends(asked_with, head, proof)

    def verify_extends(self, older: Head, newer: Head, proof: Sequence[bytes]) -> None:
        """Verify a consistency proof between two signed trees; raises CHECKPOINT_SPLIT_VIEW."""
        try:
            verify_consistency(
                older.size, newer.size, proof, older.checkpoint.root, newer.checkpoint.root
            )
        except ExchangeError as error:
            raise self._evidence(
                Reason.CHECKPOINT_SPLIT_VIEW,
                f"expected the tree of {newer.size} entries to extend the one of {older.size} "
                f"that was seen: {error.message}",
                older,
                newer,
                proof,
            ) from None

    def rolled_back(self, held: Head, head: Head) -> ExchangeError:
        """Keep the evidence of a rollback; gives the error to raise."""
        return self._evidence(
            Reason.CHECKPOINT_ROLLBACK,
            f"expected a tree of at least {held.size} entries, as was seen; the hub now signs one "
            f"of {head.size}: its log was rolled back, or restored from an old copy",
            held,
            head,
            (),
        )

    def keep(self, head: Head, proven_from: Head | None) -> Head | None:
        """Keep a head that extends `proven_from`, the head that was held when last read.

        Gives None when it is settled. Gives the head that another call or process has kept
        meanwhile, and to which the caller must prove this one first.
        """
        make_folder(self._folder)
        with locked(self._folder / ".checkpoint.lock"):
            held = self.head()
            if held is not None and held != proven_from:
                if held.checkpoint == head.checkpoint:
                    return None
                return held
            if held is None or held.size < head.size:
                replace_file(self._folder / "checkpoint", head.note)
        return None

    def _evidence(
        self, reason: Reason, what: str, held: Head, got: Head, proof: Sequence[bytes]
    ) -> ExchangeError:
        name = f"{self._clock():%Y%m%dT%H%M%S.%fZ}"
        path = keep_evidence(self._folder / "evidence", name, reason, held.note, got.note, proof)
        return reason.error(f"{what}. Both signed checkpoints are kept in {path}")
