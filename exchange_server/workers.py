"""Several processes that serve one port: the parent that starts, watches and ends them.

Rules of this module:

- The parent serves nothing and opens no database. Each worker is a fresh interpreter (spawn), which
  has of the parent what it was handed and nothing else: no thread, lock or connection is copied.
- The port is first taken for ourselves alone, then shared (SO_REUSEPORT): another hub on it is
  refused, and port 0 is one port for all. The kernel spreads new connections over the workers.
- A pipe ties each worker to the parent. On it a worker says that it serves. When the parent is
  gone, however that came, the worker finds the pipe closed and stops in good order.
- The first worker starts alone: what keeps it from serving would keep all, and is said once.
- On the pipe a worker says again and again that its event loop turns. One that says nothing for
  `SILENT_SECONDS` is stopped or stuck, and keeps its share of the new connections waiting: it is
  killed, and started again.
- The parent says the same to its workers. A parent that is silent watches nobody any more, and
  whoever keeps the hub running sees a process that is there. So the first worker that misses it
  kills it: then all workers stop in good order, and systemd, say, starts the hub again.
- Each counts the other's silence in beats of its own. So a process that was stopped together with
  the other accuses nobody.
- A worker that ends is started again, each time after a longer pause while it does not last. When
  none serves and one has failed `MOST_FAILURES` times in a row, the parent gives up, so that
  whoever keeps the hub running hears of it.
- SIGTERM, SIGINT and SIGHUP end all workers in good order; one that takes too long is killed. A
  second one ends the calls in flight at once, and what is written is written to its end.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Final, TypeAlias

import structlog

from exchange_files.stopping import STOPPING
from exchange_protocol.errors import Reason
from exchange_server.listening import not_listening

MOST_FAILURES: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A worker that lasted for so long had not failed to start."""
ONE_WISH_SECONDS: Final = 0.5
"""A second signal that comes sooner says the same as the first."""
END_SECONDS: Final = 15.0
"""Seconds that a worker may take to end beyond the grace of its calls."""

BEAT_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 20.0
"""No step of the event loop takes so long, and no caller should wait much longer."""

_SPAWN: Final = multiprocessing.get_context("spawn")
_BEAT: Final = b"beat"
"""Said every `BEAT_SECONDS` by each to the other, from when the worker serves."""

_log = structlog.get_logger(__name__)

Serve: TypeAlias = Callable[[int, "Parent"], None]
"""Serves until told to stop, as the worker of this number; runs in a process of its own, so it must
be picklable."""


class Parent:
    """The parent as its worker sees it."""

    def __init__(self, pipe: Connection) -> None:
        """Take the worker's end of the pipe."""
        self._pipe = pipe
        self._missed = 0
        """Own beats since the parent was last heard."""

    def keep_telling(self) -> None:
        """Say that this worker serves, as long as its event loop runs, and listen for the parent.

        A parent that has been silent for too long is killed.
        """
        with suppress(OSError):  # It is gone; `on_end` says so.
            self._pipe.send_bytes(_BEAT)
        self._missed += 1
        if self._missed * BEAT_SECONDS > SILENT_SECONDS:
            self._end_silent()
        asyncio.get_running_loop().call_later(BEAT_SECONDS, self.keep_telling)

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have the running event loop call `tell` once the parent is gone."""
        loop = asyncio.get_running_loop()

        def hear() -> None:
            try:
                self._pipe.recv_bytes()
                self._missed = 0
            except (EOFError, OSError):
                loop.remove_reader(self._pipe.fileno())
                tell()

        loop.add_reader(self._pipe.fileno(), hear)

    def _end_silent(self) -> None:
        """Kill the parent; its end of the pipe closes, and every worker hears that."""
        parent = multiprocessing.parent_process()
        # Another worker may have done it already, and its number may be another process's by now.
        if parent is None or parent.pid is None or parent.pid != os.getppid():
            return
        _log.error("parent_silent", parent=parent.pid, seconds=SILENT_SECONDS)
        with suppress(ProcessLookupError):
            os.kill(parent.pid, signal.SIGKILL)


def on_stop(tell: Callable[[], None], hurry: Callable[[], None]) -> None:
    """Have the running event loop call `tell` at SIGTERM, SIGINT or SIGHUP; `hurry` at the second.

    - A SIGHUP that was ignored at the start, as `nohup` does it, stays so.
    - Ctrl-C in a terminal, and systemd, tell every process, and the parent tells its workers too:
      what comes within `ONE_WISH_SECONDS` is one and the same wish.
    """
    loop = asyncio.get_running_loop()
    told_at: float | None = None

    def hear() -> None:
        nonlocal told_at
        now = time.monotonic()
        if told_at is None:
            told_at = now
            tell()
        elif now - told_at >= ONE_WISH_SECONDS:
            hurry()

    for number in STOPPING:
        is_ignored = signal.getsignal(number) is signal.SIG_IGN
        if number is not signal.SIGHUP or not is_ignored:
            loop.add_signal_handler(number, hear)


def supervise(
    serve: Serve,
    count: int,
    *,
    grace_seconds: float,
    on_end: Callable[[int, int], None] = lambda number, pid: None,
) -> int:
    """Keep so many workers serving until a signal ends them; gives the exit code.

    `on_end` hears the number and the process id of each worker that has ended.

    Raises UNAVAILABLE when it gives up.
    """
    return asyncio.run(_Supervisor(serve, count, grace_seconds, on_end).run())


@contextmanager
def shared_port(host: str, port: int) -> Iterator[int]:
    """Take a port for workers to share, and hold it for the time of the block; 0 takes a free one.

    Raises CONFIG_INVALID where it is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise not_listening(host, port, error) from None
    with taken:
        try:
            # Connections of a hub that has just ended do not matter; one that listens does.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except OSError as error:
            raise not_listening(host, port, error) from None
        # It never listens, so no connection ends up here.
        yield taken.getsockname()[1]


class _Worker:
    """One worker, from its start to its end."""

    def __init__(self, number: int, serve: Serve) -> None:
        self.number = number
        self.serves = False
        """True if it has said so, and has not ended."""
        self._pipe, theirs = _SPAWN.Pipe()
        # A daemon in multiprocessing's sense: should the parent fail, it is told to end.
        self._process = _SPAWN.Process(
            target=_serve, args=(serve, number, theirs), name=f"worker-{number}", daemon=True
        )
        self._process.start()
        theirs.close()
        self._started_at = time.monotonic()
        self._missed = 0
        self._has_spoken = asyncio.Event()
        self._has_ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._hear)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def exit_code(self) -> int:
        """Its exit code: negative for a signal."""
        return self._process.exitcode or 0

    @property
    def is_silent(self) -> bool:
        """True if it served, and has said nothing for too long."""
        return self.serves and self._missed * BEAT_SECONDS > SILENT_SECONDS

    def tell(self) -> None:
        """Say that the parent is there, to a worker that serves, and count a beat of its own."""
        if not self.serves:
            return
        self._missed += 1
        with suppress(OSError):  # It is gone; `_hear` says so.
            self._pipe.send_bytes(_BEAT)

    async def started(self) -> bool:
        """Wait until it serves, or has ended without; whether it serves."""
        await self._has_spoken.wait()
        return self.serves

    async def ended(self) -> float:
        """Wait until it has ended; gives the seconds that it lasted."""
        await self._has_ended.wait()
        return time.monotonic() - self._started_at

    def stop(self) -> None:
        """Tell it to end in good order."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def _hear(self) -> None:
        try:
            self._pipe.recv_bytes()
            self._missed = 0
            self.serves = True
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._pipe.close()
            # Its files are closed: it is about to be gone, or is.
            self._process.join()
            self.serves = False
            self._has_ended.set()
        self._has_spoken.set()


class _Supervisor:
    """The parent's work."""

    def __init__(
        self, serve: Serve, count: int, grace_seconds: float, on_end: Callable[[int, int], None]
    ) -> None:
        self._serve = serve
        self._on_end = on_end
        self._count = count
        self._end_seconds = grace_seconds + END_SECONDS
        self._workers: set[_Worker] = set()
        self._told_to_stop = asyncio.Event()
        self._has_given_up = False

    async def run(self) -> int:
        on_stop(self._stop, self._hurry)
        first = self._start(1)
        if not await first.started():
            # It has said why.
            return 0 if self._told_to_stop.is_set() else first.exit_code or 1
        keepers = [self._keep(first)]
        if not self._told_to_stop.is_set():
            keepers += [self._keep(self._start(number)) for number in range(2, self._count + 1)]
        watching = asyncio.create_task(self._keep_beating())
        await asyncio.gather(*keepers)
        watching.cancel()
        if self._has_given_up:
            raise Reason.UNAVAILABLE.error(
                f"no worker serves, and one has failed {MOST_FAILURES} times in a row"
            )
        _log.info("workers_stopped")
        return 0

    def _start(self, number: int) -> _Worker:
        worker = _Worker(number, self._serve)
        self._workers.add(worker)
        return worker

    async def _keep(self, worker: _Worker) -> None:
        """Have this worker, or one in its place, serve until told to stop."""
        failures = 0
        while True:
            lasted = await worker.ended()
            self._on_end(worker.number, worker.pid)
            self._workers.discard(worker)
            if self._told_to_stop.is_set():
                return
            failures = 1 if lasted >= STEADY_SECONDS else failures + 1
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            _log.error(
                "worker_ended",
                worker=worker.number,
                exit_code=worker.exit_code,
                lasted_seconds=round(lasted, 1),
                failures=failures,
                again_in_seconds=pause,
            )
            if failures >= MOST_FAILURES and not any(one.serves for one in self._workers):
                self._has_given_up = True
                self._stop()
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._told_to_stop.wait()
                return
            worker = self._start(worker.number)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for worker in self._workers:
                worker.tell()
                # Those that were told to stop have time of their own for it.
                if worker.is_silent and not self._told_to_stop.is_set():
                    _log.error("worker_silent", worker=worker.number, seconds=SILENT_SECONDS)
                    worker.kill()

    def _stop(self) -> None:
        """End all workers in good order."""
        if self._told_to_stop.is_set():
            return
        self._told_to_stop.set()
        _log.info("stopping_workers", workers=len(self._workers))
        for worker in self._workers:
            worker.stop()
        asyncio.get_running_loop().call_later(self._end_seconds, self._kill)

    def _hurry(self) -> None:
        """Tell all workers once more."""
        for worker in self._workers:
            worker.stop()

    def _kill(self) -> None:
        for worker in self._workers:
            _log.error("worker_killed", worker=worker.number)
            worker.kill()


def _serve(serve: Serve, number: int, pipe: Connection) -> None:
    serve(number, Parent(pipe))
