"""An auditor's reading of the log: whether it may, and by which rules of the policy.

The hub gives openings page by page, and puts an INSPECTION on the log before a page leaves that
opens to an auditor what is not open to everyone. Its ruling cites the policy in force and the rules
that opened the page, and so says of which scope the reading was.

What a replay cannot tell is whether the page held what it says: of the entries it knows the place,
not whom they were shown to. It checks that the reader had a right that the cited rules give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TypeAlias

from exchange_protocol.errors import Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.policy import Rulebook
from exchange_protocol.trust.identity import AgencyId, Member, Role

Ends: TypeAlias = tuple[AgencyId, AgencyId]
"""Between whom an event is: the body that opened the exchange, and the one at a leg's end."""


def judge_inspection(directory: Directory, reader: Member, opened: Iterable[Ends]) -> Ruling:
    """Judge whether a reader may open events between these bodies now; gives what to record.

    Raises:
        NotPermitted: ROLE_NOT_PERMITTED, AGENCY_NOT_ENROLLED or POLICY_DENIED.
    """
    rulebook = _rulebook_for(directory, reader)
    rule_ids: set[str] = set()
    for author, recipient in opened:
        answer = rulebook.audit(reader.agency, author, recipient)
        if not answer.allowed:
            raise Reason.POLICY_DENIED.error(
                f"auditors of {reader.agency} may not open events between {author} and {recipient}"
            )
        rule_ids |= answer.rule_ids
    return Ruling(rulebook.policy.digest, tuple(sorted(rule_ids)), (), ())


def verify_inspection(directory: Directory, reader: Member, ruling: Ruling) -> None:
    """Verify that a recorded ruling is one that the policy could give to this reader.

    Raises:
        NotPermitted: ROLE_NOT_PERMITTED, AGENCY_NOT_ENROLLED, or POLICY_DENIED: another policy is
            cited, no rule is, or one by which this auditor may open nothing.
    """
    rulebook = _rulebook_for(directory, reader)
    cited = Ruling(rulebook.policy.digest, ruling.rule_ids, (), ())
    if ruling != cited or not ruling.rule_ids:
        raise Reason.POLICY_DENIED.error(
            f"expected rules of the policy {rulebook.policy.digest.hex()} and nothing else, "
            f"got {ruling}"
        )
    idle = set(ruling.rule_ids)
    for author, recipient in _every_ends(reader.agency, directory):
        answer = rulebook.audit(reader.agency, author, recipient)
        if answer.allowed:
            idle -= answer.rule_ids
        if not idle:
            return
    raise Reason.POLICY_DENIED.error(
        f"by {', '.join(sorted(idle))} auditors of {reader.agency} may open nothing"
    )


def _rulebook_for(directory: Directory, reader: Member) -> Rulebook:
    if reader.role is not Role.AUDITOR:
        raise Reason.ROLE_NOT_PERMITTED.error(f"expected an auditor, got {reader}")
    if reader.agency not in directory.agencies:
        raise Reason.AGENCY_NOT_ENROLLED.error(f"expected an enrolled body, got {reader.agency}")
    return directory.rulebook


def _every_ends(own: AgencyId, directory: Directory) -> Iterator[Ends]:
    """The own body's first: a body that may audit anything may nearly always audit itself."""
    yield own, own
    yield from product(directory.agencies, repeat=2)
