"""`referral`: a case is referred to another agency unasked (docs/rules.md#p5)."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.reply import Reply
from exchange_protocol.kinds.spec import Act, Body, Brief, Document, KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Referral(Body):
    """Tells other agencies of a matter without being asked."""


SPEC = KindSpec(
    body=Referral,
    stage=Stage.INITIAL,
    words=Words("referral", "передача материалов", "материалдарды беру"),
    answer=Reply,
    acts=(
        Act(
            name="refer",
            command="send referral",
            summary="Refer a case to other agencies of your own accord.",
            done="Sent",
            brief=Brief.REQUIRED,
            document=Document("ReferralDocument", "referral"),
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
