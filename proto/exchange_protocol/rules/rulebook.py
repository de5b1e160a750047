"""The questions that are asked of a policy, over one set of enrolled agencies.

Rules of this module:

- Deny by default. No permit, no act; a Cedar evaluation error is a refusal too.
- Every answer cites the @id of the rules that decided, so that anyone can replay it.
- A `Rulebook` is immutable, so its answers are cached without expiry; a change of the directory
  makes a new one.

Questions are asked about one leg: the resource is the recipient at the leg's end,
`context.initiator` the agency that opened the exchange. Three actions ask for the approvals that a
statement needs, from the lenient to the strict: ReleaseUnapproved, ReleaseOnOneApproval,
ReleaseOnTwoApprovals; the first that is permitted holds, and if none is, the statement is refused.

`policy` has the text and its schema, `routing` asks the questions of a statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, cast

import cedarpy

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, Handling, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.rules.exchange import LegRoute
from exchange_protocol.rules.policy import RELEASES, SCHEMA, WITHHOLD, Policy
from exchange_protocol.rules.policy_reads import RESOURCE, Reads
from exchange_protocol.trust.identity import AgencyId, Role

_CACHED_ANSWERS: Final = 16_384
_APPROVING_KINDS = tuple(kind for kind in Kind if kind.spec.approves_any)
_DECIDING_ROLES = (Role.COORDINATOR, Role.AUTHORISER)
_ANY_KIND: Final = next(iter(Kind))


@dataclass(frozen=True, slots=True)
class Agency:
    """An enrolled agency; `country` is ISO 3166-1 alpha-2, empty for an international agency."""

    id: AgencyId
    name: str
    country: str
    agency_type: AgencyType
    time_zone: str
    is_retired: bool = False
    """True if it takes part in no new exchange."""


class PolicyContext(NamedTuple):
    """The facts of a statement on one leg that the policy may know."""

    author: AgencyId
    role: Role
    kind: Kind
    exchange_kind: Kind
    initiator: AgencyId
    """The agency that opened the exchange."""
    recipient: AgencyId
    """The agency at the leg's end."""
    handling: Handling
    tlp: Tlp
    urgency: Urgency
    subject_count: int
    offences: tuple[OffenceType, ...]
    """Offences that the initial statement names, in the order of their list."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The policy's answer, with the @id of every rule that determined it."""

    allowed: bool
    rule_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of a statement on one leg, and the rules that set it."""

    route: LegRoute
    rule_ids: frozenset[str]


_Agencies: TypeAlias = tuple[frozenset[AgencyId], frozenset[str]]
"""Agencies, and the rules that name them."""
_NOBODY: Final[_Agencies] = (frozenset(), frozenset())
_Steps: TypeAlias = Generator[None, None, _Agencies]
"""Asks one agency after the other; a caller may pause between two."""


class Rulebook:
    """One policy over one set of agencies; immutable, safe to share between threads.

    A question is asked once for all statements that differ in nothing that the rules read
    (`policy_reads`): the cost of a route must not depend on how its author varies it.
    """

    def __init__(self, policy: Policy, agencies: Mapping[AgencyId, Agency]) -> None:
        self.policy = policy
        self._agencies = agencies
        reads = policy.reads.of
        self._deciding_reads = reads(*(kind.action for kind in _APPROVING_KINDS))
        self._gate_reads = reads(*RELEASES) | self._deciding_reads
        self._supervising_reads = reads("Supervise")
        actions = (*(kind.action for kind in Kind), *RELEASES, WITHHOLD)
        self._reads = {action: reads(action) for action in actions}
        self._schema = cedarpy.Schema.from_str(SCHEMA)
        self._entities = cedarpy.Entities.from_json_str(json.dumps(_entities(agencies)))
        self._ask = lru_cache(_CACHED_ANSWERS)(self._evaluate)
        self._gate = lru_cache(_CACHED_ANSWERS)(self._evaluate_gate)
        self._approvers: dict[PolicyContext, _Agencies] = {}
        self._supervisors: dict[PolicyContext, _Agencies] = {}
        self._audit = lru_cache(_CACHED_ANSWERS)(self._evaluate_audit)

    def check_permitted(self, said: PolicyContext) -> frozenset[str]:
        """Check that a statement may be made at all; gives the rules that permit it.

        Raises:
            NotFound: AGENCY_UNKNOWN.
            NotPermitted: POLICY_DENIED, with the rules that forbid it, if any did.
        """
        for agency in (said.author, said.initiator, said.recipient):
            if agency not in self._agencies:
                raise Reason.AGENCY_UNKNOWN.error(
                    f"expected an enrolled agency, got {agency}: `agency agencies` lists them"
                )
        answer = self._answer(said.kind.action, _member(said.author, said.role), said)
        if not answer.allowed:
            why = "forbidden by " + ", ".join(sorted(answer.rule_ids))
            raise Reason.POLICY_DENIED.error(
                f"{said.author} as {said.role} may not say {said.kind} on an exchange of "
                f"{said.initiator} with {said.recipient}: "
                + (why if answer.rule_ids else "no rule permits it")
            )
        return answer.rule_ids

    def check_withholding(self, said: PolicyContext) -> frozenset[str]:
        """Check that a supervisor's copy may be withheld; gives the rules that permit it.

        Raises:
            NotPermitted: POLICY_DENIED.
        """
        answer = self._answer(WITHHOLD, _member(said.author, said.role), said)
        if not answer.allowed:
            raise Reason.POLICY_DENIED.error(
                f"{said.author} as {said.role} may not withhold the copy of {said.kind} from its "
                "supervisors"
            )
        return answer.rule_ids

    def gate(self, said: PolicyContext) -> Gate:
        """Decide what an initial statement or a supplement must pass on one leg.

        Raises:
            NotPermitted: POLICY_DENIED if no release is permitted; NO_APPROVER if approvals are
                required and no enrolled agency may give them.
        """
        return self._gate(_as_read(said, self._gate_reads))

    def supervisors(self, said: PolicyContext) -> tuple[frozenset[AgencyId], frozenset[str]]:
        """The agencies that receive a statement's brief by rule, and the rules that say so."""
        return _run(self._find_supervisors(said))

    def ask_ahead(self, said: PolicyContext) -> Iterator[None]:
        """Ask in small steps all that `gate` and `supervisors` ask of every agency.

        Raises:
            NotPermitted: POLICY_DENIED, if the policy cannot be evaluated.
        """
        if not self._answer(RELEASES[0], _member(said.author, said.role), said).allowed:
            yield from self._find_approvers(said)
        yield from self._find_supervisors(said)

    def may_audit(self, auditor: AgencyId, initiator: AgencyId, recipient: AgencyId) -> bool:
        """True if auditors of an agency may open events between two agencies."""
        return self.audit(auditor, initiator, recipient).allowed

    def audit(self, auditor: AgencyId, initiator: AgencyId, recipient: AgencyId) -> Answer:
        """Give whether an agency's auditors may open events of two agencies, and by which rules."""
        return self._audit(auditor, initiator, recipient)

    def _answer(self, action: str, principal: Uid, said: PolicyContext) -> Answer:
        return self._ask(action, principal, _as_read(said, self._reads[action]))

    def _evaluate(self, action: str, principal: Uid, said: PolicyContext) -> Answer:
        context = {
            "initiator": _ref(said.initiator),
            "author": _ref(said.author),
            "kind": said.kind.action,
            "exchangeKind": said.exchange_kind.action,
            "handling": said.handling - Handling.H0,
            "tlp": said.tlp.name,
            "urgent": said.urgency is Urgency.URGENT,
            "subjectCount": said.subject_count,
            "offences": [offence.name for offence in said.offences],
        }
        return self._request(action, principal, said.recipient, context)

    def _request(
        self, action: str, principal: Uid, resource: AgencyId, context: dict[str, Any]
    ) -> Answer:
        request = {
            "principal": principal._asdict(),
            "action": {"type": "Action", "id": action},
            "resource": _agency(resource)._asdict(),
            "context": context,
        }
        result = cedarpy.is_authorized(request, self.policy.compiled, self._entities, self._schema)
        diagnostics = result.diagnostics
        # An evaluation error can make a `forbid` fail to apply: refuse rather than guess.
        if diagnostics.errors:
            raise Reason.POLICY_DENIED.error(
                f"the policy could not be evaluated for {action}: {'; '.join(diagnostics.errors)}"
            )
        return Answer(result.allowed, frozenset(diagnostics.id_annotations_by_reason.values()))

    def _evaluate_audit(
        self, auditor: AgencyId, initiator: AgencyId, recipient: AgencyId
    ) -> Answer:
        context = {"initiator": _ref(initiator)}
        return self._request("Audit", _member(auditor, Role.AUDITOR), recipient, context)

    def _evaluate_gate(self, said: PolicyContext) -> Gate:
        principal = _member(said.author, said.role)
        answers = (self._answer(release, principal, said) for release in RELEASES)
        found = next(((n, answer) for n, answer in enumerate(answers) if answer.allowed), None)
        if found is None:
            raise Reason.POLICY_DENIED.error(
                f"no rule releases {said.kind} of {said.initiator} to {said.recipient}, "
                "not even on two approvals"
            )
        required, answer = found
        approvers, approver_rules = _run(self._find_approvers(said)) if required else _NOBODY
        if required and not approvers:
            raise Reason.NO_APPROVER.error(
                f"{said.kind} of {said.initiator} to {said.recipient} needs {required} "
                "approval(s), and no enrolled agency may give one"
            )
        route = LegRoute(said.recipient, required, tuple(sorted(approvers)))
        return Gate(route, answer.rule_ids | approver_rules)

    def _find_approvers(self, said: PolicyContext) -> _Steps:
        # The approver says it: author, role and kind are those of its decision.
        said = said._replace(author=said.initiator, role=_DECIDING_ROLES[0], kind=_ANY_KIND)
        said = _as_read(said, self._deciding_reads)
        return _remembered(self._approvers, said, self._evaluate_approvers)

    def _find_supervisors(self, said: PolicyContext) -> _Steps:
        reads = self._supervising_reads
        said = _as_read(_without_ends(said, said.author, reads), reads)
        return _remembered(self._supervisors, said, self._evaluate_supervisors)

    def _evaluate_approvers(self, said: PolicyContext) -> _Steps:
        approvers: set[AgencyId] = set()
        rules: frozenset[str] = frozenset()
        for agency in self._agencies:
            # The gate is others' eyes: neither end of the leg approves, whatever the policy says.
            if agency in (said.initiator, said.recipient) or self._agencies[agency].is_retired:
                continue
            for role in _DECIDING_ROLES:
                for kind in _APPROVING_KINDS:
                    decision = said._replace(author=agency, role=role, kind=kind)
                    answer = self._evaluate(kind.action, _member(agency, role), decision)
                    if answer.allowed:
                        approvers.add(agency)
                        rules |= answer.rule_ids
            yield
        return frozenset(approvers), rules

    def _evaluate_supervisors(self, said: PolicyContext) -> _Steps:
        supervisors: set[AgencyId] = set()
        rules: frozenset[str] = frozenset()
        for agency in self._agencies:
            answer = self._evaluate("Supervise", _agency(agency), said)
            if answer.allowed and not self._agencies[agency].is_retired:
                supervisors.add(agency)
                rules |= answer.rule_ids
            yield
        return frozenset(supervisors), rules


def _remembered(
    known: dict[PolicyContext, _Agencies],
    said: PolicyContext,
    evaluate: Callable[[PolicyContext], _Steps],
) -> _Steps:
    found = known.get(said)
    if found is None:
        found = yield from evaluate(said)
        if len(known) >= _CACHED_ANSWERS:
            # The newest: whoever asks for much that is new does not push out what others need.
            known.popitem()
        known[said] = found
    return found


def _run(steps: _Steps) -> _Agencies:
    """Take all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast(_Agencies, done.value)


def _as_read(said: PolicyContext, reads: Reads) -> PolicyContext:
    """The one of all statements that these rules do not tell from `said`."""
    # By position: a route takes this step three times a leg.
    (author, role, kind, exchange_kind, initiator, recipient, handling, tlp, urgency, count,
     offences) = said  # fmt: skip
    facts = reads.facts
    return PolicyContext(
        author,
        role,
        kind,
        exchange_kind if "exchangeKind" in facts else _ANY_KIND,
        initiator,
        recipient,
        handling if "handling" in facts else Handling.H0,
        tlp if "tlp" in facts else Tlp.RED,
        urgency if "urgent" in facts else Urgency.ROUTINE,
        reads.subject_class(count),
        reads.offence_class(offences) if offences else offences,
    )


def _without_ends(said: PolicyContext, agency: AgencyId, reads: Reads) -> PolicyContext:
    """Put one agency in the place of the ends of the leg, as far as no rule reads them."""
    return said._replace(
        initiator=said.initiator if "initiator" in reads.facts else agency,
        recipient=said.recipient if RESOURCE in reads.facts else agency,
    )


class Uid(NamedTuple):
    """A Cedar entity uid."""

    type: str
    id: str


def _agency(agency: AgencyId) -> Uid:
    return Uid("Agency", agency)


def _member(agency: AgencyId, role: Role) -> Uid:
    return Uid("Member", f"{agency}/{role}")


def _ref(agency: AgencyId) -> dict[str, Any]:
    return {"__entity": _agency(agency)._asdict()}


def _entities(agencies: Mapping[AgencyId, Agency]) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = []
    for agency in agencies.values():
        body = {"country": agency.country, "agencyType": agency.agency_type.name}
        entities.append({"uid": _agency(agency.id)._asdict(), "attrs": body, "parents": []})
        for role in Role:
            member = {"agency": _ref(agency.id), "role": role.value}
            uid = _member(agency.id, role)._asdict()
            entities.append({"uid": uid, "attrs": member, "parents": []})
    return entities
