"""`agency ping`: an agency is named and no more; the way goes through gate, delivery and answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

pytestmark = pytest.mark.long

COORDINATOR = "caricc/coordinator/coordinator1"
FIU = "uz.fiu/system"
AUDITOR = "caricc/auditor/auditor1"


def without_basis(desk: Desk) -> Path:
    """A copy of the officer's profile that names no legal basis."""
    folder = desk.folder / "profile"
    shutil.copytree(desk.town.profile(OFFICER), folder)
    file = folder / "profile.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("legal_basis")]
    assert len(kept) == len(lines) - 1
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def next_step(desk: Desk, member: str | Path, exchange: str) -> str:
    shown = desk.run(member, "show", exchange).ok().out
    return next(line for line in shown.splitlines() if line.startswith("next"))


def counted(desk: Desk) -> object:
    """The figures of the whole log, without the point at which it was cut."""
    tables = desk.run(AUDITOR, "report", "statistics", "--json").ok().json["tables"]
    return {name: table["rows"] for name, table in tables.items()}


def test_a_ping_needs_an_agency_and_goes_the_whole_way(desk: Desk) -> None:
    before = counted(desk)
    mine = without_basis(desk)
    sent = desk.run(mine, "ping", "uz.fiu", "--json").ok().json
    exchange = sent["exchange_id"]
    assert [leg["state"] for leg in sent["legs"]] == ["HELD"]
    assert "waits for caricc" in next_step(desk, mine, exchange)
    assert "Connectivity test: no data of a case." in (
        desk.run(COORDINATOR, "approve", exchange).ok().out
    )
    assert "your turn: answer" in next_step(desk, FIU, exchange)
    listed = desk.run(FIU, "todo").ok().out
    assert "answer-test" in listed[listed.index(exchange) :].split("\n\n")[0]
    desk.run(FIU, "answer-test", exchange).ok()
    assert "it got through: close" in next_step(desk, mine, exchange)
    waiting = desk.run(mine, "todo", "--json").ok().json["todo"]
    [mine_to_do] = [each for each in waiting if each["exchange_id"] == exchange]
    assert mine_to_do["commands"] == ["show", "close"], "it was of no use in a case"
    desk.run(mine, "close", exchange).ok()
    assert counted(desk) == before


def test_several_agencies_are_pinged_at_once_and_none_is_a_mistake(desk: Desk) -> None:
    sent = desk.run(OFFICER, "ping", "kz.fma", "kg.mia", "--to", "kz.gpo", "--json").ok().json
    assert [leg["agency"] for leg in sent["legs"]] == ["kz.fma", "kg.mia", "kz.gpo"]
    nobody = desk.run(OFFICER, "ping")
    assert nobody.code == 2
    assert "expected an agency, such as: agency ping uz.fiu" in nobody.err
    unknown = desk.run(OFFICER, "ping", "xx.none")
    assert "AGENCY_UNKNOWN" in unknown.err
    assert "`agency agencies` lists them" in unknown.err
