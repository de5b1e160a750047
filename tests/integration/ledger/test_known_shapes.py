"""A statement whose shape is known is judged by what holds now, whatever held for the first."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.confirm_policy import ConfirmPolicy
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules import shapes
from exchange_protocol.trust.certificates import fingerprint
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_server.ledger import Accepted
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter
from tests.support.shapes import shape_of
from tests.support.statements import KZ_MIA, OPERATOR, POLICY, SECOND_OPERATOR

NO_REQUESTS = """
@id("requests-are-suspended")
forbid(principal, action == Action::"InformationRequest", resource);
"""


async def alike(office: Office) -> Letter:
    """A letter whose shape the hub knows: one that differs in carried values alone was accepted."""
    first, second = (office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2))
    assert shape_of(first.signed.payload) == shape_of(second.signed.payload)
    await office.post(first)
    return second


async def refused(office: Office, letter: Letter) -> Reason:
    known = shapes._model.cache_info().hits
    with pytest.raises(ExchangeError) as error:
        await office.ledger.submit(*letter.call)
    assert shapes._model.cache_info().hits > known, "expected a shape that was known"
    return error.value.reason


async def test_a_policy_that_changed_meanwhile_judges(office: Office) -> None:
    letter = await alike(office)
    await office.change_policy(POLICY + NO_REQUESTS)
    assert await refused(office, letter) is Reason.POLICY_DENIED


async def test_a_certificate_that_was_revoked_meanwhile_signs_nothing(office: Office) -> None:
    letter = await alike(office)
    signer = letter.signed.certificate_sha256
    await office.say(OPERATOR, RevokeCertificate(signer, RevocationReason.KEY_COMPROMISE))
    assert await refused(office, letter) is Reason.CERTIFICATE_REVOKED


async def test_a_recipient_that_was_retired_meanwhile_is_asked_nothing(office: Office) -> None:
    letter = await alike(office)
    await office.say(OPERATOR, RetireAgency(AgencyId("kz.fma")))
    assert await refused(office, letter) is Reason.AGENCY_RETIRED


async def in_one_batch(office: Office, author: Member, body: Any) -> list[Accepted | ExchangeError]:
    """Put a letter, a change, and a letter of the same shape; gives what comes of each, in order.

    All wait while the writer is held, so it judges them in one batch.
    """
    letters = [office.mail.ask(KZ_MIA, ["kz.fma"]) for _ in range(2)]
    assert len({shape_of(each.signed.payload) for each in letters}) == 1
    change = office.mail.write(author, body)
    putting = []
    async with office.held():
        for number, each in enumerate((letters[0], change, letters[1]), 1):
            putting.append(asyncio.create_task(office.ledger.submit(*each.call)))
            await office.until_waiting(number)
    outcomes = await asyncio.gather(*putting, return_exceptions=True)
    assert all(isinstance(each, Accepted | ExchangeError) for each in outcomes), outcomes
    return outcomes  # type: ignore[return-value]


async def test_a_policy_that_is_confirmed_in_the_batch_judges_what_follows(office: Office) -> None:
    second, cedar = office.mail.cast.signers[SECOND_OPERATOR], POLICY + NO_REQUESTS
    await office.say(OPERATOR, PublishCertificate(second.certificate))
    await office.say(OPERATOR, PublishPolicy(cedar))
    confirmed = ConfirmPolicy(hashlib.sha256(cedar.encode()).digest())
    before, change, after = await in_one_batch(office, SECOND_OPERATOR, confirmed)
    assert isinstance(before, Accepted)
    assert isinstance(change, Accepted)
    assert isinstance(after, ExchangeError)
    assert after.reason is Reason.POLICY_DENIED


async def test_a_recipient_that_is_retired_in_the_batch_is_asked_nothing_more(
    office: Office,
) -> None:
    before, change, after = await in_one_batch(office, OPERATOR, RetireAgency(AgencyId("kz.fma")))
    assert isinstance(before, Accepted)
    assert isinstance(change, Accepted)
    assert isinstance(after, ExchangeError)
    assert after.reason is Reason.AGENCY_RETIRED


async def test_a_certificate_that_is_revoked_in_the_batch_signs_nothing_more(
    office: Office,
) -> None:
    signer = office.mail.cast.signers[KZ_MIA].certificate
    revoked = RevokeCertificate(fingerprint(signer), RevocationReason.KEY_COMPROMISE)
    before, change, after = await in_one_batch(office, OPERATOR, revoked)
    assert isinstance(before, Accepted)
    assert isinstance(change, Accepted)
    assert isinstance(after, ExchangeError)
    assert after.reason is Reason.CERTIFICATE_REVOKED


async def test_a_signature_is_verified_whatever_is_known_of_the_shape(office: Office) -> None:
    letter = await alike(office)
    other = office.mail.ask(KZ_MIA, ["kz.fma"])
    spoilt = replace(letter, signed=replace(letter.signed, signature=other.signed.signature))
    assert await refused(office, spoilt) is Reason.SIGNATURE_INVALID


async def test_sealed_bytes_of_another_statement_of_the_shape_are_refused(office: Office) -> None:
    first, second = (
        office.mail.ask(KZ_MIA, ["kz.fma"], content=content) for content in (b"first", b"other")
    )
    await office.post(first)
    mixed = replace(second, parts=first.parts)
    assert await refused(office, mixed) is Reason.PART_MISMATCH
