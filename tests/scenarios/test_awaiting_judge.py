"""A judge is awaited: everyone sees since when, and the late answer is counted as such."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from exchange_protocol.kinds.codes import LegState
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR

SHORT = timedelta(seconds=3)
WORDS = {"en": "a judge is awaited since", "ru": "разрешение суда ожидается", "kk": "сот рұқсаты"}


def asked(region: Region) -> str:
    exchange = new_exchange(region["kz.mia"], "kz.fma", due=SHORT)
    region["kz.fma"].open(exchange)
    return exchange


def due_of(region: Region, exchange: str) -> datetime:
    [leg] = region["kz.mia"].open(exchange).legs
    assert leg.due_at is not None
    return leg.due_at


def awaits_judge(region: Region, exchange: str) -> None:
    """Tell it in time however slow the machine is: the due time that is passed comes after it."""
    fma = region["kz.fma"]
    fma.give_notice(exchange, "awaiting-judge", explanation="Ждём суда (вымышлено)")
    due = max(due_of(region, exchange), datetime.now(UTC)) + SHORT
    fma.extend_deadline(exchange, "awaiting-authorisation", explanation="Суд (вымышлено)", due=due)


def figures(row: dict[str, Any]) -> dict[str, tuple[int, list[int]]]:
    names = ("overdue", "overdue_judge", "late", "late_judge")
    return {
        name: (row["figures"][name]["value"], row["figures"][name]["entries"]) for name in names
    }


def test_a_late_answer_for_which_a_judge_was_awaited_is_told_and_counted(
    region: Region, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fma = region["kz.fma"]
    answered, waiting, told_late, silent = (asked(region) for _ in range(4))
    for exchange in (told_late, silent):
        let_pass(due_of(region, exchange))
    fma.give_notice(told_late, "awaiting-judge", explanation="Поздно (вымышлено)")
    for exchange in (answered, waiting):
        awaits_judge(region, exchange)
        let_pass(due_of(region, exchange))

    _tells_it_everywhere(region, capsys, waiting)

    for exchange in (answered, told_late):
        fma.reply(exchange, brief="Ответ (вымышлено)")
    [leg] = fma.open(answered).legs
    assert leg.state is LegState.ANSWERED
    assert _clocks(region, capsys, answered) == {}

    auditor = as_member(region.town, AUDITOR)
    sheets, book, page = tmp_path / "sheets", tmp_path / "book.xlsx", tmp_path / "page.html"
    files = ("--csv", str(sheets), "--xlsx", str(book), "--html", str(page))
    code, out, err = run(capsys, *auditor, "report", "statistics", "--json")
    assert code == 0, err
    one = json.loads(out)["tables"]["exchanges"]
    entries = {
        exchange: region["kz.mia"].open(exchange).statements[0].index
        for exchange in (answered, waiting, told_late, silent)
    }
    expected = {
        "overdue": (2, sorted([entries[waiting], entries[silent]])),
        "overdue_judge": (1, [entries[waiting]]),
        "late": (2, sorted([entries[answered], entries[told_late]])),
        "late_judge": (1, [entries[answered]]),
    }
    assert [figures(row) for row in one["rows"]] == [expected, expected], "of the states, and total"

    code, out, err = run(capsys, *auditor, "report", "statistics", *files)
    assert code == 0, err
    head = "late, a judge was awaited"
    text = (sheets / "exchanges.csv").read_text("utf-8-sig")
    table = [row for row in csv.reader(text.splitlines()) if row]
    assert table[-1][table[0].index(head)] == "1"
    assert head in page.read_text("utf-8")
    assert "2023/977" in page.read_text("utf-8")
    cells = [str(cell.value) for sheet in load_workbook(book) for row in sheet.rows for cell in row]
    assert head in cells
    assert head in " ".join(out.lower().split())
    region.replay(capsys)


def _tells_it_everywhere(region: Region, capsys: pytest.CaptureFixture[str], exchange: str) -> None:
    """By `show`, which proves it, and by the lists of the hub, to both ends, in all languages."""
    proven = _clocks(region, capsys, exchange)
    assert list(proven) == ["answer"]
    since = proven["answer"]["judge_awaited_since"]
    assert since is not None
    for member, command, key in (
        ("kz.fma/system", "due", "due"),
        ("kz.mia/system", "due", "due"),
        ("kz.fma/system", "todo", "todo"),
        ("kz.fma/system", "inbox", "exchanges"),
        ("kz.mia/system", "sent", "exchanges"),
    ):
        code, out, err = run(capsys, *as_member(region.town, member), command, "--json")
        assert code == 0, err
        [found] = [each for each in json.loads(out)[key] if each["exchange_id"] == exchange]
        told = [found] if command == "due" else found["legs"][0]["clocks"]
        assert [each["judge_awaited_since"] for each in told] == [since], (member, command)
    for language, words in WORDS.items():
        for words_of in (("due",), ("show", exchange)):
            initiator = as_member(region.town, "kz.mia/system")
            code, out, err = run(capsys, *initiator, "--lang", language, *words_of)
            assert code == 0, err
            assert words in " ".join(out.split()), (language, words_of)


def _clocks(
    region: Region, capsys: pytest.CaptureFixture[str], exchange: str
) -> dict[str, dict[str, Any]]:
    """The clocks of the leg, as the initiator's client proves them from the log."""
    member = as_member(region.town, "kz.mia/system")
    code, out, err = run(capsys, *member, "show", exchange, "--json")
    assert code == 0, err
    [leg] = json.loads(out)["legs"]
    return {each["clock"]: each for each in leg["clocks"]}
