"""`urgent_freeze_request`: another state is asked to freeze assets at once (docs/rules.md#p14).

The assets stand in the sealed parts. Four eyes release it across a border (docs/rules.md#p15).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.freeze_status import FreezeStatus
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class UrgentFreezeRequest(Body):
    """Asks other agencies to freeze assets before they move."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=UrgentFreezeRequest,
    stage=Stage.INITIAL,
    words=Words(
        "urgent request to freeze",
        "срочный запрос о замораживании",
        "шұғыл қатыру туралы сұрау салу",
    ),
    answer=FreezeStatus,
    is_urgent=True,
    steps=dict.fromkeys(
        OPEN_TO_RECIPIENT,
        Words(
            "freeze the assets, or say why not",
            "заморозьте активы или сообщите, почему нет",
            "активтерді қатырыңыз немесе себебін айтыңыз",
        ),
    ),
    acts=(
        Act(
            name="request_freeze",
            command="send freeze-request",
            summary="Ask other agencies to freeze assets at once.",
            done="Sent",
            codes=("offence_types",),
            defaults={"offence_types": ()},
            help={"offence_types": OFFENCES_HELP},
            brief=Brief.REQUIRED,
            entities="assets",
            attachments=True,
            terms=True,
        ),
    ),
)
