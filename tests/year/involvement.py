"""Supervisors that are let in: an officer of either end involves the prosecutor of its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.involve_supervisor import InvolveSupervisor
from exchange_protocol.trust.identity import AgencyId
from tests.year.plan import May
from tests.year.region import COUNTRY, OFFICER, PROSECUTOR_OF, SYSTEM
from tests.year.town import Letter, Said

if TYPE_CHECKING:
    from tests.year.exchanges import Talk


async def involve(talk: Talk) -> None:
    """An end of the leg involves its prosecutor, who reads what follows; refused without a copy."""
    town, note, chance = talk.town, talk.note, talk.chance
    agency = chance.one((note.initiator, note.recipient))
    supervisor = PROSECUTOR_OF.get(COUNTRY[agency], "")
    if supervisor in ("", note.initiator, note.recipient) or agency not in OFFICER:
        return
    letter = _letter(talk, agency, supervisor)
    leg = (note.exchange, note.recipient)
    if supervisor not in town.notes.copied[leg]:
        await _is_refused(talk, letter, Reason.NOT_A_PARTY)
    elif supervisor in town.notes.involved[leg]:
        await _is_refused(talk, letter, Reason.ALREADY_DECIDED)
    else:
        said = await town.post(letter)
        await town.hours(chance.about(10))
        await town.read(SYSTEM[supervisor], said)
        if chance.happens(May.INVOLVE_AGAIN):
            await _is_refused(talk, _letter(talk, agency, supervisor), Reason.ALREADY_DECIDED)


def supervisor_to_involve(talk: Talk, agency: str) -> str:
    """The prosecutor whom an end of the leg may involve now; empty where there is none."""
    note, notes = talk.note, talk.town.notes
    supervisor, leg = PROSECUTOR_OF.get(COUNTRY[agency], ""), (note.exchange, note.recipient)
    may = supervisor in notes.copied[leg] and supervisor not in notes.involved[leg]
    return supervisor if may and agency in OFFICER else ""


async def race_the_answer(talk: Talk, body: Body, supervisor: str) -> Said:
    """The answer beside an involvement; an answer that comes second is sealed anew, and stands."""
    town, chance = talk.town, talk.chance
    letters = [talk.answer(body), _letter(talk, talk.initiator.agency, supervisor)]
    involved_first = chance.happens(50)
    answers = await town.race(*(letters[::-1] if involved_first else letters))
    mine, theirs = answers[::-1] if involved_first else answers
    lost = next((each for each in answers if isinstance(each, Reason)), None)
    town.notes.races[f"answer and involvement: {lost.name if lost else 'both stand'}"] += 1
    assert isinstance(mine, Said) or isinstance(theirs, Said)
    return mine if isinstance(mine, Said) else await town.post(talk.answer(body))


def _letter(talk: Talk, agency: str, supervisor: str) -> Letter:
    """An officer of an end writes: a machine may not decide it."""
    body = InvolveSupervisor(AgencyId(supervisor))
    if agency == talk.note.initiator:
        return talk.letter(OFFICER[agency], body)
    return talk.town.write(OFFICER[agency], body, on=talk.opening)


async def _is_refused(talk: Talk, letter: Letter, expected: Reason) -> None:
    [reason] = await talk.town.race(letter)
    assert reason is expected, reason
    talk.town.notes.races[f"involvement alone: {expected.name}"] += 1
