"""Commands that copy the database: `backup`, `restore`, `copy-database`; each copy is checked."""

from __future__ import annotations

import filecmp
import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exchange_files import dead_drafts, new_file, read_given, staging_folder, sweep_staging
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.cli.shared import AsJson, ConfigFile, database_errors, what_to_check
from exchange_server.config import Config, load_config

if TYPE_CHECKING:
    from exchange_protocol.log.checkpoint import Checkpoint
    from exchange_server.ledger import FsckReport

Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="The backup is encrypted under its first line."
    ),
]


def backup(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="New file to write (0600).")],
    config: ConfigFile,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database to a new file while the hub runs; the copy is checked before it appears.

    It is of one moment. A copy of SQLite is checked as `fsck` does; one of PostgreSQL is made by
    pg_dump and checked when it is restored.
    """
    from exchange_server.storage.copies import new_backup
    from exchange_server.storage.engine import sqlite_file

    settings = load_config(config, os.environ)
    passphrase = _passphrase(passphrase_file)
    report = None
    file = sqlite_file(settings.database.url)
    # Before the copy: the hub goes on signing while that is made and checked.
    noted = None if file is None else _noted(settings, file)
    _sweep(out.parent)
    with ExitStack() as stack:
        plain = out
        if passphrase is not None:
            # Beside it, so that the same disk has room for both or for neither.
            plain = stack.enter_context(_folder_beside(out)) / "plain"
        with new_backup(settings.database.url, plain) as copy:
            if file is not None:
                report = _verified(settings, f"sqlite:///{copy.absolute()}")
        if passphrase is not None:
            _encrypt(plain, out, passphrase)
    _report(settings, out)
    notes = _left(out.parent)
    if file is not None and report is not None and noted is not None:
        notes += _outdated(file, noted, report)
    told = {"file": str(out), "notes": notes}
    _tell(told, report, as_json=as_json, said=f"written to {out}")


def _passphrase(file: Path | None) -> bytes | None:
    from exchange_keys import read_passphrase

    return None if file is None else read_passphrase(file, "")


def _folder_beside(file: Path) -> AbstractContextManager[Path]:
    """A folder for what is not encrypted, this process's alone and gone with the block."""
    from exchange_server.storage.copies import PLAIN

    return staging_folder(file.with_name(f"{PLAIN}{file.name}.{os.getpid()}"))


def _sweep(folder: Path) -> None:
    """Remove what killed commands left here that is not encrypted."""
    from exchange_server.storage.copies import PLAIN

    sweep_staging(folder, f"{PLAIN}*")


def _left(folder: Path) -> list[str]:
    """Say which drafts killed commands left; they may be of others, so they stay."""
    return [
        f"{draft} is left of a command that was killed: remove it" for draft in dead_drafts(folder)
    ]


def _encrypt(plain: Path, out: Path, passphrase: bytes) -> None:
    """Write the backup encrypted, and read it back before it appears."""
    from exchange_server.storage.backup_cipher import decrypt, encrypt

    with new_file(out) as draft:
        with plain.open("rb") as source:
            encrypt(source, draft.file, passphrase)
        draft.sync()
        opened = plain.with_name("opened")
        with draft.path.open("rb") as source, new_file(opened) as target:
            decrypt(source, target.file, passphrase)
        if not filecmp.cmp(plain, opened, shallow=False):
            raise Reason.INTERNAL.error("the encrypted backup does not open to what was copied")


@contextmanager
def _opened(backup: Path, passphrase: bytes | None) -> Iterator[Path]:
    """The backup as the database's own tools read it, for the time of the block."""
    from exchange_server.storage.backup_cipher import decrypt, is_encrypted

    if not is_encrypted(backup):
        yield backup
        return
    if passphrase is None:
        raise Reason.CONFIG_INVALID.error(
            "this backup is encrypted: name the file with its passphrase, --passphrase-file"
        )
    _sweep(backup.parent)
    with _folder_beside(backup) as folder:
        with backup.open("rb") as source, new_file(folder / "plain") as target:
            decrypt(source, target.file, passphrase)
        yield folder / "plain"


@contextmanager
def _of_this_schema(settings: Config, plain: Path, file: Path) -> Iterator[Path]:
    """The backup, or a copy of it that is brought to this version's schema; the backup stays."""
    from exchange_server.storage.copies import working_copy
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import is_earlier

    engine = open_engine(f"sqlite:///{plain.absolute()}", read_only=True)
    with database_errors():
        try:
            has_moved = is_earlier(engine)
        finally:
            engine.dispose()
    if not has_moved:
        yield plain
        return
    _sweep(file.parent)
    with working_copy(plain, file) as copy:
        _migrate(settings, f"sqlite:///{copy.absolute()}")
        yield copy


def _migrate(settings: Config, url: str) -> None:
    """Bring a database of an earlier schema to this version's; any other stays as it is."""
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import is_earlier, migrate

    engine = open_engine(url)
    with database_errors():
        try:
            if is_earlier(engine):
                migrate(engine, TrustAnchors.from_pem(read_given(settings.tls.root)))
        finally:
            engine.dispose()


def _report(settings: Config, out: Path) -> None:
    """Tell the hub's metrics of a backup that stands, where the configuration says so."""
    from exchange_files import PUBLIC, replace_file

    file = settings.metrics.backup_report
    if file is not None:
        told = {"ended_at": time.time(), "bytes": out.stat().st_size}
        replace_file(file, json.dumps(told).encode(), mode=PUBLIC)


def restore(
    backup: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    config: ConfigFile,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup where the configuration has no database yet; nothing is written over.

    It is checked as `fsck` does; one of an earlier version of the hub is brought to this version's
    schema, as `migrate` does. Entries that the log had after the backup are lost: a hub with
    witnesses adds nothing before they have cosigned its tree, and one that has noted a larger log
    beside its file does not start.
    """
    from exchange_server.storage.copies import bring_back, verify_kind, verify_no_file
    from exchange_server.storage.database_file import claimed_place
    from exchange_server.storage.engine import sqlite_file

    settings = load_config(config, os.environ)
    url = settings.database.url
    if not backup.is_file():
        raise Reason.CONFIG_INVALID.error(f"expected a backup, there is no such file: {backup}")
    file = sqlite_file(url)
    with _opened(backup, _passphrase(passphrase_file)) as plain:
        verify_kind(plain, url)
        if file is not None:
            with claimed_place(file), _of_this_schema(settings, plain, file) as copy:
                verify_no_file(file)
                report = _verified(settings, f"sqlite:///{copy.absolute()}")
                bring_back(copy, url)
        else:
            bring_back(plain, url)
            _migrate(settings, url)
            report = _verified(settings, url)
    notes = [] if file is None else _behind(settings, file, report)
    notes += _held(settings)
    _tell({"notes": notes}, report, as_json=as_json, said=f"restored from {backup}")


def copy_database(
    to: Annotated[str, typer.Argument(metavar="URL", help="The new database: it holds no log.")],
    config: ConfigFile,
    as_json: AsJson = False,
) -> None:
    """Copy the database into another, of SQLite or PostgreSQL, while every hub is stopped.

    The copy is checked as `fsck` does. Then name it as database.url, and start the hubs. Keep the
    old one until all is well, and start no hub on it again: two logs would grow.
    """
    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_server.ledger.start_check import note_signed, verify_noted
    from exchange_server.storage.database_file import FileClaim
    from exchange_server.storage.engine import open_engine, reading, real_file
    from exchange_server.storage.schema import check_schema
    from exchange_server.storage.server_check import verify_server
    from exchange_server.storage.transfer import copy_rows

    settings = load_config(config, os.environ)
    source = open_engine(settings.database.url, must_exist=True)
    target = open_engine(to)
    with database_errors():
        try:
            claim = FileClaim(source)
            try:
                verify_server(target)
                check_schema(source)
                log = LogVerifier(what_to_check(settings)[2])
                place = real_file(target)
                if place is not None:
                    # A note of another log, or of more than is copied, is told before anything is.
                    with reading(source) as connection:
                        verify_noted(connection, place, log)
                copy_rows(source, target)
                report = _verified(settings, to)
                note_signed(target)
            finally:
                claim.release()
        finally:
            source.dispose()
            target.dispose()
    notes = _kept_list(settings, to)
    _tell({"notes": notes}, report, as_json=as_json, said="copied")


def _kept_list(settings: Config, url: str) -> list[str]:
    """Say how the hub finds the revocation list that it holds, where the new database hides it."""
    database = settings.database.model_copy(update={"url": url})
    if settings.model_copy(update={"database": database}).held_lists == settings.held_lists:
        return []
    return [
        f'beside the new url set crl_held = "{settings.held_lists.absolute()}" in [tls]: the '
        "revocation list that this hub holds stays there, and without it the hub does not start"
    ]


def _verified(settings: Config, url: str) -> FsckReport:
    """Check a copy; raises CONFIG_INVALID for one that is not in order."""
    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server.ledger.fsck import fsck
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import check_schema

    _, root, vkey = what_to_check(settings)
    engine = open_engine(url, read_only=True)
    with database_errors():
        try:
            check_schema(engine)
            report = fsck(engine, TrustAnchors.from_pem(read_given(root)), LogVerifier(vkey))
        finally:
            engine.dispose()
    for finding in report.findings:
        raise Reason.CONFIG_INVALID.error(
            f"the copy is not in order: {finding.what}, first {finding.first}: {finding.detail}; "
            "run `exchange-server fsck` over the database that it is of"
        )
    return report


def _held(settings: Config) -> list[str]:
    """Hold the revocation list of the configuration where none is held, and say so."""
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server.tls.held_lists import HeldLists, told

    held = HeldLists(settings.held_lists, TrustAnchors.from_pem(read_given(settings.tls.root)))
    lists = held.begin(settings.tls.crl)
    if lists is None:
        return []
    return [
        f"this place held no revocation list, so it holds the one in {settings.tls.crl} now: "
        f"{told(lists)}. Ask the authority if it has a newer one before the hub starts"
    ]


def _behind(settings: Config, file: Path, report: FsckReport) -> list[str]:
    """Say what a hub will answer to this log, where it is older than what was signed."""
    noted = _noted_beyond(settings, file, report)
    if noted is None:
        return []
    return [
        f"this hub has signed {noted.size} entries, the backup has {report.entries}: it will not "
        f"start on it, since receipts for the entries after it are out. Look for a newer backup "
        f"first. To go on without these entries, remove {_note(file)}"
    ]


def _outdated(file: Path, noted: Checkpoint, report: FsckReport) -> list[str]:
    """Say that a new backup is older than what had been signed: the file was replaced before."""
    if noted.size <= report.entries:
        return []
    return [
        f"NOT THE NEWEST LOG: this backup has {report.entries} entries, and the hub has signed "
        f"{noted.size}, as {_note(file)} shows: an old copy of the database stands at {file}. Keep "
        "the backups before this one, and look for the newest database"
    ]


def _noted(settings: Config, file: Path) -> Checkpoint | None:
    """The checkpoint noted beside the database's file; the hub says at its start what is wrong with
    a note."""
    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_server.ledger.start_check import noted_checkpoint

    with suppress(ExchangeError):
        return noted_checkpoint(file.resolve(), LogVerifier(what_to_check(settings)[2]))
    return None


def _noted_beyond(settings: Config, file: Path, report: FsckReport) -> Checkpoint | None:
    """The checkpoint noted beside the database's file, if it is of more entries."""
    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_server.ledger.start_check import noted_checkpoint

    noted = noted_checkpoint(file.resolve(), LogVerifier(what_to_check(settings)[2]))
    return noted if noted is not None and noted.size > report.entries else None


def _note(file: Path) -> Path:
    from exchange_server.ledger.start_check import note_path

    return note_path(file.resolve())


def _tell(about: dict[str, Any], report: FsckReport | None, *, as_json: bool, said: str) -> None:
    entries = None if report is None else report.entries
    if as_json:
        typer.echo(json.dumps({**about, "entries": entries}))
    elif report is None:
        typer.echo(f"{said}; it is checked when it is restored")
    else:
        typer.echo(f"{said}: {entries} entries, checked")
    if not as_json:
        for note in about.get("notes", ()):
            typer.echo(note)
