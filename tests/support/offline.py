"""A link to a hub that is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exchange_protocol.errors import Reason


class Offline:
    """A hub that cannot be reached at all."""

    def perform(self, call: object) -> Any:
        raise Reason.UNAVAILABLE.error("no route to the hub")

    def watch(self, request: object, seconds: float) -> Iterator[Any]:
        raise Reason.UNAVAILABLE.error("no route to the hub")

    def close(self) -> None:
        """Nothing to close."""
