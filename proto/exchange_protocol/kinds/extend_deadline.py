"""`extend_deadline`: the recipient needs longer, and says until when.

The new due time stands in the header (`due_at`). It becomes that of the leg, so lists, audits and
reminders follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Due, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ExtensionGround(Code):
    """Reasons for which an answer needs longer."""

    AWAITING_THIRD_PARTY = (
        pb.EXTENSION_GROUND_AWAITING_THIRD_PARTY,
        "a third party has not answered",
        "третья сторона не ответила",
        "үшінші тарап жауап бермеді",
    )
    AWAITING_AUTHORISATION = (
        pb.EXTENSION_GROUND_AWAITING_AUTHORISATION,
        "an authorisation is awaited",
        "ожидается разрешение",
        "рұқсат күтілуде",
    )
    VOLUME = pb.EXTENSION_GROUND_VOLUME, "volume of the work", "объём работы", "жұмыс көлемі"


@dataclass(frozen=True, slots=True)
class ExtendDeadline(Body):
    """Moves the due time of the leg to the header's `due_at`."""

    ground: ExtensionGround


SPEC = KindSpec(
    body=ExtendDeadline,
    stage=Stage.CONTINUING,
    words=Words("extension of the deadline", "продление срока", "мерзімді ұзарту"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ACKNOWLEDGED,
            sets_due=Due.LATER,
        ),
    ),
    acts=(
        Act(
            name="extend_deadline",
            command="extend",
            summary="Say that the answer needs longer, until when and why.",
            done="Deadline extended",
            codes=("ground",),
            help={"ground": "Why"},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
    ),
)
