"""Many statements in one call: what is put off takes what follows on it along, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.rules.judgement import Judgement, judge
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_server.fairness import slices
from exchange_server.ledger import Accepted, LedgerLimits, acceptance
from exchange_server.ledger.jobs import Denial, Job, Submission
from exchange_server.observer import CommitStep
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter
from tests.support.statements import KZ_MIA, OPERATOR, POLICY


async def submit(office: Office, letters: Sequence[Letter]) -> list[str]:
    """Submit as one call; the reason of each refusal, and nothing for what was accepted."""
    outcomes = await office.ledger.submit_batch(letters[0].caller, letters, read, 0)
    return ["" if isinstance(each, Accepted) else each.reason.name for each in outcomes]


def read(letter: Letter) -> tuple[SignedStatement, Mapping[str, bytes]]:
    return letter.signed, letter.parts


def ask_and_recall(office: Office) -> tuple[Letter, Letter]:
    """Two statements of which the second is nothing without the first."""
    asked = office.mail.ask(KZ_MIA, ["kz.fma"])
    office.mail.posted(asked)
    recall = office.mail.write(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=asked.statement)
    return asked, recall


def once_at(wanted: CommitStep) -> Callable[[CommitStep], None]:
    """Fail the first transaction at a step."""
    left = [wanted]

    def on_step(step: CommitStep) -> None:
        if step in left:
            left.remove(step)
            raise OSError(f"fictional fault at {step}")

    return on_step


def full_for(
    office: Office, monkeypatch: pytest.MonkeyPatch, wanted: Callable[[Job[Any]], bool]
) -> None:
    """The queue is full at the very moment when one request comes."""
    queue = office.ledger._writer._intake._queue
    put = queue.put

    def full(turn: Any) -> None:
        if wanted(turn.item.job):
            raise Reason.OVERLOADED.error("too many wait")
        put(turn)

    monkeypatch.setattr(queue, "put", full)


async def test_what_comes_after_a_statement_that_found_the_queue_full_is_put_off_unread(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room that is made meanwhile is not for what may follow on it."""
    asked, recall = ask_and_recall(office)
    before, other = (office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2))
    made = [before, asked, other, recall]
    full_for(
        office,
        monkeypatch,
        lambda job: isinstance(job, Submission) and job.signed == asked.signed,
    )
    seen: list[Letter] = []

    def reading(letter: Letter) -> tuple[SignedStatement, Mapping[str, bytes]]:
        seen.append(letter)
        return read(letter)

    ledger, sender = office.ledger, before.caller
    outcomes = await ledger.submit_batch(sender, made, reading, 0)
    reasons = [getattr(each, "reason", None) for each in outcomes]
    assert reasons == [None, *[Reason.OVERLOADED] * 3]
    assert seen == [before, asked]
    monkeypatch.undo()
    assert await submit(office, made) == [""] * 4


@pytest.mark.parametrize("step", [CommitStep.ROWS, CommitStep.COMMITTED])
async def test_what_follows_on_a_statement_whose_transaction_failed_is_put_off_with_it(
    office: Office, step: CommitStep
) -> None:
    """The first transaction has one statement in it, and the others come after."""
    office.limits = LedgerLimits(batch_size=1)
    await office.reopen()
    asked, recall = ask_and_recall(office)
    other = office.mail.ask(KZ_MIA, ["kz.fma"])
    made = [asked, other, recall]
    office.on_step = once_at(step)
    assert await submit(office, made) == ["UNAVAILABLE", "", "UNAVAILABLE"]
    assert await submit(office, made) == [""] * 3


async def test_what_follows_on_a_statement_at_which_the_hub_failed_is_put_off_with_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, recall = ask_and_recall(office)
    other = office.mail.ask(KZ_MIA, ["kz.fma"])

    def broken(signed: SignedStatement, *args: Any, **kwargs: Any) -> Judgement:
        if signed == asked.signed:
            raise ZeroDivisionError
        return judge(signed, *args, **kwargs)

    monkeypatch.setattr(acceptance, "judge", broken)
    assert await submit(office, [asked, other, recall]) == ["INTERNAL", "", "INTERNAL"]
    monkeypatch.undo()
    assert await submit(office, [asked, recall]) == ["", ""]


async def test_everything_after_a_directory_statement_that_was_put_off_is_put_off(
    office: Office,
) -> None:
    office.limits = LedgerLimits(batch_size=1)
    await office.reopen()
    policies = [
        office.mail.write(OPERATOR, PublishPolicy(POLICY + "\n" * more)) for more in range(1, 4)
    ]
    office.on_step = once_at(CommitStep.ROWS)
    assert await submit(office, policies) == ["UNAVAILABLE"] * 3
    assert await submit(office, policies) == [""] * 3
    for each in policies:
        office.mail.posted(each)


async def test_what_follows_on_a_refused_statement_is_refused(office: Office) -> None:
    asked, recall = ask_and_recall(office)
    broken = replace(asked, parts={})
    assert await submit(office, [broken, recall]) == ["PART_MISSING", "EXCHANGE_UNKNOWN"]


async def test_refusal_that_finds_the_queue_full_is_put_off(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal holds once it is on the log; what came before it in the call is accepted."""
    good, bad = (office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2))
    made = [good, replace(bad, parts={"brief": b"others"})]
    full_for(office, monkeypatch, lambda job: isinstance(job, Denial))
    assert await submit(office, made) == ["", "OVERLOADED"]
    monkeypatch.undo()
    assert await submit(office, made) == ["", "PART_MISMATCH"]


async def test_others_are_served_while_a_batch_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ready task has a turn after each slice, however long the batch is."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(8)]
    seen: list[Letter] = []
    turns = 0

    def reading(letter: Letter) -> tuple[SignedStatement, Mapping[str, bytes]]:
        seen.append(letter)
        return read(letter)

    async def serve_others() -> None:
        nonlocal turns
        while len(seen) < len(letters):
            turns += 1
            await asyncio.sleep(0)

    _, outcomes = await asyncio.gather(
        serve_others(), office.ledger.submit_batch(letters[0].caller, letters, reading, 0)
    )
    assert turns >= len(letters)
    assert not [each for each in outcomes if isinstance(each, ExchangeError)]
