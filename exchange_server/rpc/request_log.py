"""An id for every request, and one line of log for every call.

The line holds who called what, how it ended, how long it took and how large it was. It never holds
content, statements or personal data; a person's name inside an identity URI is the one that the
agency's own authority chose for the certificate, and is what an auditor looks for.
"""

from __future__ import annotations

import itertools
import secrets
import time
from typing import Final

from exchange_server.observability import log_often
from exchange_server.observer import Observer
from exchange_server.rpc.calls import Call

_RUN_ID_BYTES: Final = 6


class RequestLog:
    """Begins calls and logs their end."""

    def __init__(self, observer: Observer) -> None:
        """Number requests from 1 behind a random prefix, which tells runs of the hub apart."""
        self._observer = observer
        self._run_id = secrets.token_hex(_RUN_ID_BYTES)
        self._numbers = itertools.count(1)

    def begin(self, method: str) -> Call:
        """Begin a call."""
        return Call(method, f"{self._run_id}-{next(self._numbers)}", time.perf_counter())

    def end(self, call: Call, outcome: str) -> None:
        """Log how a call ended: "ok", "cancelled", "aborted" or the name of a reason."""
        seconds = time.perf_counter() - call.began_at
        self._observer.call_ended(
            call.method, outcome, seconds, call.request_bytes, call.response_bytes
        )
        log_often(
            __name__,
            "call",
            {
                "request_id": call.request_id,
                "method": call.method,
                "caller": call.caller.member.uri if call.caller else None,
                "outcome": outcome,
                "duration_ms": round(seconds * 1000, 2),
                "request_bytes": call.request_bytes,
                "response_bytes": call.response_bytes,
            },
        )
