"""The directory: agencies, signing certificates, sealing keys and the policy, as a value.

It is a fold of the log: `directory_changes` alone makes the next one of it. So hub, client and
auditor hold the same directory at the same entry, or one of them lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_acceptance import PublishAcceptance
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.rulebook import Agency, Rulebook
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.certificates import VerifiedCertificate
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import SealingPublicKey

PROPOSAL_STANDS: Final = timedelta(days=14)
"""A proposed policy lapses unless it is confirmed by then: people forget what they have read."""


@dataclass(frozen=True, slots=True)
class PolicyProposal:
    """A policy that waits for a second operator; `at` is the hub time of its publication."""

    policy: Policy
    author: Member
    at: datetime

    @property
    def lapses_at(self) -> datetime:
        """The last moment at which it can be confirmed."""
        return self.at + PROPOSAL_STANDS


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A signing certificate on the log; `revoked_at` is the hub time of its revocation."""

    certificate: VerifiedCertificate
    member: Member
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Directory:
    """The directory after `size` directory statements; immutable."""

    size: int = 0
    operating_agency: AgencyId | None = None
    trust_domain: str | None = None
    agencies: Mapping[AgencyId, Agency] = field(default_factory=dict)
    certificates: Mapping[bytes, CertificateRecord] = field(default_factory=dict)
    """Certificates by their SHA-256."""
    sealing_keys: Mapping[AgencyId, tuple[SealingPublicKey, ...]] = field(default_factory=dict)
    """Newest last; the newest is the one to seal to, the others only open."""
    policy: Policy | None = None
    proposal: PolicyProposal | None = None
    """The policy that was proposed last and is not confirmed yet; it may have lapsed."""
    acceptances: Mapping[AgencyId, PublishAcceptance] = field(default_factory=dict)
    """The limits of what agencies take, for those that published them."""
    times: TimeRules = field(default_factory=TimeRules)
    """The published times and calendars."""
    post_quantum: frozenset[AgencyId] = frozenset()
    """Agencies that demand a post-quantum signature of every statement of theirs."""
    log_keys: tuple[str, ...] = ()
    """Verifier keys of the log, oldest first; empty until a key was succeeded."""

    @cached_property
    def rulebook(self) -> Rulebook:
        """The policy in force over the enrolled agencies.

        Raises:
            NotPermitted: POLICY_DENIED, before a policy was published.
        """
        if self.policy is None:
            raise Reason.POLICY_DENIED.error("no policy is published yet, so nothing is permitted")
        return _rulebook(self.policy, tuple(self.agencies.values()))

    def agency(self, agency: AgencyId) -> Agency:
        """An enrolled agency; raises AGENCY_UNKNOWN."""
        found = self.agencies.get(agency)
        if found is None:
            raise Reason.AGENCY_UNKNOWN.error(
                f"expected an enrolled agency, got {agency}: `agency agencies` lists them"
            )
        return found

    def sealing_key(self, agency: AgencyId) -> SealingPublicKey:
        """The newest sealing key of an agency; raises SEALING_KEY_UNKNOWN."""
        keys = self.sealing_keys.get(agency)
        if not keys:
            raise Reason.SEALING_KEY_UNKNOWN.error(f"{agency} has not published a sealing key")
        return keys[-1]


@lru_cache(maxsize=8)
def _rulebook(policy: Policy, agencies: tuple[Agency, ...]) -> Rulebook:
    """Share a rulebook and its answers among directories that differ in keys and certificates."""
    return Rulebook(policy, {agency.id: agency for agency in agencies})


EMPTY_DIRECTORY = Directory()


def check_taken(directory: Directory, statement: Statement, kind: Kind | None = None) -> None:
    """Check that every recipient takes an initial statement, by what it published.

    `kind` is that of the exchange, where a later statement brings an agency into it.

    Raises:
        NotPermitted: NOT_TAKEN, naming the recipient and what it takes.
    """
    kind = kind or statement.kind
    language = statement.header.language
    largest = max((part.size for part in statement.parts), default=0)
    for agency in statement.recipients:
        takes = directory.acceptances.get(agency)
        if takes is None:
            continue
        if takes.kinds and kind not in takes.kinds:
            raise _not_taken(agency, f"the kinds {', '.join(takes.kinds)}", kind)
        if takes.languages and language is not None and language not in takes.languages:
            languages = ", ".join(each.name for each in takes.languages)
            raise _not_taken(agency, f"the languages {languages}", language.name)
        if 0 < takes.max_part_bytes < largest:
            raise _not_taken(agency, f"parts of at most {takes.max_part_bytes} bytes", str(largest))


def _not_taken(agency: AgencyId, takes: str, got: str) -> ExchangeError:
    return Reason.NOT_TAKEN.error(f"{agency} takes {takes}; got {got}", field="recipients")
