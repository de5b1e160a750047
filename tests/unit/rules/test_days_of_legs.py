"""The day on which a leg is due goes with its due time, whoever sets that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, TimeLimitRule
from exchange_protocol.kinds.days import end_of_day
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.join import Join
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.return_for_information import ReturnForInformation
from exchange_protocol.kinds.supplement import Supplement
from exchange_protocol.kinds.task import Task
from exchange_protocol.rules.clocks import ClockKind, running
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.rules.leg_record import decode_record, encode_record
from exchange_protocol.rules.statements import Header, Statement
from tests.support.statements import CASE, KZ_FMA, KZ_MIA, OPERATOR, START, Hub

ALMATY, KIRITIMATI = timezone(timedelta(hours=5)), timezone(timedelta(hours=14))
FIRST, LATER = START.date() + timedelta(days=10), START.date() + timedelta(days=20)


def due(day: date, zone: timezone = ALMATY, header: Header = CASE) -> Header:
    return replace(header, due_at=end_of_day(day, zone), due_on=day)


def asked(hub: Hub, header: Header) -> Statement:
    said = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"], header=header)
    hub.deliver(KZ_FMA, said)
    return said


def when(leg: Leg) -> tuple[datetime | None, date | None]:
    return leg.due_at, leg.due_on


@pytest.mark.parametrize("zone", [ALMATY, KIRITIMATI])
def test_leg_and_its_clock_know_the_day_that_was_asked_for(hub: Hub, zone: timezone) -> None:
    leg = hub.leg(asked(hub, due(FIRST, zone)), "kz.fma")
    assert when(leg) == (end_of_day(FIRST, zone), FIRST)
    [clock] = running(leg.state, leg.record.times, leg.due_at, leg.due_on)
    assert (clock.kind, clock.at, clock.day) == (ClockKind.ANSWER, leg.due_at, FIRST)


def test_extension_to_a_day_brings_its_day_and_one_to_a_moment_ends_it(hub: Hub) -> None:
    request = asked(hub, due(FIRST))
    extend = ExtendDeadline(ExtensionGround.VOLUME)
    hub.say(KZ_FMA, extend, on=request, header=due(LATER, header=Header()))
    assert when(hub.leg(request, "kz.fma")) == (end_of_day(LATER, ALMATY), LATER)
    at = end_of_day(LATER, ALMATY) + timedelta(days=1, hours=3)
    hub.say(KZ_FMA, extend, on=request, header=Header(due_at=at))
    assert when(hub.leg(request, "kz.fma")) == (at, None)


def test_refused_extension_names_the_days(hub: Hub) -> None:
    request = asked(hub, due(LATER))
    extend = ExtendDeadline(ExtensionGround.VOLUME)
    early = hub.sign(hub.compose(KZ_FMA, extend, on=request, header=due(FIRST, header=Header())))
    with pytest.raises(ExchangeError) as refused:
        hub.submit(early)
    assert refused.value.reason is Reason.DUE_TIME_NOT_LATER
    assert f"after the end of {LATER} (UTC+05:00)" in refused.value.message
    assert f"got the end of {FIRST} (UTC+05:00)" in refused.value.message


@pytest.mark.parametrize("moves", [False, True])
def test_supplement_keeps_the_day_unless_it_names_another_time(hub: Hub, moves: bool) -> None:
    request = asked(hub, due(FIRST))
    hub.say(KZ_FMA, ReturnForInformation(), on=request)
    at = end_of_day(FIRST, ALMATY) + timedelta(hours=30)
    header = Header(due_at=at) if moves else Header()
    hub.say(KZ_MIA, Supplement(), on=request, to=["kz.fma"], header=header)
    expected = (at, None) if moves else (end_of_day(FIRST, ALMATY), FIRST)
    assert when(hub.leg(request, "kz.fma")) == expected


def test_published_time_has_no_day(hub: Hub) -> None:
    hub.say(OPERATOR, PublishTimeLimit(TimeLimitRule.REPLY, "", days=30))
    leg = hub.leg(asked(hub, CASE), "kz.fma")
    assert leg.due_at is not None
    assert leg.due_on is None


def test_freeze_knows_the_day_to_which_it_lasts(hub: Hub) -> None:
    body = Kind.URGENT_FREEZE_REQUEST.body()
    request = hub.say(KZ_MIA, body, to=["kz.fma"], header=due(FIRST))
    hub.deliver(KZ_FMA, request)
    hub.say(KZ_FMA, Kind.ACKNOWLEDGE.body(), on=request)
    imposed = FreezeStatus(FreezeOutcome.IMPOSED)
    hub.say(KZ_FMA, imposed, on=request, header=due(LATER, header=Header()))
    leg = hub.leg(request, "kz.fma")
    assert (leg.state, *when(leg)) == (LegState.FROZEN, end_of_day(LATER, ALMATY), LATER)
    [clock] = running(leg.state, leg.record.times, leg.due_at, leg.due_on)
    assert (clock.kind, clock.day) == (ClockKind.FREEZE, LATER)


def test_member_of_a_case_is_due_on_the_day_of_its_next_task(hub: Hub) -> None:
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma"], header=replace(CASE))
    hub.deliver(KZ_FMA, case)
    hub.say(KZ_FMA, Join(), on=case)
    for day in (LATER, FIRST):
        hub.say(KZ_MIA, Task(KZ_FMA.agency), on=case, header=due(day, header=Header()))
    leg = hub.leg(case, "kz.fma")
    assert when(leg) == (end_of_day(FIRST, ALMATY), FIRST)
    assert [task.due_on for task in leg.record.tasks] == [LATER, FIRST]
    assert decode_record(encode_record(leg.record)) == leg.record
