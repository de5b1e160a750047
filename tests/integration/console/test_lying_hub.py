"""A hub that lies to a coordinator: every page tells it, and none offers an approval.

The lies are those of docs/threat-model.md that reach a client's reading of an exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exchange_protocol.kinds.codes import LegState
from exchange_protocol.record.entries import Event, parse_entry
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2
from tests.support.asking import new_exchange
from tests.support.console import RunningConsole
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_MIA

Lie = Callable[[pb.GetExchangeResponse], None]


@pytest.fixture
def held(hub: InMemoryHub, tmp_path: Path) -> str:
    """A request across a border."""
    return new_exchange(hub.client(tmp_path, KZ_MIA), "uz.fiu")


@pytest.fixture
def awaited(hub: InMemoryHub, tmp_path: Path, held: str) -> str:
    """The digest on which an approval would be, as an honest hub shows it."""
    with hub.client(tmp_path / "honest", COORDINATOR) as client:
        return client.get(held).legs[0].awaits.hex()


def _alter_statement(said: pb.GetExchangeResponse) -> None:
    signed = said.entries[0].opening.statement
    statement = statement_pb2.Statement.FromString(signed.payload)
    statement.legal_basis = "OTHER-1"
    signed.payload = statement.SerializeToString(deterministic=True)


def _alter_signature(said: pb.GetExchangeResponse) -> None:
    signed = said.entries[0].opening.statement
    made = signed.signatures[0]
    made.signature = made.signature[:-1] + bytes([made.signature[-1] ^ 1])


def _alter_entry(said: pb.GetExchangeResponse) -> None:
    opening = said.entries[0].opening
    opening.entry = opening.entry[:-1] + bytes([opening.entry[-1] ^ 1])


def _alter_index(said: pb.GetExchangeResponse) -> None:
    said.entries[0].index += 1


def _alter_proof(said: pb.GetExchangeResponse) -> None:
    said.entries[0].inclusion_proof[0] = bytes(32)


def _alter_checkpoint(said: pb.GetExchangeResponse) -> None:
    said.tree_head.checkpoint = said.tree_head.checkpoint.replace(b"\n\n", b"\n!\n", 1)


def _show_an_entry_twice(said: pb.GetExchangeResponse) -> None:
    said.entries.append(said.entries[0])


def _show_nothing(said: pb.GetExchangeResponse) -> None:
    del said.entries[:]


def _answer_with_nothing(said: pb.GetExchangeResponse) -> None:
    said.Clear()


def _go_on_for_ever(said: pb.GetExchangeResponse) -> None:
    said.next_index = said.entries[-1].index


def _count_an_approval_more(listed: pb.ExchangeSummary) -> None:
    listed.legs[0].approvals_given += 1


def _need_no_approval(listed: pb.ExchangeSummary) -> None:
    listed.legs[0].approvals_required = 0


def _name_another_recipient(listed: pb.ExchangeSummary) -> None:
    listed.legs[0].agency = "kg.mia"


def _name_another_handling(said: pb.GetExchangeResponse) -> None:
    said.summary.handling = statement_pb2.HANDLING_H3


def _name_another_kind(said: pb.GetExchangeResponse) -> None:
    said.summary.kind = "referral"


def _say_that_it_was_released(listed: pb.ExchangeSummary) -> None:
    listed.legs[0].state = log_pb2.LEG_STATE_RELEASED


LIES = (
    _alter_statement,
    _alter_signature,
    _alter_entry,
    _alter_index,
    _alter_proof,
    _alter_checkpoint,
    _show_an_entry_twice,
    _show_nothing,
    _answer_with_nothing,
    _go_on_for_ever,
    _name_another_handling,
    _name_another_kind,
)
LIES_OF_LISTS = (
    _count_an_approval_more,
    _need_no_approval,
    _name_another_recipient,
    _say_that_it_was_released,
)


def _offers_nothing(hub: InMemoryHub, console: RunningConsole, held: str, awaited: str) -> None:
    browser = console.entered()
    browser.get("/overview")
    for path in ("/queue", f"/queue/{held}", f"/queue/{held}/approve", f"/exchange/{held}"):
        page = browser.get(path)
        assert 'name="awaits"' not in page.text, path
        assert f'href="/queue/{held}/approve' not in page.text, path
        assert "does not verify" in page.words, (path, page.words)
    size = len(hub.log)
    assert browser.post(f"/queue/{held}/approve", awaits=awaited).status >= 400
    assert len(hub.log) == size


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__.strip("_"))
def test_no_approval_is_offered_on_what_does_not_verify(
    hub: InMemoryHub,
    coordinator: RunningConsole,
    held: str,
    awaited: str,
    lie: Lie,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = hub.get_exchange

    def lying(*arguments: object) -> object:
        said = honest(*arguments)  # type: ignore[arg-type]
        if isinstance(said, pb.GetExchangeResponse) and said.entries:
            lie(said)
        return said

    with monkeypatch.context() as patch:
        patch.setattr(hub, "get_exchange", lying)
        _offers_nothing(hub, coordinator, held, awaited)
    with hub.client(tmp_path / "after", KZ_MIA) as client:
        assert client.get(held).legs[0].state is LegState.HELD


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _lengthen(data: bytes) -> bytes:
    return data + b"\0"


def _swap(data: bytes) -> bytes:
    return bytes(len(data))


@pytest.mark.parametrize("lie", [_cut, _lengthen, _swap])
def test_no_approval_is_offered_where_the_sealed_bytes_are_others(
    hub: InMemoryHub,
    coordinator: RunningConsole,
    held: str,
    awaited: str,
    lie: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = hub.fetch_part

    def lying(*arguments: object) -> Iterator[bytes]:
        yield lie(b"".join(honest(*arguments)))  # type: ignore[arg-type]

    monkeypatch.setattr(hub, "fetch_part", lying)
    browser = coordinator.entered()
    for path in (f"/queue/{held}", f"/queue/{held}/approve", f"/exchange/{held}"):
        page = browser.get(path)
        assert 'name="awaits"' not in page.text, path
        assert f'href="/queue/{held}/approve' not in page.text, path
    size = len(hub.log)
    assert browser.post(f"/queue/{held}/approve", awaits=awaited).status >= 400
    # The fetched parts were delivered, and said so; nothing was signed.
    events = {parse_entry(each.entry).event for each in hub.log[size:]}
    assert events <= {Event.DELIVERY}


@pytest.mark.parametrize("lie", LIES_OF_LISTS, ids=lambda lie: lie.__name__.strip("_"))
def test_of_a_leg_the_pages_show_what_the_log_says(
    hub: InMemoryHub,
    coordinator: RunningConsole,
    held: str,
    lie: Callable[[pb.ExchangeSummary], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = hub.summary

    def lying(exchange: str) -> pb.ExchangeSummary:
        listed = honest(exchange)
        lie(listed)
        return listed

    monkeypatch.setattr(hub, "summary", lying)
    browser = coordinator.entered()
    for path in ("/queue", f"/queue/{held}"):
        words = browser.get(path).words
        assert "kz.mia → uz.fiu" in words
        assert "0 of 1" in words
        assert "1 of 1" not in words
        assert "kg.mia" not in words
    words = browser.get(f"/exchange/{held}").words
    assert "uz.fiu ПФР UZ (fictional) held for approval" in words
    assert "kg.mia" not in words
