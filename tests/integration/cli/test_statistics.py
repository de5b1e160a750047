"""`agency report statistics` on a real hub: figures that lead to their entries, on screen and in
files."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest

from tests.integration.cli.conftest import Desk
from tests.support.clocks import today

AUDITOR = "caricc/auditor/auditor1"
FIU = "kz.fma/system"


def legs(desk: Desk, *words: str) -> dict[tuple[str, ...], int]:
    said = desk.run(AUDITOR, "report", "statistics", "--json", *words).ok().json
    return {
        tuple(row["keys"] or ()): row["figures"]["legs"]["value"]
        for row in said["tables"]["exchanges"]["rows"]
    }


def test_an_exchange_moves_the_figures_of_its_states_and_its_agencies(desk: Desk) -> None:
    before = legs(desk, "--by", "agency")
    exchange = desk.ask("kz.fma", "uz.fiu")
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    after = legs(desk, "--by", "agency")
    for pair in (("kz.mia", "kz.fma"), ("kz.mia", "uz.fiu")):
        assert after[pair] == before.get(pair, 0) + 1
    assert after[()] == before.get((), 0) + 2
    by_state = legs(desk)
    assert by_state[("kz", "uz")] >= 1
    said = desk.run(AUDITOR, "report", "statistics", "--json").ok().json
    [row] = [row for row in said["tables"]["times"]["rows"] if row["keys"] == ["kz", "kz"]]
    [entry, *_] = reversed(row["figures"]["ended"]["entries"])
    assert entry < said["tree_size"]


def test_offences_come_from_the_signed_request_and_show_without_unsealing(desk: Desk) -> None:
    before = legs(desk, "--by", "offence")
    more = ("--offence-type", "DRUG_TRAFFICKING", "--offence-type", "MONEY_LAUNDERING")
    exchange = desk.ask("kz.fma", more=more)
    desk.ask("kz.fma")
    after = legs(desk, "--by", "offence")
    for name in ("DRUG_TRAFFICKING", "MONEY_LAUNDERING", "not given"):
        key = (name if name == "not given" else f"OffenceType.{name}",)
        assert after[key] == before.get(key, 0) + 1
    assert after[()] == before.get((), 0) + 2
    for language, word in (("en", "trafficking in narcotic drugs"), ("ru", "оборот наркотиков")):
        assert word in desk.run(FIU, "--lang", language, "show", exchange).ok().out
    [asked] = desk.run(FIU, "show", exchange, "--json").ok().json["statements"]
    assert asked["codes"]["offence_types"] == ["DRUG_TRAFFICKING", "MONEY_LAUNDERING"]
    twice = ("--offence-type", "FRAUD", "--offence-type", "FRAUD")
    refused = desk.run(
        "kz.mia/system", "send", "information-request", "request.yaml", "--to", "kz.fma", *twice
    )
    assert refused.code == 1
    assert "each once" in " ".join(refused.err.split())


def test_a_period_takes_whole_days(desk: Desk) -> None:
    day = today()
    one_day = ("--from", f"{day}", "--to", f"{day:%d.%m.%Y}")
    before = legs(desk, *one_day).get((), 0)
    desk.ask("kz.fma")
    assert legs(desk, *one_day)[()] == before + 1
    # Other tests may have begun the day before.
    yesterday, long_ago = day - timedelta(days=1), day - timedelta(days=2)
    assert legs(desk, "--from", f"{yesterday}", "--to", f"{day}")[()] == legs(desk)[()]
    assert legs(desk, "--to", f"{long_ago}")[()] == 0


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Time to answer"), ("ru", "Время до ответа"), ("kk", "Жауап беру уақыты")],
)
def test_it_is_printed_written_as_sheets_and_as_a_page(
    desk: Desk, language: str, title: str
) -> None:
    desk.ask("kz.fma")
    words = ("--lang", language, "report", "statistics", "--by", "kind,state", "--entries")
    told = desk.run(AUDITOR, *words, "--csv", "sheets", "--html", "page.html").ok().out
    assert title in told
    page = (desk.folder / "page.html").read_text(encoding="utf-8")
    assert title in page
    sheets = sorted((desk.folder / "sheets").iterdir())
    expected = "amounts denials exchanges gate outcomes statements supervision times"
    assert [sheet.stem for sheet in sheets] == expected.split()
    sheet = (desk.folder / "sheets" / "exchanges.csv").read_text(encoding="utf-8-sig")
    assert len(list(csv.reader(sheet.splitlines()))) >= 3
    again = desk.run(AUDITOR, *words, "--html", "page.html")
    assert again.code != 0
    assert "page.html" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "colour"), "expected some of state, agency"),
        (("--by", "state,state"), "at most once"),
        (("--from", "31.02.2026"), "expected a day"),
        (("--from", "2026-03-01", "--to", "2026-01-01"), "ends after its start"),
        (("--log-key", "x"), "with --database only"),
    ],
)
def test_what_cannot_be_counted_is_refused(desk: Desk, words: tuple[str, ...], said: str) -> None:
    ended = desk.run(AUDITOR, "report", "statistics", *words)
    assert ended.code == 2
    assert said in " ".join(ended.err.replace("│", " ").split())


def test_an_officer_is_told_why_it_may_not_count(desk: Desk) -> None:
    ended = desk.run("kz.mia/system", "report", "statistics")
    assert ended.code == 2
    assert "the profile of an auditor" in " ".join(ended.err.replace("│", " ").split())
