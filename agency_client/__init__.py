"""The library with which agencies speak on the exchange: what is listed here is its public API.

    with ExchangeClient.from_profile("kz.mia") as hub:
        hub.request_information(to=["kz.fma"], brief="...", request=InformationRequest(...))

Errors are those of `exchange_protocol.errors`. Verification is on and has no off switch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from agency_client.aio import AsyncExchangeClient
    from agency_client.client import ExchangeClient
    from agency_client.documents import (
        AnalysisProduct,
        AnalysisRequest,
        Brief,
        CaseStage,
        ContentDocument,
        InformationRequest,
        Item,
        Period,
        ReferralDocument,
        ReplyDocument,
        load_document,
        validate_document,
    )
    from agency_client.entities import (
        Entity,
        entities_from_csv,
        identifier_warnings,
        read_entities,
    )
    from agency_client.keys import generate_sealing_key
    from agency_client.outbox import OutboxEntry, RefusedEntry
    from agency_client.profile import Profile, find_profile
    from agency_client.trust import Head, WitnessedHead
    from agency_client.views import (
        Approval,
        ExchangeSummary,
        LegSummary,
        Notice,
        OpenedExchange,
        OpenedStatement,
        Queued,
        Refused,
        Sent,
        Standing,
        VerifiedExchange,
        VerifiedStatement,
    )

__all__ = [
    "AnalysisProduct",
    "AnalysisRequest",
    "Approval",
    "AsyncExchangeClient",
    "Brief",
    "CaseStage",
    "ContentDocument",
    "Entity",
    "ExchangeClient",
    "ExchangeSummary",
    "Head",
    "InformationRequest",
    "Item",
    "LegSummary",
    "Notice",
    "OpenedExchange",
    "OpenedStatement",
    "OutboxEntry",
    "Period",
    "Profile",
    "Queued",
    "ReferralDocument",
    "Refused",
    "RefusedEntry",
    "ReplyDocument",
    "Sent",
    "Standing",
    "VerifiedExchange",
    "VerifiedStatement",
    "WitnessedHead",
    "entities_from_csv",
    "find_profile",
    "generate_sealing_key",
    "identifier_warnings",
    "load_document",
    "read_entities",
    "validate_document",
]

_HOMES: Final = {
    "AsyncExchangeClient": "agency_client.aio",
    "ExchangeClient": "agency_client.client",
    "AnalysisProduct": "agency_client.documents",
    "AnalysisRequest": "agency_client.documents",
    "Brief": "agency_client.documents",
    "CaseStage": "agency_client.documents",
    "ContentDocument": "agency_client.documents",
    "InformationRequest": "agency_client.documents",
    "Item": "agency_client.documents",
    "Period": "agency_client.documents",
    "ReferralDocument": "agency_client.documents",
    "ReplyDocument": "agency_client.documents",
    "load_document": "agency_client.documents",
    "validate_document": "agency_client.documents",
    "Entity": "agency_client.entities",
    "entities_from_csv": "agency_client.entities",
    "identifier_warnings": "agency_client.entities",
    "read_entities": "agency_client.entities",
    "generate_sealing_key": "agency_client.keys",
    "OutboxEntry": "agency_client.outbox",
    "RefusedEntry": "agency_client.outbox",
    "Profile": "agency_client.profile",
    "find_profile": "agency_client.profile",
    "Head": "agency_client.trust",
    "WitnessedHead": "agency_client.trust",
    "Approval": "agency_client.views",
    "ExchangeSummary": "agency_client.views",
    "LegSummary": "agency_client.views",
    "Notice": "agency_client.views",
    "OpenedExchange": "agency_client.views",
    "OpenedStatement": "agency_client.views",
    "Queued": "agency_client.views",
    "Refused": "agency_client.views",
    "Sent": "agency_client.views",
    "Standing": "agency_client.views",
    "VerifiedExchange": "agency_client.views",
    "VerifiedStatement": "agency_client.views",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: gRPC and the document models take a while."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
