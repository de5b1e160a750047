"""Authorization: the roles that may call each RPC. Policy and access rules decide on the rest.

A table of roles by RPC: what has no row is denied. Besides, the caller's agency must be enrolled;
the operating agency's operators are exempt, and while the log is empty so is any operator, as
somebody must make the first statement (`rules.directory_changes` says which one that may be).

Denials of callers whose identity is established go on the log (`Denials`), so that auditors see who
tried what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from exchange_protocol.errors import ExchangeError, NotPermitted, Reason
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import AgencyId, Member, Role
from exchange_server.caller import Caller
from exchange_server.rpc.calls import (
    AUDIT_SERVICE,
    DIRECTORY_SERVICE,
    EXCHANGE_SERVICE,
    REFLECTION_METHOD,
    REFLECTION_SERVICES,
    Call,
)

_EVERYONE: Final = frozenset(Role)
_PARTIES: Final = frozenset({Role.SYSTEM, Role.OFFICER, Role.COORDINATOR, Role.AUTHORISER})

_BY_SERVICE: Final = {
    EXCHANGE_SERVICE.full_name: {
        "PlanRoute": _PARTIES,
        "Submit": _PARTIES | {Role.OPERATOR},
        "SubmitBatch": _PARTIES | {Role.OPERATOR},
        "SubmitStream": _PARTIES | {Role.OPERATOR},
        "UploadPart": _PARTIES,
        "ListExchanges": _PARTIES,
        "GetExchange": _PARTIES,
        "FetchPart": _PARTIES,
        "Watch": _PARTIES,
    },
    DIRECTORY_SERVICE.full_name: {"ListDirectoryEntries": _EVERYONE},
    AUDIT_SERVICE.full_name: {
        # Heads, hashes and proofs say nothing of what was said; everyone checks the log by them.
        "GetCheckpoint": _EVERYONE,
        "GetTile": _EVERYONE,
        "GetEntryBundle": _EVERYONE,
        "GetInclusionProof": _EVERYONE,
        "GetConsistencyProof": _EVERYONE,
        "ListOpenings": _PARTIES | {Role.AUDITOR},
        "AddCosignature": frozenset({Role.AUDITOR}),
    },
    # Served where the configuration asks for it.
    **{each: {REFLECTION_METHOD: frozenset({Role.OPERATOR})} for each in REFLECTION_SERVICES},
}
ALLOWED_ROLES: Final = {
    f"/{service}/{method}": roles
    for service, methods in _BY_SERVICE.items()
    for method, roles in methods.items()
}
"""Roles that may call an RPC, by its full name."""

_log = structlog.get_logger(__name__)


def verify_allowed(method: str, member: Member, directory: Directory) -> None:
    """Verify that a member may call an RPC; raises ROLE_NOT_PERMITTED or AGENCY_NOT_ENROLLED."""
    roles = ALLOWED_ROLES.get(method)
    if roles is None:
        raise Reason.ROLE_NOT_PERMITTED.error("no rule permits this RPC to anyone")
    if member.role not in roles:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"expected one of the roles {', '.join(sorted(roles))}; got {member.role}"
        )
    if member.agency in directory.agencies:
        return
    if member.role is Role.OPERATOR and directory.operating_agency in (None, member.agency):
        return
    raise Reason.AGENCY_NOT_ENROLLED.error(f"expected an enrolled agency, got {member.agency}")


class Authorization:
    """Lets a call through only if the table has a row for it that names the caller's role.

    Another worker may have written an enrolment that this one has not read yet. So before an agency
    is refused as unknown, the directory is read anew, in the turn of that agency.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        catch_up: Callable[[AgencyId], Awaitable[None]],
    ) -> None:
        """Look enrolments up in the directory in force; `catch_up` brings it up to the log."""
        self._directory = directory
        self._catch_up = catch_up

    async def verify(self, method: str, member: Member) -> None:
        """Raise NotPermitted for a call that no row allows."""
        try:
            verify_allowed(method, member, self._directory())
        except NotPermitted as error:
            if error.reason is not Reason.AGENCY_NOT_ENROLLED:
                raise
            await self._catch_up(member.agency)
            verify_allowed(method, member, self._directory())


class DenialLog(Protocol):
    """The taker of denials: the ledger. Bounded per agency, so that none can flood the log."""

    async def deny(
        self, caller: Caller, operation: str, error: ExchangeError, *, exchange_id: str = ""
    ) -> None:
        """Put a denial on the log."""


class Denials:
    """Puts on the log what known callers were refused, or asked for without being entitled."""

    def __init__(self, denials: DenialLog) -> None:
        """Log denials there."""
        self._denials = denials

    async def log(self, call: Call, caller: Caller, error: ExchangeError) -> None:
        """Log a denial, unless whoever refused has done so."""
        if call.denial_is_logged:
            return
        try:
            await self._denials.deny(caller, call.operation, error, exchange_id=call.exchange_id)
        except ExchangeError as failure:
            # The caller is refused all the same, for the reason that it was refused.
            _log.error(
                "denial_unlogged",
                request_id=call.request_id,
                operation=call.operation,
                denied=error.reason.name,
                failure=failure.reason.name,
            )
