"""Workers that start warm: each is a fork of the parent, which has all but grpc imported.

A spawned worker imports for more than a second, and tests start dozens. A fork begins with the
modules alone: it has no file, signal handler, exit function or logger of its parent, and what it is
to serve was pickled, as for a spawned one. Where the parent runs a thread that serves, such as that
of its figures, a worker is spawned.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, Final

from structlog._config import BoundLoggerLazyProxy

from exchange_server import shared_memory, workers

_HEARD: Final = (signal.SIGTERM, signal.SIGINT)
"""Signals that the parent has handlers for."""
_SPAWN: Final = multiprocessing.get_context("spawn")


def prepare_workers(folder: str, *, is_warm: bool) -> None:
    """Have the parent in this process fork its workers, if they are to start warm.

    What they share is kept in a folder of the test: a parent that is killed does not remove it.
    """
    if is_warm:
        workers._SPAWN = _Warm()  # type: ignore[misc, assignment]
    shared_memory._MEMORY = Path(folder)  # type: ignore[misc]


class _Warm:
    """The part of a context of `multiprocessing` that the parent needs."""

    @staticmethod
    def Pipe() -> tuple[Connection, Connection]:  # noqa: N802 -- the name that contexts have
        return _SPAWN.Pipe()

    @staticmethod
    def Process(  # noqa: N802 -- likewise
        target: Callable[..., object], args: tuple[Any, ...], name: str, daemon: bool
    ) -> multiprocessing.process.BaseProcess:
        if {each.name for each in threading.enumerate()} - {"MainThread", "log-writer"}:
            return _SPAWN.Process(target=target, args=args, name=name, daemon=daemon)
        return _WarmWorker(target=target, args=args, name=name, daemon=daemon)


class _WarmWorker(ForkProcess):
    """A worker that forgets whose fork it is."""

    def start(self) -> None:
        # Until the fork has its own handlers, a signal to it would be told to the parent.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def run(self) -> None:
        assert "grpc" not in sys.modules, "a fork of grpc hangs, and its TLS is settled"
        serve, number, pipe = self._args  # type: ignore[attr-defined]
        assert isinstance(pipe, Connection)
        parent = multiprocessing.parent_process()
        assert parent is not None
        signal.set_wakeup_fd(-1)
        for heard in _HEARD:
            signal.signal(heard, signal.SIG_DFL)
        # The objects of these files belong to frames of the parent, which never end here.
        _close_all_but({0, 1, 2, pipe.fileno(), parent.sentinel})
        atexit._clear()
        # The thread that wrote the parent's log may have held the lock of its stream.
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        _forget_loggers()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        try:
            workers._serve(pickle.loads(pickle.dumps(serve)), number, pipe)  # noqa: S301 -- our own
        finally:
            # As an interpreter does at its end; a forked process leaves it out.
            atexit._run_exitfuncs()


def _close_all_but(kept: set[int]) -> None:
    ends = [-1, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for before, after in pairwise(ends):
        # An empty range would be all files.
        if before + 1 < after:
            os.closerange(before + 1, after)


def _forget_loggers() -> None:
    """Let each module find its logger anew: it keeps the one that it first used."""
    for module in list(sys.modules.values()):
        logger = getattr(module, "_log", None)
        if isinstance(logger, BoundLoggerLazyProxy):
            vars(logger).pop("bind", None)
