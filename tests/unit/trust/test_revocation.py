"""Revocation counts from its time, and only where the issuer says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    RevocationList,
    Revocations,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_certificate,
)
from exchange_protocol.trust.chains import key_fingerprint

from .conftest import MEMBER, NOW, Issuer, key_usage, make_issuer

HOUR = timedelta(hours=1)


def certificate(issuer: Issuer, root: Issuer) -> VerifiedCertificate:
    intermediates = [] if issuer is root else [issuer.der]
    der = issuer.issue(MEMBER)
    return verify_certificate(der, intermediates, root.anchors, usage=Usage.SIGNING, at=NOW)


def refusal_of_list(pem: bytes, root: Issuer, *intermediates: bytes) -> Reason:
    with pytest.raises(ExchangeError) as refused:
        RevocationList.from_pem(pem, root.anchors, intermediates)
    return refused.value.reason


def test_list_names_the_revoked_and_since_when(root: Issuer) -> None:
    revoked, good = certificate(root, root), certificate(root, root)
    crl = RevocationList.from_pem(root.revoke(revoked.serial), root.anchors)
    assert crl.is_revoked(revoked)
    assert not crl.is_revoked(good)
    assert crl.revoked_at(revoked.serial) == NOW
    assert crl.revoked_at(good.serial) is None
    assert crl.next_update == NOW + timedelta(days=7)
    assert RevocationList.from_der(crl.der, root.anchors) == crl


def test_certificate_counts_until_it_was_revoked(root: Issuer) -> None:
    revoked = certificate(root, root)
    revocations = Revocations.from_pem(root.revoke(revoked.serial), root.anchors)
    revocations.verify_not_revoked(revoked, NOW - timedelta(seconds=1))
    with pytest.raises(ExchangeError) as refused:
        revocations.verify_not_revoked(revoked, NOW)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED
    assert "2026-03-01T12:00:00" in refused.value.message


def test_issuer_without_a_list_is_not_trusted(root: Issuer) -> None:
    with pytest.raises(ExchangeError) as refused:
        Revocations.of([]).verify_not_revoked(certificate(root, root), NOW)
    assert refused.value.reason is Reason.CERTIFICATE_UNTRUSTED


def test_revoked_intermediate_takes_its_certificates_along(root: Issuer) -> None:
    national = make_issuer("fictional national authority", root)
    member = certificate(national, root)
    pem = root.revoke(national.certificate.serial_number) + national.revoke()
    revocations = Revocations.from_pem(pem, root.anchors, [national.der])
    assert len(revocations.lists) == 2
    with pytest.raises(ExchangeError) as refused:
        revocations.verify_not_revoked(member, NOW)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED


def test_certificate_of_an_issuer_may_stand_among_the_lists(root: Issuer) -> None:
    """As a hub reads them, which knows no other certificates than its roots."""
    national = make_issuer("fictional national authority", root)
    member = certificate(national, root)
    lists = root.revoke() + national.revoke(member.serial)
    with pytest.raises(ExchangeError, match=r"list 2 of the 2 in the file: .* put it into the"):
        Revocations.from_pem(lists, root.anchors)
    revocations = Revocations.from_pem(national.pem + lists, root.anchors)
    with pytest.raises(ExchangeError) as refused:
        revocations.verify_not_revoked(member, NOW)
    assert refused.value.reason is Reason.CERTIFICATE_REVOKED
    # A certificate there is no anchor: it needs a chain to one.
    stranger = make_issuer("fictional stranger", make_issuer())
    with pytest.raises(ExchangeError) as refused:
        Revocations.from_pem(stranger.pem + stranger.revoke(), root.anchors)
    assert refused.value.reason is Reason.CERTIFICATE_UNTRUSTED
    damaged = national.pem.replace(b"MII", b"AAA", 1)
    with pytest.raises(ExchangeError, match="a certificate in its file does not parse"):
        Revocations.from_pem(damaged + lists, root.anchors)


def test_list_of_one_issuer_says_nothing_about_anothers_serials(root: Issuer) -> None:
    national = make_issuer("fictional national authority", root)
    member = certificate(national, root)
    crl = RevocationList.from_pem(root.revoke(member.serial), root.anchors)
    assert not crl.is_revoked(member)


def test_newest_list_counts_whatever_the_order(root: Issuer) -> None:
    member = certificate(root, root)
    old = root.revoke(at=NOW - HOUR)
    new = root.revoke(member.serial)
    for pem in (old + new, new + old):
        with pytest.raises(ExchangeError):
            Revocations.from_pem(pem, root.anchors).verify_not_revoked(member, NOW)


def test_list_is_out_of_date_after_its_next_update(root: Issuer) -> None:
    member = certificate(root, root)
    revocations = Revocations.from_pem(root.revoke(next_update=NOW + HOUR), root.anchors)
    revocations.verify_current(member, NOW + HOUR)
    with pytest.raises(ExchangeError, match="newer revocation list of CN=") as refused:
        revocations.verify_current(member, NOW + HOUR + timedelta(seconds=1))
    assert refused.value.reason is Reason.CERTIFICATE_UNTRUSTED


def test_an_authority_that_falls_silent_stops_its_own_members_alone(root: Issuer) -> None:
    national = make_issuer("fictional national authority", root)
    lists = Revocations.from_pem(
        root.revoke(next_update=NOW + HOUR * 9) + national.revoke(next_update=NOW + HOUR),
        root.anchors,
        [national.der],
    )
    late = NOW + HOUR * 2
    lists.verify_current(certificate(root, root), late)
    with pytest.raises(ExchangeError, match="list of CN=fictional national authority was due"):
        lists.verify_current(certificate(national, root), late)


def test_list_that_no_anchor_signed_is_refused(root: Issuer) -> None:
    assert refusal_of_list(make_issuer().revoke(), root) is Reason.CERTIFICATE_UNTRUSTED
    assert refusal_of_list(make_issuer("x").revoke(), root) is Reason.CERTIFICATE_UNTRUSTED


def test_intermediate_signs_lists_only_under_an_anchor(root: Issuer) -> None:
    stranger = make_issuer("fictional stranger", make_issuer())
    reason = refusal_of_list(stranger.revoke(), root, stranger.der)
    assert reason is Reason.CERTIFICATE_UNTRUSTED
    purposes = [Usage.SIGNING.value]
    national = make_issuer("fictional national authority", root, purposes=purposes)
    RevocationList.from_pem(national.revoke(), root.anchors, [national.der])
    assert refusal_of_list(national.revoke(), root) is Reason.CERTIFICATE_UNTRUSTED


def test_issuer_that_may_not_sign_lists_is_refused() -> None:
    only_certificates = make_issuer(usage=key_usage(key_cert_sign=True))
    reason = refusal_of_list(only_certificates.revoke(), only_certificates)
    assert reason is Reason.CERTIFICATE_UNTRUSTED


def test_delta_list_is_refused(root: Issuer) -> None:
    pem = root.revoke(extra=[(x509.DeltaCRLIndicator(1), True)])
    assert refusal_of_list(pem, root) is Reason.CERTIFICATE_INVALID


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", b"text"]
)
def test_text_that_is_no_list_is_refused(root: Issuer, pem: bytes) -> None:
    assert refusal_of_list(pem, root) is Reason.CERTIFICATE_INVALID
    with pytest.raises(ExchangeError):
        Revocations.from_pem(pem, root.anchors)


def test_altered_list_is_refused(root: Issuer) -> None:
    der = bytearray(x509.load_pem_x509_crl(root.revoke(7)).public_bytes(Encoding.DER))
    der[-1] ^= 1
    with pytest.raises(ExchangeError):
        RevocationList.from_der(bytes(der), root.anchors)


def test_issuer_whose_certificate_was_renewed_signs_lists_with_either(root: Issuer) -> None:
    """The certificate before has ended, and stands first in the file beside the list."""
    name = "fictional national authority"
    old = make_issuer(name, root, ends=-timedelta(days=1))
    new = make_issuer(name, root, key=old.key)
    for pair in ((old, new), (new, old)):
        pem = new.revoke(7) + b"".join(each.pem for each in pair)
        [found] = Revocations.from_pem(pem, root.anchors).lists.values()
        assert found.revoked_at(7) == NOW
        assert found.issuer_ends == NOW + timedelta(days=365)
    assert refusal_of_list(old.revoke(7) + old.pem, root, old.der) is Reason.CERTIFICATE_UNTRUSTED


def test_newer_lists_are_awaited_of_issuers_that_still_certify(root: Issuer) -> None:
    ended = make_issuer("fictional root of before", ends=timedelta(days=2))
    anchors = TrustAnchors.from_pem(ended.pem + root.pem)
    revocations = Revocations.from_pem(ended.revoke() + root.revoke(), anchors)

    def awaited(days: int) -> set[bytes]:
        return {each.issuer_key for each in revocations.awaited(NOW + timedelta(days=days))}

    both = {_key(ended), _key(root)}
    assert (awaited(0), awaited(3), awaited(400)) == (both, {_key(root)}, both)


def _key(issuer: Issuer) -> bytes:
    return key_fingerprint(issuer.certificate)
