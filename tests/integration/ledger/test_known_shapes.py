"""A statement whose shape is known is judged by what holds now, whatever held for the first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules import shapes
from exchange_protocol.trust.identity import AgencyId
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter
from tests.support.shapes import shape_of
from tests.support.statements import KZ_MIA, OPERATOR, POLICY

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
