"""The standard health service: SERVING only while the log can be read and written.

The check reads the tree head, and asks the ledger whether its thread lives and gets on
(`ledger.writer`). It writes nothing as long as the writer's own transactions go well. After one
that failed, it has the writer try a write, at each check until one goes well. So a failure that
passes is no outage; a database that is read well but refuses writes is one, and it ends by itself.
The check runs beside the calls: to ask for health costs nothing, and cannot load the database.

Beside the services stand two that tell of a fault while the hub serves on. `revocations` is
NOT_SERVING while the list on disk is refused, so that a new revocation is not in force: the list
before is. `database` is so while a SQLite file that another program has touched is read anew
(`ledger.touched_file`).

The servicer is our own, since the library's waits for each watching client while it changes the
status: a client that does not read would keep the status as it is for everyone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_server.rpc.calls import SERVICES, Context

CHECK_SECONDS: Final = 2.0
"""Pause between two checks, and the longest time of one."""

REVOCATIONS: Final = "revocations"
DATABASE: Final = "database"
_NAMES: Final = ("", *(service.full_name for service in SERVICES), REVOCATIONS, DATABASE)

_log = structlog.get_logger(__name__)
# The stubs of this library do not know all of it.
_pb: Any = health_pb2
_Base: Any = health_pb2_grpc.HealthServicer


class Health(_Base):  # type: ignore[misc]
    """The health service, and the check that keeps its answers true."""

    def __init__(
        self, check: Callable[[], Awaitable[object]], faults: Mapping[str, Callable[[], bool]]
    ) -> None:
        """Ask `check`, which raises while the ledger cannot serve.

        `faults` tell, by the name of a service, of what is wrong while the hub serves on.
        """
        self._check = check
        self._faults = faults
        self._is_serving = False
        self._faulty: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check once, then again and again until `stop`."""
        await self._check_once(is_first=True)
        self._task = asyncio.create_task(self._keep_checking())

    async def stop(self) -> None:
        """Answer NOT_SERVING from now on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._set(is_serving=False)

    async def Check(self, request: Any, context: Context) -> Any:  # noqa: N802
        """Serve the status of one service."""
        if request.service not in _NAMES:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return self._status(request.service)

    async def List(self, request: Any, context: Context) -> Any:  # noqa: N802
        """Serve the status of every service."""
        return _pb.HealthListResponse(statuses={name: self._status(name) for name in _NAMES})

    async def Watch(self, request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: N802
        """Serve the status of one service, and each change of it."""
        if request.service not in _NAMES:
            yield _pb.HealthCheckResponse(status=_pb.HealthCheckResponse.SERVICE_UNKNOWN)
            await asyncio.Event().wait()
        told = None
        while True:
            changed, status = self._changed, self._status(request.service)
            if status != told:
                told = status
                yield status
            else:
                await changed.wait()

    def _status(self, name: str) -> Any:
        statuses = _pb.HealthCheckResponse
        is_well = self._is_serving and name not in self._faulty
        return _pb.HealthCheckResponse(status=statuses.SERVING if is_well else statuses.NOT_SERVING)

    def _set(self, *, is_serving: bool) -> None:
        self._is_serving = is_serving
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._check_once()

    async def _check_once(self, *, is_first: bool = False) -> None:
        why = None
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the hub is not healthy
            why = error
        faulty = frozenset(name for name, is_faulty in self._faults.items() if is_faulty())
        if faulty != self._faulty:
            self._faulty = faulty
            self._wake()
        is_serving = why is None
        if is_serving == self._is_serving and not is_first:
            return
        self._set(is_serving=is_serving)
        if is_serving:
            _log.info("serving")
        else:
            _log.error("not_serving", exc_info=why)
