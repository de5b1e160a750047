"""The refusal of a call: the error that it raises, and the reason of that error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from exchange_protocol.errors import ExchangeError, HubDishonest, Reason


def refused(call: Callable[..., object], *args: object, **named: object) -> ExchangeError:
    """Call what must be refused; gives the error."""
    with pytest.raises(ExchangeError) as caught:
        call(*args, **named)
    return caught.value


def refusal(call: Callable[..., object], *args: object, **named: object) -> Reason:
    """Call what must be refused; gives the reason."""
    return refused(call, *args, **named).reason


async def awaited_refusal(call: Awaitable[object]) -> Reason:
    """Await what must be refused; gives the reason."""
    with pytest.raises(ExchangeError) as caught:
        await call
    return caught.value.reason


def accusation(call: Callable[..., object], *args: object) -> Reason:
    """Call what must end with an accusation of the hub; gives the reason."""
    error = refused(call, *args)
    assert isinstance(error, HubDishonest)
    return error.reason


def reason_or_none(call: Callable[[], object]) -> Reason | None:
    """Call what may be refused; None if it was not. Any other error fails the test."""
    try:
        call()
    except ExchangeError as error:
        return error.reason
    return None
