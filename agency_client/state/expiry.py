"""Until when the keys of a profile are good, by what this machine knows; no hub is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agency_client.state.directory import DirectoryStore
from agency_client.state.profile import Profile

WARN_DAYS: Final = (30, 14, 7, 1)
"""At so many days before its end a certificate is warned of, louder each time."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """The time for which something is still good."""

    what: str
    ends: datetime
    revoked: bool
    now: datetime

    @property
    def days(self) -> int:
        """Whole days until it ends; negative once it has ended."""
        return (self.ends - self.now) // timedelta(days=1)

    @property
    def warning(self) -> str | None:
        """The next thing to do about it; None while nothing is to be done."""
        if self.revoked:
            return "REVOKED on the log: enrol again"
        if self.days < 0:
            return "HAS ENDED: enrol again"
        if self.days < min(WARN_DAYS):
            return "ends within a day: renew it now"
        if any(self.days < each for each in WARN_DAYS):
            return f"ends in {self.days} days: renew it"
        return None


def key_states(profile: Profile, now: datetime) -> list[KeyState]:
    """The state of a profile's certificates and list, by what this machine knows."""
    known = DirectoryStore(profile.state, profile.log_keys, profile.anchors).current
    states = [KeyState("tls", profile.tls.certificate.not_after, revoked=False, now=now)]
    signing = profile.vault.certificate
    if signing is not None:
        record = known.certificates.get(signing.fingerprint)
        is_revoked = record is not None and record.revoked_at is not None
        states.append(KeyState("signing", signing.not_after, revoked=is_revoked, now=now))
    if profile.revocations is not None:
        ends = min(each.next_update for each in profile.revocations.lists.values())
        states.append(KeyState("crl", ends, revoked=False, now=now))
    return states


def warnings(profile: Profile, now: datetime) -> list[str]:
    """List the warnings of `whoami` beside each certificate's own, revocations among them."""
    # A list lives for a month, so it is told of in its last week alone.
    return [
        f"{each.what}: {each.warning}"
        for each in key_states(profile, now)
        if each.warning and not each.revoked and (each.what != "crl" or each.days < WARN_DAYS[2])
    ]
