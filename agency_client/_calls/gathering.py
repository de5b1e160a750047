"""Gather the evidence of an exchange: all that a body is shown, proven against one checkpoint.

1. The exchange is fetched and verified as always (`verifying`); its checkpoint becomes that of the
   evidence.
2. Every directory entry of that tree is fetched. Where the log has grown meanwhile, its proof is
   fetched anew for the tree of the evidence.
3. With content, each part that this body reads is fetched, and its content key opened.

Left to the caller: judging the directory entries (`agency_client.evidence` does, as any verifier).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from agency_client._calls.calls import Operation
from agency_client._calls.core import directory_request
from agency_client._calls.reading import Reading
from agency_client._calls.verifying import HasId
from agency_client.trust import Head
from agency_client.views import VerifiedExchange
from exchange_protocol.errors import Reason
from exchange_protocol.log.receipts import ProvenEntry, parse_proven_entry, verify_proven_entry
from exchange_protocol.trust.sealing import PartContext, open_disclosed, unwrap_content_key
from exchange_protocol.v1 import directory_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class DisclosedPart:
    """A part that its reader discloses, with what shows that it is the one that was sealed."""

    name: str
    sealed: bytes = field(repr=False)
    content_key: bytes = field(repr=False)
    """32 bytes; opens this part and no other."""
    plain: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything of an exchange that a body can show to others."""

    exchange: VerifiedExchange
    directory: tuple[ProvenEntry, ...]
    """Every directory entry of the checkpoint's tree, in log order."""
    disclosed: dict[int, tuple[DisclosedPart, ...]]
    """Parts by log index of their statement; empty without content."""


class Gathering(Reading):
    """Collects what a verifier needs who cannot ask the hub."""

    def gather_evidence(
        self, exchange: str | HasId, *, with_content: bool = False
    ) -> Operation[Evidence]:
        """Fetch an exchange with all proofs; `with_content` also opens the parts for disclosure.

        Raises:
            HubDishonest: if the hub shows what does not verify.
            NotFound: EXCHANGE_UNKNOWN.
        """
        verified = yield from self.get(exchange)
        disclosed: dict[int, tuple[DisclosedPart, ...]] = {}
        if with_content:
            disclosed = yield from self._disclose(verified)
            # What was just read is a delivery, which belongs to the evidence.
            verified = yield from self.get(verified.id)
        directory = yield from self._directory_of(Head(verified.note, verified.checkpoint))
        return Evidence(verified, directory, disclosed)

    def _directory_of(self, head: Head) -> Operation[tuple[ProvenEntry, ...]]:
        found: list[ProvenEntry] = []
        while True:
            known = len(found)
            answer, newest = yield from self.ask(
                "DirectoryService/ListDirectoryEntries",
                partial(directory_request, known),
                pb.ListDirectoryEntriesResponse,
                lambda answer: answer.tree_head,
            )
            for message in answer.entries:
                proven = parse_proven_entry(message)
                if proven.index >= head.size:
                    return tuple(found)
                if newest.checkpoint != head.checkpoint:
                    proof = yield from self.inclusion_proof(proven.index, head.size)
                    proven = replace(proven, inclusion_proof=proof)
                verify_proven_entry(proven, head.checkpoint)
                found.append(proven)
            if len(found) >= answer.directory_size:
                return tuple(found)
            if len(found) == known:
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected the directory entries {known} to {answer.directory_size}, got none"
                )

    def _disclose(
        self, verified: VerifiedExchange
    ) -> Operation[dict[int, tuple[DisclosedPart, ...]]]:
        disclosed = {}
        for each in verified.statements:
            parts = []
            for part in each.statement.parts:
                wrapped = part.wrapped_key(self.agency)
                if wrapped is None:
                    continue
                sealed = bytes((yield from self._fetch_sealed(each, part)))
                context = PartContext(each.statement.id, part.name)
                private = self.ports.vault.sealing_key(wrapped.key_id)
                key = unwrap_content_key(context, wrapped, private)
                plain = open_disclosed(sealed, context, key)
                parts.append(DisclosedPart(part.name, sealed, key, plain))
            if parts:
                disclosed[each.index] = tuple(parts)
        return disclosed
