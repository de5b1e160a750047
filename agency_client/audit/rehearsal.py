"""A policy before it is published: what differs, and what it would have ruled otherwise.

`compare_policies` names the rules. `Rehearsal` takes the entries of a log as an audit judges them
(`verify_log(..., watch=rehearsal.take)`), asks the new policy about every statement of an exchange
as the state was then, and keeps those that it would have ruled otherwise.

Left out: statements that the hub refused, for the log keeps no words of them; and what follows from
another ruling, since each statement is asked about by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from exchange_protocol.errors import CallerError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.folds import Applied
from exchange_protocol.rules.directory import EMPTY_DIRECTORY, Directory
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.routing import Route, plan_route
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """The ids of rules, sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """True if both policies have the same rules; comments and order do not count."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class OtherRuling:
    """A statement on the log that the new policy would have ruled otherwise."""

    index: int
    at: datetime
    kind: Kind
    author: Member
    exchange_id: str
    what: tuple[str, ...]
    """The differences, a sentence each."""


def compare_policies(present: Policy | None, new: Policy) -> RuleChanges:
    """The rules that a new policy adds, takes away and changes."""
    before, after = present.rules if present else {}, new.rules
    return RuleChanges(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(i for i in before.keys() & after.keys() if before[i] != after[i])),
    )


class Rehearsal:
    """The statements since a time, asked about once more."""

    def __init__(self, policy: Policy, since: datetime) -> None:
        """Rehearse a policy over the statements that the hub took at or after a time."""
        self.asked = 0
        """Statements that were asked about."""
        self.other: list[OtherRuling] = []
        self._policy = policy
        self._since = since
        self._directory = EMPTY_DIRECTORY
        self._exchanges: dict[str, Exchange] = {}

    def take(self, applied: Applied) -> None:
        """Take the next entry that was judged."""
        statement, judgement = applied.statement, applied.judgement
        before = self._exchanges.get(applied.entry.exchange_id)
        if applied.exchange is not None:
            self._exchanges[applied.exchange.id] = applied.exchange
        if statement is None or judgement is None:
            return
        if statement.kind.stage is Stage.DIRECTORY:
            self._directory = judgement.directory
        elif applied.entry.hub_time >= self._since:
            self._ask(applied, statement, before)

    def _ask(self, applied: Applied, statement: Statement, before: Exchange | None) -> None:
        self.asked += 1
        then = _route(self._directory, statement, before)
        now = _route(replace(self._directory, policy=self._policy), statement, before)
        what = tuple(_differences(then, now))
        if what:
            self.other.append(
                OtherRuling(
                    applied.index,
                    applied.entry.hub_time,
                    statement.kind,
                    statement.author,
                    statement.exchange_id,
                    what,
                )
            )


def _route(directory: Directory, statement: Statement, exchange: Exchange | None) -> Route | str:
    """The route by the policy of a directory, or why it permits none."""
    try:
        return plan_route(directory, statement, exchange)
    except CallerError as error:
        return f"{error.reason.name}: {error.message}"


def _differences(then: Route | str, now: Route | str) -> Iterator[str]:
    if isinstance(now, str):
        if isinstance(then, Route):
            yield f"refused, {now}"
        return
    if isinstance(then, str):
        yield "permitted; the policy of then says otherwise of it today"
        return
    legs = {leg.agency: leg for leg in then.legs}
    for leg in now.legs:
        old = legs[leg.agency]
        if old.approvals_required != leg.approvals_required:
            yield (
                f"{leg.agency}: {leg.approvals_required} approvals in place of "
                f"{old.approvals_required}"
            )
        if old.approvers != leg.approvers:
            yield (
                f"{leg.agency}: approved by {', '.join(leg.approvers) or 'nobody'} in place of "
                f"{', '.join(old.approvers) or 'nobody'}"
            )
    if then.supervisors != now.supervisors:
        yield (
            f"a copy to {', '.join(now.supervisors) or 'nobody'} in place of "
            f"{', '.join(then.supervisors) or 'nobody'}"
        )
