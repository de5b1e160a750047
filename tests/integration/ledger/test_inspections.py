"""An inspection is on the log before it leaves, bounded, and seen by the right eyes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    InspectedRange,
    parse_entry,
)
from exchange_protocol.record.receipts import ProvenEntry, verify_inspection_receipt
from exchange_protocol.trust.identity import Member, Role
from exchange_server.ledger import Accepted, LeavesPage, LedgerLimits, Reader
from exchange_server.storage.engine import reading
from exchange_server.storage.log_rows import read_entry_range
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import caller, log_verifier
from tests.support.refusals import awaited_refusal
from tests.support.statements import (
    AUDITOR,
    CENTRE_AUDITOR,
    KG_MIA,
    KZ_FMA,
    KZ_MIA,
    POLICY,
    member,
)

KZ_POLICE_AUDITOR = member("kz.mia", Role.AUDITOR, "aliya")
UZ_AUDITOR = member("uz.fiu", Role.AUDITOR, "timur")
WITNESS = WitnessSigner(
    "witness.example/a", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(b"a" * 32))
)


async def page(office: Office, reader: Member, start: int = 0) -> LeavesPage:
    """The page that the reader would be given of the log from an entry on."""
    size = office.ledger.tree_size
    return await office.reader.openings(caller(reader), start, size, size)


async def inspect(office: Office, reader: Member, start: int = 0) -> Accepted:
    """Read the log as the RPC does: the page, then its entry."""
    given = await page(office, reader, start)
    return await office.ledger.inspect(caller(reader), start, given, start)


def newest(office: Office) -> Entry:
    with reading(office.engine) as connection:
        size = office.ledger.tree_size
        [stored] = read_entry_range(connection, size - 1, size)
    return parse_entry(stored.opening.entry)


@pytest.fixture
async def asked(office: Office) -> Office:
    """An office with a request inside Kazakhstan and one between Kyrgyzstan and Uzbekistan."""
    await office.post(office.mail.ask(KZ_MIA, ["kz.fma"]))
    await office.post(office.mail.ask(KG_MIA, ["uz.fiu"]))
    return office


async def test_reading_is_on_the_log_with_its_range_and_the_rules_that_allow_it(
    asked: Office,
) -> None:
    size, directory = asked.ledger.tree_size, asked.ledger.directory
    accepted = await inspect(asked, AUDITOR)
    entry = newest(asked)
    assert directory.policy is not None
    assert entry.ruling is not None
    assert (entry.event, entry.actor) == (Event.INSPECTION, AUDITOR)
    assert entry.inspected == InspectedRange(0, size, size - 1), "all but the foreign request"
    assert entry.ruling.policy_digest == directory.policy.digest
    assert entry.ruling.rule_ids == ("a-state-audits-its-own-events",)
    verify_inspection_receipt(
        ProvenEntry(
            accepted.index,
            CommitmentOpening(accepted.entry, accepted.nonce),
            accepted.inclusion_proof,
        ),
        log_verifier().verify(accepted.note),
        reader=AUDITOR,
        certificate_sha256=caller(AUDITOR).certificate_sha256,
        inspected=entry.inspected,
        known_size=size,
    )
    await inspect(asked, CENTRE_AUDITOR)
    central = newest(asked)
    assert central.ruling is not None
    assert central.inspected == InspectedRange(0, size + 1, size + 1)
    assert central.ruling.rule_ids == ("the-centre-audits-everything",)


async def test_each_reading_is_an_entry_of_its_own(asked: Office) -> None:
    size = asked.ledger.tree_size
    for _ in range(3):
        await inspect(asked, AUDITOR, size - 2)
    assert asked.ledger.tree_size == size + 3


async def test_page_without_anything_to_disclose_asks_for_no_entry(asked: Office) -> None:
    directory = asked.ledger.directory.size
    await inspect(asked, AUDITOR)
    for reader, start in (
        (KZ_MIA, 0),
        (UZ_AUDITOR, asked.ledger.tree_size - 1),
        (AUDITOR, asked.ledger.tree_size - 2),
    ):
        assert (await page(asked, reader, start)).ruling is None, reader
    own = (await page(asked, AUDITOR, asked.ledger.tree_size - 1)).leaves
    assert own[0][1] is not None, "its own reading is shown to it"
    size = asked.ledger.tree_size
    public = await asked.reader.openings(caller(CENTRE_AUDITOR), 0, directory, size)
    assert public.ruling is None


async def test_who_follows_the_log_does_not_make_it_grow(asked: Office) -> None:
    """Three auditors, two of whom see each other's readings, come round again and again."""
    places = dict.fromkeys((AUDITOR, KZ_POLICE_AUDITOR, CENTRE_AUDITOR), 0)
    sizes = []
    for _ in range(4):
        for reader, start in places.items():
            given = await page(asked, reader, start)
            places[reader] = start + len(given.leaves)
            if given.ruling is not None:
                await inspect(asked, reader, start)
        sizes.append(asked.ledger.tree_size)
    assert sizes[0] == sizes[-1]
    assert set(places.values()) == {sizes[-1]}


async def test_reading_is_seen_by_its_own_state_and_by_the_centre(asked: Office) -> None:
    await inspect(asked, AUDITOR)
    at = asked.ledger.tree_size - 1
    for reader, sees in (
        (AUDITOR, True),
        (KZ_POLICE_AUDITOR, True),
        (CENTRE_AUDITOR, True),
        (UZ_AUDITOR, False),
        (KZ_FMA, False),
    ):
        [(_, opening)] = (await page(asked, reader, at)).leaves
        assert (opening is not None) is sees, reader


async def test_page_that_was_read_under_other_rules_is_not_given(asked: Office) -> None:
    """Judged in the writer's turn: what the entry cites is in force at its place."""
    given = await page(asked, AUDITOR)
    await asked.change_policy(POLICY.replace("a-state-audits", "no-state-audits"))
    size = asked.ledger.tree_size
    with pytest.raises(ExchangeError) as refused:
        await asked.ledger.inspect(caller(AUDITOR), 0, given, 0)
    assert refused.value.reason is Reason.UNAVAILABLE
    assert asked.ledger.tree_size == size
    await inspect(asked, AUDITOR)
    ruling = newest(asked).ruling
    assert ruling is not None
    assert ruling.rule_ids == ("no-state-audits-its-own-events",)


async def test_hub_that_has_not_caught_up_with_the_rules_gives_no_page(asked: Office) -> None:
    """By the older rules it would withhold what the auditor knows to be open to it."""
    before = asked.ledger.directory
    lagging = Reader(asked.engine, directory=lambda: before)
    size = asked.ledger.tree_size
    try:
        assert (await lagging.openings(caller(AUDITOR), 0, size, size)).leaves
        await asked.change_policy(POLICY + "// Fictional amendment\n")
        with pytest.raises(ExchangeError, match="the rules have just changed") as refused:
            await lagging.openings(caller(AUDITOR), 0, size, size)
    finally:
        await lagging.close()
    assert refused.value.reason is Reason.UNAVAILABLE


async def test_right_that_ended_since_the_page_was_read_opens_nothing(asked: Office) -> None:
    given = await page(asked, AUDITOR)
    lost = POLICY.replace('principal.role == "auditor"', 'principal.role == "nobody"')
    await asked.change_policy(lost)
    size = asked.ledger.tree_size
    with pytest.raises(ExchangeError) as refused:
        await asked.ledger.inspect(caller(AUDITOR), 0, given, 0)
    assert refused.value.reason is Reason.POLICY_DENIED
    assert asked.ledger.tree_size == size + 1
    denial = newest(asked)
    assert (denial.event, denial.operation) == (Event.DENIAL, "ListOpenings")


async def test_only_an_auditor_of_an_enrolled_body_inspects(asked: Office) -> None:
    given = await page(asked, AUDITOR)
    for reader, reason in (
        (KZ_MIA, Reason.ROLE_NOT_PERMITTED),
        (member("tj.none", Role.AUDITOR), Reason.AGENCY_NOT_ENROLLED),
    ):
        with pytest.raises(ExchangeError) as refused:
            await asked.ledger.inspect(caller(reader), 0, given, 0)
        assert refused.value.reason is reason


async def test_refusal_before_an_exchange_is_open_concerns_its_author_alone(
    asked: Office,
) -> None:
    """An auditor may open the same whenever it asks, or replays could not count it."""
    letter = asked.mail.ask(KG_MIA, ["kz.fma"], content=b"fictional")
    error = Reason.PART_MISSING.error("fictional")
    exchange_id = letter.statement.exchange_id
    await asked.ledger.deny(caller(KG_MIA), "Submit", error, exchange_id=exchange_id)
    await asked.post(letter)
    await asked.ledger.deny(caller(KG_MIA), "Submit", error, exchange_id=exchange_id)
    size = asked.ledger.tree_size
    given = await page(asked, AUDITOR, size - 3)
    assert [opening is not None for _, opening in given.leaves] == [False, True, True]
    await inspect(asked, AUDITOR, size - 3)
    await inspect(asked, CENTRE_AUDITOR, size - 3)


async def test_nobody_floods_the_log_by_reading(asked: Office) -> None:
    asked.limits = LedgerLimits(inspections_per_agency_per_hour=3)
    await asked.reopen()
    for _ in range(3):
        await inspect(asked, AUDITOR)
    size = asked.ledger.tree_size
    assert await awaited_refusal(inspect(asked, AUDITOR)) is Reason.RATE_LIMITED
    assert asked.ledger.tree_size == size, "neither a reading nor a denial"
    await inspect(asked, UZ_AUDITOR)
    asked.clock.forward(timedelta(minutes=20))
    await inspect(asked, AUDITOR)
    assert await awaited_refusal(inspect(asked, AUDITOR)) is Reason.RATE_LIMITED


async def test_hub_that_waits_for_its_witnesses_opens_nothing_and_proves_everything(
    asked: Office,
) -> None:
    asked.witnesses, asked.witnesses_at_start = WitnessPolicy(1, [WITNESS.verifier.vkey]), 1
    await asked.reopen()
    size = asked.ledger.tree_size
    assert await awaited_refusal(inspect(asked, AUDITOR)) is Reason.UNAVAILABLE
    assert asked.ledger.tree_size == size
    # Reads that a witness needs, or that tell nothing, are served.
    head, _ = await asked.reader.checkpoint(0)
    assert await asked.reader.tile(0, 0)
    assert await asked.reader.entry_bundle(0)
    assert await asked.reader.inclusion_proof(0, size)
    assert await asked.reader.consistency_proof(1, size)
    assert (await page(asked, KZ_MIA)).ruling is None
    signed = SignedNote.parse(head.note)
    cosigned = (*signed.signatures[:1], WITNESS.cosign(signed.text, asked.clock()))
    await asked.ledger.add_cosignature(SignedNote(signed.text, cosigned).encode())
    await inspect(asked, AUDITOR)
    assert newest(asked).event is Event.INSPECTION
