"""`interim_reply`: the recipient says how far it is, before there is something to tell."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class InterimReply(Body):
    """Says how far the work is; the answer is still to come."""


SPEC = KindSpec(
    body=InterimReply,
    stage=Stage.CONTINUING,
    words=Words("interim reply", "промежуточный ответ", "аралық жауап"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ACKNOWLEDGED,
        ),
    ),
    acts=(
        Act(
            name="interim_reply",
            command="interim",
            summary="Say how far you are; the answer is still to come.",
            done="Interim reply sent",
            brief=Brief.REQUIRED,
            document=Document("ReplyDocument"),
            attachments=True,
            terms=True,
        ),
    ),
)
