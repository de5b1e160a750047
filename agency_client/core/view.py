"""The verified view: the newest checkpoint and the directory, which all operations rest on.

A tree head is believed only through `advance`; the directory only through `sync`. Both fetch what
they need and leave the judgement to `state.checkpoints` and `state.directory`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from google.protobuf.message import Message

from agency_client.core.calls import Operation, Response, ask_hub, number_of_the_hub
from agency_client.core.ports import Ports
from agency_client.state.checkpoints import Head
from agency_client.state.directory import verify_directory_size
from exchange_protocol.errors import ExchangeError, HubDishonest, HubUnavailable, Reason
from exchange_protocol.log.checkpoint import SignedCheckpoint
from exchange_protocol.record.receipts import parse_proven_entry, verify_proven_entries
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.directory import Directory
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import log_pb2

_DIRECTORY_PAGE: Final = 200


class View:
    """The checkpoint and the directory that were verified last, and the way to newer ones."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def advance(
        self, asked_with: Head | None, message: log_pb2.TreeHead, *, original: bool = False
    ) -> Operation[Head]:
        """Verify the tree head of an answer, and keep it if it is the newest.

        1. The log's key signed it, the pinned one or a successor that the directory names.
        2. It extends the head that was held when the request was made, and is not smaller. Only
           the `original` receipt of a statement that was sent before may be smaller: then its tree
           is an ancestor.
        3. It is consistent with the head that is held now, if another call moved that meanwhile.

        Raises:
            HubDishonest: CHECKPOINT_INVALID, CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW.
        """
        trust = self._ports.trust
        head = yield from self.verified(message.checkpoint)
        if original and asked_with is not None and head.size < asked_with.size:
            yield from self._verify_ancestor(head, asked_with)
            return head
        trust.verify_answer(asked_with, head, message.consistency_proof)
        proven = asked_with
        while (other := trust.keep(head, proven)) is not None:
            older, newer = sorted((head, other), key=lambda each: each.size)
            with number_of_the_hub(f"the trees of {older.size} and {newer.size} entries"):
                proof = yield from self.consistency_proof(older.size, newer.size)
            trust.verify_extends(older, newer, proof)
            if other.size >= head.size:
                break
            proven = other
        return head

    def consistency_proof(self, first: int, second: int) -> Operation[tuple[bytes, ...]]:
        """Fetch the consistency proof between two trees; unverified."""
        if first in (0, second):
            return ()
        response = yield from ask_hub(
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
        cannot prove anything and refuses; its own checkpoint then tells why (see `ask_with`).
        """
        held = yield from self.held()
        answer = yield from self.ask_with(held, method, make(held.size if held else 0), response)
        head = yield from self.advance(held, head_of(answer), original=original)
        return answer, head

    def ask_with(
        self,
        held: Head | None,
        method: str,
        request: Message,
        response: type[Response],
        *,
        has_callers_number: bool = False,
    ) -> Operation[Response]:
        """Make a call that names the head that is held; the caller verifies the answer's heads.

        All numbers of the request are the hub's own, unless it `has_callers_number`.

        Raises:
            HubDishonest: CHECKPOINT_ROLLBACK, if the hub now signs a smaller tree than the one
                held; ENTRY_MISMATCH, if it signs that tree and refuses a number of its own.
            InvalidInput: PROOF_RANGE_INVALID, for a number of the caller.
        """
        try:
            answer = yield from ask_hub(method, request, response)
        except ExchangeError as error:
            if error.reason is not Reason.PROOF_RANGE_INVALID:
                raise
            if held is not None:
                yield from self.explain_rollback(held)
            if has_callers_number:
                raise
            with number_of_the_hub("the tree and the directory entries that are held"):
                raise
        return answer

    def explain_rollback(self, held: Head) -> Operation[None]:
        """Find out why a hub cannot prove anything from the head held; raises CHECKPOINT_ROLLBACK.

        It returns if the hub's log is as long as it was.
        """
        answer = yield from ask_hub(
            "AuditService/GetCheckpoint",
            audit_pb.GetCheckpointRequest(),
            audit_pb.GetCheckpointResponse,
        )
        head = yield from self.verified(answer.tree_head.checkpoint)
        if head.size < held.size:
            raise self._ports.trust.rolled_back(held, head)

    def checkpoint(self) -> Operation[Head]:
        """Fetch and verify the newest checkpoint."""
        _, head = yield from self.ask(
            "AuditService/GetCheckpoint",
            lambda size: audit_pb.GetCheckpointRequest(known_tree_size=size),
            audit_pb.GetCheckpointResponse,
            lambda answer: answer.tree_head,
        )
        return head

    def directory_page(
        self, known: int
    ) -> Operation[tuple[directory_pb.ListDirectoryEntriesResponse, Head]]:
        """Fetch the directory entries after the first `known`; the head is verified."""
        return (
            yield from self.ask(
                "DirectoryService/ListDirectoryEntries",
                partial(_directory_request, known),
                directory_pb.ListDirectoryEntriesResponse,
                lambda answer: answer.tree_head,
            )
        )

    def sync(self) -> Operation[Directory]:
        """Bring the directory up to date; every entry is proven and folded.

        Raises:
            HubDishonest: if the hub shows fewer entries than were proven, or others.
        """
        store = self._ports.directory
        while True:
            known = store.size
            answer, head = yield from self.directory_page(known)
            store.extend(known, answer.entries, head.checkpoint, head.note)
            self._ports.log_keys.learn(store.fold.successions)
            verify_directory_size(store, answer.directory_size)
            if store.size >= answer.directory_size:
                return store.current
            if not answer.entries:
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected the directory entries {known} to {answer.directory_size}, got none"
                )

    def freshen(self) -> Operation[bool]:
        """Bring the directory up to date if the hub can be reached; gives whether to ask it more.

        Without a hub the directory that is held serves. Without one either, the hub is asked in
        any case.

        Raises:
            HubUnavailable: if there is neither a hub nor a directory.
        """
        is_held = self._ports.directory.size > 0
        if is_held and self._ports.reach.why_not() is not None:
            return False
        try:
            yield from self.sync()
        except HubUnavailable:
            if not is_held:
                raise
        return self._ports.reach.why_not() is None

    def know_directory(self, size: int) -> Operation[None]:
        """Make sure that the directory holds at least `size` entries, as an entry counts them.

        Raises:
            HubDishonest: RULE_BROKEN, if the hub counts entries that it does not show.
        """
        if self._ports.directory.size < size:
            yield from self.sync()
        if self._ports.directory.size < size:
            raise Reason.RULE_BROKEN.error(
                f"the log counts {size} directory statements; the hub shows only "
                f"{self._ports.directory.size}"
            )

    def held(self) -> Operation[Head | None]:
        """The checkpoint that is held; a client that lost the log's newer keys learns them anew.

        Raises:
            InvalidInput: DOCUMENT_INVALID, if no known key of the log signed it.
        """
        note = self._ports.trust.held_note()
        if note is None:
            return None
        try:
            return (yield from self.verified(note))
        except HubDishonest as error:
            raise self._ports.trust.not_held(error) from None

    def verified(self, note: bytes) -> Operation[Head]:
        """Verify the log's signature on a note, by a key that is known or by a successor of it.

        The directory names successors, and comes under a checkpoint of such a key itself. So it is
        folded before that signature can be verified, and nothing of it is kept but the keys: that
        the predecessor and the operating agency signed for each of them is proof by itself.

        Raises:
            HubDishonest: CHECKPOINT_INVALID, if no such key signed it, or if what the hub shows as
                its directory is not good.
        """
        try:
            return self._ports.trust.verify(note)
        except HubDishonest:
            if not self._ports.log_keys.verifier.is_by_unknown_key(note):
                raise
        try:
            yield from self._learn_log_keys()
        except HubDishonest as error:
            raise Reason.CHECKPOINT_INVALID.error(
                "no key of the log that is known signed the checkpoint, and the directory that the "
                f"hub shows under it names none: {error.message}"
            ) from error
        return self._ports.trust.verify(note)

    def _learn_log_keys(self) -> Operation[None]:
        keys = self._ports.log_keys
        fold = self._ports.directory.fold.copy()
        notes = yield from _fold_to_the_end(fold)
        if fold.successions == keys.verifier.successions:
            return
        learned = keys.verifier.following(fold.successions)
        for each_note in notes:
            learned.verify(each_note)
        keys.learn(learned.successions)

    def _verify_ancestor(self, head: Head, held: Head) -> Operation[None]:
        try:
            proof = yield from self.consistency_proof(head.size, held.size)
        except ExchangeError as error:
            if error.reason is Reason.PROOF_RANGE_INVALID:
                raise self._ports.trust.rolled_back(held, head) from error
            raise
        self._ports.trust.verify_extends(head, held, proof)


def _fold_to_the_end(fold: DirectoryFold) -> Operation[list[bytes]]:
    """Fold the directory that the hub shows, and give the notes under which it came, unverified."""
    notes = []
    while True:
        with number_of_the_hub(f"{fold.current.size} directory entries"):
            answer = yield from ask_hub(
                "DirectoryService/ListDirectoryEntries",
                _directory_request(fold.current.size, 0),
                directory_pb.ListDirectoryEntriesResponse,
            )
        notes.append(answer.tree_head.checkpoint)
        claimed = SignedCheckpoint.parse(answer.tree_head.checkpoint).checkpoint
        proven = [parse_proven_entry(each) for each in answer.entries]
        for each, _ in verify_proven_entries(proven, claimed):
            fold.apply(each.index, each.opening)
        if not answer.entries or fold.current.size >= answer.directory_size:
            return notes


def _directory_request(known: int, size: int) -> Message:
    """Ask for the directory entries after the first `known`, holding a tree of `size` entries."""
    return directory_pb.ListDirectoryEntriesRequest(
        known_directory_size=known, page_size=_DIRECTORY_PAGE, known_tree_size=size
    )
