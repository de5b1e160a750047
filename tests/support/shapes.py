"""The shape of a payload, to say which statements differ in carried values alone."""

from __future__ import annotations

from exchange_protocol.rules.shapes import _take_carried
from exchange_protocol.rules.wire import plain_message


def shape_of(payload: bytes) -> bytes:
    """The shape of a well-formed payload; raises ExchangeError for a carried value without form."""
    message = plain_message(payload)
    _take_carried(message)
    return message.SerializeToString(deterministic=True)
