"""A private SQLite database that is forgotten when it is closed.

It lies in a file without a name as far as memory does not hold it: where SQLITE_TMPDIR or TMPDIR
says, else in /var/tmp. One transaction is open in it all the time, and nothing is rolled back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from exchange_protocol.errors import Reason

_CursorT = TypeVar("_CursorT", bound=sqlite3.Cursor)
_CACHE_KIB = 32 * 1024


def open_scratch() -> sqlite3.Connection:
    """Make one without tables.

    A failed write raises FILE_NOT_WRITTEN, never an error of a database.
    """
    connection = sqlite3.connect(
        "", isolation_level=None, check_same_thread=False, factory=_ScratchConnection
    )
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("BEGIN")
    return connection


class _ScratchCursor(sqlite3.Cursor):
    """A cursor whose reading may write too: SQLite makes room in memory for what it reads."""

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        with _told():
            super().execute(sql, parameters)
        return self

    def executemany(self, sql: str, rows: Iterable[Any], /) -> Self:
        with _told():
            super().executemany(sql, rows)
        return self

    def fetchone(self) -> Any:
        with _told():
            return super().fetchone()

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        with _told():
            return super().fetchmany(size)

    def fetchall(self) -> list[Any]:
        with _told():
            return super().fetchall()

    def __next__(self) -> Any:
        with _told():
            return super().__next__()


class _ScratchConnection(sqlite3.Connection):
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        return self.cursor().executemany(sql, rows)

    def cursor(  # type: ignore[override]  # SQLite's stub gives two signatures, both are kept.
        self, factory: Callable[[sqlite3.Connection], _CursorT] | None = None
    ) -> sqlite3.Cursor:
        return super().cursor(factory or _ScratchCursor)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # After a failed write SQLite takes the file for a damaged one, too.
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise Reason.FILE_NOT_WRITTEN.error(
            f"{error}: SQLite's temporary file; make room in /var/tmp, or name a folder with room "
            "in SQLITE_TMPDIR, and repeat the command"
        ) from None
