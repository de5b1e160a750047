"""`publish_certificate`: a signing certificate becomes valid for statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.fields import missing
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words

MAX_INTERMEDIATES = 4


@dataclass(frozen=True, slots=True)
class PublishCertificate(Body):
    """A signing certificate and its intermediates, the leaf's issuer first; all DER."""

    certificate: bytes
    intermediates: tuple[bytes, ...] = ()


def _parse(message: Any, where: str) -> Body:
    if not message.certificate:
        missing(f"{where}.certificate")
    if len(message.intermediates) > MAX_INTERMEDIATES:
        raise Reason.TOO_MANY.error(
            f"expected at most {MAX_INTERMEDIATES}, got {len(message.intermediates)}",
            field=f"{where}.intermediates",
        )
    return PublishCertificate(message.certificate, tuple(message.intermediates))


SPEC = KindSpec(
    body=PublishCertificate,
    stage=Stage.DIRECTORY,
    words=Words("publication of a certificate", "публикация сертификата", "сертификатты жариялау"),
    parse=_parse,
)
