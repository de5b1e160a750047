"""Faults of the ledger: a commit that fails at any step, a restart, a damaged database."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from structlog.testing import capture_logs

from exchange_protocol.errors import ExchangeError, HubError, HubUnavailable, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.rules.judgement import Judgement, judge
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.wire import parse_statement
from exchange_server.ledger import LedgerLimits, acceptance, upkeep
from exchange_server.ledger import writer as writer_module
from exchange_server.ledger.draft import Draft
from exchange_server.ledger.start_check import note_path, note_signed
from exchange_server.ledger.upkeep import keep_note
from exchange_server.observer import CommitStep
from exchange_server.storage import tables
from exchange_server.storage.engine import open_engine, real_file, writing
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.schema import check_schema, migrate
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import log_signer, log_verifier
from tests.support.refusals import awaited_refusal
from tests.support.statements import KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]


def fail_at(wanted: CommitStep) -> Callable[[CommitStep], None]:
    def on_step(step: CommitStep) -> None:
        if step is wanted:
            raise OSError(f"fictional fault at {step}")

    return on_step


@pytest.mark.parametrize("step", CommitStep)
async def test_failed_commit_leaves_nothing_half_done(office: Office, step: CommitStep) -> None:
    """The last step is the pair to the others: failed, but persisted."""
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"], content=b"c") for _ in range(3)]
    size = office.ledger.tree_size
    office.on_step = fail_at(step)
    results = await asyncio.gather(
        *(office.ledger.submit(*letter.call) for letter in letters), return_exceptions=True
    )
    reasons = [result.reason for result in results if isinstance(result, ExchangeError)]
    assert reasons == [Reason.UNAVAILABLE] * 3
    head = await office.reader.tree_head(0)
    stored = log_verifier().verify(head.note).size - size
    assert (stored > 0) is (step is CommitStep.COMMITTED)
    office.on_step = lambda step: None
    again = [await office.ledger.submit(*letter.call) for letter in letters]
    assert [one.index for one in again] == [size, size + 1, size + 2]
    for letter in letters:
        office.mail.posted(letter)
    await office.fetch(KZ_FMA, letters[2].statement, "content")


async def test_writer_that_dies_leaves_nobody_waiting(office: Office) -> None:
    """Every caller is told at once, early or late; what was promised is there afterwards."""
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(3)]

    def die(step: CommitStep) -> None:
        # Not an Exception, so it ends the thread and not the batch alone.
        raise SystemExit(step)

    await office.ledger.verify_writing()
    office.on_step = die
    async with asyncio.timeout(10):
        results = await asyncio.gather(
            *(office.ledger.submit(*letter.call) for letter in letters), return_exceptions=True
        )
        assert [getattr(one, "reason", one) for one in results] == [Reason.UNAVAILABLE] * 3
        assert await awaited_refusal(office.ledger.submit(*letters[0].call)) is Reason.UNAVAILABLE
    with pytest.raises(HubError, match="has ended"):
        await office.ledger.verify_writing()

    office.on_step = lambda step: None
    await office.reopen()
    await office.ledger.verify_writing()
    for letter in letters:
        await office.post(letter)


async def test_writer_that_is_stuck_in_a_batch_is_not_called_well(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    reached, go_on = threading.Event(), threading.Event()

    def wait(step: CommitStep) -> None:
        reached.set()
        assert go_on.wait(10)

    monkeypatch.setattr(writer_module, "STALLED_SECONDS", 0.05)
    office.on_step = wait
    posting = asyncio.create_task(office.post(letter))
    try:
        assert await asyncio.to_thread(reached.wait, 10)
        await asyncio.sleep(0.1)
        with pytest.raises(HubError, match="stuck"):
            await office.ledger.verify_writing()
    finally:
        go_on.set()
    await posting
    monkeypatch.undo()
    await office.ledger.verify_writing()


async def test_hub_whose_own_work_ended_is_not_called_well(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.ledger.verify_writing()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("exchange_server.ledger.upkeep.staging.sweep_before", broken)
    await office.reopen()
    with capture_logs() as logs:
        await asyncio.sleep(0)
        assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
    assert "background_work_ended" in [line["event"] for line in logs]


async def test_lone_failure_is_no_outage(office: Office) -> None:
    office.on_step = fail_at(CommitStep.ROWS)
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    office.on_step = lambda step: None
    before = office.ledger.tree_size
    await office.ledger.verify_writing()
    await office.ledger.verify_writing()
    assert office.ledger.tree_size == before
    await office.post(letter)


async def test_database_that_refuses_writes_is_not_called_well_until_it_takes_them(
    office: Office,
) -> None:
    """It reads well all the time; nobody writes before the hub is called well again."""

    def rename(old: str, new: str) -> None:
        with writing(office.engine) as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    await office.until_upkeep_rests()
    rename("staged_parts", "elsewhere")
    rename("feed", "feed_elsewhere")
    await office.ledger.verify_writing()
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"content")
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.UNAVAILABLE
    for _ in range(2):
        assert await awaited_refusal(office.ledger.verify_writing()) is Reason.UNAVAILABLE
        await office.reader.tree_head(0)
    rename("feed_elsewhere", "feed")
    rename("elsewhere", "staged_parts")
    await office.ledger.verify_writing()
    await office.post(letter)
    with office.engine.connect() as connection:
        assert connection.execute(select(tables.staged_parts)).all() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_note_of_what_was_signed_never_goes_back(office: Office) -> None:
    """Else an old copy put in the place of the file would pass for the newest at the next start."""
    note_signed(office.engine)
    file = real_file(office.engine)
    assert file is not None
    log, size = log_signer(), office.ledger.tree_size
    newer = log.sign(Checkpoint(log.origin, size + 1, bytes(32)))
    note_path(file).write_bytes(newer)
    with capture_logs() as told:
        keep_note(office.engine)
    assert [each["event"] for each in told] == ["checkpoint_not_noted"]
    assert "it is an old copy" in told[0]["why"]
    assert note_path(file).read_bytes() == newer
    # A damaged one is no note: the next takes its place.
    note_path(file).write_bytes(b"damaged")
    keep_note(office.engine)
    assert log_verifier().verify(note_path(file).read_bytes()).size == size


async def test_want_of_open_files_does_not_end_the_noting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wanting(engine: Engine) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(upkeep, "note_signed", wanting)
    with capture_logs() as told:
        keep_note(office.engine)
    assert [each["event"] for each in told] == ["checkpoint_not_noted"]
    assert "Too many open files" in told[0]["why"]


async def test_defect_in_one_judgement_is_that_requests_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = (office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2))

    def broken(signed: SignedStatement, *args: Any, **kwargs: Any) -> Judgement:
        if signed == bad.signed:
            raise ZeroDivisionError
        return judge(signed, *args, **kwargs)

    monkeypatch.setattr(acceptance, "judge", broken)
    results = await asyncio.gather(
        office.ledger.submit(*bad.call), office.ledger.submit(*good.call), return_exceptions=True
    )
    assert isinstance(results[0], HubError)
    assert results[0].reason is Reason.INTERNAL
    assert not isinstance(results[1], BaseException)


async def test_request_that_fails_half_way_takes_its_batch_with_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its additions must not be stored beside the entry of another."""
    good, bad = (office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2))
    keep = Draft.keep

    def broken(self: Draft, stored: StoredExchange, at: datetime) -> None:
        if stored.exchange.id == parse_statement(bad.signed.payload).exchange_id:
            raise ZeroDivisionError
        keep(self, stored, at)

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "keep", broken)
        async with office.held():
            sent = [asyncio.create_task(office.ledger.submit(*each.call)) for each in (bad, good)]
            await office.until_waiting(2)
        size = office.ledger.tree_size
        results = await asyncio.gather(*sent, return_exceptions=True)
    assert [type(each) for each in results] == [HubUnavailable, HubUnavailable]
    with office.engine.connect() as connection:
        assert connection.scalar(select(func.max(tables.log_entries.c.idx))) == size - 1
    await office.post(bad)
    await office.post(good)
    assert office.ledger.tree_size == size + 2


async def test_restart_restores_directory_tree_and_exchanges(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    directory, size = office.ledger.directory, office.ledger.tree_size
    await office.reopen()
    assert office.ledger.tree_size == size
    assert office.ledger.directory == directory
    more = await office.say(KZ_MIA, Kind.RECALL.body(), to=["uz.fiu"], on=asked)
    assert more.exchange_id == asked.exchange_id


async def test_two_ledgers_take_turns_on_one_postgresql(office: Office) -> None:
    if office.engine.dialect.name == "sqlite":
        return
    other = Office(office.engine, mail=office.mail)
    await other.open()
    for writer in (office, other, other, office):
        asked = await writer.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
        await (other if writer is office else office).fetch(KZ_FMA, asked)
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(20)]
    accepted = await asyncio.gather(
        *(
            (office, other)[number % 2].ledger.submit(*letter.call)
            for number, letter in enumerate(letters)
        )
    )
    assert len({one.index for one in accepted}) == 20
    idle = other.ledger.tree_size
    await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    assert await other.ledger.wait_for_growth(max(idle, office.ledger.tree_size - 1), 10) > idle
    await other.close()


async def test_statement_is_stored_though_its_caller_has_gone(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    # What the upkeep wants would wait too, and be taken for the statement.
    await office.until_upkeep_rests()
    async with office.held():
        sent = asyncio.create_task(office.ledger.submit(*letter.call))
        await office.until_waiting(1)
        sent.cancel()
    after = await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    assert (await office.ledger.submit(*letter.call)).index == after.index - 1


async def test_hub_that_is_flooded_says_so(office: Office) -> None:
    office.limits = LedgerLimits(queued=0)
    await office.reopen()
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.OVERLOADED


async def test_closing_finishes_what_was_put_and_refuses_the_rest(office: Office) -> None:
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(10)]
    ledger = office.ledger
    async with office.held():
        sent = [asyncio.create_task(ledger.submit(*letter.call)) for letter in letters]
        await office.until_waiting(len(letters))
        closing = asyncio.create_task(ledger.close())
        await asyncio.sleep(0)
    await closing
    assert all(not isinstance(one, BaseException) for one in await asyncio.gather(*sent))
    late = office.mail.ask(KZ_MIA, ["kz.fma"])
    assert await awaited_refusal(ledger.submit(*late.call)) is Reason.UNAVAILABLE


async def test_second_hub_on_one_sqlite_file_is_refused(office: Office, database_url: str) -> None:
    if office.engine.dialect.name != "sqlite":
        return
    second = Office(office.engine, mail=office.mail)
    with pytest.raises(ExchangeError, match="another hub process"):
        await second.open()
    program = (
        "import sys; from exchange_server.storage.database_file import FileClaim\n"
        "from exchange_server.storage.engine import open_engine\n"
        "FileClaim(open_engine(sys.argv[1]))"
    )
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, database_url],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'proto'}"},
    )
    assert run.returncode == 1
    assert "another hub process" in run.stderr


def test_database_of_another_schema_is_refused(database_url: str) -> None:
    engine = open_engine(database_url)
    with pytest.raises(ExchangeError, match="exchange-server migrate"):
        check_schema(engine)
    migrate(engine)
    check_schema(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ExchangeError, match="newer"):
        check_schema(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://hub@db/exchange", "nonsense"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        open_engine(url)
    assert refused.value.reason is Reason.CONFIG_INVALID
