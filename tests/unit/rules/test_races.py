"""Statements that race, judged by the rules alone: each race is run in both orders.

`tests/integration/ledger/test_races.py` lets the same races meet a hub at the same moment.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.referral import Referral
from exchange_protocol.rules.statements import Header
from exchange_protocol.trust.identity import AgencyId
from tests.support.races import FMA, RACES, REPLY, letter, outcome, read
from tests.support.refusals import reason_or_none
from tests.support.statements import KG_MIA, KZ_FMA, KZ_MIA, Hub

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "lifecycle.md"


@pytest.mark.parametrize("first", ["one", "other"])
@pytest.mark.parametrize("name", RACES)
def test_of_two_statements_that_race_one_outcome_is_documented(name: str, first: str) -> None:
    race, hub = RACES[name], Hub.founded()
    asked = race.begin(hub)
    letters = {"one": letter(hub, asked, race.one), "other": letter(hub, asked, race.other)}
    second = "other" if first == "one" else "one"
    met = {
        first: reason_or_none(lambda: hub.submit(letters[first])),
        second: reason_or_none(lambda: hub.submit(letters[second])),
    }
    assert met == outcome(name, first)


def told(name: str, first: str) -> str:
    """An outcome, as docs/lifecycle.md tells it."""
    met = outcome(name, first)
    second = "other" if first == "one" else "one"
    words = [
        f"the {place} is refused (`{reason.name}`)"
        for place, reason in (("first", met[first]), ("second", met[second]))
        if reason is not None
    ]
    return "; ".join(words) or "both stand"


def test_the_document_tells_each_race_and_its_outcomes() -> None:
    text = DOCUMENT.read_text("utf-8").split("## Statements that race\n")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert rows == [f"| {name} | {told(name, 'one')} | {told(name, 'other')} |" for name in RACES]


@pytest.mark.parametrize("revoked_first", [True, False])
def test_of_a_referral_and_the_revocation_of_its_consent_the_first_counts(
    revoked_first: bool,
) -> None:
    hub = Hub.founded()
    asked = read(hub)
    answer = hub.say(KZ_FMA, REPLY, on=asked)
    to, use = AgencyId(KG_MIA.agency), Purpose.PROSECUTION
    wish = hub.say(KZ_MIA, ConsentRequest(answer.digest, to, use), to=FMA, on=asked)
    expires = hub.now + timedelta(days=3)
    grant = ConsentDecision(wish.digest, ConsentOutcome.GRANTED, expires_at=expires)
    consent = hub.say(KZ_FMA, grant, on=asked)
    header = Header(purpose=use, legal_basis="KZ-AML-18", subject_count=1)
    passed_on = Referral(sources=(answer.digest,), consents=(consent.digest,))
    referral = hub.sign(hub.compose(KZ_MIA, passed_on, to=[to], header=header))
    revoked = ConsentDecision(wish.digest, ConsentOutcome.REVOKED)
    revocation = hub.sign(hub.compose(KZ_FMA, revoked, on=asked))
    first, second = (revocation, referral) if revoked_first else (referral, revocation)
    assert reason_or_none(lambda: hub.submit(first)) is None
    met = reason_or_none(lambda: hub.submit(second))
    assert met is (Reason.CONSENT_MISSING if revoked_first else None)
