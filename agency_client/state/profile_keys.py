"""The keys of a profile: what opens its channel, what signs, what opens sealed parts.

A certificate must lead to the pinned root, have its usage, and belong to the key beside it. Its
validity is asked when it is used: an expired one must still be able to read the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agency_client.state.keys import PASSPHRASE_VARIABLE, UnusableKey, Vault, load_sealing_keys
from agency_client.state.profile_file import checked, invalid, read_named
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
    path = folder / table["certificate"]
    pem = read_named(folder, table["certificate"], "tls.certificate")
    certificate = _certificate(path, pem, anchors, Usage.TLS_CLIENT, "tls.certificate")
    key = load_client_tls_key(folder / table["key"], passphrase)
    _check_pair(certificate.public_key, key.public_key, "tls.key")
    return TlsIdentity(certificate, pem, key)


def load_vault(
    folder: Path,
    tables: Mapping[str, Any],
    agency: AgencyId,
    anchors: TrustAnchors,
    passphrase: bytes,
) -> Vault:
    """The keys that sign and open, as the tables [signing] and [sealing] name it."""
    directory = tables.get("sealing", {}).get("directory", "sealing")
    sealing = load_sealing_keys(folder / directory, passphrase)
    table = tables.get("signing")
    if table is None:
        return Vault.of(agency, None, None, sealing.keys, sealing.unusable)
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
    return Vault.of(agency, certificate, key, sealing.keys, unusable, second)


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
