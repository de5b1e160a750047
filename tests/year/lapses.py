"""Approvals that lapse: a coordinator's key is lost between its approval and the second one."""

from __future__ import annotations

import random
from datetime import timedelta

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, Purpose
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules.statements import Header
from tests.support.statements import OPERATOR
from tests.year.exchanges import BASES, Talk, leg_after_the_gate
from tests.year.plan import Chance
from tests.year.region import COORDINATORS, LOST, START, SYSTEM, cast, signer_of
from tests.year.town import Town


async def lose_a_key(town: Town, number: int) -> None:
    """A coordinator approves; its key is lost and revoked before the second approval.

    Its approval counts no more: the leg is released by two others.
    """
    lost = LOST[number]
    header = Header(
        handling=Handling.H2, purpose=Purpose.INVESTIGATION, legal_basis=BASES[0], subject_count=2
    )
    body = Kind.INFORMATION_REQUEST.body()
    said = await town.say(SYSTEM["kz.mia"], body, to=["uz.fiu"], header=header)
    note = town.notes.open_leg(said.statement, "uz.fiu", said.entry, said.at)
    note.hold(town.now)
    chance = Chance(random.Random(f"lost {number}"))  # noqa: S311 -- no secret
    talk = Talk(town, chance, note, said, SYSTEM["kz.mia"], SYSTEM["uz.fiu"])
    approve = Decision(Verdict.APPROVE)
    await town.hours(2)
    await talk.decided(lost, approve)
    await town.hours(5)
    fingerprint = cast().signers[lost].fingerprint
    revocation = RevokeCertificate(fingerprint, RevocationReason.KEY_COMPROMISE)
    await town.publish(OPERATOR, revocation)
    await town.hours(3)
    await talk.decided(COORDINATORS[0], approve)
    town.notes.lapsed += 1
    assert not town.is_released(said, "uz.fiu"), "an approval with a revoked key still counted"
    await town.hours(3)
    await talk.decided(COORDINATORS[1], approve)
    note.release(town.now)
    assert town.is_released(said, "uz.fiu")
    if number == 0:
        anew = signer_of(cast(), lost)
        await town.publish(OPERATOR, PublishCertificate(anew.certificate))
    await leg_after_the_gate(talk)


def begin(town: Town) -> None:
    """Let each of them happen in its season."""
    for number in range(len(LOST)):
        town.start(lose_a_key(town, number), START + timedelta(days=40 + 70 * number))
