"""`leave`: an active member ends its part in a joint case.

It reads nothing new. Earlier content keeps its handling, and stays open to it until it is erased.
The log decides whether it left before a contribution: if so, the hub refuses a contribution that is
sealed to it, and the author makes it anew without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Leave(Body):
    """Ends an active membership; open tasks of the member lapse."""


SPEC = KindSpec(
    body=Leave,
    stage=Stage.CONTINUING,
    words=Words("leaving", "выход из дела", "істен шығу"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.JOINED}),
            after=LegState.LEFT,
            awaits_initial=True,
        ),
    ),
    acts=(
        Act(
            name="leave",
            command="leave",
            summary="Leave a joint case; what you read keeps its conditions.",
            done="Left",
            text=Text("reason", "reasons", "Why, in words; it is sealed."),
        ),
    ),
)
