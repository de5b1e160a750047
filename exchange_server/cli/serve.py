"""`exchange-server serve`: a hub in this process, or several workers behind one port."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange_protocol.errors import Reason
from exchange_server.cli.shared import ConfigFile, database_errors, run
from exchange_server.config import Config, load_config

if TYPE_CHECKING:
    from exchange_server.workers import Parent


def serve(
    config: ConfigFile,
    workers: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=64, help="Processes that share the port; PostgreSQL only."
        ),
    ] = 1,
) -> None:
    """Run the hub until SIGTERM, SIGINT or SIGHUP, which end it in good order."""
    settings = load_config(config, os.environ)
    if workers == 1:
        _run_hub(settings)
    else:
        raise typer.Exit(_run_workers(settings, workers))


def _run_hub(
    settings: Config, worker: int = 0, parent: Parent | None = None, counts: Path | None = None
) -> None:
    from exchange_server.tls.tls_version import require_tls13

    require_tls13()
    # Below INFO grpc's core says nothing of refused handshakes.
    os.environ.setdefault("GRPC_VERBOSITY", "INFO")
    import uvloop

    from exchange_server import bootstrap
    from exchange_server.fairness.counts import ALONE, SharedCounts
    from exchange_server.native_lines import captured_native_lines
    from exchange_server.observability import configure_logging

    with captured_native_lines(), database_errors():
        configure_logging(settings.logging.level, worker)
        shared = ALONE if counts is None else SharedCounts(counts, worker)
        uvloop.run(bootstrap.serve(settings, parent, shared, worker))


def _run_workers(settings: Config, count: int) -> int:
    from exchange_server.fairness.counts import SharedCounts, shared_counts
    from exchange_server.observability import configure_logging
    from exchange_server.storage.engine import open_engine
    from exchange_server.workers import shared_port, supervise

    if open_engine(settings.database.url).dialect.name != "postgresql":
        raise Reason.CONFIG_INVALID.error(
            f"expected PostgreSQL for {count} workers: SQLite serves one hub process",
            field="database.url",
        )
    configure_logging(settings.logging.level)
    listen = settings.listen
    with shared_port(listen.host, listen.port) as port, ExitStack() as stack:
        counts = stack.enter_context(shared_counts(count))
        shared = settings.model_copy(
            update={
                "listen": listen.model_copy(update={"port": port}),
                "limits": settings.limits.of_one_among(count),
            }
        )
        counted = [SharedCounts(counts, number) for number in range(1, count + 1)]
        has_figures = settings.metrics.port is not None
        if has_figures:
            from exchange_server.metrics.endpoint import served_metrics, shared_folder

            registry = stack.enter_context(shared_folder())
            stack.enter_context(served_metrics(settings.metrics, registry))

        def forget(number: int, pid: int) -> None:
            counted[number - 1].forget_held()
            if has_figures:
                from exchange_server.metrics.endpoint import forget_worker

                forget_worker(pid)

        return supervise(
            partial(_run_worker, shared, counts),
            count,
            grace_seconds=settings.limits.grace_seconds,
            on_end=forget,
        )


def _run_worker(settings: Config, counts: Path, worker: int, parent: Parent) -> None:
    """Run a worker's process, with the configuration that its parent has read."""
    run(lambda: _run_hub(settings, worker, parent, counts))
