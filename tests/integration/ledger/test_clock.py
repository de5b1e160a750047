"""A clock that was days ahead for a moment: what is said after it, and what may be seen of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.record.entries import MOST_BEHIND, parse_entry
from exchange_protocol.trust.identity import AgencyId
from exchange_server.steady_clock import MOST_JUMP, SteadyClock
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Clock, caller
from tests.support.refusals import awaited_refusal
from tests.support.statements import CASE, COORDINATOR, KG_MIA, KZ_FMA, KZ_MIA, OPERATOR, UZ_FIU

REQUEST = Kind.INFORMATION_REQUEST.body()


async def delivered_in(office: Office, ahead: timedelta) -> None:
    """Log a delivery under a clock that is ahead, and put the clock right."""
    asked = await office.say(KZ_MIA, REQUEST, to=["kz.fma"])
    office.clock.forward(ahead)
    await office.ledger.deliver(caller(KZ_FMA), asked.digest, "brief")
    office.clock.forward(-ahead)


async def test_what_is_said_after_a_jump_is_accepted_and_a_stolen_key_is_revoked(
    office: Office,
) -> None:
    await delivered_in(office, timedelta(days=9))
    stolen = office.mail.cast.signers[UZ_FIU].fingerprint
    letter = office.mail.write(OPERATOR, RevokeCertificate(stolen, RevocationReason.KEY_COMPROMISE))
    accepted = await office.ledger.submit(*letter.call)
    # Times never go back along the log, and auditors allow the difference.
    ahead = parse_entry(accepted.entry).hub_time - letter.statement.made_at
    assert timedelta(days=8) < ahead <= MOST_BEHIND
    late = office.mail.write(UZ_FIU, REQUEST, to=["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*late.call)) is Reason.CERTIFICATE_REVOKED


async def test_log_that_auditors_would_not_allow_is_not_made(office: Office) -> None:
    """The fault is no caller's: statements wait in the outboxes, and health tells the operator."""
    await delivered_in(office, MOST_BEHIND + timedelta(days=1))
    size = office.ledger.tree_size
    letter = office.mail.write(KZ_MIA, REQUEST, to=["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    with pytest.raises(HubUnavailable, match="but the last entry of the log was signed at"):
        await office.ledger.verify_writing()
    assert office.ledger.tree_size == size
    office.clock.forward(timedelta(days=2))
    await office.ledger.verify_writing()
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])


def test_clock_that_jumps_ahead_is_not_believed_until_it_agrees_again() -> None:
    wall, passed = Clock(), [0.0]
    clock = SteadyClock(wall, lambda: passed[0])
    began = wall()
    # A day of both, and less than the bound of one alone.
    wall.forward(timedelta(days=1))
    passed[0] = 86_400.0
    wall.forward(MOST_JUMP)
    assert clock() == began + timedelta(days=1) + MOST_JUMP
    wall.forward(timedelta(seconds=1))
    with pytest.raises(HubUnavailable, match="the hub's clock says"):
        clock()
    wall.forward(-MOST_JUMP)
    assert clock() == wall()
    # Back is no jump ahead: the log waits for it.
    wall.forward(timedelta(days=-30))
    assert clock() == wall()


async def test_nothing_is_logged_and_health_is_bad_while_the_clock_is_not_believed(
    office: Office,
) -> None:
    clock = office.clock
    passed = [0.0]
    office.mail.clock = clock
    steady = SteadyClock(clock, lambda: passed[0])
    context = office.ledger._context
    office.ledger._context = replace(context, clock=steady)
    office.ledger._writer._committer._context = office.ledger._context
    clock.forward(timedelta(days=9))
    size = office.ledger.tree_size
    letter = office.mail.write(KZ_MIA, REQUEST, to=["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    unknown = office.ledger.deliver(caller(KZ_FMA), bytes(32), "brief")
    assert await awaited_refusal(unknown) is Reason.UNAVAILABLE
    assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    assert office.ledger.tree_size == size
    clock.forward(timedelta(days=-9))
    await office.ledger.verify_writing()
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])


async def test_time_of_a_list_tells_nothing_of_what_is_held_or_on_other_legs(
    office: Office,
) -> None:
    office.clock.forward(timedelta(seconds=1))
    asked = await office.say(KZ_MIA, REQUEST, to=["uz.fiu", "kg.mia"], header=CASE)
    for leg in ("uz.fiu", "kg.mia"):
        await office.say(COORDINATOR, Decision(Verdict.APPROVE), to=[leg], on=asked)
    await office.fetch(UZ_FIU, asked)
    await office.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    seen = await updated(office, UZ_FIU.agency)
    assert seen == office.clock.now
    office.clock.forward(timedelta(hours=1))
    # On another leg, and a supplement that waits for its approval.
    await office.fetch(KG_MIA, asked)
    await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert await updated(office, UZ_FIU.agency) == seen
    assert await updated(office, KZ_MIA.agency) == office.clock.now


async def updated(office: Office, agency: AgencyId) -> object:
    rows, _ = await office.reader.list_exchanges(agency, None, [], [], 10, "")
    return rows[0].updated_at
