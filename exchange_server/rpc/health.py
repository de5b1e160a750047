"""The standard health service: SERVING only while the log can be read, and written.

The check reads the tree head and looks whether the writer's thread lives and gets on
(`ledger.writer`). It writes nothing as long as the writer's own transactions go well; after one
that failed it has the writer try, at each check until that goes well. So a failure that passes is
no outage, a database that reads well and refuses writes is one, and it ends by itself. It runs
beside the calls, so asking for health costs nothing and cannot be used to load the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from exchange_server.rpc.calls import SERVICES

CHECK_SECONDS: Final = 2.0
"""Between two checks, and how long one may take."""

_NAMES: Final = ("", *(service.full_name for service in SERVICES))

_log = structlog.get_logger(__name__)


class Health:
    """Keeps the health service's answers true."""

    def __init__(self, check: Callable[[], Awaitable[object]]) -> None:
        """Ask `check`, which raises where the ledger cannot serve."""
        self.servicer = HealthServicer()
        self._check = check
        self._serving: bool | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check once, then again and again until `stop`."""
        await self._check_once()
        self._task = asyncio.create_task(self._keep_checking())

    async def stop(self) -> None:
        """Answer NOT_SERVING from now on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.servicer.enter_graceful_shutdown()

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._check_once()

    async def _check_once(self) -> None:
        why = None
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the hub is not healthy
            why = error
        serving = why is None
        if serving == self._serving:
            return
        self._serving = serving
        statuses = health_pb2.HealthCheckResponse
        for name in _NAMES:
            await self.servicer.set(name, statuses.SERVING if serving else statuses.NOT_SERVING)
        if serving:
            _log.info("serving")
        else:
            _log.error("not_serving", exc_info=why)
