"""The ends of a profile's keys, by what this machine knows; no hub is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agency_client.state.directory import DirectoryStore
from agency_client.state.profile import Profile

WARN_DAYS: Final = (30, 14, 7, 1)
"""Days before the end of a certificate at which a warning is given, louder each time."""
_FETCH: Final = "put the authority's newest crl.pem in its place"


@dataclass(frozen=True, slots=True)
class KeyState:
    """The time for which something is still good."""

    what: str
    ends: datetime
    revoked: bool
    now: datetime
    begins: datetime | None = None
    """The beginning of its time, where that is told: before it the thing is not valid yet."""
    is_list: bool = False
    """True for a list of revocations: it is fetched, and not renewed."""

    @property
    def days(self) -> int:
        """Whole days until it ends; negative once it has ended."""
        return (self.ends - self.now) // timedelta(days=1)

    @property
    def is_early(self) -> bool:
        """True if it is not valid yet, by the clock of this machine."""
        return self.begins is not None and self.now < self.begins

    @property
    def warning(self) -> str | None:
        """The next thing to do about it; None while nothing is to be done."""
        if self.revoked:
            return "REVOKED on the log: enrol again"
        if self.is_early:
            return (
                f"NOT VALID before {self.begins:%Y-%m-%d %H:%M} UTC: is the clock of this machine "
                f"right? It says {self.now:%Y-%m-%d %H:%M} UTC"
            )
        if self.days < 0:
            return (
                f"HAS ENDED at {self.ends:%Y-%m-%d %H:%M} UTC by the clock of this machine, which "
                f"says {self.now:%Y-%m-%d %H:%M} UTC: set the clock if that is not the time; else "
                f"{_FETCH if self.is_list else 'enrol again'}"
            )
        if self.days < min(WARN_DAYS):
            return f"ends within a day: {_FETCH if self.is_list else 'renew it now'}"
        if any(self.days < each for each in WARN_DAYS):
            return f"ends in {self.days} days: {_FETCH if self.is_list else 'renew it'}"
        return None


def key_states(profile: Profile, now: datetime) -> list[KeyState]:
    """The state of a profile's certificates and list, by what this machine knows."""
    known = DirectoryStore(profile.state, profile.log_keys, profile.anchors).current
    tls = profile.tls.certificate
    states = [KeyState("tls", tls.not_after, revoked=False, now=now, begins=tls.not_before)]
    signing = profile.vault.certificate
    if signing is not None:
        record = known.certificates.get(signing.fingerprint)
        is_revoked = record is not None and record.revoked_at is not None
        begins = signing.not_before
        states.append(
            KeyState("signing", signing.not_after, revoked=is_revoked, now=now, begins=begins)
        )
    if profile.revocations is not None:
        lists = profile.revocations.lists.values()
        ends = min(each.next_update for each in profile.revocations.awaited(now))
        begins = max(each.this_update for each in lists)
        states.append(KeyState("crl", ends, revoked=False, now=now, begins=begins, is_list=True))
    return states


def warnings(profile: Profile, now: datetime) -> list[str]:
    """List the warnings of `whoami` beside each certificate's own, revocations among them."""
    # A list lives for a month, so it is told of in its last week alone.
    return [
        f"{each.what}: {each.warning}"
        for each in key_states(profile, now)
        if each.warning
        and not each.revoked
        and (not each.is_list or each.is_early or each.days < WARN_DAYS[2])
    ]
