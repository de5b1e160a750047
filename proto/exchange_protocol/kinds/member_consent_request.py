"""`member_consent_request`: a member of a joint case asks another for consent to an onward use.

A member asks the lead by a `consent_request` on its own leg. Another member's contribution stands
on that member's leg, so this is said to all active members. The member that made the contribution
decides by a `consent_decision`, even after it has left. The member that asked reads the decision
too, beside the lead. The source is docs/rules.md#p2.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, Purpose
from exchange_protocol.kinds.rows import ConsentStep, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class MemberConsentRequest(Body):
    """Asks another member to let its statement `about` be passed on to an authority."""

    about: bytes
    authority: AgencyId
    purpose: Purpose


SPEC = KindSpec(
    body=MemberConsentRequest,
    stage=Stage.CONTINUING,
    words=Words(
        "request for another member's consent",
        "запрос согласия другого участника",
        "басқа қатысушының келісімін сұрау",
    ),
    to_members=True,
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.JOINED}),
            consent=ConsentStep.ASKS_MEMBER,
        ),
    ),
    acts=(
        Act(
            name="ask_member_consent",
            command="ask-member-consent",
            summary="Ask another member of a joint case for consent to pass on what it gave.",
            done="Consent asked",
            codes=("about", "authority", "purpose"),
            help={
                "about": "Digest of the statement that is to be passed on, in hexadecimal.",
                "authority": "Id of the agency that is to receive it.",
                "purpose": "What for",
            },
            text=Text("reason", "reasons", "Why, in words; it is sealed to all active members."),
        ),
    ),
)
