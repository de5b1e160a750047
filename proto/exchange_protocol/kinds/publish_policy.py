"""`publish_policy`: an operator proposes a policy; the first one of a log is in force at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words

MAX_POLICY_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class PublishPolicy(Body):
    """Cedar text; `rules.policy` compiles it."""

    cedar: str


def _parse(message: Any, where: str) -> Body:
    size = len(message.cedar.encode())
    if not 0 < size <= MAX_POLICY_BYTES:
        raise Reason.TOO_LARGE.error(
            f"expected 1 to {MAX_POLICY_BYTES} bytes, got {size}", field=f"{where}.cedar"
        )
    return PublishPolicy(message.cedar)


SPEC = KindSpec(
    body=PublishPolicy,
    stage=Stage.DIRECTORY,
    words=Words("publication of a policy", "публикация политики", "саясатты жариялау"),
    parse=_parse,
)
