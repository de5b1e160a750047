"""The simplest of requests, where it does not matter what is asked."""

from __future__ import annotations

from typing import Any

from agency_client import ExchangeClient, InformationRequest, Item, Queued, Sent

REQUEST = InformationRequest(items=(Item.STR,))


def ask(client: ExchangeClient, *to: str, **terms: Any) -> Sent | Queued:
    """Ask for information, of the FIU of Kazakhstan unless others are named."""
    recipients = to or ("kz.fma",)
    return client.request_information(to=recipients, brief="Вымышлено", request=REQUEST, **terms)


def new_exchange(client: ExchangeClient, *to: str, **terms: Any) -> str:
    """Ask for information that the hub takes at once; gives the exchange."""
    sent = ask(client, *to, **terms)
    assert isinstance(sent, Sent)
    return sent.exchange_id
