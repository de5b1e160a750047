"""`refuse`: a recipient's reasoned refusal (docs/rules.md#p4)."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround
from exchange_protocol.kinds.grounds import FURTHER_GROUNDS_HELP
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Refuse(Body):
    """Refuses to answer on a ground; the words are in the sealed brief."""

    ground: RefusalGround
    further_grounds: tuple[RefusalGround, ...] = ()


SPEC = KindSpec(
    body=Refuse,
    stage=Stage.CONTINUING,
    words=Words("refusal", "отказ", "бас тарту"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.REFUSED,
            becomes_awaited=True,
            after_return=RefusalGround.INSUFFICIENT_REQUEST,
        ),
    ),
    acts=(
        Act(
            name="refuse",
            command="refuse",
            summary="Refuse to answer, on a ground and with reasons.",
            done="Refused",
            codes=("ground", "further_grounds"),
            defaults={"further_grounds": ()},
            help={"ground": "Ground", "further_grounds": FURTHER_GROUNDS_HELP},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
    ),
)
