"""Witnessed checkpoints: those that enough of the profile's witnesses cosigned.

A hub that shows this agency a history of its own can show it no cosignature: a witness signs one
history and no other. What the hub shows as witnessed is believed if the log signed it, if as many
witnesses cosigned it as the profile requires, and if the tree that this agency holds extends it.
"""

from __future__ import annotations

from agency_client.core.calls import Operation
from agency_client.core.core import Core, call
from agency_client.state.checkpoints import Head, WitnessedHead
from exchange_protocol.errors import Reason
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.v1 import audit_service_pb2 as audit_pb


class Witnessing(Core):
    """What witnesses vouch for, and what a witness itself does."""

    def witnessed_checkpoint(self, tree_size: int = 0) -> Operation[WitnessedHead]:
        """Fetch and verify the newest checkpoint that enough witnesses of the profile cosigned.

        With `tree_size` it must have at least so many entries: an entry of index i is witnessed
        by a checkpoint of at least i + 1.

        Raises:
            Conflict: NOT_WITNESSED, where there is none.
            HubDishonest: CHECKPOINT_SPLIT_VIEW, CHECKPOINT_ROLLBACK or CHECKPOINT_INVALID.
            InvalidInput: PROFILE_INVALID, where the profile names no witnesses.
        """
        policy = self.ports.witnesses
        if policy is None:
            raise Reason.PROFILE_INVALID.error(
                "expected a table [witnesses] in profile.toml, got none", field="witnesses"
            )
        answer, head = yield from self.ask(
            "AuditService/GetCheckpoint",
            lambda size: audit_pb.GetCheckpointRequest(known_tree_size=size),
            audit_pb.GetCheckpointResponse,
            lambda answer: answer.tree_head,
        )
        found = [
            WitnessedHead(self.ports.trust.verify(note), policy.verify(note))
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
        answer = yield from call(
            "AuditService/GetCheckpoint",
            audit_pb.GetCheckpointRequest(),
            audit_pb.GetCheckpointResponse,
        )
        trust = self.ports.trust
        cosigned = [trust.verify(note) for note in answer.witnessed_checkpoints]
        return trust.verify(answer.tree_head.checkpoint), cosigned

    def add_cosignature(self, note: bytes) -> Operation[None]:
        """Hand in a checkpoint's note with a witness's line; raises COSIGNATURE_INVALID."""
        yield from call(
            "AuditService/AddCosignature",
            audit_pb.AddCosignatureRequest(cosigned_checkpoint=note),
            audit_pb.AddCosignatureResponse,
        )

    def _verify_held_extends(self, witnessed: Head, head: Head) -> Operation[None]:
        if witnessed.size > head.size:
            raise self.ports.trust.rolled_back(witnessed, head)
        proof = yield from self.consistency_proof(witnessed.size, head.size)
        self.ports.trust.verify_extends(witnessed, head, proof)


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
