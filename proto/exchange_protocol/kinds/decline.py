"""`decline`: an invited agency takes no part in a joint case (docs/rules.md#p4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class DeclineReason(Code):
    """Reasons for which an agency takes no part in a joint case."""

    NO_LINK = (
        pb.DECLINE_REASON_NO_LINK,
        "no link to this agency",
        "нет связи с этим органом",
        "бұл органға қатысы жоқ",
    )
    NO_CAPACITY = (
        pb.DECLINE_REASON_NO_CAPACITY,
        "no capacity",
        "нет ресурсов",
        "ресурс жоқ",
    )
    OWN_PROCEEDINGS = (
        pb.DECLINE_REASON_OWN_PROCEEDINGS,
        "it would impede proceedings of its own",
        "помешает собственному производству",
        "өз іс жүргізуіне кедергі болады",
    )
    CONTRARY_TO_LAW = (
        pb.DECLINE_REASON_CONTRARY_TO_LAW,
        "contrary to law",
        "противоречит закону",
        "заңға қайшы",
    )


@dataclass(frozen=True, slots=True)
class Decline(Body):
    """Takes no part, for a reason; the words are in the sealed brief."""

    reason: DeclineReason


LEG_STATES: Final = {
    LegState.REFUSED: Words("declined", "участие отклонено", "қатысудан бас тартылды")
}
"""Words for states of the legs of a joint case, where those of the state would mislead."""

SPEC = KindSpec(
    body=Decline,
    stage=Stage.CONTINUING,
    words=Words("declining", "отказ от участия", "қатысудан бас тарту"),
    states=LEG_STATES,
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.REFUSED,
            in_case=True,
            awaits_initial=True,
        ),
    ),
    acts=(
        Act(
            name="decline",
            command="decline",
            summary="Decline an invitation to a joint case, for a reason.",
            done="Declined",
            codes=("reason",),
            help={"reason": "Why"},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
    ),
)
