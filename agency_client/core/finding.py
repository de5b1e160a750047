"""The terms of an exchange for the search index: of what was opened, and of what is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from agency_client.content.search_terms import SearchTerms
from agency_client.core.views import (
    UnsealedExchange,
    UnsealedStatement,
    is_entities_part,
    is_file_part,
)
from agency_client.state.search_index import Indexed, PassedOn, SealedFrom, SearchIndex
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import About
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.notices import Notice
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId

_WITHDRAWING = frozenset(
    kind for kind in Kind if any(row.after is LegState.RECALLED for row in kind.spec.rows)
)

_ANNOUNCING = frozenset(
    kind
    for kind in Kind
    for row in kind.spec.rows
    if row.party is Party.INITIATOR and row.after is LegState.RETURNED
)


def indexed_draft(draft: Draft, terms: SearchTerms) -> Indexed:
    """The facts that the index keeps of a statement that its author is about to send."""
    is_initial = draft.kind.stage is Stage.INITIAL
    return Indexed(
        draft.exchange_id,
        draft.kind.value if is_initial else "",
        draft.author.agency,
        draft.made_at,
        tuple(terms),
        terms.is_cut,
        recipients=draft.recipients if is_initial else (),
        passed_on=_passed_on(draft),
    )


def _passed_on(said: Draft) -> tuple[PassedOn, ...]:
    """The statements of others that a statement passes on."""
    if not said.kind.spec.passes_on:
        return ()
    body: Any = said.body
    return tuple(PassedOn(each.hex(), said.author.agency, said.recipients) for each in body.sources)


def passed_on_before(
    search: SearchIndex, opened: UnsealedExchange, agency: AgencyId
) -> list[tuple[Indexed, PassedOn]]:
    """The places where an agency passed on what its author corrected, called back or erased since.

    Nobody else tells those who received it: the author does not know them (docs/rules.md#p20).
    """
    called_back: dict[AgencyId, int] = {}
    for each in opened.statements:
        # A correction that is announced may wait at the gate for days, or never come.
        if each.kind in _WITHDRAWING or each.kind in _ANNOUNCING:
            called_back[each.author.agency] = each.index
        elif any(row.about is About.OWN for row in each.kind.spec.rows):
            called_back.pop(each.author.agency, None)
    changed = {
        each.statement.digest.hex()
        for each in opened.statements
        if each.author.agency != agency
        if each.superseded_by
        or (each.is_erased and _was_erased_by_author(opened, each))
        or each.index < called_back.get(each.author.agency, -1)
    }
    found = search.passed_on(changed) if changed else ()
    own = (each for each in found if each[1].author == agency)
    return sorted(own, key=lambda each: each[0].exchange_id)


def _was_erased_by_author(opened: UnsealedExchange, each: UnsealedStatement) -> bool:
    """True if the author had content erased; the end of its retention warns of nothing."""
    exchange = opened.verified.exchange
    legs = exchange.legs if exchange else ()
    if any(each.statement.digest in leg.record.erased for leg in legs):
        return True
    is_initiator = exchange is not None and each.author.agency == exchange.initiator
    return is_initiator and any(leg.state is LegState.ERASED for leg in legs)


def note_sent(search: SearchIndex, exchanges: Iterable[Indexed]) -> None:
    """Let exchanges be found by what is sent.

    One that was never opened is left out of the index until it is: then all of it is found.
    """
    search.add(each for each in exchanges if each.kind or search.holds(each.exchange_id))


def indexed(opened: UnsealedExchange, agency: AgencyId) -> Indexed:
    """The facts that the index keeps of an exchange that an agency opened.

    Erased and recalled exchanges are left out.
    """
    terms = SearchTerms()
    recalled = {
        leg
        for each in opened.statements
        if each.kind in _WITHDRAWING
        for leg in each.statement.recipients
    }
    parts: list[SealedFrom] = []
    first = opened.initial
    onward = first.statement.header.onward_authorities if first else ()
    for each in opened.statements:
        if each.is_erased or _is_recalled(each, opened, recalled, agency):
            continue
        _add(terms, each)
        statement, author = each.statement.digest.hex(), each.author.agency
        parts += [
            SealedFrom(hashlib.sha256(data).hexdigest(), statement, author, onward)
            for name, data in each.parts.items()
            if is_file_part(name) or is_entities_part(name)
        ]
    summary = opened.verified.summary
    return Indexed(
        opened.id,
        first.kind.value if first else "",
        first.author.agency if first else summary.initiator,
        first.hub_time if first else summary.initiated_at,
        tuple(terms),
        terms.is_cut,
        tuple(parts),
        first.statement.recipients if first else (),
        tuple(source for each in opened.statements for source in _passed_on(each.statement)),
    )


def gone(summaries: Iterable[ExchangeSummary], agency: AgencyId) -> list[str]:
    """Ids of the listed exchanges whose content one may keep no more: erased, or recalled."""
    found = []
    for each in summaries:
        states = {leg.state for leg in each.legs}
        own = {leg.state for leg in each.legs if leg.agency == agency}
        if states == {LegState.ERASED} or (own and own <= {LegState.RECALLED, LegState.ERASED}):
            found.append(each.id)
    return found


def withdraws(notice: Notice, agency: AgencyId) -> bool:
    """True if a notice tells that content is to be forgotten."""
    kind = notice.kind
    if kind is None:
        return False
    is_recall = kind in _WITHDRAWING and notice.actor_agency != agency
    return kind.spec.erases or is_recall


def _is_recalled(
    each: UnsealedStatement, opened: UnsealedExchange, recalled: set[AgencyId], agency: AgencyId
) -> bool:
    """True if its author recalled it from everyone through whom the agency reads it."""
    if each.author.agency == agency or not recalled:
        return False
    if opened.party is Party.RECIPIENT:
        return agency in recalled
    return set(each.statement.recipients) <= recalled


def _add(terms: SearchTerms, each: UnsealedStatement) -> None:
    terms.add_brief(each.brief)
    for entity in each.entities():
        terms.add_entity(entity)
    terms.add_files(each.attachments)
