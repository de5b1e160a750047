"""`supplement`: the initiator gives what was asked back for.

New content passes the gate anew, or an approval would cover what came after it.
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
class Supplement(Body):
    """Adds to what was said on a leg that was returned."""


SPEC = KindSpec(
    body=Supplement,
    stage=Stage.CONTINUING,
    words=Words("supplement", "дополнение", "толықтыру"),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.RETURNED}),
            after=LegState.RELEASED,
            becomes_awaited=True,
            adds_content=True,
        ),
    ),
    acts=(
        Act(
            name="supplement",
            command="supplement",
            summary="Give what was asked back for; it passes the approval gate anew.",
            done="Supplemented",
            brief=Brief.REQUIRED,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
