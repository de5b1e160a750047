"""The caller's identity: that of the TLS peer, established anew for every call.

TLS has proven that the peer holds the key of a certificate that leads to the root. This module
verifies what TLS does not know, in this order:

1. Profile and chain: a TLS_CLIENT certificate with one identity URI, an agency's member
   (`trust.certificates`). The result is cached: it depends on the certificate alone.
2. Validity now: a connection may outlive the certificate that opened it.
3. Revocation now, by the newest revocation list.
4. The trust domain is this hub's.

A hub's certificate and a signing certificate are refused, by TLS already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import (
    Revocations,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_chain,
    verify_validity,
)
from exchange_server.caller import Caller
from exchange_server.rpc.calls import Call, Context

_PEER_CERTIFICATE: Final = "x509_pem_cert"
_PEER_CHAIN: Final = "x509_pem_cert_chain"
_KEY_EXCHANGE: Final = "ssl_negotiated_key_exchange_group"
_POST_QUANTUM: Final = "X25519MLKEM768"
_CACHED_CERTIFICATES: Final = 4096


class PeerVerifier:
    """Verifies certificates of peers, and remembers the chains that it has verified."""

    def __init__(
        self,
        anchors: TrustAnchors,
        trust_domain: str,
        revocations: Callable[[], Revocations],
        clock: Callable[[], datetime],
    ) -> None:
        """Trust chains to `anchors` for identities of one trust domain."""
        self._anchors = anchors
        self._trust_domain = trust_domain
        self._revocations = revocations
        self._clock = clock
        self._verified: dict[tuple[bytes, Usage], VerifiedCertificate] = {}

    def verify(self, pem: bytes, chain: bytes, usage: Usage) -> VerifiedCertificate:
        """Take steps 1 to 4 for a peer's certificate; raises NotAuthenticated."""
        verified = self._verified.get((pem, usage))
        if verified is None:
            verified = self._verify_chain(pem, chain, usage)
        self.verify_still_good(verified)
        return verified

    def verify_still_good(self, certificate: VerifiedCertificate) -> None:
        """Take steps 2 to 4; raises NotAuthenticated."""
        now = self._clock()
        try:
            verify_validity(certificate, now)
        except ExchangeError as error:
            raise error.reason.error(
                f"{error.message}, which is the time by the hub's clock: if that is wrong, its "
                "operator must set it"
            ) from None
        self._revocations().verify_not_listed(certificate)
        if certificate.identity.trust_domain != self._trust_domain:
            raise Reason.IDENTITY_INVALID.error(
                f"expected an identity of {self._trust_domain}, got {certificate.identity}"
            )

    def _verify_chain(self, pem: bytes, chain: bytes, usage: Usage) -> VerifiedCertificate:
        der, *intermediates = _certificates(pem, chain)
        verified = verify_chain(der, intermediates, self._anchors, usage=usage, at=self._clock())
        if len(self._verified) >= _CACHED_CERTIFICATES:
            self._verified.pop(next(iter(self._verified)))
        self._verified[pem, usage] = verified
        return verified


class Identity:
    """Establishes the caller before anything else sees the call."""

    def __init__(self, peers: PeerVerifier, *, require_post_quantum: bool = False) -> None:
        """Establish callers by this verifier; refuse TLS without post-quantum keys if so told."""
        self._peers = peers
        self._require_post_quantum = require_post_quantum

    def establish(self, call: Call, context: Context) -> Caller:
        """Give the call its caller; raises NotAuthenticated."""
        if self._require_post_quantum:
            _verify_post_quantum(context)
        verified = self._peers.verify(*_shown_by(context), Usage.TLS_CLIENT)
        call.certificate = verified
        call.caller = Caller(verified.member, verified.fingerprint)
        return call.caller


def _verify_post_quantum(context: Context) -> None:
    """Verify that TLS agreed on its key with ML-KEM, as grpc tells; raises UNAUTHENTICATED."""
    agreed = b"".join(context.auth_context().get(_KEY_EXCHANGE, ())).decode()
    if agreed != _POST_QUANTUM:
        raise Reason.UNAUTHENTICATED.error(
            f"this hub requires the TLS key exchange {_POST_QUANTUM}; the caller's TLS agreed on "
            f"{agreed or 'an unknown one'}. Update the caller's TLS library"
        )


def _shown_by(context: Context) -> tuple[bytes, bytes]:
    """The peer's certificate and what it sent with it, in PEM."""
    properties = context.auth_context()
    pem = b"".join(properties.get(_PEER_CERTIFICATE, ()))
    if not pem:
        raise Reason.UNAUTHENTICATED.error("expected a client certificate, got none")
    return pem, b"".join(properties.get(_PEER_CHAIN, ()))


def _certificates(pem: bytes, chain: bytes) -> Sequence[bytes]:
    try:
        leaf = x509.load_pem_x509_certificate(pem)
        others = x509.load_pem_x509_certificates(chain) if chain else []
    except ValueError:
        raise Reason.CERTIFICATE_INVALID.error(
            "expected the peer's certificate in PEM; it does not parse"
        ) from None
    ders = [each.public_bytes(Encoding.DER) for each in others if each != leaf]
    return [leaf.public_bytes(Encoding.DER), *ders]
