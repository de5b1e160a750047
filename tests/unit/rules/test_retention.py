"""The end of retention follows from what is published when a leg ends; replays judge by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.announce_correction import CorrectionReason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.correct import Correct
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.entries import CommitmentOpening, Entry, Event, encode_entry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.access import is_erased, kept_until
from exchange_protocol.rules.clocks import decode_times, encode_times
from exchange_protocol.rules.statements import Statement
from tests.support.statements import KZ_FMA, KZ_MIA, OPERATOR, Hub, fictional_cast

DAYS = 10
RETENTION = PublishTimeLimit(TimeLimitRule.RETENTION, "", days=DAYS)


def ended(hub: Hub) -> Statement:
    """A request that was answered and closed."""
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    return asked


def test_without_a_rule_content_is_kept_without_end() -> None:
    hub = Hub.founded()
    asked = ended(hub)
    assert kept_until(hub.leg(asked, "kz.fma")) is None
    exchange, said = hub.exchanges[asked.exchange_id], hub.spoken[asked.digest]
    assert not is_erased(exchange, said, hub.now + timedelta(days=36_500))


def test_the_rule_of_the_initiators_country_goes_before_that_of_all() -> None:
    hub = Hub.founded()
    hub.say(OPERATOR, RETENTION)
    hub.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "KZ", days=3))
    until = kept_until(hub.leg(ended(hub), "kz.fma"))
    assert until is not None
    assert timedelta(days=2, hours=23) < until - hub.now <= timedelta(days=3)


def test_an_open_leg_has_no_end() -> None:
    hub = Hub.founded()
    hub.say(OPERATOR, RETENTION)
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    assert kept_until(hub.leg(asked, "kz.fma")) is None


def test_the_end_is_kept_in_tables() -> None:
    hub = Hub.founded()
    hub.say(OPERATOR, RETENTION)
    times = hub.leg(ended(hub), "kz.fma").record.times
    assert times is not None
    assert decode_times(encode_times(times)) == times
    assert times.kept_until is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": 24},
        {"working_days": 5},
        {"days": 36_601},
    ],
)
def test_retention_is_published_in_days_alone(wrong: dict[str, int]) -> None:
    hub = Hub.founded()
    with pytest.raises(ExchangeError) as refused:
        hub.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", **wrong))
    assert refused.value.reason is Reason.TIME_LIMIT_INVALID


@pytest.mark.parametrize(("days", "is_over"), [(DAYS - 1, False), (DAYS, True)])
def test_an_answer_is_corrected_until_its_content_is_forgotten(days: int, is_over: bool) -> None:
    """A correction that comes later would be forgotten before anybody read it."""
    hub = Hub.founded()
    hub.say(OPERATOR, RETENTION)
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    answer = hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    until = kept_until(hub.leg(asked, "kz.fma"))
    assert until is not None
    hub.now = until - timedelta(days=DAYS - days)
    body = Correct(answer.digest, CorrectionReason.WRONG_FACT)
    signed = hub.sign(hub.compose(KZ_FMA, body, on=asked))
    if is_over:
        with pytest.raises(ExchangeError) as refused:
            hub.submit(signed)
        assert refused.value.reason is Reason.TIME_IS_OVER
        assert "send kz.mia a referral" in str(refused.value)
    else:
        said = hub.submit(signed).statement
        # The time goes on from the close: what was said before is kept no longer for it.
        assert kept_until(hub.leg(asked, "kz.fma")) == until
        assert hub.leg(asked, "kz.fma").awaits == said.digest


@pytest.mark.parametrize(("days", "is_broken"), [(DAYS - 1, False), (DAYS, True)])
def test_a_delivery_after_the_end_breaks_the_rules(days: int, is_broken: bool) -> None:
    hub = Hub.founded()
    hub.say(OPERATOR, RETENTION)
    asked = ended(hub)
    replay = Replay(DirectoryFold(fictional_cast().anchors))
    for index, opening in enumerate(hub.log):
        replay.apply(index, opening)
    entry = Entry(
        hub_time=hub.now + timedelta(days=days),
        event=Event.DELIVERY,
        actor=KZ_FMA,
        certificate_sha256=bytes(32),
        directory_size=replay.directories.current.size,
        exchange_id=asked.exchange_id,
        payload_digest=asked.digest,
    )
    delivery = CommitmentOpening(encode_entry(entry), bytes(32))
    if not is_broken:
        replay.apply(len(hub.log), delivery)
        return
    with pytest.raises(ExchangeError) as broken:
        replay.apply(len(hub.log), delivery)
    assert broken.value.reason is Reason.RULE_BROKEN
