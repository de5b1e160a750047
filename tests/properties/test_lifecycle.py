"""No order of statements, whoever speaks, leads an exchange where it must not go.

A machine says anything: any kind, by anyone, on any legs, answering anything that was said. What
the lifecycle accepts is checked against a model that knows nothing of its table: what each
statement of a leg needed to be released, and who approved exactly what.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind, kind_of
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.codes import Handling, LegState, RefusalGround, Tlp
from exchange_protocol.kinds.consent_decision import ConsentDecision
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.access import StatementFacts, deliver_to, role_of, spoken
from exchange_protocol.rules.addressing import addressed_legs
from exchange_protocol.rules.exchange import Exchange, Leg, LegRoute
from exchange_protocol.rules.lifecycle import advance, open_exchange
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.bodies import some_body
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    PROSECUTOR,
    SECOND_COORDINATOR,
    SECOND_PROSECUTOR,
    START,
    UNNAMED_COORDINATOR,
    UZ_FIU,
    agencies,
    member,
)

pytestmark = pytest.mark.long

S = LegState
RECIPIENTS = agencies(["kz.fma", "uz.fiu", "kg.mia", "caricc"])
SPEAKERS = [
    KZ_MIA, UZ_FIU, KZ_FMA, KG_MIA, CARICC, COORDINATOR, SECOND_COORDINATOR, UNNAMED_COORDINATOR,
    PROSECUTOR, FOREIGN_COORDINATOR,
]  # fmt: skip
BODIES: list[Body] = [
    *(some_body(kind, random.Random(1)) for kind, _ in ROWS if not kind.spec.decides),  # noqa: S311
    Reply(ReplyResult.NO_HIT),
    Refuse(RefusalGround.CONTRARY_TO_LAW),
    FreezeStatus(FreezeOutcome.IMPOSED),
    FreezeStatus(FreezeOutcome.EXPIRED),
    Claim(ClaimAct.TAKE),
    Claim(ClaimAct.GIVE_BACK),
    Feedback(1, ()),
    Decision(Verdict.APPROVE),
    Decision(Verdict.APPROVE),
    Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS),
    Decision(Verdict.RETURN),
]
SHOWN = {S.RELEASED, S.DELIVERED, S.ACKNOWLEDGED, S.ANSWERED, S.REFUSED}
"""States in which the recipient has, or may fetch, all that the initiator said on the leg."""
APPROVERS = agencies(["caricc", "kz.gpo"])
EXPIRED = FreezeStatus(FreezeOutcome.EXPIRED)
AFTER_THE_ANSWER: dict[Kind, tuple[LegState, ...]] = {
    Kind.FREEZE_STATUS: (S.FROZEN,),
    Kind.CORRECT: (S.ANSWERED,),
    Kind.CONFIRM_RECALL: (S.RECALLED,),
    Kind.ERASE_ANSWER: (S.ANSWERED, S.CLOSED),
    Kind.CONSENT_REQUEST: (S.FROZEN, S.ANSWERED, S.CLOSED),
    Kind.CONSENT_DECISION: (S.FROZEN, S.ANSWERED, S.CLOSED),
}
"""What a recipient may say when it owes no answer, and in which states."""


APPROVING = [COORDINATOR, SECOND_COORDINATOR, PROSECUTOR, SECOND_PROSECUTOR]
LIKELY: dict[LegState, list[Body]] = {
    S.HELD: [
        Decision(Verdict.APPROVE),
        Decision(Verdict.APPROVE),
        Decision(Verdict.RETURN),
        Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS),
        Kind.RECALL.body(),
    ],
    S.RETURNED: [Kind.SUPPLEMENT.body()],
    S.DELIVERED: [Kind.RETURN_FOR_INFORMATION.body(), Kind.ACKNOWLEDGE.body()],
    S.ACKNOWLEDGED: [Kind.RETURN_FOR_INFORMATION.body(), Refuse(RefusalGround.CONTRARY_TO_LAW)],
    S.RECALLED: [Kind.CLOSE.body()],
}


def route(agency: AgencyId, required: int) -> LegRoute:
    """A gate as the policy would give it: neither end of the leg approves."""
    approvers = tuple(one for one in APPROVERS if one != agency)
    return LegRoute(agency, required, approvers if required else ())


@dataclass
class Model:
    """The events of one leg, told without the lifecycle's table."""

    said: list[Statement] = field(default_factory=list)
    """Initial statement and supplements, in order."""
    required: dict[bytes, int] = field(default_factory=dict)
    approved: dict[bytes, set[str]] = field(default_factory=dict)
    rejected: bool = False

    @property
    def gate_is_passed(self) -> bool:
        last = self.said[-1].digest
        return len(self.approved.get(last, ())) >= self.required[last]


class AnyoneSaysAnything(RuleBasedStateMachine):
    """The machine; it counts on nothing but what it is told back."""

    exchange: Exchange

    @initialize(
        kind=st.sampled_from([kind for kind in Kind if kind.stage is Stage.INITIAL]),
        gates=st.dictionaries(
            st.sampled_from(RECIPIENTS), st.integers(0, 2), min_size=1, max_size=2
        ),
    )
    def open(self, kind: Kind, gates: dict[AgencyId, int]) -> None:
        self.count = 0
        self.spoken: dict[bytes, StatementFacts] = {}
        self.models = {agency: Model() for agency in gates}
        statement = self.statement(KZ_MIA, kind.body(), tuple(gates), None)
        routes = [route(agency, required) for agency, required in gates.items()]
        approvers = {approver for one in routes for approver in one.approvers}
        waits = {one.agency for one in routes if one.approvals_required}
        if approvers & waits:
            with pytest.raises(ExchangeError, match="cannot be a held recipient and an approver"):
                open_exchange(statement, routes, at=statement.made_at)
            gates = {agency: gate for agency, gate in gates.items() if agency not in approvers}
            self.models = {agency: Model() for agency in gates}
            statement = self.statement(KZ_MIA, kind.body(), tuple(gates), None)
            routes = [one for one in routes if one.agency in gates]
        self.exchange, _ = open_exchange(statement, routes, at=statement.made_at)
        self.keep(statement, gates)

    def statement(
        self, author: Member, body: Body, to: tuple[AgencyId, ...], answers: bytes | None,
        header: int = 0,
    ) -> Statement:  # fmt: skip
        self.count += 1
        return Statement(
            id=f"statement {self.count}",
            exchange_id="exchange",
            author=author,
            made_at=START,
            body=body,
            answers=answers,
            recipients=to,
            header=replace(
                CASE,
                handling=Handling(1 + header),
                tlp=Tlp.RED,
                subject_count=header,
                due_at=START + timedelta(days=self.count),
            ),
            digest=hashlib.sha256(b"%d" % self.count).digest(),
        )

    def keep(self, statement: Statement, gates: dict[AgencyId, int]) -> None:
        self.spoken[statement.digest] = spoken(self.exchange, statement)
        for agency, required in gates.items():
            self.models[agency].said.append(statement)
            self.models[agency].required[statement.digest] = required

    @rule(
        author=st.sampled_from(SPEAKERS),
        body=st.sampled_from(BODIES),
        wide=st.booleans(),
        pick=st.integers(0, 2),
        answer=st.none() | st.integers(0, 20),
        gate=st.integers(0, 2),
        header=st.integers(0, 3),
    )
    def say(
        self, author: Member, body: Body, wide: bool, pick: int, answer: int | None, gate: int,
        header: int,
    ) -> None:  # fmt: skip
        legs = self.exchange.legs
        target = legs[pick % len(legs)]
        own = self.exchange.leg(author.agency)
        to = tuple(leg.agency for leg in legs) if wide else (target.agency,)
        if own is not None and not kind_of(body).spec.decides:
            to, target = (self.exchange.initiator,), own
        digests = list(self.spoken)
        answers = target.awaits if answer is None else digests[answer % len(digests)]
        if isinstance(body, Correct | ConsentRequest | ConsentDecision) and header:
            # Chance alone never names a statement; any of the exchange is tried.
            body = replace(body, about=digests[header % len(digests)])
        statement = self.statement(author, body, to, answers, header)
        before = self.exchange
        try:
            addressed = [leg.agency for leg in addressed_legs(before, statement)]
            # The gate of a supplement is never below that of what is hidden with it.
            gates = {one: max(gate, leg(before, one).approvals_required) for one in addressed}
            routes = [route(agency, required) for agency, required in gates.items()]
            self.exchange, _ = advance(before, statement, addressed, routes, at=statement.made_at)
        except ExchangeError:
            assert self.exchange is before
            return
        for agency in addressed:
            self.check_step(statement, leg(before, agency), leg(self.exchange, agency))
        for other in before.legs:
            if other.agency not in addressed:
                assert leg(self.exchange, other.agency) is other
        self.keep(statement, gates if self.is_new_content(statement) else {})

    def is_new_content(self, statement: Statement) -> bool:
        """True for what the initiator adds to a request."""
        by_initiator = statement.author.agency == self.exchange.initiator
        return by_initiator and statement.kind in (Kind.SUPPLEMENT, Kind.CORRECT)

    @rule(pick=st.integers(0, 2), choice=st.integers(0, 20), gate=st.integers(0, 2))
    def say_what_fits(self, pick: int, choice: int, gate: int) -> None:
        """Say what a leg waits for; chance alone seldom gets past the first answer."""
        target = self.exchange.legs[pick % len(self.exchange.legs)]
        bodies = LIKELY.get(target.state, [])
        if not bodies:
            return
        body = bodies[choice % len(bodies)]
        author = KZ_MIA
        if isinstance(body, Decision):
            approver = target.approvers[choice % len(target.approvers)]
            author = [one for one in APPROVING if one.agency == approver][choice % 2]
        elif target.state in (S.DELIVERED, S.ACKNOWLEDGED):
            author = member(target.agency)
        self.say(author, body, False, pick, None, gate, choice % 4)

    @rule(reader=st.sampled_from(RECIPIENTS), pick=st.integers(0, 20))
    def read(self, reader: AgencyId, pick: int) -> None:
        said = list(self.spoken.values())[pick % len(self.spoken)]
        before = self.exchange
        try:
            self.exchange, changes = deliver_to(reader, before, said, START)
        except ExchangeError:
            return
        for change in changes:
            assert (change.agency, change.before, change.after) == (reader, S.RELEASED, S.DELIVERED)
            assert said.digest == self.models[reader].said[-1].digest

    @rule(reader=st.sampled_from(RECIPIENTS))
    def read_the_newest(self, reader: AgencyId) -> None:
        """Without this, few runs get past the first reading."""
        if reader in self.models:
            said = self.spoken[self.models[reader].said[-1].digest]
            if role_of(reader, self.exchange, said) is not None:
                self.exchange, _ = deliver_to(reader, self.exchange, said, START)

    def check_step(self, statement: Statement, before: Leg, after: Leg) -> None:
        model, author = self.models[before.agency], statement.author
        assert before.state is not S.ERASED
        assert before.state is not S.CLOSED or statement.kind in (
            Kind.ERASE_NOTICE,
            Kind.ERASE_ANSWER,
            Kind.CONSENT_REQUEST,
            Kind.CONSENT_DECISION,
        )
        assert statement.answers == before.awaits
        if isinstance(statement.body, Decision):
            assert author.agency not in (self.exchange.initiator, before.agency)
            assert author.agency in before.approvers
            assert before.state is S.HELD
            assert statement.answers == model.said[-1].digest
            if statement.body.verdict is Verdict.APPROVE:
                approved = model.approved.setdefault(statement.answers, set())
                assert author.uri not in approved
                approved.add(author.uri)
                assert after.state is (S.RELEASED if model.gate_is_passed else S.HELD)
            model.rejected |= statement.body.verdict is Verdict.REJECT
        elif isinstance(statement.body, Claim):
            assert author.agency in before.approvers
            assert before.state is after.state is S.HELD
            assert (before.record.claim is None) == (statement.body.act is ClaimAct.TAKE)
        elif author.agency != self.exchange.initiator:
            assert author.agency == before.agency
            later = AFTER_THE_ANSWER.get(statement.kind, ())
            assert before.state in (S.DELIVERED, S.ACKNOWLEDGED, *later)
        assert after.handling >= before.handling
        added = statement.header.subject_count if self.is_new_content(statement) else 0
        assert after.subject_count == before.subject_count + added
        assert after.was_released >= before.was_released
        if after.state is S.HELD:
            assert set(after.approvals) == model.approved.get(after.awaits, set())
            assert not any(after.agency in one.approvers for one in self.exchange.legs)

    @invariant()
    def what_is_shown_was_approved(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for one in self.exchange.legs:
            model = self.models[one.agency]
            if one.state in SHOWN:
                assert model.gate_is_passed
                assert not model.rejected
                assert one.hidden == ()
            for n, statement in enumerate(model.said):
                if role_of(one.agency, self.exchange, self.spoken[statement.digest]) is not None:
                    # It, or a supplement after it that brought it along, passed its gate.
                    assert any(
                        len(model.approved.get(later.digest, ())) >= model.required[later.digest]
                        for later in model.said[n:]
                    )

    @invariant()
    def a_recipient_that_knows_a_request_knows_its_end(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for one in self.exchange.legs:
            if one.was_released:
                ends = (Kind.RECALL, Kind.CLOSE)
                told = [s for s in self.spoken.values() if one.agency in s.legs and s.kind in ends]
                assert all(role_of(one.agency, self.exchange, said) for said in told)
                assert one.state is not S.REJECTED

    @invariant()
    def who_knows_nothing_sees_nothing(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for agency in RECIPIENTS:
            if not self.exchange.is_known_to(agency):
                seen = [role_of(agency, self.exchange, said) for said in self.spoken.values()]
                assert not any(seen)

    @invariant()
    def every_leg_has_a_way_to_its_end(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for one in self.exchange.legs:
            exchange = self.exchange
            if one.state in (S.CLOSED, S.ERASED):
                continue
            if one.state is S.FROZEN:
                expired = self.statement(KZ_MIA, EXPIRED, (one.agency,), one.awaits)
                at = START + timedelta(days=10_000)
                exchange, _ = advance(exchange, expired, [one.agency], at=at)
            if one.state in (S.HELD, S.RETURNED, S.RELEASED, S.DELIVERED, S.ACKNOWLEDGED):
                recall = self.statement(KZ_MIA, Kind.RECALL.body(), (one.agency,), one.awaits)
                exchange, _ = advance(exchange, recall, [one.agency], at=recall.made_at)
            subject = leg(exchange, one.agency).awaits
            close = self.statement(KZ_MIA, Kind.CLOSE.body(), (one.agency,), subject)
            exchange, _ = advance(exchange, close, [one.agency], at=close.made_at)
            assert leg(exchange, one.agency).state is S.CLOSED


def leg(exchange: Exchange, agency: AgencyId) -> Leg:
    found = exchange.leg(agency)
    assert found is not None
    return found


TestAnyoneSaysAnything = AnyoneSaysAnything.TestCase
TestAnyoneSaysAnything.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
