"""Judge views that show too little of an exchange to replay it: an approver's and a supervisor's.

An approver is shown what it decides on. Of what recipients say it gets copies alone, and only if it
is a supervisor, too. So each statement is judged by itself, on the leg as that statement found it.
What rests on a recipient's statement or on a due time (a consent, a reminder, the end of a freeze,
a supervisor that takes part) cannot be judged here, nor a leg that is not before this approver: by
another policy, others may approve there. Author and signature are verified, and auditors judge the
rest. Where a statement is said on legs before this approver too, those are judged. Either end may
let a supervisor of its own state take part: that is taken from the statements that name it.

A supervisor is shown single statements that name it. Author, certificate and signature are
verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agency_client.core.views import VerifiedStatement
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.rows import About, When, matches
from exchange_protocol.record.replay import DirectoryFold
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.exchange import Exchange, Leg, LegChange
from exchange_protocol.rules.judgement import Judgement, authenticate, judge
from exchange_protocol.rules.statements import BRIEF, Statement
from exchange_protocol.trust.identity import AgencyId


def judge_one_by_one(
    agency: AgencyId, statements: Sequence[VerifiedStatement], fold: DirectoryFold
) -> Exchange:
    """Judge the statements that an approver is shown; gives the exchange as far as it knows it.

    `statements` begin with the initial one; `fold` holds the directory up to the last of them.

    Raises:
        HubDishonest: RULE_BROKEN.
        SignatureInvalid: PEER_SIGNATURE_INVALID.
    """
    first, *later = statements
    exchange = _judge(first, None, fold)
    for each in later:
        others, own = _parted(agency, each)
        if (others and not own) or _rests_on_unseen(each.statement, exchange):
            _check_author(each, fold)
            exchange = _as_recorded(exchange, each)
            continue
        known = {leg.agency: leg.record.involved for leg in exchange.legs}
        found = _with_involved(_as_found(exchange, each), each.statement, fold.before(each.index))
        if others:
            for change in own:
                _judge_leg(each, change, found, fold)
            exchange = _as_recorded(exchange, each)
        else:
            exchange = _judge(each, found, fold)
            # That is told anew by each statement.
            exchange = replace(
                exchange,
                legs=tuple(_involving(leg, known.get(leg.agency, ())) for leg in exchange.legs),
            )
    return exchange


def check_supervised(
    agency: AgencyId, statements: Sequence[VerifiedStatement], fold: DirectoryFold
) -> None:
    """Check that each statement names the agency as supervisor, and that its author signed it.

    A supervisor needs no approvals. Without this check a hub could leave the initial statement out,
    pass a recipient off as a supervisor, and have it open what is held.

    Raises:
        HubDishonest: ENTRY_MISMATCH.
        SignatureInvalid: PEER_SIGNATURE_INVALID.
    """
    for each in statements:
        if agency not in (*each.statement.supervisors, each.author.agency):
            raise Reason.ENTRY_MISMATCH.error(
                f"expected the initial statement of exchange {each.statement.exchange_id}, or "
                f"statements that name {agency} as a supervisor; entry {each.index} is neither"
            )
        _check_author(each, fold)


def _judge(each: VerifiedStatement, found: Exchange | None, fold: DirectoryFold) -> Exchange:
    """Judge one statement on the exchange as it found it: the hub must have ruled the same."""
    judgement = _judged(each, found, fold)
    if judgement.ruling != each.entry.ruling:
        raise _broken(each, f"expected {judgement.ruling}, it records {each.entry.ruling}")
    assert judgement.exchange is not None  # noqa: S101 -- its entry is of an exchange
    return judgement.exchange


def _judged(
    each: VerifiedStatement,
    found: Exchange | None,
    fold: DirectoryFold,
    view: AgencyId | None = None,
) -> Judgement:
    """Judge one statement by the rules, or on the leg of `view` alone."""
    try:
        return judge(
            each.signed,
            each.statement,
            directory=fold.before(each.index),
            exchange=found,
            anchors=fold.anchors,
            at=each.hub_time,
            view=view,
        )
    except ExchangeError as error:
        raise _broken(each, f"the hub accepted what the rules refuse: {error}") from error


def _judge_leg(
    each: VerifiedStatement, recorded: LegChange, found: Exchange, fold: DirectoryFold
) -> None:
    """Judge a statement on one of its legs, as that leg's recipient would."""
    ruling = each.entry.ruling
    assert ruling is not None  # noqa: S101 -- it holds the change
    ruled = _judged(each, found, fold, view=recorded.agency).ruling
    if (
        ruled.policy_digest != ruling.policy_digest
        or not set(ruled.rule_ids) <= set(ruling.rule_ids)
        or recorded not in ruled.legs
    ):
        raise _broken(each, f"expected {ruled} on the leg of {recorded.agency}, it says {ruling}")


def _check_author(each: VerifiedStatement, fold: DirectoryFold) -> None:
    """Verify certificate and signature of a statement, against the directory at its place."""
    try:
        authenticate(
            each.signed, each.statement, fold.before(each.index), fold.anchors, each.hub_time
        )
    except ExchangeError as error:
        raise Reason.PEER_SIGNATURE_INVALID.error(
            f"entry {each.index}, by {each.author}: {error}"
        ) from error


def _parted(agency: AgencyId, each: VerifiedStatement) -> tuple[list[LegChange], list[LegChange]]:
    """The changes that the hub recorded: of legs before others, and of those before an agency.

    Of what is said on legs before others it is shown a part at most.
    """
    others: list[LegChange] = []
    own: list[LegChange] = []
    for change in each.entry.ruling.legs if each.entry.ruling else ():
        (own if agency in change.approvers else others).append(change)
    return others, own


def _rests_on_unseen(statement: Statement, exchange: Exchange) -> bool:
    """True if only who sees what recipients said can judge a statement of the initiator or of one.

    An approver that is a supervisor, too, gets copies of some of what a recipient says, and may not
    get what these rest on. It comments on what was released, perhaps before it was an approver.
    """
    if statement.kind.spec.supervises:
        return True
    author = statement.author.agency
    is_initiators = author == exchange.initiator
    if not is_initiators and exchange.leg(author) is None:
        return False
    party = Party.INITIATOR if is_initiators else Party.RECIPIENT
    return any(
        row.about is About.OTHERS
        or row.when is When.AFTER_DUE
        or row.involves
        or (not is_initiators and (row.about or row.when or row.after_return) is not None)
        for row in statement.kind.spec.rows
        if row.party is party and matches(row, statement.body)
    )


def _as_found(exchange: Exchange, each: VerifiedStatement) -> Exchange:
    """The exchange as a statement found it, as far as an approver can know.

    An approver does not see the recipients' statements in between. So the state of a leg, and what
    it awaits an answer to, are taken from the statement. A decision must answer the statement that
    the approver saw waiting.
    """
    if each.statement.kind.spec.decides or each.entry.ruling is None:
        return exchange
    before = {change.agency: change.before for change in each.entry.ruling.legs}
    return replace(
        exchange,
        legs=tuple(
            replace(leg, state=state, awaits=each.statement.answers or b"")
            if (state := before.get(leg.agency)) is not None
            else leg
            for leg in exchange.legs
        ),
    )


def _with_involved(exchange: Exchange, statement: Statement, directory: Directory) -> Exchange:
    """The exchange with the supervisors that its ends may have let take part before a statement.

    Such a one is of the state of either end. It is named as a supervisor, and reads every part.
    """
    beside = [part for part in statement.parts if part.name != BRIEF]
    taking_part = [
        each
        for each in statement.supervisors
        if all(part.wrapped_key(each) is not None for part in beside)
    ]
    country = directory.times.countries.get

    def added(leg: Leg) -> Leg:
        states = (country(leg.agency), country(exchange.initiator))
        new = [each for each in taking_part if country(each) in states]
        speaks_on = (*statement.recipients, statement.author.agency)
        if not leg.was_released or leg.agency not in speaks_on:
            return leg
        return _involving(leg, tuple(dict.fromkeys((*leg.record.involved, *new))))

    return replace(exchange, legs=tuple(map(added, exchange.legs)))


def _involving(leg: Leg, supervisors: tuple[AgencyId, ...]) -> Leg:
    return replace(leg, record=replace(leg.record, involved=supervisors))


def _as_recorded(exchange: Exchange, each: VerifiedStatement) -> Exchange:
    """The exchange after a statement that cannot be judged, as the hub recorded it.

    Later ones may rest on it: a correction can be one of a reminder, a supervisor that approves,
    too, comments on what it got a copy of, and new content adds to what was on its leg before.
    """
    changes = each.entry.ruling.legs if each.entry.ruling else ()
    recorded = {change.agency: change for change in changes}
    said, by_initiator = each.statement, each.author.agency == exchange.initiator
    header = said.header

    def said_on(leg: Leg, change: LegChange) -> Leg:
        record, new = leg.record, (said.digest,)
        record = replace(
            record,
            from_initiator=record.from_initiator + (new if by_initiator else ()),
            from_recipient=record.from_recipient + (() if by_initiator else new),
            supervisors=tuple(dict.fromkeys((*record.supervisors, *said.supervisors))),
        )
        leg = replace(
            leg,
            state=change.after,
            approvals_required=change.approvals_required,
            approvers=change.approvers,
            record=record,
        )
        if not (by_initiator and said.kind.spec.passes_gate):
            return leg
        return replace(
            leg,
            awaits=said.digest,
            approvals=(),
            handling=max(leg.handling, header.handling),
            tlp=max(leg.tlp, header.tlp),
            subject_count=leg.subject_count + header.subject_count,
        )

    return exchange.with_legs(
        tuple(
            said_on(leg, recorded[leg.agency]) if leg.agency in recorded else leg
            for leg in exchange.legs
        )
    )


def _broken(each: VerifiedStatement, why: str) -> ExchangeError:
    return Reason.RULE_BROKEN.error(f"entry {each.index}: {why}")
