"""Honest histories of one exchange, made by chance, and what each agency is shown of them.

    history = History(seed)           # an exchange of any kind is opened
    history.go_on()                   # somebody does one act more
    history.judge(AgencyId("kz.mia"))     # as that agency's client does

The hub is honest: it refuses what the rules refuse, and shows each agency what the real projection
(`exchange_server.ledger.projection`) makes visible to it. So whoever convicts it is wrong. Then a
rule judges by what that agency is not shown, or the hub took what it should have refused.

An act that is refused is no act: another one is tried. Chance prefers what keeps an exchange alive.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from agency_client.core.verifying import JudgedView, judge_view
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Handling, LegState, Party, TimeLimitRule, Tlp, Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.rows import Row, matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.access import role_of
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_server.ledger.projection import delivery_visibility, statement_visibility
from tests.support.bodies import some_body
from tests.support.statements import (
    AGENCIES,
    CARICC,
    CASE,
    COORDINATOR,
    FOREIGN_COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    OPERATOR,
    PROSECUTOR,
    SECOND_COORDINATOR,
    SECOND_PROSECUTOR,
    UZ_FIU,
    Hub,
    agencies,
)

EVERYONE: Final = agencies(AGENCIES)
SPEAKERS: Final = (
    KZ_MIA, KZ_FMA, UZ_FIU, KG_MIA, KZ_GPO, CARICC, COORDINATOR, SECOND_COORDINATOR, PROSECUTOR,
    SECOND_PROSECUTOR, FOREIGN_COORDINATOR,
)  # fmt: skip
OPENERS: Final = (KZ_MIA, KZ_FMA, UZ_FIU, KG_MIA, CARICC)
APPROVING: Final = (Role.COORDINATOR, Role.AUTHORISER)
FINAL: Final = frozenset({Kind.RECALL, Kind.CLOSE, Kind.ERASE_NOTICE, Kind.ERASE_ANSWER})
"""Kinds after which little more can be said."""
TRIES: Final = 60
"""Acts that are tried in vain before a history counts as ended."""


class History:
    """A history of one exchange with an honest hub, and the views of it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.trail: list[str] = []
        """The acts so far, in words."""
        self._chance = random.Random(seed)  # noqa: S311 # no secret
        self._hub = Hub.founded()
        self._fold = _founding_fold().copy()
        self._folded = len(self._hub.log)
        self._shown: dict[AgencyId, set[int]] = defaultdict(set)
        self._indexes: dict[bytes, int] = {}
        self._known: dict[AgencyId, JudgedView] = {}
        self._publish_times()
        self._said = [self._open()]

    @property
    def exchange(self) -> Exchange:
        """The exchange as it is at the hub."""
        return self._hub.exchanges[self._said[0].exchange_id]

    # --- Acts ------------------------------------------------------------------------------------

    def go_on(self) -> bool:
        """Let somebody do one act more; False if none was found that the hub takes."""
        for _ in range(TRIES):
            what = self._chance.random()
            try:
                if what < 0.15:
                    self._deliver()
                elif what < 0.2:
                    self._let_time_pass()
                elif what < 0.25:
                    self._comment()
                else:
                    self._continue()
            except (ExchangeError, _NothingToSay):
                continue
            return True
        return False

    def _publish_times(self) -> None:
        for rule in TimeLimitRule:
            unit = self._chance.choice(("days", "hours"))
            number = self._chance.randint(2, 40)
            # Some are counted in hours alone, and some may not last longer than others.
            with suppress(ExchangeError):
                if self._chance.random() < 0.4:
                    self._hub.say(OPERATOR, PublishTimeLimit(rule, "", **{unit: number}))
                    self.trail.append(f"time limit {rule.name}: {number} {unit}")

    def _open(self) -> Statement:
        kinds = [kind for kind in Kind if kind.stage is Stage.INITIAL]
        while True:
            author, kind = self._chance.choice(OPENERS), self._chance.choice(kinds)
            others = [each for each in EVERYONE if each != author.agency]
            to = self._chance.sample(others, self._chance.randint(1, 3))
            header = replace(
                CASE,
                urgency=self._chance.choice(list(Urgency)),
                handling=self._chance.choice(list(Handling)[:3]),
            )
            if self._chance.random() < 0.6:
                due = self._hub.now + timedelta(days=self._chance.randint(1, 20))
                header = replace(header, due_at=due)
            try:
                return self._say(author, some_body(kind, self._chance), to, None, header=header)
            except ExchangeError:
                continue

    def _deliver(self) -> None:
        """Let a member read a statement: mostly a recipient, what its leg waits for."""
        waiting = [leg for leg in self.exchange.legs if leg.state is LegState.RELEASED]
        if waiting and self._chance.random() < 0.7:
            leg = self._chance.choice(waiting)
            reader = next(each for each in SPEAKERS if each.agency == leg.agency)
            said = next(each for each in self._said if each.digest == leg.awaits)
        else:
            reader, said = self._chance.choice(SPEAKERS), self._chance.choice(self._said)
        facts = self._hub.spoken[said.digest]
        role = role_of(reader.agency, self.exchange, facts)
        self._hub.deliver(reader, said)
        assert role is not None
        index = len(self._hub.log) - 1
        for row in delivery_visibility(index, facts, reader.agency, role):
            self._shown[AgencyId(row.agency)].add(row.entry_index)
        self.trail.append(f"{reader} reads {self._named(said.digest)}")

    def _let_time_pass(self) -> None:
        passed = self._chance.choice([timedelta(hours=3), timedelta(days=2), timedelta(days=6)])
        self._hub.now += passed
        self.trail.append(f"{passed} pass")

    def _comment(self) -> None:
        """Let a supervisor comment to either end."""
        leg = self._chance.choice(self.exchange.legs)
        author = self._one_of(leg.record.supervisors)
        agency = self._chance.choice((self.exchange.initiator, leg.agency))
        body: Any = some_body(Kind.SUPERVISOR_COMMENT, self._chance)
        answers = self._chance.choice(self._said).digest
        self._say(author, replace(body, agency=agency), [agency], self._said[0], answers=answers)

    def _continue(self) -> None:
        """Let a party say what a row of its kind allows it on a leg."""
        leg = self._chance.choice(self.exchange.legs)
        known = (leg.state, leg.record.shown.state if leg.record.shown else leg.state)
        rows = [
            (kind, row)
            for kind, row in ROWS
            if not kind.spec.supervises and not row.before.isdisjoint(known)
        ]
        if self.exchange.kind.spec.is_case:
            rows += [(kind, row) for kind, row in ROWS if kind.spec.invites] * 2
        if not rows:
            raise _NothingToSay
        weights = [0.1 if kind in FINAL else 3 if row.approves else 1 for kind, row in rows]
        ((kind, row),) = self._chance.choices(rows, weights)
        if row.party is Party.RECIPIENT and leg.awaits in leg.hidden:
            raise _NothingToSay  # It cannot know what the leg awaits an answer to.
        author = self._author(leg, row)
        body = self._body(author, leg, kind, row)
        to = self._addressees(leg, kind, row, body)
        more: dict[str, Any] = {}
        if kind.spec.passes_gate and self._chance.random() < 0.3:
            # Stricter than before: other approvers may have to agree, or more of them.
            handling = self._chance.choice([each for each in Handling if each >= leg.handling])
            tlp = self._chance.choice([each for each in Tlp if each >= leg.tlp])
            more["header"] = Header(handling=handling, tlp=tlp)
        self._say(author, body, to, self._said[0], **more)

    def _author(self, leg: Leg, row: Row) -> Member:
        match row.party:
            case Party.INITIATOR:
                return self._one_of([self.exchange.initiator])
            case Party.RECIPIENT:
                return self._one_of([leg.agency])
            case _:
                return self._one_of(leg.approvers, APPROVING)

    def _one_of(self, agencies: Iterable[AgencyId], roles: Iterable[Role] = Role) -> Member:
        among, may = set(agencies), set(roles)
        members = [each for each in SPEAKERS if each.agency in among and each.role in may]
        if not members:
            raise _NothingToSay
        return self._chance.choice(members)

    def _addressees(self, leg: Leg, kind: Kind, row: Row, body: Body) -> list[AgencyId]:
        if kind.spec.to_members or row.party is Party.RECIPIENT:
            return []
        if kind.spec.invites:
            return [getattr(body, "member")]  # noqa: B009 # bodies of such kinds alone have it
        others = [each.agency for each in self.exchange.legs if each is not leg]
        return [leg.agency, *(each for each in others if self._chance.random() < 0.2)]

    def _body(self, author: Member, leg: Leg, kind: Kind, row: Row) -> Body:
        """A body to which the row applies, and which names what there is."""
        if kind is Kind.DECISION and row.code is Verdict.APPROVE:
            return Decision(Verdict.APPROVE)
        for _ in range(20):
            body: Any = some_body(kind, self._chance)
            if matches(row, body):
                break
        else:
            raise _NothingToSay
        there: dict[str, Any] = {}
        for each in fields(body):
            value = getattr(body, each.name)
            if isinstance(value, bytes):
                there[each.name] = self._digest(author, leg)
            elif isinstance(value, tuple) and value and isinstance(value[0], bytes):
                there[each.name] = (self._digest(author, leg),)
            elif isinstance(value, datetime):
                there[each.name] = self._hub.now + timedelta(days=self._chance.randint(1, 60))
            elif each.name in ("authority", "member", "assignee"):
                there[each.name] = self._chance.choice(EVERYONE)
            elif each.name == "supervisor":
                there[each.name] = self._chance.choice(leg.record.supervisors or EVERYONE)
        named: Body = replace(body, **there)
        return named

    def _digest(self, author: Member, leg: Leg) -> bytes:
        """The digest of a statement: mostly of one on the leg that its author is shown."""
        asked = [each.request for each in leg.record.consents]
        tasks = [each.digest for each in leg.record.tasks]
        if asked + tasks and self._chance.random() < 0.4:
            return self._chance.choice(asked + tasks)
        on_leg = [
            each
            for each in leg.record.all_said
            if self._indexes[each] in self._shown[author.agency]
        ]
        if on_leg and self._chance.random() < 0.8:
            return self._chance.choice(on_leg)
        return self._chance.choice(self._said).digest

    def _say(
        self, author: Member, body: Body, to: Iterable[str], on: Statement | None, **more: Any
    ) -> Statement:
        hub = self._hub
        before = hub.exchanges.get(on.exchange_id) if on else None
        said = hub.say(author, body, to=list(to), on=on, **more)
        index, after = len(hub.log) - 1, hub.exchanges[said.exchange_id]
        self._indexes[said.digest] = index
        first = self._indexes[after.initial_digest]
        facts = hub.spoken[said.digest]
        seen = statement_visibility(index, first, before, after, facts, self._indexes)
        for row in seen.feed:
            self._shown[AgencyId(row.agency)].add(row.entry_index)
        self.trail.append(f"{index}: {author} says {body} to {', '.join(said.recipients)}")
        if on is not None:
            self._said.append(said)
        return said

    def _named(self, digest: bytes) -> str:
        return f"entry {self._indexes[digest]}"

    # --- Views -----------------------------------------------------------------------------------

    def judge(self, agency: AgencyId, *, anew: bool = False) -> None:
        """Judge what an agency is shown, as its client does, which keeps what it judged before.

        Raises:
            HubDishonest, SignatureInvalid: if the agency convicts the hub.
        """
        shown = self._entries(agency)
        if not any(entry.exchange_id and proven.opening.statement for proven, entry in shown):
            return
        known = None if anew else self._known.get(agency)
        self._known[agency] = judge_view(
            agency, self.exchange.id, shown, self._directories(), known
        )

    def audit(self) -> None:
        """Replay the whole log, as an auditor does; raises `HubDishonest`."""
        replay = Replay(DirectoryFold(self._hub.cast.anchors))
        for index, opening in enumerate(self._hub.log):
            replay.apply(index, opening)

    def _entries(self, agency: AgencyId) -> list[Any]:
        log = self._hub.log
        return [
            (ProvenEntry(index, log[index], ()), parse_entry(log[index].entry))
            for index in sorted(self._shown[agency])
        ]

    def _directories(self) -> DirectoryFold:
        _fold_from(self._fold, self._hub, self._folded)
        self._folded = len(self._hub.log)
        return self._fold


class _NothingToSay(Exception):
    """The party that chance chose has no word here."""


@cache
def _founding_fold() -> DirectoryFold:
    """The directory of a hub that was just founded, folded once."""
    hub = Hub.founded()
    fold = DirectoryFold(hub.cast.anchors)
    _fold_from(fold, hub, 0)
    return fold


def _fold_from(fold: DirectoryFold, hub: Hub, start: int) -> None:
    for index in range(start, len(hub.log)):
        if (
            hub.log[index].statement is not None
            and not parse_entry(hub.log[index].entry).exchange_id
        ):
            fold.apply(index, hub.log[index])
