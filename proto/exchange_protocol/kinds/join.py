"""`join`: an invited agency becomes an active member of a joint case.

Of a join and a recall of the invitation the first on the log counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Join(Body):
    """Accepts the invitation to a joint case."""


SPEC = KindSpec(
    body=Join,
    stage=Stage.CONTINUING,
    words=Words("joining", "вступление в дело", "іске қосылу"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.JOINED,
            is_answer=True,
            awaits_initial=True,
        ),
    ),
    acts=(
        Act(
            name="join",
            command="join",
            summary="Join a joint case to which you were invited.",
            done="Joined",
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
    ),
)
