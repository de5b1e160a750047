"""`confirm_recall`: the recipient's receipt of a recall, with what it did before.

The log keeps what was recalled; the receipt says what became of it at the recipient.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class RecallUse(Code):
    """The work of a recipient on a request before its recall came."""

    UNUSED = pb.RECALL_USE_UNUSED, "not used", "не использовано", "пайдаланылмады"
    USED = pb.RECALL_USE_USED, "used before", "использовано ранее", "бұрын пайдаланылды"
    PASSED_ON = (
        pb.RECALL_USE_PASSED_ON,
        "passed on before",
        "передано ранее",
        "бұрын берілген",
    )


@dataclass(frozen=True, slots=True)
class ConfirmRecall(Body):
    """Confirms a recall."""

    use: RecallUse


SPEC = KindSpec(
    body=ConfirmRecall,
    stage=Stage.CONTINUING,
    words=Words("receipt of a recall", "подтверждение отзыва", "кері қайтаруды растау"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.RECALLED}),
            becomes_awaited=True,
            shown_while_hidden=True,
        ),
    ),
    acts=(
        Act(
            name="confirm_recall",
            command="confirm-recall",
            summary="Confirm a recall, and say what you had done with the request.",
            done="Recall confirmed",
            codes=("use",),
            help={"use": "What was done before"},
            text=Text("explanation", "explanation", "How, in words; it is sealed."),
        ),
    ),
)
