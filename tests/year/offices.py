"""Offices: supervisors who comment, the operator who keeps the directory, approvals that lapse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange_keys import SealingPrivateKey
from exchange_protocol.kinds.codes import AgencyType, Language
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_acceptance import PublishAcceptance
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.supervisor_comment import SupervisorComment, SupervisorWish
from exchange_protocol.kinds.update_agency import UpdateAgency
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.statements import OPERATOR, POLICY, SECOND_OPERATOR
from tests.year.plan import Chance
from tests.year.region import (
    NEXT_YEAR_PUBLISHED,
    START,
    SYSTEM,
    calendars,
)
from tests.year.town import Said, Town

if TYPE_CHECKING:
    pass

OBSERVER = AgencyId("eu.obs")


async def comment(
    town: Town, chance: Chance, supervisor: Member, agency: Member, said: Said
) -> None:
    """A prosecutor reads its copy and comments to an agency of its own state."""
    await town.hours(chance.about(30))
    await town.read(supervisor, said)
    body = SupervisorComment(agency.agency, chance.one(list(SupervisorWish)))
    given = said.statement.header
    header = Header(handling=given.handling, tlp=given.tlp)
    to, answers = [agency.agency], said.digest
    await town.say(supervisor, body, to=to, on=said, answers=answers, header=header)


async def keep_the_directory(town: Town) -> None:
    """The operator's year: an observer comes and goes, keys, limits and calendars change."""
    await town.hours(100)
    facts = ("Наблюдатель (вымышленный)", "", AgencyType.OBSERVER, "Europe/Vienna")
    await town.publish(OPERATOR, EnrolAgency(OBSERVER, *facts))
    await town.hours(500)
    named = ("Наблюдатель ЕС (вымышленный)", *facts[1:])
    await town.publish(OPERATOR, UpdateAgency(OBSERVER, *named))
    await town.hours(300)
    await town.publish(
        SYSTEM["kg.fiu"],
        PublishAcceptance(languages=(Language.RU, Language.EN), hours="9-18", duty_contact="112"),
    )
    await town.hours(1000)
    # Its colleagues go on with the key that they know; both are good.
    newer = SealingPrivateKey.generate().public_key
    await town.publish(SYSTEM["az.fiu"], PublishSealingKey(newer.to_bytes()))
    await town.hours(500)
    # Another text, and the same rules: one operator proposes it, another confirms it.
    reviewed = POLICY + "\n// Reviewed in the summer.\n"
    await town.publish(OPERATOR, PublishPolicy(reviewed))
    await town.hours(30)
    await town.publish(SECOND_OPERATOR, ConfirmPolicy(Policy.compile(reviewed).digest))
    await town.hours(800)
    await town.publish(OPERATOR, RetireAgency(OBSERVER))
    await town.until(NEXT_YEAR_PUBLISHED)
    for calendar in calendars(START.year + 1):
        await town.publish(OPERATOR, calendar)


async def renew_revocations(town: Town) -> None:
    """The authority publishes its list of revocations anew, before the old one is out of date."""
    while True:
        await town.hours(20 * 24)
        town.revocations.renew(town.now)


def begin(town: Town) -> None:
    """Open the offices."""
    town.start(keep_the_directory(town))
    town.start(renew_revocations(town))
