"""Copies of a database while the hub runs, and bringing one back into an empty place.

SQLite: its own backup, of one moment, into one file without a write-ahead log. PostgreSQL: pg_dump
and pg_restore, which take one moment, too. Nothing is written over, and what was cut off leaves
nothing. Left to the caller: checking the copy.

SQLite opens what it writes by its path. In a folder of another user that path may lead elsewhere by
then, and root would write there: so for root SQLite writes in a folder of root's own, and the bytes
are carried over into the draft that is open already.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import inspect, make_url
from sqlalchemy.engine import URL

from exchange_files import UnplacedFile, is_roots_alone, new_file, staging_folder
from exchange_protocol.errors import Reason
from exchange_server.storage.database_file import DatabaseFile
from exchange_server.storage.engine import open_engine, plain_cause, sqlite_file, way_out
from exchange_server.storage.server_check import verify_server

PLAIN: Final = ".exchange-plain."
"""The names of folders with what is not encrypted begin so."""
_SQLITE_BEGINS: Final = b"SQLite format 3\0"
_BEGINNINGS: Final = (
    (_SQLITE_BEGINS, "a copy of SQLite"),
    (b"PGDMP", "a copy of PostgreSQL"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"BZh", "compressed by bzip2"),
    (b"PK", "an archive"),
)
"""Files that operators take for a backup, by their first bytes."""
_CHUNK: Final = 1024 * 1024
_OF_SERVER: Final = ("ERROR:", "FATAL:")
_NO_SCHEMA: Final = re.compile(r'schema "[^"]*" does not exist')


@contextmanager
def new_backup(url: str, to: Path) -> Iterator[Path]:
    """Copy a database to a new file; it appears when the block ends well.

    Gives the path at which it is read until then.

    Raises:
        InvalidInput: CONFIG_INVALID, if the database cannot be read.
        StorageFailed: FILE_NOT_WRITTEN.
    """
    file = sqlite_file(url)
    with new_file(to) as draft, ExitStack() as stack:
        copy = draft.path
        if file is None:
            with _opened_again(draft) as output:
                _run("pg_dump", url, "--format=custom", *_own_tables(url), output=output)
        else:
            copy = _copy_sqlite(file, draft, stack)
        draft.sync()
        yield copy


def verify_kind(backup: Path, url: str) -> None:
    """Verify by its first bytes that a file is a backup for such a database; raises CONFIG_INVALID.

    The database's own tools call any other file damaged.
    """
    with backup.open("rb") as source:
        begins = source.read(len(_SQLITE_BEGINS))
    found = next((what for sign, what in _BEGINNINGS if begins.startswith(sign)), "something else")
    expected = "a copy of PostgreSQL" if sqlite_file(url) is None else "a copy of SQLite"
    if found != expected:
        raise Reason.CONFIG_INVALID.error(
            f"expected {expected}, as the database of database.url is of that kind, and the backup "
            f"is {found}: name the database that it is of, or a file as `exchange-server backup` "
            "made it"
        )


def bring_back(backup: Path, url: str) -> None:
    """Put a backup where no database is.

    Raises:
        InvalidInput: CONFIG_INVALID, if something is there, or it is no backup of this kind.
        StorageFailed: FILE_NOT_WRITTEN.
    """
    file = sqlite_file(url)
    if file is None:
        _verify_empty(url)
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
        _run("pg_restore", url, *options, str(backup))
        return
    verify_no_file(file)
    with new_file(file) as draft, backup.open("rb") as source:
        while data := source.read(_CHUNK):
            draft.file.write(data)


@contextmanager
def working_copy(backup: Path, file: Path) -> Iterator[Path]:
    """Copy a backup of SQLite for a while, to change it before it comes to the place of `file`."""
    if os.geteuid() == 0 and not is_roots_alone(None, file.parent.resolve()):
        place = _own_folder(file)
    else:
        place = staging_folder(file.with_name(f"{PLAIN}{file.name}.{os.getpid()}"))
    with place as folder:
        copy = folder / "copy"
        bring_back(backup, f"sqlite:///{copy.absolute()}")
        yield copy


def rescue(file: DatabaseFile) -> Path:
    """Copy what the connection that is held open still reads of a file that has lost its name.

    It goes beside the file, or beside its name where that folder is gone. Gives the copy's path.
    The caller has `file.copying`.

    Raises:
        StorageFailed: FILE_NOT_WRITTEN.
        HubInternal: INTERNAL, where no claim holds one.
    """
    source = file.held
    if source is None:
        raise Reason.INTERNAL.error("no connection to the database's file is held open")
    folder = next((each for each in (file.path.parent, file.name.parent) if each.is_dir()), None)
    if folder is None:
        raise Reason.FILE_NOT_WRITTEN.error(
            f"the folder {file.path.parent} is gone: make it anew, for the hub's user alone"
        )
    to = folder / f"{file.path.name}.rescued"
    if os.path.lexists(to):
        to = to.with_name(f"{to.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with new_file(to) as draft, ExitStack() as stack:
        _copy(source, draft, stack)
        draft.sync()
    return to


def verify_no_file(file: Path) -> None:
    """Verify that no SQLite database is at a place, nor the leftovers of one."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}-journal"):
        there = file.with_name(name)
        if os.path.lexists(there):
            raise Reason.CONFIG_INVALID.error(
                f"expected no database there, and nothing is written over: {there} exists. Stop "
                f"the hub and move {file.name}, {file.name}-wal and {file.name}-shm away together",
                field="database.url",
            )


@contextmanager
def _opened_again(draft: UnplacedFile) -> Iterator[int]:
    """Open a draft once more for a program to write to, which must not get its lock.

    A program that outlives a killed command would keep the draft from being taken for a dead one's.
    """
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        again = os.open(draft.path.name, flags, dir_fd=draft.folder)
    except OSError as error:
        raise Reason.FILE_NOT_WRITTEN.error(f"{error.strerror}: {draft.path}") from None
    try:
        if not os.path.samestat(os.fstat(again), os.fstat(draft.file.fileno())):
            raise Reason.FILE_NOT_WRITTEN.error(f"{draft.path} was replaced by another program")
        yield again
    finally:
        os.close(again)


def _copy_sqlite(file: Path, draft: UnplacedFile, stack: ExitStack) -> Path:
    if not file.is_file():
        raise Reason.CONFIG_INVALID.error(
            f"expected a database, there is none: {file}", field="database.url"
        )
    try:
        with (
            closing(
                sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro", uri=True)
            ) as source,
        ):
            return _copy(source, draft, stack)
    except sqlite3.Error as error:
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be copied: {error}{way_out(error)}", field="database.url"
        ) from None


def _copy(source: sqlite3.Connection, draft: UnplacedFile, stack: ExitStack) -> Path:
    """Copy a database into a draft; gives the path at which it is read, until the stack ends."""
    to = draft.path
    if os.geteuid() == 0 and not is_roots_alone(draft.folder, to.parent):
        to = stack.enter_context(_own_folder(to)) / "copy"
    _copy_to(source, to)
    if to != draft.path:
        with to.open("rb") as copy:
            shutil.copyfileobj(copy, draft.file, _CHUNK)
    return to


@contextmanager
def _own_folder(beside: Path) -> Iterator[Path]:
    """Make a folder in which root alone can name anything, where SQLite has its temporary files."""
    named = (os.environ.get(each) for each in ("SQLITE_TMPDIR", "TMPDIR"))
    for each in (*named, "/var/tmp"):  # noqa: S108 -- a folder of its own is made in it
        place = Path(each).resolve() if each else None
        if place is not None and is_roots_alone(None, place):
            with tempfile.TemporaryDirectory(dir=place) as folder:
                yield Path(folder)
            return
    raise Reason.FILE_NOT_WRITTEN.error(
        f"{beside.parent} belongs to another user, and root has no folder of its own to make the "
        "copy in: name one in SQLITE_TMPDIR, or run the command as that user"
    )


def _copy_to(source: sqlite3.Connection, to: Path) -> None:
    with closing(sqlite3.connect(to, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")
        # All pages in one step: they are of one moment, whatever the hub writes meanwhile.
        source.backup(copy)
        # A file that says that it has a write-ahead log is read only with a lock beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _own_tables(url: str) -> list[str]:
    """Name the tables of this hub to pg_dump: another schema of the database may hold another log,
    which this role may not read."""
    _check_program("pg_dump")
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            found = inspect(connection)
            schema, tables = found.default_schema_name, found.get_table_names()
    except Exception as error:
        why = plain_cause(error)
        if why is None:
            raise
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be copied: {why}", field="database.url"
        ) from None
    finally:
        engine.dispose()
    if not tables:
        raise Reason.CONFIG_INVALID.error(
            f"expected a database with a log, the schema {schema} has no table: nothing is copied",
            field="database.url",
        )
    quote_name = engine.dialect.identifier_preparer.quote_identifier
    return [f"--table={quote_name(schema or '')}.{quote_name(each)}" for each in sorted(tables)]


def _verify_empty(url: str) -> None:
    engine = open_engine(url)
    try:
        verify_server(engine)
        tables = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise Reason.CONFIG_INVALID.error(
            "expected an empty database, and nothing is written over: it has the table "
            f"{min(tables)}. Make a new one with createdb, and name it in database.url",
            field="database.url",
        )


def _run(program: str, url: str, *options: str, output: int | None = None) -> None:
    """Run a program of PostgreSQL's; the password stands in its environment, not in its words.

    What it puts out goes into a file that is open, where one is given.
    """
    _check_program(program)
    parsed = make_url(url)
    environment = dict(os.environ)
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    words: Sequence[str] = [program, f"--dbname={_without_password(parsed)}", *options]
    ended = subprocess.run(  # noqa: S603 - fixed words, and the operator's own database
        words,
        env=environment,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        lines = ended.stderr.splitlines()
        # The whole query follows the server's own words.
        worst = [each for each in lines if any(word in each for word in _OF_SERVER)]
        said = " ".join(worst or lines)[-300:] or f"exit code {ended.returncode}"
        if _NO_SCHEMA.search(ended.stderr):
            said += "; make it, for the hub's role: CREATE SCHEMA AUTHORIZATION and the role's name"
        raise Reason.CONFIG_INVALID.error(f"{program} failed: {said}", field="database.url")


def _check_program(program: str) -> None:
    if shutil.which(program) is None:
        raise Reason.CONFIG_INVALID.error(
            f"expected the command {program} on the path: install PostgreSQL's client programs of "
            "the server's version, or run this on the database's machine"
        )


def _without_password(url: URL) -> str:
    plain = URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.query,
    )
    return plain.render_as_string(hide_password=False)
