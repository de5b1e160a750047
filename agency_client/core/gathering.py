"""Gather the evidence of an exchange: all that an agency is shown, proven against one checkpoint.

1. The exchange is fetched and verified as always (`exchanges`).
2. With content, each part that this agency reads is fetched, and its content key opened. A part
   that cannot be opened stays sealed, and is told of (`Evidence.faults`); the others are disclosed.
3. The checkpoint of the evidence is the one that the exchange came with or, where it must be
   witnessed, the newest that enough of the profile's witnesses cosigned. That one must hold every
   entry of the exchange: evidence that leaves off its end would be no better witnessed.
4. Every directory entry of that tree is fetched.
5. Entries that came with a proof for another tree are proven anew for the tree of the evidence.

Left to the caller: judging the directory entries (`agency_client.evidence` does, as any verifier).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from agency_client.core.calls import Operation, number_of_the_hub
from agency_client.core.exchanges import Exchanges, HasId
from agency_client.core.log import Log
from agency_client.core.ports import Ports
from agency_client.core.view import View
from agency_client.core.views import PartFault, VerifiedExchange, VerifiedStatement
from agency_client.state.checkpoints import Head, WitnessedHead
from exchange_protocol.errors import NotAuthenticated, NotFound, Reason, SealBroken
from exchange_protocol.record.receipts import ProvenEntry, parse_proven_entry, verify_proven_entry
from exchange_protocol.rules.handling import check_court_use, stays_sealed
from exchange_protocol.rules.statements import Part
from exchange_protocol.trust.sealing import (
    PartContext,
    WrappedKey,
    open_disclosed,
    unwrap_content_key,
)


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
    """Everything of an exchange that an agency can show to others."""

    exchange: VerifiedExchange
    head: Head
    """The checkpoint of the evidence: all entries here are proven against it."""
    entries: tuple[ProvenEntry, ...]
    """Every entry of the exchange that the agency is shown, in log order."""
    directory: tuple[ProvenEntry, ...]
    """Every directory entry of the checkpoint's tree, in log order."""
    disclosed: dict[int, tuple[DisclosedPart, ...]]
    """Parts by log index of their statement; empty without content."""
    faults: dict[int, tuple[PartFault, ...]] = field(default_factory=dict)
    """Parts that this agency should be able to disclose and cannot, by log index."""
    kept_sealed: tuple[int, ...] = ()
    """Log indexes of statements of approvers and supervisors whose words their handling keeps out
    of court: nobody can ask them for consent, so these stay sealed."""


class Gathering:
    """Collects all that a verifier needs who cannot ask the hub."""

    def __init__(self, ports: Ports, view: View, exchanges: Exchanges, log: Log) -> None:
        self._ports = ports
        self._view = view
        self._exchanges = exchanges
        self._log = log

    def gather_evidence(
        self, exchange: str | HasId, *, with_content: bool = False, witnessed: bool = False
    ) -> Operation[Evidence]:
        """Fetch an exchange with all proofs; `with_content` also opens the parts for disclosure.

        A part that cannot be opened, or was erased, stays sealed; `Evidence.faults` names it.
        `witnessed` demands a checkpoint that enough witnesses of the profile cosigned. Opening a
        part for the first time is a delivery, which the witnesses have to see first.

        Raises:
            Conflict: NOT_WITNESSED, while that checkpoint lacks an entry of the exchange.
            HubDishonest: if the hub shows what does not verify.
            InvalidInput: PROFILE_INVALID, for `witnessed` where the profile names no witnesses.
            NotFound: EXCHANGE_UNKNOWN.
            NotPermitted: CONSENT_MISSING, for content that its author keeps out of court.
        """
        # Asked for first: the exchange's checkpoint, which is newer, is proven to extend it.
        vouched = (yield from self._log.witnessed_checkpoint()) if witnessed else None
        verified = yield from self._exchanges.get(exchange)
        disclosed: dict[int, tuple[DisclosedPart, ...]] = {}
        faults: dict[int, tuple[PartFault, ...]] = {}
        kept_sealed: list[int] = []
        if with_content:
            agency, now = self._ports.agency, self._ports.clock()
            for each in verified.statements:
                if not any(part.wrapped_key(agency) for part in each.statement.parts):
                    continue
                if stays_sealed(each.statement, verified.exchange, agency):
                    kept_sealed.append(each.index)
                else:
                    check_court_use(each.statement, verified.exchange, agency, now)
            disclosed, faults = yield from self._disclose(verified, kept_sealed)
            # Reading it was a delivery, which belongs to the evidence.
            verified = yield from self._exchanges.get(verified.id)
        head, entries = Head(verified.note, verified.checkpoint), verified.entries
        if vouched is not None:
            _check_covers(vouched, entries)
            head, entries = vouched.head, (yield from self._proven_anew(entries, vouched.head))
        directory = yield from self._directory_of(head)
        return Evidence(verified, head, entries, directory, disclosed, faults, tuple(kept_sealed))

    def _proven_anew(
        self, entries: Sequence[ProvenEntry], head: Head
    ) -> Operation[tuple[ProvenEntry, ...]]:
        if not entries:
            return ()
        indexes = [each.index for each in entries]
        what = f"entries {indexes[0]} to {indexes[-1]} in the tree of {head.size} entries"
        with number_of_the_hub(what):
            proofs = yield from self._log.inclusion_proofs(indexes, head.size)
        proven = []
        for each, proof in zip(entries, proofs, strict=True):
            proven.append(replace(each, inclusion_proof=proof))
            verify_proven_entry(proven[-1], head.checkpoint)
        return tuple(proven)

    def _directory_of(self, head: Head) -> Operation[tuple[ProvenEntry, ...]]:
        found: list[ProvenEntry] = []
        while True:
            known = len(found)
            answer, newest = yield from self._view.directory_page(known)
            page = [parse_proven_entry(message) for message in answer.entries]
            covered = list(takewhile(lambda each: each.index < head.size, page))
            if newest.checkpoint == head.checkpoint:
                for each in covered:
                    verify_proven_entry(each, head.checkpoint)
                found += covered
            else:
                found += yield from self._proven_anew(covered, head)
            if len(covered) < len(page):
                return tuple(found)
            if len(found) >= answer.directory_size:
                return tuple(found)
            if len(found) == known:
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected the directory entries {known} to {answer.directory_size}, got none"
                )

    def _disclose(
        self, verified: VerifiedExchange, kept_sealed: Container[int]
    ) -> Operation[tuple[dict[int, tuple[DisclosedPart, ...]], dict[int, tuple[PartFault, ...]]]]:
        disclosed, faults = {}, {}
        fetched = yield from self._exchanges.parts.small(verified)
        for each in verified.statements:
            parts, broken = [], []
            if each.index in kept_sealed:
                continue
            for part in each.statement.parts:
                wrapped = part.wrapped_key(self._ports.agency)
                if wrapped is None:
                    continue
                try:
                    sealed = bytes((yield from self._exchanges.parts.sealed(each, part, fetched)))
                except NotFound as error:
                    if error.reason is not Reason.CONTENT_ERASED:
                        raise
                    broken.append(PartFault(part.name, error, verified.summary.initiator))
                    continue
                try:
                    parts.append(self._disclosed(each, part, wrapped, sealed))
                except SealBroken as error:
                    broken.append(PartFault(part.name, error, each.author.agency))
                except NotAuthenticated as error:
                    # The key is missing in this profile; another one of the agency may hold it.
                    broken.append(PartFault(part.name, error, self._ports.agency))
            if parts:
                disclosed[each.index] = tuple(parts)
            if broken:
                faults[each.index] = tuple(broken)
        return disclosed, faults

    def _disclosed(
        self, each: VerifiedStatement, part: Part, wrapped: WrappedKey, sealed: bytes
    ) -> DisclosedPart:
        context = PartContext(each.statement.id, part.name)
        private = self._ports.vault.sealing_key(wrapped.key_id)
        key = unwrap_content_key(context, wrapped, private)
        return DisclosedPart(part.name, sealed, key, open_disclosed(sealed, context, key))


def _check_covers(vouched: WitnessedHead, entries: Sequence[ProvenEntry]) -> None:
    size, newest = vouched.head.size, entries[-1].index
    if newest >= size:
        raise Reason.NOT_WITNESSED.error(
            f"expected every entry of the exchange to be witnessed; its newest is entry {newest}, "
            f"and the witnesses have cosigned the first {size} entries of the log: ask again after "
            "their next round"
        )
