"""Mistakes of casework: each is refused for a reason of its own, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agency_client import Sent
from agency_client.presentation.refusals import REFUSALS, refusal_words
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language
from tests.scenarios.conftest import Region
from tests.scenarios.test_consent import answered, digest, pass_on
from tests.support.asking import new_exchange
from tests.support.commands import run
from tests.support.deployment import OPERATOR

BRIEF = "Вымышлено"
WHOLE_YEAR = sorted(
    each.month * 100 + each.day
    for each in (date(2027, 1, 1) + timedelta(days=day) for day in range(365))
)
LIMITS = Path(__file__).parents[2] / "policies" / "time-limits.toml"


def test_each_mistake_is_refused_for_its_own_reason(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, operator = region["kz.mia"], region["kz.fma"], region[OPERATOR]
    exchange, answer = answered(region)
    asked = new_exchange(mia)
    fma.open(asked)
    past, far = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 4000))
    ask = partial(mia.ask_consent, exchange, answer)
    ask("kz.gpo", "PROSECUTION", reason=BRIEF)
    consent = digest(fma, exchange, "consent_request")
    year: dict[str, Any] = {
        "country": "KZ",
        "year": 2027,
        "time_zone": "Asia/Almaty",
        "utc_offset_minutes": 300,
    }
    calendar = partial(operator.publish_calendar, **year, weekend=(6, 7))
    limit = operator.publish_time_limit
    open_case = partial(mia.open_joint_case, brief=BRIEF)
    mistakes: list[tuple[Callable[[], object], Reason]] = [
        (partial(fma.refuse, asked, "CONTRARY_TO_LAW", explanation=" "), R.EXPLANATION_MISSING),
        (partial(fma.refuse, asked, "FISCAL_MATTER", explanation="x"), R.GROUND_NEVER_ALONE),
        (partial(fma.refuse, asked, "INSUFFICIENT_REQUEST", explanation="x"), R.RETURN_FIRST),
        (partial(new_exchange, mia, due=past), R.DUE_TIME_PAST),
        (partial(new_exchange, mia, due=timedelta(days=4000)), R.DUE_TIME_TOO_FAR),
        (partial(fma.refuse, asked, "CONTRARY_TO_LAW", explanation=" - "), R.EXPLANATION_MISSING),
        (partial(new_exchange, mia, due=date(9999, 12, 31)), R.DUE_TIME_TOO_FAR),
        (partial(new_exchange, mia, onward_authorities=["xx.none"]), R.AGENCY_UNKNOWN),
        (partial(fma.grant_consent, exchange, consent, past), R.EXPIRY_PAST),
        (partial(fma.grant_consent, exchange, consent, far), R.EXPIRY_TOO_FAR),
        (partial(fma.grant_consent, exchange, consent, date(9999, 12, 31)), R.EXPIRY_TOO_FAR),
        (partial(ask, "xx.none", "PROSECUTION", reason=BRIEF), R.AGENCY_UNKNOWN),
        (partial(ask, "kz.fma", "PROSECUTION", reason=BRIEF), R.PROVENANCE_CIRCULAR),
        (partial(open_case, to=["kz.mia"]), R.OWN_AGENCY_ADDRESSED),
        (partial(open_case, to=["kz.fma", "kz.fma"]), R.AGENCY_TWICE),
        (partial(open_case, to=[]), R.MISSING_FIELD),
        (partial(calendar, days_off=(230,), days_worked=()), R.CALENDAR_DAY_IMPOSSIBLE),
        (partial(calendar, days_off=(101, 101), days_worked=()), R.CALENDAR_DAY_TWICE),
        (partial(calendar, year=1900, days_off=(), days_worked=()), R.CALENDAR_YEAR_INVALID),
        (partial(calendar, days_off=WHOLE_YEAR, days_worked=()), R.CALENDAR_DAY_IMPOSSIBLE),
        (partial(calendar, utc_offset_minutes=-300), R.INVALID_FIELD),
        (partial(calendar, time_zone="Mars/Olympus"), R.INVALID_FIELD),
        (partial(calendar, year=2**33), R.INVALID_FIELD),
        (partial(calendar, days_off=(-101,)), R.INVALID_FIELD),
        (partial(operator.publish_time_limit, "REPLY", hours=-5), R.INVALID_FIELD),
        (partial(operator.publish_policy, "permit everything"), R.POLICY_INVALID),
    ]
    for act, reason in mistakes:
        assert region.refusal(act) is reason, act
    limit("REPLY", days=30)
    assert region.refusal(limit, "REPLY_AT_HAND", days=31) is Reason.TIME_LIMITS_CONTRADICT
    assert region.refusal(limit, "REPLY", hours=0) is Reason.TIME_LIMIT_INVALID
    fma.grant_consent(exchange, consent, datetime.now(UTC) + timedelta(days=5))
    granted = digest(mia, exchange, "consent_decision")
    assert pass_on(region, answer, granted, to=["kz.fma"]) is Reason.PROVENANCE_CIRCULAR
    region.replay(capsys)


def test_a_statement_that_contradicts_itself_is_refused(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    traced, frozen = (
        mia.request_asset_trace(to=["kz.fma"], brief=BRIEF),
        mia.request_freeze(to=["kz.fma"], brief=BRIEF),
    )
    assert isinstance(traced, Sent)
    assert isinstance(frozen, Sent)
    for each in (traced, frozen):
        fma.open(each.exchange_id)
    findings = partial(fma.report_findings, traced.exchange_id)
    worth: dict[str, Any] = {"amount": 5, "currency": "KZT"}
    assert region.refusal(findings, "NOT_FOUND", assets=["CASH"]) is R.CONTRADICTORY
    assert region.refusal(findings, "NOT_FOUND", **worth) is R.CONTRADICTORY
    findings("NOT_FOUND")
    feedback = partial(mia.feedback, traced.exchange_id, 1)
    assert region.refusal(feedback, uses=["NOT_USED", "CHARGE"]) is R.CONTRADICTORY
    feedback(uses=["NOT_USED"])
    impose = partial(fma.impose_freeze, frozen.exchange_id, due="5d", currency="KZT")
    assert region.refusal(impose, amount=0) is R.INVALID_FIELD
    impose(amount=5)
    region.replay(capsys)


R = Reason


@pytest.mark.parametrize("reason", REFUSALS, ids=lambda reason: reason.name)
def test_a_mistake_has_words_in_three_languages(reason: Reason) -> None:
    error = reason.error("expected this, got that")
    words = [refusal_words(error, language) for language in Language]
    assert all(words)
    assert len(set(words)) == len(Language)


def test_a_technical_reason_has_no_words() -> None:
    assert refusal_words(Reason.PROOF_INVALID.error("x"), Language.RU) == ""


@pytest.mark.parametrize(("language", "words"), [("ru", "дважды"), ("kk", "екі рет")])
def test_the_command_says_it_in_the_persons_language(
    region: Region, tmp_path: Path, language: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.yaml").write_text("brief: Вымышлено\n", encoding="utf-8")
    profile = region.town.profile("kz.mia/system")
    to = ("--to", "kz.fma", "--to", "kz.fma", str(tmp_path / "note.yaml"))
    as_mia = ("--profile", profile, "--lang", language)
    ended, _, said = run(capsys, *as_mia, "send", "joint-case", *to, "--legal-basis", "KZ-1")
    assert ended == 1
    assert words in said
    assert "AGENCY_TWICE" in said
