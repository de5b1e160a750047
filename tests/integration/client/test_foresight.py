"""`foresee` says what sending would do, refuses what sending would refuse, and sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.errors import Conflict, InvalidInput, NotPermitted
from exchange_protocol.kinds.codes import LegState
from tests.support.asking import REQUEST, new_exchange
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO, KZ_MIA

PERSONS = [
    {"id": f"p{number}", "schema": "Person", "properties": {"name": [f"Вымышленный {number}"]}}
    for number in range(3)
]
ACT = "request_information"
ASKED: dict[str, Any] = {
    "to": ["kz.fma", "uz.fiu"],
    "brief": "Вымышлено",
    "request": REQUEST,
    "subjects": PERSONS,
    "due": "7d",
}


@pytest.mark.parametrize(("handling", "required"), [("H1", 1), ("H2", 2)])
def test_it_is_what_sending_then_does(
    hub: InMemoryHub, tmp_path: Path, handling: str, required: int
) -> None:
    size = len(hub.log)
    with hub.client(tmp_path, KZ_MIA) as client:
        foreseen = client.foresee(ACT, **ASKED, handling=handling)
        assert (len(hub.log), client.outbox.pending()) == (size, [])
        client.request_information(**ASKED, handling=handling)
    [exchange] = hub.model.exchanges.values()
    assert foreseen.recipients == ("kz.fma", "uz.fiu")
    assert [(each.agency, each.approvals_required, each.approvers) for each in foreseen.legs] == [
        (leg.agency, leg.approvals_required, leg.approvers) for leg in exchange.legs
    ]
    assert [each.approvals_required for each in foreseen.legs if each.agency == "uz.fiu"] == [
        required
    ]
    assert foreseen.supervisors == ("kz.gpo",)


def test_a_supplement_passes_the_gate_again(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "uz.fiu")
    with hub.client(tmp_path / "c", COORDINATOR) as coordinator:
        coordinator.return_to_author(coordinator.open(exchange), question="Какой счёт?")
    with hub.client(tmp_path, KZ_MIA) as client:
        foreseen = client.foresee("supplement", client.open(exchange), brief="Уточнение")
        assert [(each.agency, each.approvals_required) for each in foreseen.legs] == [("uz.fiu", 1)]
        client.supplement(client.open(exchange), brief="Уточнение")
    assert hub.model.exchanges[exchange].legs[0].state is LegState.HELD


def test_an_answer_goes_to_the_initiator(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path / "f", KZ_FMA) as client:
        foreseen = client.foresee("reply", client.open(exchange), brief="Счета")
    assert foreseen.recipients == ("kz.mia",)
    assert foreseen.legs == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"due": "yesterday"}, InvalidInput),
        ({"to": []}, InvalidInput),
        ({"subjects": [{"id": "p", "schema": "None", "properties": {}}]}, InvalidInput),
        ({"to": ["kz.mia"]}, InvalidInput),
    ],
)
def test_it_refuses_what_sending_refuses(
    hub: InMemoryHub, tmp_path: Path, changes: dict[str, Any], error: type[Exception]
) -> None:
    with hub.client(tmp_path, KZ_MIA) as client:
        for method in (client.request_information, lambda **a: client.foresee(ACT, **a)):
            with pytest.raises(error):
                method(**(ASKED | changes))


def test_it_refuses_what_the_state_does_not_allow(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = new_exchange(hub.client(tmp_path, KZ_MIA), "kz.fma")
    with hub.client(tmp_path, KZ_MIA) as client, pytest.raises(Conflict):
        client.foresee("feedback", client.get(exchange), usefulness=1, uses=["INTELLIGENCE"])
    with hub.client(tmp_path / "g", KZ_GPO) as prosecutor, pytest.raises(NotPermitted):
        prosecutor.foresee("reply", prosecutor.get(exchange), brief="Счета")


@pytest.mark.parametrize("name", ["request_informatin", "get", ""])
def test_name_that_no_method_has_is_refused(hub: InMemoryHub, tmp_path: Path, name: str) -> None:
    with hub.client(tmp_path, KZ_MIA) as client, pytest.raises(InvalidInput) as caught:
        client.foresee(name, **ASKED)
    assert caught.value.field == "act"
    assert ("did you mean 'request_information'" in str(caught.value)) == name.startswith("req")
