"""A small fictional region that speaks: certificates, a directory, statements, and an honest hub.

    cast = fictional_cast()                # certificates and keys, made once per process
    hub = Hub(cast)                        # a log with the directory and the policy on it
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)

`Hub.compose` fills in what the rules ask of an author (supervisors, readers, the answered digest),
so that a test states only what matters to it; `Hub.sign` and `Hub.submit` take anything, however
wrong. Sealed bytes are not made here: the hub is blind, and so are the rules.
"""

from __future__ import annotations

import atexit
import copy
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from exchange_certs.authority import Authority
from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.kinds.codes import AgencyType, Purpose
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    encode_entry,
    scope_of,
)
from exchange_protocol.rules.access import StatementFacts, deliver_to, readers, spoken
from exchange_protocol.rules.directory import EMPTY_DIRECTORY, Directory
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.inspection import EntryScope, judge_inspection
from exchange_protocol.rules.intake import check_intake
from exchange_protocol.rules.joint_case import recipients_of
from exchange_protocol.rules.judgement import Judgement, Ruling, judge
from exchange_protocol.rules.lifecycle import admit, advance, open_exchange
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.provenance import Source
from exchange_protocol.rules.routing import plan_route
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import (
    BRIEF,
    Draft,
    Header,
    Part,
    Statement,
    new_statement_id,
)
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.certificates import TrustAnchors, Usage
from exchange_protocol.trust.envelope import PAYLOAD_TYPE, sign, sign_batch, sign_second
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_protocol.trust.sealing import SealingSuite, WrappedKey

TRUST_DOMAIN = "exchange.example"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
POLICY = (Path(__file__).resolve().parents[2] / "policies" / "caricc.cedar").read_text("utf-8")
CASE = Header(purpose=Purpose.INVESTIGATION, legal_basis="KZ-AML-18", subject_count=1)
"""A header that every initial statement may carry."""

AGENCIES = {
    "caricc": ("Centre (fictional)", "", AgencyType.COORDINATION_CENTRE),
    "kz.mia": ("Полиция KZ (fictional)", "KZ", AgencyType.POLICE),
    "kz.fma": ("Финмониторинг KZ (fictional)", "KZ", AgencyType.FIU),
    "kz.gpo": ("Прокуратура KZ (fictional)", "KZ", AgencyType.PROSECUTOR),
    "uz.fiu": ("ПФР UZ (fictional)", "UZ", AgencyType.FIU),
    "kg.mia": ("Полиция KG (fictional)", "KG", AgencyType.POLICE),
    "eu.obs": ("Observer (fictional)", "", AgencyType.OBSERVER),
}


def member(agency: str, role: Role = Role.SYSTEM, name: str | None = None) -> Member:
    """A member of the fictional region."""
    return Member(TRUST_DOMAIN, AgencyId(agency), role, name)


OPERATOR = member("caricc", Role.OPERATOR, "dana")
SECOND_OPERATOR = member("caricc", Role.OPERATOR, "sam")
"""An operator who is not enrolled in the beginning."""
COORDINATOR = member("caricc", Role.COORDINATOR, "aigul")
SECOND_COORDINATOR = member("caricc", Role.COORDINATOR, "bekzat")
UNNAMED_COORDINATOR = member("caricc", Role.COORDINATOR)
PROSECUTOR = member("kz.gpo", Role.COORDINATOR, "ermek")
SECOND_PROSECUTOR = member("kz.gpo", Role.AUTHORISER, "saule")
FOREIGN_COORDINATOR = member("uz.fiu", Role.COORDINATOR, "jasur")
KZ_MIA = member("kz.mia", Role.OFFICER, "nurlan")
KZ_FMA = member("kz.fma")
KZ_GPO = member("kz.gpo")
UZ_FIU = member("uz.fiu")
KG_MIA = member("kg.mia")
CARICC = member("caricc")
OBSERVER = member("eu.obs")
AUDITOR = member("kz.gpo", Role.AUDITOR, "olzhas")
CENTRE_AUDITOR = member("caricc", Role.AUDITOR, "dinara")

MEMBERS = (
    OPERATOR, COORDINATOR, SECOND_COORDINATOR, UNNAMED_COORDINATOR, PROSECUTOR, SECOND_PROSECUTOR,
    FOREIGN_COORDINATOR, KZ_MIA, AUDITOR, *(member(agency) for agency in AGENCIES),
)  # fmt: skip


def agencies(names: Iterable[str]) -> tuple[AgencyId, ...]:
    """Agency ids, taken on trust."""
    return tuple(AgencyId(name) for name in names)


@dataclass(frozen=True)
class Signer:
    """A member with its signing certificate."""

    member: Member
    key: ec.EllipticCurvePrivateKey
    certificate: bytes
    fingerprint: bytes
    second_key: MLDSA65PrivateKey | None = None


@dataclass(frozen=True)
class Cast:
    """The authority and every member's keys."""

    authority: Authority
    anchors: TrustAnchors
    signers: dict[Member, Signer]
    sealing_keys: dict[AgencyId, SealingPrivateKey]

    def issue(
        self,
        who: Member,
        *,
        not_after: datetime | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        post_quantum: bool = False,
    ) -> Signer:
        """Issue another signing certificate, with a second key if that is wanted."""
        second = MLDSA65PrivateKey.generate() if post_quantum else None
        key = key or ec.generate_private_key(ec.SECP256R1())
        issued = self.authority.issue_member(
            who,
            Usage.SIGNING,
            now=START,
            not_after=not_after,
            public_key=key.public_key(),
            second_key=second.public_key() if second else None,
        )
        return Signer(who, key, issued.der, issued.fingerprint, second)


@cache
def fictional_cast() -> Cast:
    """Make the cast, once per process; tests never change it."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    authority = Authority.create(Path(folder.name), TRUST_DOMAIN, b"fictional passphrase", START)
    cast = Cast(authority, TrustAnchors.from_pem(authority.root_pem()), {}, {})
    for who in (*MEMBERS, SECOND_OPERATOR):
        cast.signers[who] = cast.issue(who)
    for agency in agencies(AGENCIES):
        cast.sealing_keys[agency] = SealingPrivateKey.generate()
    return cast


@dataclass
class Hub:
    """An honest hub in memory: it judges, records, and moves the clock a second per entry."""

    cast: Cast
    policy: str = POLICY
    now: datetime = START
    directory: Directory = EMPTY_DIRECTORY
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    spoken: dict[bytes, StatementFacts] = field(default_factory=dict)
    passed_on: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    """The sources that each statement names."""
    log: list[CommitmentOpening] = field(default_factory=list)
    scopes: list[EntryScope] = field(default_factory=list)
    """Whom each entry concerns."""
    agencies: Mapping[str, tuple[str, str, AgencyType]] = field(default_factory=lambda: AGENCIES)
    """Name, country and type of each agency that is enrolled at first."""
    members: Sequence[Member] = MEMBERS
    """The members whose certificates are published at first."""
    _ids: int = 0

    def __post_init__(self) -> None:
        self.say(OPERATOR, PublishCertificate(self.cast.signers[OPERATOR].certificate))
        for agency, (name, country, agency_type) in self.agencies.items():
            body = EnrolAgency(AgencyId(agency), name, country, agency_type, "Asia/Almaty")
            self.say(OPERATOR, body)
        for who in self.members:
            if who != OPERATOR:
                self.say(OPERATOR, PublishCertificate(self.cast.signers[who].certificate))
        for agency, key in self.cast.sealing_keys.items():
            self.say(member(agency), PublishSealingKey(key.public_key.to_bytes()))
        self.say(OPERATOR, PublishPolicy(self.policy))

    @classmethod
    def founded(cls) -> Hub:
        """A hub of the fictional cast of one's own; founding it once per process is enough."""
        own = copy.copy(_founded())
        own.exchanges, own.spoken = dict(own.exchanges), dict(own.spoken)
        own.log, own.scopes = list(own.log), list(own.scopes)
        return own

    def say(
        self, author: Member, body: Body, *, to: Sequence[str] = (), on: Statement | None = None,
        **fields: Any,
    ) -> Statement:  # fmt: skip
        """Compose, sign and submit; gives the accepted statement."""
        return self.submit(self.sign(self.compose(author, body, to=to, on=on, **fields))).statement

    def change_policy(self, cedar: str) -> Statement:
        """Propose a policy and confirm it, by two operators; gives the confirmation."""
        second = self.cast.signers[SECOND_OPERATOR]
        if second.fingerprint not in self.directory.certificates:
            self.say(OPERATOR, PublishCertificate(second.certificate))
        self.say(OPERATOR, PublishPolicy(cedar))
        return self.say(SECOND_OPERATOR, ConfirmPolicy(Policy.compile(cedar).digest))

    def compose(
        self, author: Member, body: Body, *, to: Sequence[str] = (), on: Statement | None = None,
        **fields: Any,
    ) -> Draft:  # fmt: skip
        """Write a statement as its author should; `fields` replace what the draft would hold."""
        statement_id = self.new_id()
        stage = kind_of(body).stage
        draft = Draft(
            id=statement_id,
            exchange_id=on.exchange_id if on else statement_id if stage is Stage.INITIAL else "",
            author=author,
            made_at=self.now,
            body=body,
            recipients=agencies(to),
            header=CASE if stage is Stage.INITIAL else Header(),
        )
        exchange = self.exchanges.get(draft.exchange_id)
        if exchange is not None:
            draft = self._continued(draft, exchange)
        draft = replace(draft, header=fields.get("header", draft.header))
        if draft.kind.spec.sets_due(draft.body) and draft.header.due_at is None:
            draft = replace(draft, header=replace(draft.header, due_at=self._later(draft)))
        if stage is not Stage.DIRECTORY and (exchange is None) == (stage is Stage.INITIAL):
            draft = self._addressed(draft, exchange)
        return replace(draft, **fields)

    def sign(self, draft: Draft, signer: Signer | None = None) -> SignedStatement:
        """Sign a draft, with its author's certificate unless another is given."""
        signer = signer or self.cast.signers[draft.author]
        payload = encode_statement(draft)
        signature = sign(SoftwareSigner(signer.key), PAYLOAD_TYPE, payload)
        second = b""
        if signer.second_key is not None:
            second = sign_second(SoftwareSigner(signer.second_key), PAYLOAD_TYPE, payload)
        return SignedStatement(
            PAYLOAD_TYPE,
            payload,
            signer.fingerprint,
            signature,
            post_quantum_signature=second,
        )

    def sign_batch(
        self, drafts: Sequence[Draft], signer: Signer | None = None
    ) -> list[SignedStatement]:
        """Sign drafts of one author with one signature of each key."""
        signer = signer or self.cast.signers[drafts[0].author]
        payloads = [encode_statement(draft) for draft in drafts]
        signature, paths = sign_batch(SoftwareSigner(signer.key), PAYLOAD_TYPE, payloads)
        second = b""
        if signer.second_key is not None:
            key = SoftwareSigner(signer.second_key)
            second = sign_second(key, PAYLOAD_TYPE, payloads[0], paths[0])
        return [
            SignedStatement(PAYLOAD_TYPE, payload, signer.fingerprint, signature, batch, second)
            for payload, batch in zip(payloads, paths, strict=True)
        ]

    def judge(self, signed: SignedStatement) -> Judgement:
        """Judge a statement against the present state."""
        statement = parse_statement(signed.payload)
        judgement = judge(
            signed,
            statement,
            directory=self.directory,
            exchange=self.exchanges.get(statement.exchange_id),
            anchors=self.cast.anchors,
            at=self.now,
            sources=self,
        )
        exchange = self.exchanges.get(statement.exchange_id)
        check_intake(statement, self.directory, exchange, sources=self, at=self.now)
        return judgement

    def find(self, digest: bytes) -> Source | None:
        """A statement of any exchange (`provenance.Sources`)."""
        said = self.spoken.get(digest)
        if said is None:
            return None
        return Source(said, self.exchanges[said.exchange_id], self.passed_on.get(digest, ()))

    def submit(self, signed: SignedStatement) -> Judgement:
        """Judge a statement and record it, or raise."""
        judgement = self.judge(signed)
        self.directory = judgement.directory
        if judgement.exchange is not None and judgement.spoken is not None:
            self.exchanges[judgement.exchange.id] = judgement.exchange
            self.spoken[signed.digest] = judgement.spoken
        statement = judgement.statement
        self.passed_on[signed.digest] = getattr(statement.body, "sources", ())
        self.record(
            Entry(
                hub_time=self.now,
                event=Event.STATEMENT,
                actor=statement.author,
                certificate_sha256=signed.certificate_sha256,
                directory_size=self.directory.size,
                exchange_id=statement.exchange_id,
                payload_digest=signed.digest,
                ruling=judgement.ruling,
                signature_digest=signed.signature_digest,
            ),
            signed,
        )
        return judgement

    def deliver(self, reader: Member, said: Statement) -> None:
        """Give a statement to a reader, and record it."""
        exchange, changes = deliver_to(
            reader.agency, self.exchanges[said.exchange_id], self.spoken[said.digest], self.now
        )
        self.exchanges[exchange.id] = exchange
        self.record(
            Entry(
                hub_time=self.now,
                event=Event.DELIVERY,
                actor=reader,
                certificate_sha256=self.cast.signers[reader].fingerprint,
                directory_size=self.directory.size,
                exchange_id=exchange.id,
                payload_digest=said.digest,
                ruling=Ruling(b"", (), changes, ()) if changes else None,
            )
        )

    def deny(self, caller: Member, reason: Reason) -> None:
        """Record that a caller was refused."""
        self.record(
            Entry(
                hub_time=self.now,
                event=Event.DENIAL,
                actor=caller,
                certificate_sha256=self.cast.signers[caller].fingerprint,
                directory_size=self.directory.size,
                reason=reason.name,
                operation="Submit",
            )
        )

    def inspect(self, reader: Member, start: int = 0, **lies: Any) -> None:
        """Record that an auditor read everything from an entry on; `lies` replace what is so."""
        scopes = Counter(self.scopes[start:])
        opened, ruling = judge_inspection(self.directory, reader, scopes)
        entry = Entry(
            hub_time=self.now,
            event=Event.INSPECTION,
            actor=reader,
            certificate_sha256=self.cast.signers[reader].fingerprint,
            directory_size=self.directory.size,
            ruling=ruling,
            inspected=InspectedRange(start, len(self.log), opened),
        )
        self.record(replace(entry, **lies))

    def record(self, entry: Entry, signed: SignedStatement | None = None) -> None:
        """Append an entry, and let a second pass."""
        nonce = hashlib.sha256(b"%d" % len(self.log)).digest()
        self.log.append(CommitmentOpening(encode_entry(entry), nonce, signed))
        exchange = self.exchanges.get(entry.exchange_id)
        ends = exchange.ends if exchange else ()
        self.scopes.append(scope_of(entry.event, entry.actor.agency, entry.exchange_id, ends))
        self.now += timedelta(seconds=1)

    def leg(self, said: Draft, agency: str) -> Leg:
        """One leg of the exchange that a statement belongs to."""
        leg = self.exchanges[said.exchange_id].leg(AgencyId(agency))
        assert leg is not None
        return leg

    def new_id(self) -> str:
        """A fresh statement id."""
        self._ids += 1
        return new_statement_id(self.now, self._ids.to_bytes(10, "big"))

    def _continued(self, draft: Draft, exchange: Exchange) -> Draft:
        """Address and answer as the author's part in the exchange asks."""
        author, spec = draft.author.agency, draft.kind.spec
        if spec.to_members or spec.invites:
            to = draft.recipients or recipients_of(exchange, author)
            return replace(draft, recipients=to, answers=exchange.initial_digest)
        if not draft.recipients and exchange.leg(author) and author != exchange.initiator:
            leg = exchange.leg(author)
            draft = replace(draft, recipients=_addressees(exchange, leg, draft))
        else:
            leg = next((exchange.leg(a) for a in draft.recipients if exchange.leg(a)), None)
        if leg is None:
            return replace(draft, answers=bytes(32))
        header = Header(handling=leg.handling, tlp=leg.tlp)
        return replace(draft, answers=leg.awaits, header=header)

    def _later(self, draft: Draft) -> datetime:
        """A due time after every other of the exchange."""
        exchange = self.exchanges.get(draft.exchange_id)
        dues = [leg.due_at for leg in exchange.legs if leg.due_at] if exchange else []
        return max([self.now, *dues]) + timedelta(days=7)

    def _addressed(self, draft: Draft, exchange: Exchange | None) -> Draft:
        """Name the supervisors and seal the brief to exactly its readers, where the rules allow."""
        try:
            route = plan_route(self.directory, draft, exchange)
            draft = replace(draft, supervisors=route.supervisors)
            statement = parse_statement(encode_statement(draft))
            if exchange is None:
                exchange, _ = open_exchange(statement, route.legs, at=draft.made_at)
            elif draft.kind.spec.invites:
                exchange, _ = admit(exchange, statement, route.legs, at=draft.made_at)
            elif not draft.kind.spec.to_members:
                own = exchange.leg(draft.author.agency)
                speaks_on = draft.recipients
                if own is not None and draft.recipients == _addressees(exchange, own, draft):
                    speaks_on = (own.agency,)
                exchange, _ = advance(exchange, statement, speaks_on, route.legs, at=draft.made_at)
        except ExchangeError:
            # The draft breaks a rule; the test wants to see it refused, not to stop here.
            return draft
        roles = readers(exchange, spoken(exchange, statement), BRIEF)
        return replace(draft, parts=(self.part(BRIEF, roles),))

    def part(self, name: str, roles: Mapping[AgencyId, str]) -> Part:
        """A part that claims to be sealed to these readers."""
        return Part(
            name=name,
            sha256=hashlib.sha256(name.encode()).digest(),
            size=len(name),
            media_type="application/json",
            suite=SealingSuite.MLKEM768_X25519_AES256GCM,
            wrapped_keys=tuple(
                WrappedKey(
                    agency=agency,
                    role=str(role),
                    key_id=self.cast.sealing_keys[agency].public_key.key_id,
                    enc=b"wrapped",
                )
                for agency, role in roles.items()
            ),
        )


def _addressees(exchange: Exchange, own: Leg | None, draft: Draft) -> tuple[AgencyId, ...]:
    """Whom a recipient speaks to on its own leg; a decision goes to the member that asked, too."""
    return (exchange.initiator, *(own.record.askers(draft.body) if own else ()))


@cache
def _founded() -> Hub:
    return Hub(fictional_cast())
