"""Quotas and a nearly full disk refuse what is new; what ends an exchange always passes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from exchange_protocol.errors import ExchangeError, LimitExceeded, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.rules.dependencies import DependencyTracker
from exchange_server.ledger import Accepted, room
from exchange_server.ledger.submitter import PutOff
from exchange_server.storage.engine import open_engine, reading
from exchange_server.storage.usage_rows import read_usage
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter, caller
from tests.support.statements import KZ_FMA, KZ_MIA


async def in_a_batch(office: Office, letters: list[Letter]) -> list[str]:
    """Submit as one call; the reason of each refusal, and nothing for what was accepted."""
    read = [(each.signed, each.parts) for each in letters]
    outcomes = await office.ledger.submit_batch(letters[0].caller, read, lambda each: each, 0)
    return [each.reason.name if isinstance(each, ExchangeError) else "" for each in outcomes]


async def in_a_stream(office: Office, letters: list[Letter]) -> list[str]:
    """Submit one after the other, without waiting for an answer in between."""
    tracker = DependencyTracker()
    handled = [
        await office.ledger.submit_in_stream(each.caller, (each.signed, each.parts), 0, tracker)
        for each in letters
    ]
    assert not any(isinstance(each, PutOff) for each in handled)
    outcomes = [await each.outcome() for each in handled]
    return [each.reason.name if isinstance(each, ExchangeError) else "" for each in outcomes]


QUOTA = 100_000
CONTENT = b"x" * 60_000
HUGE = 2**60
"""More than any disk has."""


async def refusal(office: Office, size: int = len(CONTENT)) -> ExchangeError:
    """The reason why an agency may not open an exchange with so much content, nor upload it."""
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=bytes(size))
    with pytest.raises(LimitExceeded) as refused:
        await office.ledger.submit(*letter.call)
    digest = hashlib.sha256(bytes(size)).digest()
    with pytest.raises(LimitExceeded) as staged:
        async with await office.ledger.stage_part(caller(KZ_MIA), digest, size):
            pass
    assert staged.value.reason is refused.value.reason
    return refused.value


async def alone(office: Office, letters: list[Letter]) -> list[str]:
    """Submit each by a call of its own."""
    reasons = []
    for each in letters:
        try:
            await office.ledger.submit(*each.call)
        except ExchangeError as error:
            reasons.append(error.reason.name)
        else:
            reasons.append("")
    return reasons


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", [alone, in_a_batch, in_a_stream])
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"stored_bytes_per_agency": len(CONTENT)}, Reason.TOO_MANY),
        ({"disk_free_bytes": HUGE}, Reason.OVERLOADED),
    ],
)
async def test_what_was_accepted_gets_its_receipt_where_there_is_no_room(
    office: Office,
    way: Callable[[Office, list[Letter]], Awaitable[list[str]]],
    limits: dict[str, Any],
    reason: Reason,
) -> None:
    """Its answer may be lost. A refusal would say that the statement is not on the log."""
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT) for _ in range(2)]
    await office.post(letters[0])
    size = office.ledger.tree_size
    office.limits = replace(office.limits, **limits)
    await office.reopen()
    office.ledger._room.measure()
    assert await way(office, letters) == ["", reason.name]
    assert office.ledger.tree_size == size


async def test_an_agency_beyond_its_quota_opens_nothing_and_may_end_all(office: Office) -> None:
    office.limits = replace(office.limits, stored_bytes_per_agency=QUOTA)
    await office.reopen()
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT)
    await office.post(letter)
    assert (await refusal(office)).reason is Reason.TOO_MANY
    # The content of the disk counts, and not what this process has seen.
    await office.reopen()
    office.ledger._room.measure()
    assert (await refusal(office)).reason is Reason.TOO_MANY
    # Another agency has a quota of its own.
    await office.fetch(KZ_FMA, letter.statement)
    await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=letter.statement)
    await office.say(KZ_MIA, Kind.CLOSE.body(), to=["kz.fma"], on=letter.statement)
    await office.say(KZ_MIA, EraseNotice(ErasureGround.ORDERED), to=["kz.fma"], on=letter.statement)
    await office.reopen()
    office.ledger._room.measure()
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_nearly_full_disk_takes_what_ends_an_exchange_alone(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    await office.post(letter)
    office.limits = replace(office.limits, disk_free_bytes=HUGE)
    await office.reopen()
    with capture_logs() as told:
        refused = await refusal(office)
        assert refused.reason is Reason.OVERLOADED
        assert not refused.is_final
        assert (await refusal(office)).reason is Reason.OVERLOADED
    # Its operator hears of it, and not with each refusal.
    [line] = [each for each in told if each["event"] == "disk_nearly_full"]
    assert line["kept_free"] == HUGE
    assert "make room" in line["todo"]
    await office.say(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=letter.statement)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", [in_a_batch, in_a_stream])
async def test_what_ends_an_exchange_passes_behind_one_that_opens_another(
    office: Office, way: Callable[[Office, list[Letter]], Awaitable[list[str]]]
) -> None:
    there = office.mail.ask(KZ_MIA, ["kz.fma"])
    await office.post(there)
    office.limits = replace(office.limits, disk_free_bytes=HUGE)
    await office.reopen()
    new = office.mail.ask(KZ_MIA, ["kz.fma"])
    office.mail.posted(new)
    recalls = [
        office.mail.write(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=each.statement)
        for each in (new, there)
    ]
    # The recall of what was not taken waits with it, and is not refused for good.
    assert await way(office, [new, *recalls]) == ["OVERLOADED", "OVERLOADED", ""]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_parts_of_what_is_put_off_are_not_kept(office: Office) -> None:
    """A stream may stand for long: a reason to wait must not hold what waits."""
    office.limits = replace(office.limits, disk_free_bytes=HUGE)
    await office.reopen()
    new, tracker = office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT), DependencyTracker()
    read = new.signed, new.parts
    handled = await office.ledger.submit_in_stream(new.caller, read, 0, tracker)
    outcome, reason = await handled.outcome(), tracker.why_put_off(new.statement)
    assert isinstance(outcome, ExchangeError)
    assert outcome.reason is Reason.OVERLOADED
    assert reason is outcome
    assert reason.__traceback__ is None, "its frames would hold the parts"


async def test_parts_of_what_finds_the_queue_full_are_not_kept(office: Office) -> None:
    """Nor for the rest of the stream, which is put off for the same reason."""
    office.limits = replace(office.limits, queued_per_agency=1)
    await office.reopen()
    letters, tracker = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2)], DependencyTracker()
    async with office.held():
        handled = [
            await office.ledger.submit_in_stream(each.caller, (each.signed, each.parts), 0, tracker)
            for each in letters
        ]
    assert isinstance(await handled[0].outcome(), Accepted)
    assert isinstance(handled[1], PutOff)
    assert handled[1].error.reason is Reason.OVERLOADED
    assert handled[1].error.__traceback__ is None, "its frames would hold the parts"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_comes_between_two_looks_at_the_disk_counts_as_stored(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is not asked for each statement, and cannot be overfilled by that."""
    asked = []

    class Disk:
        f_frsize = 1
        f_bavail = 150_000

    def look(_: object) -> Disk:
        asked.append(time.monotonic())
        return Disk()

    monkeypatch.setattr("os.statvfs", look)
    monkeypatch.setattr(room, "LOOK_SECONDS", 3600.0)
    there = room.Room(office.engine, None, 10_000)
    there.verify(KZ_MIA.agency, 60_000)
    there.verify(KZ_MIA.agency, 60_000)
    with pytest.raises(LimitExceeded) as refused:
        there.verify(KZ_MIA.agency, 60_000)
    assert refused.value.reason is Reason.OVERLOADED
    assert len(asked) == 1
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.0)
    there.verify(KZ_MIA.agency, 60_000)
    assert len(asked) == 2


async def test_use_of_the_disk_is_told_by_agency(office: Office) -> None:
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"], content=CONTENT))
    digest = hashlib.sha256(CONTENT).digest()
    async with await office.ledger.stage_part(caller(KZ_FMA), digest, len(CONTENT)) as part:
        await part.append(CONTENT)
        await part.finish()
    with reading(office.engine) as connection:
        used = read_usage(connection)
    assert used["kz.mia"].statements >= 1
    assert len(CONTENT) < used["kz.mia"].sealed < len(CONTENT) + 1000
    assert used["kz.mia"].signed > 0
    assert used["kz.fma"].waiting == len(CONTENT)
    assert used["caricc"].sealed == 0


def test_slow_queries_and_transactions_are_logged_without_their_values(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    slow = open_engine(url, slow_seconds=1e-9)
    with capture_logs() as said, reading(slow) as connection:
        connection.execute(text("SELECT :said"), {"said": "a secret"})
    slow.dispose()
    assert "secret" not in str(said)
    assert {"slow_query", "slow_transaction"} <= {line["event"] for line in said}
    with capture_logs() as said, reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    assert said == []
