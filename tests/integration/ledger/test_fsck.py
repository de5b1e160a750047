"""`fsck` finds every kind of damage, and names the first place of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.log.checkpoint import LogSigner
from exchange_server.ledger import FsckReport, Ledger
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine, writing
from tests.integration.ledger.conftest import Office
from tests.support.damage import flipped
from tests.support.hub_data import log_verifier, revocations
from tests.support.statements import COORDINATOR, KZ_MIA, UZ_FIU


@pytest.fixture
async def closed(engine: Any) -> Office:
    """A hub that has a story behind it and is down."""
    office = Office(engine)
    await office.open()
    await office.found()
    letter = office.mail.ask(KZ_MIA, ["uz.fiu"], content=b"content")
    await office.post(letter)
    await office.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=letter.statement)
    await office.fetch(UZ_FIU, letter.statement)
    await office.close()
    return office


def check(office: Office) -> FsckReport:
    return fsck(office.engine, office.mail.cast.anchors, log_verifier())


def test_intact_database_has_no_findings(closed: Office) -> None:
    report = check(closed)
    assert report.is_clean
    assert report.entries == closed.mail.model.directory.size + 3
    assert report.statements == report.entries - 1
    assert report.parts == 3


def flip(office: Office, column: Any, where: Any) -> None:
    with writing(office.engine) as connection:
        [value] = connection.execute(select(column).where(where)).scalars()
        connection.execute(update(column.table).where(where).values({column.name: flipped(value)}))


def change(office: Office, table: Any, where: Any, **values: Any) -> None:
    with writing(office.engine) as connection:
        connection.execute(update(table).where(where).values(values))


def test_flipped_byte_of_an_entry_is_found(closed: Office) -> None:
    flip(closed, tables.log_entries.c.entry, tables.log_entries.c.idx == 7)
    findings = {finding.what: finding for finding in check(closed).findings}
    assert (findings["leaf hashes"].first, findings["leaf hashes"].count) == ("7", 1)


def test_flipped_byte_of_a_leaf_hash_is_found(closed: Office) -> None:
    flip(closed, tables.log_entries.c.leaf_hash, tables.log_entries.c.idx == 7)
    assert {finding.what for finding in check(closed).findings} == {
        "leaf hashes", "log_tiles", "root",
    }  # fmt: skip


def test_flipped_byte_of_a_tile_is_found(closed: Office) -> None:
    flip(closed, tables.log_tiles.c.hashes, tables.log_tiles.c.level == 0)
    [finding] = check(closed).findings
    assert (finding.what, finding.first) == ("log_tiles", "0 0")


async def test_damaged_tree_edge_keeps_the_hub_from_starting(closed: Office) -> None:
    flip(closed, tables.log_tiles.c.hashes, tables.log_tiles.c.level == 0)
    with pytest.raises(ExchangeError, match="tiles at the tree's edge"):
        await closed.open()


async def test_damaged_directory_keeps_the_hub_from_starting(closed: Office) -> None:
    flip(closed, tables.statements.c.signature, tables.statements.c.log_index == 3)
    with pytest.raises(ExchangeError, match="entry 3"):
        await closed.open()


async def test_forged_head_keeps_the_hub_from_starting(closed: Office) -> None:
    change(closed, tables.log_head, tables.log_head.c.id == 1, root=bytes(32))
    with pytest.raises(ExchangeError, match="its checkpoint says"):
        await closed.open()


async def test_key_of_another_log_is_named_as_such_and_not_as_damage(closed: Office) -> None:
    other = LogSigner("caricc.example/other-log", SoftwareSigner.generate_ed25519())
    with pytest.raises(ExchangeError, match="expected the database of the log") as refused:
        await Ledger.open(
            closed.engine,
            anchors=closed.mail.cast.anchors,
            signer=other,
            clock=closed.clock,
            revocations=revocations,
        )
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_flipped_byte_of_a_statement_is_found(closed: Office) -> None:
    index = closed.mail.model.directory.size
    flip(closed, tables.statements.c.signature, tables.statements.c.log_index == index)
    report = check(closed)
    [finding] = report.findings
    assert (finding.what, finding.first) == ("replay", str(index))
    assert "author's signature that the entry names" in finding.detail
    assert not report.breaks_rules


def test_changed_leg_is_found(closed: Office) -> None:
    change(closed, tables.legs, tables.legs.c.agency == "uz.fiu", state=int(LegState.ANSWERED))
    [finding] = check(closed).findings
    assert finding.what == "legs"
    assert finding.first.endswith("uz.fiu")
    assert finding.detail.endswith("of state")


def test_flipped_byte_of_a_part_is_found(closed: Office) -> None:
    c = tables.part_chunks.c
    flip(closed, c.data, c.data == b"content")
    [finding] = check(closed).findings
    assert (finding.what, finding.count) == ("part_chunks", 1)
    assert "'content'" in finding.first


@pytest.mark.parametrize(
    "table",
    [
        tables.statements, tables.directory_entries, tables.exchanges, tables.legs,
        tables.deliveries, tables.feed, tables.parties, tables.parts,
    ],
    ids=lambda table: table.name,
)  # fmt: skip
def test_missing_rows_are_found_and_counted(closed: Office, table: Any) -> None:
    with writing(closed.engine) as connection:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        connection.execute(delete(table))
    found = {finding.what: finding for finding in check(closed).findings}
    # Without its statements a log cannot be replayed, and says so instead.
    what = "replay" if table is tables.statements else table.name
    assert found[what].count >= 1
    if what != "replay":
        assert found[what].count == count


def test_row_that_the_log_does_not_make_is_found(closed: Office) -> None:
    with writing(closed.engine) as connection:
        connection.execute(
            tables.feed.insert(),
            {"agency": "kg.mia", "position": 1, "entry_index": 1, "exchange_id": "x", "role": "r"},
        )
    [finding] = check(closed).findings
    assert (finding.what, finding.first) == ("feed", "kg.mia 1 1")


def test_forged_checkpoint_is_found(closed: Office) -> None:
    with writing(closed.engine) as connection:
        connection.execute(
            update(tables.log_head).values(note="a note\n\n\u2014 x AAAAAAA=\n".encode())
        )
    assert [finding.what for finding in check(closed).findings] == ["checkpoint"]


def test_read_only_copy_is_checked(closed: Office, tmp_path: Path) -> None:
    if closed.engine.dialect.name != "sqlite":
        return
    closed.engine.dispose()
    copy = tmp_path / "copy" / "hub.db"
    copy.parent.mkdir()
    shutil.copy(tmp_path / "hub.db", copy)
    copy.chmod(0o400)
    engine = open_engine(f"sqlite:///{copy}", read_only=True)
    assert fsck(engine, closed.mail.cast.anchors, log_verifier()).is_clean
    with pytest.raises(Exception, match="readonly"), writing(engine) as connection:
        connection.execute(delete(tables.feed))
    engine.dispose()
