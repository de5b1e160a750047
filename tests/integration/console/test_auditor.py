"""An auditor verifies a real hub's log from the console, and browses what was verified."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agency_client.console.auditor import Judged, _group
from agency_client.console.log_pages import _row
from agency_client.presentation.faults import words_of
from agency_client.presentation.locale import Locale
from agency_client.presentation.words import say
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.record.entries import Event, parse_entry
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, running_console
from tests.support.deployment import AUDITOR
from tests.support.dishonest_hub import lying_region
from tests.support.foundation import Foundation
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long


def _verified(browser: Browser) -> Answer:
    browser.get("/audit")
    assert browser.post("/audit").location == "/audit"
    ends = time.monotonic() + 60
    while (page := browser.get("/audit")).words.find("Verify now") < 0:
        assert time.monotonic() < ends, page.words
        time.sleep(0.1)
    return page


def test_an_auditor_verifies_and_browses(foundation: Foundation, tmp_path: Path) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        with town.client("kz.mia/system") as police:
            exchange = new_exchange(police, "uz.fiu")
        with town.client(AUDITOR) as client, running_console(client) as console:
            browser = console.entered()
            assert "Entries are shown once they were verified" in browser.get("/log").words
            page = _verified(browser)
            assert "Clean: the log is whole and signed" in page.words
            assert "Statistics" in page.words
            assert "This profile names no witnesses" in page.words
            saved = browser.post("/audit/export")
            with zipfile.ZipFile(io.BytesIO(saved.data)) as archive:
                assert json.loads(archive.read("report.json"))["verdict"] == "clean"
                assert archive.read("statistics.xlsx").startswith(b"PK")
                csv = archive.read("statistics/exchanges.csv").decode("utf-8-sig")
                assert csv.splitlines()[1].startswith("kz,uz,1,"), csv
            log = browser.get("/log?event=STATEMENT&agency=kz.mia").words
            assert exchange in log
            assert ": held for approval" in log
            assert "request for information" in log
            assert exchange in browser.get("/log?state=HELD").words
            assert exchange not in browser.get("/log?state=CLOSED").words
            assert exchange in browser.get("/log?country=kz").words
            assert exchange not in browser.get("/log?country=uz").words
            assert "There is no such page" not in browser.get("/log?entry=0").words
            assert exchange not in browser.get("/log?event=DENIAL").words
            proof = browser.get("/log/20").words
            assert "The proof leads from this leaf to the verified root" in proof
            assert "tile/0/000.p/" in proof
            # What an auditor read of the log stands there after the next run.
            _verified(browser)
            read = browser.get("/log?event=INSPECTION").words
            assert re.search(r"Entries read: 0–\d+, opened: \d+", read), read
            assert browser.get("/log/99999").status == 404
            assert browser.get("/log?page=99999999&event=%3Cscript%3E").status == 200


def test_a_log_that_breaks_a_rule_is_told_with_its_entry(
    foundation: Foundation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lying_region(foundation, tmp_path / "hub", monkeypatch) as region:
        region.ask("kz.fma")
        # The hub rules that another rule of the policy decided than the one that did.
        region.lies.entry = lambda entry: (
            replace(entry, ruling=replace(entry.ruling, rule_ids=("domestic-flows-at-once",)))
            if entry.ruling
            else entry
        )
        with suppress(ExchangeError):
            region.ask("kz.fma")
        region.lies.entry = None
        with running_console(region.client(AUDITOR)) as console:
            browser = console.entered()
            page = _verified(browser)
            assert "Findings: 1" in page.words
            assert "RULE_BROKEN" in page.words
            for python in ("Ruling(", "LegChange(", "LegState.", "b'", "&#39;", '("'):
                assert python not in page.words, python
            assert "expected the ruling (policy: " in page.words
            assert "Clean" not in page.words
            assert "Statistics" not in page.words
            found = page.text.partition('href="/log/')[2].partition('"')[0]
            assert found.isdecimal()
            # The entry did not pass, so it was not kept; the page of it says so and leads back.
            entry = browser.get(f"/log/{found}")
            assert "What did not pass stands under the findings" in entry.words
            assert 'href="/audit"' in entry.text.partition("<h1")[2]
            assert 'href="/rules#domestic-flows-at-once"' in page.text
            rules = browser.get("/rules")
            assert 'id="domestic-flows-at-once"' in rules.text


def test_payments_are_added_up_by_who_paid_whom(hub: InMemoryHub, tmp_path: Path) -> None:
    account = {"schema": "BankAccount", "properties": {}}
    entities = [
        {**account, "id": "a", "properties": {"accountNumber": ["A-1"]}},
        {**account, "id": "b", "properties": {"accountNumber": ["<b>B-2</b>"]}},
        *(
            {
                "id": f"p{number}",
                "schema": "Payment",
                "properties": {
                    "payerAccount": ["a"],
                    "beneficiaryAccount": ["b"],
                    "amount": [amount],
                    "currency": ["KZT"],
                    "date": ["2025-01-02"],
                },
            }
            for number, amount in enumerate(("1000.50", "2000.25"))
        ),
    ]
    exchange = new_exchange(hub.client(tmp_path), "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.reply(fma.open(exchange), brief="Счета", entities=entities)
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{exchange}")
        link = page.text.partition("/flows/")[2].partition('"')[0]
        flows = browser.get(f"/exchange/{exchange}/flows/{link}")
    assert "3,000.75 KZT 2" in flows.words
    assert "<b>B-2" not in flows.text
    assert 'data-share="100"' in flows.text


def test_a_kind_as_a_whole_says_so_among_its_codes() -> None:
    said = [_group("", Locale(language)) for language in Language]
    assert "(in all)" in said
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("language", Language)
def test_a_refusal_of_the_hub_is_told_as_its_author_was(
    hub: InMemoryHub, language: Language
) -> None:
    denied = replace(
        parse_entry(hub.log[-1].entry),
        event=Event.DENIAL,
        ruling=None,
        reason=Reason.POLICY_DENIED.name,
    )
    locale, said = Locale(language), say(words_of(Reason.POLICY_DENIED), language)
    row = _row(Judged(20, denied, None), locale)
    assert (row["reason"], row["told"]) == ("POLICY_DENIED", said)
    assert _group("POLICY_DENIED", locale) == f"POLICY_DENIED: {said}"
    assert _group("KZ", locale) != "KZ"


def test_a_proof_of_another_tree_is_told(
    foundation: Foundation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        foundation.serving(tmp_path / "hub") as (town, _),
        town.client(AUDITOR) as client,
        running_console(client) as console,
    ):
        browser = console.entered()
        _verified(browser)
        inner = client.inclusion_proof
        monkeypatch.setattr(client, "inclusion_proof", lambda *of: (bytes(32), *inner(*of)[1:]))
        page = browser.get("/log/3")
        assert page.status == 502
        assert "PROOF_INVALID" in page.words
        assert "leads from this leaf" not in page.words
