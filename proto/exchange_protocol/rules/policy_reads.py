"""The facts that a policy's rules read: its answers depend on nothing else.

A route asks the policy of every agency and role, on every leg. Most facts of a statement change no
answer, since no rule of that action reads them. So questions that differ in such facts alone are
one question, and it is evaluated once. The number of subjects is any number; rules compare it with
a few, so that all numbers between two of these are one class. Of the offences, rules name a few;
all that no rule names are one to it.

An expression that is not understood counts as read: then fewer questions are taken for one, and no
answer changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from exchange_protocol.kinds.offences import OffenceType

RESOURCE: Final = "resource"
"""The fact that stands beside those of the context."""
SUBJECT_COUNT: Final = "subjectCount"
OFFENCES: Final = "offences"
FACTS: Final = frozenset(
    {
        RESOURCE,
        SUBJECT_COUNT,
        OFFENCES,
        "initiator",
        "author",
        "kind",
        "exchangeKind",
        "handling",
        "tlp",
        "urgent",
    }
)
_COMPARES: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})
_CONTEXT: Final = {"Var": "context"}
_COUNT: Final = {".": {"left": _CONTEXT, "attr": SUBJECT_COUNT}}


@dataclass(frozen=True, slots=True)
class Reads:
    """The facts that rules read, and how they read the number of subjects."""

    facts: frozenset[str] = frozenset()
    thresholds: frozenset[int] = frozenset()
    """The numbers that the number of subjects is compared with."""
    only_compares: bool = True
    """False if a rule does anything else with the number of subjects."""
    texts: frozenset[str] = frozenset()
    """The texts that are written in rules which read the offences."""

    def __or__(self, other: Reads) -> Reads:
        return Reads(
            self.facts | other.facts,
            self.thresholds | other.thresholds,
            self.only_compares and other.only_compares,
            self.texts | other.texts,
        )

    def subject_class(self, count: int) -> int:
        """The least number that no rule tells from `count`."""
        if SUBJECT_COUNT not in self.facts:
            return 0
        if not self.only_compares or count in self.thresholds:
            return count
        return max((one + 1 for one in self.thresholds if 0 <= one < count), default=0)

    def offence_class(self, offences: tuple[OffenceType, ...]) -> tuple[OffenceType, ...]:
        """The offences as these rules tell them apart.

        A rule can name an offence only by its written name, since no other fact holds one. So any
        offence that no rule names stands for all of these.
        """
        if OFFENCES not in self.facts:
            return ()
        if all(offence.name in self.texts for offence in offences):
            return offences
        other = next(offence for offence in OffenceType if offence.name not in self.texts)
        written = (offence for offence in offences if offence.name in self.texts)
        return tuple(sorted((*written, other)))


class PolicyReads:
    """The reads of each rule of a policy, as `cedarpy.policies_to_json_str` gives it."""

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        self._rules = [(named_actions(rule["action"]), _reads(rule)) for rule in rules]

    def of(self, *actions: str) -> Reads:
        """All that rules read which could apply to one of these actions."""
        together = Reads()
        for named, reads in self._rules:
            if named is None or not named.isdisjoint(actions):
                together |= reads
        return together


def named_actions(scope: Mapping[str, Any]) -> frozenset[str] | None:
    """The actions that a rule names; None for all of them."""
    if scope["op"] == "All":
        return None
    named = scope["entities"] if "entities" in scope else [scope["entity"]]
    return frozenset(entity["id"] for entity in named)


def _reads(rule: Mapping[str, Any]) -> Reads:
    """The reads of one rule: of its scope, and of every expression in its conditions."""
    reads = Reads() if rule["resource"]["op"] == "All" else Reads(frozenset({RESOURCE}))
    # No recursion: a rule may be as deep as the bounds of a policy allow.
    left: list[Any] = [rule["conditions"]]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            for operator, operand in node.items():
                read = _read_by(operator, operand)
                if read is None:
                    left.append(operand)
                else:
                    reads |= read
    return reads if OFFENCES in reads.facts else replace(reads, texts=frozenset())


def _read_by(operator: str, operand: Any) -> Reads | None:
    """The reads of one expression; None if its operands have to be looked into."""
    if operator in _COMPARES and (number := _compared_with(operand)) is not None:
        return Reads(frozenset({SUBJECT_COUNT}), thresholds=frozenset({number}))
    if operator in (".", "has") and operand.get("left") == _CONTEXT:
        fact = operand["attr"]
        return Reads(frozenset({fact}), only_compares=fact != SUBJECT_COUNT)
    if operator == "Value" and isinstance(operand, str):
        return Reads(texts=frozenset({operand}))
    if operator == "Var" and operand == RESOURCE:
        return Reads(frozenset({RESOURCE}))
    if operator == "Var" and operand == "context":
        # The whole context goes somewhere: any fact of it may be read there.
        return Reads(FACTS, only_compares=False)
    return None


def _compared_with(operand: Mapping[str, Any]) -> int | None:
    """The number with which the number of subjects is compared; None for another comparison."""
    for one, other in (("left", "right"), ("right", "left")):
        if operand.get(one) == _COUNT:
            number = operand.get(other, {}).get("Value")
            if isinstance(number, int) and not isinstance(number, bool):
                return number
    return None
