"""Consent between members of a joint case: one asks another for what that one contributed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agency_client import ExchangeClient
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.scenarios.members import FIRST, digest, joined
from tests.support.asking import REQUEST
from tests.support.commands import as_member, run
from tests.support.console import running_console
from tests.support.refusals import reason_or_none, refused

TO = "kz.gpo"
WHY = {"reason": "Для предъявления обвинения (вымышлено)"}


def soon(days: float = 7) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def pass_on(client: ExchangeClient, source: bytes, *consents: bytes, **terms: Any) -> Reason | None:
    """Refer what a member contributed; gives the reason for which it is refused, if it is."""
    given = {"to": [TO], "purpose": "PROSECUTION", "brief": "Передача (вымышлено)"} | terms
    return reason_or_none(lambda: client.refer(sources=[source], consents=consents, **given))


def decision_of(client: ExchangeClient, exchange: str) -> Any:
    """The newest decision on a consent, as a member reads it."""
    shown = client.open(exchange).statements
    return [each for each in shown if each.kind.value == "consent_decision"][-1]


def test_a_member_asks_another_who_grants_and_revokes_after_it_left(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    fma, uz, kg = (region[each] for each in ("kz.fma", "uz.fiu", "kg.mia"))
    exchange = joined(region, "kz.fma", "uz.fiu", "kg.mia")
    uz.contribute(exchange, brief="Материал из Ташкента (вымышлено)")
    given = digest(region, exchange, "contribute")
    assert pass_on(fma, given) is Reason.CONSENT_MISSING
    # The lead is at the other end of the leg; of a member's words the member is asked.
    assert region.refusal(fma.ask_consent, exchange, given, TO, "PROSECUTION", **WHY) is (
        Reason.STATEMENT_UNKNOWN
    )
    fma.ask_member_consent(exchange, given, TO, "PROSECUTION", **WHY)
    request = digest(region, exchange, "member_consent_request")
    # All active members read what is asked; it is asked once.
    assert [each.brief.reasons for each in kg.open(exchange).statements if each.brief][-1] == (
        WHY["reason"]
    )
    again = region.refusal(fma.ask_member_consent, exchange, given, TO, "PROSECUTION", **WHY)
    assert again is Reason.ALREADY_DECIDED
    # Its author decides, and nobody else.
    for other in ("kz.mia", "kz.fma", "kg.mia"):
        act = region[other].grant_consent
        assert region.refusal(act, exchange, request, soon()) is Reason.STATEMENT_UNKNOWN
    past = region.refusal(uz.grant_consent, exchange, request, soon(-1))
    assert past is Reason.EXPIRY_PAST
    uz.grant_consent(exchange, request, soon(), note="Согласны (вымышлено)")
    twice = region.refusal(uz.refuse_consent, exchange, request, "out-of-scope", explanation="x")
    assert twice is Reason.ALREADY_DECIDED
    # The member that asked reads the words of the decision, and the lead; other members see it.
    for agency in ("kz.fma", "kz.mia"):
        read = decision_of(region[agency], exchange)
        assert read.brief is not None
        assert read.brief.summary == "Согласны (вымышлено)"
    assert decision_of(kg, exchange).brief is None
    consent = decision_of(fma, exchange).statement.digest
    assert pass_on(fma, given, consent, purpose="ANALYSIS") is Reason.CONSENT_MISSING
    assert pass_on(fma, given, consent, to=["kz.mia"]) is Reason.CONSENT_MISSING
    assert pass_on(fma, given, consent) is None
    # It may end its consent after it has left; the member that asked reads that too.
    uz.leave(exchange, reason="Производство окончено (вымышлено)")
    gone = region.refusal(fma.ask_member_consent, exchange, given, TO, "ANALYSIS", **WHY)
    assert gone is Reason.STATEMENT_UNKNOWN
    uz.revoke_consent(exchange, request, reason="Обстоятельства изменились (вымышлено)")
    read = decision_of(fma, exchange)
    assert read.brief is not None
    assert read.brief.reasons.startswith("Обстоятельства")
    assert pass_on(fma, given, consent) is Reason.CONSENT_MISSING
    assert "request for another member's consent" in region.replay(capsys)
    # Its command shows the same, in words and as JSON.
    code, out, err = run(capsys, *as_member(region.town, "kz.fma/system"), "show", exchange)
    assert code == 0, err
    assert "request for another member's consent" in out
    member = as_member(region.town, "kz.fma/system")
    code, out, err = run(capsys, *member, "--json", "show", exchange)
    assert code == 0, err
    assert "member_consent_request" in {each["kind"] for each in json.loads(out)["statements"]}


def test_a_consent_serves_the_agency_that_asked_and_no_other(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    lead, fma, uz, kg = (region[each] for each in ("kz.mia", "kz.fma", "uz.fiu", "kg.mia"))
    exchange = joined(region, "kz.fma", "uz.fiu", "kg.mia")
    uz.contribute(exchange, brief="Материал из Ташкента (вымышлено)")
    given = digest(region, exchange, "contribute")
    fma.ask_member_consent(exchange, given, TO, "PROSECUTION", **WHY)
    uz.grant_consent(exchange, digest(region, exchange, "member_consent_request"), soon())
    to_fma = decision_of(kg, exchange).statement.digest
    # All members read the consent; it was given to one of them.
    for other in (lead, kg):
        error = refused(
            other.refer,
            to=[TO],
            purpose="PROSECUTION",
            brief="Передача (вымышлено)",
            sources=[given],
            consents=[to_fma],
        )
        assert error.reason is Reason.CONSENT_MISSING
        assert "serves the agency that asked for it, and no other" in str(error)
    # The others ask for their own: the lead on the member's leg, a member as a member.
    lead.ask_consent(exchange, given, TO, "PROSECUTION", legs=["uz.fiu"], **WHY)
    uz.grant_consent(exchange, digest(region, exchange, "consent_request"), soon())
    to_lead = decision_of(lead, exchange).statement.digest
    kg.ask_member_consent(exchange, given, TO, "PROSECUTION", **WHY)
    uz.grant_consent(exchange, digest(region, exchange, "member_consent_request"), soon())
    to_kg = decision_of(kg, exchange).statement.digest
    assert pass_on(lead, given, to_kg) is Reason.CONSENT_MISSING
    assert pass_on(lead, given, to_lead) is None
    assert pass_on(kg, given, to_lead) is Reason.CONSENT_MISSING
    assert pass_on(kg, given, to_kg) is None
    assert pass_on(fma, given, to_fma) is None
    # Ended for one, it stands for the others.
    uz.revoke_consent(
        exchange,
        digest(region, exchange, "member_consent_request"),
        reason="Обстоятельства изменились (вымышлено)",
    )
    assert pass_on(kg, given, to_kg) is Reason.CONSENT_MISSING
    assert pass_on(fma, given, to_fma) is None
    region.replay(capsys)


def test_the_member_that_asked_reads_a_refusal_after_it_left_itself(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    fma, uz = region["kz.fma"], region["uz.fiu"]
    exchange = joined(region, "kz.fma", "uz.fiu")
    uz.contribute(exchange, brief="Материал из Ташкента (вымышлено)")
    given = digest(region, exchange, "contribute")
    fma.ask_member_consent(exchange, given, TO, "PROSECUTION", **WHY)
    request = digest(region, exchange, "member_consent_request")
    fma.leave(exchange, reason="Окончено (вымышлено)")
    uz.refuse_consent(exchange, request, "disproportionate", explanation="Несоразмерно")
    read = decision_of(fma, exchange)
    assert read.brief is not None
    assert read.brief.explanation == "Несоразмерно"
    assert pass_on(fma, given) is Reason.CONSENT_MISSING
    region.replay(capsys)


def test_each_wrong_request_to_a_member_is_refused(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, uz = region["kz.mia"], region["kz.fma"], region["uz.fiu"]
    exchange = joined(region, "kz.fma", "uz.fiu")
    fma.contribute(exchange, brief="Свой материал (вымышлено)")
    own = digest(region, exchange, "contribute")
    mia.contribute(exchange, brief="Слово ведущего (вымышлено)")
    leads = digest(region, exchange, "contribute")
    ask = fma.ask_member_consent
    for about in (own, leads, bytes(32)):
        refused = region.refusal(ask, exchange, about, TO, "PROSECUTION", **WHY)
        assert refused is Reason.STATEMENT_UNKNOWN
    # A member asks the lead on its own leg, and the lead a member on that one's.
    fma.ask_consent(exchange, leads, TO, "PROSECUTION", **WHY)
    mia.ask_consent(exchange, own, TO, "PROSECUTION", legs=["kz.fma"], **WHY)
    by_lead = region.refusal(mia.ask_member_consent, exchange, own, TO, "ANALYSIS", **WHY)
    assert by_lead is Reason.OUT_OF_ORDER
    unknown = region.refusal(uz.ask_member_consent, exchange, own, "xx.none", "ANALYSIS", **WHY)
    assert unknown is Reason.AGENCY_UNKNOWN
    mia.invite(exchange, "kg.mia", brief="Приглашаем (вымышлено)")
    region.approve(exchange, FIRST)
    kg = region["kg.mia"]
    kg.open(exchange)
    early = region.refusal(kg.ask_member_consent, exchange, own, TO, "ANALYSIS", **WHY)
    assert early is Reason.NOT_ACTIVE
    uz.leave(exchange, reason="Окончено (вымышлено)")
    left = region.refusal(uz.ask_member_consent, exchange, own, TO, "ANALYSIS", **WHY)
    assert left is Reason.NOT_ACTIVE
    region.replay(capsys)


def test_refusals_name_the_command_that_asks_a_member(region: Region) -> None:
    fma, uz = region["kz.fma"], region["uz.fiu"]
    exchange = joined(region, "kz.fma", "uz.fiu")
    file = {"schet.csv": "Вымышленный счёт".encode()}
    brief = "Материал из Ташкента (вымышлено)"
    uz.contribute(exchange, brief=brief, attachments=file, handling="H1")
    given = digest(region, exchange, "contribute")
    asks = f"agency ask-member-consent {exchange} --about {given.hex()}"
    assert asks in str(refused(fma.gather_evidence, exchange, with_content=True))
    # The lead stands at the other end of the leg, and asks as on any leg.
    lead = region["kz.mia"]
    plain = f"agency ask-consent {exchange} --about {given.hex()}"
    assert plain in str(refused(lead.gather_evidence, exchange, with_content=True))
    for client, command in ((fma, asks), (lead, plain)):
        client.open(exchange)
        ask = client.request_information
        error = refused(ask, to=[TO], brief="x", request=REQUEST, attachments=file)
        assert error.reason is Reason.CONSENT_MISSING
        assert command in str(error)


def test_the_console_leads_to_a_referral_whoever_asked_for_the_consent_alone(
    region: Region,
) -> None:
    fma, uz, kg, mia = (region[each] for each in ("kz.fma", "uz.fiu", "kg.mia", "kz.mia"))
    exchange = joined(region, "kz.fma", "uz.fiu", "kg.mia")
    uz.contribute(exchange, brief="Материал (вымышлено)")
    fma.ask_member_consent(
        exchange, digest(region, exchange, "contribute"), TO, "PROSECUTION", **WHY
    )
    uz.grant_consent(exchange, digest(region, exchange, "member_consent_request"), soon())
    for client in (fma, kg, mia):
        with running_console(client) as console:
            page = console.entered().get(f"/exchange/{exchange}").text
        assert ("/new/refer?" in page) is (client is fma), client.agency
