"""`asset_trace_request`: another agency is asked to find assets (docs/rules.md#p12)."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.asset_findings import AssetFindings
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.offences import OFFENCES_HELP, OffenceType
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class AssetTraceRequest(Body):
    """Asks other agencies to find the assets of subjects, without notice to their owners."""

    offence_types: tuple[OffenceType, ...] = ()


SPEC = KindSpec(
    body=AssetTraceRequest,
    stage=Stage.INITIAL,
    words=Words(
        "request to trace assets", "запрос о розыске активов", "активтерді іздеу туралы сұрау салу"
    ),
    answer=AssetFindings,
    acts=(
        Act(
            name="request_asset_trace",
            command="send asset-trace-request",
            summary="Ask other agencies to find the assets of subjects.",
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
