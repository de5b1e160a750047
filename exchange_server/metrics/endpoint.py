"""`/metrics` on a port of its own, and the folder in which workers keep their numbers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from exchange_protocol.errors import Reason
from exchange_server.config import Metrics
from exchange_server.shared_memory import folder_with_room

_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
ASKING_SECONDS: Final = 10.0
"""Time that a connection may take to ask, and to read its answer."""
_ROOM_BYTES: Final = 16 * 1024 * 1024
"""Room for the numbers of some dozens of workers."""


@contextmanager
def served_metrics(settings: Metrics, registry: CollectorRegistry) -> Iterator[None]:
    """Serve the numbers of a registry for the time of the block, from a thread of its own.

    Raises CONFIG_INVALID where the port is taken.
    """
    if settings.port is None:
        raise ValueError("expected a port to serve metrics on")
    try:
        server, thread = start_http_server(settings.port, settings.host, registry)
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            field="metrics.port",
        ) from None
    # A caller that asks nothing would hold a descriptor and a thread of the hub for ever.
    handler = cast(type, server.RequestHandlerClass)
    server.RequestHandlerClass = type("Handler", (handler,), {"timeout": ASKING_SECONDS})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def shared_folder() -> Iterator[CollectorRegistry]:
    """Have processes that are started in the block keep their numbers in one folder.

    Gives a registry that adds them up. Those processes must not have imported prometheus_client.
    Raises CONFIG_INVALID where there is no room for them.
    """
    parent = folder_with_room(_ROOM_BYTES)
    with tempfile.TemporaryDirectory(prefix="exchange-metrics-", dir=parent) as folder:
        os.environ[_FOLDER_VARIABLE] = folder
        try:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
            yield registry
        finally:
            del os.environ[_FOLDER_VARIABLE]


def forget_worker(pid: int) -> None:
    """Drop the gauges of a worker that has ended; its counters stay, for they were true."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
