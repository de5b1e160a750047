"""Content whose published time has ended is handed out to nobody and removed; nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, TimeLimitRule
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.statements import Statement
from exchange_server.ledger import upkeep
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import writing
from tests.integration.ledger.conftest import Office
from tests.integration.ledger.test_erasure import closed, closed_after_upload, stored_parts
from tests.support.hub_data import log_verifier
from tests.support.statements import KZ_FMA, KZ_MIA, OPERATOR

pytestmark = pytest.mark.long

DAYS = 10
"""Within the life of the revocation list."""
WAIT_SECONDS = 30


@pytest.fixture
async def keeping(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A hub whose operator has published how long content is kept; it looks again and again."""
    monkeypatch.setattr(upkeep, "RETENTION_SECONDS", 0.01)
    await office.reopen()
    await office.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=DAYS))
    return office


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():  # noqa: ASYNC110 -- none tells
            await asyncio.sleep(0.02)


async def until_looked(office: Office) -> None:
    """Wait until the hub has looked, from first to last, at what is due by its clock now."""
    writer, looked = office.ledger._writer, asyncio.Event()
    remove_due = writer.remove_due

    async def tell(after: Any, now: datetime) -> Any:
        last = await remove_due(after, now)
        # A look that had begun has the time from before.
        if last is None and now == office.clock.now:
            looked.set()
        return last

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "remove_due", tell)
        async with asyncio.timeout(WAIT_SECONDS):
            await looked.wait()


async def until_stored(office: Office, expected: tuple[int, int, int]) -> None:
    await until(lambda: stored_parts(office) == expected)


async def erased(office: Office, asked: Statement) -> bool:
    """Ask for it; gives whether the hub says that it was erased."""
    [answer] = await asyncio.gather(office.fetch(KZ_FMA, asked), return_exceptions=True)
    if not isinstance(answer, BaseException):
        return False
    assert isinstance(answer, ExchangeError)
    assert answer.reason is Reason.CONTENT_ERASED
    return True


@pytest.mark.parametrize("made", [closed, closed_after_upload])
async def test_content_is_removed_when_its_time_has_ended(
    keeping: Office, made: Callable[[Office], Awaitable[tuple[Statement, bytes]]]
) -> None:
    open_still = keeping.mail.ask(KZ_MIA, ["kz.fma"], content=b"open still (fictional)")
    await keeping.post(open_still)
    kept = stored_parts(keeping)
    asked, _ = await made(keeping)
    ended = stored_parts(keeping)
    keeping.clock.forward(timedelta(days=DAYS) - timedelta(seconds=1))
    await until_looked(keeping)
    assert stored_parts(keeping) == ended
    assert not await erased(keeping, asked)
    keeping.clock.forward(timedelta(seconds=1))
    assert await erased(keeping, asked)
    await until_stored(keeping, kept)
    # The leg is what it was, and what is open is untouched.
    assert keeping.mail.leg(asked, "kz.fma").state is LegState.CLOSED
    keeping.clock.forward(timedelta(days=10 * DAYS))
    await until_looked(keeping)
    assert stored_parts(keeping) == kept
    assert not await erased(keeping, open_still.statement)


async def test_content_that_ends_later_is_removed_after_what_ended_first(keeping: Office) -> None:
    await closed(keeping)
    keeping.clock.forward(timedelta(days=1))
    await closed(keeping)
    both = stored_parts(keeping)
    keeping.clock.forward(timedelta(days=DAYS - 1))
    await until(lambda: (0, 0, 0) < stored_parts(keeping) < both)
    keeping.clock.forward(timedelta(days=1))
    await until_stored(keeping, (0, 0, 0))


async def test_the_time_begins_anew_with_the_close(keeping: Office) -> None:
    letter = keeping.mail.ask(KZ_MIA, ["kz.fma"], content=b"answered (fictional)")
    await keeping.post(letter)
    await keeping.fetch(KZ_FMA, letter.statement)
    await keeping.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=letter.statement)
    keeping.clock.forward(timedelta(days=DAYS - 1))
    await keeping.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=letter.statement)
    keeping.clock.forward(timedelta(days=DAYS - 1))
    assert not await erased(keeping, letter.statement)
    keeping.clock.forward(timedelta(days=1))
    assert await erased(keeping, letter.statement)


async def test_a_rule_that_is_published_later_moves_no_time_that_runs(keeping: Office) -> None:
    asked, _ = await closed(keeping)
    await keeping.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=1))
    later, _ = await closed(keeping)
    keeping.clock.forward(timedelta(days=1))
    assert await erased(keeping, later)
    assert not await erased(keeping, asked)


async def test_what_was_ended_while_the_hub_was_away_goes_after_its_start(keeping: Office) -> None:
    await closed(keeping)
    await keeping.close()
    keeping.clock.forward(timedelta(days=DAYS))
    await keeping.open()
    await until_stored(keeping, (0, 0, 0))


async def test_what_two_agencies_hold_goes_with_the_second(keeping: Office) -> None:
    letter = keeping.mail.ask(KZ_MIA, ["kz.fma", "kz.gpo"], content=b"for two (fictional)")
    await keeping.post(letter)
    for agency in ("kz.fma", "kz.gpo"):
        await keeping.say(KZ_MIA, Kind.RECALL.body(), to=[agency], on=letter.statement)
        await keeping.say(KZ_MIA, Kind.CLOSE.body(), to=[agency], on=letter.statement)
    notice = EraseNotice(ErasureGround.ORDERED)
    await keeping.say(KZ_MIA, notice, to=["kz.gpo"], on=letter.statement)
    keeping.clock.forward(timedelta(days=DAYS))
    # The brief of the notice stays.
    await until_stored(keeping, (1, 0, 0))


async def test_fsck_tells_what_was_removed_too_early_or_was_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "RETENTION_SECONDS", 3600.0)
    await office.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=DAYS))
    asked, _ = await closed(office)
    end, anchors = office.clock.now + timedelta(days=DAYS), office.mail.cast.anchors
    e = tables.log_entries.c
    its_row = tables.log_entries.update().where(
        e.payload_sha256 == asked.digest, e.statement_id.is_not(None)
    )
    with writing(office.engine) as connection:
        sealed = connection.execute(
            select(e.sealed).where(e.payload_sha256 == asked.digest, e.sealed.is_not(None))
        ).scalar_one()
        connection.execute(its_row.values(sealed=None))
    early = fsck(office.engine, anchors, log_verifier(), now=end - timedelta(seconds=1))
    assert {finding.detail for finding in early.findings} == {"the sealed bytes are missing"}
    assert fsck(office.engine, anchors, log_verifier(), now=end).findings == ()
    # A computer whose clock is behind the log: the hub has removed it by the log's time.
    office.clock.forward(timedelta(days=DAYS))
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    behind = end - timedelta(days=5)
    assert fsck(office.engine, anchors, log_verifier(), now=behind).findings == ()
    with writing(office.engine) as connection:
        connection.execute(its_row.values(sealed=sealed))
    # A hub that went on for days, and did not remove it.
    office.clock.forward(timedelta(days=2))
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    [finding] = fsck(office.engine, anchors, log_verifier(), now=office.clock.now).findings
    assert finding.detail == "its retention has ended, and it is still there"
    await office.reopen()
    await until(
        lambda: not fsck(office.engine, anchors, log_verifier(), now=office.clock.now).findings
    )
