"""Certificates as files hold them: PEM, the holder's own first."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_protocol.errors import Reason


def certificate_chain(pem: bytes, path: Path, reason: Reason) -> tuple[bytes, ...]:
    """The certificates of a file in DER, the holder's own first, then intermediates.

    Nothing of them is verified. Raises `reason` with the file's path.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise reason.error(
            f"expected {path} to hold a certificate in PEM, and its intermediates after it"
        ) from None
    if len(chain) > 1 and _is_authority(chain[0]) and not all(map(_is_authority, chain)):
        raise reason.error(
            f"expected the holder's own certificate first in {path}, and its intermediates after "
            "it; the first one is an authority's: change the order"
        )
    return tuple(each.public_bytes(Encoding.DER) for each in chain)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError, TypeError):
        return False
    return found.value.ca


def plain_pem(pem: bytes) -> bytes:
    """The certificates of a verified file, as every TLS library reads them.

    Ours takes lines of any length, and texts between the certificates; gRPC's fails at a handshake
    that says nothing of the file. Raises CERTIFICATE_INVALID for one that is not read.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Reason.CERTIFICATE_INVALID.error("expected certificates in PEM") from None
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)
