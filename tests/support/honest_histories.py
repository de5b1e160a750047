"""Honest histories, made by chance: exchanges of any kind under a directory that changes.

    history = History(seed)           # an exchange of any kind is opened
    history.go_on()                   # somebody does one act more
    history.shown_to(AgencyId("kz.mia"))  # the entries that the agency is shown, by exchange

The hub is honest: it refuses what the rules refuse, and shows each agency what the real projection
(`exchange_server.ledger.projection`) makes visible to it. `history_readers` has those who judge it.

An act that is refused is no act: another one is tried. Chance prefers what keeps exchanges alive.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Handling, LegState, Party, TimeLimitRule, Tlp, Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.rows import ConsentStep, Row, matches
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.rules.access import role_of
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.leg_record import Consent
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Draft, Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_server.ledger.projection import delivery_visibility, statement_visibility
from tests.support.bodies import some_body
from tests.support.changing_directories import (
    LATE,
    LATE_MEMBERS,
    ChangingDirectory,
    NothingToSay,
)
from tests.support.statements import (
    AGENCIES,
    AUDITOR,
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

EVERYONE: Final = (*agencies(AGENCIES), *LATE)
SPEAKERS: Final = (
    KZ_MIA, KZ_FMA, UZ_FIU, KG_MIA, KZ_GPO, CARICC, COORDINATOR, SECOND_COORDINATOR, PROSECUTOR,
    SECOND_PROSECUTOR, FOREIGN_COORDINATOR, *LATE_MEMBERS,
)  # fmt: skip
OPENERS: Final = (KZ_MIA, KZ_FMA, UZ_FIU, KG_MIA, CARICC, *LATE_MEMBERS[:1])
MOST_EXCHANGES: Final = 3
APPROVING: Final = (Role.COORDINATOR, Role.AUTHORISER)
FINAL: Final = frozenset({Kind.RECALL, Kind.CLOSE, Kind.ERASE_NOTICE, Kind.ERASE_ANSWER})
"""Kinds after which little more can be said."""
TRIES: Final = 60
"""Acts that are tried in vain before a history counts as ended."""


class History:
    """A history with an honest hub; `changes` is the part of its acts that change the directory."""

    def __init__(self, seed: int, *, changes: float = 0.15) -> None:
        self.seed = seed
        self.trail: list[str] = []
        """The acts so far, in words."""
        self.chance = random.Random(seed)  # noqa: S311 # no secret
        self.hub = Hub.founded()
        self.directory = ChangingDirectory(self.hub, self.chance)
        self._changes = changes
        self._shown: dict[AgencyId, set[int]] = defaultdict(set)
        self._indexes: dict[bytes, int] = {}
        self._said: dict[str, list[Statement]] = {}
        self._publish_times()
        while not self._said:
            with suppress(ExchangeError, NothingToSay):
                self._open()
        self._here = next(iter(self._said.values()))
        """The statements of the exchange that the next act is about, in order."""

    @property
    def exchange(self) -> Exchange:
        """The exchange that the next act is about, as it is at the hub."""
        return self.hub.exchanges[self._here[0].exchange_id]

    def shown_to(self, agency: AgencyId) -> dict[str, list[int]]:
        """The indexes of the entries that an agency is shown, in order, by their exchange."""
        found: dict[str, list[int]] = {}
        for index in sorted(self._shown[agency]):
            found.setdefault(self.exchange_of(index), []).append(index)
        return found

    def exchange_of(self, index: int) -> str:
        """The exchange of an entry; empty for one of none."""
        return parse_entry(self.hub.log[index].entry).exchange_id

    # --- Acts ------------------------------------------------------------------------------------

    def go_on(self) -> bool:
        """Let somebody do one act more; False if none was found that the hub takes."""
        for _ in range(TRIES):
            self._here = self.chance.choice(list(self._said.values()))
            what = self.chance.random()
            try:
                if what < self._changes:
                    self._tell(self.directory.change())
                elif what < self._changes + 0.04:
                    self._open()
                elif what < self._changes + 0.15:
                    self._deliver()
                elif what < self._changes + 0.2:
                    self._let_time_pass()
                elif what < self._changes + 0.24:
                    self._comment()
                elif what < self._changes + 0.26:
                    self._audit_or_deny()
                else:
                    self._continue()
            except (ExchangeError, NothingToSay):
                continue
            return True
        return False

    def _publish_times(self) -> None:
        for rule in TimeLimitRule:
            unit = self.chance.choice(("days", "hours"))
            number = self.chance.randint(2, 40)
            # Some are counted in hours alone, and some may not last longer than others.
            with suppress(ExchangeError):
                if self.chance.random() < 0.4:
                    self.hub.say(OPERATOR, PublishTimeLimit(rule, "", **{unit: number}))
                    self._tell(f"time limit {rule.name}: {number} {unit}")

    def _open(self) -> None:
        """Open an exchange, which may pass on what was said in another."""
        if len(self._said) == MOST_EXCHANGES:
            raise NothingToSay
        author = self.chance.choice(OPENERS)
        others = [each for each in EVERYONE if each != author.agency]
        to = self.chance.sample(others, self.chance.randint(1, 3))
        header = replace(
            CASE,
            urgency=self.chance.choice(list(Urgency)),
            handling=self.chance.choice(list(Handling)[:3]),
            tlp=self.chance.choice(list(Tlp)[:3]),
        )
        if self.chance.random() < 0.6:
            due = self.hub.now + timedelta(days=self.chance.randint(1, 20))
            header = replace(header, due_at=due)
        if self.chance.random() < 0.3:
            header = replace(header, onward_authorities=tuple(self.chance.sample(others, 2)))
        kind = self.chance.choice([kind for kind in Kind if kind.stage is Stage.INITIAL])
        body: Any = some_body(kind, self.chance)
        if kind.spec.passes_on:
            consents = self._consents_to(author)
            if consents and self.chance.random() < 0.8:
                consent = self.chance.choice(consents)
                to = [consent.authority]
                body = replace(body, sources=(consent.about,), consents=(consent.decision,))
                header = replace(
                    header, purpose=consent.purpose, handling=list(Handling)[-1], tlp=list(Tlp)[-1]
                )
            else:
                sources = self._readable_by(author) if self.chance.random() < 0.5 else []
                body = replace(
                    body,
                    sources=tuple(self.chance.sample(sources, 1) if sources else ()),
                    consents=(),
                )
        self._say(author, body, to, None, header=header)

    def _consents_to(self, author: Member) -> list[Consent]:
        """The consents that were given to the agency of an author."""
        found = []
        for exchange in self.hub.exchanges.values():
            for leg in exchange.legs:
                ends = {Party.INITIATOR: exchange.initiator, Party.RECIPIENT: leg.agency}
                found += [
                    each
                    for each in leg.record.consents
                    if each.step is ConsentStep.GRANTS
                    and (each.member or ends[each.asked_by]) == author.agency
                ]
        return found

    def _readable_by(self, author: Member) -> list[bytes]:
        """Digests of the statements that the agency of an author is shown."""
        shown = self._shown[author.agency]
        return [digest for digest, index in self._indexes.items() if index in shown]

    def _deliver(self) -> None:
        """Let a member read a statement: mostly a recipient, what its leg waits for."""
        waiting = [leg for leg in self.exchange.legs if leg.state is LegState.RELEASED]
        if waiting and self.chance.random() < 0.7:
            leg = self.chance.choice(waiting)
            reader = self._one_of([leg.agency])
            said = next(each for each in self._here if each.digest == leg.awaits)
        else:
            reader, said = self.chance.choice(SPEAKERS), self.chance.choice(self._here)
        facts = self.hub.spoken[said.digest]
        role = role_of(reader.agency, self.exchange, facts)
        self.hub.deliver(reader, said)
        assert role is not None
        index = len(self.hub.log) - 1
        for row in delivery_visibility(index, facts, reader.agency, role):
            self._shown[AgencyId(row.agency)].add(row.entry_index)
        self._tell(f"{reader} reads entry {self._indexes[said.digest]}")

    def _let_time_pass(self) -> None:
        passed = self.chance.choice([timedelta(hours=3), timedelta(days=2), timedelta(days=6)])
        self.hub.now += passed
        self.trail.append(f"{passed} pass")

    def _audit_or_deny(self) -> None:
        """Let an auditor read, or the hub refuse somebody; both are on the log."""
        if self.chance.random() < 0.5:
            self.hub.inspect(AUDITOR, self.chance.randrange(len(self.hub.log)))
        else:
            self.hub.deny(self.chance.choice(SPEAKERS[:11]), Reason.POLICY_DENIED)
        self._tell("an auditor reads, or somebody is refused")

    def _comment(self) -> None:
        """Let a supervisor comment to either end."""
        leg = self.chance.choice(self.exchange.legs)
        author = self._one_of(leg.record.supervisors)
        agency = self.chance.choice((self.exchange.initiator, leg.agency))
        body: Any = some_body(Kind.SUPERVISOR_COMMENT, self.chance)
        answers = self.chance.choice(self._here).digest
        self._say(author, replace(body, agency=agency), [agency], self._here[0], answers=answers)

    def _continue(self) -> None:
        """Let a party say what a row of its kind allows it on a leg."""
        leg = self.chance.choice(self.exchange.legs)
        known = (leg.state, leg.record.shown.state if leg.record.shown else leg.state)
        rows = [
            (kind, row)
            for kind, row in ROWS
            if not kind.spec.supervises and not row.before.isdisjoint(known)
        ]
        if self.exchange.kind.spec.is_case:
            rows += [(kind, row) for kind, row in ROWS if kind.spec.invites] * 2
        if not rows:
            raise NothingToSay
        weights = [0.1 if kind in FINAL else 3 if row.approves else 1 for kind, row in rows]
        ((kind, row),) = self.chance.choices(rows, weights)
        if row.party is Party.RECIPIENT and leg.awaits in leg.hidden:
            raise NothingToSay  # It cannot know what the leg awaits an answer to.
        author = self._author(leg, row)
        body = self._body(author, leg, kind, row)
        to = self._addressees(leg, kind, row, body)
        more: dict[str, Any] = {}
        if kind.spec.passes_gate and self.chance.random() < 0.3:
            # Stricter than before: other approvers may have to agree, or more of them.
            handling = self.chance.choice([each for each in Handling if each >= leg.handling])
            tlp = self.chance.choice([each for each in Tlp if each >= leg.tlp])
            more["header"] = Header(handling=handling, tlp=tlp)
        self._say(author, body, to, self._here[0], **more)

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
            raise NothingToSay
        return self.chance.choice(members)

    def _addressees(self, leg: Leg, kind: Kind, row: Row, body: Body) -> list[AgencyId]:
        if kind.spec.to_members or row.party is Party.RECIPIENT:
            return []
        if kind.spec.invites:
            return [getattr(body, "member")]  # noqa: B009 # bodies of such kinds alone have it
        others = [each.agency for each in self.exchange.legs if each is not leg]
        return [leg.agency, *(each for each in others if self.chance.random() < 0.2)]

    def _body(self, author: Member, leg: Leg, kind: Kind, row: Row) -> Body:
        """A body to which the row applies, and which names what there is."""
        if kind is Kind.DECISION and row.code is Verdict.APPROVE:
            return Decision(Verdict.APPROVE)
        for _ in range(20):
            body: Any = some_body(kind, self.chance)
            if matches(row, body):
                break
        else:
            raise NothingToSay
        there: dict[str, Any] = {}
        for each in fields(body):
            value = getattr(body, each.name)
            if isinstance(value, bytes):
                there[each.name] = self._digest(author, leg)
            elif isinstance(value, tuple) and value and isinstance(value[0], bytes):
                there[each.name] = (self._digest(author, leg),)
            elif isinstance(value, datetime):
                there[each.name] = self.hub.now + timedelta(days=self.chance.randint(1, 60))
            elif each.name in ("authority", "member", "assignee"):
                there[each.name] = self.chance.choice(EVERYONE)
            elif each.name == "supervisor":
                there[each.name] = self.chance.choice(leg.record.supervisors or EVERYONE)
        named: Body = replace(body, **there)
        return named

    def _digest(self, author: Member, leg: Leg) -> bytes:
        """The digest of a statement: mostly of one on the leg that its author is shown."""
        asked = [each.request for each in leg.record.consents]
        tasks = [each.digest for each in leg.record.tasks]
        if asked + tasks and self.chance.random() < 0.4:
            return self.chance.choice(asked + tasks)
        on_leg = [
            each
            for each in leg.record.all_said
            if self._indexes[each] in self._shown[author.agency]
        ]
        if on_leg and self.chance.random() < 0.8:
            return self.chance.choice(on_leg)
        return self.chance.choice(self._here).digest

    def _say(
        self, author: Member, body: Body, to: Iterable[str], on: Statement | None, **more: Any
    ) -> None:
        hub = self.hub
        before = hub.exchanges.get(on.exchange_id) if on else None
        said = hub.submit(self._signed(hub.compose(author, body, to=list(to), on=on, **more)))
        statement = said.statement
        index, after = len(hub.log) - 1, hub.exchanges[statement.exchange_id]
        self._indexes[statement.digest] = index
        first = self._indexes[after.initial_digest]
        facts = hub.spoken[statement.digest]
        seen = statement_visibility(index, first, before, after, facts, self._indexes)
        for row in seen.feed:
            self._shown[AgencyId(row.agency)].add(row.entry_index)
        self._said.setdefault(after.id, []).append(statement)
        self._tell(f"{author} says {body} to {', '.join(statement.recipients)}")

    def _signed(self, draft: Draft) -> SignedStatement:
        """Sign a draft with a certificate that stands, alone or with others of its author."""
        signer = self.directory.signer(draft.author)
        if self.chance.random() < 0.8:
            return self.hub.sign(draft, signer)
        batch = [replace(draft, id=self.hub.new_id()) for _ in range(self.chance.randint(1, 4))]
        place = self.chance.randint(0, len(batch))
        batch.insert(place, draft)
        return self.hub.sign_batch(batch, signer)[place]

    def _tell(self, words: str) -> None:
        self.trail.append(f"{len(self.hub.log) - 1}: {words}")
