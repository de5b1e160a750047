"""Time stamps: another authority's signature on when a bundle's checkpoint was there (RFC 3161).

Rules of this module:

- What is stamped are the exact bytes of checkpoint.note, by their SHA-256. The log's signature is
  among them, and every entry of the bundle is below the root that they name.
- The authority's root comes from the caller, never from the bundle or the token.
- Certificates are judged as at the time of the stamp, so that it outlives them. Nobody looks up
  whether the authority's certificate was revoked.
- A request carries no nonce: it would have to be kept until the answer comes from another machine,
  and an older stamp over this very checkpoint proves more, not less.
- Only `fetch_stamp` uses a network, and only the address that it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import urllib3
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from agency_client.evidence.bundle import CHECKPOINT, STAMP, new_bundle, open_bundle
from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import TrustAnchors

MAX_STAMP_BYTES: Final = 64 << 10
"""Size of a response: a token and a chain of certificates need a few KiB."""

_SECONDS: Final = 30.0
_OPENSSL_SAID: Final = re.compile(r'(?:reason|data): "([^"]+)"')
_SEQUENCE: Final = 0x30
_GRANTED: Final = bytes.fromhex("3003020100")
"""A PKIStatusInfo."""
_CERTIFICATES: Final = 0xA0


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A verified stamp: at this time, at the latest, the checkpoint and all below it existed."""

    at: datetime
    authority: str
    """The subject of the certificate that signed it, as RFC 4514 writes names."""


def stamp_request(note: bytes) -> bytes:
    """Make the request for a stamp over a checkpoint's note: a TimeStampReq in DER."""
    builder = TimestampRequestBuilder(note, HashAlgorithm.SHA256, nonce=False, cert_req=True)
    return builder.build().as_bytes()


def read_note(bundle: Path) -> bytes:
    """Read the checkpoint of a bundle, which is not verified; raises as `verify_bundle` does."""
    with open_bundle(bundle) as archive:
        return archive.read(CHECKPOINT)


def verify_stamp(response: bytes, note: bytes, authorities: TrustAnchors) -> TimeStamp:
    """Verify a TimeStampResp in DER over a checkpoint's note.

    1. It holds a token: what else a response says, nobody signs.
    2. It is over the SHA-256 of this note.
    3. A certificate for time stamping and nothing else signed it, and leads to one of the roots, as
       at the time of the stamp.

    Raises:
        SignatureInvalid: TIMESTAMP_INVALID.
    """
    parsed = _parse(response)
    verifier = VerifierBuilder(roots=list(authorities.certificates)).build()
    imprint = sha256(note).digest()
    if parsed.tst_info.message_imprint.message != imprint:
        raise Reason.TIMESTAMP_INVALID.error(
            f"expected a time stamp over the SHA-256 {imprint.hex()} of the checkpoint, "
            "got one over something else"
        )
    try:
        verifier.verify(parsed, imprint)
    except VerificationError as error:
        said = _OPENSSL_SAID.findall(str(error)) or [str(error)]
        raise Reason.TIMESTAMP_INVALID.error(
            f"the time stamp does not verify: {said[-1]}"
        ) from None
    return TimeStamp(parsed.tst_info.gen_time, _signer(parsed).subject.rfc4514_string())


def add_stamp(bundle: Path, response: bytes, out: Path, authorities: TrustAnchors) -> TimeStamp:
    """Write a bundle anew with a stamp, which is verified first; the rest stays as it is.

    Raises:
        SignatureInvalid: TIMESTAMP_INVALID.
        InvalidInput: DOCUMENT_INVALID, for what is no bundle, or has a stamp already.
        StorageFailed: FILE_NOT_WRITTEN; nothing is written over.
    """
    with open_bundle(bundle) as archive:
        if STAMP in archive.names:
            raise Reason.DOCUMENT_INVALID.error(f"{bundle} has a time stamp already")
        stamp = verify_stamp(response, archive.read(CHECKPOINT), authorities)
        files = {name: archive.read(name) for name in archive.names}
        with new_bundle(out, {**files, STAMP: response}, archive.about):
            pass
    return stamp


def fetch_stamp(request: bytes, url: str) -> bytes:
    """Send a request to an authority (RFC 3161, 3.4) and give its response, which is not verified.

    Raises:
        SignatureInvalid: TIMESTAMP_INVALID, where no response came.
    """
    if not url.startswith(("http://", "https://")):
        raise Reason.TIMESTAMP_INVALID.error(
            f"expected an address of the form http(s)://..., got {url!a:.60}"
        )
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=request,
            headers={"Content-Type": "application/timestamp-query"},
            timeout=_SECONDS,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        response = answer.read(MAX_STAMP_BYTES + 1)
        answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise Reason.TIMESTAMP_INVALID.error(f"no time stamp came from {url}: {error}") from error
    kind = answer.headers.get("Content-Type", "")
    if answer.status != 200 or kind != "application/timestamp-reply":
        raise Reason.TIMESTAMP_INVALID.error(
            f"expected a time stamp from {url}, got status {answer.status} and {kind!a:.60}"
        )
    return _bounded(response)


def _bounded(response: bytes) -> bytes:
    if len(response) > MAX_STAMP_BYTES:
        raise Reason.TIMESTAMP_INVALID.error(
            f"expected a time stamp of at most {MAX_STAMP_BYTES} bytes, got more"
        )
    return response


def _parse(response: bytes) -> TimeStampResponse:
    try:
        [whole] = _elements(_bounded(response))
        _, *tokens = _elements(_content(whole))
        if not tokens:
            raise Reason.TIMESTAMP_INVALID.error(
                "expected a time stamp, but the authority granted none: "
                "`openssl ts -reply -in FILE -text` shows its reason"
            )
        [token] = tokens
        parsed = decode_timestamp_response(
            _encode(_SEQUENCE, _GRANTED + _with_sorted_certificates(token))
        )
        # The library reads what was stamped only when it is asked for, and may refuse it then.
        _ = parsed.tst_info
    except ValueError:
        raise Reason.TIMESTAMP_INVALID.error(
            "expected a time-stamp response in DER (RFC 3161), got something else"
        ) from None
    return parsed


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The certificate that signed a verified response."""
    [signer] = response.signed_data.signer_infos
    certificates = map(x509.load_der_x509_certificate, response.signed_data.certificates)
    return next(
        each
        for each in certificates
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number)
    )


# --- DER ----------------------------------------------------------------------------------------
# DER sorts the members of a set (X.690, 11.6), and rfc3161-client insists on it. Authorities that
# run `openssl ts` send their chain in the order of its file. Nothing signs the set of certificates.


def _with_sorted_certificates(token: bytes) -> bytes:
    """A token whose set of certificates is in the order of DER; raises ValueError."""
    kind, wrapped = _elements(_content(token))
    [signed] = _elements(_content(wrapped))
    parts = b"".join(
        _encode(_CERTIFICATES, b"".join(sorted(_elements(_content(part)))))
        if part[0] == _CERTIFICATES
        else part
        for part in _elements(_content(signed))
    )
    return _encode(_SEQUENCE, kind + _encode(wrapped[0], _encode(_SEQUENCE, parts)))


def _elements(data: bytes) -> Iterator[bytes]:
    """The encodings that stand one after the other in some bytes."""
    while data:
        start, size = _header(data)
        if start + size > len(data):
            raise ValueError("an element ends before its content does")
        yield data[: start + size]
        data = data[start + size :]


def _content(element: bytes) -> bytes:
    return element[_header(element)[0] :]


def _header(element: bytes) -> tuple[int, int]:
    """Find the start of an element's content, and its length."""
    if len(element) < 2:
        raise ValueError("an element has no length")
    size = element[1]
    if size < 0x80:
        return 2, size
    more = size - 0x80
    if not 1 <= more <= 4:
        raise ValueError("an element's length has an unknown form")
    return 2 + more, int.from_bytes(element[2 : 2 + more], "big")


def _encode(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 + len(digits))) + digits + content
