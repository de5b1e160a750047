"""`joint_case`: several agencies work on one case, under one lead.

The author leads it, and its recipients are invited. Each has a leg, and what crosses a border waits
there for the approval of the membership. Active members read what the lead and the others
contribute; who leaves keeps the conditions of what it read (docs/rules.md#p23).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.decline import LEG_STATES
from exchange_protocol.kinds.join import Join
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class JointCase(Body):
    """Opens a joint case; a due time is for the answer to the invitation."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=JointCase,
    stage=Stage.INITIAL,
    words=Words("joint case", "совместное дело", "бірлескен іс"),
    answer=Join,
    states=LEG_STATES,
    steps=dict.fromkeys(
        OPEN_TO_RECIPIENT,
        Words("join or decline", "примите участие или откажитесь", "қатысыңыз немесе бас тартыңыз"),
    ),
    is_case=True,
    acts=(
        Act(
            name="open_joint_case",
            command="send joint-case",
            summary="Open a joint case that you lead, and invite its first members.",
            done="Sent",
            codes=("offence_types",),
            defaults={"offence_types": ()},
            help={"offence_types": OFFENCES_HELP},
            brief=Brief.REQUIRED,
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
