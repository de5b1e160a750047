"""Analysis by the centre from several contributors, each of whom clears its own data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agency_client import Sent
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Purpose
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.foundation import PROSECUTOR

BRIEF = "Анализ схемы (вымышлено)"
MONTH = timedelta(days=30)
DRAFT: dict[str, Any] = {
    "authority": "uz.fiu",
    "use": Purpose.INVESTIGATION,
    "brief": "Проект (вымышлено)",
}


def digests(region: Region, exchange: str, kind: str, seen_by: str = "caricc") -> list[bytes]:
    """The statements of a kind in an exchange, in log order."""
    opened = region[seen_by].open(exchange)
    return [each.statement.digest for each in opened.statements if each.kind.value == kind]


def gathered(region: Region) -> tuple[str, str, bytes, bytes]:
    """A request of Tashkent, and a case of the centre to which two agencies contributed."""
    uz, centre = region["uz.fiu"], region["caricc"]
    asked = uz.request_analysis(to=["caricc"], brief=BRIEF)
    assert isinstance(asked, Sent)
    centre.open(asked.exchange_id)
    centre.acknowledge(asked.exchange_id)
    opened = centre.open_joint_case(to=["kz.mia", "kz.fma"], brief=BRIEF)
    assert isinstance(opened, Sent)
    case = opened.exchange_id
    region.approve(case, PROSECUTOR)
    for agency in ("kz.mia", "kz.fma"):
        region[agency].open(case)
        region[agency].join(case)
        region[agency].contribute(case, brief=f"Данные {agency} (вымышлено)")
    police, fiu = digests(region, case, "contribute")
    return asked.exchange_id, case, police, fiu


def grant(region: Region, agency: str, case: str, draft: bytes) -> bytes:
    region[agency].grant_consent(case, draft, datetime.now(UTC) + MONTH)
    return digests(region, case, "consent_decision")[-1]


def test_an_analysis_is_released_when_each_contributor_has_cleared_its_data(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    uz, centre, fma = region["uz.fiu"], region["caricc"], region["kz.fma"]
    asked, case, police, fiu = gathered(region)
    product = centre.analysis_product
    words: dict[str, Any] = {"brief": "Выводы (вымышлено)"}
    use: dict[str, Any] = {"purpose": "INVESTIGATION"}
    # Nobody is a source who was not asked, and nothing is one that was not contributed.
    early = region.refusal(product, asked, sources=[police], **words, **use)
    assert early is Reason.CONSENT_MISSING
    draft = dict(DRAFT)
    none = region.refusal(centre.draft_analysis, case, sources=[], **draft)
    assert none is Reason.MISSING_FIELD
    strange = region.refusal(centre.draft_analysis, case, sources=[bytes(32)], **draft)
    assert strange is Reason.STATEMENT_UNKNOWN
    unknown = {**draft, "authority": "xx.none"}
    nobody = region.refusal(centre.draft_analysis, case, sources=[police], **unknown)
    assert nobody is Reason.AGENCY_UNKNOWN
    own = region.refusal(fma.draft_analysis, case, sources=[fiu], **draft)
    assert own in (Reason.POLICY_DENIED, Reason.OUT_OF_ORDER)
    centre.draft_analysis(case, sources=[police, fiu], **draft)
    [shown] = digests(region, case, "draft_analysis", seen_by="kz.fma")
    # Who asked reads nothing before the release.
    assert region.refusal(uz.open, case) is Reason.EXCHANGE_UNKNOWN
    first = grant(region, "kz.mia", case, shown)
    both = region.refusal(product, asked, sources=[police, fiu], consents=[first], **words, **use)
    assert both is Reason.CONSENT_MISSING
    second = grant(region, "kz.fma", case, shown)
    twice = region.refusal(grant, region, "kz.fma", case, shown)
    assert twice is Reason.ALREADY_DECIDED
    other = region.refusal(
        product,
        asked,
        sources=[police, fiu],
        consents=[first, second],
        purpose="PROSECUTION",
        **words,
    )
    assert other is Reason.CONSENT_MISSING
    centre.analysis_product(asked, sources=[police, fiu], consents=[first, second], **words, **use)
    assert uz.open(asked).statements[-1].brief is not None
    uz.feedback(asked, 3, uses=["NEW_CASE"])
    uz.close_exchange(asked)
    assert "draft of an analysis" in region.replay(capsys)


def test_an_analysis_is_released_without_the_data_of_who_withholds_it(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    centre, fma = region["caricc"], region["kz.fma"]
    asked, case, police, fiu = gathered(region)
    draft = dict(DRAFT)
    centre.draft_analysis(case, sources=[police, fiu], **draft)
    [shown] = digests(region, case, "draft_analysis")
    cleared = grant(region, "kz.mia", case, shown)
    fma.refuse_consent(case, shown, "impairs-investigation", explanation="Нельзя (вымышлено)")
    words: dict[str, Any] = {"brief": "Выводы (вымышлено)", "purpose": "INVESTIGATION"}
    product = centre.analysis_product
    withheld = region.refusal(product, asked, sources=[fiu], **words)
    assert withheld is Reason.CONSENT_MISSING
    # A later draft asks anew: what was cleared before covers it no more.
    centre.draft_analysis(case, sources=[police], **draft)
    stale = region.refusal(product, asked, sources=[police], consents=[cleared], **words)
    assert stale is Reason.CONSENT_MISSING
    anew = grant(region, "kz.mia", case, digests(region, case, "draft_analysis")[-1])
    centre.analysis_product(asked, sources=[police], consents=[anew], **words)
    region.replay(capsys)


def test_a_police_case_drafts_no_analysis(region: Region) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.open_joint_case(to=["kz.fma"], brief=BRIEF)
    assert isinstance(sent, Sent)
    fma.open(sent.exchange_id)
    fma.join(sent.exchange_id)
    fma.contribute(sent.exchange_id, brief="Данные (вымышлено)")
    [given] = digests(region, sent.exchange_id, "contribute", seen_by="kz.mia")
    draft = region.refusal(
        mia.draft_analysis,
        sent.exchange_id,
        sources=[given],
        authority="kz.gpo",
        use="PROSECUTION",
        brief=BRIEF,
    )
    assert draft is Reason.POLICY_DENIED
    request = new_exchange(mia)
    fma.open(request)
    product = region.refusal(fma.analysis_product, request, brief=BRIEF)
    assert product in (Reason.POLICY_DENIED, Reason.OUT_OF_ORDER)
