"""`analysis_product`: the Centre gives the analysis that it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.spec import (
    OPEN_TO_RECIPIENT,
    Act,
    Body,
    Brief,
    Document,
    KindSpec,
    Row,
    Stage,
)
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AnalysisProduct(Body):
    """Answers a request for analysis."""


SPEC = KindSpec(
    body=AnalysisProduct,
    stage=Stage.CONTINUING,
    words=Words("product of analysis", "аналитический продукт", "талдау өнімі"),
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ANSWERED,
            is_answer=True,
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="analysis_product",
            command="product",
            summary="Give the analysis that was asked of the centre.",
            done="Analysis sent",
            brief=Brief.REQUIRED,
            document=Document("AnalysisProduct", "product"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
