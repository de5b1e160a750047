"""Offices and their people: an agency without a sealing key, two approvers, two operators."""

from __future__ import annotations

import hashlib

import pytest

from agency_client import Profile
from agency_client.state.keys import generate_sealing_key
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import AgencyType
from exchange_server.bootstrap import utc_now
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.deployment import OPERATOR, POLICY
from tests.support.foundation import PROSECUTOR
from tests.support.hub_process import PASSPHRASE

SECOND_OPERATOR = "caricc/operator/ops2"


def fingerprint(region: Region, member: str) -> bytes:
    """Of the signing certificate of a member."""
    certificate = Profile.load(region.town.profile(member)).vault.certificate
    assert certificate is not None
    return certificate.fingerprint


def test_only_the_office_that_has_a_request_in_hand_gives_it_back(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any prosecutor of the state that the centre asks may decide."""
    # Nothing can be sealed to an office before it has a key.
    region.found("kz.apo", "KZ", AgencyType.PROSECUTOR)
    keyless = region.refusal(new_exchange, region["kz.mia"], "kz.apo")
    assert keyless is Reason.SEALING_KEY_UNKNOWN
    folder = region.town.profile("kz.apo/system")
    generate_sealing_key(Profile.load(folder).sealing_folder, PASSPHRASE, utc_now())
    region["kz.apo"].publish_sealing_key()
    other = region.employ("kz.apo/authoriser/district1")
    exchange = new_exchange(region["caricc"], "kz.fma")
    region[PROSECUTOR].claim(exchange)
    assert region.refusal(other.claim, exchange) is Reason.ALREADY_CLAIMED
    assert region.refusal(other.give_back, exchange) is Reason.NOT_ITS_CLAIM
    # A claim binds nobody: the other office may decide it nevertheless.
    other.approve(exchange)
    assert region.state(exchange, "kz.fma", "caricc") == "RELEASED"
    region.replay(capsys)


def test_a_policy_is_confirmed_by_another_operator_while_its_proposal_stands(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = region[OPERATOR], region.employ(SECOND_OPERATOR)
    cedar = POLICY.read_text(encoding="utf-8") + "// Another one.\n"
    digest = hashlib.sha256(cedar.encode()).digest()
    assert region.refusal(first.confirm_policy, digest) is Reason.PROPOSAL_UNKNOWN
    second.publish_policy(cedar)
    assert region.refusal(second.confirm_policy, digest) is Reason.ALREADY_DECIDED
    # What a stolen key proposed falls with it.
    first.revoke_certificate(fingerprint(region, SECOND_OPERATOR), "KEY_COMPROMISE")
    assert region.refusal(first.confirm_policy, digest) is Reason.PROPOSAL_LAPSED
    region.replay(capsys)
