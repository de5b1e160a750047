"""Programs that start warm: forked from a process that has their modules already.

A hub's start is a second of imports, and tests start a hundred. The process that they are forked
from runs no thread and has not imported grpc, so each program is as one that was just begun: its
own arguments, environment and standard error, the signals as they are by default.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import IO, Final

PRELOADED: Final = (
    "agency_client.audit.ahead",
    "agency_client.audit.database",
    "agency_client.audit.shard",
    "exchange_keys.handshakes",
    "exchange_protocol.v1.audit_service_pb2",
    "exchange_protocol.v1.directory_service_pb2",
    "exchange_protocol.v1.exchange_service_pb2",
    # Not grpc: how it speaks TLS is settled before it is imported, by each hub for itself.
    "exchange_server.cli",
    "exchange_server.config",
    "exchange_server.fairness.rates",
    "exchange_server.tls.held_lists",
    "exchange_server.ledger",
    "exchange_server.metrics",
    "exchange_server.native_lines",
    "exchange_server.observability",
    "exchange_server.storage.schema",
    "exchange_server.witness_servers",
    "exchange_server.workers",
    "google.rpc.error_details_pb2",
    "grpc_health.v1.health_pb2",
    "psycopg",
    "rich.console",
    "sqlalchemy.dialects.sqlite",
    "tests.support.divided",
    "typer._click.decorators",
    "typer.main",
    "uvloop",
)
MEMORY: Final = "tests.support.warm_memory"
"""Imported after these."""

# There is one such process for each process of tests, whoever asks for it first.
FORKING: Final = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([*PRELOADED, MEMORY])


class WarmProcess:
    """A program in a process of its own, with the methods of `subprocess.Popen` that hubs need."""

    def __init__(self, code: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it; it sees exactly these arguments and this environment."""
        ours, theirs = FORKING.Pipe(duplex=False)
        self._process = FORKING.Process(
            target=_run, args=(code, list(arguments), dict(environment), theirs)
        )
        self._process.start()
        theirs.close()
        self.stderr: IO[str] = os.fdopen(os.dup(ours.fileno()), encoding="utf-8")
        ours.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Give its exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Wait until it has ended; gives its exit code."""
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"process {self.pid} has not ended in {seconds} s")
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.is_alive():
            # It may end between the question and the signal.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _run(code: str, arguments: list[str], environment: dict[str, str], stderr: Connection) -> None:
    """Become the program."""
    # Whoever asked first for the process that forks may have been deaf to a signal just then, as an
    # audit is while it divides its work, and every fork would be.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(stderr.fileno(), 2)
    stderr.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    try:
        exec(code, {"__name__": "__main__"})  # noqa: S102 -- code of the test itself
    finally:
        # As an interpreter does at its end; a forked process leaves it out.
        atexit._run_exitfuncs()
