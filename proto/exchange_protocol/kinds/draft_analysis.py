"""`draft_analysis`: the centre shows the contributors of its joint case a draft of the analysis.

It asks each of them to clear its own data for the authority that is to receive the analysis. A
contributor clears it by a decision on consent about the draft. The product then rests on what was
cleared, and names it; a later draft asks anew (docs/rules.md#p24).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, Purpose
from exchange_protocol.kinds.rows import ConsentStep, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class DraftAnalysis(Body):
    """Asks active members to clear their contributions among `sources` for `authority`."""

    sources: tuple[bytes, ...]
    authority: AgencyId
    use: Purpose


SPEC = KindSpec(
    body=DraftAnalysis,
    stage=Stage.CONTINUING,
    words=Words("draft of an analysis", "проект анализа", "талдау жобасы"),
    to_members=True,
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.JOINED}),
            consent=ConsentStep.ASKS_FOR_SOURCES,
        ),
    ),
    acts=(
        Act(
            name="draft_analysis",
            command="draft",
            summary="Show contributors a draft, and ask each to clear its own data.",
            done="Draft shown",
            codes=("sources", "authority", "use"),
            help={
                "sources": "Digests of the contributions on which it rests; repeatable",
                "authority": "Id of the agency that is to receive the analysis.",
                "use": "What it may be used for",
            },
            brief=Brief.REQUIRED,
            document=Document("AnalysisProduct", "product"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
