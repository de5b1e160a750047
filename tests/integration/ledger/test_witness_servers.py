"""The hub asks witnesses that are servers, over real HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.notes import SignedNote
from exchange_server import witness_servers
from exchange_server.bootstrap import utc_now
from exchange_server.config import Log
from exchange_server.witness_servers import WitnessServers
from tests.integration.ledger.conftest import Office
from tests.integration.ledger.test_witnessing import STRANGER, WITNESSES, A, B, grow, shown
from tests.support.hub_data import log_verifier
from tests.support.statements import KZ_MIA
from tests.support.witness_server import SIZE, WitnessServer, answer, running

SECONDS = 30


@pytest.fixture
async def watched(office: Office) -> Office:
    office.witnesses = WITNESSES
    await office.reopen()
    return office


@pytest.fixture
def server(office: Office) -> Iterator[WitnessServer]:
    with running(WitnessServer(A, log_verifier(), office.clock)) as made:
        yield made


@asynccontextmanager
async def asking(office: Office, address: str) -> AsyncIterator[WitnessServers]:
    servers = WitnessServers(office.ledger, office.reader, {A.verifier: address}, 0.02)
    servers.start()
    try:
        yield servers
    finally:
        await servers.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.01)


async def cosigned_by_a(office: Office, size: int) -> None:
    async with asyncio.timeout(SECONDS):
        while (size, ["a"]) not in await shown(office):  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.01)


async def test_witness_cosigns_the_log_and_each_growth_of_it(
    watched: Office, server: WitnessServer
) -> None:
    size = watched.ledger.tree_size
    async with asking(watched, server.address):
        await cosigned_by_a(watched, size)
        await grow(watched)
        await cosigned_by_a(watched, size + 1)
    assert server.asked == [(0, size), (size, size + 1)]


async def test_witness_that_saw_the_log_before_is_asked_from_there(
    watched: Office, server: WitnessServer
) -> None:
    head = await watched.reader.tree_head(0)
    server.seen = Checkpoint.parse(SignedNote.parse(head.note).text)
    await grow(watched)
    async with asking(watched, server.address):
        await cosigned_by_a(watched, watched.ledger.tree_size)
    size = watched.ledger.tree_size
    assert server.asked == [(0, size), (size - 1, size)]


async def test_witness_opens_the_gate_after_a_start(watched: Office, server: WitnessServer) -> None:
    watched.witnesses_at_start = 1
    await watched.reopen()
    letter = watched.mail.ask(KZ_MIA, ["kz.fma"])
    async with asking(watched, server.address):
        await cosigned_by_a(watched, watched.ledger.tree_size)
        await watched.post(letter)


async def test_log_that_lost_entries_is_told_of_and_adds_nothing(
    watched: Office, server: WitnessServer
) -> None:
    size = watched.ledger.tree_size
    server.seen = Checkpoint(log_verifier().origin, size + 5, b"r" * 32)
    watched.witnesses_at_start = 1
    await watched.reopen()
    with capture_logs() as logs:
        async with asking(watched, server.address):
            await until(lambda: any(each["event"] == "witness_saw_more" for each in logs))
    told = next(each for each in logs if each["event"] == "witness_saw_more")
    assert (told["witness"], told["saw"], told["has"]) == (A.verifier.name, size + 5, size)
    assert await shown(watched) == []


async def test_another_history_is_refused_by_the_witness(
    watched: Office, server: WitnessServer
) -> None:
    server.seen = Checkpoint(log_verifier().origin, watched.ledger.tree_size - 1, b"r" * 32)
    with capture_logs() as logs:
        async with asking(watched, server.address):
            await until(lambda: any(each["event"] == "witness_refused" for each in logs))
    assert next(each for each in logs if each["event"] == "witness_refused")["status"] == 422
    assert await shown(watched) == []


def conflict_in_words(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 409, SIZE, b"-1\n")


def conflict_of_another_type(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 409, "text/html", b"3\n")


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def no_lines(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200, "text/plain", b"<html>\n")


def without_end(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200, "text/plain", "— witness.example/a AAAA\n".encode() * 100_000)


def by_a_stranger(handler: BaseHTTPRequestHandler) -> None:
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    text = SignedNote.parse(body.partition(b"\n\n")[2]).text
    lines = SignedNote(text, (STRANGER.cosign(text, utc_now()),)).encode()
    answer(handler, 200, "text/plain", lines.removeprefix(text + b"\n"))


def by_itself_over_another(handler: BaseHTTPRequestHandler) -> None:
    line = A.cosign(b"another\n", utc_now())
    lines = SignedNote(b"another\n", (line,)).encode()
    answer(handler, 200, "text/plain", lines.removeprefix(b"another\n\n"))


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("misbehaves", "event"),
    [
        (conflict_in_words, "witness_refused"),
        (conflict_of_another_type, "witness_refused"),
        (elsewhere, "witness_refused"),
        (no_lines, "witness_not_taken"),
        (without_end, "witness_not_taken"),
        (by_a_stranger, "witness_not_taken"),
        (by_itself_over_another, "witness_not_taken"),
        (cut_off, "witness_away"),
    ],
)
async def test_bad_answer_is_told_of_and_the_next_good_one_is_taken(
    watched: Office,
    server: WitnessServer,
    misbehaves: Callable[[BaseHTTPRequestHandler], None],
    event: str,
) -> None:
    server.instead = misbehaves
    with capture_logs() as logs:
        async with asking(watched, server.address):
            await until(lambda: any(each["event"] == event for each in logs))
            assert await shown(watched) == []
            server.instead = None
            await cosigned_by_a(watched, watched.ledger.tree_size)


async def test_witness_that_answers_without_end_is_given_up(
    watched: Office, server: WitnessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_servers, "ANSWER_SECONDS", 0.2)
    ended = False

    def drip(handler: BaseHTTPRequestHandler) -> None:
        while not ended:
            handler.wfile.write(b"H")
            time.sleep(0.05)

    server.instead = drip
    try:
        with capture_logs() as logs:
            async with asking(watched, server.address):
                await until(lambda: any(each["event"] == "witness_away" for each in logs))
    finally:
        ended = True


async def test_address_where_nobody_listens_holds_up_nobody(watched: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with capture_logs() as logs:
            async with asking(watched, address):
                await until(lambda: any(each["event"] == "witness_away" for each in logs))
                await watched.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])


@pytest.mark.parametrize(
    ("name", "address", "why"),
    [
        ("witness.example/a", "http://witness.example", "such as https"),
        ("witness.example/a", "ftp://witness.example", "such as https"),
        ("witness.example/a", "https://", "such as https"),
        ("witness.example/a", "https://witness.example:port", "such as https"),
        ("witness.example/a", "https://user@witness.example", "without a query and a user"),
        ("witness.example/a", "https://witness.example/?log=1", "without a query and a user"),
        ("witness.example/b", "https://witness.example", "a witness that witnesses names"),
    ],
)
def test_address_that_cannot_be_is_refused(name: str, address: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Log(
            origin="caricc.example/exchange-log",
            key=__file__,  # type: ignore[arg-type]
            witnesses=(A.verifier.vkey,),
            witness_addresses={name: address},
        )
    assert B.verifier.name == "witness.example/b"
