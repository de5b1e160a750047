"""A hub refuses a size or an index that it gave itself: the client blames it, not its caller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agency_client import ExchangeClient
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import HubDishonest, InvalidInput, Reason
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.trust.identity import Member
from tests.support.asking import new_exchange
from tests.support.hub_data import LOG_NAME
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA


def refuses(hub: InMemoryHub, rpc: str, numbers: Callable[[Any], int]) -> None:
    """Let a hub refuse the calls of a method that have such a number, as one that is not its."""
    honest = getattr(hub, rpc)

    def forgetful(caller: Member, request: Any) -> Any:
        if numbers(request):
            raise Reason.PROOF_RANGE_INVALID.error("expected at most 1, got more")
        return honest(caller, request)

    setattr(hub, rpc, forgetful)


def blamed(act: Callable[[], Any]) -> Reason:
    with pytest.raises(HubDishonest, match="as it has shown") as caught:
        act()
    return caught.value.reason


@pytest.fixture
def client(hub: InMemoryHub, tmp_path: Path) -> ExchangeClient:
    """A client that has seen the log and its directory."""
    client = hub.client(tmp_path)
    client.sync()
    return client


def test_directory_entries_that_it_has_shown(hub: InMemoryHub, client: ExchangeClient) -> None:
    refuses(hub, "list_directory_entries", lambda request: request.known_directory_size)
    assert blamed(client.sync) is Reason.ENTRY_MISMATCH


def test_tree_that_it_has_signed(hub: InMemoryHub, client: ExchangeClient) -> None:
    refuses(hub, "get_checkpoint", lambda request: request.known_tree_size)
    assert blamed(client.checkpoint) is Reason.ENTRY_MISMATCH


def test_smaller_tree_that_it_signs_convicts(hub: InMemoryHub, client: ExchangeClient) -> None:
    del hub.log[-1:]
    refuses(hub, "get_checkpoint", lambda request: request.known_tree_size)
    with pytest.raises(HubDishonest) as caught:
        client.checkpoint()
    assert caught.value.reason is Reason.CHECKPOINT_ROLLBACK


def test_tree_of_an_exchange(hub: InMemoryHub, client: ExchangeClient) -> None:
    exchange = new_exchange(client, "kz.fma")
    refuses(hub, "get_exchange", lambda request: request.known_tree_size)
    assert blamed(lambda: client.get(exchange)) is Reason.ENTRY_MISMATCH


def test_later_page_of_an_exchange(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    exchange = new_exchange(client, "kz.fma")
    honest = hub.get_exchange

    def paged(caller: Member, request: Any) -> Any:
        answer = honest(caller, request)
        answer.next_index = answer.entries[-1].index + 1
        return answer

    hub.get_exchange = paged  # type: ignore[method-assign]
    refuses(hub, "get_exchange", lambda request: request.start_index)
    reader = hub.client(tmp_path, KZ_FMA)
    assert blamed(lambda: reader.get(exchange)) is Reason.ENTRY_MISMATCH


def test_statement_stays_in_the_outbox(hub: InMemoryHub, client: ExchangeClient) -> None:
    refuses(hub, "submit", lambda request: request.known_tree_size)
    assert blamed(lambda: new_exchange(client, "kz.fma")) is Reason.ENTRY_MISMATCH
    assert len(list(client.outbox.pending())) == 1


def test_proof_between_two_trees_that_it_has_signed(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    other, honest = hub.client(tmp_path), hub.get_checkpoint

    def slow(caller: Member, request: Any) -> Any:
        answer = honest(caller, request)
        hub.get_checkpoint = honest  # type: ignore[method-assign]
        new_exchange(other, "kz.fma")
        return answer

    hub.get_checkpoint = slow  # type: ignore[method-assign]
    refuses(hub, "get_consistency_proof", lambda request: request.second_tree_size)
    assert blamed(client.checkpoint) is Reason.ENTRY_MISMATCH


def test_leaves_of_a_tree_that_it_has_signed(hub: InMemoryHub, client: ExchangeClient) -> None:
    size = client.checkpoint().size
    refuses(hub, "list_openings", lambda request: request.tree_size)
    assert blamed(lambda: list(client.leaves(0, size))) is Reason.ENTRY_MISMATCH
    # A number that it never gave is the caller's mistake.
    with pytest.raises(InvalidInput) as caught:
        list(client.leaves(0, size + 1))
    assert caught.value.reason is Reason.PROOF_RANGE_INVALID


def test_directory_of_another_log_under_a_key_that_nobody_knows(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    hub.signer = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    refuses(hub, "list_directory_entries", lambda request: request.known_directory_size)
    assert blamed(client.checkpoint) is Reason.CHECKPOINT_INVALID
