"""The authority: one root key, the certificates that it signs, and the list of those it took back.

    DIR/            0700
      root.key      0600   private key of the root, encrypted
      root.pem             its certificate: what everyone trusts
      crl.pem              the revocation list, replaced whole with each revocation
      index.json           what was issued (`records`)

Rules of this module:

- The clock is the caller's. Times are cut to whole seconds, as certificates hold no more.
- A certificate enters the index before anyone gets it, so each can be revoked.
- Writers of one directory take turns by a lock on it; the index is read anew under the lock.
- An identity comes from the caller alone. Of a certificate signing request only the key is taken.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_certs.names import dns_names as read_dns_names
from exchange_certs.names import ip_addresses as read_ip_addresses
from exchange_certs.names import verify_trust_domain
from exchange_certs.profiles import end_certificate, revocation_list, root_certificate
from exchange_certs.records import (
    INDEX_FILE,
    Index,
    Record,
    RevocationReason,
    encode_index,
    read_index,
    write_index,
)
from exchange_files import PUBLIC, NewFile, new_folder, replace_file
from exchange_keys import check_guarded_folder, encrypted_pem, load_ec_key, read_pinned
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    CURVES,
    TrustAnchors,
    Usage,
    fingerprint,
    verify_chain,
)
from exchange_protocol.trust.identity import HubIdentity, Member

ROOT_KEY_FILE: Final = "root.key"
ROOT_FILE: Final = "root.pem"
CRL_FILE: Final = "crl.pem"

ROOT_DAYS: Final = 3650
DEFAULT_DAYS: Final = 365
CRL_DAYS: Final = 30
"""The span for which a revocation list counts as current; `refresh_crl` makes a newer one."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""Certificates start this much in the past, for machines whose clocks are behind."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A new certificate, and its private key where this authority generated it."""

    certificate: x509.Certificate
    identity: Member | HubIdentity
    usage: Usage
    key: ec.EllipticCurvePrivateKey | None = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate, 32 bytes."""
        return fingerprint(self.der)

    @property
    def serial(self) -> int:
        """The serial number."""
        return self.certificate.serial_number


Keep: TypeAlias = Callable[[IssuedCertificate], AbstractContextManager[None]]


def _keep_nothing(_: IssuedCertificate) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority whose root key is at hand; made by `create` or `open`."""

    directory: Path
    trust_domain: str
    root: x509.Certificate
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, directory: Path, trust_domain: str, passphrase: bytes, now: datetime) -> Self:
        """Make a root and an empty revocation list in a new or empty directory.

        Raises CONFIG_INVALID where the directory holds something, IDENTITY_INVALID for a bad trust
        domain, INVALID_FIELD for one that is too long, KEY_UNAVAILABLE for a short passphrase.
        """
        verify_trust_domain(trust_domain)
        HubIdentity(trust_domain, "hub")  # a trust domain that no identity could carry is refused
        key = ec.generate_private_key(ec.SECP256R1())
        start = now.replace(microsecond=0) - CLOCK_SKEW
        root = root_certificate(key, trust_domain, start, start + timedelta(days=ROOT_DAYS))
        authority = cls(directory, trust_domain, root, key)
        index = Index(trust_domain, crl_number=1)
        # The index comes last: without one there is no authority.
        with new_folder(
            directory,
            NewFile(directory / ROOT_KEY_FILE, encrypted_pem(key, passphrase)),
            NewFile(directory / ROOT_FILE, root.public_bytes(Encoding.PEM), PUBLIC),
            NewFile(directory / CRL_FILE, authority._list(index, now), PUBLIC),
            NewFile(directory / INDEX_FILE, encode_index(index), PUBLIC),
        ):
            pass
        return authority

    @classmethod
    def open(cls, directory: Path, passphrase: bytes) -> Self:
        """Open an authority; raises CONFIG_INVALID where there is none, or KEY_UNAVAILABLE."""
        index = read_index(directory)
        check_guarded_folder(directory, Reason.CONFIG_INVALID)
        key = load_ec_key(directory / ROOT_KEY_FILE, passphrase)
        pem = read_pinned(directory / ROOT_FILE, Reason.CONFIG_INVALID)
        root = x509.load_pem_x509_certificate(pem)
        if root.public_key() != key.public_key():
            raise Reason.CONFIG_INVALID.error(
                f"expected root.key and root.pem of {directory} to belong together"
            )
        return cls(directory, index.trust_domain, root, key)

    def issue_member(
        self,
        member: Member,
        usage: Usage,
        *,
        now: datetime,
        days: int = DEFAULT_DAYS,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        public_key: ec.EllipticCurvePublicKey | None = None,
        second_key: MLDSA65PublicKey | None = None,
        keep: Keep = _keep_nothing,
    ) -> IssuedCertificate:
        """Issue a TLS_CLIENT or SIGNING certificate to a member.

        Without `public_key` a key is generated and returned. A SIGNING certificate may hold a
        second key. Without `not_after` the certificate ends `days` after `now`. `keep` holds the
        files of the certificate: they appear when it is
        in the index, and if it cannot be, they do not.

        Raises INVALID_FIELD for a validity that is empty or outlives the root, IDENTITY_INVALID for
        another trust domain, CERTIFICATE_USAGE for TLS_SERVER and for a second key of TLS_CLIENT.
        """
        if usage is Usage.TLS_SERVER:
            raise Reason.CERTIFICATE_USAGE.error("only a hub gets a TLS_SERVER certificate")
        if second_key is not None and usage is not Usage.SIGNING:
            raise Reason.CERTIFICATE_USAGE.error("only a SIGNING certificate holds a second key")
        start, end = self._validity(now, days, not_before, not_after)
        return self._issue(member, usage, start, end, public_key, keep, second_key=second_key)

    def issue_hub(
        self,
        hub: HubIdentity,
        *,
        now: datetime,
        dns_names: Sequence[str] = (),
        ip_addresses: Sequence[str] = (),
        days: int = DEFAULT_DAYS,
        not_before: datetime | None = None,
        public_key: ec.EllipticCurvePublicKey | None = None,
        keep: Keep = _keep_nothing,
    ) -> IssuedCertificate:
        """Issue a hub's TLS_SERVER certificate for the addresses at which clients reach it.

        Raises as `issue_member` does, and INVALID_FIELD without an address or for a bad one.
        """
        if not dns_names and not ip_addresses:
            raise Reason.INVALID_FIELD.error("expected a DNS name or an IP address of the hub")
        start, end = self._validity(now, days, not_before, None)
        names: list[x509.GeneralName] = [x509.DNSName(each) for each in read_dns_names(dns_names)]
        names += [x509.IPAddress(each) for each in read_ip_addresses(ip_addresses)]
        return self._issue(hub, Usage.TLS_SERVER, start, end, public_key, keep, names)

    def verify_days(self, now: datetime, days: int) -> None:
        """Verify that a certificate may be issued now for so long; raises INVALID_FIELD."""
        self._validity(now, days, None, None)

    def revoke(
        self,
        serial: int,
        reason: RevocationReason,
        *,
        now: datetime,
        shown: x509.Certificate | None = None,
    ) -> Record:
        """Revoke a certificate and publish the list anew.

        Revoking twice keeps the first time and reason, and publishes again: so a revocation that
        was cut short is completed by repeating it. `shown` is the certificate itself, where it is
        at hand: an index that was brought back from a backup lacks what was issued after it. Raises
        CERTIFICATE_UNKNOWN.
        """
        with self._locked():
            index = read_index(self.directory)
            records = {record.serial: record for record in index.records}
            if serial not in records:
                records[serial] = self._record_of(serial, shown)
            if records[serial].revoked_at is None:
                moment = now.replace(microsecond=0)
                records[serial] = replace(records[serial], revoked_at=moment, reason=reason)
            self._publish(replace(index, records=tuple(records.values())), now)
            return records[serial]

    def refresh_crl(self, *, now: datetime) -> None:
        """Publish the revocation list anew, current for another `CRL_DAYS`."""
        with self._locked():
            self._publish(read_index(self.directory), now)

    def records(self) -> tuple[Record, ...]:
        """The issued certificates, oldest first."""
        return read_index(self.directory).records

    def crl_pem(self) -> bytes:
        """The published revocation list in PEM."""
        return (self.directory / CRL_FILE).read_bytes()

    def root_pem(self) -> bytes:
        """The root certificate in PEM."""
        return self.root.public_bytes(Encoding.PEM)

    def _validity(
        self, now: datetime, days: int, start: datetime | None, end: datetime | None
    ) -> tuple[datetime, datetime]:
        if start is not None and start < self.root.not_valid_before_utc:
            raise Reason.INVALID_FIELD.error(
                "expected a first moment not before the root's own, "
                f"{self.root.not_valid_before_utc.isoformat()}; got {start.isoformat()}",
                field="not_before",
            )
        # The root starts this much in the past too, so a certificate may be issued at once.
        begins = max(start or now - CLOCK_SKEW, self.root.not_valid_before_utc)
        most = (self.root.not_valid_after_utc - now) // timedelta(days=1)
        if end is None and not 0 < days <= most:
            until = self.root.not_valid_after_utc.isoformat()
            raise Reason.INVALID_FIELD.error(
                f"expected from 1 to {most} days, for the root ends at {until}; got {days}"
                if most > 0
                else f"the root of this authority ends at {until}: make a new one",
                field="days",
            )
        ends = end or now + timedelta(days=days)
        if not begins < ends <= self.root.not_valid_after_utc:
            raise Reason.INVALID_FIELD.error(
                f"expected a validity inside the root's, which ends "
                f"{self.root.not_valid_after_utc.isoformat()}; got {begins.isoformat()} "
                f"to {ends.isoformat()}"
            )
        return begins.replace(microsecond=0), ends.replace(microsecond=0)

    def _issue(
        self,
        identity: Member | HubIdentity,
        usage: Usage,
        start: datetime,
        end: datetime,
        public_key: ec.EllipticCurvePublicKey | None,
        keep: Keep,
        names: Sequence[x509.GeneralName] = (),
        second_key: MLDSA65PublicKey | None = None,
    ) -> IssuedCertificate:
        if identity.trust_domain != self.trust_domain:
            raise Reason.IDENTITY_INVALID.error(
                f"expected an identity of {self.trust_domain}; got {identity}"
            )
        key = None
        if public_key is None:
            key = ec.generate_private_key(ec.SECP256R1())
            public_key = key.public_key()
        elif public_key.curve.name not in CURVES:
            raise Reason.INVALID_FIELD.error(
                f"expected a key on P-256 or P-384; got {public_key.curve.name}"
            )
        try:
            certificate = end_certificate(
                self.root,
                self._key,
                identity,
                usage,
                public_key,
                start,
                end,
                names=names,
                second_key=second_key,
            )
        except ValueError as error:
            raise Reason.INVALID_FIELD.error(str(error)) from None
        issued = IssuedCertificate(certificate, identity, usage, key)
        record = Record(issued.serial, identity.uri, usage, issued.fingerprint.hex(), start, end)
        with self._locked(), keep(issued):
            index = read_index(self.directory)
            write_index(self.directory, replace(index, records=(*index.records, record)))
        return issued

    def _record_of(self, serial: int, shown: x509.Certificate | None) -> Record:
        """The record of a certificate that the index lacks and this root has signed.

        Raises CERTIFICATE_UNKNOWN for any other.
        """
        anchors = TrustAnchors.from_pem(self.root_pem())
        if shown is not None:
            der = shown.public_bytes(Encoding.DER)
            start, end = shown.not_valid_before_utc, shown.not_valid_after_utc
            for usage in Usage:
                with suppress(ExchangeError):
                    found = verify_chain(der, (), anchors, usage=usage, at=start)
                    digest = found.fingerprint.hex()
                    return Record(serial, found.identity.uri, usage, digest, start, end)
        raise Reason.CERTIFICATE_UNKNOWN.error(
            f"this authority has issued no certificate with serial number {serial:x}. If its index "
            "was brought back from a backup, name the certificate's file in place of the number"
        )

    def _publish(self, index: Index, now: datetime) -> None:
        """Write the index, then the list; cut short in between, the next publication catches up."""
        index = replace(index, crl_number=index.crl_number + 1)
        write_index(self.directory, index)
        replace_file(self.directory / CRL_FILE, self._list(index, now), mode=PUBLIC)

    def _list(self, index: Index, now: datetime) -> bytes:
        """The signed revocation list of an index, in PEM."""
        revoked = [
            (record.serial, record.revoked_at, record.reason.flag)
            for record in index.records
            if record.revoked_at is not None and record.reason is not None
        ]
        moment = now.replace(microsecond=0)
        crl = revocation_list(
            self.root, self._key, revoked, index.crl_number, moment, moment + timedelta(CRL_DAYS)
        )
        return crl.public_bytes(Encoding.PEM)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)  # which unlocks
