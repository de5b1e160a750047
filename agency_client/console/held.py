"""The reasons why an exchange waits for an approver: rules, four eyes, and changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from agency_client.console.context import Console
from agency_client.console.exchange_view import differences
from agency_client.console.rules_text import Rule, rules
from agency_client.console.visits import Visit
from agency_client.console.words import Word, act_words
from agency_client.core.views import UnsealedExchange
from agency_client.presentation.exchanges import who
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.record.entries import Entry
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.trust.identity import AgencyId, parse_member

DECISIONS: Final = tuple(
    (kind, act)
    for kind in Kind
    if kind.spec.decides and not any(row.claims is not None for row in kind.spec.rows)
    for act in kind.spec.acts
)
"""The acts by which an approver decides."""
CLAIMS: Final = {
    row.claims: (kind, act)
    for kind in Kind
    for row in kind.spec.rows
    for act in kind.spec.acts
    if row.claims is not None and row.code in act.fixed.values()
}
"""The acts by which an approver takes an item in hand (True), and gives it back (False)."""


_KEYS: Final = ("a", "r", "x")
"""The keys of the decisions, in their order."""


@dataclass(frozen=True, slots=True)
class Held:
    """The reasons why an item waits, and the deciders."""

    legs: tuple[AgencyId, ...]
    awaits: str
    """Digest of the statement that waits, hex."""
    entry: int
    rules: tuple[Rule, ...]
    """The rules that hold it, as they were published."""
    other_rules: tuple[Rule, ...]
    """Those that were cited besides: who may say it, who supervises."""
    unknown_rules: tuple[str, ...]
    """Rules of a policy that is no longer in force."""
    crosses_border: bool
    author: str
    approved_by: tuple[str, ...]
    lapsed: tuple[str, ...]
    required: int
    in_hand: str
    """Name the holder and the start of the claim; empty if nobody has it."""
    claim: bool | None
    """The claim that may be said now: True takes it in hand, False gives it back."""
    own_obstacle: str
    """Why this person cannot decide; empty if the person can."""
    changes: tuple[tuple[str, str, str], ...]


def item_values(visit: Visit, opened: UnsealedExchange) -> dict[str, Any]:
    """The values of the page of an item."""
    console = visit.console
    held = held_facts(console, opened, visit.locale)
    return {
        "item": console.view(opened, visit.locale),
        "held": held,
        "acts": [
            (act, act_words(kind, act, visit.language), key)
            for (kind, act), key in zip(DECISIONS, _KEYS, strict=True)
        ]
        if held and not held.own_obstacle
        else [],
    }


def held_facts(console: Console, opened: UnsealedExchange, locale: Locale) -> Held | None:
    """The reasons why the exchange waits for this agency; None if nothing of it does."""
    agency = console.client.agency
    legs = [leg for leg in opened.legs if leg.state is LegState.HELD and agency in leg.approvers]
    if not legs:
        return None
    first = legs[0]
    waiting = next(each for each in opened.statements if each.statement.digest == first.awaits)
    policy = console.client.directory.policy
    entry = waiting.verified.entry
    cited = entry.ruling.rule_ids if entry.ruling else ()
    texts = rules(policy.text) if policy and _is_of(policy.digest, entry) else {}
    lapsed = [
        f"{who(each.by, locale)}, {locale.minute(each.at)}"
        for each in opened.approvals
        if each.leg == first.agency and each.payload_digest != first.awaits
    ]
    place = opened.statements.index(waiting)
    # A text of another in between, as a question of the approver, is none of the author.
    earlier = [
        each
        for each in opened.statements[:place]
        if each.parts and each.author.agency == waiting.author.agency
    ]
    return Held(
        legs=tuple(leg.agency for leg in legs if leg.awaits == first.awaits),
        awaits=first.awaits.hex(),
        entry=waiting.index,
        rules=tuple(texts[each] for each in cited if each in texts and texts[each].holds),
        other_rules=tuple(texts[each] for each in cited if each in texts and not texts[each].holds),
        unknown_rules=tuple(each for each in cited if each not in texts),
        crosses_border=_crosses_border(console, opened, first),
        author=who(waiting.author, locale),
        approved_by=tuple(who(parse_member(uri), locale) for uri in first.approvals),
        lapsed=tuple(lapsed),
        required=first.approvals_required,
        in_hand=claim_words(first, locale),
        claim=_possible_claim(console, first),
        own_obstacle=_obstacle(console, opened.id, first, waiting.author.agency, locale),
        changes=tuple(differences(earlier, waiting, locale)) if earlier else (),
    )


def claim_words(leg: Leg, locale: Locale) -> str:
    """Say who has a leg in hand, and since when; empty if nobody has."""
    claim = leg.record.claim
    if claim is None:
        return ""
    holder = who(parse_member(claim.member), locale)
    return locale.say(Word.TAKEN_BY.value, whom=holder, since=locale.minute(claim.at))


def _possible_claim(console: Console, leg: Leg) -> bool | None:
    claim = leg.record.claim
    if console.client.profile.vault.signer is None:
        return None
    if claim is None:
        return True
    return False if parse_member(claim.member).agency == console.client.agency else None


def _obstacle(
    console: Console, exchange_id: str, leg: Leg, author: AgencyId, locale: Locale
) -> str:
    """The reason why this person may not decide, as far as known before the hub is asked."""
    if console.client.profile.vault.signer is None:
        return locale.say(Word.NO_SIGNING_KEY.value)
    if author == console.client.agency:
        return locale.say(Word.OWN_REQUEST.value)
    if console.member.uri in leg.approvals:
        return locale.say(Word.DECIDED_ALREADY.value)
    if any(
        each.exchange_id == exchange_id
        and each.kind in {kind for kind, _ in DECISIONS}
        and leg.agency in each.recipients
        for each in console.client.outbox.pending()
    ):
        return locale.say(Word.DECISION_IN_OUTBOX.value)
    return ""


def _is_of(policy_digest: bytes, entry: Entry) -> bool:
    return entry.ruling is not None and entry.ruling.policy_digest == policy_digest


def _crosses_border(console: Console, opened: UnsealedExchange, leg: Leg) -> bool:
    agencies = console.client.directory.agencies
    first = opened.initial
    ends = (first.author.agency if first else opened.verified.summary.initiator, leg.agency)
    countries = {agencies[each].country for each in ends if each in agencies}
    return len(countries) > 1
