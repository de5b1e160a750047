"""The world of one profile, as operations use it: keys, files, clocks and randomness.

Operations take all of it from here, so tests can replace each by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from agency_client.core.reach import Reach
from agency_client.state.cases import CaseBook
from agency_client.state.checkpoints import TrustStore
from agency_client.state.directory import DirectoryStore
from agency_client.state.holdings import Holdings
from agency_client.state.keys import Vault
from agency_client.state.log_keys import LogKeys
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Defaults, Profile
from agency_client.state.search_index import SearchIndex
from exchange_protocol.log.cosignatures import WitnessPolicy
from exchange_protocol.rules.statements import UUID_RANDOM_BYTES, new_statement_id
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId, Member

_RESERVED: ContextVar[list[str]] = ContextVar("reserved")


@contextmanager
def reserved_id(statement_id: str) -> Iterator[None]:
    """A block in which the first statement gets an id that its caller has written down before.

    So it is found by that id, whatever ends the process meanwhile.
    """
    token = _RESERVED.set([statement_id])
    try:
        yield
    finally:
        _RESERVED.reset(token)


@dataclass(frozen=True, slots=True)
class Ports:
    """The world of one client."""

    vault: Vault
    channel_member: Member
    """The member in whose name the channel is opened."""
    channel_certificates: Sequence[bytes]
    """SHA-256 of each certificate that the channel was opened with, the newest last."""
    anchors: TrustAnchors
    log_keys: LogKeys
    trust: TrustStore
    directory: DirectoryStore
    outbox: Outbox
    search_index: SearchIndex
    cases: CaseBook
    holdings: Holdings
    defaults: Defaults
    witnesses: WitnessPolicy | None
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    """Gives so many random bytes."""
    reach: Reach = field(default_factory=lambda: Reach(time.monotonic))

    @property
    def agency(self) -> AgencyId:
        """The agency that the client speaks for."""
        return self.vault.agency

    def new_id(self) -> str:
        """Make a statement id, or take the one that is reserved."""
        if reserved := _RESERVED.get([]):
            return reserved.pop()
        return new_statement_id(self.clock(), self.random(UUID_RANDOM_BYTES))


def make_ports(
    profile: Profile,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
    *,
    queue_only: bool = False,
) -> Ports:
    """Take the world of a profile; with `queue_only` statements stay in the outbox."""
    state, keys = profile.state, profile.log_keys
    return Ports(
        vault=profile.vault,
        channel_member=profile.tls.certificate.member,
        channel_certificates=profile.tls.shown,
        anchors=profile.anchors,
        log_keys=keys,
        trust=TrustStore(state, keys, clock),
        directory=DirectoryStore(state, keys, profile.anchors),
        outbox=Outbox(state),
        search_index=SearchIndex(state, profile.vault),
        cases=CaseBook(state, profile.vault),
        holdings=Holdings(state, profile.vault, clock),
        defaults=profile.defaults,
        witnesses=profile.witnesses,
        clock=clock,
        random=random,
        reach=Reach(time.monotonic, queue_only=queue_only),
    )
