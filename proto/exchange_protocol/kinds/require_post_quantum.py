"""`require_post_quantum`: an agency binds all its members to sign by post-quantum keys too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class RequirePostQuantum(Body):
    """Says whether the author's agency demands such a signature of every statement of its own."""

    is_required: bool


def _parse(message: Any, where: str) -> Body:
    return RequirePostQuantum(message.is_required)


SPEC = KindSpec(
    body=RequirePostQuantum,
    stage=Stage.DIRECTORY,
    words=Words(
        "demand for post-quantum signatures",
        "требование постквантовых подписей",
        "постквантық қолтаңбалар талабы",
    ),
    parse=_parse,
)
