"""The keys of a profile: what opens its channel, what signs, what opens sealed parts.

A certificate must lead to the pinned root, have its usage, and belong to the key beside it. Its
validity is asked when it is used: an expired one must still be able to read the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agency_client.state.key_files import Stamp, stamp_of
from agency_client.state.keys import PASSPHRASE_VARIABLE, UnusableKey, Vault, load_sealing_keys
from agency_client.state.profile_file import checked, invalid, read_named, read_tables
from exchange_keys import (
    TlsKey,
    TokenTlsKey,
    certificate_chain,
    load_client_tls_key,
    load_signer,
    read_passphrase,
)
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.signer import Signer, SigningPublicKey
from exchange_protocol.trust.certificates import (
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_chain,
)
from exchange_protocol.trust.identity import AgencyId


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """The certificate and key that open the channel."""

    certificate: VerifiedCertificate
    certificate_pem: bytes = field(repr=False)
    """The certificate, and its intermediates where it has some."""
    key: TlsKey | TokenTlsKey
    stamp: Stamp = field(default=(), repr=False, compare=False)
    """The files of the profile when it was loaded from them."""
    shown: list[bytes] = field(default_factory=list, repr=False, compare=False)
    """SHA-256 of each certificate that this process has opened channels with, the newest last."""

    def __post_init__(self) -> None:
        if not self.shown:
            self.shown.append(self.certificate.fingerprint)

    def key_pem(self) -> bytes:
        """The key without encryption; it never goes to disk.

        Raises KEY_UNAVAILABLE for a key in a token, which nobody sees.
        """
        if isinstance(self.key, TokenTlsKey):
            raise Reason.KEY_UNAVAILABLE.error("expected the TLS key in a file; it is in a token")
        return self.key.plain_pem()

    @property
    def trouble(self) -> ExchangeError | None:
        """The reason for which a token did not sign the last handshake; None where it did."""
        return self.key.trouble if isinstance(self.key, TokenTlsKey) else None

    @property
    def is_signing(self) -> bool:
        """True while a handshake waits for a token."""
        return isinstance(self.key, TokenTlsKey) and self.key.is_signing


def load_tls(
    folder: Path, table: Mapping[str, str], anchors: TrustAnchors, passphrase: bytes
) -> TlsIdentity:
    """The keys that open the channel, as the table [tls] names it."""
    stamp = stamp_of(folder)
    path = folder / table["certificate"]
    pem = read_named(folder, table["certificate"], "tls.certificate")
    certificate = _certificate(path, pem, anchors, Usage.TLS_CLIENT, "tls.certificate")
    key = load_client_tls_key(folder / table["key"], passphrase)
    _check_pair(certificate.public_key, key.public_key, "tls.key")
    return TlsIdentity(certificate, pem, key, stamp)


def load_vault(
    folder: Path,
    tables: Mapping[str, Any],
    agency: AgencyId,
    anchors: TrustAnchors,
    passphrase: bytes,
) -> Vault:
    """The keys that sign and open, as the tables [signing] and [sealing] name it.

    They are loaded anew when their files are others, without a passphrase that a person typed.
    """
    renewed = _Renewed(folder, agency, anchors)
    return _load_vault(folder, tables, agency, anchors, passphrase, renewed)


def _load_vault(
    folder: Path,
    tables: Mapping[str, Any],
    agency: AgencyId,
    anchors: TrustAnchors,
    passphrase: bytes,
    renewed: Callable[[], Vault | None],
) -> Vault:
    directory = tables.get("sealing", {}).get("directory", "sealing")
    sealing = load_sealing_keys(folder / directory, passphrase)
    table = tables.get("signing")
    if table is None:
        return Vault.of(agency, None, None, sealing.keys, sealing.unusable, renewed=renewed)
    path = folder / table["certificate"]
    pem = read_named(folder, table["certificate"], "signing.certificate")
    certificate = _certificate(path, pem, anchors, Usage.SIGNING, "signing.certificate")
    if certificate.member.agency != agency:
        raise invalid(
            f"expected a certificate of {agency}, as for TLS; got one of {certificate.member}",
            "signing.certificate",
        )
    # Content can still be read; an attempt to sign is told why not.
    unusable = [*sealing.unusable]
    key = _signer(folder / table["key"], passphrase, unusable)
    if key is not None:
        _check_pair(certificate.public_key, key.public_key, "signing.key")
    second = None
    if "post_quantum_key" in table:
        second = _signer(folder / table["post_quantum_key"], passphrase, unusable)
    if second is not None:
        named = certificate.post_quantum_key
        _check_pair(named, second.public_key, "signing.post_quantum_key")
    return Vault.of(agency, certificate, key, sealing.keys, unusable, second, renewed=renewed)


class _Renewed:
    """Loads the keys of a profile anew, once for each time that their files have changed."""

    def __init__(self, folder: Path, agency: AgencyId, anchors: TrustAnchors) -> None:
        self._folder = folder
        self._agency = agency
        self._anchors = anchors
        self._stamp = stamp_of(folder)

    def __call__(self) -> Vault | None:
        """The keys as they are now; None where they are the same, or cannot be used."""
        stamp, folder = stamp_of(self._folder), self._folder
        if stamp == self._stamp:
            return None
        try:
            tables = read_tables(folder)
            passphrase = passphrase_of(folder, tables)
            new = _load_vault(folder, tables, self._agency, self._anchors, passphrase, self)
        except OSError:
            return None
        except ExchangeError:
            # Half of a renewal. It is not tried again before the files change: a card counts how
            # often a wrong PIN is tried.
            self._stamp = stamp
            return None
        self._stamp = stamp
        return new


def passphrase_of(folder: Path, tables: Mapping[str, Any]) -> bytes:
    """The passphrase of the keys, from the file that is named or from the environment."""
    named = tables.get("keys", {}).get("passphrase_file")
    return read_passphrase(folder / named if named else None, PASSPHRASE_VARIABLE)


def _signer(path: Path, passphrase: bytes, unusable: list[UnusableKey]) -> Signer | None:
    try:
        return load_signer(path, passphrase)
    except ExchangeError as error:
        unusable.insert(0, UnusableKey(path, error.message))
        return None


def _certificate(
    path: Path, pem: bytes, anchors: TrustAnchors, usage: Usage, where: str
) -> VerifiedCertificate:
    chain = checked(where, lambda: certificate_chain(pem, path, Reason.PROFILE_INVALID))
    # Validity is asked when the certificate is used; the chain is the same at any time.
    return checked(
        where,
        lambda: verify_chain(chain[0], chain[1:], anchors, usage=usage, at=datetime.now(UTC)),
    )


def _check_pair(named: SigningPublicKey | None, key: SigningPublicKey, where: str) -> None:
    if named != key:
        raise invalid("expected the private key of the certificate, got another", where)
