"""Engines: how the hub's two kinds of transaction run on SQLite and on PostgreSQL.

- `writing(engine)`: one that may write the log. SQLite: BEGIN IMMEDIATE, so that it holds the write
  lock before it reads what it decides on. PostgreSQL: READ COMMITTED; the writers take turns by the
  lock on the row of `log_head`, which they must take first.
- `reading(engine)`: one that sees a single moment of the database through all its queries, so that
  entries, tiles and checkpoint fit together. SQLite: the snapshot of WAL. PostgreSQL: REPEATABLE
  READ.

SQLite runs with WAL and synchronous=FULL: what was committed survives a loss of power. The file is
its owner's only: it holds who wrote to whom, and what opens the leaves. One hub has it, and all its
connections have the same one (`database_file`); for more hubs on one log there is PostgreSQL, whose
connections `postgresql` makes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.observer import NO_OBSERVER, Observer
from exchange_server.storage.database_file import DatabaseFile

_log = structlog.get_logger(__name__)

_SQLITE = "sqlite:///"
_EXAMPLES = "sqlite:////var/lib/exchange/hub.db or postgresql+psycopg://hub@/exchange"
_NO_LOCKS = "unix-none"
_BUSY_SECONDS = 10
_CHECKPOINT_MILLISECONDS = 200
"""The longest wait for readers before the write-ahead log is emptied."""
_CACHE_KIB = 16 * 1024
"""Cache of one connection; SQLite's own 2 MiB do not hold the inner pages of the indexes."""
_WRITES = "exchange_writes"
_OBSERVER = "exchange_observer"
_SLOW = "exchange_slow_seconds"
_BEGAN_AT = "exchange_began_at"
_SHOWN_CHARACTERS = 300
_READ_ONLY_TRANSACTION = "25006"
_NO_PRIVILEGE = "42501"
_LOCKED = (
    "; the server ends what waits for 15 s: look in pg_stat_activity and pg_locks for a session "
    "that holds a lock on the hub's tables, such as VACUUM FULL, and let it end. The hub goes on "
    "by itself"
)
_SERVER_SAYS = {
    "53100": "; the disk of the database's server is full, or a quota on it: make room there. What "
    "has a receipt is stored, and the hub writes again by itself",
    "53200": "; the database's server has no memory left: look at what else runs there",
    "25P04": _LOCKED,
    "42P01": "; the hub's schema was renamed, its tables were moved, or its role may not enter it: "
    "GRANT USAGE ON SCHEMA, or put back what was changed",
    "58030": "; the disk of the database's server fails: look at its log and its kernel's. Do not "
    "restart the server before a copy of its data stands",
}
"""Of PostgreSQL's codes, what its own words leave open."""
_NO_CONNECTION_LEFT = ("too many connections", "remaining connection slots", "too many clients")
"""PostgreSQL's words; the driver gives no code for a connection that was refused."""
_WITHHELD = {"42501", "42P01"}
"""PostgreSQL's codes for a right that is missing, and for a table that is not to be seen."""
_AWAY = {"OperationalError", "InterfaceError", "TransactionTimeout"}
"""Words of the PostgreSQL driver about its connection, in whichever class they come."""


def open_engine(
    url: str,
    *,
    read_only: bool = False,
    serving: bool = False,
    must_exist: bool = False,
    observer: Observer = NO_OBSERVER,
    slow_seconds: float = 0.0,
) -> Engine:
    """Make an engine for `sqlite:///FILE` or `postgresql+psycopg://...`.

    With `read_only` a SQLite file is opened without changing anything in it or beside it but what
    WAL needs. Otherwise the first connection makes a file where none is, unless it `must_exist`.
    `serving` is for a hub: its file must exist, and every wait at PostgreSQL is bounded in time.
    The observer hears of each transaction. Queries and transactions of more than `slow_seconds`
    are logged.
    Raises CONFIG_INVALID for any other database.
    """
    must_exist = must_exist or serving
    engine = _open(url, read_only=read_only, serving=serving, must_exist=must_exist)
    engine.update_execution_options(**{_OBSERVER: observer, _SLOW: slow_seconds})
    if slow_seconds:
        _tell_slow_queries(engine, slow_seconds)
    return engine


def _tell_slow_queries(engine: Engine, slow_seconds: float) -> None:
    """Log what takes long, by its text; never by its values."""

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(connection: Connection, *_: object) -> None:
        connection.info[_BEGAN_AT] = time.monotonic()

    @event.listens_for(engine, "after_cursor_execute")
    def _end(connection: Connection, _: object, statement: str, *__: object) -> None:
        seconds = time.monotonic() - connection.info[_BEGAN_AT]
        if seconds >= slow_seconds:
            query = " ".join(statement.split())[:_SHOWN_CHARACTERS]
            _log.warning("slow_query", seconds=round(seconds, 3), query=query)


def sqlite_file(url: str) -> Path | None:
    """Give the file of a SQLite URL: all that stands after `sqlite:///`, letter for letter.

    A URL's parser would end the path at a question mark.
    """
    path = url.removeprefix(_SQLITE)
    return Path(path) if path and path != url and path != ":memory:" else None


def _open(url: str, *, read_only: bool, serving: bool, must_exist: bool) -> Engine:
    file = sqlite_file(url)
    if file is not None:
        if file.is_dir():
            raise _refused(
                f"expected a file as the database, {file} is a folder: name a file in it"
            )
        return _sqlite(file, read_only=read_only, must_exist=must_exist)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # The second one is of a port that is no number.
        raise _refused(f"expected a database URL such as {_EXAMPLES}") from None
    match parsed.get_backend_name():
        case "postgresql" | "postgres":
            if url.partition("://")[2].partition("?")[0].count("@") > 1:
                raise _refused(
                    "the URL has a second @ before its name of a host: write one in a password as "
                    "%40, or keep the password in a file that passfile= names"
                )
            try:
                from exchange_server.storage.postgresql import open_postgresql
            except ModuleNotFoundError as error:
                raise Reason.CONFIG_INVALID.error(
                    f"PostgreSQL needs a driver that is not installed ({error.name}): "
                    "install the hub with its extra, `pip install caricc-exchange[hub,postgres]`"
                ) from None
            return open_postgresql(parsed, serving=serving)
        case other:
            raise _refused(f"expected a URL such as {_EXAMPLES}, got one of {other}")


def _refused(why: str) -> ExchangeError:
    """The refusal of a URL, which may hold a password: it is not repeated."""
    return Reason.CONFIG_INVALID.error(why, field="database.url")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Run a transaction that may write; commits at the end, rolls back on an exception."""
    engine = engine.execution_options(**{_WRITES: True})
    with _observed(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Run queries that all see the same moment."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _observed(engine), engine.connect() as connection:
        connection.execution_options(**options)
        with connection.begin():
            yield connection


@contextmanager
def _observed(engine: Engine) -> Iterator[None]:
    """Tell the engine's observer of a transaction, its commit included."""
    options = engine.get_execution_options()
    observer: Observer = options.get(_OBSERVER, NO_OBSERVER)
    began_at, succeeded = time.monotonic(), False
    try:
        yield
        succeeded = True
    finally:
        seconds = time.monotonic() - began_at
        slow = options.get(_SLOW, 0.0)
        if slow and seconds >= slow:
            kind = "write" if _WRITES in options else "read"
            _log.warning("slow_transaction", seconds=round(seconds, 3), kind=kind)
        observer.transaction_ended(seconds, writes=_WRITES in options, succeeded=succeeded)


def see_one_moment(connection: Connection) -> None:
    """Let a writing transaction that is at its beginning read only, as `reading` does.

    On SQLite it does so already.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class WritingConnection:
    """The writer's own connection, for one thread: what it has read of the database stays cached.

    Connections of the pool take turns, and each would read anew what another has changed.
    """

    def __init__(self, engine: Engine) -> None:
        """Prepare; it connects when it is first used, and after a failure."""
        self._engine = engine.execution_options(**{_WRITES: True})
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a transaction, as `writing` does; one that fails takes the connection with it."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with _observed(self._engine), self._connection.begin():
                yield self._connection
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def driver_error(error: BaseException) -> BaseException | None:
    """The database driver's own error that this is or holds; none where it is about something else.

    A query on the driver's own cursor (`rows`) raises it bare. SQLite's driver fails to say what is
    wrong with a schema that a flipped bit made no text of, and raises UnicodeDecodeError.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, UnicodeDecodeError):
        return sqlite3.DatabaseError(f"the file is damaged: it holds text that is none ({cause})")
    is_drivers = type(cause).__module__.partition(".")[0] in ("psycopg", "sqlite3")
    return cause if is_drivers else None


def is_damaged(cause: BaseException) -> bool:
    """True if SQLite's driver took the file for damaged, or for no database."""
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def way_out(cause: BaseException) -> str:
    """Advice on a failure of which a driver says little; empty where nothing is known."""
    if getattr(cause, "sqlstate", None) == _READ_ONLY_TRANSACTION:
        return (
            "; the database takes no writes: it is a standby, or default_transaction_read_only is "
            "on for it or for the hub's role"
        )
    if getattr(cause, "sqlstate", None) == _NO_PRIVILEGE:
        return (
            "; let the hub's role own the database, or GRANT it CREATE on the schema and its "
            "rights on the tables"
        )
    if advice := _SERVER_SAYS.get(getattr(cause, "sqlstate", None) or ""):
        return advice
    if "the connection is lost" in str(cause):
        return f"; the server's log says why, if the network did not do it{_LOCKED}"
    if any(each in str(cause) for each in _NO_CONNECTION_LEFT):
        return (
            "; a hub needs six connections, each worker as many: raise max_connections, or "
            "the limit of its role or database"
        )
    match (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "; make room on the disk and repeat it: nothing was written"
        case sqlite3.SQLITE_IOERR:
            return (
                "; its disk or a quota on it is full, or a file may not grow so long (`ulimit -f`, "
                "LimitFSIZE= of a unit, 4 GiB on a FAT disk), or the disk fails, or the kernel "
                "made it read-only: look with `df`, `quota` and `dmesg`, make room and repeat it"
            )
        case sqlite3.SQLITE_READONLY:
            return (
                "; the file or its disk takes no writes: the kernel makes a disk read-only that "
                "has failed, look with `dmesg` and `mount`"
            )
        case sqlite3.SQLITE_CANTOPEN:
            return "; look at the rights of its folder, and with `df` and `df -i` for room"
    return ""


def plain_cause(error: BaseException) -> str | None:
    """Say in one line what a database's driver has against a transaction, with the way out; None
    where the error is about something else."""
    cause = driver_error(error)
    if cause is None:
        return None
    why, *_ = str(cause).strip().splitlines() or ["no reason given"]
    return why + way_out(cause)


def is_away(error: BaseException) -> bool:
    """True if PostgreSQL was not reached, or went away: not what a query or its data are to blame
    for, and the same call may work soon."""
    kind = type(driver_error(error))
    return kind.__module__.startswith("psycopg") and any(
        each.__name__ in _AWAY for each in kind.__mro__
    )


def is_withheld(error: BaseException) -> bool:
    """True if PostgreSQL keeps a table from the hub: somebody took a right back, or renamed the
    schema, and may undo it."""
    return getattr(driver_error(error), "sqlstate", None) in _WITHHELD


def real_file(engine: Engine) -> Path | None:
    """Give the SQLite file of an engine under its one name, links followed; None on PostgreSQL."""
    file = DatabaseFile.of(engine)
    return None if file is None else file.path


def forget_old_pages(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log, where erased bytes would stay; whether nobody was reading it.

    On PostgreSQL nothing is done here: docs/erasure.md says what its operator does.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        raw = connection.connection
        with closing(raw.cursor()) as cursor:
            # A reader may never end, and the writer has other work: it comes back after a batch.
            cursor.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MILLISECONDS}")
            try:
                [busy, *_] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    return not busy


def _read_only_url(file: Path) -> URL:
    """A SQLite file to read, on a medium that cannot be written too.

    There nobody else writes, so a write-ahead log is read without locks, its index in memory.
    """
    file, mode = file.resolve(), {"mode": "ro", "uri": "true"}
    if file.is_file() and not os.access(file.parent, os.W_OK):
        if file.with_name(file.name + "-wal").exists():
            mode["vfs"] = _NO_LOCKS
        else:
            mode["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(file))}", query=mode)


def _uri(file: Path, **options: str) -> str:
    """The URI of a SQLite file, whose name may have bytes of any encoding."""
    return f"file:{quote(os.fsencode(file))}?{urlencode(options)}"


def _sqlite(file: Path, *, read_only: bool, must_exist: bool) -> Engine:
    folder = file.absolute().parent
    if not folder.is_dir():
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be used: unable to open {file.name}, for its folder {folder} "
            "does not exist; make the folder, for the hub's user alone, or name another file",
            field="database.url",
        )
    url = _read_only_url(file) if read_only else URL.create("sqlite", database=str(file.absolute()))
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    one = DatabaseFile(file, must_exist=must_exist, read_only=read_only)
    one.attach(engine)

    @event.listens_for(engine, "do_connect")
    def _connect(
        _: object, __: object, words: list[Any], named: dict[str, Any]
    ) -> SqliteConnection:
        with one.opening() as path, ExitStack() as stack:
            if not read_only:
                # Without `rw` SQLite would make a file in the place of one that was moved away.
                words, named = [_uri(path, mode="rw")], {**named, "uri": True}
            connection: SqliteConnection = sqlite3.connect(*words, **named)
            stack.callback(connection.close)
            one.verify()
            stack.pop_all()
        return connection

    @event.listens_for(engine, "connect")
    def _configure(connection: SqliteConnection, _: object) -> None:
        # The driver would begin transactions by itself, and too late: SQLAlchemy does it below.
        connection.isolation_level = None
        if url.query.get("vfs") == _NO_LOCKS:
            # SQLite keeps the index in memory where no other process may share it.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            # Deleted bytes (content that was erased, a staged part) are overwritten with zeros.
            connection.execute("PRAGMA secure_delete = ON")
            # It opens the write-ahead log, if nothing above did.
            connection.execute("PRAGMA schema_version").fetchone()
        connection.execute("PRAGMA foreign_keys = ON")
        one.opened()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        # SQLAlchemy's way takes longer than the statement itself, in each batch and each read.
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
