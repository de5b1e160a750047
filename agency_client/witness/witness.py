"""A witness: it cosigns one history of the log, and never another.

Rules of this module:

- The witness's memory is the newest checkpoint that it cosigned. It stands in a folder beside its
  key, not in a profile: the promise is the key's, whoever runs it.
- One round at a time holds the folder's lock, in all processes. In a round each checkpoint is
  verified to extend the one in memory, written to the disk (fsync), signed, and only then handed
  in. A crash between any two of these leaves a witness that promised nothing that it forgot.
- Checkpoints that other witnesses cosigned come first, if they are newer than the memory: so
  several witnesses come to cosign the same checkpoint while the log grows.
- A log that shrank or shows a split view is refused, and both signed checkpoints are kept as
  evidence. The memory stays as it was: from then on every round is refused.
- The first checkpoint is believed: begin while the log is young, or compare it with others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agency_client.core.calls import number_of_the_hub
from agency_client.state.checkpoints import Head, TrustStore
from agency_client.state.log_keys import LogKeys
from exchange_files import NewFile, locked, make_folder, new_files
from exchange_keys import SoftwareSigner, load_signer, read_pinned
from exchange_protocol.errors import Reason
from exchange_protocol.log.cosignatures import WitnessSigner, WitnessVerifier
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.signer import SignatureAlgorithm


class WitnessedHub(Protocol):
    """The part of a hub that a witness uses; `ExchangeClient` has it."""

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        """The newest checkpoint, and those that witnesses cosigned; the log signed them all."""

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that one tree extends another, unverified."""

    def add_cosignature(self, note: bytes) -> None:
        """Hand in a cosigned note."""


@dataclass(frozen=True, slots=True)
class WitnessRound:
    """The result of a round."""

    head: Head
    """The newest checkpoint; it is cosigned."""
    at: datetime
    cosigned: tuple[int, ...]
    """Tree sizes of all checkpoints that were cosigned, ascending."""


class Witness:
    """A witness's key and memory."""

    def __init__(
        self, signer: WitnessSigner, folder: Path, keys: LogKeys, clock: Callable[[], datetime]
    ) -> None:
        self._signer = signer
        self._folder = folder
        self._trust = TrustStore(folder, keys, clock)
        self._clock = clock

    @classmethod
    def load(
        cls, key: Path, passphrase: bytes, keys: LogKeys, clock: Callable[[], datetime]
    ) -> Witness:
        """Load a key that `init_witness` made, with its memory; raises KEY_UNAVAILABLE."""
        private = load_signer(key, passphrase, SignatureAlgorithm.ED25519)
        vkey = _vkey_file(key)
        text = read_pinned(vkey, Reason.KEY_UNAVAILABLE)
        named = WitnessVerifier.from_vkey(text.decode("utf-8", "replace").strip())
        signer = WitnessSigner(named.name, private)
        if signer.verifier != named:
            raise Reason.KEY_UNAVAILABLE.error(f"expected {vkey} to be of the key {key}")
        return cls(signer, key.with_name(f"{key.name}.state"), keys, clock)

    def run_once(self, hub: WitnessedHub) -> WitnessRound:
        """Verify, remember and cosign what the hub shows now.

        Raises:
            HubDishonest: CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW, with the file of evidence.
        """
        make_folder(self._folder)
        with locked(self._folder / ".witness.lock"):
            head, others = hub.offered_checkpoints()
            held = self._trust.head()
            if held is not None and head.size < held.size:
                raise self._trust.rolled_back(held, head)
            cosigned = []
            for each in self._in_order(held, head, others):
                held = self._remember(hub, held, each)
                hub.add_cosignature(self._cosigned(each))
                cosigned.append(each.size)
            return WitnessRound(head, self._clock(), tuple(cosigned))

    def _in_order(self, held: Head | None, head: Head, others: list[Head]) -> list[Head]:
        """The checkpoints to cosign: all newer than the memory, and the newest in any case."""
        offered = {each.checkpoint: each for each in (head, *others)}
        chosen = [
            each
            for each in offered.values()
            if held is None or each.size > held.size or each.checkpoint == head.checkpoint
        ]
        chosen.sort(key=lambda each: each.size)
        if chosen[-1].size > head.size:
            raise self._trust.rolled_back(chosen[-1], head)
        return chosen

    def _remember(self, hub: WitnessedHub, held: Head | None, head: Head) -> Head:
        if held is not None:
            proof: tuple[bytes, ...] = ()
            if 0 < held.size < head.size:
                with number_of_the_hub(f"the trees of {held.size} and {head.size} entries"):
                    proof = hub.consistency_proof(held.size, head.size)
            self._trust.verify_extends(held, head, proof)
        if self._trust.keep(head, held) is not None:
            raise RuntimeError("the memory of the witness changed while its lock was held")
        return head if held is None or head.size > held.size else held

    def _cosigned(self, head: Head) -> bytes:
        signed = SignedNote.parse(head.note)
        # Without the lines of others: the hub is to judge this witness's alone.
        logs = [line for line in signed.signatures if line.name == self._trust.log.origin]
        own = self._signer.cosign(signed.text, self._clock())
        return SignedNote(signed.text, (*logs, own)).encode()


def init_witness(key: Path, name: str, passphrase: bytes) -> str:
    """Make a witness's key in a new file; gives its verifier key, which is kept beside it."""
    private = SoftwareSigner.generate_ed25519()
    vkey = WitnessSigner(name, private).verifier.vkey
    with new_files(
        NewFile(key, private.encrypted(passphrase)),
        NewFile(_vkey_file(key), f"{vkey}\n".encode()),
    ):
        pass
    return vkey


def _vkey_file(key: Path) -> Path:
    return key.with_name(f"{key.name}.vkey")
