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
    from agency_client.content.documents import (
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
    from agency_client.content.entities import (
        Entity,
        entities_from_csv,
        identifier_warnings,
        read_entities,
    )
    from agency_client.core.views import (
        Approval,
        ExchangeSummary,
        LegSummary,
        Notice,
        Queued,
        Refused,
        Sent,
        UnsealedExchange,
        UnsealedStatement,
        VerifiedExchange,
        VerifiedStatement,
    )
    from agency_client.state.checkpoints import Head, WitnessedHead
    from agency_client.state.keys import generate_sealing_key
    from agency_client.state.outbox import OutboxEntry, RefusedEntry
    from agency_client.state.profile import Profile, find_profile

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
    "OutboxEntry",
    "Party",
    "Period",
    "Profile",
    "Queued",
    "ReferralDocument",
    "Refused",
    "RefusedEntry",
    "ReplyDocument",
    "Sent",
    "UnsealedExchange",
    "UnsealedStatement",
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
    "AnalysisProduct": "agency_client.content.documents",
    "AnalysisRequest": "agency_client.content.documents",
    "Brief": "agency_client.content.documents",
    "CaseStage": "agency_client.content.documents",
    "ContentDocument": "agency_client.content.documents",
    "InformationRequest": "agency_client.content.documents",
    "Item": "agency_client.content.documents",
    "Period": "agency_client.content.documents",
    "ReferralDocument": "agency_client.content.documents",
    "ReplyDocument": "agency_client.content.documents",
    "load_document": "agency_client.content.documents",
    "validate_document": "agency_client.content.documents",
    "Entity": "agency_client.content.entities",
    "entities_from_csv": "agency_client.content.entities",
    "identifier_warnings": "agency_client.content.entities",
    "read_entities": "agency_client.content.entities",
    "generate_sealing_key": "agency_client.state.keys",
    "OutboxEntry": "agency_client.state.outbox",
    "RefusedEntry": "agency_client.state.outbox",
    "Profile": "agency_client.state.profile",
    "find_profile": "agency_client.state.profile",
    "Head": "agency_client.state.checkpoints",
    "WitnessedHead": "agency_client.state.checkpoints",
    "Approval": "agency_client.core.views",
    "ExchangeSummary": "agency_client.core.views",
    "LegSummary": "agency_client.core.views",
    "Notice": "agency_client.core.views",
    "UnsealedExchange": "agency_client.core.views",
    "UnsealedStatement": "agency_client.core.views",
    "Queued": "agency_client.core.views",
    "Refused": "agency_client.core.views",
    "Sent": "agency_client.core.views",
    "Party": "exchange_protocol.kinds.codes",
    "VerifiedExchange": "agency_client.core.views",
    "VerifiedStatement": "agency_client.core.views",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: gRPC and the document models take a while."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
