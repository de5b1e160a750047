"""Hubs on one PostgreSQL tell each other that the log has grown (LISTEN, NOTIFY).

- A notice is part of the transaction that moves the head: it is heard if and when that commits.
- It carries the sender's name and nothing of the log; who hears it reads the head.
- Notices may be lost (a connection that breaks, a failover), so nobody may rely on them alone: the
  listener says "look" whenever it has connected, and the ledger looks now and then by itself.
- A listener that has heard nothing asks now and then, so that it does not listen for ever to a
  connection that is silently dead.
- On SQLite there is one hub and nothing to hear.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

_log = structlog.get_logger(__name__)

CHANNEL = "exchange_log"
_NOTIFY = text("SELECT pg_notify(:channel, :sender)")
_WAIT_SECONDS = 0.1
"""Seconds that the listener waits before it looks whether it is to end."""
_RETRY_SECONDS = 1.0
_ASK_SECONDS = 10.0


def new_sender() -> str:
    """A name for this process on the channel."""
    return secrets.token_hex(8)


def notify(connection: Connection, sender: str) -> None:
    """Tell other hubs, once this transaction commits, that the log has grown."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": CHANNEL, "sender": sender})


class Listener:
    """A thread with a connection of its own that hears the other hubs; `close` ends it."""

    def __init__(self, engine: Engine, sender: str, on_notice: Callable[[], None]) -> None:
        """Prepare; `on_notice` is called in the thread, also each time that it has connected."""
        self._engine = engine
        self._sender = sender
        self._on_notice = on_notice
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; blocks for a moment."""
        self._is_closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closing.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 -- logged; whatever broke, it connects anew
                _log.warning("not_listening", error=type(error).__name__)
                self._is_closing.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        with self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                connection.exec_driver_sql(f"LISTEN {CHANNEL}")
                driver = connection.connection.driver_connection
                if driver is None:
                    raise SQLAlchemyError("the connection was lost")
                self._on_notice()
                asked_at = time.monotonic()
                while not self._is_closing.is_set():
                    for notice in driver.notifies(timeout=_WAIT_SECONDS, stop_after=1):
                        if notice.payload != self._sender:
                            self._on_notice()
                    if time.monotonic() - asked_at > _ASK_SECONDS:
                        connection.exec_driver_sql("SELECT 1")
                        asked_at = time.monotonic()
            finally:
                # It must not go back to the pool and hear on.
                connection.invalidate()
