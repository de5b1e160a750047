"""Routes: which legs a statement speaks on, and what the policy asks of it there.

The policy on the log says who approves, who supervises and who reads (`plan_route`). A hub that
plans otherwise under the same directory breaks a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agency_client.core.calls import Operation, ask_hub
from agency_client.core.exchanges import HasId
from agency_client.core.given import parse_agencies
from agency_client.core.ports import Ports
from agency_client.core.views import UnsealedExchange, VerifiedExchange
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.kinds.codes import Handling, LegState, Party, Tlp
from exchange_protocol.kinds.offences import offences_of
from exchange_protocol.kinds.rows import BEFORE_ANSWER, About, When, matches
from exchange_protocol.rules.exchange import Exchange, Leg
from exchange_protocol.rules.joint_case import active_members, recipients_of
from exchange_protocol.rules.moves import advice, out_of_order, row_for
from exchange_protocol.rules.recording import has_about
from exchange_protocol.rules.routing import Route
from exchange_protocol.rules.statements import Draft, Header
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2


def compare_plan(ports: Ports, draft: Draft, route: Route) -> Operation[None]:
    """Ask the hub for its plan: under the same directory it must be the same.

    Raises:
        HubDishonest: RULE_BROKEN.
    """
    if ports.channel_member.role is not draft.author.role:
        return  # The hub plans for whom the channel speaks, and the policy knows roles.
    if draft.header.withheld_from:
        return  # It is not asked about copies that are withheld; it judges them.
    header = draft.header
    try:
        answer = yield from ask_hub(
            "ExchangeService/PlanRoute",
            pb.PlanRouteRequest(
                kind=draft.kind.value,
                recipients=draft.recipients,
                handling=statement_pb2.Handling.ValueType(header.handling),
                tlp=statement_pb2.Tlp.ValueType(header.tlp),
                urgency=statement_pb2.Urgency.ValueType(header.urgency),
                subject_count=header.subject_count,
                offence_types=[
                    statement_pb2.OffenceType.ValueType(each) for each in offences_of(draft.body)
                ],
            ),
            pb.PlanRouteResponse,
        )
    except HubUnavailable:
        return
    if answer.directory_size != ports.directory.size:
        # Someone changed the directory this moment; the hub judges by the newest and says so.
        return
    theirs = (
        answer.policy_sha256,
        tuple(answer.rule_ids),
        tuple((leg.agency, leg.approvals_required, tuple(leg.approvers)) for leg in answer.legs),
        tuple(answer.supervisors),
    )
    ours = (
        route.policy_digest,
        route.rule_ids,
        tuple((leg.agency, leg.approvals_required, leg.approvers) for leg in route.legs),
        route.supervisors,
    )
    if theirs != ours:
        raise Reason.RULE_BROKEN.error(
            f"under the policy on the log the route is {route}; the hub plans another"
        )


@dataclass(frozen=True, slots=True)
class Addressed:
    """The recipients of a continuing statement, and the statement that it answers."""

    legs: tuple[Leg, ...]
    """The legs that are there and that it speaks on."""
    recipients: tuple[AgencyId, ...]
    answers: bytes
    header: Header
    """Header of the initial statement."""

    @property
    def handling(self) -> tuple[Handling, ...]:
        """The least strict handling that it may have."""
        return tuple(leg.handling for leg in self.legs) or (self.header.handling,)

    @property
    def tlp(self) -> tuple[Tlp, ...]:
        """The least strict TLP that it may have."""
        return tuple(leg.tlp for leg in self.legs) or (self.header.tlp,)


def address(
    agency: AgencyId,
    verified: VerifiedExchange,
    state: Exchange,
    body: Any,
    named: Iterable[str] | str | None,
) -> Addressed:
    """Find the recipients of a body: by the rules of joint cases, or on the legs of `choose_legs`.

    The signing judges whether it may be said so.
    """
    spec = kind_of(body).spec
    if spec.invites:
        return Addressed((), (body.member,), state.initial_digest, state.header)
    if spec.to_members:
        recipients = recipients_of(state, agency)
        return Addressed(active_members(state), recipients, state.initial_digest, state.header)
    legs = choose_legs(agency, verified, state, body, named)
    is_recipient = verified.party is Party.RECIPIENT
    recipients = tuple(leg.agency for leg in legs)
    if is_recipient:
        recipients = (state.initiator, *(each for leg in legs for each in leg.record.askers(body)))
    return Addressed(legs, recipients, legs[0].awaits, state.header)


def choose_legs(
    agency: AgencyId,
    verified: VerifiedExchange,
    state: Exchange,
    body: Body,
    named: Iterable[str] | str | None,
) -> tuple[Leg, ...]:
    """The legs to speak on: those named, or all on which the kind is allowed now.

    Of a body about another statement: all of them where that statement stands.

    Raises:
        NotFound: STATEMENT_UNKNOWN, if the statement that it is about stands on none of them.
        NotPermitted: NOT_A_PARTY or OWN_REQUEST, if the agency may say it on no leg.
        Conflict: OUT_OF_ORDER, if no leg allows it now.
        InvalidInput: if the legs wait for answers to different statements.
    """
    party = verified.party if verified.party is not Party.SUPERVISOR else Party.APPROVER
    _check_party(agency, body, party)
    if party is Party.RECIPIENT:
        own = state.leg(agency)
        return (own,) if own else ()
    if named is not None:
        wanted = parse_agencies(named, "legs")
        if not wanted:
            raise Reason.INVALID_FIELD.error("expected at least one leg, got none", field="legs")
        chosen = tuple(leg for leg in state.legs if leg.agency in wanted)
        if len(chosen) != len(wanted):
            raise Reason.NOT_A_PARTY.error(
                f"expected legs out of {_listed(state.legs)}; got {', '.join(wanted)}",
                field="legs",
            )
    else:
        chosen = tuple(
            leg
            for leg in state.legs
            if row_for(state, leg, body, party) is not None
            and (party is not Party.APPROVER or agency in leg.approvers)
        )
        chosen = _with_due(state, chosen, body, party)
        _check_none_stays_open(state, chosen, body, party)
    chosen = _with_about(state, chosen, body, party, is_named=named is not None)
    if not chosen:
        raise _none_allowed(state, body, party)
    alike: dict[bytes, list[Leg]] = {}
    for leg in chosen:
        alike.setdefault(leg.awaits, []).append(leg)
    if len(alike) > 1:
        each_alone = ", then with ".join(map(_named_legs, alike.values()))
        raise Reason.INVALID_FIELD.error(
            f"the legs {_listed(chosen)} wait for answers to different statements; "
            f"say it on each by itself: with {each_alone}",
            field="legs",
        )
    return chosen


def _check_none_stays_open(
    state: Exchange, chosen: tuple[Leg, ...], body: Body, party: Party
) -> None:
    """Refuse to close a joint case as a whole while an invitation to it is open.

    The invitation would stay, and its agency could join a case that all others have left.
    """
    rows = (row_for(state, leg, body, party) for leg in chosen)
    if not state.kind.spec.is_case or not any(row and row.after is LegState.CLOSED for row in rows):
        return
    invited = [leg for leg in state.legs if leg.state in BEFORE_ANSWER]
    if invited:
        raise Reason.OUT_OF_ORDER.error(
            f"an invitation is open, to {_listed(invited)}, so the case would go on. Recall it "
            f"first: agency recall {state.id} {_named_legs(invited[:1])}. To end the part of "
            "members alone, name them by --leg"
        )


def _with_due(state: Exchange, chosen: tuple[Leg, ...], body: Any, party: Party) -> tuple[Leg, ...]:
    """The legs that have a due time, for what is said after it alone; all, if none has one."""
    rows = (row_for(state, leg, body, party) for leg in chosen)
    if not any(row is not None and row.when is When.AFTER_DUE for row in rows):
        return chosen
    return tuple(leg for leg in chosen if leg.due_at is not None) or chosen


def _with_about(
    state: Exchange, chosen: tuple[Leg, ...], body: Any, party: Party, *, is_named: bool
) -> tuple[Leg, ...]:
    """The legs on which the statement stands that a body is about; all for a body without one."""
    rows = kind_of(body).spec.rows
    about = next(
        (row.about for row in rows if row.party is party and row.about and matches(row, body)), None
    )
    if about is None:
        return chosen
    standing = tuple(leg for leg in state.legs if has_about(leg.record, about, party, body))
    if not standing:
        whose = "of your own" if about is About.OWN else "of the other side"
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement {whose} on one of the legs {_listed(state.legs)}, "
            f"got {body.about.hex()}; `agency show` has the digest of each statement",
            field="about",
        )
    if not is_named:
        # Where none of these allows it now, the lifecycle says why.
        return tuple(leg for leg in standing if leg in chosen) or standing
    others = [leg for leg in chosen if leg not in standing]
    if others:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"the statement {body.about.hex()} does not stand on the leg of {_listed(others)}, but "
            f"on that of {_listed(standing)}: name that one, or no leg",
            field="legs",
        )
    return chosen


def check_read(exchange: str | HasId, body: Body, legs: Iterable[Leg]) -> None:
    """Refuse a decision on another statement than the caller read, or an approval of one unread.

    Otherwise a hub could show an older statement to be read, and the newer one to be approved.
    """
    if not isinstance(exchange, VerifiedExchange | UnsealedExchange):
        return
    read = {leg.agency: leg.awaits for leg in exchange.legs}
    for leg in legs:
        if read.get(leg.agency) != leg.awaits:
            raise Reason.STALE_ANSWER.error(
                f"expected the statement that was read on the leg of {leg.agency} to wait still; "
                f"{leg.awaits.hex()} waits there now: open the exchange anew",
                field="answers",
            )
    if isinstance(exchange, UnsealedExchange) and kind_of(body).spec.approves(body):
        awaited = {leg.awaits for leg in legs}
        for each in exchange.statements:
            if each.statement.digest in awaited and each.faults:
                raise each.faults[0].error


def _check_party(agency: AgencyId, body: Body, party: Party) -> None:
    """Refuse a kind that this agency may say on no leg, whatever its state; say why."""
    kind = kind_of(body)
    parties = {row.party for row in kind.spec.rows}
    if party in parties:
        return
    if kind.spec.decides and party is Party.INITIATOR:
        raise Reason.OWN_REQUEST.error(
            f"expected a decision by another agency than the initiator {agency}"
        )
    entitled = " or ".join(sorted(each.name.lower() for each in parties))
    raise Reason.NOT_A_PARTY.error(
        f"{kind} is for the {entitled} to say; on this exchange {agency} is the "
        f"{party.name.lower()}"
    )


def _none_allowed(state: Exchange, body: Body, party: Party) -> ExchangeError:
    """The error for a body that no leg allows now."""
    first, *others = state.legs
    if all(leg.state is first.state for leg in others):
        return out_of_order(state, first, body, party)
    words = state.kind.spec.states
    states = (f"{leg.agency}: {words.get(leg.state, leg.state.words).en}" for leg in state.legs)
    return Reason.OUT_OF_ORDER.error(
        f"the statement ({kind_of(body).spec.words.en}) is not possible on any leg now. "
        + ", ".join(states)
        + next(filter(None, (advice(state, leg, body, party) for leg in state.legs)), "")
    )


def _named_legs(legs: Iterable[Leg]) -> str:
    return " ".join(f"--leg {leg.agency}" for leg in legs)


def _listed(legs: Iterable[Leg]) -> str:
    return ", ".join(leg.agency for leg in legs)
