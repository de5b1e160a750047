"""Times at the ends of the calendar, and numbers that no field holds, are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from agency_client.core.time_zones import check_offset
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Purpose, TimeLimitRule
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentGround, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.fields import parse_timestamp, to_timestamp
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.wire import encode_statement
from exchange_protocol.trust.identity import AgencyId
from tests.support.statements import CASE, KZ_FMA, KZ_GPO, KZ_MIA, OPERATOR, Hub

FIRST = datetime(2, 1, 1, tzinfo=UTC)
LAST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
ZONES = [timezone(timedelta(hours=-12)), UTC, timezone(timedelta(hours=14))]


@pytest.mark.parametrize("at", [FIRST, LAST])
@pytest.mark.parametrize("zone", ZONES)
def test_every_time_that_is_read_has_a_date_in_every_zone(at: datetime, zone: timezone) -> None:
    read = parse_timestamp(to_timestamp(at), "expires_at")
    assert read == at
    assert read.astimezone(zone).tzinfo is zone


@pytest.mark.parametrize(
    "seconds", [to_timestamp(FIRST).seconds - 1, to_timestamp(LAST).seconds + 1, 2**62, -(2**62)]
)
def test_time_that_some_zone_cannot_show_is_refused(seconds: int) -> None:
    with pytest.raises(ExchangeError) as refused:
        parse_timestamp(Timestamp(seconds=seconds), "expires_at")
    assert refused.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(("field", "value"), [("hours", -5), ("days", 2**40), ("working_days", -1)])
def test_number_that_no_field_holds_is_refused_by_its_name(
    hub: Hub, field: str, value: int
) -> None:
    body = PublishTimeLimit(TimeLimitRule.REPLY, "", **{field: value})
    with pytest.raises(ExchangeError) as refused:
        encode_statement(hub.compose(OPERATOR, body))
    assert (refused.value.reason, refused.value.field) == (Reason.INVALID_FIELD, field)


@pytest.mark.parametrize("fields", [{"subject_count": -1}, {"legal_basis": "\ud800"}])
def test_header_that_no_field_holds_is_refused(hub: Hub, fields: dict[str, Any]) -> None:
    draft = hub.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    with pytest.raises(ExchangeError) as refused:
        encode_statement(replace(draft, header=replace(CASE, **fields)))
    assert refused.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Asia/Almaty", 300), ("Asia/Kathmandu", 345), ("Europe/London", 0), ("Europe/London", 60)],
)
def test_offset_that_a_zone_has_in_the_year_is_taken(zone: str, minutes: int) -> None:
    check_offset(zone, 2027, minutes)


@pytest.mark.parametrize(
    ("zone", "minutes"), [("Asia/Almaty", 0), ("Asia/Almaty", -300), ("Europe/London", 30)]
)
def test_offset_that_contradicts_its_zone_is_refused(zone: str, minutes: int) -> None:
    with pytest.raises(ExchangeError, match=f"ahead of UTC in 2027.*got {minutes}") as refused:
        check_offset(zone, 2027, minutes)
    assert refused.value.field == "utc_offset_minutes"


def test_refusal_of_consent_without_its_explanation_is_refused_by_the_hub_too(hub: Hub) -> None:
    """A client of another make may leave out the sealed words."""
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    answer = hub.say(KZ_FMA, Reply(next(iter(ReplyResult))), on=asked)
    hub.deliver(KZ_MIA, answer)
    wish = ConsentRequest(answer.digest, AgencyId(KZ_GPO.agency), Purpose.PROSECUTION)
    request = hub.say(KZ_MIA, wish, on=asked, to=["kz.fma"])
    body = ConsentDecision(
        request.digest, ConsentOutcome.REFUSED, ground=ConsentGround.OUT_OF_SCOPE
    )
    bare = hub.compose(KZ_FMA, body, on=asked)
    with pytest.raises(ExchangeError) as refused:
        hub.submit(hub.sign(replace(bare, parts=())))
    assert refused.value.reason is Reason.EXPLANATION_MISSING
    hub.submit(hub.sign(bare))
