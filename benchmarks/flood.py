"""A flood: one agency that keeps so many calls in flight, from a process of its own.

It sends the next statement at once, whatever it was told of the last.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import grpc
import uvloop
from cryptography.hazmat.primitives import serialization

from exchange_certs.authority import IssuedCertificate
from tests.support.hub_process import HubFiles

CALL_SECONDS = 60.0
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Flooded:
    """The result of a flood."""

    answered: int
    refused: int
    seconds: float


class Flood:
    """The flood, told from here when to begin and when to end."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def begin(self) -> None:
        """Begin; it is under way when this returns."""
        await self._ask(True)

    async def end(self) -> Flooded:
        """End; what is in flight comes to its end."""
        result: Flooded = await self._ask(False)
        return result

    async def _ask(self, word: bool) -> Flooded:
        self._pipe.send(word)
        answer: Flooded = await asyncio.to_thread(self._pipe.recv)
        return answer


@contextmanager
def flooding(
    files: HubFiles,
    target: str,
    issued: IssuedCertificate,
    method: str,
    requests: Sequence[bytes],
    in_flight: int,
    *,
    is_stream: bool = False,
) -> Iterator[Flood]:
    """A process that floods a method when it is told to; the requests come round again.

    `in_flight` counts calls, or streams that are kept full.
    """
    if issued.key is None:
        raise ValueError("expected a certificate with its key")
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    source = _Source(
        target, files.root_pem, key, issued.certificate_pem, method, requests, in_flight, is_stream
    )
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=source.serve, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        here.recv()
        yield Flood(here)
    finally:
        here.close()
        process.join(CALL_SECONDS)
        process.kill()


@dataclass(frozen=True)
class _Source:
    """All that the process is given."""

    target: str
    root_pem: bytes
    key_pem: bytes
    certificate_pem: bytes
    method: str
    requests: Sequence[bytes]
    in_flight: int
    is_stream: bool

    def serve(self, pipe: Connection) -> None:
        """Flood from each True until the False after it, until the other side is gone."""
        uvloop.run(self._serve(pipe))

    async def _serve(self, pipe: Connection) -> None:
        credentials = grpc.ssl_channel_credentials(
            self.root_pem, self.key_pem, self.certificate_pem
        )
        made = itertools.cycle(self.requests)
        async with grpc.aio.secure_channel(self.target, credentials) as channel:
            await asyncio.wait_for(channel.channel_ready(), CALL_SECONDS)
            pipe.send(None)
            while await asyncio.to_thread(_hears, pipe):
                pipe.send(None)
                pipe.send(await self._flood(channel, made, pipe))

    async def _flood(
        self, channel: grpc.aio.Channel, made: Iterator[bytes], pipe: Connection
    ) -> Flooded:
        call: Any = channel.unary_unary(self.method)
        told = asyncio.create_task(asyncio.to_thread(_hears, pipe))
        answered = refused = 0
        began = time.perf_counter()

        async def work() -> None:
            nonlocal answered, refused
            while not told.done():
                try:
                    await call(next(made), timeout=CALL_SECONDS)
                    answered += 1
                except grpc.RpcError:
                    refused += 1

        async def pour() -> None:
            """Keep one stream full, as fast as it is read."""
            nonlocal answered, refused
            stream: Any = channel.stream_stream(self.method)(timeout=CALL_SECONDS)

            async def send() -> None:
                while not told.done():
                    await stream.write(next(made))
                await stream.done_writing()

            sending = asyncio.create_task(send())
            try:
                while await stream.read() is not grpc.aio.EOF:
                    answered += 1
                await sending
            except grpc.RpcError:
                refused += 1
            finally:
                sending.cancel()

        floods = pour if self.is_stream else work
        await asyncio.gather(*(floods() for _ in range(self.in_flight)))
        return Flooded(answered, refused, time.perf_counter() - began)


def _hears(pipe: Connection) -> bool:
    """Wait for a word; False where the other side is gone."""
    try:
        pipe.recv()
    except EOFError:
        return False
    return True
