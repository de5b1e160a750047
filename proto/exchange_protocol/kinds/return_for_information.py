"""`return_for_information`: the recipient asks for what is missing, instead of refusing."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class ReturnForInformation(Body):
    """Sends a request back to its initiator with a question."""


SPEC = KindSpec(
    body=ReturnForInformation,
    stage=Stage.CONTINUING,
    words=Words("return for more information", "возврат для уточнения", "нақтылауға қайтару"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.RETURNED,
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="return_for_information",
            command="request-details",
            summary="Send a request back to its initiator with a question, before you answer it.",
            done="Returned for information",
            text=Text("question", "question", "What is missing, in words; it is sealed."),
        ),
    ),
)
