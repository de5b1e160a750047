"""Statements of one stream or batch, with what happens between two of them while both are on the
way: each is judged by what holds in its turn, and a cut leaves each with one entry."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias
from unittest.mock import Mock

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules.signed_statements import encode_signed_statement
from exchange_protocol.trust.certificates import fingerprint
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.fairness.rates import Rates
from exchange_server.ledger import Accepted
from exchange_server.rpc.requests import parse_submission_of_batch
from exchange_server.rpc.submissions import SubmissionStream
from tests.integration.ledger.conftest import Office
from tests.integration.ledger.test_known_shapes import NO_REQUESTS
from tests.support.hub_data import Letter
from tests.support.statements import KZ_MIA, OPERATOR, POLICY, SECOND_OPERATOR

Outcome: TypeAlias = Accepted | ExchangeError
Way: TypeAlias = Callable[[Office, Sequence[Letter]], Awaitable[list[Outcome]]]


def message(letter: Letter) -> pb.SubmitRequest:
    return pb.SubmitRequest(
        statement=encode_signed_statement(letter.signed),
        parts=[pb.InlinePart(name=name, sealed=part) for name, part in letter.parts.items()],
    )


def stream_of(office: Office, letters: Sequence[Letter], left: asyncio.Event | None = None) -> Any:
    """The answers to a stream of letters; with `left` it stays open after them."""

    async def requests() -> AsyncIterator[pb.SubmitRequest]:
        for each in letters:
            yield message(each)
        if left is not None:
            await left.wait()

    stream = SubmissionStream(office.ledger, Rates(1e9, 1e12), letters[0].caller, Mock())
    return stream.answers(requests())


async def in_a_stream(office: Office, letters: Sequence[Letter]) -> list[Outcome]:
    return [each async for each in stream_of(office, letters)]


async def in_a_batch(office: Office, letters: Sequence[Letter]) -> list[Outcome]:
    submissions = [message(each) for each in letters]
    caller = letters[0].caller
    return await office.ledger.submit_batch(caller, submissions, parse_submission_of_batch, 0)


WAYS = pytest.mark.parametrize("way", [in_a_stream, in_a_batch])


async def with_change_between(office: Office, way: Way, change: Letter) -> list[str]:
    """Two letters of one shape on one way, and a change whose turn is between theirs."""
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2)]
    async with office.held():
        saying = asyncio.ensure_future(way(office, letters))
        await office.until_waiting(2)
        changing = asyncio.create_task(office.ledger.submit(*change.call))
        await office.until_waiting(3)
    outcomes = await saying
    await changing
    return [each.reason.name if isinstance(each, ExchangeError) else "" for each in outcomes]


@WAYS
async def test_certificate_that_is_revoked_between_two_signs_the_first_alone(
    office: Office, way: Way
) -> None:
    signer = office.mail.cast.signers[KZ_MIA].certificate
    revoked = RevokeCertificate(fingerprint(signer), RevocationReason.KEY_COMPROMISE)
    change = office.mail.write(OPERATOR, revoked)
    outcomes = await with_change_between(office, way, change)
    assert outcomes == ["", Reason.CERTIFICATE_REVOKED.name]


@WAYS
async def test_recipient_that_is_retired_between_two_is_asked_once(
    office: Office, way: Way
) -> None:
    change = office.mail.write(OPERATOR, RetireAgency(AgencyId("kz.fma")))
    outcomes = await with_change_between(office, way, change)
    assert outcomes == ["", Reason.AGENCY_RETIRED.name]


@WAYS
async def test_author_that_is_retired_between_two_says_the_first_alone(
    office: Office, way: Way
) -> None:
    change = office.mail.write(OPERATOR, RetireAgency(KZ_MIA.agency))
    outcomes = await with_change_between(office, way, change)
    assert outcomes == ["", Reason.AGENCY_RETIRED.name]


@WAYS
async def test_policy_that_is_confirmed_between_two_judges_the_second(
    office: Office, way: Way
) -> None:
    second, cedar = office.mail.cast.signers[SECOND_OPERATOR], POLICY + NO_REQUESTS
    await office.say(OPERATOR, PublishCertificate(second.certificate))
    await office.say(OPERATOR, PublishPolicy(cedar))
    confirmed = ConfirmPolicy(hashlib.sha256(cedar.encode()).digest())
    change = office.mail.write(SECOND_OPERATOR, confirmed)
    outcomes = await with_change_between(office, way, change)
    assert outcomes == ["", Reason.POLICY_DENIED.name]


@WAYS
async def test_last_of_two_that_reuse_an_id_is_refused(office: Office, way: Way) -> None:
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2)]
    same = letters[0].statement
    again = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"other")
    draft = replace(again.statement, id=same.id, exchange_id=same.id)
    other = replace(again, signed=office.mail.model.sign(draft))
    outcomes = await way(office, [letters[0], other, letters[0]])
    first, refused, repeated = outcomes
    assert isinstance(first, Accepted)
    assert isinstance(refused, ExchangeError)
    assert refused.reason is Reason.ID_REUSED
    assert isinstance(repeated, Accepted)
    assert repeated.index == first.index


@WAYS
async def test_recall_in_the_same_call_ends_what_was_opened_before_it(
    office: Office, way: Way
) -> None:
    new = office.mail.ask(KZ_MIA, ["kz.fma"])
    office.mail.posted(new)
    recall = office.mail.write(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=new.statement)
    again = office.mail.write(KZ_MIA, Kind.RECALL.body(), to=["kz.fma"], on=new.statement)
    outcomes = await way(office, [new, recall, again])
    assert [isinstance(each, Accepted) for each in outcomes] == [True, True, False]


SENT = 6


@pytest.mark.parametrize("heard", range(SENT + 1))
async def test_stream_that_is_cut_after_each_answer_leaves_one_entry_of_each(
    office: Office, heard: int
) -> None:
    """Some of what was on the way is on the log, some is not; the same bytes find out."""
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(SENT)]
    size, left = office.ledger.tree_size, asyncio.Event()
    answers: list[Outcome] = []
    async with aclosing(stream_of(office, letters, left)) as stream:
        for _ in range(heard):
            answers.append(await anext(stream))
    again = await in_a_stream(office, letters)
    assert [each.index for each in again if isinstance(each, Accepted)] == list(
        range(size, size + SENT)
    )
    for first, second in zip(answers, again, strict=False):
        assert isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert (first.index, first.entry, first.nonce) == (
            second.index,
            second.entry,
            second.nonce,
        )
    assert office.ledger.tree_size == size + SENT
