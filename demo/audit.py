"""The auditor replays and counts the log; a byte of a copy is changed, and is found."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from agency_client.content.entities import entities_from_csv
from demo.setup import Deployment
from demo.stage import Stage, expect

LOGGED_REFUSALS = (
    "EXCHANGE_UNKNOWN",
    "SIGNATURE_INVALID",
    "ID_REUSED",
    "CERTIFICATE_UNKNOWN",
    "SUPERVISOR_MISSING",
    "POLICY_DENIED",
    "OWN_REQUEST",
    "CERTIFICATE_REVOKED",
)
"""Reasons of chapter 6 whose caller was authenticated: each must be on the log."""


def play(stage: Stage, deployment: Deployment, figures: dict[str, Any]) -> None:
    """Audit the log, then the altered copy."""
    stage.chapter("8 The audit")
    pins = ["--root", str(deployment.root_certificate), "--log-key", deployment.log_key]
    with stage.step("the auditor replays the whole log and finds it clean") as step:
        begun = time.perf_counter()
        report = stage.agency("auditor", "audit", "verify").document
        seconds = time.perf_counter() - begun
        expect(report["clean"] is True, f"expected a clean log, got {report}")
        for reason in LOGGED_REFUSALS:
            expect(f"denial: {reason}" in report["by_kind"], f"expected {reason} on the log")
        denials = report["by_event"]["denial"]
        step.detail = f"{report['tree_size']} entries, {denials} of them refusals"
        figures["log entries"] = report["tree_size"]
        figures["audit, from command to verdict (s)"] = round(seconds, 2)
    with stage.step("what the auditor read is itself on the log") as step:
        report = stage.agency("auditor", "audit", "verify").document
        pages = report["by_kind"].get("inspection: caricc", 0)
        expect(pages > 0, f"expected the first audit on the log, got {report['by_kind']}")
        step.detail = f"{pages} page(s)"
    copy = stage.root / "copy.db"
    with stage.step("a copy of the database is clean"):
        _copy(deployment.database, copy)
        stage.agency("auditor", "audit", "verify", "--database", str(copy), *pins)
        stage.server("fsck", "--database", f"sqlite:///{copy}", *pins)
    with stage.step(
        "one byte of the copy is changed: both name the entry, and call it torn"
    ) as step:
        entry = _change_a_byte(copy)
        audit = stage.agency("auditor", "audit", "verify", "--database", str(copy), *pins, code=2)
        checked = stage.server("fsck", "--database", f"sqlite:///{copy}", *pins, code=2)
        # A copy accuses nobody: whoever had it can have changed it.
        verdict = audit.document["verdict"]
        expect(verdict == "torn_copy", f"expected a torn copy, got {verdict}")
        for who, outcome in (("the auditor", audit), ("fsck", checked)):
            expect(
                str(entry) in outcome.text, f"expected {who} to name entry {entry}: {outcome.text}"
            )
        step.detail = f"entry {entry}"
    with stage.step("the figures of the log are counted, each with its entries") as step:
        counted = stage.agency("auditor", "report", "statistics", "--by", "state").document
        rows = counted["tables"]["exchanges"]["rows"]
        total = rows[-1]["figures"]["exchanges"]
        expect(
            total["value"] == len(total["entries"]) > 0,
            f"expected an entry for each exchange, got {total}",
        )
        step.detail = f"{total['value']} exchanges between {len(rows) - 1} pairs of states"


def mapped_entities(documents: Path) -> list[dict[str, Any]]:
    """The entities that the bank's CSV maps to, as JSON lines would hold them."""
    entities = entities_from_csv(documents / "bank.csv", documents / "bank-mapping.yaml")
    return [json.loads(json.dumps(entity)) for entity in entities]


def _copy(database: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


def _change_a_byte(copy: Path) -> int:
    """Flip the lowest bit of the last byte of an entry in the middle of the log."""
    with closing(sqlite3.connect(copy)) as database:
        (size,) = database.execute("SELECT size FROM log_head").fetchone()
        index: int = size // 2
        (entry,) = database.execute(
            "SELECT entry FROM log_entries WHERE idx = ?", (index,)
        ).fetchone()
        changed = entry[:-1] + bytes([entry[-1] ^ 1])
        database.execute("UPDATE log_entries SET entry = ? WHERE idx = ?", (changed, index))
        database.commit()
    return index
