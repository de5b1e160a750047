"""The acts that the pages of an exchange offer, in words; the library says which are possible."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from agency_client.console.visits import Visit
from agency_client.console.words import Word, act_words
from agency_client.core import possible
from agency_client.core.views import UnsealedExchange
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.rows import About, ConsentStep, TaskStep
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.trust.identity import AgencyId, Role

WRITERS: Final = frozenset({Role.SYSTEM, Role.OFFICER})
"""The roles that write statements on cases."""


def initial_acts(visit: Visit) -> list[tuple[str, str]]:
    """The acts that open an exchange: name and words."""
    if visit.console.member.role not in WRITERS:
        return []
    return [
        (act.name, act_words(kind, act, visit.language))
        for kind in Kind
        if kind.stage is Stage.INITIAL
        for act in kind.spec.acts
    ]


def fitting_statements(
    opened: UnsealedExchange, kind: Kind, act: Act, agency: AgencyId
) -> frozenset[bytes]:
    """Digests of the statements that an act can be about now; empty where any may be named.

    A decision on onward use is about a request that is open, or a consent that was given; the
    answer to a task is about a task of one's own.
    """
    exchange, party = opened.verified.exchange, opened.party
    if exchange is None:
        return frozenset()
    legs = [leg for leg in exchange.legs if party is not Party.RECIPIENT or leg.agency == agency]
    found: set[bytes] = set()
    for row in kind.spec.rows:
        if row.party is not party or not (row.code is None or row.code in act.fixed.values()):
            continue
        for leg in legs:
            if row.task is TaskStep.ENDS:
                found |= {each.digest for each in leg.record.tasks if each.is_open}
            elif row.consent in (ConsentStep.GRANTS, ConsentStep.REFUSES, ConsentStep.REVOKES):
                is_given = row.consent is ConsentStep.REVOKES
                before = ConsentStep.GRANTS if is_given else ConsentStep.ASKS
                found |= {
                    each.request
                    for each in leg.record.consents
                    if each.step is before and each.asked_by is not party
                }
            elif row.about is not None:
                ends = (Party.INITIATOR, Party.RECIPIENT)
                is_own = row.about is About.OWN
                speaker = party if is_own else next(each for each in ends if each is not party)
                found |= set(leg.record.said_by(speaker))
    return frozenset(found)


def onward_referrals(visit: Visit, opened: UnsealedExchange) -> list[tuple[str, str]]:
    """The referrals that consents of others allow now: the address of a form, and its words."""
    exchange, now = opened.verified.exchange, visit.console.now
    if exchange is None or visit.console.member.role not in WRITERS:
        return []
    found = {}
    for leg in exchange.legs:
        for each in leg.record.consents:
            # Members of a joint case see each other's consents; who asked alone refers on one.
            end = exchange.initiator if each.asked_by is Party.INITIATOR else leg.agency
            is_own = (each.member or end) == visit.console.client.agency
            if is_own and each.covers(each.about, each.authority, each.purpose, now):
                given = {
                    "source": each.about.hex(),
                    "consent": each.decision.hex(),
                    "to": each.authority,
                    "purpose": each.purpose.name,
                }
                words = visit.say(
                    Word.REFER_ON_CONSENT,
                    agency=visit.locale.agency(each.authority),
                    purpose=visit.say_code(each.purpose),
                )
                found[f"/new/refer?{urlencode(given)}"] = words
    return [*found.items()]


def possible_acts(visit: Visit, opened: UnsealedExchange) -> list[tuple[str, str, bool]]:
    """The acts by which this person may continue an exchange now.

    Returns:
        Name, words, and whether it is the answer that is owed: that stands out, no other does.
    """
    console = visit.console
    if opened.party is not Party.SUPERVISOR and console.member.role not in WRITERS:
        return []
    return [
        (act.name, act_words(kind, act, visit.language), is_answer)
        for kind, act, is_answer in possible.possible_acts(
            opened.verified, console.client.directory, console.member, console.now
        )
    ]
