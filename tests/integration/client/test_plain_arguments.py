"""An argument of another type is refused by its name, and by no TypeError from inside."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

from agency_client import ExchangeClient, InvalidInput
from agency_client._acts import Acts
from exchange_protocol.errors import Reason
from tests.support.in_memory_hub import InMemoryHub

METHODS = sorted(
    name
    for name, method in inspect.getmembers(ExchangeClient, inspect.isfunction)
    if not name.startswith("_") and not hasattr(Acts, name)
)


@pytest.fixture
def hub() -> InMemoryHub:
    return InMemoryHub()


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("watch", {"max_seconds": "2"}, "max_seconds"),
        ("watch", {"max_notices": 2.5}, "max_notices"),
        ("watch", {"max_notices": True}, "max_notices"),
        ("watch", {"from_start": "no"}, "from_start"),
        ("exchanges", {"states": 4}, "states"),
        ("exchanges", {"kinds": None}, "kinds"),
        ("get", {"exchange": None}, "exchange"),
        ("open", {"exchange": 7}, "exchange"),
        ("foresee", {"act": None}, "act"),
        ("fetch", {"statement": "a", "part_name": "brief"}, "statement"),
        ("inclusion_proof", {"index": "0", "tree_size": 1}, "index"),
        ("leaves", {"start": 0, "tree_size": "1"}, "tree_size"),
        ("tile", {"level": None, "index": 0}, "level"),
        ("witnessed_checkpoint", {"tree_size": "3"}, "tree_size"),
        ("add_cosignature", {"note": "text"}, "note"),
        ("publish_policy", {"cedar": b"permit"}, "cedar"),
        ("confirm_policy", {"policy_sha256": "00" * 32}, "policy_sha256"),
        ("publish_certificate", {"certificate": b"", "intermediates": ["x"]}, "intermediates[0]"),
        ("retire_agency", {"agency": None}, "agency"),
        ("publish_acceptance", {"max_part_bytes": "9"}, "max_part_bytes"),
        ("publish_time_limit", {"rule": "REPLY", "days": "9"}, "days"),
        ("submit_statement", {"draft": None}, "draft"),
        ("submit_statements", {"drafts": 3}, "drafts"),
        ("publish_sealing_key", {"key": "k"}, "key"),
        ("require_post_quantum", {"is_required": "yes"}, "is_required"),
    ],
)
def test_both_clients_name_the_argument(
    hub: InMemoryHub, tmp_path: Path, method: str, arguments: dict[str, Any], field: str
) -> None:
    positional = [arguments.pop("act")] if method == "foresee" else []
    with hub.client(tmp_path) as client, pytest.raises(InvalidInput) as caught:
        list(getattr(client, method)(*positional, **arguments))
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_FIELD, field)

    async def ask() -> None:
        async with hub.async_client(tmp_path) as awaiting:
            made = getattr(awaiting, method)(*positional, **arguments)
            if inspect.isawaitable(made):
                await made
            else:
                _ = [each async for each in made]

    with pytest.raises(InvalidInput) as caught:
        asyncio.run(ask())
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_FIELD, field)
    assert not hub.calls


@pytest.mark.parametrize("name", METHODS)
def test_no_method_takes_an_object_of_no_meaning(
    hub: InMemoryHub, tmp_path: Path, name: str
) -> None:
    with hub.client(tmp_path) as client:
        method = getattr(client, name)
        known = inspect.signature(method).parameters.values()
        parameters = [each for each in known if each.kind is not each.VAR_KEYWORD]
        for asked in parameters:
            needed = [each for each in parameters if each is asked or each.default is each.empty]
            positional = [object() for each in needed if each.kind is each.POSITIONAL_ONLY]
            named = {
                each.name: object() for each in needed if each.kind is not each.POSITIONAL_ONLY
            }
            with pytest.raises(InvalidInput):
                list(method(*positional, **named))


def test_the_rooms_of_a_client_name_the_argument_too(hub: InMemoryHub, tmp_path: Path) -> None:
    with hub.client(tmp_path) as client:
        for call, field in (
            (lambda: client.search_index.search(None), "words"),  # type: ignore[arg-type]
            (lambda: client.search_index.search(["a", 3]), "words[1]"),  # type: ignore[list-item]
            (lambda: client.cases.get(3), "reference"),  # type: ignore[arg-type]
            (lambda: client.cases.link("1", None), "exchange_ids"),  # type: ignore[arg-type]
            (lambda: client.holdings.forget(None), "name"),  # type: ignore[arg-type]
        ):
            with pytest.raises(InvalidInput) as caught:
                call()
            assert caught.value.field == field
