"""Checkpoints: the size and root of the log, signed by it (C2SP tlog-checkpoint as a signed note).

The formats: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note.

Rules of this module:

1.  The origin of a checkpoint is the name of the log's key. The specification only recommends it;
    here a key signs for one log and no other.
2.  No extension lines: monitors cannot audit them.
3.  A checkpoint is kept and shown as the exact bytes of its note. Two notes with one size and two
    roots, both good, are proof of a split view: see `merkle.verify_consistency`.
4.  `SignedCheckpoint.parse` verifies nothing. `LogVerifier.verify` verifies the log's signature and
    nothing else: whether the tree extends one seen before, and who cosigned, is left to the caller.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.merkle import EMPTY_ROOT, HASH_SIZE
from exchange_protocol.log.notes import (
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    SignedNote,
    decode_base64,
)
from exchange_protocol.log.succession import (
    SignedSuccession,
    Succession,
    check_chain,
    sign_succession,
)
from exchange_protocol.signer import Signer

MAX_TREE_SIZE = 2**63 - 1
"""The largest signed 64-bit integer of a database."""

_SIGNATURE_BYTES = 64
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The commitment of a log: the number of its leaves and the root over them."""

    origin: str
    size: int
    root: bytes
    """32 bytes; the root of RFC 6962 at this size."""

    def __post_init__(self) -> None:
        if not self.origin or any(char < " " for char in self.origin):
            raise Reason.CHECKPOINT_INVALID.error("an origin is one line of text")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise Reason.CHECKPOINT_INVALID.error(f"tree size is out of range: {self.size}")
        if len(self.root) != HASH_SIZE:
            raise Reason.CHECKPOINT_INVALID.error(
                f"a root hash has {HASH_SIZE} bytes, got {len(self.root)}"
            )
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Reason.CHECKPOINT_INVALID.error("size is 0 but root is not of the empty tree")

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read the text of a checkpoint's note: three lines and no extensions."""
        try:
            lines = text.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise Reason.CHECKPOINT_INVALID.error("a checkpoint must be UTF-8") from None
        if len(lines) != 4 or lines[3]:
            raise Reason.CHECKPOINT_INVALID.error(
                "a checkpoint is origin, tree size and root hash, one a line, and nothing more"
            )
        origin, size, encoded, _ = lines
        if not _SIZE.fullmatch(size):
            raise Reason.CHECKPOINT_INVALID.error("a tree size is decimal, without leading zeros")
        root = decode_base64(encoded)
        if root is None:
            raise Reason.CHECKPOINT_INVALID.error("a root hash is base64, spelled canonically")
        return cls(origin, int(size), root)

    def body(self) -> bytes:
        """The text that is signed; ends in a newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint's note taken apart; nothing in it is verified."""

    note: bytes
    """The exact bytes received: keep these as evidence."""
    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]
    """Signatures of the log, of witnesses, and of anybody else."""

    @classmethod
    def parse(cls, note: bytes) -> SignedCheckpoint:
        """Take the note of a checkpoint apart, strictly."""
        signed = SignedNote.parse(note)
        return cls(note, Checkpoint.parse(signed.text), signed.signatures)


@dataclass(frozen=True, slots=True)
class _KeyEra:
    """A key of the log, with the smallest tree that is its own."""

    since: int
    key: NoteVerifier


class LogVerifier:
    """The log that an agency trusts to sign, and no other: its name and Ed25519 key, pinned.

    A log may change its key (`log.succession`). Told of the changes, the verifier takes each tree
    from the key of its time, and from the later ones; never from an older one, which may be stolen.
    """

    def __init__(self, vkey: str, successions: Sequence[Succession] = ()) -> None:
        """Pin the log by its verifier key, `name+key id+key`.

        Args:
            vkey: the key that is pinned; one of the chain, where there are successions.
            successions: the changes of the log's key, oldest first, as its directory tells them.
                Assumed verified: both keys have signed each (`log.succession`).

        Raises:
            InvalidInput: CONFIG_INVALID, for a key that cannot be read.
            HubDishonest: RULE_BROKEN, for successions that are no chain, or one that does not hold
                the pinned key.
        """
        self._pinned = NoteVerifier.from_vkey(vkey)
        self._successions = tuple(successions)
        self._eras = _eras_of(self._pinned, self._successions)

    @property
    def origin(self) -> str:
        """The origin that checkpoints of this log must have."""
        return self._pinned.name

    @property
    def vkey(self) -> str:
        """The verifier key that is pinned, as text."""
        return self._pinned.vkey

    @property
    def successions(self) -> tuple[Succession, ...]:
        """The changes of the log's key that are followed."""
        return self._successions

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys of the log, oldest first; the pinned one where no other is known."""
        return tuple(era.key.vkey for era in self._eras)

    def following(self, successions: Sequence[Succession]) -> LogVerifier:
        """The same log with the changes of its key as a directory tells them, up to some entry.

        Raises:
            HubDishonest: RULE_BROKEN, if they contradict those that are followed already.
        """
        both = min(len(successions), len(self._successions))
        if tuple(successions[:both]) != self._successions[:both]:
            raise Reason.RULE_BROKEN.error(
                "the log tells another history of its keys than it told before"
            )
        return LogVerifier(self.vkey, successions) if len(successions) > both else self

    def verify(self, note: bytes) -> Checkpoint:
        """Verify that this log signed the note; raises CHECKPOINT_INVALID.

        1. The note is well formed and within bounds, and its text is a checkpoint.
        2. The log's key, the one of the tree's time or a later one, signed that text, once; lines
           of other keys are ignored.
        3. The checkpoint is of this log (the origin is the key's name).
        """
        # The size in it chooses the key. It is believed only once that key has signed it.
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)

        self._signing_key(signed, checkpoint.size).verify(signed)

        if checkpoint.origin != self.origin:
            raise Reason.CHECKPOINT_INVALID.error(
                f"expected a checkpoint of {self.origin}, got one of another origin"
            )
        return checkpoint

    def is_by_unknown_key(self, note: bytes) -> bool:
        """True if a note has lines in the log's name, and none by a key that may sign such a tree.

        Nothing is verified here. Either the log's key was changed, or the note was signed by an
        older key than its tree's, or somebody made it up.
        """
        try:
            signed = SignedNote.parse(note)
            allowed = self._keys_for(Checkpoint.parse(signed.text).size)
        except ExchangeError:
            return False
        if any(key.lines(signed) for key in allowed):
            return False
        return any(map(self.is_own, signed.signatures))

    def is_own(self, line: NoteSignature) -> bool:
        """True for a line in the log's name; a witness's is longer, also under that name."""
        return line.name == self.origin and len(line.signature) == _SIGNATURE_BYTES

    def _signing_key(self, signed: SignedNote, size: int) -> NoteVerifier:
        """The oldest key that may sign a tree of this size and has a line under the note.

        Where none has, the key of the tree's time: its check tells that its line is missing.
        """
        allowed = self._keys_for(size)
        for key in allowed:
            if key.lines(signed):
                return key
        return allowed[0]

    def _keys_for(self, size: int) -> list[NoteVerifier]:
        """The key of a tree's time, and the later ones."""
        begun = sum(era.since <= size for era in self._eras)  # At least one: the first begins at 0.
        return [era.key for era in self._eras[begun - 1 :]]


def _eras_of(pinned: NoteVerifier, successions: Sequence[Succession]) -> tuple[_KeyEra, ...]:
    """The keys of a log, oldest first; the pinned one alone where no succession is known."""
    if not successions:
        return (_KeyEra(0, pinned),)
    check_chain(successions)
    first = NoteVerifier.from_vkey(successions[0].predecessor)
    later = [_KeyEra(each.since, NoteVerifier.from_vkey(each.successor)) for each in successions]
    eras = (_KeyEra(0, first), *later)
    if not any(era.key == pinned for era in eras):
        raise Reason.RULE_BROKEN.error(
            f"the log names {first.vkey} and its successors as its keys; the pinned "
            f"{pinned.vkey} is none of them"
        )
    return eras


class LogSigner:
    """The log's own key. It signs any tree of its log: commit first, then let the note out.

    While one key succeeds another, both sign: those who know the old key alone go on verifying.
    """

    def __init__(self, name: str, signer: Signer, successor: Signer | None = None) -> None:
        """Hold the Ed25519 keys under the name of the log; raises CONFIG_INVALID for a bad one."""
        self._keys = [each for each in (signer, successor) if each is not None]
        self._signers = tuple(NoteSigner(name, each) for each in self._keys)
        if len({each.verifier for each in self._signers}) < len(self._signers):
            raise Reason.CONFIG_INVALID.error("expected a successor that is another key")

    @property
    def origin(self) -> str:
        """The origin of the checkpoints that this log signs."""
        return self._signers[0].verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to publish and to pin; while it is succeeded, that of the old key."""
        return self._signers[0].verifier.vkey

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys of all keys that sign."""
        return tuple(each.verifier.vkey for each in self._signers)

    def succession(self) -> SignedSuccession:
        """Sign, with both keys, that one succeeds the other; ValueError without a successor."""
        predecessor, successor = self._keys
        return sign_succession(self.origin, predecessor, successor)

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Sign a checkpoint of this log; returns the note."""
        if checkpoint.origin != self.origin:
            raise Reason.CHECKPOINT_INVALID.error(
                f"this key signs for {self.origin}, not for {checkpoint.origin}"
            )
        body = checkpoint.body()
        return SignedNote(body, tuple(each.signature(body) for each in self._signers)).encode()
