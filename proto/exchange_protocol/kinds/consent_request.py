"""`consent_request`: a side asks the other for consent to an onward use of what it received.

The source is docs/rules.md#p2.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, Purpose
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, About, ConsentStep, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words

AFTER_READING = OPEN_TO_RECIPIENT | {
    LegState.FROZEN,
    LegState.ANSWERED,
    LegState.CLOSED,
    LegState.JOINED,
    LegState.LEFT,
}
"""States in which either side may hold something of the other's."""


@dataclass(frozen=True, slots=True)
class ConsentRequest(Body):
    """Asks to pass the statement `about` on to an authority, for a purpose."""

    about: bytes
    authority: AgencyId
    purpose: Purpose


SPEC = KindSpec(
    body=ConsentRequest,
    stage=Stage.CONTINUING,
    words=Words(
        "request for consent to onward use",
        "запрос согласия на передачу",
        "беруге келісім сұрау",
    ),
    rows=tuple(
        Row(
            party=party,
            before=AFTER_READING,
            shown_while_hidden=True,
            about=About.OTHERS,
            consent=ConsentStep.ASKS,
        )
        for party in (Party.INITIATOR, Party.RECIPIENT)
    ),
    acts=(
        Act(
            name="ask_consent",
            command="ask-consent",
            summary="Ask the author of a statement for consent to pass it on to an authority.",
            done="Consent asked",
            codes=("about", "authority", "purpose"),
            help={
                "about": "Digest of the statement that is to be passed on, in hexadecimal.",
                "authority": "Id of the agency that is to receive it.",
                "purpose": "What for",
            },
            text=Text("reason", "reasons", "Why, in words; it is sealed."),
        ),
    ),
)
