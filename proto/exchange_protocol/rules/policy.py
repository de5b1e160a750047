"""The policy: Cedar text that is published on the log, and the questions that are asked of it.

Rules of the module:
- Deny by default. No permit, no act; a Cedar evaluation error is a refusal too.
- Every decision cites the @id of the rules that decided, so that anyone can replay it.
- The schema is code, the rules are data: `Policy.compile` refuses text that does not validate
  against the schema, has a rule without an @id, uses one @id twice, or holds a template (which
  would read like a rule and never apply).
- A `Rulebook` is one policy over one set of enrolled agencies. It is immutable, so its answers are
  cached without expiry; a change of the directory makes a new one.

Questions are asked about one leg: the resource is the recipient at the leg's end,
`context.initiator` the agency that opened the exchange. Which approvals a statement needs is asked
as three actions, from the lenient to the strict: ReleaseUnapproved, ReleaseOnOneApproval,
ReleaseOnTwoApprovals; the first that is permitted holds, and if none is, the statement is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, cast

import cedarpy

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, Handling, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.exchange import LegRoute
from exchange_protocol.rules.policy_reads import RESOURCE, PolicyReads, Reads, named_actions
from exchange_protocol.trust.identity import AgencyId, Role

_STATEMENT_ACTIONS = ", ".join(
    json.dumps(kind.action) for kind in Kind if kind.stage is not Stage.DIRECTORY
)
_RELEASES: Final = ("ReleaseUnapproved", "ReleaseOnOneApproval", "ReleaseOnTwoApprovals")
"""Release actions by the number of approvals that they ask for."""

_WITHHOLD: Final = "WithholdCopy"

SCHEMA: Final = f"""
entity Agency = {{ country: String, agencyType: String }};
entity Member = {{ agency: Agency, role: String }};
type PolicyContext = {{
  initiator: Agency, author: Agency, kind: String, exchangeKind: String,
  handling: Long, tlp: String, urgent: Bool, subjectCount: Long, offences: Set<String>
}};
action {_STATEMENT_ACTIONS}, {", ".join(json.dumps(name) for name in (*_RELEASES, _WITHHOLD))}
  appliesTo {{ principal: [Member], resource: [Agency], context: PolicyContext }};
action "Supervise" appliesTo {{ principal: [Agency], resource: [Agency], context: PolicyContext }};
action "Audit" appliesTo {{
  principal: [Member], resource: [Agency], context: {{ initiator: Agency }}
}};
"""
"""Cedar schema: entity attributes and what each action applies to. `handling` is 0 to 3; `offences`
are the codes of `OffenceType` that the initial statement names, none where it names none."""

POLICY_WORDS: Final = (
    "agencyType and country of an agency, agency and role of a member, and in the context "
    "initiator, author, kind, exchangeKind, handling, tlp, urgent, subjectCount and offences"
)
"""The words of the schema, for messages."""

RULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
"""The @id of a rule: a name that can stand in a log, a table and a sentence as it is."""

MAX_DEPTH: Final = 32
MAX_RULE_TOKENS: Final = 600
MAX_RULES: Final = 256
MAX_RULE_IDS_BYTES: Final = 8 * 1024
"""Length of all rule ids together: an entry of the log may cite every one of them."""
_TEXTS = re.compile(r'//[^\n\r]*|"(?:\\.|[^"\\])*"')
_BRACKETS = re.compile(r"[(){}\[\]]")
_TOKENS = re.compile(r"\w+|[^\w\s]")
_CACHED_ANSWERS: Final = 16_384
_APPROVING_KINDS = tuple(kind for kind in Kind if kind.spec.approves_any)
_DECIDING_ROLES = (Role.COORDINATOR, Role.AUTHORISER)
_INITIAL_ACTIONS: Final = tuple(kind.action for kind in Kind if kind.stage is Stage.INITIAL)
_ANY_KIND: Final = next(iter(Kind))


@dataclass(frozen=True, slots=True)
class Agency:
    """An enrolled agency; `country` is ISO 3166-1 alpha-2, empty for an international body."""

    id: AgencyId
    name: str
    country: str
    agency_type: AgencyType
    time_zone: str
    is_retired: bool = False
    """True if it takes part in no new exchange."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy; `digest` is SHA-256 of its text."""

    text: str
    digest: bytes
    compiled: cedarpy.PolicySet = field(repr=False, compare=False)
    reads: PolicyReads = field(repr=False, compare=False)

    @classmethod
    def compile(cls, text: str) -> Policy:
        """Compile and validate Cedar text.

        Raises:
            InvalidInput: POLICY_INVALID, naming the rule at fault.
        """
        return _compiled(text)

    @property
    def rules(self) -> Mapping[str, str]:
        """Each rule by its @id, in one spelling: comments, order and spaces make no difference."""
        parsed = json.loads(cedarpy.policies_to_json_str(self.text))["staticPolicies"]
        return {
            rule["annotations"]["id"]: json.dumps(rule, sort_keys=True) for rule in parsed.values()
        }


# A hub compiles a text when it judges it and when it follows it.
@lru_cache(maxsize=4)
def _compiled(text: str) -> Policy:
    _check_bounds(text)
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
        rules = parsed["staticPolicies"]
        compiled = cedarpy.PolicySet.from_str(text)
    except (ValueError, KeyError, RecursionError) as error:
        raise Reason.POLICY_INVALID.error(f"the policy does not parse: {error}") from None
    if parsed["templates"]:
        raise Reason.POLICY_INVALID.error("expected rules, got a template")
    ids = [rule.get("annotations", {}).get("id") for rule in rules.values()]
    if not all(map(_is_rule_id, ids)) or len(set(ids)) != len(ids):
        raise Reason.POLICY_INVALID.error(
            "expected a distinct @id of letters, digits, '.', '_' and '-' on every rule"
        )
    if sum(len(rule_id) for rule_id in ids) > MAX_RULE_IDS_BYTES:
        raise Reason.POLICY_INVALID.error(
            f"expected rule ids of at most {MAX_RULE_IDS_BYTES} letters together; shorten them"
        )
    for actions, what in ((_INITIAL_ACTIONS, "an initial statement"), (_RELEASES, "a release")):
        # Such a policy would lock everyone out, until the operator publishes another.
        if not any(_may_permit(rule, actions) for rule in rules.values()):
            raise Reason.POLICY_INVALID.error(
                f"expected a rule that permits {what}; without one nothing can be said"
            )
    result = cedarpy.validate_policies(text, SCHEMA)
    if not result.validation_passed:
        raise Reason.POLICY_INVALID.error("; ".join(str(error) for error in result.errors))
    reads = PolicyReads(rules.values())
    return Policy(text, hashlib.sha256(text.encode()).digest(), compiled, reads)


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
        self._gate_reads = reads(*_RELEASES) | self._deciding_reads
        self._supervising_reads = reads("Supervise")
        actions = (*(kind.action for kind in Kind), *_RELEASES, _WITHHOLD)
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
                raise Reason.AGENCY_UNKNOWN.error(f"expected an enrolled agency, got {agency}")
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
        answer = self._answer(_WITHHOLD, _member(said.author, said.role), said)
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
        if not self._answer(_RELEASES[0], _member(said.author, said.role), said).allowed:
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
        answers = (self._answer(release, principal, said) for release in _RELEASES)
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


def _check_bounds(text: str) -> None:
    """Refuse text that the engine could not survive, or whose decisions would be too long to log.

    The engine is native code with a recursive parser: some hundred nested parentheses overflow its
    stack and end the process. So depth and length of each rule are bounded before it is asked.
    """
    code = _TEXTS.sub('""', text)
    depth = deepest = 0
    for bracket in _BRACKETS.findall(code):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    longest = max(len(_TOKENS.findall(rule)) for rule in code.split(";"))
    rules = code.count(";")
    for got, most, what in (
        (deepest, MAX_DEPTH, "nested brackets"),
        (longest, MAX_RULE_TOKENS, "words and signs in a rule"),
        (rules, MAX_RULES, "rules"),
    ):
        if got > most:
            raise Reason.POLICY_INVALID.error(f"expected at most {most} {what}, got {got}")


class Uid(NamedTuple):
    """A Cedar entity uid."""

    type: str
    id: str


def _may_permit(rule: Mapping[str, Any], actions: Collection[str]) -> bool:
    named = named_actions(rule["action"])
    return rule["effect"] == "permit" and (named is None or not named.isdisjoint(actions))


def _is_rule_id(annotation: Any) -> bool:
    return isinstance(annotation, str) and RULE_ID.fullmatch(annotation) is not None


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
