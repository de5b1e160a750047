"""`ask_to_lift`: the initiator no longer needs a freeze, and asks to lift it."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AskToLift(Body):
    """Asks the executing side to lift the freeze that stands."""


SPEC = KindSpec(
    body=AskToLift,
    stage=Stage.CONTINUING,
    words=Words(
        "request to lift a freeze", "просьба снять замораживание", "қатыруды алып тастау өтініші"
    ),
    asks=Words(
        "lift the freeze as asked, or extend it with a note that says why not",
        "снимите замораживание по просьбе или продлите его с примечанием о причине",
        "өтініш бойынша қатыруды алып тастаңыз не себебін айтып ұзартыңыз",
    ),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.FROZEN}),
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="ask_to_lift",
            command="freeze-ask-lift",
            summary="Ask the executing side to lift a freeze that you no longer need.",
            done="Asked to lift",
            text=Text("reason", "reasons", "Why, in words; it is sealed."),
        ),
    ),
)
