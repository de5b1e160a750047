"""Enrolment by request: an authority certifies keys that it never sees.

1. The member makes keys and a request, and reads its fingerprint out by phone.
2. An operator who knows the voice gets a token for that fingerprint. It is good once.
3. Two operators compare the fingerprint of the file with what they heard, and sign an approval.
4. With token and both approvals the authority issues, and keeps the approvals.

A renewal needs neither: the member's present keys have signed it.

Rules of this module:

- A token is spent before anything is issued: what is cut short needs a new one, never a second use.
- The file of tokens holds their digests alone.
- Approvals are by two different people, operators whose certificates this authority's root vouches
  for and has not taken back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_files import make_folder, replace_file
from exchange_files.locks import locked
from exchange_keys.requests import (
    APPROVAL_TYPE,
    RENEWAL_TYPE,
    Request,
    bytes_of,
    parse_object,
    spelled,
    text_of,
)
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.signer import Signer
from exchange_protocol.trust.certificates import (
    Revocations,
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_certificate,
)
from exchange_protocol.trust.envelope import SignerKey, sign, verify, verify_second
from exchange_protocol.trust.identity import Member, Role

TOKENS_FILE: Final = "tokens.json"
APPROVALS_FOLDER: Final = "approvals"
TOKEN_LIFE: Final = timedelta(days=7)
REQUIRED_APPROVALS: Final = 2
APPROVAL_FORMAT: Final = "caricc-exchange/approval/v1"
ANSWER_FORMAT: Final = "caricc-exchange/certificates/v1"
_TOKEN_BYTES: Final = 10
_LOCK_FILE: Final = "tokens.lock"
_TOKEN_KEYS: Final = frozenset(("sha256", "fingerprint", "ends", "used"))


@dataclass(frozen=True, slots=True)
class Approval:
    """An operator's signature over what a request would certify."""

    certificate: bytes
    """PEM."""
    signature: bytes

    def encode(self) -> bytes:
        """The approval as its file holds it."""
        told = {
            "format": APPROVAL_FORMAT,
            "certificate": self.certificate.decode(),
            "signature": base64.b64encode(self.signature).decode(),
        }
        return (json.dumps(told, indent=1) + "\n").encode()


def issue_token(directory: Path, fingerprint: str, now: datetime) -> str:
    """Make a token for a fingerprint that was heard; gives it, to be kept until the issue."""
    token = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode()
    held = {"sha256": _digest(token), "fingerprint": spelled(fingerprint)}
    ends = (now + TOKEN_LIFE).replace(microsecond=0).isoformat()
    with locked(directory / _LOCK_FILE):
        _write_tokens(directory, [*_read_tokens(directory), held | {"ends": ends, "used": False}])
    return "-".join(token[i : i + 4] for i in range(0, len(token), 4))


def approve(request: Request, fingerprint: str, certificate: bytes, signer: Signer) -> Approval:
    """Approve a request whose fingerprint is what was heard; raises INVALID_FIELD if it is not."""
    _check_heard(request, fingerprint)
    return Approval(certificate, sign(signer, APPROVAL_TYPE, request.payload))


def parse_approval(data: bytes) -> Approval:
    """Take an approval from its file; raises INVALID_FIELD."""
    told = parse_object(data, APPROVAL_FORMAT)
    return Approval(text_of(told, "certificate").encode(), bytes_of(told, "signature"))


def enrol(
    authority: Authority,
    request: Request,
    token: str,
    approvals: Sequence[Approval],
    *,
    now: datetime,
    days: int,
) -> tuple[IssuedCertificate, IssuedCertificate]:
    """Certify the keys of a request; gives the certificates for TLS and for signing.

    Raises:
        NotPermitted: ROLE_NOT_PERMITTED, without two operators' approvals.
        InvalidInput: for a token that is not of this request, is spent or too old.
        SignatureInvalid, NotAuthenticated: for an approval that is not good.
    """
    operators = {_operator(authority, request, each, now) for each in approvals}
    if len(operators) < REQUIRED_APPROVALS:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected approvals of {REQUIRED_APPROVALS} different operators, got {len(operators)}"
        )
    # What would be refused later must not cost the token.
    authority.verify_days(now, days)
    with locked(authority.directory / _LOCK_FILE):
        _spend(authority.directory, token, request, now)
    folder = make_folder(authority.directory / APPROVALS_FOLDER)
    kept = [json.loads(each.encode()) for each in approvals]
    name = f"{request.fingerprint.replace(' ', '')}.json"
    told = {"request": json.loads(request.encode()), "approvals": kept}
    replace_file(folder / name, (json.dumps(told, indent=1) + "\n").encode())
    return _issue(authority, request, now, days)


def renew(
    authority: Authority, request: Request, *, now: datetime, days: int
) -> tuple[IssuedCertificate, IssuedCertificate]:
    """Certify new keys of a member whose present keys ask for it.

    Raises:
        InvalidInput: INVALID_FIELD, where the request is no renewal.
        NotAuthenticated, SignatureInvalid: where a present certificate or signature is not good.
    """
    renewal = request.renewal
    if renewal is None:
        raise Reason.INVALID_FIELD.error(
            "expected a renewal, signed by the present keys; a first request needs approvals"
        )
    for pem, signature, usage in (
        (renewal.tls_certificate, renewal.tls_signature, Usage.TLS_CLIENT),
        (renewal.signing_certificate, renewal.signing_signature, Usage.SIGNING),
    ):
        present = _verified(authority, pem, usage, now)
        if present.identity != request.identity:
            raise Reason.IDENTITY_INVALID.error(
                f"expected a renewal by {request.identity} itself, got one by {present.identity}"
            )
        verify(present.public_key, RENEWAL_TYPE, request.payload, signature)
        if usage is Usage.SIGNING:
            second = renewal.second_signature
            signer = SignerKey(present.fingerprint, present.public_key, present.post_quantum_key)
            verify_second(signer, RENEWAL_TYPE, request.payload, second)
    return _issue(authority, request, now, days)


def encode_answer(
    authority: Authority, issued: tuple[IssuedCertificate, IssuedCertificate]
) -> bytes:
    """The answer to the member: its certificates, the root and the newest list."""
    tls, signing = issued
    told = {
        "format": ANSWER_FORMAT,
        "tls_certificate": tls.certificate_pem.decode(),
        "signing_certificate": signing.certificate_pem.decode(),
        "root": authority.root_pem().decode(),
        "crl": authority.crl_pem().decode(),
    }
    return (json.dumps(told, indent=1) + "\n").encode()


def _issue(
    authority: Authority, request: Request, now: datetime, days: int
) -> tuple[IssuedCertificate, IssuedCertificate]:
    tls_key, signing_key = request.keys
    who = request.identity
    tls = authority.issue_member(who, Usage.TLS_CLIENT, now=now, days=days, public_key=tls_key)
    signing = authority.issue_member(
        who,
        Usage.SIGNING,
        now=now,
        days=days,
        public_key=signing_key,
        second_key=request.second_key,
    )
    return tls, signing


def _operator(authority: Authority, request: Request, approval: Approval, now: datetime) -> Member:
    by = _verified(authority, approval.certificate, Usage.SIGNING, now)
    if by.member.role is not Role.OPERATOR:
        raise Reason.ROLE_NOT_PERMITTED.error(f"expected an operator's approval, got {by.member}'s")
    verify(by.public_key, APPROVAL_TYPE, request.payload, approval.signature)
    return by.member


def _verified(authority: Authority, pem: bytes, usage: Usage, now: datetime) -> VerifiedCertificate:
    try:
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError:
        raise Reason.INVALID_FIELD.error("expected a certificate in PEM") from None
    anchors = TrustAnchors.from_pem(authority.root_pem())
    found = verify_certificate(der, (), anchors, usage=usage, at=now)
    Revocations.from_pem(authority.crl_pem(), anchors).verify_not_revoked(found, now)
    return found


def _check_heard(request: Request, fingerprint: str) -> None:
    if spelled(fingerprint) != request.fingerprint:
        raise Reason.INVALID_FIELD.error(
            f"the request has the fingerprint {request.fingerprint}, which is not what was heard: "
            "it is another request. Call back, and ask for the file again",
            field="fingerprint",
        )


def _spend(directory: Path, token: str, request: Request, now: datetime) -> None:
    digest = _digest(token)
    tokens = _read_tokens(directory)
    found = next((each for each in tokens if each["sha256"] == digest), None)
    if found is None:
        raise _token_error("this authority has issued no such token")
    if found["used"]:
        raise _token_error("the token is spent: each is good once")
    if datetime.fromisoformat(found["ends"]) < now:
        raise _token_error(f"the token ended at {found['ends']}")
    if found["fingerprint"] != request.fingerprint:
        raise _token_error(
            f"the token is for {found['fingerprint']}, the request is {request.fingerprint}"
        )
    _write_tokens(directory, [each | {"used": True} if each is found else each for each in tokens])


def _token_error(why: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(f"{why}; make a new one for what was heard", field="token")


def _digest(token: str) -> str:
    return hashlib.sha256(token.replace("-", "").strip().upper().encode()).hexdigest()


def _read_tokens(directory: Path) -> list[dict[str, Any]]:
    file = directory / TOKENS_FILE
    if not file.exists():
        return []
    try:
        tokens: list[dict[str, Any]] = json.loads(file.read_bytes())
        if all(each.keys() >= _TOKEN_KEYS for each in tokens):
            return tokens
    except (ValueError, TypeError, AttributeError):
        pass
    raise Reason.CONFIG_INVALID.error(
        f"expected {file} to be this authority's list of tokens; bring it back from a backup, or "
        "move it away: then every token that waits is void"
    )


def _write_tokens(directory: Path, tokens: Sequence[dict[str, Any]]) -> None:
    replace_file(directory / TOKENS_FILE, (json.dumps(tokens, indent=1) + "\n").encode())
