"""Requests among members of a joint case: consent to pass on what another contributed.

The holder decides at once, or when one of both has left, or when the case is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.member_consent_request import MemberConsentRequest
from exchange_protocol.trust.identity import AgencyId, Member
from tests.year.consents import WANTED, Wish, decide, pass_on_too_early, revoke
from tests.year.plan import May
from tests.year.region import PARALLEL, SYSTEM
from tests.year.town import Said

if TYPE_CHECKING:
    from tests.year.cases import Case
    from tests.year.exchanges import Talk


async def ask_a_member(case: Case) -> None:
    """An active member asks another to let it pass on what that one contributed."""
    town, chance, active = case.town, case.chance, case.active()
    pairs = [
        (asker, holder)
        for holder in active
        for asker in active
        if asker != holder and _may_read(asker, case.given.get(holder))
    ]
    if not pairs:
        return
    asker, holder = chance.one(pairs)
    about = case.given[holder]
    authority = chance.one([each for each in PARALLEL if not _is_in(case, each)])
    if any((each.about, each.authority) == (about, authority) for each in case.wishes):
        return
    if chance.happens(May.ASK_A_MEMBER_WRONGLY):
        await _ask_wrongly(case, asker, holder, authority)
    await town.read(SYSTEM[asker], about)
    request = _request(about, authority)
    asked = await case.to_all(SYSTEM[asker], request)
    wish = Wish(asked, SYSTEM[asker], SYSTEM[holder], authority, about)
    case.wishes.append(wish)
    for reader in (case.lead, SYSTEM[holder]):
        await town.read(reader, asked)
    await _refused(case, SYSTEM[asker], request, Reason.ALREADY_DECIDED)
    await pass_on_too_early(case.sides[holder], wish)
    await town.hours(chance.about(40))
    if not chance.happens(May.DECIDE_AT_LAST):
        await decide(case.sides[holder], wish)


async def after_a_leave(case: Case, leaver: Talk) -> None:
    """Decide what waits between the leaver and others; nothing more is asked of the leaver."""
    gone = leaver.recipient
    for wish in case.wishes:
        side = case.sides[wish.holder.agency]
        if not wish.is_decided and gone in (wish.asker, wish.holder):
            await decide(side, wish)
        if wish.stands and gone == wish.holder and case.chance.happens(May.ASK_A_MEMBER):
            await revoke(side, wish)
    given = case.given.get(gone.agency)
    if given is not None and case.active():
        asker = SYSTEM[case.active()[0]]
        request = _request(given, next(each for each in PARALLEL if not _is_in(case, each)))
        await _refused(case, asker, request, Reason.STATEMENT_UNKNOWN)


async def decide_at_last(case: Case) -> None:
    """Decide what still waits, also in a case that is closed."""
    for wish in case.wishes:
        if not wish.is_decided:
            await decide(case.sides[wish.holder.agency], wish)


async def _ask_wrongly(case: Case, asker: str, holder: str, authority: str) -> None:
    """Of one's own words and the lead's no member is asked; the lead asks in another way."""
    for author in (asker, case.lead.agency):
        if author in case.given:
            request = _request(case.given[author], authority)
            await _refused(case, SYSTEM[asker], request, Reason.STATEMENT_UNKNOWN)
    request = _request(case.given[holder], authority)
    await _refused(case, case.lead, request, Reason.OUT_OF_ORDER)


async def _refused(case: Case, who: Member, body: MemberConsentRequest, expected: Reason) -> None:
    [reason] = await case.town.race(case.letter(who, body))
    assert reason is expected, reason
    case.town.notes.races[f"consent asked of a member: {expected.name}"] += 1


def _request(about: Said, authority: str) -> MemberConsentRequest:
    return MemberConsentRequest(about.digest, AgencyId(authority), WANTED)


def _may_read(asker: str, about: Said | None) -> bool:
    """True if it was said to the asker: a member who joins late reads nothing from before."""
    return about is not None and asker in about.statement.recipients


def _is_in(case: Case, agency: str) -> bool:
    return agency == case.lead.agency or agency in case.sides
