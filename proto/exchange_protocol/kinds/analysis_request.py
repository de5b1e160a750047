"""`analysis_request`: the Centre is asked to analyse. The sealed parts hold the question."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.analysis_product import AnalysisProduct
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AnalysisRequest(Body):
    """Asks the coordination centre for analysis."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=AnalysisRequest,
    stage=Stage.INITIAL,
    words=Words("request for analysis", "запрос анализа", "талдау сұрау салуы"),
    answer=AnalysisProduct,
    acts=(
        Act(
            name="request_analysis",
            command="send analysis-request",
            summary="Ask the coordination centre for an analysis.",
            done="Sent",
            codes=("offence_types",),
            defaults={"offence_types": ()},
            help={"offence_types": OFFENCES_HELP},
            brief=Brief.REQUIRED,
            document=Document("AnalysisRequest", "request"),
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
