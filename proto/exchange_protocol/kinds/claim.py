"""`claim`: an approver takes a held leg in hand, so that two do not work on one.

Others see who has it and since when. A claim binds nobody: any approver may still decide, so an
absent colleague holds nothing up. Of two claims the first on the log counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ClaimAct(Code):
    """Steps of an approver with a held leg before it decides."""

    TAKE = pb.CLAIM_ACT_TAKE, "taken in hand", "взято в работу", "жұмысқа алынды"
    GIVE_BACK = pb.CLAIM_ACT_GIVE_BACK, "given back", "возвращено в очередь", "кезекке қайтарылды"


@dataclass(frozen=True, slots=True)
class Claim(Body):
    """Takes the legs that it names in hand, or gives them back."""

    act: ClaimAct


_HELD = frozenset({LegState.HELD})

SPEC = KindSpec(
    body=Claim,
    stage=Stage.CONTINUING,
    words=Words("claim", "принятие в работу", "жұмысқа қабылдау"),
    rows=(
        Row(party=Party.APPROVER, before=_HELD, code=ClaimAct.TAKE, claims=True),
        Row(party=Party.APPROVER, before=_HELD, code=ClaimAct.GIVE_BACK, claims=False),
    ),
    acts=(
        Act(
            name="claim",
            command="claim",
            summary="Take what waits for approval in hand; others see it.",
            done="Claimed",
            fixed={"act": ClaimAct.TAKE},
        ),
        Act(
            name="give_back",
            command="give-back",
            summary="Give back what your agency has in hand.",
            done="Given back",
            fixed={"act": ClaimAct.GIVE_BACK},
        ),
    ),
)
