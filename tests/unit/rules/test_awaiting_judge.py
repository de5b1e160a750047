"""A notice that a judge is awaited is kept with the leg until the turn to answer is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agency_client.presentation.due import used_words
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language, LegState, Party, RefusalGround
from exchange_protocol.kinds.extend_deadline import ExtendDeadline, ExtensionGround
from exchange_protocol.kinds.freeze_status import FreezeOutcome, FreezeStatus
from exchange_protocol.kinds.give_notice import GiveNotice, NoticeCode
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.kinds.return_for_information import ReturnForInformation
from exchange_protocol.kinds.rows import BEFORE_ANSWER, Row
from exchange_protocol.kinds.supplement import Supplement
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.clocks import ClockKind, LegTimes, decode_times, encode_times
from exchange_protocol.rules.leg_record import decode_record, encode_record
from exchange_protocol.rules.statements import Statement
from tests.support.statements import CASE, KZ_FMA, KZ_MIA, Hub
from tests.unit.rules.test_deadlines import clocks, hub_with_clocks

REQUEST = Kind.INFORMATION_REQUEST.body()
JUDGE = GiveNotice(NoticeCode.AWAITING_JUDGE)
TO = ["kz.fma"]


def asked_and_read(**header: Any) -> tuple[Hub, Statement]:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, REQUEST, to=TO, header=replace(CASE, **header))
    hub.deliver(KZ_FMA, asked)
    return hub, asked


def awaited(hub: Hub, asked: Statement) -> set[datetime | None]:
    """The times from which a judge is awaited, by the clocks for the answer."""
    told = clocks(hub, asked).items()
    return {
        clock.judge_awaited_since
        for kind, clock in told
        if kind in (ClockKind.ANSWER, ClockKind.LIMIT)
    }


def times(hub: Hub, asked: Statement) -> LegTimes:
    found = hub.leg(asked, "kz.fma").record.times
    assert found is not None
    return found


def test_the_clocks_of_the_answer_tell_it_from_the_first_notice_on_and_end_when_they_did() -> None:
    due = datetime(2026, 11, 20, tzinfo=UTC)
    hub, asked = asked_and_read(due_at=due)
    before = clocks(hub, asked)
    assert awaited(hub, asked) == {None}
    since = hub.now
    hub.say(KZ_FMA, JUDGE, on=asked)
    after = clocks(hub, asked)
    assert {ClockKind.ANSWER, ClockKind.LIMIT} == set(after), "the notice acknowledges it"
    assert {kind: clock.at for kind, clock in after.items()} == {
        kind: before[kind].at for kind in after
    }
    assert awaited(hub, asked) == {since}
    hub.now += timedelta(days=3)
    hub.say(KZ_FMA, JUDGE, on=asked)
    hub.say(KZ_FMA, GiveNotice(NoticeCode.OTHER_MEASURES), on=asked)
    later = replace(CASE, purpose=None, due_at=due + timedelta(days=9))
    hub.say(KZ_FMA, ExtendDeadline(ExtensionGround.VOLUME), on=asked, header=later)
    assert awaited(hub, asked) == {since}
    assert clocks(hub, asked)[ClockKind.ANSWER].at == later.due_at


@pytest.mark.parametrize("notice", [each for each in NoticeCode if each is not JUDGE.notice])
def test_other_obstacles_await_no_judge(notice: NoticeCode) -> None:
    hub, asked = asked_and_read()
    hub.say(KZ_FMA, GiveNotice(notice), on=asked)
    assert awaited(hub, asked) == {None}
    assert times(hub, asked).judge_awaited_since is None


@pytest.mark.parametrize(
    ("member", "body", "state"),
    [
        (KZ_FMA, Reply(ReplyResult.NO_HIT), LegState.ANSWERED),
        (KZ_FMA, Refuse(RefusalGround.LEGAL_PRIVILEGE), LegState.REFUSED),
        (KZ_MIA, Recall(), LegState.RECALLED),
        (KZ_FMA, ReturnForInformation(), LegState.RETURNED),
    ],
    ids=lambda each: each.name if isinstance(each, LegState) else "",
)
def test_nothing_tells_it_after_the_turn_to_answer(member: Any, body: Any, state: LegState) -> None:
    hub, asked = asked_and_read()
    since = hub.now
    hub.say(KZ_FMA, JUDGE, on=asked)
    hub.say(member, body, on=asked, **({"to": TO} if member is KZ_MIA else {}))
    assert hub.leg(asked, "kz.fma").state is state
    assert all(clock.judge_awaited_since is None for clock in clocks(hub, asked).values())
    kept = None if state in BEFORE_ANSWER else since
    assert times(hub, asked).judge_awaited_since == kept, "statistics ask it after the answer"
    replay = Replay(DirectoryFold(hub.cast.anchors))
    last = [replay.apply(index, opening) for index, opening in enumerate(hub.log)][-1]
    assert last.exchange == hub.exchanges[asked.exchange_id], "auditors get the same"


def test_what_is_supplemented_awaits_a_judge_only_if_that_is_told_anew() -> None:
    hub, asked = asked_and_read()
    hub.say(KZ_FMA, JUDGE, on=asked)
    hub.say(KZ_FMA, ReturnForInformation(), on=asked)
    more = hub.say(KZ_MIA, Supplement(), to=TO, on=asked)
    assert awaited(hub, asked) == {None}
    hub.deliver(KZ_FMA, more)
    hub.now += timedelta(hours=1)
    since = hub.now
    hub.say(KZ_FMA, JUDGE, on=asked)
    assert awaited(hub, asked) == {since}


def test_a_freeze_that_stands_awaits_no_judge() -> None:
    hub = hub_with_clocks()
    asked = hub.say(KZ_MIA, Kind.URGENT_FREEZE_REQUEST.body(), to=TO)
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, JUDGE, on=asked)
    until = replace(CASE, purpose=None, due_at=hub.now + timedelta(days=2))
    hub.say(KZ_FMA, FreezeStatus(FreezeOutcome.IMPOSED), on=asked, header=until)
    [freeze] = clocks(hub, asked).values()
    assert (freeze.kind, freeze.judge_awaited_since) == (ClockKind.FREEZE, None)
    assert times(hub, asked).awaited_judge_when_due


def test_a_notice_after_the_due_time_explains_no_delay() -> None:
    due = datetime(2026, 11, 20, tzinfo=UTC)
    for told_at, explains in ((due, True), (due + timedelta(seconds=1), False)):
        hub, asked = asked_and_read(due_at=due)
        assert not times(hub, asked).awaited_judge_when_due
        hub.now = told_at
        hub.say(KZ_FMA, JUDGE, on=asked)
        assert awaited(hub, asked) == {told_at}
        assert times(hub, asked).awaited_judge_when_due is explains


def test_without_a_due_time_no_delay_is_explained() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert not LegTimes(now, judge_awaited_since=now).awaited_judge_when_due


def test_records_from_before_are_read_and_stay_as_they_are() -> None:
    hub, asked = asked_and_read()
    old = encode_times(times(hub, asked))
    assert len(old) == 4, "nothing is written where no judge is awaited"
    assert decode_times(old).judge_awaited_since is None
    hub.say(KZ_FMA, JUDGE, on=asked)
    new = encode_times(times(hub, asked))
    assert decode_times(new) == times(hub, asked) != decode_times(new[:4])
    record = hub.leg(asked, "kz.fma").record
    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "a judge is awaited since 2026-11-02"),
        (Language.RU, "разрешение суда ожидается с 2026-11-02"),
        (Language.KK, "сот рұқсаты 2026-11-02"),
    ],
)
def test_it_is_told_beside_the_time_that_is_used(language: Language, words: str) -> None:
    hub, asked = asked_and_read()
    hub.say(KZ_FMA, JUDGE, on=asked)
    clock = clocks(hub, asked)[ClockKind.ANSWER]
    told = used_words(clock, hub.now, Locale(language, ZoneInfo("UTC")))
    assert words in told
    assert words not in used_words(
        replace(clock, judge_awaited_since=None), hub.now, Locale(language, ZoneInfo("UTC"))
    )


def test_nobody_but_the_recipient_of_an_open_leg_awaits_a_judge() -> None:
    for party, before in (
        (Party.INITIATOR, frozenset({LegState.DELIVERED})),
        (Party.RECIPIENT, frozenset({LegState.ANSWERED})),
    ):
        with pytest.raises(ValueError, match="expected the recipient to await a judge"):
            Row(party=party, before=before, awaits_judge=True)
