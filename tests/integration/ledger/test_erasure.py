"""Erased content is gone from the database; the log and its account stay and verify."""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.record.entries import CommitmentOpening, Entry, Event, encode_entry
from exchange_protocol.record.replay import DirectoryFold, Replay
from exchange_protocol.rules.statements import Statement
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import writing
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import CONTENT as CONTENT_PART
from tests.support.hub_data import log_verifier
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast

pytestmark = pytest.mark.long

ERASURE = Path(__file__).resolve().parents[3] / "docs" / "erasure.md"
NOTICE = EraseNotice(ErasureGround.ORDERED)
CONTENT = b"content that a court orders gone (fictional) " * 2000


async def closed(office: Office) -> tuple[Statement, bytes]:
    """A closed exchange with content, and the sealed bytes of its brief."""
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT)
    await office.post(letter)
    handle = await office.fetch(KZ_FMA, letter.statement)
    sealed = await office.content_of(handle)
    await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=letter.statement)
    await office.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=letter.statement)
    return letter.statement, sealed


async def closed_after_upload(office: Office) -> tuple[Statement, bytes]:
    """The same, but that the content was uploaded before; gives the content."""
    content = b"uploaded, and to be gone (fictional) " * 1000
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=content)
    digest = hashlib.sha256(content).digest()
    async with await office.ledger.stage_part(letter.caller, digest, len(content)) as part:
        await part.append(content)
        await part.finish()
    beside = {name: made for name, made in letter.parts.items() if name != CONTENT_PART}
    await office.ledger.submit(letter.caller, letter.signed, beside, 0)
    office.mail.posted(letter)
    handle = await office.fetch(KZ_FMA, letter.statement, CONTENT_PART)
    assert await office.content_of(handle) == content
    assert await office.content_of(handle, 30_000) == content[30_000:]
    await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=letter.statement)
    await office.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=letter.statement)
    return letter.statement, content


def stored_parts(office: Office) -> tuple[int, int, int]:
    """Statements with sealed bytes beside them, parts that were uploaded, and their chunks."""
    e = tables.log_entries.c
    with office.engine.connect() as connection:
        counts = (
            select(func.count(e.sealed)),
            select(func.count()).select_from(tables.parts),
            select(func.count()).select_from(tables.part_chunks),
        )
        beside, uploaded, chunks = (connection.execute(each).scalar_one() for each in counts)
        return beside, uploaded, chunks


@pytest.mark.parametrize("made", [closed, closed_after_upload])
async def test_a_notice_erases_the_parts_of_its_exchange_and_no_others(
    office: Office, made: Callable[[Office], Awaitable[tuple[Statement, bytes]]]
) -> None:
    other = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"another matter (fictional)")
    await office.post(other)
    kept = stored_parts(office)
    asked, _ = await made(office)
    assert stored_parts(office) > kept
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    # The notice's own brief says why, and stays.
    assert stored_parts(office) == (kept[0] + 1, *kept[1:])
    assert office.mail.leg(asked, "kz.fma").state is LegState.ERASED
    with pytest.raises(ExchangeError) as refused:
        await office.fetch(KZ_FMA, asked)
    assert refused.value.reason is Reason.CONTENT_ERASED
    await office.fetch(KZ_FMA, other.statement)


async def test_erasing_again_or_before_the_end_is_out_of_order(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"open still (fictional)")
    await office.post(letter)
    notice = office.mail.write(KZ_MIA, NOTICE, to=["kz.fma"], on=letter.statement)
    with pytest.raises(ExchangeError) as refused:
        await office.ledger.submit(*notice.call)
    assert refused.value.reason is Reason.OUT_OF_ORDER
    asked, _ = await closed(office)
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    again = office.mail.write(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    with pytest.raises(ExchangeError) as refused:
        await office.ledger.submit(*again.call)
    assert refused.value.reason is Reason.OUT_OF_ORDER


async def test_only_the_initiator_may_erase(office: Office) -> None:
    asked, _ = await closed(office)
    notice = office.mail.write(KZ_FMA, NOTICE, on=asked)
    with pytest.raises(ExchangeError) as refused:
        await office.ledger.submit(*notice.call)
    assert refused.value.reason in (Reason.POLICY_DENIED, Reason.OUT_OF_ORDER)


async def test_what_two_bodies_hold_goes_with_the_second(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma", "kz.gpo"], content=b"for two (fictional)")
    await office.post(letter)
    before = stored_parts(office)
    recall = Kind.RECALL.body()
    for agency in ("kz.fma", "kz.gpo"):
        await office.say(KZ_MIA, recall, to=[agency], on=letter.statement)
        await office.say(KZ_MIA, Kind.CLOSE.body(), to=[agency], on=letter.statement)
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=letter.statement)
    # The recall that spoke to the one agency alone is gone; what was said to both is not.
    assert stored_parts(office) >= before
    await office.say(KZ_MIA, NOTICE, to=["kz.gpo"], on=letter.statement)
    assert stored_parts(office) == (2, 0, 0)  # the briefs of the two notices


@pytest.mark.parametrize("made", [closed, closed_after_upload])
async def test_a_transfer_under_way_ends_with_the_reason(
    office: Office, made: Callable[[Office], Awaitable[tuple[Statement, bytes]]]
) -> None:
    asked, _ = await made(office)
    handle = await office.fetch(KZ_FMA, asked, CONTENT_PART)
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    with pytest.raises(ExchangeError) as refused:
        await office.content_of(handle)
    assert refused.value.reason is Reason.CONTENT_ERASED


@pytest.mark.parametrize("made", [closed, closed_after_upload])
async def test_content_that_is_lost_without_a_notice_is_called_damaged_and_not_erased(
    office: Office, made: Callable[[Office], Awaitable[tuple[Statement, bytes]]]
) -> None:
    asked, _ = await made(office)
    handle = await office.fetch(KZ_FMA, asked, CONTENT_PART)
    e, p = tables.log_entries, tables.parts
    with writing(office.engine) as connection:
        kept = connection.execute(select(e.c.idx, e.c.sealed)).all()
        rows = connection.execute(p.select()).all()
        connection.execute(e.update().values(sealed=None))
        connection.execute(p.delete())
    with pytest.raises(ExchangeError, match="is damaged at byte 0") as refused:
        await office.content_of(await office.fetch(KZ_FMA, asked, CONTENT_PART))
    assert refused.value.reason is Reason.INTERNAL
    if handle.part_id is not None:
        # The chunks are there; the row that binds them to the statement is not.
        assert await office.content_of(handle)
    with writing(office.engine) as connection:
        for index, sealed in kept:
            connection.execute(e.update().where(e.c.idx == index).values(sealed=sealed))
        if rows:
            connection.execute(p.insert(), [row._asdict() for row in rows])


async def test_fsck_finds_content_that_was_put_back(office: Office) -> None:
    asked, _ = await closed(office)
    e = tables.log_entries.c
    its_row = tables.log_entries.update().where(
        e.payload_sha256 == asked.digest, e.statement_id.is_not(None)
    )
    with office.engine.connect() as connection:
        query = select(e.sealed).where(e.payload_sha256 == asked.digest, e.sealed.is_not(None))
        sealed = connection.execute(query).scalar_one()
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    with writing(office.engine) as connection:
        connection.execute(its_row.values(sealed=sealed))
    report = fsck(office.engine, office.mail.cast.anchors, log_verifier())
    assert [finding.detail for finding in report.findings] == ["it was erased, and is still there"]
    with writing(office.engine) as connection:
        connection.execute(its_row.values(sealed=None))


async def test_fsck_finds_uploaded_content_that_was_put_back(office: Office) -> None:
    asked, _ = await closed_after_upload(office)
    with office.engine.connect() as connection:
        row = connection.execute(tables.parts.select()).first()
    assert row is not None
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    with writing(office.engine) as connection:
        connection.execute(tables.parts.insert(), [row._asdict()])
    report = fsck(office.engine, office.mail.cast.anchors, log_verifier())
    assert [finding.detail for finding in report.findings] == ["it was erased, and is still there"]
    with writing(office.engine) as connection:
        connection.execute(tables.parts.delete().where(tables.parts.c.part_id == row.part_id))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("made", [closed, closed_after_upload])
async def test_no_erased_byte_stays_in_sqlites_files(
    office: Office,
    tmp_path: Path,
    made: Callable[[Office], Awaitable[tuple[Statement, bytes]]],
) -> None:
    def is_on_disk(needle: bytes) -> bool:
        return any(needle in file.read_bytes() for file in tmp_path.glob("hub.db*"))

    asked, sealed = await made(office)
    needles = [sealed[at : at + 64] for at in range(0, len(sealed) - 64, 4096)]
    assert all(map(is_on_disk, needles))
    await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    await office.close()
    assert not any(map(is_on_disk, needles))
    await office.open()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_reader_that_does_not_end_is_told_and_holds_up_nobody(
    office: Office, tmp_path: Path
) -> None:
    asked, _ = await closed(office)
    with capture_logs() as logs:
        with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM log_entries").fetchone()
            began = time.monotonic()
            await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
            await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
            # The first answer is given before the log is emptied; the others wait for that.
            assert time.monotonic() - began < 5
            assert [line["event"] for line in logs].count("erased_bytes_kept") == 1
            assert "erased_bytes_gone" not in [line["event"] for line in logs]
        await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
        await office.close()
    assert "erased_bytes_gone" in [line["event"] for line in logs]
    await office.open()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_no_erased_byte_stays_in_postgresqls_files_after_the_procedure(
    office: Office, database_url: str
) -> None:
    """The commands of docs/erasure.md are run here, as they stand there."""
    with psycopg.connect(database_url, autocommit=True) as connection:

        def run(script: str) -> None:
            for statement in filter(None, map(str.strip, script.split(";"))):
                connection.execute(statement.encode())

        def on_disk() -> set[bytes]:
            found: set[bytes] = set()
            for file in filter(Path.is_file, data.rglob("*")):
                held = file.read_bytes().rstrip(b"\0")
                found.update(needle for needle in needles if needle in held)
            return found

        [(folder,)] = connection.execute("SHOW data_directory").fetchall()
        data = Path(folder)
        once, each_time = re.findall(r"```sql\n(.*?)```", ERASURE.read_text("utf-8"), re.DOTALL)
        run(once)
        # Sealed bytes do not compress, and so are found as they are.
        content = random.Random(3).randbytes(100_000)  # noqa: S311 -- none of it is a key
        letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=content)
        await office.post(letter)
        await office.fetch(KZ_FMA, letter.statement)
        await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=letter.statement)
        await office.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=letter.statement)
        needles = [content[at : at + 32] for at in range(0, len(content) - 32, 1000)]
        assert len(on_disk()) > len(needles) * 0.9
        await office.say(KZ_MIA, NOTICE, to=["kz.fma"], on=letter.statement)
        assert on_disk()
        run(each_time)
        assert not on_disk()


@pytest.fixture
def replayed() -> Callable[[Hub], Replay]:
    def replay(hub: Hub) -> Replay:
        fold = Replay(DirectoryFold(hub.cast.anchors))
        for index, opening in enumerate(hub.log):
            fold.apply(index, opening)
        return fold

    return replay


def test_a_delivery_after_the_erasure_convicts_the_hub(replayed: Callable[[Hub], Replay]) -> None:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    hub.deliver(KZ_FMA, asked)
    hub.say(KZ_FMA, Reply(ReplyResult.NO_HIT), on=asked)
    hub.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=asked)
    hub.say(KZ_MIA, NOTICE, to=["kz.fma"], on=asked)
    assert replayed(hub).exchanges[asked.exchange_id].legs[0].state is LegState.ERASED
    late = Entry(
        hub_time=hub.now,
        event=Event.DELIVERY,
        actor=KZ_FMA,
        certificate_sha256=hub.cast.signers[KZ_FMA].fingerprint,
        directory_size=hub.directory.size,
        exchange_id=asked.exchange_id,
        payload_digest=asked.digest,
    )
    hub.log.append(CommitmentOpening(encode_entry(late), bytes(32)))
    with pytest.raises(ExchangeError, match="the rules refuse: CONTENT_ERASED") as found:
        replayed(hub)
    assert found.value.reason is Reason.RULE_BROKEN
