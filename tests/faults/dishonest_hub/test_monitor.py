"""`agency audit verify` over a live hub: what it finds while it follows, and how it ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.record.entries import Entry, Event, parse_entry
from tests.integration.audit.test_monitor import ENVIRONMENT, MAIN, SECONDS, Following
from tests.support.commands import as_member
from tests.support.deployment import AUDITOR
from tests.support.dishonest_hub import Region
from tests.support.warm_programs import warm_python

COORDINATOR = "caricc/coordinator/coordinator1"


def forge_an_approval(region: Region) -> int:
    """Let the hub approve a request itself; gives the index of the entry."""
    exchange = region.ask("uz.fiu")
    _, asked = newest_statement(region)
    draft = region.draft(
        COORDINATOR,
        Decision(Verdict.APPROVE),
        exchange_id=exchange,
        answers=asked.payload_digest,
        recipients=("uz.fiu",),
    )
    region.lies.skips |= {"authenticate", "_check_supervisors"}
    region.log_statement(region.forge(draft))
    return newest_statement(region)[0]


def newest_statement(region: Region) -> tuple[int, Entry]:
    """The newest statement: the auditor's own reading is logged before or after it."""
    index, stored = region.last(lambda entry: entry.event is Event.STATEMENT)
    return index, parse_entry(stored.opening.entry)


@pytest.fixture
def following(region: Region) -> Iterator[Following]:
    monitor = Following(region.deployment)
    try:
        yield monitor
    finally:
        monitor.close()


def test_violation_is_found_while_it_follows(region: Region, following: Following) -> None:
    assert following.round()["clean"] is True
    region.ask("kz.fma")
    while following.round()["exchanges"] < 1:
        pass
    at = forge_an_approval(region)
    while (found := following.round())["clean"]:
        assert found["tree_size"] <= at, "it followed past the entry"
    [violation] = found["violations"]
    assert (violation["entry"], violation["reason"]) == (at, "RULE_BROKEN")
    assert "SIGNATURE_INVALID" in violation["message"]
    assert following.process.wait(SECONDS) == 1


# --- How it ends ----------------------------------------------------------------------------------


def test_clean_log_is_code_0(region: Region) -> None:
    code, out = audited(region)
    assert (code, out["clean"]) == (0, True)


def test_violation_is_code_1_and_stays_so(region: Region) -> None:
    assert audited(region)[0] == 0
    at = forge_an_approval(region)
    for _ in range(2):
        code, out = audited(region)
        assert (code, out["clean"], out["violations"][0]["entry"]) == (1, False, at)


def test_log_that_was_rolled_back_is_code_1(region: Region) -> None:
    """The client refuses the checkpoint before anything is replayed; that is a violation too."""
    backup = region.backup()
    region.ask("kz.fma")
    assert audited(region)[0] == 0
    region.restore(backup)
    code, out = audited(region)
    assert (code, out["error"]["reason"]) == (1, "CHECKPOINT_ROLLBACK")


@pytest.mark.parametrize("reason", [Reason.OVERLOADED, Reason.INTERNAL, Reason.UNAVAILABLE])
def test_hub_that_cannot_serve_is_code_3(region: Region, reason: Reason) -> None:
    def busy(*_: Any) -> Any:
        raise reason.error("expected less to do (fictional)")

    region.lies.answers["ListOpenings"] = busy
    code, out = audited(region)
    assert (code, out["error"]["reason"]) == (3, reason.name)


def test_hub_that_is_away_is_code_3(region: Region) -> None:
    region.stop()
    code, out = audited(region)
    assert (code, out["error"]["reason"]) == (3, "UNAVAILABLE")


def test_stranger_and_damaged_place_are_code_2(region: Region) -> None:
    stranger = region.deployment.add_member("tj.none/auditor/auditor1", region.port)
    code, out = audited(region, stranger.folder.name)
    assert (code, out["error"]["reason"]) == (2, "AGENCY_NOT_ENROLLED")
    assert audited(region)[0] == 0
    place = region.deployment.profile(AUDITOR) / "state" / "monitor.db"
    place.write_bytes(b"fictional letter" * 100)
    code, out = audited(region)
    assert (code, out["error"]["reason"]) == (2, "DOCUMENT_INVALID")


def audited(region: Region, member: str = AUDITOR) -> tuple[int, dict[str, Any]]:
    """Run the command; gives its exit code and what it printed."""
    words = ("--json", *as_member(region.deployment, member), "audit", "verify")
    ended = subprocess.run(
        [warm_python(), "-c", MAIN, *words],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
        timeout=SECONDS,
    )
    assert ended.stderr == ""
    return ended.returncode, json.loads(ended.stdout)
