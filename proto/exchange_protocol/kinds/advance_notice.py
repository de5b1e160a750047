"""`advance_notice`: a measure to come is told, and may be objected to by a date.

It follows the pre-export notifications of PEN Online (docs/rules.md#p18). Silence is no consent: it
is put on record as such, after the date.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.clearance import LEG_STATES, Clearance
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AdvanceNotice(Body):
    """Tells of a measure to come; the header's due time is the last moment to object."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=AdvanceNotice,
    stage=Stage.INITIAL,
    words=Words("advance notice", "предварительное уведомление", "алдын ала хабарлама"),
    answer=Clearance,
    states=LEG_STATES,
    steps=dict.fromkeys(
        OPEN_TO_RECIPIENT,
        Words(
            "clear it or object", "согласуйте или возразите", "келісіңіз немесе қарсылық білдіріңіз"
        ),
    )
    | {LegState.ANSWERED: Words("close", "закройте", "жабыңыз")},
    needs_due=True,
    due_words="Until when others may object",
    acts=(
        Act(
            name="give_advance_notice",
            command="send advance-notice",
            summary="Tell of a measure to come, to which others may object by then.",
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
