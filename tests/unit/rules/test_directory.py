"""The directory: who may change it, and what it refuses to hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exchange_certs.authority import Authority
from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.kinds.publish_policy import PublishPolicy
from exchange_protocol.kinds.publish_sealing_key import PublishSealingKey
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.log.succession import sign_succession
from exchange_protocol.rules.directory import EMPTY_DIRECTORY
from exchange_protocol.rules.directory_changes import advance_directory
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.certificates import TrustAnchors, Usage
from exchange_protocol.trust.identity import AgencyId, Member, Role
from tests.support.statements import (
    AUDITOR,
    CARICC,
    COORDINATOR,
    KZ_FMA,
    KZ_MIA,
    OPERATOR,
    POLICY,
    START,
    UZ_FIU,
    Hub,
    fictional_cast,
    member,
)

TAX = EnrolAgency(AgencyId("kz.tax"), "Налоговая (fictional)", "KZ", AgencyType.TAX, "Asia/Almaty")
COMPROMISED = RevocationReason.KEY_COMPROMISE


def certificate(who: Member) -> PublishCertificate:
    return PublishCertificate(fictional_cast().issue(who).certificate)


def new_sealing_key() -> PublishSealingKey:
    return PublishSealingKey(SealingPrivateKey.generate().public_key.to_bytes())


def published_sealing_key() -> PublishSealingKey:
    return PublishSealingKey(
        fictional_cast().sealing_keys[AgencyId("kz.fma")].public_key.to_bytes()
    )


def revoke(who: Member) -> RevokeCertificate:
    return RevokeCertificate(fictional_cast().signers[who].fingerprint, COMPROMISED)


def tls_certificate() -> PublishCertificate:
    issued = fictional_cast().authority.issue_member(KZ_FMA, Usage.TLS_CLIENT, now=START)
    return PublishCertificate(issued.der)


def anothers_key() -> PublishCertificate:
    key = fictional_cast().signers[COORDINATOR].key
    who = member("caricc", Role.COORDINATOR, "second-name")
    return PublishCertificate(fictional_cast().issue(who, key=key).certificate)


LOG_NAME = "hub.exchange.example/log"
LOG_KEYS = [SoftwareSigner.generate_ed25519() for _ in range(3)]
LOG_VKEYS = [LogSigner(LOG_NAME, key).vkey for key in LOG_KEYS]


def log_key(old: int, new: int) -> PublishLogKey:
    signed = sign_succession(LOG_NAME, LOG_KEYS[old], LOG_KEYS[new])
    return PublishLogKey(
        signed.predecessor,
        signed.successor,
        signed.predecessor_signature,
        signed.successor_signature,
    )


def half_signed() -> PublishLogKey:
    """The thief of the old key has no new key's word, and the other way round."""
    body = log_key(0, 1)
    return replace(body, successor_signature=body.predecessor_signature)


def foreign_log_key() -> PublishLogKey:
    return replace(log_key(0, 1), successor=LogSigner("other.example/log", LOG_KEYS[1]).vkey)


OFFICER = member("kz.fma", Role.OFFICER, "new")
NOT_ENROLLED = member("kz.tax")

REFUSED: list[tuple[str, Member, Callable[[], Body], Reason]] = [
    ("enrolling by an agency", KZ_MIA, lambda: TAX, Reason.ROLE_NOT_PERMITTED),
    ("enrolling by a coordinator", COORDINATOR, lambda: TAX, Reason.ROLE_NOT_PERMITTED),
    ("policy by an agency", KZ_MIA, lambda: PublishPolicy(POLICY), Reason.ROLE_NOT_PERMITTED),
    ("policy by an auditor", AUDITOR, lambda: PublishPolicy(POLICY), Reason.ROLE_NOT_PERMITTED),
    ("another's certificate", UZ_FIU, lambda: certificate(OFFICER), Reason.ROLE_NOT_PERMITTED),
    ("own certificate by an officer", KZ_MIA,
     lambda: certificate(member("kz.mia", Role.OFFICER, "friend")), Reason.ROLE_NOT_PERMITTED),
    ("certificate of nobody", OPERATOR, lambda: certificate(NOT_ENROLLED),
     Reason.AGENCY_NOT_ENROLLED),
    ("certificate twice", OPERATOR,
     lambda: PublishCertificate(fictional_cast().signers[KZ_MIA].certificate),
     Reason.ALREADY_ENROLLED),
    ("one key under two names", OPERATOR, anothers_key, Reason.ALREADY_ENROLLED),
    ("TLS certificate", KZ_FMA, tls_certificate, Reason.CERTIFICATE_USAGE),
    ("garbage", KZ_FMA, lambda: PublishCertificate(b"garbage"), Reason.CERTIFICATE_INVALID),
    ("revoking another's", UZ_FIU, lambda: revoke(KZ_FMA), Reason.ROLE_NOT_PERMITTED),
    ("revoking the unknown", OPERATOR, lambda: RevokeCertificate(bytes(32), COMPROMISED),
     Reason.CERTIFICATE_UNKNOWN),
    ("sealing key by an officer", KZ_MIA, new_sealing_key, Reason.ROLE_NOT_PERMITTED),
    ("sealing key by an operator", OPERATOR, new_sealing_key, Reason.ROLE_NOT_PERMITTED),
    ("sealing key twice", KZ_FMA, published_sealing_key, Reason.ALREADY_ENROLLED),
    ("short sealing key", KZ_FMA, lambda: PublishSealingKey(b"short"), Reason.INVALID_FIELD),
    ("enrolling twice", OPERATOR,
     lambda: EnrolAgency(AgencyId("kz.fma"), "x", "KZ", AgencyType.FIU, "Asia/Almaty"),
     Reason.ALREADY_ENROLLED),
    ("log key by an agency", KZ_MIA, lambda: log_key(0, 1), Reason.ROLE_NOT_PERMITTED),
    ("log key that one key alone signed", OPERATOR, half_signed, Reason.SIGNATURE_INVALID),
    ("log key of another log", OPERATOR, foreign_log_key, Reason.INVALID_FIELD),
]  # fmt: skip


@pytest.mark.parametrize(
    ("author", "body", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused_with_its_reason(
    hub: Hub, author: Member, body: Callable[[], Body], reason: Reason
) -> None:
    before = hub.directory
    with pytest.raises(ExchangeError) as refused:
        hub.say(author, body())
    assert refused.value.reason is reason
    assert hub.directory is before


def test_the_keys_of_the_log_are_a_chain(hub: Hub) -> None:
    hub.say(OPERATOR, log_key(0, 1))
    assert hub.directory.log_keys == (LOG_VKEYS[0], LOG_VKEYS[1])
    for loop_or_second_successor in (log_key(0, 2), log_key(1, 0), log_key(2, 0)):
        with pytest.raises(ExchangeError) as refused:
            hub.say(OPERATOR, loop_or_second_successor)
        assert refused.value.reason is Reason.ALREADY_DECIDED
    hub.say(OPERATOR, log_key(1, 2))
    assert hub.directory.log_keys == tuple(LOG_VKEYS)


def test_an_agencys_system_brings_its_officers_and_takes_them_back(hub: Hub) -> None:
    signer = hub.cast.issue(OFFICER)
    hub.say(KZ_FMA, PublishCertificate(signer.certificate))
    assert hub.directory.certificates[signer.fingerprint].member == OFFICER
    hub.say(KZ_FMA, RevokeCertificate(signer.fingerprint, COMPROMISED))
    assert hub.directory.certificates[signer.fingerprint].revoked_at is not None
    with pytest.raises(ExchangeError) as refused:
        hub.say(KZ_FMA, RevokeCertificate(signer.fingerprint, COMPROMISED))
    assert refused.value.reason is Reason.ALREADY_DECIDED


def test_the_last_certificate_that_can_change_the_directory_stays(hub: Hub) -> None:
    hub.say(OPERATOR, revoke(CARICC))
    with pytest.raises(ExchangeError, match="publish another operator's certificate") as refused:
        hub.say(OPERATOR, revoke(OPERATOR))
    assert refused.value.reason is Reason.LAST_OPERATOR
    second = member("caricc", Role.OPERATOR, "second")
    hub.say(OPERATOR, PublishCertificate(hub.cast.issue(second).certificate))
    hub.say(OPERATOR, revoke(OPERATOR))
    with pytest.raises(ExchangeError) as refused:
        hub.say(OPERATOR, TAX)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED


@pytest.mark.parametrize("country", ["ZZ", "XX", "EU"])
def test_a_country_that_does_not_exist_is_refused(hub: Hub, country: str) -> None:
    with pytest.raises(ExchangeError, match="of a country"):
        hub.say(OPERATOR, replace(TAX, country=country))


def test_a_revoked_certificate_cannot_come_back(hub: Hub) -> None:
    hub.say(OPERATOR, revoke(KZ_MIA))
    with pytest.raises(ExchangeError) as refused:
        hub.say(OPERATOR, PublishCertificate(hub.cast.signers[KZ_MIA].certificate))
    assert refused.value.reason is Reason.ALREADY_ENROLLED


def test_a_member_may_renew_its_certificate_with_its_own_key(hub: Hub) -> None:
    renewed = hub.cast.issue(KZ_FMA, key=hub.cast.signers[KZ_FMA].key)
    hub.say(OPERATOR, PublishCertificate(renewed.certificate))
    assert renewed.fingerprint in hub.directory.certificates


def test_a_new_sealing_key_is_the_one_to_seal_to(hub: Hub) -> None:
    key = SealingPrivateKey.generate().public_key
    hub.say(KZ_FMA, PublishSealingKey(key.to_bytes()))
    assert hub.directory.sealing_key(AgencyId("kz.fma")) == key
    assert len(hub.directory.sealing_keys[AgencyId("kz.fma")]) == 2


def test_a_member_of_another_trust_domain_gets_no_place(hub: Hub, tmp_path: Path) -> None:
    """Though a root that is trusted too vouches for it, as after a merger of deployments."""
    other = Authority.create(tmp_path / "ca", "other.example", b"fictional passphrase", START)
    anchors = TrustAnchors.from_pem(hub.cast.authority.root_pem() + other.root_pem())
    stranger = Member("other.example", AgencyId("kz.fma"), Role.OFFICER, "new")
    issued = other.issue_member(stranger, Usage.SIGNING, now=START)
    draft = hub.compose(OPERATOR, PublishCertificate(issued.der))
    statement = parse_statement(encode_statement(draft))
    with pytest.raises(ExchangeError) as refused:
        advance_directory(hub.directory, statement, anchors, START)
    assert refused.value.reason is Reason.IDENTITY_INVALID


@pytest.mark.parametrize("first", [KZ_FMA, COORDINATOR, KZ_MIA])
def test_the_log_begins_with_an_operator(hub: Hub, first: Member) -> None:
    draft = hub.compose(first, PublishCertificate(hub.cast.signers[first].certificate))
    statement = parse_statement(encode_statement(draft))
    with pytest.raises(ExchangeError) as refused:
        advance_directory(EMPTY_DIRECTORY, statement, hub.cast.anchors, START)
    assert refused.value.reason is Reason.ROLE_NOT_PERMITTED


def test_what_is_not_there_is_named(hub: Hub) -> None:
    with pytest.raises(ExchangeError) as refused:
        hub.directory.agency(AgencyId("kz.tax"))
    assert refused.value.reason is Reason.AGENCY_UNKNOWN
    hub.say(OPERATOR, TAX)
    with pytest.raises(ExchangeError) as refused:
        hub.directory.sealing_key(AgencyId("kz.tax"))
    assert refused.value.reason is Reason.SEALING_KEY_UNKNOWN


def test_a_new_key_keeps_the_rulebook_and_a_new_agency_makes_another(hub: Hub) -> None:
    before = hub.directory.rulebook
    hub.say(KZ_FMA, new_sealing_key())
    assert hub.directory.rulebook is before
    hub.say(OPERATOR, TAX)
    assert hub.directory.rulebook is not before
    hub.change_policy(POLICY + "\n")
    assert hub.directory.rulebook.policy.text == POLICY + "\n"
