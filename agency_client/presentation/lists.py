"""Exchanges as the hub lists them, in words: its word, with what this profile knows beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from agency_client.presentation.due import clock_words, pressing
from agency_client.presentation.exchanges import who
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.news import NOTHING_READ, news_words, read_up_to
from agency_client.presentation.steps import ENDS_BY_ITSELF, Waiting, state_words
from agency_client.presentation.visible import shortened
from agency_client.state.references import Reference
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party, Urgency
from exchange_protocol.record.listing import AskedConsent, ExchangeSummary, LegSummary
from exchange_protocol.rules.clocks import Clock, ClockKind, is_overdue

_BELOW: Final = "\n"
"""Lists have the distance below the time, to be narrow."""
NO_MARKS: Final[Mapping[str, int]] = MappingProxyType({})
"""The marks of a person who has read nothing."""
_ENGLISH: Final = Locale()
MOST_SUMMARY: Final = 80
"""Characters of a summary in a list."""


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange of a list."""

    exchange_id: str
    reference: str
    what: str
    initiator: str
    legs: tuple[tuple[str, LegState], ...]
    """Each leg in words, with its state."""
    handling: str
    due: str
    clock: str
    """The time that ends first, and how much of it is over; empty where none runs."""
    is_overdue: bool
    updated: str
    about: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing that waits for the agency."""

    exchange_id: str
    reference: str
    what: str
    state: str
    due: str
    clock: str
    """The time in which the agency is to act, and how much of it is over."""
    is_overdue: bool
    about: str
    step: str
    commands: tuple[str, ...]


def is_late(summary: ExchangeSummary, party: Party | None, now: datetime) -> bool:
    """True if something of an exchange was due before now: for an approver, its decision."""
    if party is not Party.APPROVER:
        return summary.is_overdue(now)
    clock = pressing(summary.legs, party)
    return clock is not None and clock.is_over(now)


def row(
    summary: ExchangeSummary,
    known: Mapping[str, Reference],
    locale: Locale,
    now: datetime,
    party: Party | None = None,
    marks: Mapping[str, int] = NO_MARKS,
) -> Row:
    """An exchange of a list in words; with `party`, of a list of what the agency is that in.

    `marks` say up to which entry the person has read it.
    """
    read = read_up_to(marks, summary.id)
    late = is_late(summary, party, now)
    reference = known.get(summary.id, Reference())
    clock = pressing(summary.legs, party if party is Party.APPROVER else None)
    due, day = (clock.at, clock.day) if clock else (None, None)
    is_over, answer = late, party is Party.APPROVER
    if party is not Party.APPROVER:
        # The time that ends first is told, by its name; the answer's stands below where it is
        # another. An approver has the time for its decision alone: the answer is not its own.
        next_due = summary.next_due
        if clock is None or (next_due is not None and next_due < clock.at):
            due, day, clock = next_due, summary.next_due_on, None
        else:
            is_over = clock.is_over(now)
            answer = next_due is not None and next_due != due
    told = locale.due(
        due, day, now, is_overdue=is_over, is_end=_is_end(summary, due), between=_BELOW
    )
    if due is None and party is not Party.APPROVER:
        told = locale.until(summary.due_at, summary.due_on)
    return Row(
        exchange_id=summary.id,
        reference=locale.one_line(reference.shown),
        what=_what(summary, locale),
        initiator=locale.agency(summary.initiator),
        legs=tuple((_leg(leg, summary.kind, locale, read), leg.state) for leg in summary.legs),
        # The code of the field itself, such as H2: lists have no room for its sentence.
        handling=summary.handling.name,
        due=_below(told, _answer_due(summary, locale)) if answer else told,
        clock=_clock(clock, now, locale),
        is_overdue=late,
        updated=locale.minute(summary.updated_at),
        about=locale.one_line(shortened(reference.summary, MOST_SUMMARY)),
    )


def _answer_due(summary: ExchangeSummary, locale: Locale) -> str:
    """The time until which the recipient owes its answer; an approver decides before."""
    if summary.next_due is None:
        return ""
    until = locale.until(summary.next_due, summary.next_due_on)
    return f"{locale.say(ClockKind.ANSWER)}: {until}"


def _below(*lines: str) -> str:
    return _BELOW.join(filter(None, lines))


def _is_end(summary: ExchangeSummary, due: datetime | None) -> bool:
    """True if a time is the end of a freeze, which nobody owes."""
    return any(leg.due_at == due for leg in summary.legs if leg.state in ENDS_BY_ITSELF)


def to_do(
    waiting: Iterable[Waiting],
    known: Mapping[str, Reference],
    locale: Locale,
    now: datetime,
    marks: Mapping[str, int] = NO_MARKS,
) -> list[tuple[Waiting, ToDo]]:
    """List the waiting items of the agency, the most pressing first: by due time, then by age."""
    made = [(each, _to_do(each, known, locale, now, marks)) for each in waiting]
    return sorted(
        made,
        key=lambda pair: (
            _due_of(pair[0])[0] or _END,
            pair[0].summary.next_due or _END,
            pair[0].summary.initiated_at,
        ),
    )


def _to_do(
    waiting: Waiting,
    known: Mapping[str, Reference],
    locale: Locale,
    now: datetime,
    marks: Mapping[str, int],
) -> ToDo:
    summary = waiting.summary
    read = read_up_to(marks, summary.id)
    is_named = len(waiting.legs) > 1
    news = dict.fromkeys(
        news_words(leg, locale, read, always_named=is_named) for leg in waiting.legs
    )
    reference = known.get(summary.id, Reference())
    due, day = _due_of(waiting)
    clock = None if waiting.consent else pressing(waiting.legs, waiting.party)
    late = due is not None and is_overdue(due, waiting.state, now)
    if clock is not None and clock.at == due:
        late = clock.is_over(now)
    legs = "" if len(summary.legs) == 1 else f" ({', '.join(leg.agency for leg in waiting.legs)})"
    return ToDo(
        exchange_id=summary.id,
        reference=locale.one_line(reference.shown),
        what=f"{_what(summary, locale)}, {summary.initiator}",
        state=_consent_wanted(waiting.consent, locale)
        if waiting.consent
        else _below(
            f"{locale.say(state_words(summary.kind, waiting.state))}{legs}{_given(waiting, locale)}"
            f"{_claims(waiting, locale)}",
            *news,
        ),
        due=_below(
            locale.due(
                due,
                day,
                now,
                is_overdue=late,
                is_end=waiting.state in ENDS_BY_ITSELF,
                between=_BELOW,
            ),
            _answer_due(summary, locale) if waiting.party is Party.APPROVER else "",
        ),
        clock=_clock(clock, now, locale),
        is_overdue=late,
        about=locale.one_line(shortened(reference.summary, MOST_SUMMARY)),
        step=_step(waiting, locale),
        commands=waiting.commands,
    )


def _step(waiting: Waiting, locale: Locale) -> str:
    """The next step; after another's delay also who is to act."""
    said = locale.say(waiting.step.words)
    if waiting.is_for_others:
        said = locale.say(Label.FOR_OTHERS_OF_YOURS, step=said)
    if not waiting.step.after_delay or waiting.state in ENDS_BY_ITSELF:
        return said
    between = "; " if locale.names else ", "
    whom = (
        locale.agency(waiting.summary.initiator)
        if waiting.party is Party.RECIPIENT
        else between.join(locale.agency(leg.agency) for leg in waiting.legs)
    )
    return f"{locale.say(Label.WAITS_FOR, whom=whom)}; {said}"


def _consent_wanted(consent: AskedConsent, locale: Locale) -> str:
    return locale.say(
        Label.CONSENT_WANTED,
        who=locale.agency(consent.asked_by),
        authority=locale.agency(consent.authority),
        purpose=locale.say(consent.purpose),
    )


def _given(waiting: Waiting, locale: Locale) -> str:
    """The approvals given of those needed, where a leg needs several."""
    counts = {
        leg.agency: _counted(leg, locale)
        for leg in waiting.legs
        if leg.state is LegState.HELD and leg.approvals_required > 1
    }
    if len(set(counts.values())) == 1:
        return f", {next(iter(counts.values()))}"
    return "".join(f", {agency}: {count}" for agency, count in counts.items())


def _counted(leg: LegSummary, locale: Locale) -> str:
    given, required = leg.approvals_given, leg.approvals_required
    return locale.say(Label.APPROVALS_GIVEN, given=given, required=required)


def _claims(waiting: Waiting, locale: Locale) -> str:
    return "".join(dict.fromkeys(_claim_words(leg, locale) for leg in waiting.legs))


def _due_of(waiting: Waiting) -> tuple[datetime | None, date | None]:
    """The earliest time of what waits, and its day where one was given.

    A consent has none, and neither has an answered leg on which no time runs.
    """
    if waiting.consent is not None:
        return None, None
    if waiting.party is Party.APPROVER:
        # The answer is another's to give; the approver has the time for its decision.
        clock = pressing(waiting.legs, waiting.party)
        return (None, None) if clock is None else (clock.at, clock.day)
    clock = pressing(waiting.legs, waiting.party)
    due = [] if clock is None else [(clock.at, clock.day)]
    due += [
        (leg.due_at, leg.due_on)
        for leg in waiting.legs
        if leg.due_at is not None and is_overdue(leg.due_at, leg.state, _END)
    ]
    return min(due, key=lambda each: each[0], default=(None, None))


_END: Final = datetime.fromisoformat("9999-12-31T23:59:59.999999+00:00")


def _clock(clock: Clock | None, now: datetime, locale: Locale) -> str:
    return "" if clock is None else clock_words(clock, now, locale)


def _what(summary: ExchangeSummary, locale: Locale) -> str:
    kind = locale.say(summary.kind.spec.words)
    # In one language, as the words of others change their endings.
    is_told = _ENGLISH.say(summary.urgency) in _ENGLISH.say(summary.kind.spec.words)
    is_urgent = summary.urgency is Urgency.URGENT and not is_told
    return f"{locale.say(summary.urgency)}: {kind}" if is_urgent else kind


def _leg(leg: LegSummary, kind: Kind, locale: Locale, read: int) -> str:
    return f"{leg.agency}: {leg_words(leg, kind, locale, read)}"


def leg_words(leg: LegSummary, kind: Kind, locale: Locale, read: int = NOTHING_READ) -> str:
    """Say the state of a listed leg, the approvals of a held one, who has it in hand, and its news.

    `read` is the entry up to which the person has read the exchange.
    """
    held = f", {_counted(leg, locale)}" if leg.state is LegState.HELD else ""
    said = f"{locale.say(state_words(kind, leg.state))}{held}{_claim_words(leg, locale)}"
    return _below(said, news_words(leg, locale, read))


def _claim_words(leg: LegSummary, locale: Locale) -> str:
    """Say who has a held leg in hand and since when, for a list; empty where nobody has."""
    if leg.claimed_by is None:
        return ""
    since = locale.minute(leg.claimed_at)
    return _BELOW + locale.say(Label.IN_HAND, who=who(leg.claimed_by, locale), time=since)
