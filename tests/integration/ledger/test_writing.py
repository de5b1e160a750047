"""Promises of the write path: idempotency, one id one statement, bounded denials, whole parts."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from exchange_protocol.errors import ExchangeError, InvalidInput, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.merkle import EMPTY_ROOT, verify_consistency
from exchange_protocol.record.entries import Entry, Event, parse_entry
from exchange_protocol.trust.identity import AgencyId
from exchange_server.ledger import LedgerLimits
from exchange_server.storage import tables
from exchange_server.storage.engine import reading
from exchange_server.storage.part_rows import CHUNK_BYTES
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter, caller, log_verifier
from tests.support.refusals import awaited_refusal
from tests.support.statements import (
    AUDITOR,
    CASE,
    CENTRE_AUDITOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    member,
)

BIG = bytes(range(256)) * (5 * CHUNK_BYTES // 512) + b"the last, short chunk"


def entries(office: Office, event: Event) -> list[Entry]:
    """Entries of an event, in log order."""
    e = tables.log_entries.c
    query = select(e.entry).where(e.event == event).order_by(e.idx)
    with reading(office.engine) as connection:
        return [parse_entry(entry) for entry in connection.execute(query).scalars()]


def with_parts(letter: Letter, **parts: bytes) -> Letter:
    return replace(letter, parts=parts)


async def test_replayed_statement_returns_original_receipt(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    first = await office.post(letter)
    await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    again = await office.ledger.submit(*letter.call)
    assert (again.index, again.entry, again.nonce) == (first.index, first.entry, first.nonce)
    assert log_verifier().verify(again.note).size == office.ledger.tree_size == first.index + 2


async def test_replayed_statement_is_the_original_however_late(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    first = await office.post(letter)
    office.clock.forward(timedelta(days=20))
    assert (await office.ledger.submit(*letter.call)).index == first.index


async def test_statements_sent_twice_at_once_are_logged_once(office: Office) -> None:
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(20)]
    calls = [office.ledger.submit(*letter.call) for letter in letters for _ in range(2)]
    accepted = await asyncio.gather(*calls)
    assert len({one.index for one in accepted}) == 20
    assert accepted[::2][3].entry == accepted[1::2][3].entry


async def test_reused_id_is_refused_and_logged(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    await office.post(letter)
    other = office.mail.write(
        KZ_MIA,
        Kind.REFERRAL.body(),
        to=["kz.gpo"],
        id=letter.statement.id,
        exchange_id=letter.statement.id,
    )
    assert await awaited_refusal(office.ledger.submit(*other.call)) is Reason.ID_REUSED
    [denial] = entries(office, Event.DENIAL)
    assert (denial.reason, denial.operation, denial.actor) == ("ID_REUSED", "Submit", KZ_MIA)
    assert denial.payload_digest == other.statement.digest


async def test_refusal_of_one_leaves_the_rest_of_its_batch_alone(office: Office) -> None:
    good = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(6)]
    bad = office.mail.ask(KZ_MIA, ["eu.obs"])
    letters = [*good[:3], bad, *good[3:]]
    results = await asyncio.gather(
        *(office.ledger.submit(*letter.call) for letter in letters), return_exceptions=True
    )
    assert [isinstance(result, ExchangeError) for result in results] == [
        letter is bad for letter in letters
    ]
    assert [denial.reason for denial in entries(office, Event.DENIAL)] == ["POLICY_DENIED"]


async def test_statement_of_another_agency_is_refused(office: Office) -> None:
    letter = replace(office.mail.ask(KZ_MIA, ["kz.fma"]), caller=caller(KZ_FMA))
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.AUTHOR_MISMATCH
    [denial] = entries(office, Event.DENIAL)
    assert denial.actor == KZ_FMA


async def test_refusal_for_time_tells_both_clocks_and_the_span(office: Office) -> None:
    for off, said in (
        (timedelta(hours=1), "60 minutes from now"),
        (-timedelta(days=9), "9 days ago"),
    ):
        office.clock.forward(off)
        letter = office.mail.ask(KZ_MIA, ["kz.fma"])
        made = office.clock()
        office.clock.forward(-off)
        with pytest.raises(InvalidInput) as caught:
            await office.ledger.submit(*letter.call)
        assert caught.value.reason is Reason.CLOCK_SKEW
        assert f"made at {made:%Y-%m-%d %H:%M} UTC, {said} by the hub's clock" in str(caught.value)
        assert f"which says {office.clock():%Y-%m-%d %H:%M} UTC" in str(caught.value)
        assert "set the author's clock" in str(caught.value)


async def test_statement_from_another_time_is_refused(office: Office) -> None:
    ahead, behind = timedelta(minutes=5, seconds=1), timedelta(days=7, seconds=1)
    office.clock.forward(ahead)
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    office.clock.forward(-ahead)
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.CLOCK_SKEW
    office.clock.forward(ahead + behind)
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.CLOCK_SKEW
    fresh = office.mail.ask(KZ_MIA, ["kz.fma"])
    office.clock.forward(timedelta(days=7))
    await office.post(fresh)


async def test_hub_time_never_runs_backwards(office: Office) -> None:
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    late = entries(office, Event.STATEMENT)[-1].hub_time
    office.clock.forward(timedelta(minutes=-2))
    await office.ledger.submit(*office.mail.ask(KZ_MIA, ["kz.fma"]).call)
    assert entries(office, Event.STATEMENT)[-1].hub_time == late


async def test_denials_are_bounded_per_agency(office: Office) -> None:
    office.limits = LedgerLimits(denials_per_agency_per_hour=3)
    await office.reopen()
    for _ in range(5):
        letter = office.mail.ask(KZ_MIA, ["eu.obs"])
        assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.POLICY_DENIED
    error = Reason.NOT_A_PARTY.error("refused elsewhere")
    await office.ledger.deny(caller(KZ_FMA), "Watch", error)
    actors = [denial.actor for denial in entries(office, Event.DENIAL)]
    assert actors == [KZ_MIA, KZ_MIA, KZ_MIA, KZ_FMA]
    office.clock.forward(timedelta(hours=1))
    await office.ledger.deny(caller(KZ_MIA), "Watch", error)
    assert len(entries(office, Event.DENIAL)) == 5


async def test_statement_of_an_unknown_exchange_tells_nothing(office: Office) -> None:
    """An agency without a part in an exchange is not told that it exists."""
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    curious = office.mail.write(
        KG_MIA, Kind.ACKNOWLEDGE.body(), on=asked, recipients=(KZ_MIA.agency,), answers=bytes(32)
    )
    assert await awaited_refusal(office.ledger.submit(*curious.call)) is Reason.EXCHANGE_UNKNOWN


async def test_receipt_proves_that_the_log_grew_from_what_the_author_knew(office: Office) -> None:
    notes = {}
    known, checkpoint = 0, Checkpoint(log_verifier().origin, 0, EMPTY_ROOT)
    for number in range(12):
        letter = office.mail.ask(KZ_MIA, ["kz.fma"])
        known = max(0, office.ledger.tree_size - number * 3)
        caller_, signed, parts, _ = letter.call
        accepted = await office.ledger.submit(caller_, signed, parts, known)
        checkpoint = log_verifier().verify(accepted.note)
        notes[checkpoint.size] = checkpoint.root
        if known in notes:
            verify_consistency(
                known, checkpoint.size, accepted.consistency_proof, notes[known], checkpoint.root
            )
    head = await office.reader.tree_head(known)
    assert log_verifier().verify(head.note) == checkpoint


async def test_known_tree_larger_than_the_log_is_refused(office: Office) -> None:
    caller_, signed, parts, _ = office.mail.ask(KZ_MIA, ["kz.fma"]).call
    size = office.ledger.tree_size
    call = office.ledger.submit(caller_, signed, parts, size + 1)
    assert await awaited_refusal(call) is Reason.PROOF_RANGE_INVALID


async def test_directory_is_that_of_the_statements_before(office: Office) -> None:
    """A certificate published in a batch already signs later in the same batch."""
    fresh = office.mail.cast.issue(KZ_FMA)
    publish = office.mail.write(OPERATOR, PublishCertificate(fresh.certificate))
    draft = office.mail.model.compose(KZ_FMA, Kind.REFERRAL.body(), to=["kz.mia"])
    signed = office.mail.model.sign(draft, fresh)
    await asyncio.gather(
        office.ledger.submit(*publish.call),
        office.ledger.submit(caller(KZ_FMA), signed, {"brief": b"brief"}, 0),
    )
    assert office.ledger.directory.certificates[fresh.fingerprint].member == KZ_FMA


async def test_part_that_differs_from_its_digest_is_refused(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    for wrong in ({"brief": b"belie"}, {"brief": b"brief2"}, {"brief": b"brief", "extra": b""}):
        call = office.ledger.submit(*with_parts(letter, **wrong).call)
        assert await awaited_refusal(call) is Reason.PART_MISMATCH
    call = office.ledger.submit(*with_parts(letter).call)
    assert await awaited_refusal(call) is Reason.PART_MISSING
    await office.post(letter)


async def test_large_part_is_staged_claimed_and_read_from_any_offset(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=BIG)
    await stage(office, letter, BIG, pieces=300_000)
    await office.ledger.submit(*with_parts(letter, brief=b"brief").call)
    office.mail.posted(letter)
    handle = await office.fetch(KZ_FMA, letter.statement, "content")
    for offset in (0, 1, CHUNK_BYTES, CHUNK_BYTES + 7, len(BIG) - 1, len(BIG)):
        assert await office.content_of(handle, offset) == BIG[offset:]
    assert await awaited_refusal(office.content_of(handle, len(BIG) + 1)) is Reason.INVALID_FIELD


async def test_staged_part_is_claimed_once_and_by_its_agency_only(office: Office) -> None:
    content = b"c" * 100
    await stage(office, office.mail.ask(KZ_MIA, ["kz.fma"], content=content), content)
    foreign = with_parts(office.mail.ask(KZ_FMA, ["kz.mia"], content=content), brief=b"brief")
    assert await awaited_refusal(office.ledger.submit(*foreign.call)) is Reason.PART_MISSING
    first, second = (
        with_parts(office.mail.ask(KZ_MIA, ["kz.fma"], content=content), brief=b"brief")
        for _ in range(2)
    )
    await office.post(first)
    assert await awaited_refusal(office.ledger.submit(*second.call)) is Reason.PART_MISSING


async def test_unclaimed_and_unfinished_uploads_are_forgotten(office: Office) -> None:
    content = b"c" * 100
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=content)
    digest = hashlib.sha256(content).digest()
    with suppress(ConnectionError):
        async with await office.ledger.stage_part(letter.caller, digest, 100) as part:
            await part.append(content[:50])
            raise ConnectionError
    assert chunks(office) == 0
    async with await office.ledger.stage_part(letter.caller, digest, 100) as part:
        await part.append(content[:99])
        assert await awaited_refusal(part.finish()) is Reason.PART_MISMATCH
    assert chunks(office) == 0
    await stage(office, letter, content)
    office.clock.forward(timedelta(hours=1, seconds=1))
    await office.reopen()
    await stage(office, letter, content)
    assert chunks(office) == 1


async def test_agency_cannot_stage_more_than_its_share(office: Office) -> None:
    office.limits = LedgerLimits(staged_bytes_per_agency=150)
    await office.reopen()
    digest = bytes(32)
    await office.ledger.stage_part(caller(KZ_MIA), digest, 100)
    call = office.ledger.stage_part(caller(KZ_MIA), digest, 51)
    assert await awaited_refusal(call) is Reason.OVERLOADED
    await office.ledger.stage_part(caller(KZ_FMA), digest, 51)


async def test_growth_wakes_who_waits_for_it(office: Office) -> None:
    size = office.ledger.tree_size
    assert await office.ledger.wait_for_growth(size, 0.01) == size
    waiting = asyncio.create_task(office.ledger.wait_for_growth(size, 10))
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    assert await waiting == size + 1


async def test_openings_are_for_those_who_may_audit(office: Office) -> None:
    foreign = office.mail.ask(KG_MIA, ["uz.fiu"])
    await office.post(foreign)
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    size = office.ledger.tree_size
    directory = office.ledger.directory.size
    for reader, opened in ((AUDITOR, [False, True]), (KZ_MIA, [False, False])):
        leaves = (await office.reader.openings(caller(reader), 0, size, size)).leaves
        assert len(leaves) == size
        assert all(opening is not None for _, opening in leaves[:directory])
        assert [opening is not None for _, opening in leaves[directory:]] == opened


async def test_stranger_who_is_refused_does_not_stop_the_audit(office: Office) -> None:
    error = Reason.AGENCY_NOT_ENROLLED.error("refused elsewhere")
    await office.ledger.deny(caller(member("tj.none")), "Submit", error)
    size = office.ledger.tree_size
    for auditor, may_open in ((CENTRE_AUDITOR, True), (AUDITOR, False)):
        page = await office.reader.openings(caller(auditor), size - 1, 5, size)
        [(_, opening)] = page.leaves
        assert (opening is not None) is may_open


async def stage(office: Office, letter: Letter, content: bytes, pieces: int = 1 << 20) -> None:
    digest = hashlib.sha256(content).digest()
    async with await office.ledger.stage_part(letter.caller, digest, len(content)) as part:
        for start in range(0, len(content), pieces):
            await part.append(content[start : start + pieces])
        expires_at = await part.finish()
    assert expires_at == office.clock() + LedgerLimits().staging_ttl


def chunks(office: Office) -> int:
    with reading(office.engine) as connection:
        return len(connection.execute(select(tables.part_chunks.c.seq)).all())


async def test_refusal_before_the_first_policy_is_not_on_the_log(bare_office: Office) -> None:
    """No auditor could open it: to one that comes with the policy it would seem withheld."""
    office = bare_office
    letter = office.mail.ask(KZ_MIA, ["kz.fma"])
    first, *_ = office.mail.founding()
    await office.ledger.submit(*first.call)
    assert await awaited_refusal(office.ledger.submit(*letter.call)) is Reason.CERTIFICATE_UNKNOWN
    assert office.ledger.tree_size == 1
    await office.found()
    size = office.ledger.tree_size
    unknown = replace(letter, signed=replace(letter.signed, certificate_sha256=bytes(32)))
    assert await awaited_refusal(office.ledger.submit(*unknown.call)) is Reason.CERTIFICATE_UNKNOWN
    assert office.ledger.tree_size == size + 1


@pytest.mark.parametrize("of_the_header", [True, False])
async def test_time_zone_that_does_not_exist_is_refused(
    office: Office, of_the_header: bool
) -> None:
    if of_the_header:
        header = replace(CASE, time_zone="Mars/Olympus")
        letter = office.mail.write(
            KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"], header=header
        )
    else:
        body = EnrolAgency(AgencyId("zz.new"), "New", "KZ", AgencyType.FIU, "Mars/Olympus")
        letter = office.mail.write(OPERATOR, body)
    with pytest.raises(ExchangeError, match=r"time_zone.*expected an IANA time zone") as refused:
        await office.ledger.submit(*letter.call)
    assert refused.value.reason is Reason.INVALID_FIELD
