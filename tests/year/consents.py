"""Consent to onward use: asked, granted, partly, refused, lapsed, revoked; and what rests on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.consent_decision import (
    ConsentDecision,
    ConsentGround,
    ConsentOutcome,
)
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member
from tests.year.region import CENTRE, COUNTRY, PARALLEL, PROSECUTOR_OF, SYSTEM
from tests.year.town import Letter, Said

if TYPE_CHECKING:
    from tests.year.exchanges import Talk

WANTED = Purpose.PROSECUTION
OUTCOMES = {
    ConsentOutcome.GRANTED: 55,
    ConsentOutcome.PARTLY: 20,
    ConsentOutcome.REFUSED: 25,
}


async def ask_consent(talk: Talk, answer: Said) -> None:
    """One side asks to pass on what the other said, and does so if it may."""
    town, chance = talk.town, talk.chance
    by_recipient = chance.happens(35)
    asker, holder = (
        (talk.recipient, talk.initiator) if by_recipient else (talk.initiator, talk.recipient)
    )
    about = talk.opening if by_recipient else answer
    parties = (talk.note.initiator, talk.note.recipient)
    # Only prosecutors let the centre pass something on to their state.
    may_have = [
        each for each in PARALLEL if asker != SYSTEM[CENTRE] or COUNTRY[each] in PROSECUTOR_OF
    ]
    authority = chance.one([each for each in may_have if each not in parties])
    asked = await _say(talk, asker, ConsentRequest(about.digest, AgencyId(authority), WANTED))
    wish = Wish(asked, asker, holder, authority, about)
    await pass_on_too_early(talk, wish)
    await town.hours(chance.about(60))
    await decide(talk, wish)


@dataclass
class Wish:
    """A consent that was asked for: to pass something on to an authority."""

    asked: Said
    asker: Member
    holder: Member
    authority: str
    about: Said
    is_decided: bool = False
    stands: bool = False
    """True if it was granted and not revoked."""


async def pass_on_too_early(talk: Talk, wish: Wish) -> None:
    """Let the asker pass it on without a consent: it is refused."""
    onward = _onward(talk, wish.asker, wish.authority, wish.about, WANTED, None)
    early = await talk.town.race(onward)
    assert early == [Reason.CONSENT_MISSING], early
    talk.town.notes.races["alone: CONSENT_MISSING"] += 1


async def decide(talk: Talk, wish: Wish) -> None:
    """The holder decides on its leg; who asked passes it on if it may."""
    town, chance, asked, holder = talk.town, talk.chance, wish.asked, wish.holder
    outcome = chance.of(OUTCOMES)
    wish.is_decided = True
    if outcome is ConsentOutcome.REFUSED:
        ground = chance.one(list(ConsentGround))
        refused = ConsentDecision(asked.digest, outcome, ground=ground)
        await _decided(talk, wish, refused)
        return
    given = Purpose.INTELLIGENCE if outcome is ConsentOutcome.PARTLY else WANTED
    decision = ConsentDecision(
        asked.digest,
        outcome,
        expires_at=town.now + chance.days(2, 40),
        purpose=given if outcome is ConsentOutcome.PARTLY else None,
    )
    decided = await _decided(talk, wish, decision)
    wish.stands = True
    await town.hours(chance.about(100))
    onward = _onward(talk, wish.asker, wish.authority, wish.about, given, decided)
    assert decision.expires_at is not None
    if town.now >= decision.expires_at:
        [lapsed] = await town.race(onward)
        assert lapsed is Reason.CONSENT_MISSING
        town.notes.races["referral after the consent lapsed: CONSENT_MISSING"] += 1
        return
    if chance.happens(25):
        revoked = ConsentDecision(asked.digest, ConsentOutcome.REVOKED)
        letter = _letter(talk, holder, revoked)
        one, other = await town.race(letter, onward)
        assert not isinstance(one, Reason)
        wish.stands = False
        race = other.name if isinstance(other, Reason) else "both stand"
        town.notes.races[f"referral and revocation: {race}"] += 1
        said = other
    else:
        [said] = await town.race(onward)
        passed = wish.about.statement.body
        if said is Reason.CONSENT_MISSING and isinstance(passed, Referral) and passed.sources:
            # It passes on what others said, who were not asked: each provider must consent.
            town.notes.races["referral of a referral, its own source not cleared"] += 1
            return
        assert not isinstance(said, Reason), said
        if chance.happens(20):
            await revoke(talk, wish)
    if isinstance(said, Said):
        talk.go_on_with(said, SYSTEM[wish.asker.agency], wish.authority)


async def revoke(talk: Talk, wish: Wish) -> None:
    """The holder ends its consent."""
    await _decided(talk, wish, ConsentDecision(wish.asked.digest, ConsentOutcome.REVOKED))
    wish.stands = False


async def _decided(talk: Talk, wish: Wish, body: ConsentDecision) -> Said:
    said = await _say(talk, wish.holder, body)
    await talk.town.read(wish.asker, said)
    return said


def _letter(talk: Talk, who: Member, body: ConsentRequest | ConsentDecision) -> Letter:
    return talk.answer(body) if who == talk.recipient else talk.letter(who, body)


async def _say(talk: Talk, who: Member, body: ConsentRequest | ConsentDecision) -> Said:
    return await talk.town.post(_letter(talk, who, body))


def _onward(
    talk: Talk, who: Member, to: str, source: Said, purpose: Purpose, consent: Said | None
) -> Letter:
    header = Header(
        handling=talk.note.header.handling,
        tlp=talk.note.header.tlp,
        purpose=purpose,
        legal_basis="CIS-2007",
        subject_count=1,
    )
    consents = (consent.digest,) if consent else ()
    body = Referral(sources=(source.digest,), consents=consents)
    return talk.town.write(SYSTEM[who.agency], body, to=[to], header=header)
