"""A replay of the log finds a referral that passes on what it had no consent for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.member_consent_request import MemberConsentRequest
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.judgement import Judgement, judge
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.identity import AgencyId, Member
from tests.support.refusals import reason_or_none, refusal, refused
from tests.support.statements import (
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    UZ_FIU,
    Hub,
    fictional_cast,
)


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


def asked_and_answered(hub: Hub) -> tuple[Statement, Statement]:
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    return asked, hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)


def answered(hub: Hub) -> Statement:
    return asked_and_answered(hub)[1]


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


def test_a_replay_names_the_referral_on_a_consent_that_was_given_to_another() -> None:
    hub = CarelessHub(fictional_cast())
    case = hub.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["kz.fma", "uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=case)
    for each in (KZ_FMA, UZ_FIU):
        hub.deliver(each, case)
        hub.say(each, Kind.JOIN.body(), on=case)
    given = hub.say(UZ_FIU, Kind.CONTRIBUTE.body(), on=case)
    wish = MemberConsentRequest(given.digest, AgencyId("kz.gpo"), Purpose.INVESTIGATION)
    asked = hub.say(KZ_FMA, wish, on=case)
    grant = ConsentDecision(
        asked.digest, ConsentOutcome.GRANTED, expires_at=hub.now + timedelta(days=9)
    )
    consent = hub.say(UZ_FIU, grant, on=case).digest
    referral = Referral(sources=(given.digest,), consents=(consent,))
    hub.say(KZ_FMA, referral, to=["kz.gpo"])
    hub.say(KZ_MIA, referral, to=["kz.gpo"])
    fold = Replay(DirectoryFold(fictional_cast().anchors))
    for index, opening in enumerate(hub.log[:-1]):
        fold.apply(index, opening)
    last = len(hub.log) - 1
    error = refused(fold.apply, last, hub.log[last])
    assert error.reason is Reason.RULE_BROKEN
    assert "serves the agency that asked for it" in str(error)


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


def passed_on(hub: Hub, asked: Statement, answer: Statement) -> Statement:
    """A referral of the FIU's answer to the prosecutor, to which the FIU consented."""
    consent = consented(hub, KZ_MIA, KZ_FMA, answer, "kz.gpo", asked)
    referral = Referral(sources=(answer.digest,), consents=(consent,))
    return hub.say(KZ_MIA, referral, to=["kz.gpo"])


def consented(
    hub: Hub, asker: Member, author: Member, about: Statement, to: str, on: Statement
) -> bytes:
    """A consent that an end of a leg gave to the other."""
    is_initiator = on.author.agency == asker.agency
    legs = [author.agency] if is_initiator else []
    wish = ConsentRequest(about.digest, AgencyId(to), Purpose.INVESTIGATION)
    asked = hub.say(asker, wish, to=legs, on=on)
    expires = hub.now + timedelta(days=9)
    grant = ConsentDecision(asked.digest, ConsentOutcome.GRANTED, expires_at=expires)
    legs = [] if is_initiator else [asker.agency]
    return hub.say(author, grant, to=legs, on=on).digest


def test_nobody_gets_back_what_it_gave_over_others() -> None:
    hub = Hub(fictional_cast())
    referral = passed_on(hub, *asked_and_answered(hub))
    hub.deliver(KZ_GPO, referral)
    consent = consented(hub, KZ_GPO, KZ_MIA, referral, "kz.fma", referral)
    again = Referral(sources=(referral.digest,), consents=(consent,))
    assert refusal(hub.say, KZ_GPO, again, to=["kz.fma"]) is Reason.PROVENANCE_CIRCULAR


def test_a_chain_needs_the_consent_of_each_provider() -> None:
    hub = Hub(fictional_cast())
    asked, answer = asked_and_answered(hub)
    referral = passed_on(hub, asked, answer)
    hub.deliver(KZ_GPO, referral)
    consent = consented(hub, KZ_GPO, KZ_MIA, referral, "uz.fiu", referral)
    again = Referral(sources=(referral.digest,), consents=(consent,))
    error = refused(lambda: hub.say(KZ_GPO, again, to=["uz.fiu"]))
    assert error.reason is Reason.CONSENT_MISSING
    assert "kz.fma has not consented" in str(error)
    # The agency that received it asks for it; who passes it on need not know of that.
    consented(hub, KZ_MIA, KZ_FMA, answer, "uz.fiu", asked)
    hub.say(KZ_GPO, again, to=["uz.fiu"])


def test_a_refusal_names_no_provider_that_the_author_may_not_see() -> None:
    hub = Hub.founded()
    asked, answer = asked_and_answered(hub)
    consent = consented(hub, KZ_MIA, KZ_FMA, answer, "uz.fiu", asked)
    passed = Referral(sources=(answer.digest,), consents=(consent,))
    referral = hub.say(KZ_MIA, passed, to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=referral)
    hub.deliver(UZ_FIU, referral)
    said = set()
    for to in ("kg.mia", "kz.fma"):
        consent = consented(hub, UZ_FIU, KZ_MIA, referral, to, referral)
        again = Referral(sources=(referral.digest,), consents=(consent,))
        error = refused(hub.say, UZ_FIU, again, to=[to])
        assert error.reason is Reason.CONSENT_MISSING
        assert answer.digest.hex() not in str(error)
        said.add(str(error).replace(to, "it"))
    assert len(said) == 1, "the provider is told from no other"
    assert "kz.fma" not in said.pop()


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        pytest.param("kz.gpo", Reason.CONSENT_MISSING, id="supervisor"),
        pytest.param("caricc", Reason.CONSENT_MISSING, id="approver"),
        pytest.param("kg.mia", None, id="recipient"),
    ],
)
def test_a_copy_of_the_brief_is_not_the_statement(to: str, expected: Reason | None) -> None:
    hub = Hub.founded()
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma", "kg.mia"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["kg.mia"], on=asked)
    hub.deliver(KZ_FMA, asked)
    consent = consented(hub, KZ_FMA, KZ_MIA, asked, "uz.fiu", asked)
    passed = Referral(sources=(asked.digest,), consents=(consent,))
    referral = hub.say(KZ_FMA, passed, to=["uz.fiu"])
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=referral)
    hub.deliver(UZ_FIU, referral)
    consent = consented(hub, UZ_FIU, KZ_FMA, referral, to, referral)
    again = Referral(sources=(referral.digest,), consents=(consent,))
    assert reason_or_none(lambda: hub.say(UZ_FIU, again, to=[to])) is expected
