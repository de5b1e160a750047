"""One opened exchange as the values of a page: facts, legs, timeline, statements, checks.

Everything here comes from an `UnsealedExchange`, so the library verified it. Texts of others went
through `visible`, by `presentation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from agency_client.console.contents import Contents
from agency_client.console.words import FIELD_WORDS, Word
from agency_client.core.views import (
    PartFault,
    UnsealedExchange,
    UnsealedStatement,
    is_entities_part,
    is_file_part,
)
from agency_client.presentation.documents import FIELDS, PARTS, document_fields
from agency_client.presentation.due import left_words, used_words
from agency_client.presentation.entities import Tables
from agency_client.presentation.exchanges import (
    Fact,
    LegFacts,
    header_facts,
    known_legs,
    leg_row,
    own_summary,
    who,
    withheld_facts,
)
from agency_client.presentation.faults import Explained, explain
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import sealed_to_others
from agency_client.presentation.steps import MaySay, state_words
from agency_client.presentation.words import due_words, statement_words
from exchange_protocol.kinds.bodies import given_attributes
from exchange_protocol.kinds.codes import LegState, Party, Tlp
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.entries import Entry, Event, read_entry
from exchange_protocol.rules.clocks import Clock
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.trust.identity import AgencyId, Member

MOST_ROWS: Final = 20
"""Rows of a table on the page of an exchange; the table's own page has all of them."""


@dataclass(frozen=True, slots=True)
class LegView:
    """A leg in words."""

    id: str
    """The agency's, for the address of its page."""
    agency: str
    state: str
    approvals: str
    due: str
    is_late: bool
    colour: str


@dataclass(frozen=True, slots=True)
class ClockView:
    """A time that runs on a leg: for what, how much of it is over, and who must act."""

    name: str
    agency: str
    due: str
    used: str
    is_over: bool
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the timeline: who did what, what it did to the legs, and its entry of the log."""

    at: str
    at_sender: str
    """The same by the clock of the agency that spoke, where it is another."""
    who: str
    what: str
    more: str
    changes: tuple[str, ...]
    entry: int


@dataclass(frozen=True, slots=True)
class Check:
    """A check that the library made."""

    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that came with a statement; it is offered for saving and never shown."""

    name: str
    size: int
    number: int


@dataclass(frozen=True, slots=True)
class StatementView:
    """One statement, as far as the agency may read it."""

    title: str
    said: str
    """Its codes in words: they tell one of several requests from the others."""
    index: int
    digest: str
    fields: tuple[tuple[str, str], ...]
    is_erased: bool
    sealed: tuple[str, ...]
    faults: tuple[tuple[str, Explained], ...]
    """The parts that cannot be read, and why."""
    missing: str
    files: tuple[FileView, ...]
    can_save: bool
    """True if another agency's content came with it, which may be saved with its handling note."""
    needs_reader: bool
    """True if its files are for named readers alone."""
    tables: Tables

    @property
    def has_tables(self) -> bool:
        """True if it brought entities."""
        found = self.tables
        return bool(found.payments.count or found.entities.count or found.links.count)


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange for a page."""

    id: str
    title: str
    facts: tuple[Fact, ...]
    legs: tuple[LegView, ...]
    clocks: tuple[ClockView, ...]
    """The times that run, as far as the agency knows the legs."""
    steps: tuple[Step, ...]
    statements: tuple[StatementView, ...]
    checks: tuple[Check, ...]
    is_supervised: bool
    lacks_opening: bool
    """True if a supervisor got no copy of the statement that opened it."""


_COLOURS: Final = {
    LegState.HELD: "yellow",
    LegState.RETURNED: "orange",
    LegState.REJECTED: "red",
    LegState.RELEASED: "blue",
    LegState.DELIVERED: "light-blue",
    LegState.ACKNOWLEDGED: "turquoise",
    LegState.ANSWERED: "green",
    LegState.REFUSED: "red",
    LegState.RECALLED: "grey",
    LegState.CLOSED: "grey",
    LegState.ERASED: "grey",
}


def colour(state: LegState) -> str:
    """The colour of a state's tag; the word in it says more, and says it to everyone."""
    return _COLOURS.get(state, "purple")


def view(
    opened: UnsealedExchange,
    agency: AgencyId,
    locale: Locale,
    now: datetime,
    contents: Mapping[bytes, Contents],
    zones: Mapping[str, tzinfo],
    may_say: MaySay | None = None,
) -> ExchangeView:
    """Put an opened exchange into words.

    Args:
        opened: the exchange.
        agency: the agency that reads it.
        locale: how the person is told.
        now: the present time.
        contents: the entities, by the digests of the statements.
        zones: the time zones of agencies.
        may_say: whether the person may say a kind on the leg of an agency; None if nobody asks.
    """
    legs = known_legs(opened.verified, agency)
    first = opened.initial
    return ExchangeView(
        id=opened.id,
        title=locale.say(
            first.kind.spec.words if first else opened.verified.summary.kind.spec.words
        ),
        facts=_facts(header_facts(opened, legs, agency, locale, now, may_say), locale),
        legs=tuple(_leg(leg, locale, now) for leg in legs),
        clocks=tuple(_clocks(legs, opened.verified.summary.initiator, opened.party, locale, now)),
        steps=tuple(_steps(opened, locale, zones)),
        statements=tuple(
            _statement(each, opened, locale, contents[each.statement.digest], agency)
            for each in opened.statements
        ),
        checks=tuple(_checks(opened, locale)),
        is_supervised=opened.party is Party.SUPERVISOR,
        lacks_opening=opened.party is Party.SUPERVISOR and first is None,
    )


def _facts(facts: Sequence[Fact], locale: Locale) -> tuple[Fact, ...]:
    """The facts, those that matter now first; the id and the kind are the title's."""
    titles = {locale.say(Label.EXCHANGE), locale.say(Label.KIND)}
    shown = [fact for fact in facts if fact.name not in titles]
    return tuple(sorted(shown, key=lambda fact: fact.name != locale.say(Label.NEXT)))


def _clocks(
    legs: Iterable[LegFacts],
    initiator: AgencyId,
    party: Party,
    locale: Locale,
    now: datetime,
) -> Iterator[ClockView]:
    running = [(clock, leg) for leg in legs for clock in leg.clocks]
    for clock, leg in sorted(running, key=lambda pair: pair[0].at):
        whose = whose_turn(clock, leg.agency, initiator, locale, leg.approvers)
        yield clock_view(clock, whose, locale, now, is_mine=clock.party is party)


def whose_turn(
    clock: Clock,
    recipient: AgencyId,
    initiator: AgencyId,
    locale: Locale,
    approvers: Iterable[AgencyId] = (),
) -> str:
    """Name the agency that is to act before a clock ends; approvers as far as they are known."""
    if clock.party is Party.APPROVER:
        known = f" {locale.say(Label.OR)} ".join(map(locale.agency, approvers))
        return known or locale.say(Word.WHO_APPROVES.value)
    return locale.agency(initiator if clock.party is Party.INITIATOR else recipient)


def clock_view(
    clock: Clock, whose: str, locale: Locale, now: datetime, *, is_mine: bool
) -> ClockView:
    """A clock in words, with the one whose turn it is."""
    is_over = now > clock.at and clock.binds
    return ClockView(
        name=locale.say(clock.kind),
        agency=whose,
        due=left_words(clock, now, locale, between="\n"),
        used=used_words(clock, now, locale),
        is_over=is_over,
        is_mine=is_mine,
    )


def _leg(leg: LegFacts, locale: Locale, now: datetime) -> LegView:
    agency, state, approvals, due = leg_row(leg, locale, now)
    shown = leg.state or leg.listed
    return LegView(
        leg.agency,
        agency,
        state or (locale.say(state_words(leg.kind, leg.listed)) if leg.listed else ""),
        # A line that says that none is needed is one more to read.
        "" if approvals == locale.say(Label.NO_APPROVAL_NEEDED) else approvals,
        due,
        leg.is_overdue(now),
        colour(shown) if shown else "grey",
    )


def _steps(opened: UnsealedExchange, locale: Locale, zones: Mapping[str, tzinfo]) -> Iterator[Step]:
    """Every entry that the agency is shown, oldest first."""
    said = {each.index: each for each in opened.statements}
    by_digest = {each.statement.digest: each for each in opened.statements}
    last: tuple[Member, bytes] | None = None
    for proven in opened.verified.entries:
        entry = read_entry(proven.opening.entry)
        # A reader fetches a statement part by part, and each part is an entry of the log.
        same, last = last, (entry.actor, entry.payload_digest)
        if entry.event is Event.DELIVERY and same == last:
            continue
        statement = said.get(proven.index)
        changes = tuple(_change(each, locale) for each in entry.ruling.legs) if entry.ruling else ()
        if statement is not None:
            what = locale.say(statement.kind.spec.words)
            withheld = withheld_facts(statement.statement.header, locale)
            told = (f"{fact.name}: {fact.value}" for fact in withheld)
            more = ", ".join(filter(None, (_outcome(statement, locale), *told)))
        else:
            what, more = _event(entry, by_digest.get(entry.payload_digest), locale), ""
        made = statement.statement.made_at if statement else None
        yield Step(
            locale.minute(entry.hub_time),
            _sender_time(made, zones.get(entry.actor.agency), locale),
            who(entry.actor, locale),
            what,
            more,
            tuple(dict.fromkeys(filter(None, changes))),
            proven.index,
        )


def _sender_time(made: datetime | None, zone: tzinfo | None, locale: Locale) -> str:
    """Give the time of a statement in its author's zone, if a clock there shows another time."""
    if made is None or zone is None:
        return ""
    there = made.astimezone(zone)
    if there.utcoffset() == made.astimezone(locale.zone).utcoffset():
        return ""
    return f"{there:%Y-%m-%d %H:%M %Z}"


def _event(entry: Entry, of: UnsealedStatement | None, locale: Locale) -> str:
    if entry.event is Event.DELIVERY:
        what = of.kind.spec.words if of else Label.STATEMENT
        return locale.say(Label.RECEIVED, what=locale.say(what))
    return locale.say(entry.event)


def _change(change: LegChange, locale: Locale) -> str:
    """A leg's old and new state; empty if it stays as it was."""
    if change.before is change.after:
        return ""
    before = f"{locale.say(change.before)} → " if change.before else ""
    return f"{locale.agency(change.agency)}: {before}{locale.say(change.after)}"


def _statement(
    each: UnsealedStatement,
    opened: UnsealedExchange,
    locale: Locale,
    contents: Contents,
    agency: AgencyId,
) -> StatementView:
    header = each.statement.header
    documents = [each.content] if _says_its_act(each) else [each.brief, each.content]
    fields = [
        pair
        for document in documents
        if document is not None
        for pair in document_fields(document, locale)
        # The library writes it in English where the author gave none; the codes say the same.
        if document is not each.brief or not _is_written_by_library(each, *pair, locale)
    ]
    said = _outcome(each, locale)
    fields = [
        (locale.say(FIELD_WORDS["about"]), about) for about in _about(each, opened, locale)
    ] + fields
    if each.parts and said:
        fields.insert(0, (_outcome_name(each, locale), said))
    if each.kind.stage is not Stage.INITIAL:
        # Of the statement that opened the exchange it stands among the facts.
        fields += [(fact.name, fact.value) for fact in withheld_facts(header, locale)]
    declared, found = header.subject_count, each.subject_count
    return StatementView(
        title=_title(each, locale),
        said=said,
        index=each.index,
        digest=each.statement.digest.hex(),
        fields=tuple(fields),
        is_erased=each.is_erased,
        sealed=()
        if each.is_erased
        else tuple(_part_words(name, locale) for name in sealed_to_others(each)),
        faults=tuple(
            (_unread(fault, locale), explain(fault.error, locale)) for fault in each.faults
        ),
        missing=locale.say(Label.MISSING_SUBJECTS, declared=declared, found=found)
        if each.missing_subjects
        else "",
        files=tuple(
            FileView(locale.one_line(name), len(data), number)
            for number, (name, data) in enumerate(each.attachments.items())
        ),
        can_save=each.author.agency != agency
        and any(is_file_part(name) or is_entities_part(name) for name in each.parts),
        needs_reader=each.author.agency != agency and header.tlp is Tlp.RED,
        tables=contents.tables(locale, MOST_ROWS),
    )


def _says_its_act(each: UnsealedStatement) -> bool:
    """True if its brief is the one that the library writes itself, in English: what was done."""
    brief = each.brief
    if brief is None or set(brief.model_dump(exclude_defaults=True)) - {"summary", "document"}:
        return False
    return any(
        brief.summary == act.done or brief.summary.startswith(f"{act.done}: ")
        for act in each.kind.spec.acts
    )


def _is_written_by_library(each: UnsealedStatement, name: str, value: str, locale: Locale) -> bool:
    """True for the summary that names the act and its codes in English, with whole digests."""
    return name == locale.say(FIELDS["summary"]) and bool(
        own_summary(each.statement, value, locale)
    )


def _about(each: UnsealedStatement, opened: UnsealedExchange, locale: Locale) -> list[str]:
    """The statements of the exchange that a statement names, each as a reader knows it."""
    if each.kind.spec.decides:
        return []  # The page says what waits for a decision.
    said = set(statement_words(each.statement, locale.language, locale.zone))
    found = [other for other in opened.statements if other.statement.digest.hex() in said]
    return [
        ": ".join(filter(None, (_title(other, locale), _outcome(other, locale)))) for other in found
    ]


def _title(each: UnsealedStatement, locale: Locale) -> str:
    return locale.say(
        Label.OF_AT,
        what=locale.say(each.kind.spec.words),
        agency=locale.agency(each.author.agency),
        time=locale.minute(each.hub_time),
    )


def _outcome(each: UnsealedStatement, locale: Locale) -> str:
    """The codes of a statement in words; digests of others say nothing to a person.

    A copy that is withheld is a fact of its own, with the names of agencies.
    """
    withheld = f"{locale.say(Label.COPY_WITHHELD)}: "
    words = statement_words(each.statement, locale.language, locale.zone)
    said = [each for each in words if not each.startswith(withheld)]
    return ", ".join(
        locale.agency(words) if words in locale.names else words
        for words in said
        if not _DIGEST.fullmatch(words)
    )


def _outcome_name(each: UnsealedStatement, locale: Locale) -> str:
    """The name of the one code that a statement has, else a word for all of them."""
    names = [name for name, _ in given_attributes(each.statement.body)]
    only = FIELD_WORDS.get(names[0]) if len(names) == 1 else None
    return locale.say(only or Label.DETAILS)


_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def _part_words(name: str, locale: Locale) -> str:
    """A part in words; a file is called by its number, for its name is sealed."""
    first, _, number = name.partition(".")
    if is_file_part(name) and number.isdecimal():
        return locale.say(Word.FILE_NUMBER.value, number=number)
    return locale.say(PARTS[first]) if first in PARTS else locale.one_line(name)


def _checks(opened: UnsealedExchange, locale: Locale) -> Iterator[Check]:
    """List the checks of `open`; one that fails for the whole is raised, and no page is made."""
    verified = opened.verified

    def passed(word: Word, **values: object) -> Check:
        return Check(True, locale.say(word.value, **values))

    yield passed(Word.CHECK_LOG, size=verified.checkpoint.size)
    yield passed(Word.CHECK_ENTRIES, number=len(verified.entries))
    yield passed(Word.CHECK_SIGNATURES, number=len(verified.statements))
    yield passed(_RULES_CHECKED[opened.party])
    if opened.approvals:
        yield passed(Word.CHECK_APPROVALS, number=len(opened.approvals))
    yield passed(Word.CHECK_RECEIPTS)
    if read := sum(len(each.parts) for each in opened.statements):
        yield passed(Word.CHECK_PARTS, number=read)
    for fault in opened.faults:
        yield Check(False, _unread(fault, locale))


_RULES_CHECKED: Final = {
    Party.INITIATOR: Word.CHECK_RULES_WHOLE,
    Party.RECIPIENT: Word.CHECK_RULES_LEG,
    Party.APPROVER: Word.CHECK_RULES_SHOWN,
    Party.SUPERVISOR: Word.CHECK_RULES_NAMED,
}


def _unread(fault: PartFault, locale: Locale) -> str:
    part = _part_words(fault.part, locale)
    return locale.say(Word.PART_UNREAD.value, part=part, whom=fault.ask)


def differences(
    before: Sequence[UnsealedStatement], added: UnsealedStatement, locale: Locale
) -> list[tuple[str, str, str]]:
    """Compare a supplement, field by field, with the text before it."""
    old: dict[str, str] = {}
    for each in before:
        old |= dict(_terms_and_fields(each, locale))
    return [
        (name, old.get(name, ""), value)
        for name, value in _terms_and_fields(added, locale)
        if old.get(name) != value
    ]


def _terms_and_fields(each: UnsealedStatement, locale: Locale) -> Iterator[tuple[str, str]]:
    header = each.statement.header
    yield locale.say(Label.HANDLING), locale.say(header.handling)
    yield Word.TLP_CODE.value[0], locale.say(header.tlp)
    yield locale.say(Label.URGENCY), locale.say(header.urgency)
    if header.subject_count or each.kind.stage is Stage.INITIAL:
        # A supplement that names nobody takes nobody away.
        yield locale.say(Label.SUBJECTS), str(header.subject_count)
    if header.due_at is not None:
        yield locale.say(Label.DUE), due_words(header, locale.language, locale.zone)
    for document in (each.brief, each.content):
        if document is not None:
            yield from document_fields(document, locale)
    for name, data in each.attachments.items():
        yield locale.say(Label.FILES), f"{locale.one_line(name)}, {len(data)}"
