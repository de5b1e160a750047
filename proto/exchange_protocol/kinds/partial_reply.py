"""`partial_reply`: the recipient answers in part; the rest is still to come."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class PartialReply(Body):
    """Answers in part; the rest follows."""


SPEC = KindSpec(
    body=PartialReply,
    stage=Stage.CONTINUING,
    words=Words("partial reply", "частичный ответ", "ішінара жауап"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ACKNOWLEDGED,
        ),
    ),
    acts=(
        Act(
            name="partial_reply",
            command="partial",
            summary="Give a part of the answer; the rest is still to come.",
            done="Partial reply sent",
            brief=Brief.REQUIRED,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
