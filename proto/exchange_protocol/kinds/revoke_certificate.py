"""`revoke_certificate`: a published signing certificate is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.fields import parse_digest, parse_enum
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class RevocationReason(Code):
    """RFC 5280, 5.3.1."""

    KEY_COMPROMISE = (
        pb.REVOCATION_REASON_KEY_COMPROMISE,
        "key compromised",
        "ключ скомпрометирован",
        "кілт әшкереленді",
    )
    AFFILIATION_CHANGED = (
        pb.REVOCATION_REASON_AFFILIATION_CHANGED,
        "affiliation changed",
        "изменилась принадлежность",
        "тиесілілігі өзгерді",
    )
    SUPERSEDED = pb.REVOCATION_REASON_SUPERSEDED, "superseded", "заменён", "ауыстырылды"
    CESSATION_OF_OPERATION = (
        pb.REVOCATION_REASON_CESSATION_OF_OPERATION,
        "no longer used",
        "больше не используется",
        "енді пайдаланылмайды",
    )


@dataclass(frozen=True, slots=True)
class RevokeCertificate(Body):
    """Takes back a published signing certificate, named by SHA-256 of its DER (32 bytes)."""

    certificate_sha256: bytes
    reason: RevocationReason


def _parse(message: Any, where: str) -> Body:
    return RevokeCertificate(
        parse_digest(message.certificate_sha256, f"{where}.certificate_sha256"),
        parse_enum(RevocationReason, message.reason, f"{where}.reason"),
    )


SPEC = KindSpec(
    body=RevokeCertificate,
    stage=Stage.DIRECTORY,
    words=Words("revocation of a certificate", "отзыв сертификата", "сертификатты кері қайтару"),
    parse=_parse,
)
