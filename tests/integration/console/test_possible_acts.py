"""The page of an exchange offers the acts that its state allows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.asking import new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_GPO, KZ_MIA

CONSENT = {"grant_consent", "grant_consent_partly", "refuse_consent", "revoke_consent"}
OF_CASES = {"invite", "join", "leave", "contribute", "give_task", "complete_task"}


def offered(console: RunningConsole, exchange: str) -> set[str]:
    page = console.entered().get(f"/exchange/{exchange}").text
    return set(re.findall(rf'role="button"[^>]*href="/exchange/{exchange}/([a-z_]+)"', page))


def test_a_consent_is_decided_where_one_was_asked_for(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета")
        before = offered(console, exchange)
        assert "feedback" in before
        assert not before & CONSENT
        opened = fiu.open(exchange)
        fiu.ask_consent(
            opened,
            about=opened.statements[0].statement.digest,
            authority="kz.gpo",
            purpose="PROSECUTION",
            reason="Вымышлено",
        )
    assert CONSENT - {"revoke_consent"} <= offered(console, exchange)


def test_acts_of_joint_cases_stand_on_their_pages_alone(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    assert not offered(console, exchange) & OF_CASES
    with hub.client(tmp_path, KZ_MIA) as client:
        case = client.open_joint_case(to=["kz.fma"], brief="Вымышлено")
    with hub.client(tmp_path, KZ_FMA) as member:
        member.join(member.open(case.exchange_id))
    found = offered(console, case.exchange_id)
    assert {"invite", "give_task"} <= found
    assert "complete_task" not in found


def test_nobody_is_reminded_before_the_due_time(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    assert "remind" not in offered(console, exchange)


def test_a_supervisor_is_told_of_files_by_their_numbers(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_FMA) as fiu:
        fiu.reply(fiu.open(exchange), brief="Счета", attachments={"выписка.pdf": b"%PDF"})
    with hub.client(tmp_path, KZ_GPO) as client, running_console(client) as console:
        page = console.entered().get(f"/exchange/{exchange}")
    assert "Sealed to others: file 1 " in page.words
    assert "выписка" not in page.text


def test_who_may_not_act_is_told_that_others_of_its_agency_may(
    hub: InMemoryHub, console: RunningConsole, coordinator: RunningConsole, tmp_path: Path
) -> None:
    for_others = "(for others of your agency: your role may not)"
    with hub.client(tmp_path, KZ_MIA) as client:
        asked = client.request_analysis(to=["caricc"], brief="Вымышлено").exchange_id
        held = new_exchange(client, "uz.fiu")
    page = coordinator.entered().get(f"/exchange/{asked}").words
    assert "your turn" in page
    assert for_others in page
    assert for_others not in coordinator.entered().get(f"/exchange/{held}").words
    with hub.client(tmp_path, KZ_FMA) as fiu:
        asked = new_exchange(fiu, "kz.mia")
    page = console.entered().get(f"/exchange/{asked}").words
    assert "your turn" in page
    assert for_others not in page
