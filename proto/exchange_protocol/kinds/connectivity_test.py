"""`connectivity_test`: a test of the whole way, without data of a case.

It goes through the gate, the seals, the delivery and the answer as a request does. Its brief says
that it is a test, so that approvers release it. Statistics leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.answer_test import AnswerTest
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class ConnectivityTest(Body):
    """Tests the way to another agency and back."""


SPEC = KindSpec(
    body=ConnectivityTest,
    stage=Stage.INITIAL,
    words=Words("connectivity test", "проверка связи", "байланысты тексеру"),
    answer=AnswerTest,
    steps={
        LegState.ANSWERED: Words(
            "it got through: close", "связь есть: закройте", "байланыс бар: жабыңыз"
        )
    },
    is_counted=False,
    legal_basis="CONNECTIVITY-TEST",
    acts=(
        Act(
            name="ping",
            command="ping",
            summary="Test the way to other agencies and back, without data of a case.",
            done="Test sent",
            to_is_argument=True,
            text=Text(
                "note",
                "summary",
                "Words for the approvers; they are sealed.",
                default="Connectivity test: no data of a case.",
            ),
        ),
    ),
)
