"""New certificates for a profile: the first ones, and those that follow.

    DIR/                     made by `begin`, and by `begin_renewal` as `renewal` in the profile
      tls.key, signing.key   0600, encrypted; they never leave the machine
      post-quantum.key       the same, where a second key for signing was wanted
      request.json           what the authority gets
      tls.csr, signing.csr   the same for an authority with tools of its own
      exchange               the exchange in which the request was sent through the hub, if it was

Rules of this module:

- Present and new certificates are both good until the present ones end. A program that runs takes
  the new ones up by itself.
- A profile changes by one replaced file, `profile.toml`; what it named before stays.
- New certificates are taken only for the keys and the identity that were asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client.state.profile import SECOND_KEY_FILE, Profile
from agency_client.state.profile_file import FILE
from exchange_files import PUBLIC, NewFile, new_files, new_folder, read_given, replace_file
from exchange_keys import is_in_token, load_signer, read_secret
from exchange_keys.requests import (
    RENEWAL_TYPE,
    NewKeys,
    Renewal,
    Request,
    make_keys,
    parse_object,
    parse_request,
    text_of,
)
from exchange_protocol.errors import ExchangeError, InvalidInput, Reason
from exchange_protocol.trust.certificates import (
    TrustAnchors,
    Usage,
    VerifiedCertificate,
    verify_certificate,
)
from exchange_protocol.trust.chains import UNREADABLE
from exchange_protocol.trust.envelope import sign, sign_second
from exchange_protocol.trust.identity import Member

ANSWER_FORMAT: Final = "caricc-exchange/certificates/v1"
REQUEST_FILE: Final = "request.json"
ANSWER_FILE: Final = "answer.json"
EXCHANGE_FILE: Final = "exchange"
RENEWAL_FOLDER: Final = "renewal"
_CERTIFICATES: Final = ("tls_certificate", "signing_certificate")


@dataclass(frozen=True, slots=True)
class Answer:
    """The authority's answer, verified against the pinned root."""

    tls_pem: bytes
    signing_pem: bytes
    signing: VerifiedCertificate
    crl_pem: bytes


def begin(
    folder: Path, identity: Member, passphrase: bytes, *, post_quantum: bool = False
) -> Request:
    """Make keys and a request in a new folder, with a post-quantum key if that is wanted."""
    return _write(folder, make_keys(identity, passphrase, post_quantum=post_quantum))


def begin_renewal(profile: Profile, *, post_quantum: bool = False) -> Request:
    """Make the next keys of a profile, and a request that the present keys have signed.

    A profile with a post-quantum key gets the next one; `post_quantum` asks for the first.

    Raises KEY_UNAVAILABLE where a present key is in a token: the next one is made by its tools.
    """
    for table in ("tls", "signing"):
        _, key = _present(profile, table)
        if is_in_token(key):
            raise Reason.KEY_UNAVAILABLE.error(
                f"the key of [{table}] is in a token, and a renewal makes keys in files: make the "
                "next key with the token's tools, and have its request certified"
            )
    passphrase, member = profile.passphrase(), profile.vault.member
    present = profile.files("signing").get("post_quantum_key")
    made = make_keys(member, passphrase, post_quantum=post_quantum or present is not None)
    tls, signing = _present(profile, "tls"), _present(profile, "signing")
    marks = [
        sign(load_signer(key, passphrase), RENEWAL_TYPE, made.request.payload)
        for _, key in (tls, signing)
    ]
    if present is not None:
        second = load_signer(profile.folder / present, passphrase)
        marks.append(sign_second(second, RENEWAL_TYPE, made.request.payload))
    renewal = Renewal(_leaf(tls[0]), _leaf(signing[0]), *marks)
    request = replace(made.request, renewal=renewal)
    return _write(profile.folder / RENEWAL_FOLDER, replace(made, request=request))


def read_answer(data: bytes, folder: Path, anchors: TrustAnchors, now: datetime) -> Answer:
    """Take the answer to the request of a folder.

    Raises:
        InvalidInput: INVALID_FIELD, for certificates of other keys or another identity.
        NotAuthenticated: for certificates that do not lead to the pinned root.
    """
    return check_answer(data, read_request(folder)[1], anchors, now, folder)


def read_request(folder: Path) -> tuple[bytes, Request]:
    """The request of a folder, as its file holds it and taken; raises DOCUMENT_INVALID."""
    file = folder / REQUEST_FILE
    data = read_given(file)
    with _taken_from(file):
        return data, parse_request(data)


def read_given_answer(file: Path) -> bytes:
    """An answer in a file that a person named; raises DOCUMENT_INVALID for one of another form.

    Left to the caller: whether it is good, which is a verdict (`read_answer`).
    """
    data = read_given(file)
    with _taken_from(file):
        _certificates(data)
    return data


def check_answer(
    data: bytes, request: Request, anchors: TrustAnchors, now: datetime, where: Path
) -> Answer:
    """Take the answer to a request; `where` names it in errors. Raises as `read_answer` does."""
    told, chains = _certificates(data)
    verified = []
    for (name, (leaf, *others)), usage, key in zip(
        chains.items(), (Usage.TLS_CLIENT, Usage.SIGNING), request.keys, strict=True
    ):
        found = verify_certificate(leaf, others, anchors, usage=usage, at=now)
        second = request.second_key if usage is Usage.SIGNING else None
        if (found.identity, found.public_key, found.post_quantum_key) != (
            request.identity,
            key,
            second,
        ):
            raise Reason.INVALID_FIELD.error(
                f"expected a certificate of {request.identity} for the keys in {where}; got one "
                f"of {found.identity}, or for other keys",
                field=name,
            )
        verified.append(found)
    return Answer(
        text_of(told, "tls_certificate").encode(),
        text_of(told, "signing_certificate").encode(),
        verified[1],
        text_of(told, "crl").encode(),
    )


def check_member(request: Request, author: Member) -> None:
    """Check that a request is for a member of its sender's agency; raises AUTHOR_MISMATCH."""
    asked = request.identity
    if (asked.trust_domain, asked.agency) != (author.trust_domain, author.agency):
        raise Reason.AUTHOR_MISMATCH.error(
            f"expected a request for a member of {author.agency}, its sender; it names {asked}"
        )


def finish_renewal(profile: Profile, answer: Answer) -> None:
    """Put the new keys and certificates in force; the present ones stay in the folder."""
    made, folder = profile.folder / RENEWAL_FOLDER, profile.folder
    # The serial tells one renewal from another, and a repeated one finds its own files.
    stem = f"{answer.signing.serial:x}"[-12:]
    names = {
        "tls": (f"tls-{stem}.pem", f"tls-{stem}.key"),
        "signing": (f"signing-{stem}.pem", f"signing-{stem}.key"),
    }
    files = {
        names["tls"][0]: answer.tls_pem,
        names["tls"][1]: read_secret(made / "tls.key"),
        names["signing"][0]: answer.signing_pem,
        names["signing"][1]: read_secret(made / "signing.key"),
    }
    second = None
    if (made / SECOND_KEY_FILE).exists():
        second = f"post-quantum-{stem}.key"
        files[second] = read_secret(made / SECOND_KEY_FILE)
    new = [
        NewFile(folder / name, data) for name, data in files.items() if not (folder / name).exists()
    ]
    if new:
        with new_files(*new):
            pass
    file = folder / FILE
    text = file.read_text(encoding="utf-8-sig")
    for table, (certificate, key) in names.items():
        text = _with_names(text, table, certificate, key)
    text = _with_second_key(text, second)
    replace_file(file, text.encode())
    Profile.load(folder)
    for each in (REQUEST_FILE, "tls.key", "signing.key", "tls.csr", "signing.csr"):
        (made / each).unlink()
    for each in (SECOND_KEY_FILE, EXCHANGE_FILE):
        (made / each).unlink(missing_ok=True)
    made.rmdir()


def _write(folder: Path, made: NewKeys) -> Request:
    files = [
        NewFile(folder / "tls.key", made.tls_key_pem),
        NewFile(folder / "signing.key", made.signing_key_pem),
        NewFile(folder / "tls.csr", made.request.tls_csr, PUBLIC),
        NewFile(folder / "signing.csr", made.request.signing_csr, PUBLIC),
        NewFile(folder / REQUEST_FILE, made.request.encode(), PUBLIC),
    ]
    if made.second_key_pem is not None:
        files.insert(2, NewFile(folder / SECOND_KEY_FILE, made.second_key_pem))
    with new_folder(folder, *files, reason=Reason.PROFILE_INVALID):
        pass
    return made.request


def _present(profile: Profile, table: str) -> tuple[Path, Path]:
    """The files of a profile's certificate and key."""
    named = profile.files(table)
    return profile.folder / named["certificate"], profile.folder / named["key"]


def _leaf(path: Path) -> bytes:
    """The first certificate of a file, in PEM."""
    return x509.load_pem_x509_certificates(path.read_bytes())[0].public_bytes(Encoding.PEM)


def _with_second_key(text: str, key: str | None) -> str:
    """The text of a profile whose table for signing names this post-quantum key, or none."""
    text = re.sub(r"^post_quantum_key\s*=.*\n?", "", text, flags=re.MULTILINE)
    if key is None:
        return text
    return re.sub(
        r"^\[signing\]$", f"[signing]\npost_quantum_key = '{key}'", text, flags=re.MULTILINE
    )


def _with_names(text: str, table: str, certificate: str, key: str) -> str:
    """The text of a profile with other files in a table; comments and order stay."""
    match = re.search(rf"^\[{table}\]$.*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise _unwritable(table)
    section = match[0]
    for name, value in (("certificate", certificate), ("key", key)):
        section, count = re.subn(
            rf"^{name}\s*=.*$", f"{name} = '{value}'", section, flags=re.MULTILINE
        )
        if count != 1:
            raise _unwritable(table)
    return text[: match.start()] + section + text[match.end() :]


def _unwritable(table: str) -> ExchangeError:
    return Reason.PROFILE_INVALID.error(
        f"expected lines `certificate = ...` and `key = ...` under [{table}] of {FILE}; write the "
        "names of the new files there yourself",
        field=table,
    )


@contextmanager
def _taken_from(file: Path) -> Iterator[None]:
    """A block that takes a file; one of another form is bad input, named by its file."""
    try:
        yield
    except InvalidInput as error:
        where = f"{error.field}: " if error.field else ""
        raise Reason.DOCUMENT_INVALID.error(f"{file}: {where}{error.message}") from None


def _certificates(data: bytes) -> tuple[Mapping[str, Any], dict[str, list[bytes]]]:
    """The fields of an answer, and the chains in it; raises INVALID_FIELD for another form."""
    told = parse_object(data, ANSWER_FORMAT)
    text_of(told, "crl")
    return told, {name: _ders(text_of(told, name).encode(), name) for name in _CERTIFICATES}


def _ders(pem: bytes, name: str) -> list[bytes]:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except UNREADABLE:
        raise Reason.INVALID_FIELD.error("expected certificates in PEM", field=name) from None
    return [each.public_bytes(Encoding.DER) for each in found]
