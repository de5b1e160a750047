"""The caller of the hub, as the TLS handshake has established it.

Only the identity check of the RPC layer makes a `Caller`: chain, usage, validity and revocation of
the TLS certificate are verified by then.
"""

from __future__ import annotations

from dataclasses import dataclass

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
