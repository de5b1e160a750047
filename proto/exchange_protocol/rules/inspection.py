"""An auditor's reading of the log: what it may open, and by which rules of the policy.

- Directory statements are for everyone.
- Entries of an exchange: where the policy lets the auditors of the agency see events between the
  initiator and the agency of any leg.
- Denials also where it lets them see events of the refused agency itself. An agency that is not
  enrolled is unknown to the policy; its denials are seen as those of the operating agency.
- Inspections by their own agency, and where it lets them see events of the reader's agency itself.

To open any entry but a directory statement or an inspection is a disclosure: an INSPECTION is on
the log before the entry leaves. Its ruling cites the policy in force and the rules that open the
page, and so says of which scope the reading was. Inspections are no disclosure, or two auditors who
follow the log would log each other's readings of their readings without end.

The hub decides by these functions what it shows. A reader that knows every entry of a page counts
with them what the page must have opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple, TypeAlias

from exchange_protocol.errors import Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.rulebook import Rulebook
from exchange_protocol.trust.identity import AgencyId, Member, Role

Parties: TypeAlias = tuple[AgencyId, AgencyId]
"""The parties of an event: the agency that opened the exchange, and the one at a leg's end."""


class EntryScope(NamedTuple):
    """The scope of an entry: the facts that decide which auditors may open it."""

    ends: tuple[Parties, ...] = ()
    """The parties of its exchange, where that was open by then."""
    actor: AgencyId | None = None
    """The agency that was refused, or that read."""
    is_inspection: bool = False
    is_public: bool = False


class AuditorScope:
    """The scope of one member: the entries that it may open under one directory."""

    def __init__(self, directory: Directory, reader: Member) -> None:
        is_auditor = reader.role is Role.AUDITOR and reader.agency in directory.agencies
        self._rulebook = directory.rulebook if is_auditor and directory.policy else None
        self._directory = directory
        self._agency = reader.agency

    def through(self, scope: EntryScope) -> frozenset[Parties] | None:
        """The ends by which an entry is opened and disclosed; None where it stays closed.

        An opening that is no disclosure has none.
        """
        if scope.is_public:
            return frozenset()
        if self._rulebook is None:
            return None
        if scope.is_inspection and scope.actor == self._agency:
            return frozenset()
        may_audit = self._rulebook.may_audit
        by = frozenset(pair for pair in self._ends(scope) if may_audit(self._agency, *pair))
        if not by:
            return None
        return frozenset() if scope.is_inspection else by

    def _ends(self, scope: EntryScope) -> tuple[Parties, ...]:
        if scope.actor is None:
            return scope.ends
        operating = self._directory.operating_agency
        is_known = scope.actor in self._directory.agencies or operating is None
        actor = scope.actor if is_known else operating
        return (*scope.ends, (actor, actor)) if actor else scope.ends


def judge_inspection(
    directory: Directory, reader: Member, scopes: Mapping[EntryScope, int]
) -> tuple[int, Ruling]:
    """Judge the reading of a page; `scopes` counts its entries by their scope.

    Gives how many of them are opened to the reader, and the ruling to record.

    Raises:
        NotPermitted: ROLE_NOT_PERMITTED or AGENCY_NOT_ENROLLED; POLICY_DENIED where the page
            discloses nothing to this reader.
    """
    rulebook = _rulebook_for(directory, reader)
    sight = AuditorScope(directory, reader)
    opened, disclosed = 0, set[Parties]()
    for scope, count in scopes.items():
        by = sight.through(scope)
        if by is not None:
            opened += count
            disclosed |= by
    if not disclosed:
        raise Reason.POLICY_DENIED.error(f"the page discloses nothing to {reader}")
    answers = [rulebook.audit(reader.agency, *ends) for ends in disclosed]
    rule_ids = frozenset[str]().union(*(answer.rule_ids for answer in answers))
    return opened, Ruling(rulebook.policy.digest, tuple(sorted(rule_ids)), (), ())


def verify_cited(directory: Directory, reader: Member, ruling: Ruling) -> None:
    """Verify that the policy could rule so for a reader, where the page it read is not known.

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
        raise Reason.AGENCY_NOT_ENROLLED.error(f"expected an enrolled agency, got {reader.agency}")
    return directory.rulebook


def _every_ends(own: AgencyId, directory: Directory) -> Iterator[Parties]:
    """The own agency's first: an agency that may audit anything may nearly always audit itself."""
    yield own, own
    yield from product(directory.agencies, repeat=2)
