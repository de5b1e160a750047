"""`close`: the initiator closes legs that have ended, and those of members of its joint case."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import ENDED, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Close(Body):
    """Closes the legs that it names."""


SPEC = KindSpec(
    body=Close,
    stage=Stage.CONTINUING,
    words=Words("close", "закрытие обмена", "алмасуды жабу"),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=ENDED | {LegState.JOINED},
            after=LegState.CLOSED,
            shown_while_hidden=True,
        ),
    ),
    acts=(
        Act(
            name="close_exchange",
            command="close",
            summary="Close the legs that have ended.",
            done="Closed",
        ),
    ),
)
