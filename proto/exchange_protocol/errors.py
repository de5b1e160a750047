"""Errors of the exchange, by whose fault they are, and the stable reasons that cross the wire.

    ExchangeError                 every error of this project that a caller may want to catch
      CallerError                 what was asked is wrong; the same call will fail again
        InvalidInput              malformed or contradictory input (carries the field)
        NotAuthenticated          who is calling could not be established
        NotPermitted              known caller, but policy or role forbids it
        NotFound                  no such thing, or none that this caller may know of
        Conflict                  the state of the exchange or an earlier statement forbids it
        LimitExceeded             a size or rate limit; may carry when to retry
      PeerError                   another agency's data does not verify (never the caller's fault)
        SignatureInvalid          a signature, certificate or approval of a peer is not good
        SealBroken                a sealed part cannot be opened or was altered
      HubError                    the hub failed, or lied
        HubUnavailable            not reachable, or not serving; the same call may work later
        HubInternal               the hub failed inside; it tells nothing more
        HubDishonest              evidence that the hub broke the protocol; keep the evidence
      LocalError                  the machine that this runs on failed; nobody else knows of it
        StorageFailed             its disk took no file

A `Reason` is the stable, machine-readable name of what went wrong; it travels as
`google.rpc.ErrorInfo.reason`. Clients map reasons to exceptions and never parse message text.
Each reason belongs to exactly one error class (`Reason.error_class`), so one table drives the hub's
status mapping and the client's exceptions. Messages say what was expected and what came; they never
carry content, personal data or secrets.
"""

# ruff: noqa: PIE796
# Several reasons share one error class by intent; `Reason.__new__` numbers them, so none is an
# alias of another.

from __future__ import annotations

from enum import Enum
from typing import Any, Self


class ExchangeError(Exception):
    """Base of all errors of the exchange; `reason` is stable, the message is for people."""

    def __init__(self, reason: Reason, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        """Dotted path of the offending field of the request, where there is one."""
        self.kept: tuple[str, ...] = ()
        """Ids of the statements that the call had signed and kept before it failed: each waits in
        the outbox, is among the refused, or has a receipt. Empty where a client may simply call
        again."""

    def __str__(self) -> str:
        where = f" [{self.field}]" if self.field else ""
        return f"{self.reason.name}{where}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it pass between processes: a pool breaks at an error that cannot be read again."""
        state = {name: value for name, value in self.__dict__.items() if name != "reason"}
        return _restored, (type(self), self.reason.name, state)

    @property
    def is_final(self) -> bool:
        """True if it settles what was asked: the same bytes sent again will meet it again."""
        return False

    def detached(self) -> Self:
        """The error alone, without its frames and without the error that led to it.

        Frames hold all that a call brought: an error that is kept would keep that. Where one of
        these frames holds the error, that lasts until garbage is collected in full.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


def _restored(kind: type[ExchangeError], reason: str, state: dict[str, Any]) -> ExchangeError:
    error = kind.__new__(kind, state["message"])
    error.__dict__ |= {**state, "reason": Reason[reason]}
    return error


class CallerError(ExchangeError):
    """The request is wrong; the same request will fail again."""

    @property
    def is_final(self) -> bool:
        """Asking again unchanged will fail again, unless it was only too much for the moment."""
        return self.reason not in (Reason.RATE_LIMITED, Reason.OVERLOADED)


class InvalidInput(CallerError):
    """Malformed or contradictory input."""


class NotAuthenticated(CallerError):
    """The identity of a caller or a signer could not be established."""


class NotPermitted(CallerError):
    """The caller is known, but role, policy or scope forbids it."""


class NotFound(CallerError):
    """No such thing, or none that this caller may know of."""


class Conflict(CallerError):
    """The present state, or an earlier statement, forbids it."""


class LimitExceeded(CallerError):
    """A size or rate limit was exceeded."""

    retry_after_seconds: float | None = None


class PeerError(ExchangeError):
    """Another agency's data does not verify."""


class SignatureInvalid(PeerError):
    """A signature, certificate or approval of a peer is not good."""


class SealBroken(PeerError):
    """A sealed part cannot be opened, or was altered."""


class HubError(ExchangeError):
    """The hub failed, or lied."""


class HubUnavailable(HubError):
    """The hub is not reachable or not serving; the same call may work later."""


class HubInternal(HubError):
    """The hub failed inside; it tells nothing more."""


class HubDishonest(HubError):
    """Evidence that the hub broke the protocol."""


class LocalError(ExchangeError):
    """The machine that this runs on failed."""


class StorageFailed(LocalError):
    """A file could not be written; the same call may work once there is room for it."""


class Reason(Enum):
    """Stable reasons. The value is the error class that carries it."""

    def __new__(cls, error_class: type[ExchangeError]) -> Reason:
        member = object.__new__(cls)
        member._value_ = len(cls.__members__) + 1
        return member

    def __init__(self, error_class: type[ExchangeError]) -> None:
        self.error_class = error_class

    # malformed input
    MALFORMED = (InvalidInput,)
    MISSING_FIELD = (InvalidInput,)
    INVALID_FIELD = (InvalidInput,)
    UNKNOWN_KIND = (InvalidInput,)
    CLOCK_SKEW = (InvalidInput,)
    PART_MISMATCH = (InvalidInput,)
    PART_MISSING = (InvalidInput,)
    DUPLICATE_WRAPPED_KEY = (InvalidInput,)
    READERS_MISMATCH = (InvalidInput,)
    SUPERVISOR_MISSING = (InvalidInput,)
    PAGE_TOKEN_INVALID = (InvalidInput,)
    RESUME_TOKEN_INVALID = (InvalidInput,)
    PROOF_RANGE_INVALID = (InvalidInput,)
    POLICY_INVALID = (InvalidInput,)
    POLICY_UNREADABLE = (InvalidInput,)
    CONFIG_INVALID = (InvalidInput,)
    PROFILE_INVALID = (InvalidInput,)
    DOCUMENT_INVALID = (InvalidInput,)
    COPY_UNUSABLE = (InvalidInput,)
    COSIGNATURE_INVALID = (InvalidInput,)
    SPLIT_VIEW_NOT_PROVEN = (InvalidInput,)
    PROVENANCE_CIRCULAR = (InvalidInput,)
    TIME_LIMIT_EXCEEDED = (InvalidInput,)
    TIME_LIMIT_INVALID = (InvalidInput,)
    TIME_LIMITS_CONTRADICT = (InvalidInput,)
    CALENDAR_DAY_IMPOSSIBLE = (InvalidInput,)
    CALENDAR_DAY_TWICE = (InvalidInput,)
    CALENDAR_YEAR_INVALID = (InvalidInput,)
    COUNTRY_UNKNOWN = (InvalidInput,)
    LEAD_INVITED = (InvalidInput,)
    GROUND_NEVER_ALONE = (InvalidInput,)
    EXPLANATION_MISSING = (InvalidInput,)
    DUE_TIME_PAST = (InvalidInput,)
    DUE_TIME_TOO_FAR = (InvalidInput,)
    DUE_TIME_NOT_LATER = (InvalidInput,)
    EXPIRY_PAST = (InvalidInput,)
    EXPIRY_TOO_FAR = (InvalidInput,)
    CONSENT_NOT_LESS = (InvalidInput,)
    AGENCY_TWICE = (InvalidInput,)
    OWN_AGENCY_ADDRESSED = (InvalidInput,)
    CONTRADICTORY = (InvalidInput,)
    # who
    UNAUTHENTICATED = (NotAuthenticated,)
    CERTIFICATE_INVALID = (NotAuthenticated,)
    CERTIFICATE_EXPIRED = (NotAuthenticated,)
    CERTIFICATE_REVOKED = (NotAuthenticated,)
    CERTIFICATE_UNTRUSTED = (NotAuthenticated,)
    CERTIFICATE_USAGE = (NotAuthenticated,)
    CERTIFICATE_UNKNOWN = (NotAuthenticated,)
    IDENTITY_INVALID = (NotAuthenticated,)
    SIGNATURE_INVALID = (NotAuthenticated,)
    SIGNATURE_MISSING = (NotAuthenticated,)
    KEY_UNAVAILABLE = (NotAuthenticated,)
    # may they
    AUTHOR_MISMATCH = (NotPermitted,)
    AGENCY_NOT_ENROLLED = (NotPermitted,)
    POLICY_DENIED = (NotPermitted,)
    NO_APPROVER = (NotPermitted,)
    OWN_REQUEST = (NotPermitted,)
    NOT_A_PARTY = (NotPermitted,)
    ROLE_NOT_PERMITTED = (NotPermitted,)
    NOT_ITS_CLAIM = (NotPermitted,)
    CONSENT_MISSING = (NotPermitted,)
    AGENCY_RETIRED = (NotPermitted,)
    NOT_TAKEN = (NotPermitted,)
    NOT_THE_LEAD = (NotPermitted,)
    NOT_ACTIVE = (NotPermitted,)
    GATE_EXCEEDED = (NotPermitted,)
    # is there
    EXCHANGE_UNKNOWN = (NotFound,)
    AGENCY_UNKNOWN = (NotFound,)
    PART_UNKNOWN = (NotFound,)
    STATEMENT_UNKNOWN = (NotFound,)
    ENTRY_UNKNOWN = (NotFound,)
    SEALING_KEY_UNKNOWN = (NotFound,)
    CONTENT_ERASED = (NotFound,)
    # state
    OUT_OF_ORDER = (Conflict,)
    ID_REUSED = (Conflict,)
    STALE_ANSWER = (Conflict,)
    ALREADY_DECIDED = (Conflict,)
    ALREADY_ENROLLED = (Conflict,)
    NOT_WITNESSED = (Conflict,)
    CLIENT_CLOSED = (Conflict,)
    LAST_OPERATOR = (Conflict,)
    ALREADY_CLAIMED = (Conflict,)
    NOT_CLAIMED = (Conflict,)
    NOT_YET_DUE = (Conflict,)
    TIME_IS_OVER = (Conflict,)
    RETURN_FIRST = (Conflict,)
    ALREADY_MEMBER = (Conflict,)
    MEMBERS_CHANGED = (Conflict,)
    PROPOSAL_UNKNOWN = (Conflict,)
    PROPOSAL_LAPSED = (Conflict,)
    ASSIGNEE_NOT_ACTIVE = (Conflict,)
    # limits
    TOO_LARGE = (LimitExceeded,)
    TOO_MANY = (LimitExceeded,)
    RATE_LIMITED = (LimitExceeded,)
    OVERLOADED = (LimitExceeded,)
    # peers
    PEER_SIGNATURE_INVALID = (SignatureInvalid,)
    APPROVAL_MISSING = (SignatureInvalid,)
    TIMESTAMP_INVALID = (SignatureInvalid,)
    SEAL_BROKEN = (SealBroken,)
    NOT_A_READER = (SealBroken,)
    # hub
    UNAVAILABLE = (HubUnavailable,)
    DEADLINE_EXCEEDED = (HubUnavailable,)
    INTERNAL = (HubInternal,)
    PROOF_INVALID = (HubDishonest,)
    CHECKPOINT_INVALID = (HubDishonest,)
    CHECKPOINT_ROLLBACK = (HubDishonest,)
    CHECKPOINT_SPLIT_VIEW = (HubDishonest,)
    RECEIPT_MISMATCH = (HubDishonest,)
    ENTRY_MISMATCH = (HubDishonest,)
    RULE_BROKEN = (HubDishonest,)
    # this machine
    FILE_NOT_WRITTEN = (StorageFailed,)

    error_class: type[ExchangeError]

    def error(self, message: str, *, field: str | None = None) -> ExchangeError:
        """Make the exception of this reason's class."""
        return self.error_class(self, message, field=field)

    def until(self, message: str, retry_after_seconds: float) -> ExchangeError:
        """Make the exception of a limit that says when to come back; other reasons never do."""
        error = self.error(message)
        if not isinstance(error, LimitExceeded):
            raise TypeError(f"expected the reason of a limit, got {self.name}")
        error.retry_after_seconds = retry_after_seconds
        return error
