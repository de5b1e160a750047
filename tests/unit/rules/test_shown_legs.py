"""A leg as its recipient knows it while something is hidden, in the record of the leg."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Purpose
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.rules.clocks import LegTimes
from exchange_protocol.rules.leg_record import (
    EMPTY_RECORD,
    LegRecord,
    ShownLeg,
    decode_record,
    encode_record,
    is_same_record,
    shown_as,
)
from exchange_protocol.trust.identity import AgencyId
from tests.support.refusals import refused
from tests.support.statements import CASE, COORDINATOR, KZ_MIA, UZ_FIU, Hub

AT = datetime(2026, 12, 1, 18, 59, 59, tzinfo=UTC)
TIMES = LegTimes(AT, AT + timedelta(days=3))
SHOWN = ShownLeg(LegState.RETURNED, 2, 1, AT, date(2026, 12, 1), TIMES)
BARE = ShownLeg(LegState.LEFT, 0, 0, None, None, None)


@pytest.mark.parametrize("shown", [SHOWN, BARE, None])
def test_a_record_keeps_what_is_shown(shown: ShownLeg | None) -> None:
    record = LegRecord(from_initiator=(b"\1" * 32,), shown=shown)
    text = encode_record(record)
    assert decode_record(text) == record
    assert (shown is not None and shown_as(shown.state) in text) or "shown" not in text


def test_what_a_hub_of_before_wrote_is_the_same_and_another_time_is_not() -> None:
    record = replace(EMPTY_RECORD, shown=SHOWN)
    before, now = encode_record(EMPTY_RECORD), encode_record(record)
    later = encode_record(replace(EMPTY_RECORD, shown=replace(SHOWN, due_at=AT + timedelta(1))))
    other = encode_record(replace(record, was_returned=True))
    assert is_same_record(before, now)
    assert not is_same_record(now, before), "nothing is shown that the log does not tell"
    assert not is_same_record(now, later)
    assert not is_same_record(before, other)
    for damaged in ("", "[]", "3", "null", '{"shown":', "[" * 100_000):
        assert not is_same_record(now, damaged)


def test_it_is_kept_from_the_first_hidden_statement_to_the_release() -> None:
    hub = Hub.founded()
    header = replace(CASE, due_at=hub.now + timedelta(days=9))
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"], header=header)

    def shown() -> ShownLeg | None:
        leg = hub.exchanges[asked.exchange_id].leg(UZ_FIU.agency)
        assert leg is not None
        return leg.record.shown

    assert shown() is None, "it knows of nothing yet"
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    assert shown() is None
    more = replace(CASE, due_at=hub.now + timedelta(days=30))
    said = hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked, header=more)
    held = shown()
    assert held is not None
    assert (held.state, held.due_at) == (LegState.RETURNED, header.due_at)
    assert (held.approvals_given, held.approvals_required) == (1, 1)
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=said)
    assert shown() is None


def test_a_refusal_tells_a_recipient_no_more_than_a_list() -> None:
    hub = Hub.founded()
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=asked)
    hub.deliver(UZ_FIU, asked)
    hub.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    words = Kind.INTERIM_REPLY.body()
    before = refused(hub.say, UZ_FIU, words, on=asked)
    hub.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    after = refused(hub.say, UZ_FIU, words, on=asked)
    assert after.reason is before.reason is Reason.OUT_OF_ORDER
    assert str(after) == str(before)
    assert "RETURNED" in str(after)


def test_a_held_invitation_takes_nothing_from_a_former_member() -> None:
    hub = Hub.founded()
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu", "kg.mia"], on=case)
    hub.deliver(UZ_FIU, case)
    hub.say(UZ_FIU, Kind.JOIN.body(), on=case)
    hub.say(UZ_FIU, Kind.LEAVE.body(), on=case)
    hub.say(KZ_MIA, Invite(UZ_FIU.agency), to=["uz.fiu"], on=case)
    wish = ConsentRequest(case.digest, AgencyId("kz.gpo"), Purpose.INVESTIGATION)
    said = hub.say(UZ_FIU, wish, on=case)
    leg = hub.exchanges[case.exchange_id].leg(UZ_FIU.agency)
    assert leg is not None
    assert leg.state is LegState.HELD
    assert leg.record.shown is not None
    assert leg.record.shown.state is LegState.LEFT
    assert said.digest not in leg.hidden


def test_the_digest_of_a_held_invitation_is_not_told_to_a_former_member() -> None:
    hub = Hub.founded()
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["uz.fiu", "kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu", "kg.mia"], on=case)
    hub.deliver(UZ_FIU, case)
    hub.say(UZ_FIU, Kind.JOIN.body(), on=case)
    hub.say(UZ_FIU, Kind.LEAVE.body(), on=case)
    held = hub.say(KZ_MIA, Invite(UZ_FIU.agency), to=["uz.fiu"], on=case)
    wish = ConsentRequest(case.digest, AgencyId("kz.gpo"), Purpose.INVESTIGATION)
    told = refused(hub.say, UZ_FIU, wish, on=case, answers=case.digest)
    assert told.reason is Reason.STALE_ANSWER
    assert held.digest.hex() not in str(told)
    # It is not told what it waits for, and is told what to do.
    assert str(told).endswith("say it anew. If it shows nothing new, say it once it does")
