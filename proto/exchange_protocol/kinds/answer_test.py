"""`answer_test`: the answer to a connectivity test."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.rows import ANSWERS
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
    rows=(ANSWERS,),
    acts=(
        Act(
            name="answer_test",
            command="answer-test",
            summary="Answer a connectivity test.",
            done="Test answered",
        ),
    ),
)
