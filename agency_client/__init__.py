"""The library with which agencies speak on the exchange: what is listed here is its public API.

    with ExchangeClient.from_profile("kz.mia") as hub:
        hub.request_information(to=["kz.fma"], brief="...", request=InformationRequest(...))

Errors are those of `exchange_protocol.errors`. Verification is on and has no off switch.
"""

from __future__ import annotations

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
from agency_client.trust import Head
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
    "entities_from_csv",
    "find_profile",
    "generate_sealing_key",
    "identifier_warnings",
    "load_document",
    "read_entities",
    "validate_document",
]
