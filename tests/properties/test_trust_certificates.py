"""Hostile bytes in place of a certificate or list are refused with a reason, never with a crash."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from exchange_certs.profiles import end_certificate, revocation_list, root_certificate
from exchange_protocol.errors import ExchangeError, NotAuthenticated
from exchange_protocol.trust.certificates import (
    RevocationList,
    TrustAnchors,
    Usage,
    verify_certificate,
)
from exchange_protocol.trust.identity import parse_member

NOW = datetime(2026, 3, 1, tzinfo=UTC)
END = NOW + timedelta(days=1)
ROOT_KEY, KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ROOT = root_certificate(ROOT_KEY, "caricc.example", NOW, END)
ANCHORS = TrustAnchors.from_pem(ROOT.public_bytes(Encoding.PEM))
MEMBER = parse_member("spiffe://caricc.example/agency/kz.mia/officer/fictional")
CERTIFICATE = end_certificate(
    ROOT, ROOT_KEY, MEMBER, Usage.SIGNING, KEY.public_key(), NOW, END
).public_bytes(Encoding.DER)
CRL = revocation_list(
    ROOT, ROOT_KEY, [(7, NOW, x509.ReasonFlags.superseded)], 1, NOW, END
).public_bytes(Encoding.DER)


def altered(original: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them exchanged, dropped or put in."""
    edit = st.tuples(st.integers(0, len(original) - 1), st.integers(0, 2), st.binary(max_size=3))

    def apply(edits: list[tuple[int, int, bytes]]) -> bytes:
        data = original
        for index, dropped, put_in in edits:
            data = data[:index] + put_in + data[index + dropped :]
        return data

    return st.lists(edit, min_size=1, max_size=3).map(apply)


# Bytes of the subject, which the library reads late and refuses in its own way.
@given(altered(CERTIFICATE) | st.binary(max_size=200))
@example(CERTIFICATE.replace(b"kz.mia fictional", b"kz.mia\xff\xffictional"))
@example(CERTIFICATE.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1))
def test_altered_certificate_is_refused(der: bytes) -> None:
    try:
        verify_certificate(der, (), ANCHORS, usage=Usage.SIGNING, at=NOW)
    except NotAuthenticated:
        return
    assert der == CERTIFICATE


@given(altered(CERTIFICATE) | st.binary(max_size=200))
def test_altered_intermediate_is_no_crash(der: bytes) -> None:
    with suppress(NotAuthenticated):
        verify_certificate(CERTIFICATE, [der], ANCHORS, usage=Usage.SIGNING, at=NOW)


@given(altered(CRL) | st.binary(max_size=200))
def test_altered_revocation_list_is_refused(der: bytes) -> None:
    try:
        RevocationList.from_der(der, ANCHORS)
    except ExchangeError:
        return
    assert der == CRL
