"""The load generator: pre-made calls over one channel, so many in flight; answers stay bytes.

It parses and verifies nothing while the clock runs, so it costs the echo and the hub the same.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from exchange_certs.authority import IssuedCertificate
from tests.support.hub_process import HubFiles, channel_credentials

CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Latency:
    """Latency of calls one after the other, in milliseconds."""

    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Sum up."""
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(round(cuts[49] * 1000, 3), round(cuts[98] * 1000, 3))


@dataclass(frozen=True)
class Burst:
    """Calls that were made with many in flight, and what they answered, in order."""

    per_second: float
    answers: list[bytes]


class Line:
    """A channel to one server, opened before anything is timed."""

    def __init__(self, files: HubFiles, target: str, issued: IssuedCertificate) -> None:
        credentials = channel_credentials(files.root_pem, issued)
        options = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = grpc.aio.secure_channel(target, credentials, options)

    async def __aenter__(self) -> Line:
        await asyncio.wait_for(self._channel.channel_ready(), CALL_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    def method(self, name: str) -> Any:
        """A unary method that takes and gives bytes."""
        return self._channel.unary_unary(name)

    async def burst(self, name: str, requests: Sequence[bytes], in_flight: int) -> Burst:
        """Make calls, so many at a time."""
        call = self.method(name)
        answers = [b""] * len(requests)
        waiting = iter(enumerate(requests))

        async def work() -> None:
            for number, request in waiting:
                answers[number] = await call(request, timeout=CALL_SECONDS)

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(in_flight)))
        return Burst(len(requests) / (time.perf_counter() - started), answers)

    async def streamed(self, name: str, requests: Sequence[bytes], window: int) -> Burst:
        """Send requests in one stream, so many unanswered; the answers come in order."""
        call: Any = self._channel.stream_stream(name)(timeout=CALL_SECONDS)
        room = asyncio.Semaphore(window)

        async def send() -> None:
            for request in requests:
                await room.acquire()
                await call.write(request)
            await call.done_writing()

        started = time.perf_counter()
        answers: list[bytes] = []
        sending = asyncio.create_task(send())
        while (answer := await call.read()) is not grpc.aio.EOF:
            room.release()
            answers.append(answer)
        await sending
        return Burst(len(requests) / (time.perf_counter() - started), answers)

    async def fetch_all(self, name: str, requests: Sequence[bytes], in_flight: int) -> None:
        """Make calls that answer with a stream, so many at a time, and read each to its end."""
        call: Any = self._channel.unary_stream(name)
        waiting = iter(requests)

        async def work() -> None:
            for request in waiting:
                async for _ in call(request, timeout=CALL_SECONDS):
                    pass

        await asyncio.gather(*(work() for _ in range(in_flight)))

    async def one_by_one(
        self, name: str, requests: Sequence[bytes]
    ) -> tuple[list[float], list[bytes]]:
        """Make calls one after the other; gives how long each took, in seconds."""
        call = self.method(name)
        took, answers = [], []
        for request in requests:
            started = time.perf_counter()
            answers.append(await call(request, timeout=CALL_SECONDS))
            took.append(time.perf_counter() - started)
        return took, answers


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """Peak resident memory of a process so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return round(int(peak.split()[1]) / 1024, 1)
