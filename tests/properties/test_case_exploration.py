"""Joint cases of several members, explored: everyone says everything of a case, in any order.

Two agencies are invited at the opening, one at home and one behind the gate, and a third later.
The exploration goes on until no new situation comes. It keeps its own account of who was let in,
who joined and who left, and asks after each statement that the rules give the same readers.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from itertools import count
from typing import NamedTuple

import pytest

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import LegState, Purpose, ReaderRole, RefusalGround
from exchange_protocol.kinds.complete_task import CompleteTask, TaskResult
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.decline import Decline, DeclineReason
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.member_consent_request import MemberConsentRequest
from exchange_protocol.kinds.task import Task
from exchange_protocol.rules.access import StatementFacts, readers, role_of, spoken
from exchange_protocol.rules.addressing import addressed_legs
from exchange_protocol.rules.exchange import Exchange, LegRoute
from exchange_protocol.rules.joint_case import check_invitation, recipients_of
from exchange_protocol.rules.lifecycle import admit, advance, deliver, open_exchange
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    START,
    UZ_FIU,
)

pytestmark = pytest.mark.long

DEPTH = 24
LEAD, HOME, ABROAD, LATE = KZ_MIA, KZ_FMA, UZ_FIU, KG_MIA
MEMBERS = (HOME, ABROAD, LATE)
CENTRE = CARICC.agency
ROUTES = {
    HOME.agency: LegRoute(HOME.agency, 0, ()),
    ABROAD.agency: LegRoute(ABROAD.agency, 1, (CENTRE,)),
    LATE.agency: LegRoute(LATE.agency, 1, (CENTRE,)),
}
DUE = START + timedelta(days=9)
HEADER = replace(CASE, due_at=DUE)
S = LegState
_numbers = count()


@dataclass(frozen=True)
class Account:
    """The members, as the exploration itself knows them."""

    invited: frozenset[AgencyId]
    let_in: frozenset[AgencyId]
    active: frozenset[AgencyId] = frozenset()
    gone: frozenset[AgencyId] = frozenset()
    """Who declined or left, and may be invited again."""
    waiting: frozenset[AgencyId] = frozenset()
    """Whose newest invitation waits for an approval."""


class Situation(NamedTuple):
    """All that may decide what is allowed, leg by leg."""

    legs: tuple[tuple[AgencyId, LegState, bool, bool], ...]


@dataclass(frozen=True)
class Node:
    """One way to a situation."""

    exchange: Exchange
    account: Account
    said: tuple[StatementFacts, ...]
    """One statement to all of each time at which the members were others."""
    trail: tuple[object, ...] = ()

    @cached_property
    def situation(self) -> Situation:
        return Situation(
            tuple(
                (
                    leg.agency,
                    leg.state,
                    leg.was_released,
                    any(each.is_open for each in leg.record.tasks),
                )
                for leg in self.exchange.legs
            )
        )


def statement(
    author: Member, body: Body, to: tuple[AgencyId, ...], answers: bytes | None
) -> Statement:
    number = next(_numbers)
    return Statement(
        id=f"statement {number}",
        exchange_id="exchange",
        author=author,
        made_at=START,
        body=body,
        answers=answers,
        recipients=to,
        header=HEADER,
        digest=hashlib.sha256(b"%d" % number).digest(),
    )


def sayings(node: Node) -> Iterator[tuple[Member, Body, tuple[AgencyId, ...], bytes]]:
    """Whatever anyone might say in a case, to whomever it should be said."""
    exchange = node.exchange
    for author in (LEAD, *MEMBERS):
        everyone = recipients_of(exchange, author.agency)
        yield author, Kind.CONTRIBUTE.body(), everyone, exchange.initial_digest
        for member in (LEAD, *MEMBERS):
            yield author, Invite(member.agency), (member.agency,), exchange.initial_digest
            yield author, Task(member.agency), everyone, exchange.initial_digest
        for leg in exchange.legs:
            for task in leg.record.tasks[-1:]:
                done = CompleteTask(task.digest, TaskResult.DONE)
                yield author, done, everyone, exchange.initial_digest
            for said in leg.record.from_recipient[-1:]:
                asked = MemberConsentRequest(said, LEAD.agency, Purpose.PROSECUTION)
                yield author, asked, everyone, exchange.initial_digest
        own = exchange.leg(author.agency)
        for body in (Kind.JOIN.body(), Decline(DeclineReason.NO_LINK), Kind.LEAVE.body()):
            yield author, body, (LEAD.agency,), own.awaits if own else exchange.initial_digest
        for leg in exchange.legs:
            for kind in (Kind.CLOSE, Kind.RECALL):
                yield author, kind.body(), (leg.agency,), leg.awaits
    for leg in exchange.legs:
        for decision in (
            Decision(Verdict.APPROVE),
            Decision(Verdict.REJECT, RefusalGround.CONTRARY_TO_LAW),
        ):
            yield COORDINATOR, decision, (leg.agency,), leg.awaits


@dataclass
class Exploration:
    """The findings of an exploration."""

    nodes: dict[Situation, Node] = field(default_factory=dict)
    moves: dict[Situation, set[Situation]] = field(default_factory=dict)
    kinds: set[Kind] = field(default_factory=set)
    depth: int = 0

    def run(self) -> None:
        first = (HOME.agency, ABROAD.agency)
        opening = statement(LEAD, Kind.JOINT_CASE.body(), first, None)
        exchange, _ = open_exchange(opening, [ROUTES[each] for each in first], at=opening.made_at)
        account = Account(frozenset(first), frozenset({HOME.agency}))
        start = Node(exchange, account, ())
        queue = deque([start])
        self.nodes[start.situation] = start
        while queue:
            node = queue.popleft()
            self.depth = max(self.depth, len(node.trail))
            for after in self.steps(node):
                self.moves.setdefault(node.situation, set()).add(after.situation)
                if after.situation not in self.nodes and len(after.trail) < DEPTH:
                    self.nodes[after.situation] = after
                    queue.append(after)

    def steps(self, node: Node) -> Iterator[Node]:
        for member in MEMBERS:
            read, _ = deliver(node.exchange, member.agency)
            if read is not node.exchange:
                trail = (*node.trail, f"{member.agency} reads")
                assert member.agency in node.account.let_in - node.account.waiting, trail
                yield replace(node, exchange=read, trail=trail)
        for author, body, to, answers in sayings(node):
            after = self.say(node, author, body, to, answers)
            if after is not None:
                yield after

    def say(
        self, node: Node, author: Member, body: Body, to: tuple[AgencyId, ...], answers: bytes
    ) -> Node | None:
        if not node.exchange.is_known_to(author.agency):
            return None  # The judgement asks this first.
        said = statement(author, body, to, answers)
        spec = said.kind.spec
        try:
            if spec.invites:
                member = check_invitation(node.exchange, said)
                exchange, _ = admit(node.exchange, said, [ROUTES[member]], at=START)
            else:
                legs = [leg.agency for leg in addressed_legs(node.exchange, said)]
                exchange, _ = advance(node.exchange, said, legs, at=START)
        except ExchangeError:
            return None
        self.kinds.add(said.kind)
        trail = (*node.trail, (author.agency, body, to))
        account = self.account(node, said, body, trail)
        facts = spoken(exchange, said)
        node = Node(exchange, account, (*node.said, facts) if spec.to_members else node.said, trail)
        self.check(node, facts)
        return node

    def account(
        self, node: Node, said: Statement, body: Body, trail: tuple[object, ...]
    ) -> Account:
        """The account after a statement; asserts what may never be accepted."""
        before, author = node.account, said.author.agency
        who = frozenset(said.recipients)
        if isinstance(body, Invite):
            assert author == LEAD.agency, trail
            assert body.member not in before.invited - before.gone | {LEAD.agency}, trail
            is_gated = bool(ROUTES[body.member].approvals_required)
            at_once = set() if is_gated else {body.member}
            return replace(
                before,
                invited=before.invited | {body.member},
                let_in=before.let_in | at_once,
                gone=before.gone - {body.member},
                waiting=before.waiting | {body.member} - at_once,
            )
        if isinstance(body, Decision):
            assert said.author == COORDINATOR, trail
            if body.verdict is not Verdict.APPROVE:
                return before
            return replace(before, let_in=before.let_in | who, waiting=before.waiting - who)
        if isinstance(body, Decline):
            assert author in before.let_in & before.invited - before.waiting, trail
            return replace(before, gone=before.gone | {author})
        if said.kind is Kind.JOIN:
            assert author in before.let_in & before.invited - before.waiting, trail
            return replace(before, active=before.active | {author})
        if said.kind is Kind.LEAVE:
            assert author in before.active, trail
            return replace(before, active=before.active - {author}, gone=before.gone | {author})
        if said.kind is Kind.CLOSE:
            assert author == LEAD.agency, trail
            return replace(before, active=before.active - who)
        if kind_of(body).spec.to_members:
            assert author == LEAD.agency or author in before.active, trail
            assert not isinstance(body, Task) or body.assignee in before.active, trail
            assert not isinstance(body, CompleteTask) or author in before.active, trail
        if isinstance(body, MemberConsentRequest):
            legs = [node.exchange.leg(each) for each in before.active - {author}]
            assert author in before.active, trail
            assert any(leg and body.about in leg.record.from_recipient for leg in legs), trail
        return before

    def check(self, node: Node, facts: StatementFacts) -> None:
        exchange, account, trail = node.exchange, node.account, node.trail
        joined = {leg.agency for leg in exchange.legs if leg.state is S.JOINED}
        assert joined == account.active, trail
        # Nobody is let in without the approval that its leg needs.
        assert {leg.agency for leg in exchange.legs if leg.was_released} == account.let_in, trail
        if facts.kind.spec.to_members:
            everyone = account.active | {LEAD.agency}
            for part in (BRIEF, "content"):
                roles = readers(exchange, facts, part)
                assert set(roles) == everyone, trail
                assert roles[facts.author] is ReaderRole.AUTHOR, trail
        # Who could read it goes on to see it; who never could sees a key for no part of it.
        for each in node.said:
            for agency in (each.author, *each.legs):
                assert role_of(agency, exchange, each) is not None, trail
        for member in MEMBERS:
            if member.agency in account.active:
                assert role_of(member.agency, exchange, facts) is not None, trail
            elif facts.kind.spec.to_members:
                assert role_of(member.agency, exchange, facts) is None, trail

    def ending(self) -> set[Situation]:
        """The situations from which everything can be closed."""
        ends = {each for each in self.nodes if all(leg[1] is S.CLOSED for leg in each.legs)}
        while True:
            more = {each for each, after in self.moves.items() if after & ends} - ends
            if not more:
                return ends
            ends |= more


@cache
def explored() -> Exploration:
    found = Exploration()
    found.run()
    return found


def test_a_joint_case_has_no_dead_end_and_no_way_around_the_gate() -> None:
    found = explored()
    assert found.depth < DEPTH, "expected the exploration to have seen everything"
    dead = set(found.nodes) - found.ending()
    assert not dead, [found.nodes[each].trail for each in dead][:3]
    states = {leg[1] for each in found.nodes for leg in each.legs}
    assert states == {
        S.HELD,
        S.REJECTED,
        S.RELEASED,
        S.DELIVERED,
        S.REFUSED,
        S.RECALLED,
        S.JOINED,
        S.LEFT,
        S.CLOSED,
    }


def test_everything_that_a_case_knows_was_said() -> None:
    assert explored().kinds == {
        Kind.INVITE,
        Kind.JOIN,
        Kind.DECLINE,
        Kind.LEAVE,
        Kind.CONTRIBUTE,
        Kind.TASK,
        Kind.COMPLETE_TASK,
        Kind.CLOSE,
        Kind.RECALL,
        Kind.DECISION,
        Kind.MEMBER_CONSENT_REQUEST,
    }
