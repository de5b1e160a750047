"""Revocation lists: the certificates that their issuers have taken back.

Rules of this module:

- A `RevocationList` is always verified: it is made only from a CRL that a trust anchor, or an
  authority with a chain to one, has signed. A list of one issuer says nothing about another's
  certificates; issuers are told apart by their key.
- Revocation counts from its own time: what a member signed before stays provable. For a use now a
  certificate that is on the list is revoked, whatever the time beside it.
- Lists of an issuer are ordered by their number, where they have one, and else by their time.
- No list, no trust: a chain with an issuer whose list is not loaded is refused.
- An overdue list stops those whose certificates its issuer made, and nobody else: one authority
  that falls silent is no reason to refuse another's members.
- Left to the caller: to fetch newer lists, and to refuse old ones (`verify_current`).

Source: RFC 5280, sections 5 and 6.3. Delta and indirect CRLs are refused, as is any other CRL with
a critical extension.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.chains import (
    UNREADABLE,
    Link,
    TrustAnchors,
    VerifiedCertificate,
    find_chain,
    key_fingerprint,
    parse_certificate,
)

_PEM: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_ISSUER_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """The certificates that one issuer has revoked."""

    der: bytes = field(repr=False)
    issuer_key: bytes
    """`key_fingerprint` of the issuer's public key."""
    issuer: str
    """The issuer's name, in the form of RFC 4514."""
    this_update: datetime
    next_update: datetime
    """The time by which the issuer publishes a newer list."""
    issuer_ends: datetime
    """The end of the issuer's last certificate: it certifies nobody after it."""
    number: int | None
    """The issuer's own count of its lists, which no clock can turn back; None if it counts none."""
    revoked: Mapping[int, datetime] = field(repr=False)
    """Serial number to time of revocation."""

    @classmethod
    def from_der(
        cls, der: bytes, anchors: TrustAnchors, intermediates: Sequence[bytes] = ()
    ) -> Self:
        """Parse and verify one CRL.

        1. It parses, has a next update and no critical extension: CERTIFICATE_INVALID.
        2. An anchor or intermediate of the issuer's name and with key usage cRLSign has signed it,
           and has a chain to an anchor at the CRL's own time: CERTIFICATE_UNTRUSTED. An issuer may
           have several certificates of one key, such as a renewed one or those of two roots: it
           takes one of them.
        """
        others = [parse_certificate(each) for each in intermediates]
        try:
            crl = x509.load_der_x509_crl(der)
            this_update, next_update = crl.last_update_utc, crl.next_update_utc
            critical = any(extension.critical for extension in crl.extensions)
            numbers = [
                each.value.crl_number
                for each in crl.extensions
                if isinstance(each.value, x509.CRLNumber)
            ]
            revoked = {each.serial_number: each.revocation_date_utc for each in crl}
            issuers = _issuers_of(crl, (*anchors.certificates, *others))
            name = crl.issuer.rfc4514_string()
        except UNREADABLE:
            raise _malformed(f"{len(der)} bytes do not parse") from None
        if next_update is None or critical:
            raise _malformed("it has no next update, or a critical extension")
        if not issuers:
            raise Reason.CERTIFICATE_UNTRUSTED.error(
                "expected a revocation list that a trust anchor has signed, or an authority below "
                "one whose certificate is at hand: put it into the file of the lists"
            )
        _verify_issuer(issuers, others, anchors, this_update)
        return cls(
            der=der,
            issuer_key=key_fingerprint(issuers[0]),
            issuer=name,
            this_update=this_update,
            next_update=next_update,
            issuer_ends=max(each.not_valid_after_utc for each in issuers),
            number=numbers[0] if numbers else None,
            revoked=MappingProxyType(revoked),
        )

    @classmethod
    def from_pem(
        cls, pem: bytes, anchors: TrustAnchors, intermediates: Sequence[bytes] = ()
    ) -> Self:
        """Parse and verify one CRL in PEM, as `from_der` does."""
        try:
            der = x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
        except UNREADABLE:
            raise _malformed("the PEM does not parse") from None
        return cls.from_der(der, anchors, intermediates)

    def revoked_at(self, serial: int) -> datetime | None:
        """Find when the certificate of this serial number was revoked; None if it is not."""
        return self.revoked.get(serial)

    def is_revoked(self, certificate: VerifiedCertificate) -> bool:
        """True if this list's issuer has revoked the certificate, or an intermediate above it."""
        return any(self._names(link) for link in certificate.links)

    def verify_current(self, at: datetime) -> None:
        """Verify that the list is not past its next update; raises CERTIFICATE_UNTRUSTED."""
        if self.next_update < at:
            raise Reason.CERTIFICATE_UNTRUSTED.error(
                f"a newer revocation list of {self.issuer} was due at "
                f"{self.next_update.astimezone(UTC).isoformat()}"
            )

    def _names(self, link: Link) -> bool:
        return link.issuer_key == self.issuer_key and link.serial in self.revoked


@dataclass(frozen=True, slots=True)
class Revocations:
    """The newest list of each issuer."""

    lists: Mapping[bytes, RevocationList] = field(repr=False)
    """The newest lists, by `RevocationList.issuer_key`."""

    @classmethod
    def of(cls, lists: Sequence[RevocationList]) -> Self:
        """Keep the newest list of each issuer, by its number."""
        ordered = sorted(lists, key=lambda each: (each.number or 0, each.this_update))
        return cls(MappingProxyType({each.issuer_key: each for each in ordered}))

    @classmethod
    def from_pem(
        cls, pem: bytes, anchors: TrustAnchors, intermediates: Sequence[bytes] = ()
    ) -> Self:
        """Parse and verify one or more CRLs in PEM, with certificates of issuers among them.

        An issuer below an anchor is verified as any other; its certificate only has to be at hand.
        Raises as `RevocationList.from_der` does; among several lists the error says which.
        """
        found = _PEM.findall(pem)
        if not found:
            raise _malformed("the PEM holds no CRL")
        others = [*intermediates, *_issuers(pem)]
        lists = []
        for number, each in enumerate(found, start=1):
            try:
                lists.append(RevocationList.from_pem(each, anchors, others))
            except ExchangeError as error:
                if len(found) == 1:
                    raise
                which = f"list {number} of the {len(found)} in the file"
                raise error.reason.error(f"{which}: {error.message}") from None
        return cls.of(lists)

    def awaited(self, at: datetime) -> Sequence[RevocationList]:
        """The lists of issuers that still certify at a time, so that newer ones are due.

        An issuer that has ended publishes no more, and needs not: its certificates have ended too.
        Where all have ended, all are given.
        """
        every = tuple(self.lists.values())
        return tuple(each for each in every if each.issuer_ends >= at) or every

    def verify_not_revoked(self, certificate: VerifiedCertificate, at: datetime) -> None:
        """Verify that neither the certificate nor an intermediate was revoked at a time.

        Raises CERTIFICATE_REVOKED, or CERTIFICATE_UNTRUSTED where an issuer's list is not loaded.
        """
        for link in certificate.links:
            since = self._of_issuer(link).revoked_at(link.serial)
            if since is not None and since <= at:
                raise Reason.CERTIFICATE_REVOKED.error(
                    f"the certificate of {certificate.identity}, or one above it, was revoked at "
                    f"{since.astimezone(UTC).isoformat()}"
                )

    def verify_not_listed(self, certificate: VerifiedCertificate) -> None:
        """Verify that neither the certificate nor an intermediate is on a list, for a use now.

        The date on a list comes from the issuer's clock, and may be tomorrow's where that is wrong.
        Raises as `verify_not_revoked` does.
        """
        self.verify_not_revoked(certificate, datetime.max.replace(tzinfo=UTC))

    def verify_current(self, certificate: VerifiedCertificate, at: datetime) -> None:
        """Verify that no list of an issuer of the certificate is past its next update.

        Raises CERTIFICATE_UNTRUSTED, also where an issuer's list is not loaded.
        """
        for link in certificate.links:
            self._of_issuer(link).verify_current(at)

    def _of_issuer(self, link: Link) -> RevocationList:
        if link.issuer_key not in self.lists:
            raise Reason.CERTIFICATE_UNTRUSTED.error(
                "no revocation list is loaded of the issuer whose key has the SHA-256 "
                f"{link.issuer_key.hex()}"
            )
        return self.lists[link.issuer_key]


def _issuers(pem: bytes) -> list[bytes]:
    """Take the certificates in a file of lists, in DER; nothing of them is verified yet."""
    try:
        return [
            x509.load_pem_x509_certificate(each).public_bytes(Encoding.DER)
            for each in _ISSUER_PEM.findall(pem)
        ]
    except UNREADABLE:
        raise _malformed("a certificate in its file does not parse") from None


def _issuers_of(
    crl: x509.CertificateRevocationList, candidates: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """The certificates of the key that signed a list."""
    return [each for each in candidates if each.subject == crl.issuer and _has_signed(each, crl)]


def _verify_issuer(
    issuers: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    anchors: TrustAnchors,
    at: datetime,
) -> None:
    """Verify that one of an issuer's certificates is trusted; raises CERTIFICATE_UNTRUSTED."""
    why: ExchangeError | None = None
    for each in issuers:
        if each in anchors.certificates:
            return
        try:
            find_chain(each, others, anchors, at=at, usage=None)
        except ExchangeError as error:
            why = why or error
        else:
            return
    if why is not None:
        raise why


def _has_signed(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    try:
        may_sign = issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return False
    return may_sign and crl.is_signature_valid(key)


def _malformed(why: str) -> ExchangeError:
    return Reason.CERTIFICATE_INVALID.error(f"expected a complete revocation list: {why}")
