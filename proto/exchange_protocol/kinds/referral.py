"""`referral`: a case is referred to another agency unasked (docs/rules.md#p5).

Where it passes on what was received, it names those statements and the consents by which it does.
Hub and auditors refuse one whose consents do not cover it (docs/rules.md#p2).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.reply import Reply
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Referral(Body):
    """Tells other agencies of a matter without being asked.

    `sources` are digests of statements of others that it passes on; `consents` are digests of the
    decisions by which their authors let it.
    """

    sources: tuple[bytes, ...] = ()
    consents: tuple[bytes, ...] = ()
    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=Referral,
    stage=Stage.INITIAL,
    words=Words("referral", "передача материалов", "материалдарды беру"),
    answer=Reply,
    passes_on=True,
    acts=(
        Act(
            name="refer",
            command="send referral",
            summary="Refer a case to other agencies of your own accord.",
            done="Sent",
            codes=("sources", "consents", "offence_types"),
            defaults={"sources": (), "consents": (), "offence_types": ()},
            help={
                "sources": "Digests of the statements of others that it passes on; repeatable",
                "consents": "Digests of the consents by which it does; repeatable",
                "offence_types": OFFENCES_HELP,
            },
            brief=Brief.REQUIRED,
            document=Document("ReferralDocument", "referral"),
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
