"""`recall`: the initiator takes a request back before it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import BEFORE_ANSWER, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Recall(Body):
    """Takes a request back; the log keeps it."""


SPEC = KindSpec(
    body=Recall,
    stage=Stage.CONTINUING,
    words=Words("recall", "отзыв запроса", "сұрау салуды кері қайтару"),
    asks=Words(
        "stop the work, and confirm the recall",
        "прекратите работу и подтвердите отзыв",
        "жұмысты тоқтатып, кері қайтаруды растаңыз",
    ),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=BEFORE_ANSWER,
            after=LegState.RECALLED,
            becomes_awaited=True,
            shown_while_hidden=True,
        ),
    ),
    acts=(
        Act(
            name="recall",
            command="recall",
            summary="Take a request back before it is answered; the log keeps it.",
            done="Recalled",
            text=Text(
                "reason",
                "reasons",
                "Why, in words; it is sealed.",
                default="The initiator withdraws the request.",
            ),
        ),
    ),
)
