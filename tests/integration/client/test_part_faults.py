"""One bad part does not hide the good: it is told at the part, with the agency that can mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    ExchangeClient,
    LegState,
    Reason,
    ReplyDocument,
    SealBroken,
    Sent,
    UnsealedExchange,
)
from agency_client.core import sealing
from exchange_protocol.trust.sealing import seal_part
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO, UZ_FIU

REQUEST = {"items": ["TRANSACTIONS"], "facts": "Факты (вымышлено)"}
PERSON = {"id": "p", "schema": "Person", "properties": {"name": ["Вымышленный"]}}


def seal_badly(monkeypatch: pytest.MonkeyPatch, *names: str) -> Callable[[], None]:
    """Let a sender's software seal parts that do not open; gives what mends it."""

    def bad(data: bytes, context: Any, readers: Any) -> Any:
        sealed = seal_part(data, context, readers)
        if context.part_name not in names:
            return sealed
        flipped = sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1])
        return replace(sealed, ciphertext=flipped)

    monkeypatch.setattr(sealing, "seal_part", bad)
    return lambda: monkeypatch.setattr(sealing, "seal_part", seal_part)


def ask(hub: InMemoryHub, folder: Path, to: str = "kz.fma") -> str:
    sent = hub.client(folder).request_information(
        to,
        brief="Вымышлено",
        request=REQUEST,
        subjects=[PERSON],
        attachments={"выписка.pdf": b"pdf"},
    )
    assert isinstance(sent, Sent)
    return sent.exchange_id


def told(opened: UnsealedExchange) -> list[tuple[str, Reason, str]]:
    return [(each.part, each.error.reason, each.ask) for each in opened.faults]


def without_keys(hub: InMemoryHub, folder: Path) -> ExchangeClient:
    """The FIU's client, in a profile that lacks its sealing keys."""
    for path in hub.profile(folder, KZ_FMA).sealing_folder.glob("*.key"):
        path.unlink()
    return hub.client(folder, KZ_FMA)


@pytest.mark.parametrize("part", ["brief", "content", "entities", "attachment.1", "attachments"])
def test_a_part_that_does_not_open_leaves_the_others(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    mend = seal_badly(monkeypatch, part)
    exchange = ask(hub, tmp_path)
    mend()
    opened = hub.client(tmp_path, KZ_FMA).open(exchange)
    assert told(opened) == [(part, Reason.SEAL_BROKEN, "kz.mia")]
    [first] = opened.statements
    assert (first.brief is None) == (part == "brief")
    assert (first.content is None) == (part == "content")
    assert (list(first.entities()) == []) == (part == "entities")
    names = {"attachment.1": [], "attachments": ["attachment.1"]}
    assert list(first.attachments) == names.get(part, ["выписка.pdf"])
    assert first.missing_subjects == 0, "a part that cannot be read says nothing of its subjects"
    assert opened.legs[0].state is LegState.DELIVERED


def test_a_key_that_is_missing_here_is_asked_for_at_home(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path)
    opened = without_keys(hub, tmp_path).open(exchange)
    parts = ["brief", "content", "entities", "attachment.1", "attachments"]
    assert sorted(told(opened)) == sorted(
        (part, Reason.KEY_UNAVAILABLE, "kz.fma") for part in parts
    )
    assert opened.statements[0].parts == {}


@pytest.mark.parametrize("cause", ["seal", "key"])
def test_evidence_discloses_what_opens_and_tells_what_does_not(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    mend = seal_badly(monkeypatch, *(["content"] if cause == "seal" else []))
    exchange = ask(hub, tmp_path)
    mend()
    fma = without_keys(hub, tmp_path) if cause == "key" else hub.client(tmp_path, KZ_FMA)
    gathered = fma.gather_evidence(exchange, with_content=True)
    [statement] = gathered.exchange.statements
    [faults] = gathered.faults.values()
    told = {(each.part, each.error.reason, each.ask) for each in faults}
    parts = {"brief", "content", "entities", "attachment.1", "attachments"}
    if cause == "key":
        assert told == {(part, Reason.KEY_UNAVAILABLE, "kz.fma") for part in parts}
        assert gathered.disclosed == {}
    else:
        assert told == {("content", Reason.SEAL_BROKEN, "kz.mia")}
        disclosed = gathered.disclosed[statement.index]
        assert {each.name for each in disclosed} == parts - {"content"}


ACTS: list[Callable[[ExchangeClient, UnsealedExchange], Any]] = [
    lambda fma, opened: fma.acknowledge(opened),
    lambda fma, opened: fma.return_for_information(opened, question="Пришлите ещё раз"),
    lambda fma, opened: fma.reply(opened, document=ReplyDocument(text="Ответ")),
    lambda fma, opened: fma.refuse(opened, "CONTRARY_TO_LAW", explanation="Нельзя"),
    lambda fma, opened: fma.extend_deadline(opened, "VOLUME", explanation="Объём", due="14d"),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("cause", ["seal", "key"])
def test_a_recipient_can_speak_on_what_it_cannot_read(
    hub: InMemoryHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[ExchangeClient, UnsealedExchange], Any],
    cause: str,
) -> None:
    mend = seal_badly(monkeypatch, *(["content", "entities"] if cause == "seal" else []))
    exchange = ask(hub, tmp_path)
    mend()
    fma = without_keys(hub, tmp_path) if cause == "key" else hub.client(tmp_path, KZ_FMA)
    opened = fma.open(exchange)
    assert opened.faults
    assert isinstance(act(fma, opened), Sent)


def test_an_initiator_can_recall_what_its_recipient_answered_badly(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = ask(hub, tmp_path)
    fma, mia = hub.client(tmp_path, KZ_FMA), hub.client(tmp_path)
    fma.open(exchange)
    mend = seal_badly(monkeypatch, "content")
    fma.partial_reply(exchange, brief="Часть", document=ReplyDocument(text="1"))
    mend()
    fma.interim_reply(exchange, brief="Скоро", document=ReplyDocument(text="2"))
    opened = mia.open(exchange)
    assert told(opened) == [("content", Reason.SEAL_BROKEN, "kz.fma")]
    _, partial, interim = opened.statements
    assert partial.content is None
    assert partial.brief is not None
    assert interim.content == ReplyDocument(text="2")
    assert isinstance(mia.recall(opened), Sent)


def test_an_approver_returns_what_it_cannot_read_and_does_not_approve_it(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = seal_badly(monkeypatch, "brief")
    exchange = ask(hub, tmp_path, "uz.fiu")
    mend()
    coordinator = hub.client(tmp_path, COORDINATOR)
    opened = coordinator.open(exchange)
    assert told(opened) == [("brief", Reason.SEAL_BROKEN, "kz.mia")]
    with pytest.raises(SealBroken, match="brief"):
        coordinator.approve(opened)
    assert isinstance(coordinator.return_to_author(opened, question="Пришлите ещё раз"), Sent)
    mia = hub.client(tmp_path)
    mia.supplement(mia.open(exchange), brief="Теперь читается", document=ReplyDocument(text="-"))
    again = coordinator.open(exchange)
    assert told(again) == [("brief", Reason.SEAL_BROKEN, "kz.mia")], "the first one stays bad"
    assert isinstance(coordinator.approve(again), Sent), "what waits now can be read"
    assert hub.client(tmp_path, UZ_FIU).open(exchange).statements


def test_a_supervisor_is_told_too(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = seal_badly(monkeypatch, "brief")
    exchange = ask(hub, tmp_path)
    mend()
    opened = hub.client(tmp_path, KZ_GPO).open(exchange)
    assert told(opened) == [("brief", Reason.SEAL_BROKEN, "kz.mia")]
    assert opened.party.value == "supervisor"


def test_bytes_that_the_author_did_not_sign_are_the_hubs_and_are_raised(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path)
    for digest, sealed in hub.parts.items():
        hub.parts[digest] = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(SealBroken, match="the hub gave"):
        hub.client(tmp_path, KZ_FMA).open(exchange)
