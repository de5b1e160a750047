"""The caller of the hub, as the TLS handshake has established it.

Only the identity check of the RPC layer makes a `Caller`: chain, usage, validity and revocation of
the TLS certificate are verified by then.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from exchange_protocol.trust.identity import AgencyId, Member


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated peer."""

    member: Member
    certificate_sha256: bytes
    """SHA-256 of the TLS certificate, 32 bytes."""

    @property
    def agency(self) -> AgencyId:
        """The agency that the caller belongs to."""
        return self.member.agency


_working_for: Final[ContextVar[str]] = ContextVar("working_for", default="")


def work_for(agency: AgencyId) -> None:
    """Mark what this task does from now on as an agency's work, which waits for its turn."""
    _working_for.set(agency)


def working_for() -> str:
    """The agency that this task works for; empty for the hub's own work."""
    return _working_for.get()
