"""`answer_test`: the answer to a connectivity test."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AnswerTest(Body):
    """Says that a connectivity test arrived."""


SPEC = KindSpec(
    body=AnswerTest,
    stage=Stage.CONTINUING,
    words=Words("answer to a test", "ответ на проверку", "тексеруге жауап"),
    is_counted=False,
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ANSWERED,
            is_answer=True,
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="answer_test",
            command="answer-test",
            summary="Answer a connectivity test.",
            done="Test answered",
        ),
    ),
)
