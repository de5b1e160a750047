"""`clearance`: the answer to an advance notice, or the record that none came.

Of an objection and the record of silence the first on the log counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround
from exchange_protocol.kinds.grounds import FURTHER_GROUNDS_HELP
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row, When
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ClearanceResult(Code):
    """Answers to an advance notice."""

    CLEARED = pb.CLEARANCE_RESULT_CLEARED, "no objection", "возражений нет", "қарсылық жоқ"
    OBJECTION = pb.CLEARANCE_RESULT_OBJECTION, "objection", "возражение", "қарсылық"
    NO_ANSWER = (
        pb.CLEARANCE_RESULT_NO_ANSWER,
        "no answer in time",
        "ответа в срок нет",
        "мерзімінде жауап жоқ",
    )


@dataclass(frozen=True, slots=True)
class Clearance(Body):
    """Clears a measure, or objects to it on a ground."""

    result: ClearanceResult
    ground: RefusalGround | None = None
    further_grounds: tuple[RefusalGround, ...] = ()


LEG_STATES: Final = {
    # Silence is no consent, so this does not say that it was cleared.
    LegState.ANSWERED: Words(
        "no objection made", "возражений не поступило", "қарсылық білдірілген жоқ"
    ),
    LegState.REFUSED: Words("objected to", "заявлено возражение", "қарсылық білдірілді"),
}
"""Words for states of the legs of an advance notice, where those of the state would mislead."""

SPEC = KindSpec(
    body=Clearance,
    stage=Stage.CONTINUING,
    words=Words("clearance or objection", "согласие или возражение", "келісім немесе қарсылық"),
    only_with={"ground": ClearanceResult.OBJECTION},
    states=LEG_STATES,
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ANSWERED,
            code=ClearanceResult.CLEARED,
            is_answer=True,
            becomes_awaited=True,
        ),
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.REFUSED,
            code=ClearanceResult.OBJECTION,
            is_answer=True,
            becomes_awaited=True,
        ),
        Row(
            party=Party.INITIATOR,
            before=OPEN_TO_RECIPIENT | {LegState.RELEASED},
            after=LegState.ANSWERED,
            code=ClearanceResult.NO_ANSWER,
            is_answer=True,
            becomes_awaited=True,
            when=When.AFTER_DUE,
        ),
    ),
    acts=(
        Act(
            name="clear",
            command="clear",
            summary="Say that you do not object to a measure that was told in advance.",
            done="Cleared",
            fixed={"result": ClearanceResult.CLEARED},
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
        Act(
            name="object_to",
            command="object",
            summary="Object to a measure that was told in advance, on a ground and with reasons.",
            done="Objected",
            fixed={"result": ClearanceResult.OBJECTION},
            codes=("ground", "further_grounds"),
            defaults={"further_grounds": ()},
            help={"ground": "Ground", "further_grounds": FURTHER_GROUNDS_HELP},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
        Act(
            name="record_silence",
            command="no-answer",
            summary="Put on record that no answer to an advance notice came in time.",
            done="Silence recorded",
            fixed={"result": ClearanceResult.NO_ANSWER},
        ),
    ),
)
