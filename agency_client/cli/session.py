"""The session of a command: its profile, and its reader, a person or a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from agency_client.state.profile import Profile
from exchange_protocol.errors import Reason

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

PROFILE_VARIABLE = "EXCHANGE_PROFILE"


@dataclass(frozen=True, slots=True)
class Session:
    """The global options."""

    profile: str | None
    as_json: bool

    def load_profile(self) -> Profile:
        """The profile that was named; raises PROFILE_INVALID if none was."""
        if not self.profile:
            raise Reason.PROFILE_INVALID.error(
                f"expected a profile: name its folder with --profile or in ${PROFILE_VARIABLE}"
            )
        return Profile.load(self.profile)

    @contextmanager
    def hub(self) -> Iterator[ExchangeClient]:
        """The client of the profile, closed afterwards."""
        # Half of a short command's time would go into importing gRPC; many need no hub.
        from agency_client.client import ExchangeClient

        with ExchangeClient.from_profile(self.load_profile()) as client:
            yield client


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    session = context.find_object(Session)
    if session is None:
        raise RuntimeError("the command was started without its global options")
    return session


def zone_of(hub: ExchangeClient) -> tzinfo:
    """The time zone of the profile's agency: the profile's, else the enrolled one, else UTC."""
    name = hub.profile.defaults.time_zone
    enrolled = hub.directory.agencies.get(hub.agency)
    if name is None and enrolled is not None:
        name = enrolled.time_zone
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
