"""Connections to PostgreSQL: nothing waits on them for ever, and no doubtful commit passes for one.

- A network that is dead, or a server that does not answer when it is called, is found out within
  `_REACH_SECONDS`, from either end.
- A hub that is paused or cut off during its turn at the head of the log would keep every other from
  theirs. The server ends a transaction of a hub after `_TURN_SECONDS`, whether it works, waits or
  is silent: what was not committed was promised to nobody. A hub that waits for a turn began later,
  so it gets it. (`idle_in_transaction_session_timeout` is no bound here: its clock stops at any
  message, and after `executemany` the driver sends one more than it waits for.)
- An answer that is overdue even so is not waited for, since what stands between (a proxy, a tunnel)
  may acknowledge what it never delivers: the connection is closed, and what became of the
  transaction is not known.
- A commit that comes with a warning counts as not known, too. PostgreSQL warns, and reports
  success, where the wait for a synchronous standby was cancelled: a failover could lose what a
  receipt would have promised. The wait itself is none of a transaction's time.

The first rule holds for every connection; the others for a hub that serves, since a migration or an
audit of a long log takes the time that it takes. Parameters of the URL go before these settings.

Administrators set options for roles, databases and servers, such as `statement_timeout` for people
who ask by hand. A hub does not take these: its sessions begin with what `_SESSION` says. A hub
whose settings did not arrive (a pooler between drops them) does not serve, and none serves without
`synchronous_commit`: its receipts would promise what a loss of power takes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import Diagnostic
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from exchange_protocol.errors import ExchangeError, Reason

_REACH_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 5
"""Longest wait for each host of the URL."""
_TURN_SECONDS: Final = 15
"""Time to restore a directory of some ten thousand statements, which is the longest thing done."""
_ANSWER_SECONDS: Final = 20.0

_REACHING: Final = {
    "connect_timeout": str(_CONNECT_SECONDS),
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": str(_REACH_SECONDS * 1000),
}
"""Options of libpq; silence shows after 4 + 3 * 2 seconds."""
_SERVER_SETTINGS: Final = (("tcp_user_timeout", f"{_REACH_SECONDS}s"),)
_SESSION: Final = (
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("synchronous_commit", "on"),
    ("client_encoding", "UTF8"),
    # A warning is heard at the commit, so it must come.
    ("client_min_messages", "notice"),
    ("default_transaction_isolation", "read\\ committed"),
    ("default_transaction_deferrable", "off"),
)
"""Settings of every session, hubs' and tools', whatever is set for the role or the database."""
_LOOSE: Final = ("off", "local")
_SERVING_SETTINGS: Final = (("transaction_timeout", f"{_TURN_SECONDS}s"),)
_TOOLS_SETTINGS: Final = (("transaction_timeout", "0"),)
_SERVING_PLANS: Final = ("-c enable_seqscan=off", "-c jit=off")
"""Plans are kept with a connection. One made while the log was young, that walks a whole table,
would walk it in every batch until the table is next analyzed; a hub finds by key what it asks for.
"""
_IN_FORCE: Final = (
    "SELECT current_setting('transaction_timeout'), current_setting('synchronous_commit')"
)
_POOLER: Final = "unsupported startup parameter"
_WAKE_SECONDS: Final = 0.1
"""Seconds between two looks whether the connection of a wait was closed."""


def open_postgresql(url: URL, *, serving: bool) -> Engine:
    """Make an engine; `serving` is for a hub, whose every wait is bounded."""
    url = url.set(drivername="postgresql+psycopg")
    settings = _SERVER_SETTINGS + _SESSION + (_SERVING_SETTINGS if serving else _TOOLS_SETTINGS)
    options = [f"-c {name}={value}" for name, value in settings]
    if serving:
        options += _SERVING_PLANS
    if given := url.query.get("options"):
        options.append(given if isinstance(given, str) else " ".join(given))
    arguments = {key: value for key, value in _REACHING.items() if key not in url.query}
    engine = create_engine(
        url,
        # Parameters of a failed query would carry statements into logs.
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={**arguments, "options": " ".join(options)},
    )
    event.listen(engine, "do_connect", _connect_hub if serving else _connect_tool)
    return engine


class _ServingConnection(psycopg.Connection[Any]):
    """A connection that gives up on an overdue answer, and does not believe every commit."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_warned = False
        self.add_notice_handler(self._hear)

    def wait(
        self, gen: PQGen[RV], interval: float = _WAKE_SECONDS, timeout: float | None = None
    ) -> RV:
        """Wait as the driver does, for a bounded time; it raises OperationalError then."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, _ANSWER_SECONDS)
        except psycopg.errors._WaitTimeout:
            self.close()
            raise psycopg.OperationalError(
                f"no answer of the database within {_ANSWER_SECONDS:g} s"
            ) from None

    def commit(self) -> None:
        """Commit; raises OperationalError where that is not known to last."""
        self._is_warned = False
        super().commit()
        if self._is_warned:
            self.close()
            raise psycopg.OperationalError(
                "the database committed with a warning: not known to be on its standby"
            )

    def _hear(self, notice: Diagnostic) -> None:
        self._is_warned |= notice.severity_nonlocalized == "WARNING"


def _connect_hub(
    _dialect: Any, _record: Any, arguments: Any, named: Any
) -> psycopg.Connection[Any]:
    with _refusals():
        connection = _ServingConnection.connect(*arguments, **named)
    try:
        _verify_session(connection, str(named.get("options", "")))
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_tool(
    _dialect: Any, _record: Any, arguments: Any, named: Any
) -> psycopg.Connection[Any]:
    with _refusals():
        return psycopg.connect(*arguments, **named)


@contextmanager
def _refusals() -> Iterator[None]:
    """Name what refuses the settings of a session."""
    try:
        yield
    except psycopg.OperationalError as error:
        if _POOLER in str(error):
            raise _dropped_settings() from None
        if "unrecognized" in str(error) and "transaction_timeout" in str(error):
            raise Reason.CONFIG_INVALID.error(
                "expected PostgreSQL 17 or later: those before it do not bound transactions",
                field="database.url",
            ) from None
        raise


def _verify_session(connection: psycopg.Connection[Any], options: str) -> None:
    """Verify that the settings of this hub are in force; raises CONFIG_INVALID."""
    turn, commits = connection.execute(_IN_FORCE).fetchone() or ("0", "")
    connection.rollback()
    if turn == "0" and "transaction_timeout=0" not in options:
        raise _dropped_settings()
    if commits in _LOOSE:
        raise Reason.CONFIG_INVALID.error(
            f"expected synchronous_commit to be on, got {commits} by the options of the URL: a "
            "loss of power would lose what receipts were given for",
            field="database.url",
        )


def _dropped_settings() -> ExchangeError:
    return Reason.CONFIG_INVALID.error(
        "the settings of the hub do not reach the database: a pooler such as pgbouncer stands "
        "between, and takes them away. Name the server itself: a hub keeps its connections, and "
        "needs no pooler",
        field="database.url",
    )
