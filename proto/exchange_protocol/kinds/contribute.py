"""`contribute`: the lead or an active member of a joint case gives something to all.

Its recipients are the lead and all active members, and each part is sealed to exactly them. It
passes no gate of its own: the approval of each membership covers it. So it may need no more
approvals to any member than that membership had.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Contribute(Body):
    """Gives all active members what stands in the sealed parts."""


SPEC = KindSpec(
    body=Contribute,
    stage=Stage.CONTINUING,
    words=Words("contribution", "материал к делу", "іске қосқан материал"),
    to_members=True,
    rows=(
        Row(party=Party.INITIATOR, before=frozenset({LegState.JOINED})),
        Row(party=Party.RECIPIENT, before=frozenset({LegState.JOINED})),
    ),
    acts=(
        Act(
            name="contribute",
            command="contribute",
            summary="Give something to the lead and all active members of a joint case.",
            done="Contributed",
            brief=Brief.REQUIRED,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
