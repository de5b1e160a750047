"""Read: lists, unsealed exchanges, notices, and what auditors take from the log.

Steps of `open` (design, section 8), after `verifying` did its own:
 7. Each part is fetched, and must be the one that the author signed: size and SHA-256.
 8. It is unsealed with the key that it was wrapped to for this agency.
 9. The documents are read strictly; the content holds no more subjects than were declared.

What is fetched by a recipient is a delivery; the hub logs it before the bytes leave, and the state
shown afterwards is verified anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from agency_client.core.calls import Fetch, Operation
from agency_client.core.core import call
from agency_client.core.summaries import parse_summary
from agency_client.core.verifying import HasId, Verifying
from agency_client.core.views import (
    ExchangeSummary,
    UnsealedExchange,
    UnsealedStatement,
    VerifiedExchange,
    VerifiedStatement,
    open_statement,
)
from exchange_protocol.errors import HubUnavailable, NotFound, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party, ReaderRole
from exchange_protocol.log.tiles import parse_entry_bundle
from exchange_protocol.record.entries import Event, InspectedRange, read_entry
from exchange_protocol.record.receipts import parse_proven_entry, verify_inspection_receipt
from exchange_protocol.rules.access import is_erased, spoken
from exchange_protocol.rules.lifecycle import Exchange
from exchange_protocol.rules.statements import Part
from exchange_protocol.trust.sealing import PartContext, open_part
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2

_TRANSFER_ATTEMPTS = 3


class Reading(Verifying):
    """Everything that an agency may read."""

    def list_page(
        self,
        party: Party | None,
        states: Iterable[LegState],
        kinds: Iterable[Kind],
        page_token: str,
    ) -> Operation[tuple[list[ExchangeSummary], str]]:
        """Fetch one page of a list, and the token of the next; unverified."""
        answer = yield from call(
            "ExchangeService/ListExchanges",
            pb.ListExchangesRequest(
                party=party.number if party else statement_pb2.PARTY_UNSPECIFIED,
                states=[log_pb2.LegState.ValueType(state) for state in states],
                kinds=[kind.value for kind in kinds],
                page_token=page_token,
            ),
            pb.ListExchangesResponse,
        )
        if answer.next_page_token and not answer.exchanges:
            raise Reason.ENTRY_MISMATCH.error("expected exchanges on a page that is not the last")
        return [parse_summary(each) for each in answer.exchanges], answer.next_page_token

    def open(self, exchange: str | HasId) -> Operation[UnsealedExchange]:
        """Fetch, verify and unseal an exchange, as far as the agency may read it.

        Raises:
            HubDishonest: if the hub broke a rule, or shows what does not verify.
            SealBroken: if a part is not the one that was signed, or does not open.
            SignatureInvalid: if a statement's author or signature is not good.
        """
        verified = yield from self.get(exchange)
        opened = []
        for each in verified.statements:
            opened.append((yield from self._open_statement(each, verified.exchange)))
        if _delivers(verified, self.agency):
            before, verified = verified, (yield from self.get(verified.id))
            _check_delivered(before, verified, self.agency)
        return UnsealedExchange(verified, tuple(opened))

    def fetch(self, statement: VerifiedStatement, part_name: str) -> Operation[bytes]:
        """Fetch and unseal one part of a verified statement; raises SEAL_BROKEN, NOT_A_READER."""
        part = statement.statement.part(part_name)
        if part is None:
            raise Reason.PART_UNKNOWN.error(
                f"statement {statement.statement.id} has no part {part_name!r}"
            )
        wrapped = part.wrapped_key(self.agency)
        if wrapped is None:
            raise Reason.NOT_A_READER.error(f"part {part_name!r} is not sealed to {self.agency}")
        private = self.ports.vault.sealing_key(wrapped.key_id)
        sealed = yield from self._fetch_sealed(statement, part)
        return open_part(sealed, PartContext(statement.statement.id, part.name), wrapped, private)

    def _open_statement(
        self, each: VerifiedStatement, exchange: Exchange | None
    ) -> Operation[UnsealedStatement]:
        plaintexts = {}
        role: ReaderRole | None = None
        # By the notice that the initiator signed, not by the hub's word.
        erased = exchange is not None and is_erased(exchange, spoken(exchange, each.statement))
        for part in each.statement.parts:
            wrapped = part.wrapped_key(self.agency)
            if wrapped is None:
                continue
            role = ReaderRole(wrapped.role)
            if erased:
                continue
            try:
                plaintexts[part.name] = yield from self.fetch(each, part.name)
            except NotFound as error:
                # A supervisor sees no state of the exchange; the copy of it is not the hub's to
                # deny, and auditors judge whether there was a notice.
                if exchange is not None or error.reason is not Reason.CONTENT_ERASED:
                    raise
                erased = True
        return open_statement(each, role, {} if erased else plaintexts, is_erased=erased)

    def _fetch_sealed(self, each: VerifiedStatement, part: Part) -> Operation[bytearray]:
        """Fetch the sealed bytes; a broken transfer goes on where it stopped."""
        sealed = bytearray()
        for attempt in range(1, _TRANSFER_ATTEMPTS + 1):
            request = pb.FetchPartRequest(
                payload_sha256=each.statement.digest, part_name=part.name, offset=len(sealed)
            )
            try:
                yield Fetch(request, sealed, part.size)
                break
            except HubUnavailable:
                if not sealed or attempt == _TRANSFER_ATTEMPTS:
                    raise
            except NotFound as error:
                if error.reason is Reason.CONTENT_ERASED:
                    yield from self._check_erased(each)
                raise
        if len(sealed) != part.size or hashlib.sha256(sealed).digest() != part.sha256:
            raise Reason.SEAL_BROKEN.error(
                f"expected the {part.size} bytes of {part.name!r} that the author of statement "
                f"{each.statement.id} signed, the hub gave {len(sealed)} others"
            )
        return sealed

    def _check_erased(self, each: VerifiedStatement) -> Operation[None]:
        """Check that the initiator had it erased; raises RULE_BROKEN if a hub only says so."""
        exchange = (yield from self.get(each.statement.exchange_id)).exchange
        if exchange is not None and not is_erased(exchange, spoken(exchange, each.statement)):
            raise Reason.RULE_BROKEN.error(
                f"the hub says that the content of statement {each.statement.id} was erased; "
                "no notice that the initiator signed says so"
            )

    # --- For auditors --------------------------------------------------------------------------

    def leaves_page(self, start: int, tree_size: int) -> Operation[list[audit_pb.Leaf]]:
        """Fetch some leaves from `start` on, below a tree size.

        The leaves are unverified. Verified is that the log knows of this reading, where the hub
        opened to this profile what is not open to everyone.

        Raises:
            HubDishonest: RULE_BROKEN, if there is no entry of it; RECEIPT_MISMATCH, if the entry is
                of another reading; or if the entry is not on the log.
        """
        held = self.ports.trust.head()
        known = held.size if held else 0
        answer = yield from self.ask_with(
            held,
            "AuditService/ListOpenings",
            audit_pb.ListOpeningsRequest(
                start_index=start, tree_size=tree_size, known_tree_size=known
            ),
            audit_pb.ListOpeningsResponse,
        )
        leaves = list(answer.leaves)
        if not leaves:
            raise Reason.ENTRY_MISMATCH.error(
                f"expected leaves from {start} to {tree_size}, the hub gives none"
            )
        if not answer.HasField("inspection"):
            _check_for_everyone(start, leaves)
            return leaves
        head = yield from self.advance(held, answer.tree_head)
        opened = sum(leaf.HasField("opening") for leaf in leaves)
        verify_inspection_receipt(
            parse_proven_entry(answer.inspection),
            head.checkpoint,
            reader=self.ports.channel_member,
            certificate_sha256=self.ports.channel_certificate,
            inspected=InspectedRange(start, start + len(leaves), opened),
            known_size=known,
        )
        return leaves

    def tile(self, level: int, index: int) -> Operation[bytes]:
        """Fetch the hashes of a tile; unverified."""
        answer = yield from call(
            "AuditService/GetTile",
            audit_pb.GetTileRequest(level=level, index=index),
            audit_pb.GetTileResponse,
        )
        return answer.hashes

    def entry_bundle(self, index: int) -> Operation[list[bytes]]:
        """Fetch the data of the leaves under a tile of level 0; unverified."""
        answer = yield from call(
            "AuditService/GetEntryBundle",
            audit_pb.GetEntryBundleRequest(index=index),
            audit_pb.GetEntryBundleResponse,
        )
        return parse_entry_bundle(answer.bundle)

    def inclusion_proof(self, index: int, tree_size: int) -> Operation[tuple[bytes, ...]]:
        """Fetch an inclusion proof; unverified."""
        answer = yield from call(
            "AuditService/GetInclusionProof",
            audit_pb.GetInclusionProofRequest(index=index, tree_size=tree_size),
            audit_pb.GetInclusionProofResponse,
        )
        return tuple(answer.inclusion_proof)


def _check_for_everyone(start: int, leaves: Iterable[audit_pb.Leaf]) -> None:
    """Check that a page of which the log knows nothing opens nothing that it had to log."""
    for index, leaf in enumerate(leaves, start):
        if not leaf.HasField("opening"):
            continue
        entry = read_entry(leaf.opening.entry)
        is_directory = entry.event is Event.STATEMENT and not entry.exchange_id
        if not is_directory and entry.event is not Event.INSPECTION:
            raise Reason.RULE_BROKEN.error(
                f"the hub opened entry {index}, {entry.event.name}, and shows no entry of the log "
                "that says so: who reads what is to be on the log before it is read"
            )


def _check_delivered(before: VerifiedExchange, after: VerifiedExchange, agency: str) -> None:
    """What the hub handed out must be on the log as delivered."""
    subjects = {leg.awaits for leg in before.legs if leg.agency == agency}
    if _delivers(after, agency) and subjects == {
        leg.awaits for leg in after.legs if leg.agency == agency
    }:
        raise Reason.RULE_BROKEN.error(
            f"the hub handed out the parts of exchange {after.id}, and its log of "
            f"{after.checkpoint.size} entries knows of no delivery"
        )


def _delivers(verified: VerifiedExchange, agency: str) -> bool:
    """Whether reading it changed its state: a recipient's leg that was only released."""
    return verified.party is Party.RECIPIENT and any(
        leg.agency == agency and leg.state is LegState.RELEASED for leg in verified.legs
    )
