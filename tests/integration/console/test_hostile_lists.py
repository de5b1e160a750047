"""A hub that lists what is another's, and answers with another exchange than was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2
from tests.support.asking import new_exchange
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO, KZ_MIA


def lists_all(hub: InMemoryHub, monkeypatch: pytest.MonkeyPatch, party: Member) -> None:
    """Let the hub answer each question of anybody as if that party had asked."""
    for name in ("list_exchanges", "get_exchange", "fetch_part"):
        honest = getattr(hub, name)

        def lies(caller: Member, request: Any, honest: Any = honest) -> Any:
            return honest(party, request)

        monkeypatch.setattr(hub, name, lies, raising=False)


def lists_as_held(hub: InMemoryHub, monkeypatch: pytest.MonkeyPatch, party: Member) -> list[str]:
    """Let the hub list for an approver what was sent to that party, as held; gives the ids."""
    honest, listed = hub.list_exchanges, list[str]()

    def lies(_: Member, __: pb.ListExchangesRequest) -> pb.ListExchangesResponse:
        asked = pb.ListExchangesRequest(party=statement_pb2.PARTY_RECIPIENT)
        answer: pb.ListExchangesResponse = honest(party, asked)
        for summary in answer.exchanges:
            listed.append(summary.exchange_id)
            for leg in summary.legs:
                leg.state = log_pb2.LEG_STATE_HELD
        return answer

    monkeypatch.setattr(hub, "list_exchanges", lies)
    return listed


def test_an_exchange_of_others_on_a_list_shows_nothing_and_offers_nothing(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_GPO) as client:
        client.sync()
    lists_all(hub, monkeypatch, KZ_FMA)
    listed = lists_as_held(hub, monkeypatch, KZ_FMA)
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = console.entered()
        for path in ("/queue", f"/queue/{exchange}", f"/queue/{exchange}/approve"):
            page = browser.get(path)
            assert 'name="awaits"' not in page.text, path
            assert f"/queue/{exchange}/approve" not in page.text.replace(path, ""), path
            assert "Вымышлено" not in page.text, path
        assert exchange in listed
        page = browser.get(f"/exchange/{exchange}")
        assert page.status >= 400 or "/approve" not in page.text
        assert "Вымышлено" not in page.text


def test_another_exchange_in_the_place_of_the_one_asked_for_is_told(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = console.console.client
    wanted, other = new_exchange(client, "kz.fma"), new_exchange(client, "uz.fiu")
    honest = hub.get_exchange

    def lies(caller: Member, request: pb.GetExchangeRequest) -> pb.GetExchangeResponse:
        asked = pb.GetExchangeRequest()
        asked.CopyFrom(request)
        asked.exchange_id = other
        answer: pb.GetExchangeResponse = honest(caller, asked)
        answer.summary.exchange_id = wanted
        return answer

    monkeypatch.setattr(hub, "get_exchange", lies)
    browser = console.entered()
    page = browser.get(f"/exchange/{wanted}")
    assert page.status == 502, page.words
    assert "does not verify" in page.words
    for act in ("recall", "supplement", "remind"):
        assert f'href="/exchange/{wanted}/{act}"' not in page.text
    form = browser.get(f"/exchange/{wanted}/supplement")
    assert form.status == 502
    assert "<textarea" not in form.text


def test_a_list_that_tells_two_stories_of_one_exchange_is_a_lie(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = new_exchange(console.console.client, "uz.fiu")
    honest = hub.list_exchanges

    def lies(caller: Member, request: Any) -> Any:
        answer = honest(caller, request)
        for each in list(answer.exchanges)[:1]:
            answer.exchanges.append(each)
            answer.exchanges[-1].legs[0].agency = "kg.mia"
        return answer

    monkeypatch.setattr(hub, "list_exchanges", lies)
    browser = console.entered()
    page = browser.get("/sent")
    assert page.status == 502
    assert "does not verify" in page.words
    assert f'href="/exchange/{exchange}"' not in page.text
    # The exchange itself is verified, whatever a list says.
    shown = browser.get(f"/exchange/{exchange}").words
    assert "uz.fiu" in shown
    assert "kg.mia" not in shown
