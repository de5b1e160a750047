"""`acknowledge`: the recipient has the request and works on it."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Acknowledge(Body):
    """Confirms that a request arrived and is worked on."""


SPEC = KindSpec(
    body=Acknowledge,
    stage=Stage.CONTINUING,
    words=Words("acknowledgement", "подтверждение получения", "алғанын растау"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.DELIVERED}),
            after=LegState.ACKNOWLEDGED,
        ),
    ),
    acts=(
        Act(
            name="acknowledge",
            command="ack",
            summary="Acknowledge that you have it and work on it.",
            done="Acknowledged",
            brief=Brief.OPTIONAL,
        ),
    ),
)
