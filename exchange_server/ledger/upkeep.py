"""The upkeep of a ledger: it forgets old uploads, guards its file, and follows other hubs.

The work has no end. If it ends all the same, that is a defect: it is logged, and `verify_running`
raises, so that the hub is not called healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Engine

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_server.ledger import staging
from exchange_server.ledger.draft import BatchContext
from exchange_server.ledger.room import MEASURE_SECONDS, Room
from exchange_server.ledger.start_check import note_signed
from exchange_server.ledger.witnessing import WitnessGate, kept_cosignatures
from exchange_server.ledger.writer import Writer
from exchange_server.storage.copies import rescue
from exchange_server.storage.database_file import DatabaseFile, FileLostError
from exchange_server.storage.engine import driver_error
from exchange_server.storage.notifications import Listener

SWEEPS_PER_TTL: Final = 4
RETENTION_SECONDS: Final = 60.0
"""Seconds between two looks for content whose retention has ended."""
NOTE_SECONDS: Final = 10.0
"""Seconds between two notes of the newest checkpoint."""
GUARD_SECONDS: Final = 2.0
"""Seconds between two looks at the database's file."""
MOST_WAL_BYTES: Final = 256 * 1024 * 1024
"""A write-ahead log that is larger is told of: SQLite begins to empty it at 4 MiB."""
COPY_SECONDS: Final = 10.0
"""Seconds between two attempts to copy a file that has lost its name."""
LOOK_SECONDS: Final = 5.0
"""Seconds between two looks for entries of other hubs, even if no notification came."""

_log = structlog.get_logger(__name__)


class Upkeep:
    """The background work of one ledger."""

    def __init__(
        self,
        engine: Engine,
        context: BatchContext,
        writer: Writer,
        gate: WitnessGate,
        room: Room,
    ) -> None:
        """Work through the writer; on PostgreSQL there may be other hubs to follow."""
        self._engine = engine
        self._context = context
        self._writer = writer
        self._gate = gate
        self._room = room
        self._notified = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._listener: Listener | None = None

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._tasks = [
            _background(self._sweep()),
            _background(self._remove_due()),
            _background(self._measure()),
            _background(self._note()),
        ]
        file = DatabaseFile.of(self._engine)
        if file is not None:
            self._tasks.append(_background(self._guard(file)))
        if self._engine.dialect.name == "postgresql":
            self._tasks.append(_background(self._follow_other_hubs()))
            self._listener = self._listen()

    def verify_running(self) -> None:
        """Verify that the work goes on; raises UNAVAILABLE."""
        if any(task.done() for task in self._tasks):
            # The reason is in the hub's log: see `_background`.
            raise Reason.UNAVAILABLE.error("the ledger does not look after its database any more")

    async def close(self) -> None:
        """End the work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._listener is not None:
            await asyncio.to_thread(self._listener.close)

    async def _sweep(self) -> None:
        """Forget unclaimed uploads now and then, even while nobody uploads."""
        ttl = self._context.limits.staging_ttl
        while True:
            try:
                # Within: a clock that is not believed now may be again.
                before = self._context.clock() - ttl
                while await self._writer.run(staging.sweep_before(before)):
                    pass
            except ExchangeError as error:
                _log.warning("sweep_failed", reason=error.reason.name)
            await asyncio.sleep(ttl.total_seconds() / SWEEPS_PER_TTL)

    async def _remove_due(self) -> None:
        """Forget content whose retention has ended; after a start, look at all that ever did."""
        after: tuple[datetime, str] | None = None
        while True:
            try:
                while last := await self._writer.remove_due(after, self._context.clock()):
                    after = last
            except ExchangeError as error:
                _log.warning("retention_failed", reason=error.reason.name)
            await asyncio.sleep(RETENTION_SECONDS)

    async def _measure(self) -> None:
        """Read now and then what agencies have stored."""
        while True:
            try:
                await asyncio.to_thread(self._room.measure)
            except Exception as error:
                # A file that was lost is told by health, and is no fault of this work.
                if driver_error(error) is None and not isinstance(error, OSError):
                    raise
                _log.warning("storage_not_measured", why=str(driver_error(error) or error))
            await asyncio.sleep(MEASURE_SECONDS)

    async def _note(self) -> None:
        """Note beside a SQLite file what was signed, from the start on."""
        while True:
            await asyncio.to_thread(keep_note, self._engine)
            await asyncio.sleep(NOTE_SECONDS)

    async def _guard(self, file: DatabaseFile) -> None:
        """Look whether a SQLite file still has its name; if not, keep a copy of what it held."""
        growth = WalGrowth(file)
        while True:
            await asyncio.to_thread(keep_copy, file)
            growth.look()
            await asyncio.sleep(COPY_SECONDS if file.lost else GUARD_SECONDS)

    def _listen(self) -> Listener:
        """Hear at once when another hub has written; notifications that come together are one."""
        loop = asyncio.get_running_loop()

        def notify() -> None:
            with suppress(RuntimeError):  # The loop has ended, and with it the one to notify.
                loop.call_soon_threadsafe(self._notified.set)

        listener = Listener(self._engine, self._context.sender, notify)
        listener.start()
        return listener

    async def _follow_other_hubs(self) -> None:
        """Keep step with hubs that write the same log, even while this one writes nothing."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._notified.wait()
            self._notified.clear()
            try:
                await self._writer.catch_up()
                await self._hear_witnesses()
            except ExchangeError as error:
                _log.warning("catch_up_failed", reason=error.reason.name)

    async def _hear_witnesses(self) -> None:
        """While the gate is shut: hear the witnesses that have cosigned at another hub."""
        witnesses = self._gate.witnesses
        if witnesses is None or not self._gate.missing:
            return
        log = LogVerifier(self._context.signer.vkey)
        kept = partial(kept_cosignatures, log=log, witnesses=witnesses)
        self._gate.hear(await self._writer.run(kept))


class WalGrowth:
    """The write-ahead log of a SQLite file: a reader that does not end lets it grow for ever.

    Once the reader has ended SQLite writes it from its start again, so its size says little, and
    that it grows on says all.
    """

    def __init__(self, file: DatabaseFile) -> None:
        """Begin to watch."""
        self._wal = file.path.with_name(f"{file.path.name}-wal")
        self._told = 0
        """Its bytes when they were last told of."""

    def look(self) -> None:
        """Tell of a large log, and again whenever it has grown by as much."""
        try:
            size = self._wal.stat().st_size
        except OSError:
            return  # `keep_copy` tells of a file that is gone.
        if size < MOST_WAL_BYTES:
            self._told = 0
        elif size - self._told >= MOST_WAL_BYTES:
            self._told = size
            _log.error(
                "write_ahead_log_grows",
                file=str(self._wal),
                bytes=size,
                todo="a program reads the database in a transaction that does not end, such as a "
                "shell of sqlite3 or a copy that hangs: end it before the disk is full",
            )


def keep_copy(file: DatabaseFile) -> None:
    """Copy what was stored in a SQLite file that has lost its name: it may end with this process.

    One copy is made; where it cannot be, that is told, and the next call tries it again.
    """
    # A hub that stops calls this while its own look may be copying.
    with file.copying:
        _keep_copy(file)


def _keep_copy(file: DatabaseFile) -> None:
    try:
        file.verify()
    except FileLostError as lost:
        if file.is_kept or not lost.is_whole:
            return
        why = lost
    except OSError as error:
        _log.warning("database_not_seen", why=str(error))
        return
    else:
        return
    try:
        copy = rescue(file)
    except Exception as error:
        if not isinstance(error, ExchangeError | OSError) and driver_error(error) is None:
            raise
        _log.error(
            "database_lost",
            why=str(why),
            not_copied=str(driver_error(error) or error),
            todo="do not stop the hub before a copy stands, for what it holds may be nowhere else; "
            f"it is tried again every {COPY_SECONDS:g} s",
        )
        return
    file.is_kept = True
    _log.error(
        "database_lost",
        why=str(why),
        copy=str(copy),
        todo="the copy holds all that this hub has given receipts for: stop the hub, move what is "
        f"at {file.name} away with its -wal and -shm, put the copy there, and start the hub",
    )


def keep_note(engine: Engine) -> None:
    """Note the newest checkpoint; what stands in the way is told, and may pass.

    A full disk, no more open files, a database that is away or was replaced.
    """
    try:
        note_signed(engine)
    except ExchangeError as error:
        _log.warning("checkpoint_not_noted", why=error.message)
    except OSError as error:
        _log.warning("checkpoint_not_noted", why=str(error))
    except Exception as error:
        if driver_error(error) is None:
            raise
        _log.warning("checkpoint_not_noted", why=str(driver_error(error)))


def _background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    async def run() -> None:
        try:
            await work
        except Exception:
            _log.exception("background_work_ended")
            raise

    return asyncio.create_task(run())
