"""`information_request`: an agency is asked for information about subjects.

The sealed parts hold the question; the fields converge from INR.40 paragraph 1 and Directive (EU)
2024/1640, article 31 (docs/rules.md#p5).
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
class InformationRequest(Body):
    """Asks other agencies for financial information."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=InformationRequest,
    stage=Stage.INITIAL,
    words=Words("request for information", "запрос информации", "ақпарат сұрау салуы"),
    answer=Reply,
    acts=(
        Act(
            name="request_information",
            command="send information-request",
            summary="Ask other agencies for information about subjects.",
            done="Sent",
            codes=("offence_types",),
            defaults={"offence_types": ()},
            help={"offence_types": OFFENCES_HELP},
            brief=Brief.REQUIRED,
            document=Document("InformationRequest", "request", is_required=True),
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
