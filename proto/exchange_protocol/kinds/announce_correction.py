"""`announce_correction`: the initiator found a mistake in what it sent; recipients stop.

It carries no new content, so it reaches recipients at once. The leg waits for the correction, which
passes the gate.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class CorrectionReason(Code):
    """Faults of a statement that is corrected."""

    WRONG_IDENTITY = (
        pb.CORRECTION_REASON_WRONG_IDENTITY,
        "another person or company was meant",
        "имелось в виду другое лицо",
        "басқа тұлға меңзелген",
    )
    WRONG_FACT = pb.CORRECTION_REASON_WRONG_FACT, "wrong fact", "неверный факт", "қате дерек"
    INCOMPLETE = pb.CORRECTION_REASON_INCOMPLETE, "incomplete", "неполнота", "толық емес"
    FORM = pb.CORRECTION_REASON_FORM, "fault of form", "ошибка оформления", "рәсімдеу қатесі"


@dataclass(frozen=True, slots=True)
class AnnounceCorrection(Body):
    """Asks recipients to wait for a correction."""

    reason: CorrectionReason


SPEC = KindSpec(
    body=AnnounceCorrection,
    stage=Stage.CONTINUING,
    words=Words("correction announced", "объявлено исправление", "түзету жарияланды"),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=OPEN_TO_RECIPIENT | {LegState.RELEASED},
            after=LegState.RETURNED,
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="announce_correction",
            command="announce-correction",
            summary="Ask recipients to wait for a correction of what you sent.",
            done="Correction announced",
            codes=("reason",),
            help={"reason": "What was wrong"},
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
    ),
)
