"""`publish_sealing_key`: an agency publishes a key to seal to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.fields import missing, parse_enum
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.sealing import SealingSuite
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class PublishSealingKey(Body):
    """`public_key` is 1216 bytes: ML-KEM-768 (1184) || X25519 (32)."""

    public_key: bytes
    suite: SealingSuite = SealingSuite.MLKEM768_X25519_AES256GCM


def _parse(message: Any, where: str) -> Body:
    if not message.public_key:
        missing(f"{where}.public_key")
    return PublishSealingKey(
        public_key=message.public_key,
        suite=parse_enum(SealingSuite, message.suite, f"{where}.suite"),
    )


SPEC = KindSpec(
    body=PublishSealingKey,
    stage=Stage.DIRECTORY,
    words=Words(
        "publication of a sealing key", "публикация ключа шифрования", "шифрлау кілтін жариялау"
    ),
    parse=_parse,
)
