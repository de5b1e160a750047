"""`analysis_product`: the Centre gives the analysis that it was asked for.

Where it rests on what contributors gave, it names those statements and the clearances of their
authors. Hub and auditors refuse one that names what was not cleared (docs/rules.md#p24).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.rows import ANSWERS
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AnalysisProduct(Body):
    """Answers a request for analysis.

    `sources` are digests of statements of others on which it rests; `consents` are digests of the
    decisions by which their authors cleared them.
    """

    sources: tuple[bytes, ...] = ()
    consents: tuple[bytes, ...] = ()


SPEC = KindSpec(
    body=AnalysisProduct,
    stage=Stage.CONTINUING,
    words=Words("product of analysis", "аналитический продукт", "талдау өнімі"),
    passes_on=True,
    rows=(ANSWERS,),
    acts=(
        Act(
            name="analysis_product",
            command="product",
            summary="Give the analysis that was asked of the centre.",
            done="Analysis sent",
            codes=("sources", "consents"),
            defaults={"sources": (), "consents": ()},
            help={
                "sources": "Digests of the contributions on which it rests; repeatable",
                "consents": "Digests of the decisions that cleared them; repeatable",
            },
            brief=Brief.REQUIRED,
            document=Document("AnalysisProduct", "product"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
