"""`exchange-server fsck`: compute everything anew from the log, and compare."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.cli.shared import (
    EXIT_CANNOT,
    EXIT_FINDINGS,
    AsJson,
    database_errors,
    read_named,
    what_to_check,
)
from exchange_server.config import load_config

if TYPE_CHECKING:
    from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
    from exchange_server import ledger


def fsck(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration; or else all three below.")
    ] = None,
    database: Annotated[str | None, typer.Option(metavar="URL", help="The database.")] = None,
    root: Annotated[Path | None, typer.Option(metavar="FILE", help="Root certificates.")] = None,
    log_key: Annotated[str | None, typer.Option(metavar="VKEY", help="Verifier key.")] = None,
    at_least: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Entries that the log is known to have; else 1 for a copy."
        ),
    ] = None,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="A signed checkpoint of this log, as a witness shows it; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute everything anew from the log and compare; read only.

    With --config it checks the hub's own database, with the other three a copy. Exits with 1 for
    damage of the hub's database, and for rules that its signed entries break; with 2 for a copy
    that is torn or lacks entries, for that says nothing of the hub; with 6 if this version cannot
    check the log.
    """
    from dataclasses import asdict

    from exchange_protocol.log.checkpoint import LogVerifier
    from exchange_protocol.trust.certificates import TrustAnchors
    from exchange_server.ledger.fsck import fsck as check
    from exchange_server.storage.engine import open_engine
    from exchange_server.storage.schema import check_indexes, check_schema

    is_copy = config is None
    if config is not None and (database, root, log_key) == (None, None, None):
        database, root, log_key = what_to_check(load_config(config, os.environ))
    elif config is not None or database is None or root is None or log_key is None:
        raise Reason.CONFIG_INVALID.error(
            "expected either --config, or --database, --root and --log-key"
        )
    verifier = LogVerifier(log_key)
    anchors = TrustAnchors.from_pem(read_named(root))
    engine = open_engine(database, read_only=True)
    with database_errors():
        try:
            check_schema(engine)
            if not is_copy:
                check_indexes(engine)
            report: ledger.FsckReport = check(
                engine,
                anchors,
                verifier,
                known=[_checkpoint(each, verifier) for each in checkpoints or ()],
                at_least=int(is_copy) if at_least is None else at_least,
            )
        finally:
            engine.dispose()
    verdict, code = _verdict(report, is_copy=is_copy)
    if as_json:
        said = asdict(report) | {"is_clean": report.is_clean, "verdict": verdict}
        typer.echo(json.dumps(said))
    else:
        typer.echo(
            f"{report.entries} entries, {report.statements} statements, {report.parts} parts: "
            + _VERDICTS[verdict].format(known=report.known_size)
        )
        for finding in report.findings:
            typer.echo(
                f"{finding.what}: {finding.count} wrong, first {finding.first}: {finding.detail}"
            )
    if code:
        raise typer.Exit(code)


_VERDICTS: Final = {
    "well": "all is well",
    "damaged": "DAMAGED",
    "rules_broken": "RULES BROKEN, by entries in the tree that the log's key signed",
    "torn_copy": (
        "a torn copy, which cannot be checked and says nothing of the hub; take it again, with "
        "`exchange-server backup`"
    ),
    "incomplete": (
        "incomplete, the log is known to have {known} entries or more; a file that was copied "
        "while the hub ran needs its -wal file of the same moment"
    ),
}


def _verdict(report: ledger.FsckReport, *, is_copy: bool) -> tuple[str, int]:
    """The word for a report, and the exit code."""
    if report.breaks_rules:
        return "rules_broken", EXIT_FINDINGS
    if report.findings:
        return ("torn_copy", EXIT_CANNOT) if is_copy else ("damaged", EXIT_FINDINGS)
    if report.is_incomplete:
        return "incomplete", EXIT_CANNOT
    return "well", 0


def _checkpoint(path: Path, verifier: LogVerifier) -> Checkpoint:
    try:
        return verifier.verify(read_named(path))
    except ExchangeError as error:
        raise Reason.CONFIG_INVALID.error(
            f"expected in {path} a checkpoint that this log's key signed: {error.message}"
        ) from None
