"""Whoever replays the log finds a referral that passes on what it had no consent for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.judgement import Judgement, judge
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from tests.support.refusals import refusal, refused
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast


@dataclass
class CarelessHub(Hub):
    """A hub that does not ask where what is passed on came from."""

    def judge(self, signed: SignedStatement) -> Judgement:
        statement = parse_statement(signed.payload)
        return judge(
            signed,
            statement,
            directory=self.directory,
            exchange=self.exchanges.get(statement.exchange_id),
            anchors=self.cast.anchors,
            at=self.now,
        )


def answered(hub: Hub) -> Statement:
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)


def test_a_replay_names_the_referral_that_lacks_a_consent() -> None:
    hub = CarelessHub(fictional_cast())
    answer = answered(hub)
    hub.say(KZ_MIA, Referral(sources=(answer.digest,)), to=["kz.gpo"])
    fold = Replay(DirectoryFold(fictional_cast().anchors))
    for index, opening in enumerate(hub.log[:-1]):
        fold.apply(index, opening)
    last = len(hub.log) - 1
    error = refused(fold.apply, last, hub.log[last])
    assert error.reason is Reason.RULE_BROKEN
    assert "CONSENT_MISSING" in str(error)


def test_the_same_referral_is_refused_by_an_honest_hub() -> None:
    hub = Hub(fictional_cast())
    answer = answered(hub)
    said = refusal(hub.say, KZ_MIA, Referral(sources=(answer.digest,)), to=["kz.gpo"])
    assert said is Reason.CONSENT_MISSING


def test_what_one_said_oneself_needs_no_consent() -> None:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.say(KZ_MIA, Referral(sources=(asked.digest,)), to=["kz.gpo"])


def test_a_list_of_sources_names_each_once() -> None:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    with pytest.raises(ExchangeError, match="expected each once"):
        hub.say(KZ_MIA, Referral(sources=(asked.digest, asked.digest)), to=["kz.gpo"])
