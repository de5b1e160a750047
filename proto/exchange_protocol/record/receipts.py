"""Proven entries and receipts: entries tied to a signed checkpoint.

A receipt is the hub's promise that a statement is entry `index` of the log whose head it signed.
Its holder can show it against any later checkpoint: a hub that dropped the statement is convicted.

Steps of `verify_receipt`:
 1. The checkpoint is signed by the pinned log key.
 2. The inclusion proof leads from the opened entry to the checkpoint's root.
 3. The entry names the statement that was sent, its author, a signature, and an acceptance, at a
    time that can be true. The signature may be an earlier one: the hub keeps the first that it
    accepted with these bytes.

An auditor gets the like with every page that opens something to it (`verify_inspection_receipt`):
its reading is on the log, for its own agency and the centre to see.

Left to the caller: that the checkpoint is consistent with the last one seen (`verify_consistency`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.merkle import verify_inclusion
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    entry_leaf_hash,
    fill_opening,
    parse_opening,
    read_entry,
    verify_statement_of,
    verify_time_of,
)
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import log_pb2 as pb


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An opened entry with its inclusion proof (RFC 9162) (32-byte hashes)."""

    index: int
    opening: CommitmentOpening
    inclusion_proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt: the entry, and the signed checkpoint that covers it."""

    entry: Entry
    proven: ProvenEntry
    checkpoint: Checkpoint
    note: bytes
    """The signed checkpoint, exact bytes."""


def parse_proven_entry(message: pb.ProvenEntry) -> ProvenEntry:
    """Take a proven entry from the wire."""
    return ProvenEntry(
        message.index, parse_opening(message.opening), tuple(message.inclusion_proof)
    )


def encode_proven_entry(proven: ProvenEntry) -> pb.ProvenEntry:
    """Put a proven entry on the wire."""
    message = pb.ProvenEntry()
    fill_proven_entry(message, proven)
    return message


def fill_proven_entry(message: pb.ProvenEntry, proven: ProvenEntry) -> None:
    """Put a proven entry into a message, where it stands (`fill_opening`)."""
    message.index = proven.index
    fill_opening(message.opening, proven.opening)
    message.inclusion_proof.extend(proven.inclusion_proof)


def verify_proven_entry(proven: ProvenEntry, checkpoint: Checkpoint) -> Entry:
    """Verify that an entry is in the tree of a checkpoint, and that its statement belongs to it.

    Raises:
        HubDishonest: PROOF_INVALID or ENTRY_MISMATCH.
    """
    _verify_place(proven, checkpoint)
    return verify_statement_of(proven.opening)


def verify_proven_entries(
    entries: Iterable[ProvenEntry], checkpoint: Checkpoint
) -> list[tuple[ProvenEntry, Entry]]:
    """Verify entries that must come in log order.

    Raises:
        HubDishonest: also ENTRY_MISMATCH for entries out of order or repeated.
    """
    verified = [(proven, verify_proven_entry(proven, checkpoint)) for proven in entries]
    indexes = [proven.index for proven, _ in verified]
    if indexes != sorted(set(indexes)):
        raise Reason.ENTRY_MISMATCH.error(f"expected entries in log order, got indexes {indexes}")
    return verified


def verify_receipt(
    message: pb.ProvenEntry, note: bytes, statement: Statement, log: LogVerifier
) -> Receipt:
    """Verify the receipt of a statement against the pinned log key.

    Raises:
        HubDishonest: CHECKPOINT_INVALID, PROOF_INVALID, ENTRY_MISMATCH, RECEIPT_MISMATCH or
            RULE_BROKEN.
    """
    checkpoint = log.verify(note)
    # A receipt's opening carries no statement: the author holds it.
    opening = CommitmentOpening(message.opening.entry, message.opening.nonce)
    proven = ProvenEntry(message.index, opening, tuple(message.inclusion_proof))
    _verify_place(proven, checkpoint)
    entry = read_entry(opening.entry)
    if (
        entry.event is not Event.STATEMENT
        or entry.payload_digest != statement.digest
        or entry.actor != statement.author
        or entry.exchange_id != statement.exchange_id
        or not entry.signature_digest
    ):
        raise Reason.RECEIPT_MISMATCH.error(
            f"expected a receipt for statement {statement.digest.hex()} of {statement.author}, "
            f"got one for {entry.event.name} {entry.payload_digest.hex()} of {entry.actor}"
            + ("" if entry.signature_digest else ", which names no signature")
        )
    verify_time_of(entry, statement)
    return Receipt(entry, proven, checkpoint, note)


def verify_inspection_receipt(
    proven: ProvenEntry,
    checkpoint: Checkpoint,
    *,
    reader: Member,
    certificate_sha256: bytes,
    inspected: InspectedRange,
    known_size: int,
) -> None:
    """Verify that a page which was just given is on the log as this reader's reading.

    1. The inclusion proof leads from the entry to the root of the checkpoint, already verified.
    2. The entry is an inspection by the reader, under the certificate (SHA-256) of its channel, of
       exactly the page that it got.
    3. It is not of an earlier reading: it came after the `known_size` entries that were there when
       the page was asked for.

    Raises:
        HubDishonest: PROOF_INVALID, ENTRY_MISMATCH or RECEIPT_MISMATCH.
    """
    entry = verify_proven_entry(proven, checkpoint)
    said = (entry.event, entry.actor, entry.certificate_sha256, entry.inspected)
    if said != (Event.INSPECTION, reader, certificate_sha256, inspected):
        raise Reason.RECEIPT_MISMATCH.error(
            f"expected an entry that {reader} inspected {inspected}, got {entry.event.name} "
            f"{entry.inspected} of {entry.actor}"
        )
    if proven.index < known_size:
        raise Reason.RECEIPT_MISMATCH.error(
            f"expected a new entry of this reading, after {known_size} others, "
            f"got entry {proven.index}"
        )


def _verify_place(proven: ProvenEntry, checkpoint: Checkpoint) -> None:
    if proven.index >= checkpoint.size:
        raise Reason.PROOF_INVALID.error(
            f"expected an entry of the checkpoint's tree of {checkpoint.size}, got {proven.index}"
        )
    verify_inclusion(
        entry_leaf_hash(proven.opening.entry, proven.opening.nonce),
        proven.index,
        checkpoint.size,
        proven.inclusion_proof,
        checkpoint.root,
    )
