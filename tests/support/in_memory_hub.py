"""A hub in memory for the client: honest, over the rules' own hub, and ready to be corrupted.

    hub = InMemoryHub()
    with hub.client(tmp_path, KZ_MIA) as mia: ...

A dishonest hub is a subclass that overrides an RPC, or changes `hub.log` and `hub.head`. Calls pass
through `Connection`, which a test can cut: `connection.fails = [Reason.UNAVAILABLE.error("...")]`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from agency_client import AsyncExchangeClient, ExchangeClient, Profile
from agency_client._channel import take_answer
from agency_client.core import Call, Fetch, Stream, Together, Unary, Upload
from agency_client.state.keys import save_sealing_key
from agency_client.state.profile import Defaults, KeyPair, PinnedHub
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.kinds.codes import Handling, LegState, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.log.merkle import (
    consistency_proof,
    hash_children,
    inclusion_proof,
    tree_root,
)
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Event,
    encode_opening,
    entry_leaf_hash,
    parse_entry,
)
from exchange_protocol.record.listing import ExchangeSummary, LegSummary, encode_summary
from exchange_protocol.record.notices import Notice, encode_notice
from exchange_protocol.rules.access import role_of
from exchange_protocol.rules.routing import Planned, plan_initial
from exchange_protocol.rules.signed_statements import parse_signed_statement
from exchange_protocol.rules.statements import Header
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import directory_service_pb2 as directory_pb
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_server.rpc.status import encode_status
from tests.support.hub_data import LOG_NAME, log_signer, tls_certificate
from tests.support.statements import KZ_MIA, START, Cast, Hub, fictional_cast

PASSPHRASE = b"fictional passphrase"
CHUNK = 64 * 1024


class InMemoryHub:
    """Answers every RPC from a model of the log; one method for each."""

    def __init__(self) -> None:
        self.cast: Cast = fictional_cast()
        self.model = Hub.founded()
        self.parts: dict[bytes, bytes] = {}
        self.receipts: dict[tuple[AgencyId, str], tuple[bytes, int]] = {}
        self.calls: list[str] = []
        self.signer: LogSigner = log_signer()

    # --- What tests use ------------------------------------------------------------------------

    @property
    def log(self) -> list[CommitmentOpening]:
        """The entries, in order."""
        return self.model.log

    def profile(self, folder: Path, member: Member = KZ_MIA) -> Profile:
        """A new profile of a member, with its agency's sealing key."""
        signer, tls = self.cast.signers[member], tls_certificate(member)
        assert tls.key is not None
        place = folder / member.uri.partition("/agency/")[2].replace("/", "_")
        if place.exists():
            return Profile.load(place)
        made = Profile.create(
            place,
            hub=PinnedHub("localhost:1", "main", log_signer().vkey, self.cast.authority.root_pem()),
            tls=KeyPair(tls.certificate_pem, tls.key),
            signing=KeyPair(_pem(signer.certificate), signer.key),
            passphrase=PASSPHRASE,
            write_passphrase=True,
            defaults=Defaults("KZ-AML-18"),
        )
        key = self.cast.sealing_keys[member.agency]
        save_sealing_key(made.sealing_folder, key, PASSPHRASE, START)
        return Profile.load(place)

    def client(self, folder: Path, member: Member = KZ_MIA) -> ExchangeClient:
        """A client of a member; its profile is made in the folder, or found there."""
        return ExchangeClient(
            self.profile(folder, member), link=Connection(self, member), clock=self.now
        )

    def async_client(self, folder: Path, member: Member = KZ_MIA) -> AsyncExchangeClient:
        """The asyncio client of a member."""
        return AsyncExchangeClient(
            self.profile(folder, member), link=AsyncConnection(self, member), clock=self.now
        )

    def now(self) -> Any:
        """The time that the hub and all its clients have."""
        return self.model.now

    # --- The log -------------------------------------------------------------------------------

    def leaf_hashes(self) -> list[bytes]:
        """The leaves of the tree."""
        return [entry_leaf_hash(each.entry, each.nonce) for each in self.log]

    def note(self, size: int | None = None) -> bytes:
        """The signed checkpoint of a size, by default the newest."""
        leaves = self.leaf_hashes()
        size = len(leaves) if size is None else size
        root = tree_root(size, _reader(leaves))
        return self.signer.sign(Checkpoint(LOG_NAME, size, root))

    def consistency(self, first: int, second: int) -> list[bytes]:
        """A consistency proof; raises PROOF_RANGE_INVALID beyond the log."""
        leaves = self.leaf_hashes()
        if max(first, second) > len(leaves):
            raise Reason.PROOF_RANGE_INVALID.error(f"expected at most {len(leaves)} entries")
        return consistency_proof(first, second, _reader(leaves))

    def tree_head(self, known: int) -> log_pb2.TreeHead:
        """The newest head for a client that knows a size."""
        proof = self.consistency(known, len(self.log))
        return log_pb2.TreeHead(checkpoint=self.note(), consistency_proof=proof)

    def proven(
        self, indexes: Sequence[int], *, whole: bool = True, tree_size: int | None = None
    ) -> list[log_pb2.ProvenEntry]:
        """Entries with their proofs; a receipt's are not whole: they carry no statement."""
        read, size = _reader(self.leaf_hashes()), tree_size or len(self.log)
        entries = []
        for index in indexes:
            opening = encode_opening(self.log[index])
            if not whole:
                opening.ClearField("statement")
            proof = inclusion_proof(index, size, read)
            entries.append(log_pb2.ProvenEntry(index=index, opening=opening, inclusion_proof=proof))
        return entries

    def visible(self, agency: AgencyId, exchange_id: str) -> list[int]:
        """Entries of an exchange that an agency may see, as the hub's projection has them."""
        found = []
        exchange = self.model.exchanges.get(exchange_id)
        for index, opening in enumerate(self.log):
            entry = parse_entry(opening.entry)
            if exchange is None or entry.exchange_id != exchange_id:
                continue
            said = self.model.spoken[entry.payload_digest]
            if entry.event is Event.DELIVERY:
                if agency in (entry.actor.agency, said.author):
                    found.append(index)
            elif role_of(agency, exchange, said) is not None:
                found.append(index)
        return found

    # --- The RPCs ------------------------------------------------------------------------------

    def plan_route(self, caller: Member, request: pb.PlanRouteRequest) -> pb.PlanRouteResponse:
        """PlanRoute."""
        planned = Planned(
            kind=parse_kind(request.kind),
            header=Header(
                handling=Handling(request.handling),
                tlp=Tlp(request.tlp),
                urgency=Urgency(request.urgency),
                subject_count=request.subject_count,
            ),
            recipients=tuple(AgencyId(each) for each in request.recipients),
            offences=tuple(OffenceType(each) for each in request.offence_types),
        )
        route = plan_initial(self.model.directory, caller, planned)
        return pb.PlanRouteResponse(
            policy_sha256=route.policy_digest,
            rule_ids=route.rule_ids,
            legs=[
                pb.LegRoute(
                    agency=leg.agency,
                    approvals_required=leg.approvals_required,
                    approvers=leg.approvers,
                )
                for leg in route.legs
            ],
            supervisors=route.supervisors,
            directory_size=self.model.directory.size,
        )

    def submit(self, caller: Member, request: pb.SubmitRequest) -> pb.SubmitResponse:
        """Submit: once; the same bytes again get a receipt of the same entry."""
        signed = parse_signed_statement(request.statement)
        statement = parse_statement(signed.payload)
        key = (statement.author.agency, statement.id)
        known = self.receipts.get(key)
        if known is not None and known[0] != signed.digest:
            raise Reason.ID_REUSED.error("another statement has this id")
        if known is None:
            inline = {part.name: part.sealed for part in request.parts}
            for part in statement.parts:
                sealed = inline.get(part.name, self.parts.get(part.sha256, b""))
                if hashlib.sha256(sealed).digest() != part.sha256:
                    raise Reason.PART_MISSING.error(f"part {part.name!r} was not handed in")
                self.parts[part.sha256] = sealed
            self.model.submit(signed)
            known = self.receipts[key] = signed.digest, len(self.log) - 1
        (entry,) = self.proven([known[1]], whole=False)
        head = self.tree_head(request.known_tree_size)
        return pb.SubmitResponse(receipt=pb.Receipt(entry=entry, tree_head=head))

    def submit_stream(
        self, caller: Member, requests: Iterable[pb.SubmitRequest]
    ) -> Iterator[pb.SubmitStreamResponse]:
        """SubmitStream: each as by Submit."""
        for request in requests:
            try:
                receipt = self.submit(caller, request).receipt
            except ExchangeError as error:
                refusal = encode_status(error, "").SerializeToString()
                yield pb.SubmitStreamResponse(refusal=refusal)
            else:
                yield pb.SubmitStreamResponse(receipt=receipt)

    def upload_part(self, caller: Member, requests: Iterator[pb.UploadPartRequest]) -> Message:
        """UploadPart."""
        messages = list(requests)
        sealed = b"".join(each.chunk for each in messages)
        if hashlib.sha256(sealed).digest() != messages[0].sha256:
            raise Reason.PART_MISMATCH.error("the part does not match its digest")
        self.parts[messages[0].sha256] = sealed
        return pb.UploadPartResponse()

    def list_exchanges(
        self, caller: Member, request: pb.ListExchangesRequest
    ) -> pb.ListExchangesResponse:
        """ListExchanges, two a page."""
        seen = [each for each in self.model.exchanges if self.visible(caller.agency, each)]
        wanted = [each for each in seen if self._has_party(caller.agency, each, request.party)]
        start = int(request.page_token or 0)
        page, rest = wanted[start : start + 2], wanted[start + 2 :]
        return pb.ListExchangesResponse(
            exchanges=[self.summary(each) for each in page],
            next_page_token=str(start + 2) if rest else "",
        )

    def get_exchange(self, caller: Member, request: pb.GetExchangeRequest) -> Any:
        """GetExchange, three entries a page."""
        indexes = self.visible(caller.agency, request.exchange_id)
        if not indexes:
            raise Reason.EXCHANGE_UNKNOWN.error("no such exchange")
        page = [each for each in indexes if each >= request.start_index][:3]
        rest = page[-1] + 1 if page[-1] != indexes[-1] else 0
        if request.start_index:
            return pb.GetExchangeResponse(
                entries=self.proven(page, tree_size=request.tree_size), next_index=rest
            )
        return pb.GetExchangeResponse(
            summary=self.summary(request.exchange_id),
            entries=self.proven(page),
            tree_head=self.tree_head(request.known_tree_size),
            next_index=rest,
        )

    def fetch_part(self, caller: Member, request: pb.FetchPartRequest) -> Iterator[bytes]:
        """FetchPart: logs the delivery, then gives chunks."""
        statement = self.statement(request.payload_sha256)
        part = statement.part(request.part_name)
        if part is None:
            raise Reason.PART_UNKNOWN.error("no such part")
        self.model.deliver(caller, statement)
        sealed = self.parts[part.sha256]
        for start in range(request.offset, len(sealed), CHUNK):
            yield sealed[start : start + CHUNK]

    def list_directory_entries(
        self, caller: Member, request: directory_pb.ListDirectoryEntriesRequest
    ) -> directory_pb.ListDirectoryEntriesResponse:
        """ListDirectoryEntries."""
        indexes = self.directory_indexes()
        known = request.known_directory_size
        return directory_pb.ListDirectoryEntriesResponse(
            entries=self.proven(indexes[known : known + request.page_size]),
            directory_size=len(indexes),
            tree_head=self.tree_head(request.known_tree_size),
        )

    def get_checkpoint(
        self, caller: Member, request: audit_pb.GetCheckpointRequest
    ) -> audit_pb.GetCheckpointResponse:
        """GetCheckpoint."""
        return audit_pb.GetCheckpointResponse(tree_head=self.tree_head(request.known_tree_size))

    def get_consistency_proof(
        self, caller: Member, request: audit_pb.GetConsistencyProofRequest
    ) -> audit_pb.GetConsistencyProofResponse:
        """GetConsistencyProof."""
        proof = self.consistency(request.first_tree_size, request.second_tree_size)
        return audit_pb.GetConsistencyProofResponse(consistency_proof=proof)

    def get_inclusion_proof(
        self, caller: Member, request: audit_pb.GetInclusionProofRequest
    ) -> audit_pb.GetInclusionProofResponse:
        """GetInclusionProof."""
        read = _reader(self.leaf_hashes())
        proof = inclusion_proof(request.index, request.tree_size, read)
        return audit_pb.GetInclusionProofResponse(inclusion_proof=proof)

    def get_tile(self, caller: Member, request: audit_pb.GetTileRequest) -> Message:
        """GetTile, of level 0."""
        start = request.index * 256
        return audit_pb.GetTileResponse(hashes=b"".join(self.leaf_hashes()[start : start + 256]))

    def list_openings(
        self, caller: Member, request: audit_pb.ListOpeningsRequest
    ) -> audit_pb.ListOpeningsResponse:
        """ListOpenings, eight a page; opened are directory statements, for nobody is an auditor."""
        end = min(request.start_index + 8, request.tree_size)
        response = audit_pb.ListOpeningsResponse()
        for each in self.log[request.start_index : end]:
            leaf = response.leaves.add(leaf_hash=entry_leaf_hash(each.entry, each.nonce))
            if each.statement is not None and not parse_entry(each.entry).exchange_id:
                leaf.opening.CopyFrom(encode_opening(each))
        return response

    def watch(self, caller: Member, request: pb.WatchRequest) -> Iterator[pb.WatchResponse]:
        """Watch: what there is, then the end of its life."""
        start = int(request.resume_token or (0 if request.from_start else len(self.log)))
        yield pb.WatchResponse(resume_token=str(start))
        for index in range(start, len(self.log)):
            entry = parse_entry(self.log[index].entry)
            if index in self.visible(caller.agency, entry.exchange_id):
                notice = Notice(
                    exchange_id=entry.exchange_id,
                    index=index,
                    event=entry.event,
                    kind=None,
                    actor_agency=entry.actor.agency,
                    urgency=None,
                )
                yield pb.WatchResponse(resume_token=str(index + 1), notice=encode_notice(notice))

    # --- Pieces --------------------------------------------------------------------------------

    def statement(self, digest: bytes) -> Any:
        """The statement of a payload digest."""
        for opening in self.log:
            if opening.statement is not None and opening.statement.digest == digest:
                return parse_statement(opening.statement.payload)
        raise Reason.STATEMENT_UNKNOWN.error("no such statement")

    def directory_indexes(self) -> list[int]:
        """Indexes of the directory's statements."""
        return [
            index
            for index, opening in enumerate(self.log)
            if opening.statement is not None
            and parse_statement(opening.statement.payload).kind.stage is Stage.DIRECTORY
        ]

    def summary(self, exchange_id: str) -> pb.ExchangeSummary:
        """The summary of an exchange."""
        exchange, at = self.model.exchanges[exchange_id], self.model.now
        header = exchange.header
        legs = tuple(
            LegSummary(
                agency=leg.agency,
                state=leg.state,
                approvals_required=leg.approvals_required,
                approvals_given=len(leg.approvals),
                due_at=leg.due_at,
                due_on=leg.due_on,
                times=leg.record.times,
            )
            for leg in exchange.legs
        )
        return encode_summary(
            ExchangeSummary(
                id=exchange.id,
                kind=exchange.kind,
                initiator=exchange.initiator,
                initiated_at=at,
                updated_at=at,
                due_at=header.due_at,
                due_on=header.due_on,
                urgency=header.urgency,
                handling=header.handling,
                legs=legs,
            )
        )

    def _has_party(self, agency: AgencyId, exchange_id: str, party: int) -> bool:
        exchange = self.model.exchanges[exchange_id]
        pending = any(
            agency in leg.approvers and leg.state is LegState.HELD for leg in exchange.legs
        )
        return {
            statement_pb2.PARTY_UNSPECIFIED: True,
            statement_pb2.PARTY_RECIPIENT: exchange.leg(agency) is not None,
            statement_pb2.PARTY_INITIATOR: exchange.initiator == agency,
            statement_pb2.PARTY_APPROVER: pending,
        }.get(statement_pb2.Party.ValueType(party), not pending and exchange.initiator != agency)


@dataclass
class Connection:
    """A member's link to a hub in memory; what is in `fails` is raised instead of an answer."""

    hub: InMemoryHub
    caller: Member
    fails: list[ExchangeError] = field(default_factory=list)
    loses_answers: list[ExchangeError] = field(default_factory=list)
    """Raised after the hub did what was asked: the answer is lost on the way."""

    def perform(self, call: Call) -> Any:
        """Make a call."""
        if isinstance(call, Together):
            return [self._outcome(each) for each in call.several]
        if self.fails:
            raise self.fails.pop(0)
        name = call.method.partition("/")[2]
        self.hub.calls.append(name)
        answer = self._answer(call, _rpc(self.hub, name))
        if self.loses_answers:
            raise self.loses_answers.pop(0)
        return answer

    def _outcome(self, call: Unary | Fetch) -> Any:
        try:
            return self.perform(call)
        except ExchangeError as error:
            return error

    def watch(self, request: pb.WatchRequest, seconds: float) -> Iterator[pb.WatchResponse]:
        """Open a watch."""
        if self.fails:
            raise self.fails.pop(0)
        yield from self.hub.watch(self.caller, request)

    def close(self) -> None:
        """Nothing to close."""

    def _answer(self, call: Call, rpc: Callable[..., Any]) -> Any:
        match call:
            case Unary(request=request):
                return rpc(self.caller, request)
            case Upload(requests=requests):
                return rpc(self.caller, requests())
            case Stream(requests=requests, answers=answers, most=most):
                for answer in rpc(self.caller, requests(len(answers))):
                    take_answer(answers, answer, most)
                return None
            case Fetch(request=fetch, sink=sink):
                for chunk in rpc(self.caller, fetch):
                    sink.extend(chunk)
                return None


class AsyncConnection:
    """The asyncio twin of `Connection`."""

    def __init__(self, hub: InMemoryHub, caller: Member) -> None:
        self.link = Connection(hub, caller)

    async def perform(self, call: Call) -> Any:
        """Make a call."""
        return self.link.perform(call)

    async def watch(
        self, request: pb.WatchRequest, seconds: float
    ) -> AsyncIterator[pb.WatchResponse]:
        """Open a watch."""
        for response in self.link.watch(request, seconds):
            yield response

    async def close(self) -> None:
        """Nothing to close."""


def _rpc(hub: InMemoryHub, name: str) -> Callable[..., Any]:
    """The method of an RPC: ListDirectoryEntries is `list_directory_entries`."""
    words = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    method: Callable[..., Any] = getattr(hub, words.removeprefix("_"))
    return method


def _reader(leaves: Sequence[bytes]) -> Callable[[Sequence[tuple[int, int]]], list[bytes]]:
    @cache
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return hash_children(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return lambda nodes: [node(level, index) for level, index in nodes]


def _pem(der: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
