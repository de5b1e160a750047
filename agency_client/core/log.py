"""The log itself: leaves, tiles, proofs, and the checkpoints that witnesses cosigned.

A hub that shows this agency a history of its own can show it no cosignature: a witness signs one
history and no other. A witnessed checkpoint is believed if the log signed it, if as many witnesses
cosigned it as the profile requires, and if the tree that this agency holds extends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agency_client.core.calls import (
    MOST_TOGETHER,
    Operation,
    Together,
    Unary,
    ask_hub,
    number_of_the_hub,
)
from agency_client.core.ports import Ports
from agency_client.core.view import View
from agency_client.state.checkpoints import Head, WitnessedHead
from exchange_protocol.errors import ExchangeError, NotAuthenticated, Reason
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.log.merkle import HASH_SIZE
from exchange_protocol.log.tiles import TILE_WIDTH, parse_entry_bundle
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Event,
    InspectedRange,
    parse_opening,
    read_entry,
)
from exchange_protocol.record.receipts import (
    parse_proven_entry,
    verify_inspection_receipt,
    verify_proven_entry,
)
from exchange_protocol.v1 import audit_service_pb2 as pb

_GET_PROOF: Final = "AuditService/GetInclusionProof"
_MAX_TILE_BYTES: Final = TILE_WIDTH * HASH_SIZE


@dataclass(frozen=True, slots=True)
class LogLeaf:
    """A leaf of the log as the hub shows it; unverified."""

    leaf_hash: bytes
    """RFC 9162 leaf hash, 32 bytes."""
    opening: CommitmentOpening | None
    """The entry that the leaf commits to; None if this member may not see it, or cannot read it."""
    fault: ExchangeError | None = None
    """The fault of an opening that was given and could not be read."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Consecutive hashes of one level of the tree (C2SP tlog-tiles); unverified."""

    level: int
    index: int
    hashes: tuple[bytes, ...]
    """1 to 256 hashes, 32 bytes each."""


class Log:
    """Reads the log, for auditors and witnesses."""

    def __init__(self, ports: Ports, view: View) -> None:
        self._ports = ports
        self._view = view

    def leaves_page(self, start: int, tree_size: int) -> Operation[list[LogLeaf]]:
        """Fetch some leaves from `start` on, below a tree size.

        The leaves are unverified. Where the hub opened to this profile what is not open to
        everyone, it is verified that the log knows of this reading.

        Raises:
            HubDishonest: RULE_BROKEN, if there is no entry of it; RECEIPT_MISMATCH, if the entry is
                of another reading; or if the entry is not on the log.
        """
        held = yield from self._view.held()
        known = held.size if held else 0
        answer = yield from self._view.ask_with(
            held,
            "AuditService/ListOpenings",
            pb.ListOpeningsRequest(start_index=start, tree_size=tree_size, known_tree_size=known),
            pb.ListOpeningsResponse,
            has_callers_number=tree_size > known,
        )
        leaves = list(answer.leaves)
        if not leaves:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected leaves from {start} to {tree_size}, the hub gives none"
            )
        if not answer.HasField("inspection"):
            _check_for_everyone(start, leaves)
            return [_leaf(each) for each in leaves]
        head = yield from self._view.advance(held, answer.tree_head)
        opened = sum(leaf.HasField("opening") for leaf in leaves)
        proven = parse_proven_entry(answer.inspection)
        # A certificate may have been renewed before the call, or since.
        named = verify_proven_entry(proven, head.checkpoint).certificate_sha256
        shown = self._ports.channel_certificates
        verify_inspection_receipt(
            proven,
            head.checkpoint,
            reader=self._ports.channel_member,
            certificate_sha256=named if named in shown else shown[-1],
            inspected=InspectedRange(start, start + len(leaves), opened),
            known_size=known,
        )
        return [_leaf(each) for each in leaves]

    def tile(self, level: int, index: int) -> Operation[Tile]:
        """Fetch the hashes of a tile; unverified but for their form."""
        answer = yield from ask_hub(
            "AuditService/GetTile",
            pb.GetTileRequest(level=level, index=index),
            pb.GetTileResponse,
        )
        data = answer.hashes
        if not 0 < len(data) <= _MAX_TILE_BYTES or len(data) % HASH_SIZE:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected a tile of 1 to {TILE_WIDTH} hashes, {HASH_SIZE} bytes each; the hub "
                f"gives {len(data)} bytes"
            )
        hashes = (data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))
        return Tile(level, index, tuple(hashes))

    def entry_bundle(self, index: int) -> Operation[list[bytes]]:
        """Fetch the data of the leaves under a tile of level 0; unverified."""
        answer = yield from ask_hub(
            "AuditService/GetEntryBundle",
            pb.GetEntryBundleRequest(index=index),
            pb.GetEntryBundleResponse,
        )
        return parse_entry_bundle(answer.bundle)

    def inclusion_proof(self, index: int, tree_size: int) -> Operation[tuple[bytes, ...]]:
        """Fetch an inclusion proof; unverified."""
        answer = yield from ask_hub(
            _GET_PROOF,
            pb.GetInclusionProofRequest(index=index, tree_size=tree_size),
            pb.GetInclusionProofResponse,
        )
        return tuple(answer.inclusion_proof)

    def inclusion_proofs(
        self, indexes: Sequence[int], tree_size: int
    ) -> Operation[list[tuple[bytes, ...]]]:
        """Fetch the inclusion proofs of many entries, several at a time; unverified."""
        proofs: list[tuple[bytes, ...]] = []
        for start in range(0, len(indexes), MOST_TOGETHER):
            some = indexes[start : start + MOST_TOGETHER]
            asked = tuple(
                Unary(_GET_PROOF, pb.GetInclusionProofRequest(index=index, tree_size=tree_size))
                for index in some
            )
            answers: Sequence[Any] = yield Together(asked)
            for index, answer in zip(some, answers, strict=True):
                if isinstance(answer, NotAuthenticated):
                    # The channel makes the call again, if the certificate was renewed.
                    proofs.append((yield from self.inclusion_proof(index, tree_size)))
                elif isinstance(answer, ExchangeError):
                    raise answer
                else:
                    proofs.append(tuple(answer.inclusion_proof))
        return proofs

    def witnessed_checkpoint(self, tree_size: int = 0) -> Operation[WitnessedHead]:
        """Fetch and verify the newest checkpoint that enough witnesses of the profile cosigned.

        With `tree_size` it must have at least so many entries: an entry of index i is witnessed
        by a checkpoint of at least i + 1.

        Raises:
            Conflict: NOT_WITNESSED, where there is none.
            HubDishonest: CHECKPOINT_SPLIT_VIEW, CHECKPOINT_ROLLBACK or CHECKPOINT_INVALID.
            InvalidInput: PROFILE_INVALID, where the profile names no witnesses.
        """
        policy = self._ports.witnesses
        if policy is None:
            raise Reason.PROFILE_INVALID.error(
                "expected a table [witnesses] in profile.toml, got none", field="witnesses"
            )
        answer, head = yield from self._view.ask(
            "AuditService/GetCheckpoint",
            lambda size: pb.GetCheckpointRequest(known_tree_size=size),
            pb.GetCheckpointResponse,
            lambda answer: answer.tree_head,
        )
        found = [
            WitnessedHead(self._ports.trust.verify(note), policy.verify(note))
            for note in answer.witnessed_checkpoints
            if len(policy.cosignatures(note)) >= policy.required
        ]
        newest = max(found, key=lambda each: each.head.size, default=None)
        if newest is None or newest.head.size < tree_size:
            raise Reason.NOT_WITNESSED.error(_missing(policy, newest, head, tree_size))
        yield from self._verify_held_extends(newest.head, head)
        return newest

    def offered_checkpoints(self) -> Operation[tuple[Head, list[Head]]]:
        """Fetch the newest checkpoint, and those that witnesses cosigned, for a witness to judge.

        Only the log's signature is verified: a witness holds them against its own memory, not
        against this profile's.
        """
        answer = yield from ask_hub(
            "AuditService/GetCheckpoint",
            pb.GetCheckpointRequest(),
            pb.GetCheckpointResponse,
        )
        head = yield from self._view.verified(answer.tree_head.checkpoint)
        trust = self._ports.trust
        cosigned = [trust.verify(note) for note in answer.witnessed_checkpoints]
        return head, cosigned

    def add_cosignature(self, note: bytes) -> Operation[None]:
        """Hand in a checkpoint's note with a witness's line; raises COSIGNATURE_INVALID."""
        yield from ask_hub(
            "AuditService/AddCosignature",
            pb.AddCosignatureRequest(cosigned_checkpoint=note),
            pb.AddCosignatureResponse,
        )

    def _verify_held_extends(self, witnessed: Head, head: Head) -> Operation[None]:
        if witnessed.size > head.size:
            raise self._ports.trust.rolled_back(witnessed, head)
        with number_of_the_hub(f"the trees of {witnessed.size} and {head.size} entries"):
            proof = yield from self._view.consistency_proof(witnessed.size, head.size)
        self._ports.trust.verify_extends(witnessed, head, proof)


def _leaf(message: pb.Leaf) -> LogLeaf:
    try:
        opening = parse_opening(message.opening) if message.HasField("opening") else None
    except ExchangeError as error:
        return LogLeaf(message.leaf_hash, None, error)
    return LogLeaf(message.leaf_hash, opening)


def _check_for_everyone(start: int, leaves: Iterable[pb.Leaf]) -> None:
    """Check that a page that is not on the log opens only what needs no entry."""
    for index, leaf in enumerate(leaves, start):
        if not leaf.HasField("opening"):
            continue
        entry = read_entry(leaf.opening.entry)
        is_directory = entry.event is Event.STATEMENT and not entry.exchange_id
        if not is_directory and entry.event is not Event.INSPECTION:
            raise Reason.RULE_BROKEN.error(
                f"the hub opened entry {index}, {entry.event.name}, and shows no entry of the log "
                "that says so: a reading must be on the log before anything is read"
            )


def _missing(
    policy: WitnessPolicy, newest: WitnessedHead | None, head: Head, tree_size: int
) -> str:
    quorum = f"{policy.required} of {len(policy.witnesses)} witnesses"
    if newest is None:
        return f"expected a checkpoint cosigned by {quorum}, the hub shows none"
    return (
        f"expected a checkpoint of at least {tree_size} entries cosigned by {quorum}; the newest "
        f"so cosigned has {newest.head.size}, the log has {head.size}"
    )
