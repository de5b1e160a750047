"""Supervision: copies by rule, and their withholding, case by case, on a signed ground."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agency_client import Sent
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.support.asking import REQUEST, new_exchange
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR
from tests.support.foundation import OFFICERS

OFFICER = OFFICERS[0]
BRIEF = "Вымышлено"
WITHHELD: dict[str, Any] = {
    "withheld_from": ["kz.gpo"],
    "withholding_ground": "ENDANGERS_INVESTIGATION",
}


def test_a_copy_is_withheld_by_an_officer_alone_and_every_auditor_sees_it(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, gpo, fma = region[OFFICER], region["kz.gpo"], region["kz.fma"]
    ask = officer.request_information
    terms: dict[str, Any] = {"to": ["kz.fma"], "brief": BRIEF, "request": REQUEST}
    copied = ask(**terms)
    assert isinstance(copied, Sent)
    gpo.open(copied.exchange_id)
    groundless = region.refusal(ask, **terms, withheld_from=["kz.gpo"])
    assert groundless is Reason.MISSING_FIELD
    nobody = region.refusal(ask, **terms, withholding_ground="ORDERED")
    assert nobody is Reason.MISSING_FIELD
    no_supervisor = region.refusal(
        ask, **terms, withheld_from=["uz.fiu"], withholding_ground="ORDERED"
    )
    assert no_supervisor is Reason.INVALID_FIELD
    machine = region["kz.mia"].request_information
    assert region.refusal(machine, **terms, **WITHHELD) is Reason.POLICY_DENIED
    sent = ask(**terms, **WITHHELD)
    assert isinstance(sent, Sent)
    assert region.refusal(gpo.open, sent.exchange_id) is Reason.EXCHANGE_UNKNOWN
    # It is withheld of this statement, not of the exchange: what follows is copied as ever.
    fma.open(sent.exchange_id)
    fma.reply(sent.exchange_id, brief="Ответ (вымышлено)")
    [seen] = gpo.open(sent.exchange_id).statements
    assert seen.kind.value == "reply"
    assert "copy withheld: kz.mia: ENDANGERS_INVESTIGATION" in region.replay(capsys)
    code, out, err = run(capsys, *as_member(region.town, AUDITOR), "report", "statistics", "--json")
    assert code == 0, err
    table = json.loads(out)["tables"]["supervision"]
    assert "ENDANGERS_INVESTIGATION" in json.dumps(table), table


def test_who_reads_a_statement_sees_from_whom_the_copy_is_withheld(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = new_exchange(region[OFFICER], **WITHHELD)
    [first] = region["kz.fma"].open(exchange).statements
    assert first.statement.header.withheld_from == ("kz.gpo",)
    code, out, err = run(capsys, *as_member(region.town, "kz.fma/system"), "show", exchange)
    assert code == 0, err
    assert "it would endanger the investigation" in out
