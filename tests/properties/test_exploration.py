"""Every family of exchanges, explored exhaustively: whoever says whatever, whenever, in any order.

A family is what one initial kind opens, behind no gate, or behind four eyes. The exploration says
everything that anyone could say in each situation, until no new situation comes, at most DEPTH
statements deep. Situations that no rule tells apart are one. It knows nothing of the table: it
counts for itself who approved what.
"""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from itertools import count
from typing import Any, NamedTuple

import pytest

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind, kind_of
from exchange_protocol.kinds.codes import LegState, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.rows import About, ConsentStep, Row, TaskStep, matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.addressing import addressed_legs, party_on
from exchange_protocol.rules.exchange import Exchange, Leg, LegRoute
from exchange_protocol.rules.lifecycle import advance, deliver, open_exchange
from exchange_protocol.rules.moves import row_for
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.bodies import some_body
from tests.support.statements import (
    CARICC,
    CASE,
    COORDINATOR,
    KG_MIA,
    KZ_GPO,
    KZ_MIA,
    SECOND_COORDINATOR,
    START,
    UZ_FIU,
)

pytestmark = pytest.mark.long

DEPTH = 16
UZ, CENTRE = UZ_FIU.agency, CARICC.agency
SUPERVISOR = KZ_GPO.agency
SPEAKERS = (KZ_MIA, UZ_FIU, COORDINATOR, SECOND_COORDINATOR, KG_MIA)
DUE = START + timedelta(days=1)
TIMES = (START + timedelta(hours=1), DUE + timedelta(hours=1), DUE + timedelta(days=365))
"""Before the first due time, after it, and after those that statements set anew till then."""
INITIAL = [kind for kind in Kind if kind.stage is Stage.INITIAL]
S = LegState
_numbers = count()


class Situation(NamedTuple):
    """All of a leg that may decide what is allowed on it."""

    state: LegState
    was_released: bool
    approvals: tuple[str, ...]
    hides: bool
    is_claimed: bool
    is_supervised: bool
    due: bool
    is_late: bool
    newest_consent: str


@dataclass(frozen=True)
class Node:
    """One way to a situation."""

    exchange: Exchange
    at: datetime
    approved: frozenset[str] = frozenset()
    """Who approved what was said last by the initiator, as counted here."""
    trail: tuple[object, ...] = ()

    @property
    def leg(self) -> Leg:
        return self.exchange.legs[0]

    @cached_property
    def situation(self) -> Situation:
        leg = self.leg
        return Situation(
            leg.state,
            leg.was_released,
            tuple(sorted(leg.approvals)),
            bool(leg.hidden),
            leg.record.claim is not None,
            bool(leg.record.involved),
            leg.due_at is not None,
            leg.due_at is not None and leg.due_at < self.at,
            "".join(each.asked_by + each.step.value for each in leg.record.consents[-1:]),
        )


def bodies(kind: Kind) -> Iterator[Body]:
    """One body of a kind for each code that its rows tell apart."""
    if kind is Kind.DECISION:
        yield Decision(Verdict.APPROVE)
        yield Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS)
        yield Decision(Verdict.RETURN)
        return
    chance = random.Random(kind.value)  # noqa: S311
    for row in {row.code: row for row in kind.spec.rows}.values():
        body: Any = some_body(kind, chance)
        while not matches(row, body):
            body = some_body(kind, chance)
        if getattr(body, "assignee", None) is not None:
            body = replace(body, assignee=UZ)
        if getattr(body, "supervisor", None) is not None:
            body = replace(body, supervisor=SUPERVISOR)
        if getattr(body, "expires_at", None) is not None:
            body = replace(body, expires_at=TIMES[-1] + timedelta(days=1))
        yield body


def statement(
    author: Member, body: Body, to: AgencyId, answers: bytes, at: datetime, due_at: datetime
) -> Statement:
    number = next(_numbers)
    return Statement(
        id=f"statement {number}",
        exchange_id="exchange",
        author=author,
        made_at=at,
        body=body,
        answers=answers,
        recipients=(to,),
        supervisors=(SUPERVISOR,),
        header=_header(due_at),
        digest=hashlib.sha256(b"%d" % number).digest(),
    )


@cache
def _header(due_at: datetime) -> Header:
    return replace(CASE, due_at=due_at)


def about(body: Any, leg: Leg) -> Iterator[Body]:
    """The body, about each statement of the leg that it might name; about a stranger's too."""
    rows: tuple[Row, ...] = kind_of(body).spec.rows
    if any(row.task is TaskStep.ENDS for row in rows):
        for task in leg.record.tasks[-1:]:
            yield replace(body, about=task.digest)
        return
    if any(row.consent is ConsentStep.ASKS_FOR_SOURCES for row in rows):
        yield replace(body, sources=leg.record.from_recipient[:1])
        return
    if not any(isinstance(row.about, About) for row in rows):
        yield body
        return
    consents = [each.request for each in leg.record.consents[-1:]]
    named = [leg.record.from_initiator[:1], leg.record.from_recipient[:1], consents]
    for digests in named:
        for digest in digests:
            yield replace(body, about=digest)


PROBES = {
    author: {
        kind: [statement(author, body, UZ, b"", START, DUE) for body in bodies(kind)]
        for kind in Kind
        if kind.stage is Stage.CONTINUING
    }
    for author in SPEAKERS
}
"""By author and kind: what may be said, before it is known about which statement."""


def allowed(node: Node, author: Member) -> Iterator[tuple[Statement, Row]]:
    """The statements that a row lets an author make now, each with its row.

    Nothing else is said, and `advance` writes no message that lists what is allowed.
    """
    exchange, leg = node.exchange, node.leg
    for probes in PROBES[author].values():
        try:
            # An author has one part in all that it says of one kind.
            party = party_on(exchange, leg, probes[0])
        except ExchangeError:
            continue
        for probe in probes:
            row = row_for(exchange, leg, probe.body, party)
            if row is not None:
                yield probe, row


@dataclass
class Exploration:
    """The findings from one beginning."""

    required: int
    nodes: dict[Situation, Node] = field(default_factory=dict)
    moves: dict[Situation, set[Situation]] = field(default_factory=dict)
    rows: set[tuple[Kind, Row]] = field(default_factory=set)
    """The rows of the table that were met."""
    depth: int = 0

    def run(self, kind: Kind) -> None:
        route = LegRoute(UZ, self.required, (CENTRE,) if self.required else ())
        body = kind.body()
        asked = replace(statement(KZ_MIA, body, UZ, b"", START, DUE), answers=None)
        exchange, _ = open_exchange(asked, [route], at=asked.made_at)
        first = Node(exchange, TIMES[0])
        queue = deque([first])
        self.nodes[first.situation] = first
        while queue:
            node = queue.popleft()
            self.depth = max(self.depth, len(node.trail))
            for after in self.steps(node, route):
                self.moves.setdefault(node.situation, set()).add(after.situation)
                if after.situation not in self.nodes and len(after.trail) < DEPTH:
                    self.nodes[after.situation] = after
                    queue.append(after)

    def steps(self, node: Node, route: LegRoute) -> Iterator[Node]:
        """All that may happen next: time passes, the recipient reads, anyone says anything."""
        for later in TIMES[TIMES.index(node.at) + 1 :]:
            yield replace(node, at=later)
        read, _ = deliver(node.exchange, UZ)
        if read is not node.exchange:
            assert node.leg.was_released, node.trail
            yield replace(node, exchange=read, trail=(*node.trail, "read"))
        for author in SPEAKERS:
            for probe, row in allowed(node, author):
                for body in about(probe.body, node.leg):
                    after = self.say(node, author, body, row, route)
                    if after is not None:
                        yield after

    def say(self, node: Node, author: Member, body: Body, row: Row, route: LegRoute) -> Node | None:
        by_recipient = author is UZ_FIU and not kind_of(body).spec.decides
        to = KZ_MIA.agency if by_recipient else UZ
        later = max(node.at, node.leg.due_at or node.at) + timedelta(days=1)
        said = statement(author, body, to, node.leg.awaits, node.at, later)
        try:
            legs = [leg.agency for leg in addressed_legs(node.exchange, said)]
            exchange, _ = advance(node.exchange, said, legs, [route], at=node.at)
        except ExchangeError:
            return None
        self.rows.add((said.kind, row))
        before, after = node.leg, exchange.legs[0]
        trail = (*node.trail, (author.agency, body))
        approved = node.approved
        if said.kind.spec.approves(body):
            assert author.uri not in approved, trail
            approved |= {author.uri}
        if said.kind.spec.passes_gate and author is KZ_MIA:
            approved = frozenset()
        self.check(node, said, before, after, approved, trail)
        return Node(exchange, node.at, approved, trail)

    def check(
        self,
        node: Node,
        said: Statement,
        before: Leg,
        after: Leg,
        approved: frozenset[str],
        trail: tuple[object, ...],
    ) -> None:
        assert said.author is not KG_MIA, trail  # a stranger
        assert before.state is not S.ERASED, trail
        # No way around the gate: nothing is released on fewer approvals than it needs.
        if before.state is S.HELD and after.state is S.RELEASED:
            assert len(approved) >= self.required, trail
        if after.state in (S.RELEASED, S.DELIVERED, S.ACKNOWLEDGED, S.FROZEN, S.ANSWERED):
            assert after.was_released, trail
            assert len(approved) >= self.required, trail
        assert after.was_released or said.author is not UZ_FIU, trail
        assert after.was_released >= before.was_released, trail
        # Forbidden states: a request that is known is never rejected unseen; an answer of another
        # kind ends nothing; a freeze stands on its own kind alone.
        assert not (after.state is S.REJECTED and after.was_released), trail
        assert after.state is not S.FROZEN or node.exchange.kind is Kind.URGENT_FREEZE_REQUEST
        assert after.state is not S.JOINED or node.exchange.kind.spec.is_case, trail
        if after.state is S.ANSWERED and before.state is not S.ANSWERED:
            assert node.exchange.kind.spec.answer is said.kind.body, trail
        # The initiator alone closes and erases the whole; approvers move what is held alone.
        if after.state in (S.CLOSED, S.ERASED) and after.state is not before.state:
            assert said.author is KZ_MIA, trail
        if said.author in (COORDINATOR, SECOND_COORDINATOR):
            assert before.state is S.HELD, trail

    def ending(self) -> set[Situation]:
        """The situations from which a close can be reached."""
        ends = {each for each in self.nodes if each.state in (S.CLOSED, S.ERASED)}
        while True:
            more = {each for each, after in self.moves.items() if after & ends} - ends
            if not more:
                return ends
            ends |= more


@cache
def explored(kind: Kind, required: int) -> Exploration:
    found = Exploration(required)
    found.run(kind)
    return found


@pytest.mark.parametrize("required", [0, 2])
@pytest.mark.parametrize("kind", INITIAL)
def test_a_family_has_no_dead_end_no_forbidden_state_and_no_way_around_the_gate(
    kind: Kind, required: int
) -> None:
    found = explored(kind, required)
    assert found.depth < DEPTH, "expected the exploration to have seen everything"
    dead = set(found.nodes) - found.ending()
    assert not dead, [(each, found.nodes[each].trail) for each in dead]
    states = {each.state for each in found.nodes}
    expected = set(LegState)
    if kind is not Kind.URGENT_FREEZE_REQUEST:
        expected -= {S.FROZEN}
    expected -= {S.ANSWERED} if kind.spec.is_case else {S.JOINED, S.LEFT}
    if not required:
        expected -= {S.HELD, S.REJECTED}
    assert states == expected


def test_every_row_of_the_table_is_met_in_some_family() -> None:
    met = {each for kind in INITIAL for each in explored(kind, 2).rows}
    # A supervisor's comment moves no leg; one member alone has no other one to ask.
    alone = {each for each in ROWS if each[1].consent is ConsentStep.ASKS_MEMBER}
    spoken = {each for each in ROWS if not each[0].spec.supervises} - alone
    assert met == spoken
