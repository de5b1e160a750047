"""Freezes: imposed for a time, extended, converted, lifted, expired; and races with their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.ask_to_lift import AskToLift
from exchange_protocol.kinds.codes import Currency
from exchange_protocol.kinds.freeze_status import (
    FreezeConversion,
    FreezeObstacle,
    FreezeOutcome,
    FreezeStatus,
)
from exchange_protocol.rules.statements import Header
from tests.year.notes import ending
from tests.year.plan import May, due

if TYPE_CHECKING:
    from tests.year.exchanges import Talk

TOO_LONG = timedelta(days=30)
LIMITED = ("KZ", "UZ")
ENDS = {
    FreezeOutcome.CONVERTED: 35,
    FreezeOutcome.LIFTED: 25,
    FreezeOutcome.EXPIRED: 40,
}


async def freeze(talk: Talk) -> bool:
    """Act for the executing side on a request to freeze; True when the matter is at its end."""
    town, note, chance = talk.town, talk.note, talk.chance
    if chance.happens(May.FREEZE_FAILS):
        body = FreezeStatus(FreezeOutcome.NOT_IMPOSED, obstacle=chance.one(list(FreezeObstacle)))
        said = await talk.told(body)
        note.finish(town.now, said.entry, ending(body))
        return True
    country = note.recipient[:2].upper()
    if country in LIMITED and chance.happens(10):
        late = _until(talk, TOO_LONG)
        [reason] = await town.race(talk.answer(FreezeStatus(FreezeOutcome.IMPOSED), header=late))
        assert reason is Reason.TIME_LIMIT_EXCEEDED
        town.notes.races["alone: TIME_LIMIT_EXCEEDED"] += 1
    amount = chance.draw.randrange(1, 9_000_000) if chance.happens(80) else None
    currency = chance.one(list(Currency)) if amount is not None else None
    body = FreezeStatus(FreezeOutcome.IMPOSED, amount=amount, currency=currency)
    if chance.happens(May.FREEZE_PARTLY):
        why = chance.one(list(FreezeObstacle))
        body = replace(body, outcome=FreezeOutcome.PARTLY_IMPOSED, obstacle=why)
    header = _until(talk, chance.days(4, 7))
    said = await talk.told(body, header=header)
    assert header.due_at is not None
    note.freeze(town.now, said.entry, header.due_at)
    await town.hours(chance.about(24))
    if chance.happens(May.FREEZE_EXTENDED):
        await _extend(talk)
    if chance.happens(May.ASK_TO_LIFT):
        await _ask_to_lift(talk)
    return await _end(talk, amount, currency)


def _until(talk: Talk, span: timedelta) -> Header:
    return due(talk.chance, talk.stricter(), talk.town.now + span, talk.recipient)


async def _extend(talk: Talk) -> None:
    town, note, chance = talk.town, talk.note, talk.chance
    assert note.due is not None
    is_late = chance.happens(May.EXTENDED_TOO_LATE)
    await town.until(note.due + timedelta(hours=2 if is_late else -20))
    header = _until(talk, note.due - town.now + chance.days(3, 6))
    extension = talk.answer(FreezeStatus(FreezeOutcome.EXTENDED), header=header)
    if is_late:
        [reason] = await town.race(extension)
        assert reason is Reason.TIME_IS_OVER
        town.notes.races["extension after the end: TIME_IS_OVER"] += 1
        return
    if chance.happens(May.LIFT_RACE):
        wish = talk.letter(talk.initiator, AskToLift())
        first, second = await town.race(wish, extension)
        assert sorted(isinstance(each, Reason) for each in (first, second)) == [False, True]
        lost = first if isinstance(first, Reason) else second
        assert lost is Reason.STALE_ANSWER
        town.notes.races["extension and request to lift: STALE_ANSWER"] += 1
        if second is lost:
            return
    elif chance.happens(May.EXPIRY_RACE):
        record = talk.letter(talk.initiator, FreezeStatus(FreezeOutcome.EXPIRED))
        one, other = await town.race(record, extension)
        # Too early if it comes first; after the extension it answers what was said before.
        assert one in (Reason.NOT_YET_DUE, Reason.STALE_ANSWER)
        assert not isinstance(other, Reason)
        town.notes.races[f"extension and expiry before the end: {one.name}"] += 1
    else:
        await town.post(extension)
    assert header.due_at is not None
    note.due = header.due_at


async def _ask_to_lift(talk: Talk) -> None:
    town, note = talk.town, talk.note
    if note.due is not None and town.now < note.due:
        await talk.asked(AskToLift())
        await town.hours(talk.chance.about(6))


async def _end(talk: Talk, amount: int | None, currency: Currency | None) -> bool:
    town, note, chance = talk.town, talk.note, talk.chance
    assert note.due is not None
    outcome = chance.of(ENDS)
    body = FreezeStatus(outcome)
    if outcome is FreezeOutcome.CONVERTED:
        conversion = chance.one(list(FreezeConversion))
        body = FreezeStatus(outcome, conversion=conversion, amount=amount, currency=currency)
    if outcome is not FreezeOutcome.EXPIRED:
        await town.hours(chance.about(20))
        said = await talk.told(body)
    else:
        await town.until(note.due + timedelta(hours=chance.about(5)))
        if chance.happens(25):
            # It stands on the list of what is overdue; nobody puts its end on record.
            return False
        by_initiator = talk.letter(talk.initiator, body)
        by_recipient = talk.answer(body)
        if chance.happens(May.EXPIRY_RACE):
            answers = await town.race(by_recipient, by_initiator)
            [lost] = [each for each in answers if isinstance(each, Reason)]
            town.notes.races[f"expiry and expiry: {lost.name}"] += 1
            [said] = [each for each in answers if not isinstance(each, Reason)]
        else:
            said = await town.post(by_initiator if chance.happens(50) else by_recipient)
        if said.statement.author == talk.recipient:
            talk.own.append(said)
    note.finish(town.now, said.entry, ending(body))
    return True
