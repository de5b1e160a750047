"""Published times end where the calendar of the one they bind says, at one entry for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import (
    LegState,
    Party,
    RefusalGround,
    TimeLimitRule,
    Urgency,
)
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.publish_calendar import PublishCalendar
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.remind import Remind
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.return_for_information import ReturnForInformation
from exchange_protocol.kinds.supplement import Supplement
from exchange_protocol.record.folds import LateAnswers
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.calendars import TimeRules, WorkingYear
from exchange_protocol.rules.clocks import Clock, ClockKind, running
from exchange_protocol.rules.leg_record import decode_record, encode_record
from exchange_protocol.trust.identity import AgencyId
from tests.support.statements import (
    CASE,
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    UZ_FIU,
    Hub,
    fictional_cast,
)

REQUEST = Kind.INFORMATION_REQUEST.body()
KZ_2026 = PublishCalendar("KZ", 2026, "Asia/Almaty", 300, (6, 7), (1216, 1217))
UZ_2026 = PublishCalendar("UZ", 2026, "Asia/Tashkent", 300, (7,), (), ())
FMA = AgencyId("kz.fma")
WORKING_DAY = PublishTimeLimit(TimeLimitRule.ACKNOWLEDGEMENT, "", working_days=1)
REPLY = PublishTimeLimit(TimeLimitRule.REPLY, "", working_days=30)


def rules(*calendars: PublishCalendar, days: int = 1) -> TimeRules:
    return TimeRules(
        {(TimeLimitRule.REPLY, ""): replace(REPLY, working_days=days)},
        {(each.country, each.year): WorkingYear(each) for each in calendars},
        {FMA: "KZ", AgencyId("uz.fiu"): "UZ"},
    )


def end(start: str, *calendars: PublishCalendar, days: int = 1, agency: str = "kz.fma") -> str:
    found = rules(*calendars, days=days).deadline(
        TimeLimitRule.REPLY, AgencyId(agency), datetime.fromisoformat(start)
    )
    assert found is not None
    return found.at.isoformat()


def test_a_working_day_ends_at_midnight_of_the_recipient_and_leaves_out_its_days_off() -> None:
    # 15 December 2026 is a Tuesday; the 16th and 17th are off in Kazakhstan.
    assert end("2026-12-14T10:00+00:00", KZ_2026) == "2026-12-15T19:00:00+00:00"
    assert end("2026-12-15T10:00+00:00", KZ_2026) == "2026-12-18T19:00:00+00:00"
    # At 20:00 UTC it is the next day in Almaty.
    assert end("2026-12-14T20:00+00:00", KZ_2026) == "2026-12-18T19:00:00+00:00"
    assert end("2026-12-18T10:00+00:00", KZ_2026) == "2026-12-21T19:00:00+00:00"
    # Uzbekistan works on Saturdays here: each state counts by its own days.
    assert end("2026-12-18T10:00+00:00", UZ_2026, agency="uz.fiu") == "2026-12-19T19:00:00+00:00"


def test_a_day_of_the_weekend_that_is_worked_counts() -> None:
    moved = replace(KZ_2026, days_off=(1216, 1217, 1218), days_worked=(1219,))
    assert end("2026-12-15T10:00+00:00", moved) == "2026-12-19T19:00:00+00:00"


def test_days_agree_with_a_count_by_hand_over_a_whole_year() -> None:
    off = {date(2026, 12, 16), date(2026, 12, 17)}
    for days in (1, 5, 30):
        for ahead in range(0, 300, 7):
            day = date(2026, 1, 1) + timedelta(days=ahead)
            counted, last = 0, day
            while counted < days:
                last += timedelta(days=1)
                counted += last.weekday() < 5 and last not in off
            if last.year == 2026:
                told = end(f"{day}T06:00+00:00", KZ_2026, days=days)
                assert told == f"{last}T19:00:00+00:00"


def test_without_a_calendar_only_weekends_are_left_out_and_the_year_is_named() -> None:
    found = rules(KZ_2026, days=20).deadline(
        TimeLimitRule.REPLY, FMA, datetime(2026, 12, 18, 10, tzinfo=UTC)
    )
    assert found is not None
    assert found.unpublished == (2027,)
    assert found.at == datetime(2027, 1, 15, 19, tzinfo=UTC), "in the zone of the last calendar"
    assert rules().deadline(TimeLimitRule.FEEDBACK, FMA, found.at) is None


# --- What is refused ----------------------------------------------------------------------------


def refusal(call: Callable[..., object], *args: Any, **named: Any) -> Reason:
    with pytest.raises(ExchangeError) as refused:
        call(*args, **named)
    return refused.value.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"days_off": (230,)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"days_off": (229,)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"days_off": (1301,)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"weekend": (6, 8)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"weekend": (1, 2, 3, 4, 5, 6, 7)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"days_worked": (1215,)}, Reason.CALENDAR_DAY_IMPOSSIBLE),
        ({"days_off": (1216, 1216)}, Reason.CALENDAR_DAY_TWICE),
        ({"days_off": (1219,), "days_worked": (1219,)}, Reason.CALENDAR_DAY_TWICE),
        ({"days_off": (1217, 1216)}, Reason.INVALID_FIELD),
        ({"year": 2019}, Reason.CALENDAR_YEAR_INVALID),
        ({"year": 2025, "days_off": ()}, Reason.CALENDAR_YEAR_INVALID),
        ({"year": 2032, "days_off": ()}, Reason.CALENDAR_YEAR_INVALID),
        ({"country": "ZZ"}, Reason.INVALID_FIELD),
        ({"country": "DE"}, Reason.COUNTRY_UNKNOWN),
        ({"time_zone": "no zone"}, Reason.INVALID_FIELD),
        ({"utc_offset_minutes": 900}, Reason.INVALID_FIELD),
    ],
    ids=str,
)
def test_a_wrong_calendar_is_refused_with_its_own_reason(
    change: dict[str, Any], reason: Reason
) -> None:
    hub = Hub(fictional_cast())
    assert refusal(hub.say, OPERATOR, replace(KZ_2026, **change)) is reason


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"working_days": 0}, Reason.TIME_LIMIT_INVALID),
        ({"working_days": 5, "hours": 1}, Reason.TIME_LIMIT_INVALID),
        ({"working_days": 367}, Reason.TIME_LIMIT_INVALID),
        ({"working_days": None, "hours": 24 * 366 + 1}, Reason.TIME_LIMIT_INVALID),
        ({"country": "DE"}, Reason.COUNTRY_UNKNOWN),
        ({"working_days": 31}, Reason.TIME_LIMITS_CONTRADICT),
        ({"working_days": 31, "country": "KZ"}, Reason.TIME_LIMITS_CONTRADICT),
    ],
    ids=str,
)
def test_a_wrong_time_is_refused_with_its_own_reason(wrong: dict[str, Any], reason: Reason) -> None:
    hub = Hub(fictional_cast())
    hub.say(OPERATOR, REPLY)
    assert refusal(hub.say, OPERATOR, replace(WORKING_DAY, **wrong)) is reason


def test_a_time_for_all_may_not_contradict_that_of_one_country() -> None:
    hub = Hub(fictional_cast())
    hub.say(OPERATOR, replace(REPLY, country="KZ", working_days=2))
    contradiction = replace(WORKING_DAY, working_days=3)
    assert refusal(hub.say, OPERATOR, contradiction) is Reason.TIME_LIMITS_CONTRADICT


def test_nobody_but_an_operator_publishes_a_calendar() -> None:
    hub = Hub(fictional_cast())
    assert refusal(hub.say, KZ_FMA, KZ_2026) is Reason.ROLE_NOT_PERMITTED


# --- Return before refusal ----------------------------------------------------------------------


def test_an_insufficient_request_is_returned_before_it_is_refused_or_rejected() -> None:
    hub = Hub(fictional_cast())
    refuse = Refuse(RefusalGround.INSUFFICIENT_REQUEST)
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    assert refusal(hub.say, KZ_FMA, refuse, on=asked) is Reason.RETURN_FIRST
    hub.say(KZ_FMA, ReturnForInformation(), on=asked)
    more = hub.say(KZ_MIA, Supplement(), to=["kz.fma"], on=asked)
    hub.deliver(KZ_FMA, more)
    hub.say(KZ_FMA, refuse, on=asked)
    assert hub.leg(asked, "kz.fma").state is LegState.REFUSED
    record = hub.leg(asked, "kz.fma").record
    assert decode_record(encode_record(record)) == record

    held = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    reject = Decision(Verdict.REJECT, RefusalGround.INSUFFICIENT_REQUEST)
    to = ["uz.fiu"]
    assert refusal(hub.say, COORDINATOR, reject, to=to, on=held) is Reason.RETURN_FIRST
    hub.say(COORDINATOR, Decision(Verdict.RETURN), to=to, on=held)
    hub.say(KZ_MIA, Supplement(), to=to, on=held)
    hub.say(COORDINATOR, reject, to=to, on=held)
    assert hub.leg(held, "uz.fiu").state is LegState.REJECTED
    replay = Replay(DirectoryFold(hub.cast.anchors))
    last = [replay.apply(index, opening) for index, opening in enumerate(hub.log)][-1]
    assert last.exchange == hub.exchanges[held.exchange_id]


# --- The clocks of a leg ------------------------------------------------------------------------


LIMITS = (
    PublishTimeLimit(TimeLimitRule.DECISION, "", working_days=1),
    PublishTimeLimit(TimeLimitRule.URGENT_DECISION, "", hours=1),
    WORKING_DAY,
    REPLY,
    PublishTimeLimit(TimeLimitRule.URGENT_REPLY, "", days=7),
    PublishTimeLimit(TimeLimitRule.URGENT_REPLY_AT_HAND, "", hours=8),
    PublishTimeLimit(TimeLimitRule.FEEDBACK, "", days=90),
)
"""The defaults of docs/rules.md."""


def hub_with_clocks(*years: int) -> Hub:
    hub = Hub(fictional_cast())
    for limit in LIMITS:
        hub.say(OPERATOR, limit)
    for country in ("KZ", "UZ", ""):
        for year in years or (2026, 2027):
            off = (1216, 1217) if country == "KZ" else ()
            hub.say(OPERATOR, PublishCalendar(country, year, "Asia/Almaty", 300, (6, 7), off))
    return hub


def clocks(hub: Hub, said: Any, agency: str = "kz.fma") -> dict[ClockKind, Clock]:
    leg = hub.leg(said, agency)
    assert decode_record(encode_record(leg.record)) == leg.record
    return {
        each.kind: each for each in running(leg.state, leg.record.times, leg.due_at, leg.due_on)
    }


def test_the_published_time_is_the_due_time_where_the_author_names_none() -> None:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    told = clocks(hub, asked)
    # 30 working days after Monday 2 November 2026, two of them off in December.
    assert told[ClockKind.ANSWER].at == datetime(2026, 12, 16, 19, tzinfo=UTC) - timedelta(days=2)
    assert told[ClockKind.ACKNOWLEDGEMENT].at == datetime(2026, 11, 3, 19, tzinfo=UTC)
    assert hub.leg(asked, "kz.fma").due_at == told[ClockKind.ANSWER].at
    assert refusal(hub.say, KZ_MIA, Remind(), to=["kz.fma"], on=asked) is Reason.NOT_YET_DUE
    hub.now = told[ClockKind.ANSWER].at + timedelta(seconds=1)
    hub.say(KZ_MIA, Remind(), to=["kz.fma"], on=asked)


def test_the_authors_own_date_wins_and_the_published_time_is_told_beside_it() -> None:
    hub = hub_with_clocks()
    due = hub.now + timedelta(days=3)
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=replace(CASE, due_at=due))
    told = clocks(hub, asked)
    assert told[ClockKind.ANSWER].at == due
    assert told[ClockKind.LIMIT].at == datetime(2026, 12, 14, 19, tzinfo=UTC)
    hub.deliver(KZ_FMA, asked)
    later = hub.now + timedelta(days=9)
    extend = ExtendDeadline(ExtensionGround.VOLUME)
    hub.say(KZ_FMA, extend, on=asked, header=replace(CASE, purpose=None, due_at=later))
    told = clocks(hub, asked)
    assert (told[ClockKind.ANSWER].at, told[ClockKind.LIMIT].at.day) == (later, 14)


def test_a_missing_calendar_puts_nobody_in_default() -> None:
    hub = hub_with_clocks(2026)
    hub.now = datetime(2026, 12, 10, 6, tzinfo=UTC)
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    told = clocks(hub, asked)
    assert ClockKind.ANSWER not in told
    assert told[ClockKind.LIMIT].unpublished == (2027,)
    assert not told[ClockKind.LIMIT].binds
    assert told[ClockKind.ACKNOWLEDGEMENT].binds
    hub.now += timedelta(days=80)
    assert refusal(hub.say, KZ_MIA, Remind(), to=["kz.fma"], on=asked) is Reason.NOT_YET_DUE


def test_a_held_leg_has_the_coordinators_clock_and_the_answers_begins_with_the_release() -> None:
    hub = hub_with_clocks()
    urgent = replace(CASE, urgency=Urgency.URGENT)
    asked = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=urgent)
    held_at = hub.now - timedelta(seconds=1)
    told = clocks(hub, asked, "uz.fiu")
    assert list(told) == [ClockKind.DECISION]
    assert (told[ClockKind.DECISION].party, told[ClockKind.DECISION].at) == (
        Party.APPROVER,
        held_at + timedelta(hours=1),
    )
    hub.now += timedelta(minutes=30)
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    told = clocks(hub, asked, "uz.fiu")
    assert told[ClockKind.ANSWER].at == hub.now - timedelta(seconds=1) + timedelta(days=7)
    assert told[ClockKind.ANSWER].since == hub.now - timedelta(seconds=1)


def test_the_time_for_an_answer_stops_while_the_recipient_waits_for_the_initiator() -> None:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, ReturnForInformation(), on=asked)
    assert clocks(hub, asked) == {}
    hub.now += timedelta(days=7)
    hub.say(KZ_MIA, Supplement(), to=["kz.fma"], on=asked)
    assert clocks(hub, asked)[ClockKind.ANSWER].at == datetime(2026, 12, 23, 19, tzinfo=UTC)


def test_feedback_is_asked_for_until_it_is_given() -> None:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    [clock] = clocks(hub, asked).values()
    assert (clock.kind, clock.party) == (ClockKind.FEEDBACK, Party.INITIATOR)
    assert clock.at - clock.since == timedelta(days=90)
    hub.say(KZ_MIA, Feedback(3, ()), to=["kz.fma"], on=asked)
    assert clocks(hub, asked) == {}


def test_a_calendar_that_comes_later_moves_no_clock_that_runs() -> None:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"])
    before = clocks(hub, asked)
    hub.say(OPERATOR, replace(KZ_2026, days_off=tuple(range(1201, 1232))))
    hub.deliver(KZ_FMA, asked)
    assert clocks(hub, asked) == before
    replay = Replay(DirectoryFold(hub.cast.anchors))
    last = [replay.apply(index, opening) for index, opening in enumerate(hub.log)][-1]
    assert last.exchange == hub.exchanges[asked.exchange_id], "auditors get the same"


def test_reminders_come_at_50_80_and_100_percent_and_alarms_before_a_freeze_expires() -> None:
    since = datetime(2026, 11, 2, tzinfo=UTC)
    clock = Clock(ClockKind.FREEZE, Party.RECIPIENT, since, since + timedelta(hours=100))
    told = {
        hours: (clock.used(at), clock.reminder(at), clock.alarm(at))
        for hours in (0, 49, 50, 52, 76, 80, 92, 99, 100, 120)
        for at in [since + timedelta(hours=hours)]
    }
    assert told == {
        0: (0, None, None),
        49: (49, None, None),
        50: (50, 50, None),
        52: (52, 50, 48),
        76: (76, 50, 24),
        80: (80, 80, 24),
        92: (92, 80, 8),
        99: (99, 80, 8),
        100: (100, 100, 8),
        120: (100, 100, 8),
    }


def test_a_freeze_that_comes_late_counts_as_a_late_answer_and_its_expiry_does_not() -> None:
    hub = Hub(fictional_cast())
    due = replace(CASE, due_at=hub.now + timedelta(hours=1))
    urgent = Kind.URGENT_FREEZE_REQUEST.body()
    asked = hub.say(KZ_MIA, urgent, to=["kz.fma"], header=due)
    in_time = hub.say(KZ_MIA, urgent, to=["kz.fma"], header=due)
    for each in (asked, in_time):
        hub.deliver(KZ_FMA, each)
    hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.IMPOSED), on=in_time)
    hub.now += timedelta(hours=2)
    hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.IMPOSED), on=asked)
    for each in (asked, in_time):
        expiry = hub.leg(each, "kz.fma").due_at
        assert expiry is not None
        hub.now = max(hub.now, expiry + timedelta(seconds=1))
        hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.EXPIRED), on=each)
        assert hub.leg(each, "kz.fma").state is LegState.ANSWERED
    late = LateAnswers()
    replay = Replay(DirectoryFold(hub.cast.anchors))
    for index, opening in enumerate(hub.log):
        late.apply(replay.apply(index, opening))
    assert late.counts == {"kz.fma": 1}
    assert hub.leg(asked, "kz.fma").record.times is not None
    assert UZ_FIU.agency not in late.counts
