"""What every operation rests on: verified checkpoints and the verified directory.

A tree head is believed only through `advance`; the directory only through `sync`. Both fetch what
they need and leave the judgement to `trust` and `directory`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message

from agency_client.core.calls import Operation, Unary
from agency_client.state.checkpoints import Head, TrustStore
from agency_client.state.directory import DirectoryStore, verify_directory_size
from agency_client.state.keys import Vault
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Defaults, Profile
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import log_pb2

_DIRECTORY_PAGE = 200

Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Ports:
    """What operations use of the world."""

    vault: Vault
    channel_member: Member
    """As whom the channel is opened."""
    channel_certificate: bytes
    """SHA-256 of the certificate that opens it, 32 bytes."""
    anchors: TrustAnchors
    trust: TrustStore
    directory: DirectoryStore
    outbox: Outbox
    defaults: Defaults
    witnesses: WitnessPolicy | None
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]


def make_ports(
    profile: Profile, clock: Callable[[], datetime], random: Callable[[int], bytes]
) -> Ports:
    """What operations use of the world, for a profile."""
    state = profile.state
    return Ports(
        vault=profile.vault,
        channel_member=profile.tls.certificate.member,
        channel_certificate=profile.tls.certificate.fingerprint,
        anchors=profile.anchors,
        trust=TrustStore(state, profile.log, clock),
        directory=DirectoryStore(state, profile.log, profile.anchors),
        outbox=Outbox(state),
        defaults=profile.defaults,
        witnesses=profile.witnesses,
        clock=clock,
        random=random,
    )


def call(method: str, request: Message, response: type[Response]) -> Operation[Response]:
    """Make one unary call; gives its typed response."""
    answer = yield Unary(method, request)
    if not isinstance(answer, response):
        raise TypeError(f"{method} was answered with {type(answer).__name__}")
    return answer


def directory_request(known: int, size: int) -> Message:
    """Ask for the directory entries after the first `known`, holding a tree of `size` entries."""
    return directory_pb.ListDirectoryEntriesRequest(
        known_directory_size=known, page_size=_DIRECTORY_PAGE, known_tree_size=size
    )


class Core:
    """The verified view that all operations share."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    @property
    def agency(self) -> AgencyId:
        """The agency that this client speaks for."""
        return self.ports.vault.agency

    def advance(
        self, asked_with: Head | None, message: log_pb2.TreeHead, *, original: bool = False
    ) -> Operation[Head]:
        """Verify the tree head of an answer, and keep it if it is the newest.

        1. The pinned log key signed it.
        2. It extends the head that was held when the request was made, and is not smaller; only
           the `original` receipt of a statement sent before may be: then it is an ancestor.
        3. It is consistent with the head that is held now, if another call moved that meanwhile.

        Raises:
            HubDishonest: CHECKPOINT_INVALID, CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW.
        """
        trust = self.ports.trust
        head = trust.verify(message.checkpoint)
        if original and asked_with is not None and head.size < asked_with.size:
            yield from self._verify_ancestor(head, asked_with)
            return head
        trust.verify_answer(asked_with, head, message.consistency_proof)
        proven = asked_with
        while (other := trust.keep(head, proven)) is not None:
            older, newer = sorted((head, other), key=lambda each: each.size)
            proof = yield from self.consistency_proof(older.size, newer.size)
            trust.verify_extends(older, newer, proof)
            if other.size >= head.size:
                break
            proven = other
        return head

    def _verify_ancestor(self, head: Head, held: Head) -> Operation[None]:
        try:
            proof = yield from self.consistency_proof(head.size, held.size)
        except ExchangeError as error:
            if error.reason is Reason.PROOF_RANGE_INVALID:
                raise self.ports.trust.rolled_back(held, head) from error
            raise
        self.ports.trust.verify_extends(head, held, proof)

    def consistency_proof(self, first: int, second: int) -> Operation[tuple[bytes, ...]]:
        """Fetch the consistency proof between two trees; unverified."""
        if first in (0, second):
            return ()
        response = yield from call(
            "AuditService/GetConsistencyProof",
            audit_pb.GetConsistencyProofRequest(first_tree_size=first, second_tree_size=second),
            audit_pb.GetConsistencyProofResponse,
        )
        return tuple(response.consistency_proof)

    def ask(
        self,
        method: str,
        make: Callable[[int], Message],
        response: type[Response],
        head_of: Callable[[Response], log_pb2.TreeHead],
        *,
        original: bool = False,
    ) -> Operation[tuple[Response, Head]]:
        """Make a call whose answer has a tree head, and verify that head (see `advance`).

        `make` gives the request for the size that is held. A hub whose log is shorter than that
        cannot prove anything and refuses; its own checkpoint then tells why.
        """
        held = self.ports.trust.head()
        answer = yield from self.ask_with(held, method, make(held.size if held else 0), response)
        head = yield from self.advance(held, head_of(answer), original=original)
        return answer, head

    def ask_with(
        self, held: Head | None, method: str, request: Message, response: type[Response]
    ) -> Operation[Response]:
        """Make a call that names the head that is held; its answer's heads are left to verify."""
        try:
            answer = yield from call(method, request, response)
        except ExchangeError as error:
            if held is not None and error.reason is Reason.PROOF_RANGE_INVALID:
                yield from self._explain_rollback(held)
            raise
        return answer

    def _explain_rollback(self, held: Head) -> Operation[None]:
        answer = yield from call(
            "AuditService/GetCheckpoint",
            audit_pb.GetCheckpointRequest(),
            audit_pb.GetCheckpointResponse,
        )
        head = self.ports.trust.verify(answer.tree_head.checkpoint)
        if head.size < held.size:
            raise self.ports.trust.rolled_back(held, head)

    def checkpoint(self) -> Operation[Head]:
        """Fetch and verify the newest checkpoint."""
        _, head = yield from self.ask(
            "AuditService/GetCheckpoint",
            lambda size: audit_pb.GetCheckpointRequest(known_tree_size=size),
            audit_pb.GetCheckpointResponse,
            lambda answer: answer.tree_head,
        )
        return head

    def sync(self) -> Operation[Directory]:
        """Bring the directory up to date; every entry is proven and folded.

        Raises:
            HubDishonest: if the hub shows fewer entries than were proven, or others.
        """
        store = self.ports.directory
        while True:
            known = store.size
            try:
                answer, head = yield from self.ask(
                    "DirectoryService/ListDirectoryEntries",
                    partial(directory_request, known),
                    directory_pb.ListDirectoryEntriesResponse,
                    lambda answer: answer.tree_head,
                )
            except ExchangeError as error:
                if error.reason is Reason.PROOF_RANGE_INVALID:
                    # The log is as long as it was: it is the directory that lost entries.
                    verify_directory_size(store, known - 1)
                raise
            store.extend(known, answer.entries, head.checkpoint, head.note)
            verify_directory_size(store, answer.directory_size)
            if store.size >= answer.directory_size:
                return store.current
            if not answer.entries:
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected the directory entries {known} to {answer.directory_size}, got none"
                )

    def know_directory(self, size: int) -> Operation[None]:
        """Make sure that the directory holds at least `size` entries, as an entry counts them.

        Raises:
            HubDishonest: RULE_BROKEN, if the hub counts entries that it does not show.
        """
        if self.ports.directory.size < size:
            yield from self.sync()
        if self.ports.directory.size < size:
            raise Reason.RULE_BROKEN.error(
                f"the log counts {size} directory statements; the hub shows only "
                f"{self.ports.directory.size}"
            )
