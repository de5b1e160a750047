"""Consent to onward use: asked, granted, partly, refused, lapsed, revoked; and what rests on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from agency_client import ExchangeClient, Sent
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.refusals import reason_or_none, refused

BRIEF = "Передача полученных сведений (вымышлено)"
TO = "kz.gpo"


def soon(days: float = 7) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def digest(client: ExchangeClient, exchange: str, kind: str) -> bytes:
    """The newest statement of a kind in an exchange."""
    found = [each for each in client.open(exchange).statements if each.kind.value == kind]
    return found[-1].statement.digest


def answered(region: Region, **terms: Any) -> tuple[str, bytes]:
    """An exchange that the FIU answered, and the digest of its answer."""
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia, **terms)
    fma.open(exchange)
    fma.reply(exchange, brief="Ответ (вымышлено)", handling="H2")
    return exchange, digest(mia, exchange, "reply")


def pass_on(region: Region, source: bytes, *consents: bytes, **terms: Any) -> Reason | None:
    """Refer what was received; gives the reason for which it is refused, if it is."""
    given = {"to": [TO], "handling": "H2", "purpose": "PROSECUTION"} | terms
    refer = region["kz.mia"].refer
    return reason_or_none(lambda: refer(brief=BRIEF, sources=[source], consents=consents, **given))


def test_consent_is_granted_used_revoked_and_what_it_does_not_cover_is_refused(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    assert pass_on(region, answer) is Reason.CONSENT_MISSING
    why = {"reason": "Для предъявления обвинения (вымышлено)"}
    own = digest(mia, exchange, "information_request")
    ask = mia.ask_consent
    assert region.refusal(ask, exchange, own, TO, "PROSECUTION", **why) is Reason.STATEMENT_UNKNOWN
    unknown = region.refusal(ask, exchange, answer, "xx.none", "PROSECUTION", **why)
    assert unknown is Reason.AGENCY_UNKNOWN
    mia.ask_consent(exchange, answer, TO, "PROSECUTION", **why)
    again = region.refusal(ask, exchange, answer, TO, "PROSECUTION", **why)
    assert again is Reason.ALREADY_DECIDED
    asked = digest(fma, exchange, "consent_request")
    past = region.refusal(fma.grant_consent, exchange, asked, soon(-1))
    assert past is Reason.EXPIRY_PAST
    own_grant = region.refusal(mia.grant_consent, exchange, asked, soon())
    assert own_grant is Reason.STATEMENT_UNKNOWN
    fma.grant_consent(exchange, asked, soon())
    twice = region.refusal(fma.refuse_consent, exchange, asked, "out-of-scope", explanation="x")
    assert twice is Reason.ALREADY_DECIDED
    consent = digest(mia, exchange, "consent_decision")
    # It covers one statement, one recipient, one purpose, and nothing below the handling.
    assert pass_on(region, answer) is Reason.CONSENT_MISSING
    assert pass_on(region, answer, consent, to=["kg.mia"]) is Reason.CONSENT_MISSING
    assert pass_on(region, answer, consent, purpose="ANALYSIS") is Reason.CONSENT_MISSING
    assert pass_on(region, answer, consent, handling="H1") is Reason.INVALID_FIELD
    assert pass_on(region, answer, consent, to=["kz.fma"]) is Reason.PROVENANCE_CIRCULAR
    assert pass_on(region, bytes(32), consent) is Reason.STATEMENT_UNKNOWN
    assert pass_on(region, answer, consent, bytes(32)) is Reason.CONSENT_MISSING
    assert pass_on(region, answer, consent) is None
    # Its author is not shown the source there, and takes nobody for a liar.
    [referral] = mia.exchanges(kinds=["referral"])
    assert mia.open(referral).statements
    fma.revoke_consent(exchange, asked, reason="Обстоятельства изменились (вымышлено)")
    assert pass_on(region, answer, consent) is Reason.CONSENT_MISSING
    region.replay(capsys)


def test_consent_is_given_for_another_purpose_refused_or_lapses(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    mia.ask_consent(exchange, answer, TO, "PROSECUTION", reason="Для суда (вымышлено)")
    asked = digest(fma, exchange, "consent_request")
    as_asked = region.refusal(fma.grant_consent_partly, exchange, asked, soon(), "PROSECUTION")
    assert as_asked is Reason.CONSENT_NOT_LESS
    fma.grant_consent_partly(exchange, asked, soon(), "INTELLIGENCE")
    partly = digest(mia, exchange, "consent_decision")
    assert pass_on(region, answer, partly) is Reason.CONSENT_MISSING
    assert pass_on(region, answer, partly, purpose="INTELLIGENCE") is None
    # The same is asked again for the other purpose, and refused.
    mia.ask_consent(exchange, answer, TO, "CONFISCATION", reason="Для ареста (вымышлено)")
    asked = digest(fma, exchange, "consent_request")
    fma.refuse_consent(exchange, asked, "disproportionate", explanation="Несоразмерно")
    assert pass_on(region, answer, purpose="CONFISCATION") is Reason.CONSENT_MISSING
    nothing = region.refusal(fma.revoke_consent, exchange, asked, reason="x")
    assert nothing is Reason.ALREADY_DECIDED
    # A consent lapses by the clock of the hub.
    mia.ask_consent(exchange, answer, TO, "INVESTIGATION", reason="Для следствия (вымышлено)")
    asked = digest(fma, exchange, "consent_request")
    end = shortly()
    fma.grant_consent(exchange, asked, end.isoformat())
    short = digest(mia, exchange, "consent_decision")
    let_pass(end)
    assert pass_on(region, answer, short, purpose="INVESTIGATION") is Reason.CONSENT_MISSING
    lapsed = refused(
        lambda: mia.refer(
            to=[TO],
            brief=BRIEF,
            handling="H2",
            purpose="INVESTIGATION",
            sources=[answer],
            consents=[short],
        )
    )
    assert f"that consent lapsed at {end.isoformat()[:19]}" in str(lapsed)
    # One that lapsed is asked for again; one that waits or stands is not.
    again = partial(
        mia.ask_consent, exchange, answer, TO, "INVESTIGATION", reason="Снова (вымышлено)"
    )
    again()
    assert region.refusal(again) is Reason.ALREADY_DECIDED
    asked = digest(fma, exchange, "consent_request")
    fma.grant_consent(exchange, asked, soon())
    longer = digest(mia, exchange, "consent_decision")
    assert pass_on(region, answer, longer, purpose="INVESTIGATION") is None
    assert region.refusal(again) is Reason.ALREADY_DECIDED
    region.replay(capsys)


def test_a_consent_serves_every_member_of_the_agency_that_asked(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    fma = region["kz.fma"]
    exchange, answer = answered(region)
    officer = region["kz.mia/officer/officer1"]
    consent = agreed(officer, fma, exchange, answer, TO)
    unnamed = refused(
        region["kz.mia"].refer,
        to=[TO],
        brief=BRIEF,
        handling="H2",
        purpose="PROSECUTION",
        sources=[answer],
    )
    assert f"--consent {consent.hex()}" in str(unnamed)
    assert pass_on(region, answer, consent) is None
    region.replay(capsys)


def test_a_supervisor_is_told_who_may_ask_and_pass_on(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange, answer = answered(region)
    officer, supervisor = region["kz.mia/officer/officer1"], region["kz.gpo"]
    consent = agreed(officer, region["kz.fma"], exchange, answer, "uz.fiu")
    why = refused(
        supervisor.refer,
        to=["uz.fiu"],
        brief=BRIEF,
        handling="H2",
        purpose="PROSECUTION",
        sources=[answer],
        consents=[consent],
    )
    assert why.reason is Reason.CONSENT_MISSING
    assert "kz.gpo cannot ask for it" in str(why)
    assert "ask-consent" not in str(why)
    region.replay(capsys)


def test_nobody_is_asked_for_consent_to_what_was_erased(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    ask = partial(mia.ask_consent, exchange, answer, reason="Для суда (вымышлено)")
    ask(TO, "PROSECUTION")
    assert [each.id for each in fma.exchanges(awaits_consent=True)] == [exchange]
    fma.erase_answer(exchange, "UNLAWFUL")
    # What was asked before waits for nobody: there is nothing to pass on.
    assert not [*fma.exchanges(awaits_consent=True)]
    assert region.refusal(ask, TO, "CONFISCATION") is Reason.CONTENT_ERASED
    region.replay(capsys)


def test_an_authority_that_the_request_named_needs_no_consent_unless_it_is_refused(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region, onward_authorities=[TO])
    assert pass_on(region, answer) is None
    mia.ask_consent(exchange, answer, TO, "PROSECUTION", reason="На всякий случай (вымышлено)")
    asked = digest(fma, exchange, "consent_request")
    fma.refuse_consent(exchange, asked, "out-of-scope", explanation="Нет (вымышлено)")
    assert pass_on(region, answer) is Reason.CONSENT_MISSING
    region.replay(capsys)


def test_a_recipient_passes_on_what_it_was_asked_only_with_consent(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia)
    fma.open(exchange)
    asked_of = digest(fma, exchange, "information_request")
    fma.ask_consent(exchange, asked_of, TO, "PROSECUTION", reason="Надзор (вымышлено)")
    request = digest(mia, exchange, "consent_request")
    mia.grant_consent(exchange, request, soon())
    consent = digest(fma, exchange, "consent_decision")
    sent = fma.refer(
        to=[TO], brief=BRIEF, sources=[asked_of], consents=[consent], purpose="PROSECUTION"
    )
    assert isinstance(sent, Sent)
    stranger = region["kg.mia"].refer
    unseen = region.refusal(stranger, to=[TO], brief=BRIEF, sources=[asked_of])
    assert unseen is Reason.STATEMENT_UNKNOWN
    region.replay(capsys)


def test_content_goes_into_evidence_as_its_handling_allows(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange, answer = answered(region)
    # Proofs without content disclose nothing, and need no consent.
    assert not mia.gather_evidence(exchange).disclosed
    error = refused(mia.gather_evidence, exchange, with_content=True)
    assert error.reason is Reason.CONSENT_MISSING
    assert "H2" in str(error)
    assert f"agency ask-consent {exchange} --about {answer.hex()}" in str(error)
    # Its author discloses its own, and what it received without restrictions.
    assert fma.gather_evidence(exchange, with_content=True).disclosed
    mia.ask_consent(exchange, answer, "kz.mia", "PROSECUTION", reason="Для суда (вымышлено)")
    fma.grant_consent(exchange, digest(fma, exchange, "consent_request"), soon())
    assert mia.gather_evidence(exchange, with_content=True).disclosed
    # H3 says which restrictions.
    wordless = region.refusal(new_exchange, mia, handling="H3")
    assert wordless is Reason.DOCUMENT_INVALID
    region.replay(capsys)


@pytest.mark.parametrize(
    "terms", [{"tlp": "RED"}, {"permitted_uses": ["INTELLIGENCE"]}, {"handling": "H1"}]
)
def test_a_request_is_kept_out_of_court_too(region: Region, terms: dict[str, Any]) -> None:
    exchange = new_exchange(region["kz.mia"], **terms)
    fma = region["kz.fma"]
    fma.open(exchange)
    gather = fma.gather_evidence
    assert region.refusal(gather, exchange, with_content=True) is Reason.CONSENT_MISSING


def test_what_a_source_passed_on_needs_the_consent_of_its_provider_too(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, gpo = region["kz.mia"], region["kz.fma"], region["kz.gpo"]
    exchange, answer = answered(region)
    first = agreed(mia, fma, exchange, answer, "kz.gpo")
    terms: dict[str, Any] = {"brief": BRIEF, "handling": "H2", "purpose": "PROSECUTION"}
    sent = mia.refer(to=["kz.gpo"], sources=[answer], consents=[first], **terms)
    assert isinstance(sent, Sent)
    referral = gpo.open(sent.exchange_id).statements[0].statement.digest
    # The circle of three: its own answer would come back to the FIU.
    back = agreed(gpo, mia, sent.exchange_id, referral, "kz.fma")
    onward = {**terms, "sources": [referral]}
    circle = region.refusal(gpo.refer, to=["kz.fma"], consents=[back], **onward)
    assert circle is Reason.PROVENANCE_CIRCULAR
    # The police cannot consent for the FIU, whose answer it passed on.
    further = agreed(gpo, mia, sent.exchange_id, referral, "kg.mia")
    error = refused(gpo.refer, to=["kg.mia"], consents=[further], **onward)
    assert error.reason is Reason.CONSENT_MISSING
    assert "kz.fma has not consented that kg.mia receives it" in str(error)
    agreed(mia, fma, exchange, answer, "kg.mia")
    assert isinstance(gpo.refer(to=["kg.mia"], consents=[further], **onward), Sent)
    region.replay(capsys)


def agreed(
    asker: ExchangeClient, author: ExchangeClient, exchange: str, about: bytes, to: str
) -> bytes:
    """The decision by which an author consents that an authority receives a statement."""
    asker.ask_consent(exchange, about, to, "PROSECUTION", reason="Вымышлено")
    author.grant_consent(exchange, digest(author, exchange, "consent_request"), soon())
    return digest(asker, exchange, "consent_decision")
