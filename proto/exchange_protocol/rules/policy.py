"""The policy: Cedar text that is published on the log, its schema, and what it must keep to.

The schema is code, the rules are data: `Policy.compile` refuses text that does not validate against
the schema, has a rule without an @id, uses one @id twice, or holds a template (which would read
like a rule and never apply). The text is also bounded, so that it can neither end the process that
compiles it nor cite more rules than an entry of the log holds.

`rulebook` asks a policy its questions; `policy_reads` says which facts its answers depend on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import cedarpy

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.policy_reads import PolicyReads, named_actions

_STATEMENT_ACTIONS = ", ".join(
    json.dumps(kind.action) for kind in Kind if kind.stage is not Stage.DIRECTORY
)
RELEASES: Final = ("ReleaseUnapproved", "ReleaseOnOneApproval", "ReleaseOnTwoApprovals")
"""Release actions by the number of approvals that they ask for."""

WITHHOLD: Final = "WithholdCopy"

SCHEMA: Final = f"""
entity Agency = {{ country: String, agencyType: String }};
entity Member = {{ agency: Agency, role: String }};
type PolicyContext = {{
  initiator: Agency, author: Agency, kind: String, exchangeKind: String,
  handling: Long, tlp: String, urgent: Bool, subjectCount: Long, offences: Set<String>
}};
action {_STATEMENT_ACTIONS}, {", ".join(json.dumps(name) for name in (*RELEASES, WITHHOLD))}
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
_INITIAL_ACTIONS: Final = tuple(kind.action for kind in Kind if kind.stage is Stage.INITIAL)


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
    for actions, what in ((_INITIAL_ACTIONS, "an initial statement"), (RELEASES, "a release")):
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


def _may_permit(rule: Mapping[str, Any], actions: Collection[str]) -> bool:
    named = named_actions(rule["action"])
    return rule["effect"] == "permit" and (named is None or not named.isdisjoint(actions))


def _is_rule_id(annotation: Any) -> bool:
    return isinstance(annotation, str) and RULE_ID.fullmatch(annotation) is not None
