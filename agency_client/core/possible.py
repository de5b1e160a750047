"""The acts that a person may do on an exchange now, as far as this side knows before the hub rules.

They follow the rows of the kinds, so a new kind needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from agency_client.core.views import VerifiedExchange
from exchange_protocol.errors import NotFound, NotPermitted
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party, Tlp
from exchange_protocol.record.listing import ExchangeSummary, LegSummary
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.possible import possible_rows
from exchange_protocol.rules.routing import OfExchange, check_may_say
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member


def possible_acts(
    verified: VerifiedExchange, directory: Directory, member: Member, at: datetime
) -> Iterator[tuple[Kind, Act, bool]]:
    """The acts by which a member's agency may continue an exchange; decisions are left out.

    Gives:
        The kind, the act, and whether it is the answer that is owed.
    """
    if verified.party is Party.SUPERVISOR:
        if supervised_agencies(verified, directory, member):
            for kind in Kind:
                if kind.spec.supervises:
                    yield from ((kind, act, False) for act in kind.spec.acts)
        return
    if verified.exchange is None:
        return
    seen = set()
    for kind, row in possible_rows(verified.exchange, member.agency, verified.party, at):
        for act in () if kind.spec.decides else kind.spec.acts:
            is_of_row = row.code is None or row.code in act.fixed.values()
            if is_of_row and act.name not in seen:
                seen.add(act.name)
                yield kind, act, row.is_answer


def may_say(
    directory: Directory, member: Member, summary: ExchangeSummary, legs: Iterable[LegSummary]
) -> Callable[[Kind], bool]:
    """A test whether the policy on the log lets a member say a kind on one of these legs."""
    agencies = tuple(leg.agency for leg in legs)
    is_permitted = may_say_on(directory, member, summary)
    return lambda kind: any(is_permitted(kind, agency) for agency in agencies)


def may_say_on(
    directory: Directory, member: Member, summary: ExchangeSummary
) -> Callable[[Kind, AgencyId], bool]:
    """A test whether the policy on the log lets a member say a kind on the leg of an agency.

    A list does not tell all that a policy may ask of. So this is to offer commands by, and the
    statement is judged when it is made. What is not known here is taken as permitted.
    """
    exchange = OfExchange(summary.initiator, summary.kind)
    header = Header(handling=summary.handling, tlp=Tlp.CLEAR, urgency=summary.urgency)

    def is_permitted(kind: Kind, recipient: AgencyId) -> bool:
        try:
            check_may_say(directory, member, kind, header, exchange, recipient)
        except NotFound:
            return True
        except NotPermitted:
            return directory.policy is None
        return True

    return is_permitted


def supervised_agencies(
    verified: VerifiedExchange, directory: Directory, member: Member
) -> list[AgencyId]:
    """The agencies to which a supervisor may speak of an exchange, by the policy on the log."""
    [kind] = [each for each in Kind if each.spec.supervises]
    exchange = OfExchange(verified.summary.initiator, verified.summary.kind)
    found: list[AgencyId] = []
    for each in verified.statements:
        spec = each.statement.kind.spec
        if spec.decides or spec.supervises:
            continue
        for agency in (each.author.agency, *each.statement.recipients):
            if agency in found:
                continue
            try:
                check_may_say(directory, member, kind, each.statement.header, exchange, agency)
            except (NotPermitted, NotFound):
                continue
            found.append(agency)
    return found
