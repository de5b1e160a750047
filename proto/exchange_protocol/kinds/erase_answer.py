"""`erase_answer`: a recipient has the content of what it said on its leg forgotten.

Hub and readers forget its sealed parts; the statements, their signatures and the log stay, and so
does what the initiator said.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.erase_notice import ErasureGround
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class EraseAnswer(Body):
    """Has the content of its author's own statements on the leg forgotten."""

    ground: ErasureGround


SPEC = KindSpec(
    body=EraseAnswer,
    stage=Stage.CONTINUING,
    words=Words("erasure of an answer", "уничтожение ответа", "жауапты жою"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.ANSWERED, LegState.CLOSED, LegState.LEFT}),
            shown_while_hidden=True,
            erases_own=True,
        ),
    ),
    acts=(
        Act(
            name="erase_answer",
            command="erase-answer",
            summary="Have the content of your answers forgotten for good; the account stays.",
            done="Answer erased",
            codes=("ground",),
            help={"ground": "Why"},
            text=Text(
                "note", "summary", "Why, in words; it is sealed and stays.", is_required=False
            ),
            confirm="Erase the content of your answers for good?",
        ),
    ),
)
