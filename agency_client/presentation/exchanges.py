"""One exchange, verified and unsealed, as facts in words: header, legs, timeline, references.

An agency knows of a leg what its part allows. The initiator knows every leg, a recipient its own,
an approver those that it decides. A supervisor is shown single statements, as the policy says: of
each leg it learns what those did to it (proven, as of their entries) and what the hub lists now
(unproven).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from agency_client.core.acts import summary_of
from agency_client.core.views import (
    PartFault,
    UnsealedExchange,
    UnsealedStatement,
    VerifiedExchange,
    VerifiedStatement,
)
from agency_client.presentation.documents import part_words
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.steps import (
    ENDS_BY_ITSELF,
    LegTurn,
    MaySay,
    state_words,
    turn_words,
)
from agency_client.presentation.words import (
    body_words,
    end_words,
    statement_words,
)
from agency_client.state.references import Reference
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language, LegState, Party, Urgency
from exchange_protocol.kinds.rows import OWES
from exchange_protocol.kinds.supervisor_comment import SupervisorWish
from exchange_protocol.record.entries import Entry, read_entry
from exchange_protocol.record.notices import Notice
from exchange_protocol.rules.clocks import Clock, is_overdue, next_due, running
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.rules.joint_case import OVER
from exchange_protocol.rules.leg_record import Claim
from exchange_protocol.rules.statements import Header, Statement
from exchange_protocol.trust.identity import AgencyId, Member, parse_member
from exchange_protocol.words import Words

_DIGEST: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFacts:
    """The facts that an agency knows of a leg."""

    agency: AgencyId
    state: LegState | None
    """Proven; None where no statement that it is shown says it."""
    approvals_required: int
    approvers: tuple[AgencyId, ...]
    approvals: tuple[str, ...] = ()
    """URIs of those who approved, as far as it is shown them."""
    due_at: datetime | None = None
    due_on: date | None = None
    """The day whose end is the due time, where its author gave a day."""
    clocks: tuple[Clock, ...] = ()
    """The times that run on it, the most pressing first; the hub's word where `listed` is."""
    as_of_entry: int | None = None
    """The entry that proves the state, where later ones may have changed it unseen."""
    claim: Claim | None = None
    """The member that has it in hand while it waits for approval, and since when."""
    listed: LegState | None = None
    """The state that the hub lists now, where it is not proven."""
    kind: Kind
    """The kind of the exchange."""
    consents_asked_of: tuple[Party, ...] = ()
    """The ends of the leg that are to decide on a request for consent."""

    @property
    def owes(self) -> bool:
        """True if an answer is still owed, or a freeze runs."""
        return (self.listed or self.state) in OWES

    @property
    def is_frozen(self) -> bool:
        """True if a freeze runs, whose end is the due time."""
        return (self.listed or self.state) in ENDS_BY_ITSELF

    def is_overdue(self, now: datetime) -> bool:
        """True if its answer was due before now, and is still owed."""
        state = self.listed or self.state
        return state is not None and is_overdue(self.due_at, state, now)


class Fact(NamedTuple):
    """A name and a value; an alarm is one that nobody should miss."""

    name: str
    value: str
    is_alarm: bool = False


class Happening(NamedTuple):
    """A line of the timeline."""

    at: datetime
    who: str
    what: str
    more: str


def known_legs(verified: VerifiedExchange, agency: AgencyId) -> list[LegFacts]:
    """The legs whose state the agency can know: of others it sees how they began, no more."""
    kind = kind_of_exchange(verified)
    match verified.party:
        case Party.SUPERVISOR:
            legs = _supervised_legs(verified)
        case Party.RECIPIENT:
            legs = [_leg(leg, kind) for leg in verified.legs if leg.agency == agency]
        case Party.APPROVER:
            legs = [_leg(leg, kind) for leg in verified.legs if agency in leg.approvers]
        case _:
            legs = [_leg(leg, kind) for leg in verified.legs]
    return legs


def turn_of(
    verified: VerifiedExchange,
    legs: Iterable[LegFacts],
    agency: AgencyId,
    locale: Locale,
    now: datetime,
    may_say: MaySay | None = None,
) -> str:
    """The agencies that the exchange waits for, in words.

    With `may_say`, a step that the person's role does not permit is named as one for others.
    """
    known = [
        LegTurn(
            leg.agency,
            state,
            leg.consents_asked_of,
            leg.due_at,
            leg.due_on,
            leg.clocks,
            *_asked(verified, leg.agency),
            tuple(leg.approvers),
        )
        for leg in legs
        if (state := leg.listed or leg.state) is not None
    ]
    first = verified.initial
    initiator = first.author.agency if first else verified.summary.initiator
    kind = kind_of_exchange(verified)
    said = turn_words(kind, known, initiator, verified.party, agency, locale, now, may_say)
    # Nobody is let take part in what is closed.
    is_closed = bool(known) and all(leg.state in OVER for leg in known)
    wishes = [] if is_closed else _wishes(verified, agency, locale)
    return "; ".join(filter(None, (said, *wishes)))


def _wishes(verified: VerifiedExchange, agency: AgencyId, locale: Locale) -> list[str]:
    """Say which supervisors ask the agency to be involved, until each takes part."""
    asking: dict[AgencyId, str] = {}
    for each in verified.statements:
        body: Any = each.statement.body
        spec = each.kind.spec
        if spec.supervises and body.agency == agency and body.wish is SupervisorWish.INVOLVEMENT:
            asking[each.author.agency] = locale.say(body.wish)
        elif spec.involves:
            asking.pop(body.supervisor, None)
        elif spec.invites:
            asking.pop(body.member, None)
    return [f"{locale.agency(supervisor)} {wish}" for supervisor, wish in asking.items()]


def _asked(verified: VerifiedExchange, agency: AgencyId) -> tuple[Party | None, Words | None]:
    """The end of a leg of which something is asked, and what: it waits until it is answered."""
    awaited = next((leg.awaits for leg in verified.legs if leg.agency == agency), None)
    found = next((each for each in verified.statements if each.statement.digest == awaited), None)
    if found is None or found.kind.spec.asks is None:
        return None, None
    is_of_recipient = found.statement.author.agency == agency
    return Party.INITIATOR if is_of_recipient else Party.RECIPIENT, found.kind.spec.asks


def kind_of_exchange(verified: VerifiedExchange) -> Kind:
    """The kind of an exchange, proven where its initial statement is shown."""
    first = verified.initial
    return first.kind if first else verified.summary.kind


def header_facts(
    opened: UnsealedExchange,
    legs: Sequence[LegFacts],
    agency: AgencyId,
    locale: Locale,
    now: datetime,
    may_say: MaySay | None = None,
) -> list[Fact]:
    """Say the kind of the exchange, its terms, its due time, and whose turn it is."""
    verified = opened.verified
    facts = [Fact(locale.say(Label.EXCHANGE), opened.id)]
    first = opened.initial
    if first is not None:
        header = first.statement.header
        facts += [
            Fact(locale.say(Label.KIND), locale.say(first.kind.spec.words)),
            Fact(locale.say(Label.FROM), who(first.author, locale)),
            Fact(locale.say(Label.TO), _agencies(first.statement.recipients, locale)),
            Fact(
                locale.say(Label.HANDLING),
                f"{locale.say(header.handling)}; {locale.say(header.tlp)}",
            ),
            Fact(locale.say(Label.URGENCY), locale.say(header.urgency)),
        ]
    facts += due_facts(opened, legs, locale, now)
    if first is not None:
        header = first.statement.header
        facts += [
            Fact(locale.say(Label.PURPOSE), locale.say(header.purpose) if header.purpose else ""),
            Fact(locale.say(Label.LEGAL_BASIS), locale.one_line(header.legal_basis or "")),
            Fact(
                locale.say(Label.PERMITTED_USES), ", ".join(map(locale.say, header.permitted_uses))
            ),
            Fact(
                locale.say(Label.ONWARD_AUTHORITIES), _agencies(header.onward_authorities, locale)
            ),
            Fact(locale.say(Label.SUBJECTS), str(header.subject_count)),
            Fact(locale.say(Label.SUPERVISORS), _agencies(first.statement.supervisors, locale)),
            *withheld_facts(header, locale),
        ]
    facts += [
        Fact(locale.say(Label.YOU_ARE), locale.say(verified.party)),
        Fact(
            locale.say(Label.VERIFIED),
            locale.say(Label.AGAINST_LOG, size=verified.checkpoint.size),
        ),
        Fact(locale.say(Label.NEXT), turn_of(verified, legs, agency, locale, now, may_say)),
    ]
    return [fact for fact in facts if fact.value]


def _agencies(agencies: Iterable[AgencyId], locale: Locale) -> str:
    return "; ".join(map(locale.agency, agencies)) if locale.names else ", ".join(agencies)


def due_facts(
    opened: UnsealedExchange, legs: Iterable[LegFacts], locale: Locale, now: datetime
) -> Iterator[Fact]:
    """Say when the next answer is due, by the legs; an overdue one is an alarm."""
    legs = list(legs)
    states = [(leg.due_at, leg.listed or leg.state) for leg in legs]
    due = next_due((at, state) for at, state in states if state is not None)
    if due is None:
        # Nothing is owed any more, or the legs are not known.
        first = opened.initial
        header = first.statement.header if first else Header()
        yield Fact(locale.say(Label.DUE), _until(header.due_at, header.due_on, locale))
        return
    is_late = due < now
    day = next((leg.due_on for leg in legs if leg.due_at == due and leg.due_on), None)
    is_end = any(leg.is_frozen for leg in legs if leg.due_at == due)
    until = _until(due, day, locale)
    said = locale.due(due, day, now, is_overdue=is_late, is_end=is_end, time=until)
    yield Fact(locale.say(Label.DUE), said, is_late)


def _until(at: datetime | None, day: date | None, locale: Locale) -> str:
    """A due time as its author gave it: a day with its zone, or a moment of this reader's clock."""
    return (
        locale.until(at, day) if at is None or day is None else end_words(day, at, locale.language)
    )


def leg_row(leg: LegFacts, locale: Locale, now: datetime) -> tuple[str, str, str, str]:
    """A leg in words: agency, state, approvals, due time."""
    until = _until(leg.due_at, leg.due_on, locale)
    return (
        locale.agency(leg.agency),
        leg_state_words(leg, locale),
        approval_words(leg, locale),
        locale.due(
            leg.due_at,
            leg.due_on,
            now,
            is_overdue=leg.is_overdue(now),
            is_end=leg.is_frozen,
            time=until,
        )
        if leg.owes
        else until,
    )


def leg_state_words(leg: LegFacts, locale: Locale) -> str:
    """The state of a leg, and since when that is all that is proven."""
    if leg.state is None:
        return ""
    said = locale.say(state_words(leg.kind, leg.state))
    if leg.claim is not None:
        member, since = parse_member(leg.claim.member), locale.minute(leg.claim.at)
        in_hand = locale.say(Label.IN_HAND, who=who(member, locale), time=since)
        return f"{said}, {in_hand}"
    if leg.as_of_entry is None:
        return said
    return locale.say(Label.AS_OF_ENTRY, state=said, entry=leg.as_of_entry)


def approval_words(leg: LegFacts, locale: Locale) -> str:
    """Count the approvals given of those needed, with their authors."""
    if not leg.approvals_required:
        return locale.say(Label.NO_APPROVAL_NEEDED)
    given, required = len(leg.approvals), leg.approvals_required
    if leg.state is LegState.HELD:
        whom = f" {locale.say(Label.OR)} ".join(map(locale.agency, leg.approvers))
        return locale.say(Label.APPROVALS_BY, given=given, required=required, whom=whom)
    said = locale.say(Label.APPROVALS_GIVEN, given=given, required=required)
    by = "; ".join(who(parse_member(uri), locale) for uri in leg.approvals)
    return f"{said}: {by}" if by else said


def timeline(opened: UnsealedExchange, locale: Locale) -> list[Happening]:
    """List statements and deliveries by time; what a reader received at a time is one line."""
    return verified_timeline(opened.verified, locale)


def verified_timeline(verified: VerifiedExchange, locale: Locale) -> list[Happening]:
    """The same of an exchange that was verified and not unsealed: reading it is no delivery."""
    said = {each.statement.digest: each for each in verified.statements}
    happened = [
        Happening(
            each.hub_time,
            who(each.author, locale),
            locale.say(each.kind.spec.words),
            outcome(each, locale),
        )
        for each in verified.statements
    ]
    # A reader fetches a statement part by part, and each part is an entry of the log.
    for _, parts in groupby(verified.deliveries, key=_delivery_of):
        first = next(parts)
        statement = said.get(first.payload_digest)
        what = statement.kind.spec.words if statement else Label.STATEMENT
        happened.append(
            Happening(
                first.hub_time,
                who(first.actor, locale),
                locale.say(Label.RECEIVED, what=locale.say(what)),
                "",
            )
        )
    return sorted(happened, key=lambda each: each.at)


def outcome(statement: UnsealedStatement | VerifiedStatement, locale: Locale) -> str:
    """The codes that a statement carries beside its kind, in words."""
    said = ", ".join(statement_words(statement.statement, locale.language, locale.zone))
    return with_short_digests(said)


def with_short_digests(text: str) -> str:
    """A text with the beginnings of its digests: enough to find a statement by, and to type."""
    return _DIGEST.sub(lambda found: f"{found[1]}…", text)


def own_summary(statement: Statement, summary: str, locale: Locale) -> str:
    """The words of a reader for a summary that its author's program wrote; "" for another one.

    Such a summary is English, and names the act with its codes.
    """
    acts = statement.kind.spec.acts
    written = [act for act in acts if summary == summary_of(act, statement.body, act.codes)]
    if not written:
        return ""
    if locale.language is Language.EN:
        return with_short_digests(summary)
    done = locale.say(statement.kind.spec.words)
    codes = ", ".join(body_words(statement.body, locale.language, locale.zone))
    said = f"{done[:1].upper()}{done[1:]}"
    return with_short_digests(f"{said}: {codes}" if codes else said)


def who(member: Member, locale: Locale) -> str:
    """A member as people say it: agency, role and name."""
    name = f" {locale.one_line(member.name)}" if member.name else ""
    return f"{locale.agency(member.agency)}, {locale.say(member.role)}{name}"


def fault_words(fault: PartFault, locale: Locale) -> str:
    """A part that should be readable and is not, why, and who can mend it."""
    return locale.say(
        Label.PART_FAULT,
        part=part_words(fault.part, locale),
        error=locale.visible(locale.with_own_times(str(fault.error))),
        whom=fault.ask,
    )


def reference_of(opened: UnsealedExchange, agency: AgencyId) -> Reference:
    """Give the references of the exchange on each side, and its summary."""
    own = theirs = ""
    for each in opened.statements:
        given = each.brief.own_reference if each.brief else None
        if given and each.author.agency == agency:
            own = given
        elif given:
            theirs = theirs or given
    first = opened.initial
    summary = first.brief.summary if first and first.brief else ""
    return Reference(own, theirs, " ".join(summary.split()))


def _leg(leg: Leg, kind: Kind) -> LegFacts:
    return LegFacts(
        kind=kind,
        agency=leg.agency,
        state=leg.state,
        approvals_required=leg.approvals_required,
        approvers=leg.approvers,
        approvals=leg.approvals,
        due_at=leg.due_at,
        due_on=leg.due_on,
        clocks=running(leg.state, leg.record.times, leg.due_at, leg.due_on),
        claim=leg.record.claim,
        consents_asked_of=tuple(
            party
            for party in (Party.INITIATOR, Party.RECIPIENT)
            if leg.record.consents_asked_of(party, leg.state)
        ),
    )


def _supervised_legs(verified: VerifiedExchange) -> list[LegFacts]:
    listed = {leg.agency: leg for leg in verified.summary.legs}
    proven = {
        change.agency: (change, each.index)
        for each in verified.statements
        if each.entry.ruling is not None
        for change in each.entry.ruling.legs
    }
    given = _given_approvals(verified.statements)
    legs = []
    for agency in dict.fromkeys((*proven, *listed)):
        change, index = proven.get(agency, (None, None))
        now = listed.get(agency)
        legs.append(
            LegFacts(
                kind=kind_of_exchange(verified),
                agency=agency,
                state=change.after if change else None,
                approvals_required=change.approvals_required
                if change
                else now.approvals_required
                if now
                else 0,
                approvers=change.approvers if change else (),
                approvals=tuple(given.get(agency, ())),
                due_at=now.due_at if now else None,
                due_on=now.due_on if now else None,
                clocks=now.clocks if now else (),
                as_of_entry=index,
                listed=now.state if now else None,
            )
        )
    return legs


def _given_approvals(statements: Iterable[VerifiedStatement]) -> dict[AgencyId, list[str]]:
    """URIs of those who approved each leg, since new content last had to pass the gate."""
    given: dict[AgencyId, list[str]] = {}
    for each in statements:
        statement, ruling = each.statement, each.entry.ruling
        if statement.kind.spec.approves(statement.body):
            for agency in statement.recipients:
                given.setdefault(agency, []).append(each.author.uri)
        elif statement.kind.spec.passes_gate and ruling is not None:
            for change in ruling.legs:
                if change.approvals_required:
                    given[change.agency] = []
    return given


def _delivery_of(entry: Entry) -> tuple[str, bytes]:
    return entry.actor.uri, entry.payload_digest


def notice_line(
    notice: Notice,
    exchange: VerifiedExchange | None,
    reference: Reference | None,
    turn: str,
    locale: Locale,
) -> str:
    """A notice of a watch as a line: when, which exchange, what by whom, whose turn it is now.

    Without the verified exchange the line says what the hub's notice says.
    """
    entries = exchange.entries if exchange else ()
    entry = next(
        (read_entry(each.opening.entry) for each in entries if each.index == notice.index), None
    )
    actor = who(entry.actor, locale) if entry else notice.actor_agency
    pieces = (
        locale.minute(entry.hub_time) if entry else "",
        notice.exchange_id,
        locale.one_line(reference.shown) if reference else "",
        locale.say(notice.urgency) if notice.urgency is Urgency.URGENT else "",
        locale.say(Label.WHAT_BY, what=_noticed(notice, exchange, locale), who=actor),
        turn,
    )
    return "  ".join(filter(None, pieces))


def _noticed(notice: Notice, exchange: VerifiedExchange | None, locale: Locale) -> str:
    """Say the event: a statement with its codes, or another one."""
    for each in exchange.statements if exchange else ():
        if each.index == notice.index:
            codes = statement_words(each.statement, locale.language, locale.zone)
            return ", ".join((locale.say(each.kind.spec.words), *codes))
    return locale.say(notice.kind.spec.words if notice.kind else notice.event)


def withheld_facts(header: Header, locale: Locale) -> Iterator[Fact]:
    """The supervisors from whom a copy is withheld, and the ground."""
    if header.withholding_ground is not None:
        whom = _agencies(header.withheld_from, locale)
        ground = locale.say(header.withholding_ground)
        yield Fact(locale.say(Label.COPY_WITHHELD), f"{whom}: {ground}")
