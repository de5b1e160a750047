"""Routes: the legs that a statement speaks on, and what the policy asks of it there.

These are steps 5 to 7 of a judgement (`judgement`), as far as the lifecycle has no part in them:

- The author has a part in the exchange on every leg that it addresses, and nothing goes below the
  handling and TLP that the initiator put on the leg.
- The policy permits the statement on every leg, and says who approves and who supervises it.
- A statement to all members of a joint case needs no more approvals than each membership had.

Authors plan a route before they seal; hub and auditors plan the same when they judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, Tlp, Urgency
from exchange_protocol.kinds.offences import OffenceType, offences_of
from exchange_protocol.rules.addressing import addressed_legs, party_on
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Exchange, LegRoute
from exchange_protocol.rules.joint_case import check_invitation
from exchange_protocol.rules.rulebook import PolicyContext, Rulebook
from exchange_protocol.rules.statements import Draft, Header
from exchange_protocol.rules.supervision import (
    check_comment,
    check_involved,
    comment_on,
    involved_in,
)
from exchange_protocol.trust.identity import AgencyId, Member, Role

_CACHED_ROUTES = 4096


@dataclass(frozen=True, slots=True)
class Route:
    """The route of a statement: the facts that its author needs before it seals."""

    policy_digest: bytes
    rule_ids: tuple[str, ...]
    legs: tuple[LegRoute, ...]
    supervisors: tuple[AgencyId, ...]
    withheld: tuple[AgencyId, ...] = ()
    """Supervisors by rule from whom the author withholds the copy."""


def plan_route(directory: Directory, statement: Draft, exchange: Exchange | None = None) -> Route:
    """Steps 5 to 7: what the policy asks of a statement, on every leg that it addresses.

    Raises:
        NotPermitted: POLICY_DENIED, NO_APPROVER or AGENCY_RETIRED; OWN_REQUEST for a decision on
            what one's own agency asked; NOT_A_PARTY.
        NotFound: AGENCY_UNKNOWN; EXCHANGE_UNKNOWN for an agency that may not know of the exchange.
        InvalidInput: for a handling or TLP below the leg's.
    """
    if exchange is None:
        return plan_initial(directory, statement.author, planned_of(statement))
    return route_on(directory, statement, exchange, subjects_of(exchange, statement, None))


class Planned(NamedTuple):
    """The facts of an initial statement that its route depends on."""

    kind: Kind
    header: Header
    recipients: tuple[AgencyId, ...]
    offences: tuple[OffenceType, ...]
    """Offences in the order of their list, each once."""


class OfExchange(NamedTuple):
    """The facts of a statement's exchange that the policy may know."""

    initiator: AgencyId
    kind: Kind
    offences: tuple[OffenceType, ...] = ()


def planned_of(statement: Draft) -> Planned:
    """The facts of an initial statement that is drafted."""
    offences = offences_of(statement.body)
    return Planned(statement.kind, statement.header, statement.recipients, offences)


def plan_initial(directory: Directory, author: Member, planned: Planned) -> Route:
    """Plan an initial statement, also before it is drafted; raises as `plan_route`."""
    _check_recipients(author, planned.recipients)
    for agency in (author.agency, *planned.recipients):
        known = directory.agencies.get(agency)
        if known is not None and known.is_retired:
            raise Reason.AGENCY_RETIRED.error(
                f"expected agencies that still take part, got {agency}", field="recipients"
            )
    return _route(directory, author, planned.kind, planned.header, *_of_initial(author, planned))


def ask_ahead(directory: Directory, author: Member, planned: Planned) -> Iterator[None]:
    """Ask the policy in small steps what `plan_initial` will ask; the rulebook remembers it.

    Raises:
        NotPermitted: POLICY_DENIED, without a policy or if it cannot be evaluated.
    """
    question = _question(author, planned.kind, planned.header, *_of_initial(author, planned))
    rulebook = directory.rulebook
    for leg in question.legs():
        yield from rulebook.ask_ahead(leg)


def check_may_say(
    directory: Directory,
    author: Member,
    kind: Kind,
    header: Header,
    exchange: OfExchange,
    recipient: AgencyId,
) -> None:
    """Ask the policy whether a member may say a kind to an agency, before there is a statement.

    Its subjects are not known yet, so the policy is asked about none.

    Raises:
        NotFound: AGENCY_UNKNOWN.
        NotPermitted: POLICY_DENIED.
    """
    for context in _question(author, kind, header, exchange, {recipient: 0}).legs():
        directory.rulebook.check_permitted(context)


def _of_initial(author: Member, planned: Planned) -> tuple[OfExchange, dict[AgencyId, int]]:
    """The exchange that an initial statement opens, and the subjects on each of its legs."""
    of_exchange = OfExchange(author.agency, planned.kind, planned.offences)
    return of_exchange, dict.fromkeys(planned.recipients, planned.header.subject_count)


def route_on(
    directory: Directory,
    statement: Draft,
    exchange: Exchange,
    subjects: Mapping[AgencyId, int],
) -> Route:
    """Plan a statement that continues an exchange, on the legs of `subjects_of`."""
    of_exchange = OfExchange(exchange.initiator, exchange.kind, exchange.offences)
    route = _route(
        directory, statement.author, statement.kind, statement.header, of_exchange, subjects
    )
    if statement.kind.spec.involves:
        check_involved(directory, statement)
    involved = involved_in(exchange, statement, subjects)
    if involved:
        withheld = {*route.withheld, *involved.intersection(statement.header.withheld_from)}
        named = {*route.supervisors, *involved} - withheld
        route = replace(route, supervisors=tuple(sorted(named)), withheld=tuple(sorted(withheld)))
    if statement.kind.spec.to_members:
        _check_within_gate(exchange, route)
    return route


def _check_within_gate(exchange: Exchange, route: Route) -> None:
    """Check that what is said to all needs no more approvals than each membership had.

    Otherwise a harmless joint case would lead what is sensitive or in bulk past the gate.
    """
    for asked in route.legs:
        leg = exchange.leg(asked.agency)
        if leg is not None and asked.approvals_required > leg.approvals_required:
            raise Reason.GATE_EXCEEDED.error(
                f"expected what {leg.approvals_required} approval(s) allow: with so many "
                f"{leg.agency} became a member. This needs {asked.approvals_required}, by its "
                "handling, TLP or number of subjects; send it in an exchange of its own"
            )


def unknown_exchange(statement: Draft) -> ExchangeError:
    """An error for an exchange that is not there, or that the author may not know of."""
    return Reason.EXCHANGE_UNKNOWN.error(
        f"expected an exchange that {statement.author.agency} may know of, "
        f"got {statement.exchange_id}"
    )


def subjects_of(exchange: Exchange, statement: Draft, view: AgencyId | None) -> dict[AgencyId, int]:
    """Step 5: the legs that a statement speaks on, each with the subjects that are at stake.

    A supplement adds to what the leg holds already, and a decision is about all of it; otherwise
    the number that calls for four eyes could be split over supplements.
    """
    if statement.kind.spec.supervises:
        # A recipient may supervise another leg, and does not know what is recorded on that one.
        is_own = view == statement.author.agency
        partial = view is not None
        supervised = (
            comment_on(statement) if is_own else check_comment(exchange, statement, partial=partial)
        )
        header = exchange.header
        _check_not_below(header.handling, header.tlp, statement, "the exchange")
        return {supervised: statement.header.subject_count}
    author = statement.author.agency
    # A recipient may supervise or approve another leg, of whose release it is not shown, nor who
    # else approves there by now. In a joint case that it left it is not shown either who was
    # invited since.
    is_on_others = statement.kind.spec.decides and view not in statement.recipients
    is_taken = view not in (None, author) and (
        exchange.kind.spec.is_case or exchange.leg(author) is not None or is_on_others
    )
    if not is_taken and not exchange.is_known_to(author):
        raise unknown_exchange(statement)
    added = statement.header.subject_count
    if statement.kind.spec.invites:
        body: Any = statement.body
        if view not in (None, body.member) and exchange.leg(body.member) is not None:
            return {}  # It supervises the lead, and does not know whether the member has left.
        member = check_invitation(exchange, statement)
        header = exchange.header
        _check_not_below(header.handling, header.tlp, statement, "the joint case")
        leg = exchange.leg(member)
        return {member: added + (leg.subject_count if leg else 0)}
    subjects = {}
    to_members = statement.kind.spec.to_members
    if to_members and view is not None:
        return {}  # A supervisor is shown it; whom it was said to, insiders and auditors judge.
    for leg in addressed_legs(exchange, statement, view):
        if view is not None and leg.agency != view:
            continue
        party_on(exchange, leg, statement)
        _check_not_below(leg.handling, leg.tlp, statement, f"the leg of {leg.agency}")
        reads = to_members and leg.agency != author
        if reads or _passes_gate(statement.kind, author, exchange.initiator):
            subjects[leg.agency] = leg.subject_count + added
        elif statement.kind.spec.decides:
            subjects[leg.agency] = leg.subject_count
        else:
            subjects[leg.agency] = added
    return subjects


def _passes_gate(kind: Kind, author: AgencyId, initiator: AgencyId) -> bool:
    """True if a statement brings new content to recipients; what they answer passes no gate."""
    return kind.spec.passes_gate and author == initiator


def _route(
    directory: Directory,
    author: Member,
    kind: Kind,
    header: Header,
    exchange: OfExchange,
    subjects: Mapping[AgencyId, int],
) -> Route:
    """Plan a statement on the legs of `subjects`, each with the subjects at stake there."""
    question = _question(author, kind, header, exchange, subjects)
    route = _routed(directory.rulebook, question)
    if header.withheld_from:
        return _withholding(directory.rulebook, question, header, route)
    return route


def _withholding(
    rulebook: Rulebook, statement: _RouteQuestion, header: Header, route: Route
) -> Route:
    """The route without the supervisors from whom the author withholds the copy (docs/rules.md#p9).

    Raises:
        NotPermitted: POLICY_DENIED.
    """
    rules = set(route.rule_ids)
    for context in statement.legs():
        rules |= rulebook.check_withholding(context)
    withheld = tuple(each for each in route.supervisors if each in header.withheld_from)
    left = tuple(each for each in route.supervisors if each not in withheld)
    return replace(route, rule_ids=tuple(sorted(rules)), supervisors=left, withheld=withheld)


def _question(
    author: Member,
    kind: Kind,
    header: Header,
    exchange: OfExchange,
    subjects: Mapping[AgencyId, int],
) -> _RouteQuestion:
    return _RouteQuestion(
        author=author.agency,
        role=author.role,
        kind=kind,
        exchange_kind=exchange.kind,
        initiator=exchange.initiator,
        offences=exchange.offences,
        handling=header.handling,
        tlp=header.tlp,
        urgency=header.urgency,
        subjects=tuple(subjects.items()),
    )


class _RouteQuestion(NamedTuple):
    """All that the policy may know of a statement, on every leg that it addresses."""

    author: AgencyId
    role: Role
    kind: Kind
    exchange_kind: Kind
    initiator: AgencyId
    offences: tuple[OffenceType, ...]
    handling: Handling
    tlp: Tlp
    urgency: Urgency
    subjects: tuple[tuple[AgencyId, int], ...]

    def legs(self) -> Iterator[PolicyContext]:
        """The facts on each leg."""
        for recipient, subject_count in self.subjects:
            yield PolicyContext(
                author=self.author,
                role=self.role,
                kind=self.kind,
                exchange_kind=self.exchange_kind,
                initiator=self.initiator,
                recipient=recipient,
                handling=self.handling,
                tlp=self.tlp,
                urgency=self.urgency,
                subject_count=subject_count,
                offences=self.offences,
            )


@lru_cache(maxsize=_CACHED_ROUTES)
def _routed(rulebook: Rulebook, statement: _RouteQuestion) -> Route:
    """Steps 6 and 7 on every leg. Most statements go where many have gone before."""
    rules: set[str] = set()
    routes = []
    supervisors: set[AgencyId] = set()
    for context in statement.legs():
        rules |= rulebook.check_permitted(context)
        is_limited = statement.kind.spec.to_members and context.recipient != statement.author
        if is_limited or _passes_gate(statement.kind, statement.author, statement.initiator):
            gate = rulebook.gate(context)
            routes.append(gate.route)
            rules |= gate.rule_ids
        copies, copy_rules = rulebook.supervisors(context)
        supervisors |= copies
        rules |= copy_rules
    # A party reads the statement anyway; a supervisory copy is for those who do not.
    supervisors -= {statement.author, statement.initiator, *(one for one, _ in statement.subjects)}
    return Route(
        policy_digest=rulebook.policy.digest,
        rule_ids=tuple(sorted(rules)),
        legs=tuple(routes),
        supervisors=tuple(sorted(supervisors)),
    )


def _check_recipients(author: Member, recipients: tuple[AgencyId, ...]) -> None:
    if not recipients:
        raise Reason.MISSING_FIELD.error(
            "expected at least one agency, got none", field="recipients"
        )
    if author.agency in recipients:
        raise Reason.OWN_AGENCY_ADDRESSED.error(
            f"expected other agencies than the author's, got {author.agency}", field="recipients"
        )


def _check_not_below(handling: Handling, tlp: Tlp, statement: Draft, where: str) -> None:
    """Check that nothing goes below a leg's handling and TLP: that would lead past its gate.

    The source is docs/rules.md#p16.
    """
    header = statement.header
    if header.handling < handling:
        raise Reason.INVALID_FIELD.error(
            f"expected at least {handling.name}, the handling of {where}; "
            f"got {header.handling.name}",
            field="handling",
        )
    if header.tlp < tlp:
        raise Reason.INVALID_FIELD.error(
            f"expected at least TLP:{tlp.name}, that of {where}; got TLP:{header.tlp.name}",
            field="tlp",
        )
