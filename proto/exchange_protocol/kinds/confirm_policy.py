"""`confirm_policy`: a second operator puts a proposed policy into force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.fields import parse_digest
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class ConfirmPolicy(Body):
    """Names the proposed text by its SHA-256: the text that this person has read."""

    policy_sha256: bytes


def _parse(message: Any, where: str) -> Body:
    return ConfirmPolicy(parse_digest(message.policy_sha256, f"{where}.policy_sha256"))


SPEC = KindSpec(
    body=ConfirmPolicy,
    stage=Stage.DIRECTORY,
    words=Words("confirmation of a policy", "подтверждение политики", "саясатты растау"),
    parse=_parse,
)
