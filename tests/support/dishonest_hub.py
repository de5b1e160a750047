"""A real hub that lies: its own code, keys and database, with lies put where the truth would be.

    with founded.region(tmp_path) as region:            a copy of an enrolled deployment, running
        region.lies.answers["GetExchange"] = ...         what leaves over TLS is another answer
        region.lies.entry = ...                          what is written to the log is another entry
        region.lies.skips.add("authenticate")            what the rules refuse is accepted
        region.lies.clock = ...                          the hub's clock
        backup = region.backup(); region.restore(backup) the database of another day

Agencies, coordinators and auditors are the real clients over mutual TLS, each with a profile of its
own. What the hub signs, it signs with its real log key: nobody else could.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from agency_client import ExchangeClient, InformationRequest, Item, Sent, UnsealedExchange
from agency_client.audit import AuditReport, HubLog, Verdict, verify_log
from agency_client.audit.database import DatabaseCopy
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import Handling, ReaderRole, Tlp, Urgency
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.record.entries import CommitmentOpening, Entry, parse_entry
from exchange_protocol.rules import judgement, routing
from exchange_protocol.rules.access import deliver_to as deliver_to_agency
from exchange_protocol.rules.access import role_of as role_of_agency
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.inspection import judge_inspection as honest_judge_inspection
from exchange_protocol.rules.lifecycle import advance
from exchange_protocol.rules.routing import Route
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import (
    UUID_RANDOM_BYTES,
    Draft,
    Header,
    Statement,
    new_statement_id,
)
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign
from exchange_protocol.trust.identity import AgencyId, Member, parse_member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import Hub, load_credentials, utc_now
from exchange_server.caller import Caller
from exchange_server.ledger import LeavesPage, Ledger, Reader, acceptance, disclosure, draft
from exchange_server.rpc import server
from exchange_server.rpc.audit_service import AuditService
from exchange_server.rpc.calls import current_caller
from exchange_server.rpc.directory_service import DirectoryService
from exchange_server.rpc.exchange_service import ExchangeService
from exchange_server.storage.engine import open_engine
from exchange_server.storage.log_rows import StatementRow, StoredEntry, read_entry_range, read_head
from exchange_server.storage.statement_rows import find_delivered
from tests.support.deployment import AUDITOR, Deployment
from tests.support.divided import verify_both_ways
from tests.support.foundation import Foundation
from tests.support.hub_process import TRUST_DOMAIN, HubFiles

T = TypeVar("T")
Answer = Callable[[Any, Any], Any]
"""Makes the answer from the request and the honest answer; it may be raw bytes."""
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Вымышленные факты")
_SECONDS = 30


@dataclass
class Lies:
    """The lies of a hub; where nothing is set it is honest."""

    answers: dict[str, Answer] = field(default_factory=dict)
    entry: Callable[[Entry], Entry] | None = None
    page: Callable[[int, list[CommitmentOpening | None]], None] | None = None
    """Changes the openings from an index on, before the hub logs that it gives them."""
    opened: int = 0
    """Number of openings that are left then."""
    skips: set[str] = field(default_factory=set)
    """Steps that the hub leaves out: those of `rules.judgement` by the names of their functions."""
    anchors: TrustAnchors | None = None
    """The authorities whose certificates the hub takes in."""
    seen_as: str = ""
    """The agency whose view everybody is given of an exchange."""
    route: Callable[[Route], Route] | None = None
    """Changes the policy's route."""
    clock: Callable[[], datetime] = utc_now
    ledger: Ledger | None = None
    """The ledger of the hub that runs."""


@dataclass
class Region:
    """A running hub and the enrolled agencies around it."""

    deployment: Deployment
    lies: Lies
    stack: ExitStack
    _hub: _HubThread | None = None

    @property
    def files(self) -> HubFiles:
        return self.deployment.files

    @property
    def port(self) -> int:
        assert self._hub is not None
        return self._hub.port

    def start(self) -> None:
        self._hub = _HubThread(self.files, self.lies)
        self.deployment.point_to(self._hub.port)

    def stop(self) -> None:
        if self._hub is not None:
            self._hub.stop()
            self._hub = None

    def client(self, member: str) -> ExchangeClient:
        """A client of a member; it is closed with the region."""
        return self.stack.enter_context(self.deployment.client(member))

    def ask(self, *to: str, by: str = "kz.mia/system") -> str:
        """Ask for information; gives the exchange."""
        sent = self.client(by).request_information(to=to, brief="Вымышленное", request=REQUEST)
        assert isinstance(sent, Sent), sent
        return sent.exchange_id

    def approve(self, exchange: str, by: str = "caricc/coordinator/coordinator1") -> None:
        coordinator = self.client(by)
        coordinator.approve(coordinator.open(exchange))

    def open(self, member: str, exchange: str) -> UnsealedExchange:
        return self.client(member).open(exchange)

    def audit(self, member: str = AUDITOR) -> AuditReport:
        """Audit the hub over the network, as an auditor."""
        client = self.client(member)
        report = verify_log(
            HubLog(client),
            client.profile.anchors,
            auditor=client.profile.tls.certificate.member,
        )
        is_of_the_log = not self.lies.answers and self.lies.page is None
        if (
            report.violations
            and report.violations[0].reason is Reason.RULE_BROKEN
            and is_of_the_log
        ):
            # A lie that is on the log convicts in a copy of the database as well.
            copied = self.audit_copy()
            assert copied.verdict is Verdict.VIOLATIONS, copied.faults
            assert copied.violations[0].index == report.violations[0].index
        return report

    def audit_copy(self, member: str = AUDITOR) -> AuditReport:
        """Audit a copy of the database, as an auditor that has seen nothing before.

        The replay as a whole and the divided one find the same.
        """
        folder = self.files.folder.with_name("copy")
        folder.mkdir(exist_ok=True)
        for name in ("hub.db", "hub.db-wal"):
            if (self.files.folder / name).exists():
                shutil.copy(self.files.folder / name, folder / name)
        copy = DatabaseCopy(folder / "hub.db", LogVerifier(self.files.log_vkey))
        try:
            return verify_both_ways(copy, self.files.anchors, auditor=None)
        finally:
            copy.close()

    def entries(self) -> list[StoredEntry]:
        """The log as it stands in the database."""
        engine = open_engine(self.files.database_url)
        try:
            with engine.connect() as connection:
                head = read_head(connection)
                assert head is not None
                return list(read_entry_range(connection, 0, head.size))
        finally:
            engine.dispose()

    def last(self, match: Callable[[Entry], bool]) -> tuple[int, StoredEntry]:
        """The newest entry that matches, with its index."""
        return next(
            (each.index, each)
            for each in reversed(self.entries())
            if match(parse_entry(each.opening.entry))
        )

    def in_hub(self, work: Callable[[Ledger], Any]) -> Any:
        """Run a coroutine of the ledger inside the hub: what an operator with root may do."""
        assert self._hub is not None
        assert self.lies.ledger is not None
        return self._hub.run(work(self.lies.ledger))

    def log_statement(self, signed: SignedStatement, parts: Mapping[str, bytes] = {}) -> None:
        """Let the hub take a statement in, whoever made it, as if its author had sent it."""
        author = parse_statement(signed.payload).author
        self.in_hub(lambda ledger: ledger.submit(Caller(author, bytes(32)), signed, parts, 0))

    def caller(self, name: str) -> Caller:
        """A member, as the hub says that it called."""
        return Caller(member(name), bytes(32))

    def forge(self, draft: Draft) -> SignedStatement:
        """Sign in an agency's name with a key of the hub's, and name the agency's certificate."""
        payload = encode_statement(draft)
        certificate = self.client(_name(draft.author)).profile.vault.certificate
        assert certificate is not None
        signature = sign(
            SoftwareSigner(ec.generate_private_key(ec.SECP256R1())), PAYLOAD_TYPE, payload
        )
        return SignedStatement(PAYLOAD_TYPE, payload, certificate.fingerprint, signature)

    def signed(self, draft: Draft) -> SignedStatement:
        """A statement that its author did sign, and that the hub got hold of."""
        return self.client(_name(draft.author)).profile.vault.sign(encode_statement(draft))

    def draft(self, author: str, body: Body, **fields: Any) -> Draft:
        """Draft a statement that an author might make now."""
        at = utc_now()
        statement_id = new_statement_id(at, secrets.token_bytes(UUID_RANDOM_BYTES))
        header = Header(handling=Handling.H0, tlp=Tlp.AMBER, urgency=Urgency.ROUTINE)
        made = {"exchange_id": "", "header": header, **fields}
        return Draft(id=statement_id, author=member(author), made_at=at, body=body, **made)

    def backup(self, name: str = "backup.db") -> Path:
        """Stop the hub, copy its database, and start it again."""
        self.stop()
        to = Path(shutil.copy(self.files.folder / "hub.db", self.files.folder / name))
        self.start()
        return to

    def restore(self, backup: Path) -> None:
        """Put another database under the hub."""
        self.stop()
        for name in ("hub.db-wal", "hub.db-shm", "hub.db.signed"):
            (self.files.folder / name).unlink(missing_ok=True)
        shutil.copy(backup, self.files.folder / "hub.db")
        self.start()


@contextmanager
def lying_region(
    foundation: Foundation, folder: Path, patch: pytest.MonkeyPatch
) -> Iterator[Region]:
    """A copy of the enrolled deployment in a new folder, running and ready to lie."""
    lies = Lies()
    _teach_to_lie(patch, lies)
    with ExitStack() as stack:
        region = Region(foundation.copy(folder), lies, stack)
        stack.callback(region.stop)
        region.start()
        yield region


def member(name: str) -> Member:
    """A member, named as `kz.mia/system`."""
    return parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{name}")


def _name(of: Member) -> str:
    return of.uri.partition("/agency/")[2]


def caught(action: Callable[[], Any], *reasons: Reason) -> ExchangeError:
    """Do what must fail with one of these reasons; gives the error."""
    with pytest.raises(ExchangeError) as failed:
        action()
    assert failed.value.reason in reasons, failed.value
    return failed.value


def convicted(report: AuditReport, reason: Reason, index: int | None = None) -> str:
    """The audit must have found a violation; gives the message of the first."""
    assert not report.is_clean
    first = report.violations[0]
    assert first.reason is reason, first
    if index is not None:
        assert first.index == index, first
    return first.message


class _HubThread:
    """A hub in an event loop and thread of its own."""

    def __init__(self, files: HubFiles, lies: Lies) -> None:
        self._files, self._lies = files, lies
        self._started: queue.Queue[tuple[int, asyncio.AbstractEventLoop] | BaseException] = (
            queue.Queue()
        )
        self._told = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        started = self._started.get(timeout=_SECONDS)
        if isinstance(started, BaseException):
            raise AssertionError("the hub did not start") from started
        self.port, self._loop = started

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)
        self._thread.join(_SECONDS)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        config = self._files.config
        config = replace_grace(config)
        hub = Hub(config, load_credentials(config, {}, utc_now), lambda: self._lies.clock())
        try:
            await hub.start()
        except BaseException as error:
            self._started.put(error)
            raise
        self._started.put((hub.port, asyncio.get_running_loop()))
        await self._told.wait()
        await hub.stop()


def replace_grace(config: Any) -> Any:
    """Stop at once: watches of tests need no grace."""
    return config.model_copy(
        update={"limits": config.limits.model_copy(update={"grace_seconds": 0})}
    )


def _teach_to_lie(patch: pytest.MonkeyPatch, lies: Lies) -> None:
    patch.setattr(server, "ExchangeService", _lying(ExchangeService, lies))
    patch.setattr(server, "DirectoryService", _lying(DirectoryService, lies))
    patch.setattr(server, "AuditService", _lying(AuditService, lies))
    honest_entry = draft.BatchDraft.next_entry
    honest_revocation = acceptance.Acceptance._check_revocation
    in_hub = threading.local()

    def entry(self: draft.BatchDraft, said: Entry, row: StatementRow | None = None) -> Any:
        return honest_entry(self, lies.entry(said) if lies.entry else said, row)

    def check_revocation(self: acceptance.Acceptance, *args: Any) -> None:
        if "authenticate" not in lies.skips and lies.anchors is None:
            honest_revocation(self, *args)

    honest_time, honest_delivered = acceptance.Acceptance._check_time, find_delivered

    def check_time(self: acceptance.Acceptance, *args: Any) -> None:
        if "made_at" not in lies.skips:
            honest_time(self, *args)

    def delivered(*args: Any) -> Any:
        return _Everything() if "delivery entry" in lies.skips else honest_delivered(*args)

    patch.setattr(acceptance.Acceptance, "_check_time", check_time)
    patch.setattr(draft, "find_delivered", delivered)

    def judge(*args: Any, **kwargs: Any) -> judgement.Judgement:
        in_hub.judges = True
        kwargs["anchors"] = lies.anchors or kwargs["anchors"]
        try:
            return judgement.judge(*args, **kwargs)
        finally:
            in_hub.judges = False

    def skippable(name: str) -> Any:
        honest = getattr(judgement, name)

        def step(*args: Any) -> Any:
            if getattr(in_hub, "judges", False) and name in lies.skips:
                return None
            return honest(*args)

        return step

    def route(*args: Any) -> Route:
        said = honest_route(*args)
        return lies.route(said) if lies.route and getattr(in_hub, "judges", False) else said

    honest_route = routing._route
    patch.setattr(draft.BatchDraft, "next_entry", entry)
    patch.setattr(acceptance.Acceptance, "_check_revocation", check_revocation)
    patch.setattr(acceptance, "judge", judge)
    # Clients and auditors of this process judge with the same module, in other threads.
    for name in ("authenticate", "_check_supervisors", "_check_parts"):
        patch.setattr(judgement, name, skippable(name))
    honest_advance, honest_role, honest_deliver = advance, role_of_agency, deliver_to_agency
    honest_exchange, honest_openings = Reader.exchange, Reader.openings

    def lying_advance(exchange: Exchange, statement: Statement, *args: Any, **kwargs: Any) -> Any:
        if getattr(in_hub, "judges", False) and "answers" in lies.skips:
            subjects = [leg.awaits for leg in exchange.legs]
            statement = replace(statement, answers=subjects[0])
        return honest_advance(exchange, statement, *args, **kwargs)

    def role_of(*args: Any) -> Any:
        return honest_role(*args) or (ReaderRole.RECIPIENT if "deliver_to" in lies.skips else None)

    def deliver_to(agency: AgencyId, exchange: Exchange, said: Any, at: Any) -> Any:
        if "deliver_to" in lies.skips:
            return exchange, ()
        return honest_deliver(agency, exchange, said, at)

    async def exchange(self: Reader, agency: AgencyId, *asked: Any) -> Any:
        return await honest_exchange(self, AgencyId(lies.seen_as or agency), *asked)

    async def openings(self: Reader, caller: Caller, start: int, *bounds: int) -> LeavesPage:
        page = await honest_openings(self, caller, start, *bounds)
        if "inspect" in lies.skips:
            return LeavesPage(page.leaves)
        if lies.page is None:
            return page
        shown = [opening for _, opening in page.leaves]
        lies.page(start, shown)
        hashes = [leaf_hash for leaf_hash, _ in page.leaves]
        lies.opened = sum(map(bool, shown))
        leaves = tuple(zip(hashes, shown, strict=True))
        return LeavesPage(leaves, page.scopes, page.ruling if lies.opened else None)

    def judge_inspection(*args: Any) -> Any:
        opened, ruling = honest_judge_inspection(*args)
        return (lies.opened if lies.page else opened), ruling

    patch.setattr(disclosure, "judge_inspection", judge_inspection)
    patch.setattr(Reader, "openings", openings)
    patch.setattr(judgement, "advance", lying_advance)
    patch.setattr(disclosure, "role_of", role_of)
    patch.setattr(disclosure, "deliver_to", deliver_to)
    patch.setattr(Reader, "exchange", exchange)
    patch.setattr(routing, "_route", route)


class _Everything(set[Any]):
    """A set that holds whatever is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


def _lying(honest: type[T], lies: Lies) -> type[T]:
    """The servicer, whose answers pass through `lies.answers`."""
    methods: dict[str, Any] = {}

    def unary(name: str) -> Any:
        async def method(self: Any, request: Any, context: Any) -> Any:
            answer = lies.answers.get(name)
            if answer is not None and getattr(answer, "instead", False):
                return answer(request, None)
            said = await getattr(honest, name)(self, request, context)
            return answer(request, said) if answer else said

        return method

    def stream(name: str) -> Any:
        async def method(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
            answer = lies.answers.get(name)
            if answer is not None and getattr(answer, "instead", False):
                for each in answer(request, None):
                    yield each
                return
            async for said in getattr(honest, name)(self, request, context):
                given = answer(request, said) if answer else said
                if given is not None:
                    yield given

        return method

    def init(self: Any, first: Any, *rest: Any) -> None:
        honest.__init__(self, first, *rest)  # type: ignore[call-arg]
        if isinstance(first, Ledger):
            lies.ledger = first

    for name in vars(honest):
        if name[0].isupper() and name != "UploadPart":
            methods[name] = stream(name) if name in ("FetchPart", "Watch") else unary(name)
    return type(f"Lying{honest.__name__}", (honest,), {**methods, "__init__": init})


def instead(answer: Answer) -> Answer:
    """Mark an answer that is given without asking the honest hub at all."""
    answer.instead = True  # type: ignore[attr-defined]
    return answer


def only_for(agency: str, answer: Answer) -> Answer:
    """Lie to one agency, and tell the others the truth."""

    def given(request: Any, said: Any) -> Any:
        return answer(request, said) if current_caller().agency == agency else said

    return given


def leaving_out(match: Callable[[pb.GetExchangeResponse, int], bool]) -> Answer:
    """GetExchange without the entries at which `match` is true (of the answer and a place)."""

    def given(_: Any, said: pb.GetExchangeResponse) -> pb.GetExchangeResponse:
        keep = [each for at, each in enumerate(said.entries) if not match(said, at)]
        lie = pb.GetExchangeResponse()
        lie.CopyFrom(said)
        del lie.entries[:]
        lie.entries.extend(keep)
        return lie

    return given
