"""The session of a command: its profile and its reader, with their language and time zone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from agency_client.cli.begun import note_outbox
from agency_client.cli.failures import OF_PROFILE
from agency_client.presentation.locale import Locale, language_of
from agency_client.state.cases import CaseBook
from agency_client.state.directory import DirectoryStore
from agency_client.state.holdings import Holdings
from agency_client.state.profile import Profile
from agency_client.state.read_marks import ReadMarks
from agency_client.state.references import ReferenceIndex
from agency_client.state.search_index import SearchIndex
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import Role

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

PROFILE_VARIABLE = "EXCHANGE_PROFILE"
_LOADED: ContextVar[list[Profile]] = ContextVar("loaded")


@contextmanager
def noting_profiles() -> Iterator[None]:
    """A block in which `loaded_profile` tells of what its command has loaded."""
    token = _LOADED.set([])
    try:
        yield
    finally:
        _LOADED.reset(token)


def loaded_profile() -> Profile | None:
    """The profile that the command has loaded, if any: to load it anew would try its PIN again."""
    loaded = _LOADED.get([])
    return loaded[-1] if loaded else None


@dataclass(frozen=True, slots=True)
class Session:
    """The global options."""

    profile: str | None
    as_json: bool
    language: Language | None = None
    is_utc: bool = False

    def load_profile(self) -> Profile:
        """The profile that was named; raises PROFILE_INVALID if none was."""
        if not self.profile:
            raise Reason.PROFILE_INVALID.error(
                f"expected a profile: name its folder with --profile or in ${PROFILE_VARIABLE}"
            )
        with faults_of_profile():
            profile = Profile.load(self.profile)
        with suppress(LookupError):
            _LOADED.get().append(profile)
        return profile

    @contextmanager
    def hub(self) -> Iterator[ExchangeClient]:
        """The client of the profile, closed afterwards."""
        # Half of a short command's time would go into importing gRPC; many need no hub.
        from agency_client.client import ExchangeClient

        with ExchangeClient.from_profile(self.load_profile()) as client:
            note_outbox(client.outbox)
            yield client

    def locale(self, profile: Profile | None = None, directory: Directory | None = None) -> Locale:
        """Give the locale of a person.

        The language is that of --lang, else the profile's, else the terminal's. The time zone is
        UTC with --utc, else the profile's, else that of the agency's enrolment.
        """
        preferred = profile.defaults.language if profile else None
        language = self.language or preferred or language_of(os.environ)
        if self.is_utc or profile is None:
            return Locale(language, UTC)
        if directory is None:
            directory = DirectoryStore(profile.state, profile.log_keys, profile.anchors).current
        return Locale(language, _zone(profile, directory))

    def locale_of(self, hub: ExchangeClient) -> Locale:
        """Give the locale of a person, for the profile of a client."""
        return self.locale(hub.profile, hub.directory)


@contextmanager
def faults_of_profile() -> Iterator[None]:
    """A block whose faults are of the profile: nobody has refused or found anything (code 2)."""
    try:
        yield
    except ExchangeError as error:
        error.add_note(OF_PROFILE)
        raise


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    session = context.find_object(Session)
    if session is None:
        raise RuntimeError("the command was started without its global options")
    return session


_INSTEAD: Final = {
    Role.AUDITOR: "`agency audit entries` lists what an auditor may read",
    Role.OPERATOR: "`agency agencies` lists the directory, `agency operator` changes it",
}
"""The commands for roles that take part in no exchange."""


def check_takes_part(hub: ExchangeClient) -> None:
    """Refuse a list of exchanges to a role that has none: it is told what it has instead.

    The hub would put its refusal on the log, as a call that it denied.
    """
    try:
        role = hub.member.role
    except ExchangeError:
        return  # A profile that cannot sign reads its lists all the same.
    if role in _INSTEAD:
        raise Reason.ROLE_NOT_PERMITTED.error(
            f"the role {role.value} takes part in no exchange, so no list has any: {_INSTEAD[role]}"
        )


def check_log(hub: ExchangeClient) -> None:
    """Check that the log of the hub that lists has lost nothing that this profile saw.

    A list has no proof of its own. A hub that was set back to an old copy would list that, and
    nobody would learn of it who opens nothing.

    Raises:
        HubDishonest: CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW, with the file of evidence.
    """
    hub.checkpoint()


def references_of(profile: Profile) -> ReferenceIndex:
    """The index of what the profile knows of exchanges."""
    return ReferenceIndex(profile.state, profile.vault)


def marks_of(profile: Profile) -> ReadMarks:
    """The marks of what was read with the profile."""
    return ReadMarks(profile.state)


def cases_of(profile: Profile) -> CaseBook:
    """The agency's own cases, as the profile keeps them."""
    return CaseBook(profile.state, profile.vault)


def holdings_of(profile: Profile) -> Holdings:
    """The agency's own records, as the profile keeps them."""
    return Holdings(profile.state, profile.vault, lambda: datetime.now(UTC))


def search_index_of(profile: Profile) -> SearchIndex:
    """The index of what the profile opened or sent."""
    return SearchIndex(profile.state, profile.vault)


def _zone(profile: Profile, directory: Directory) -> tzinfo:
    name = profile.defaults.time_zone
    enrolled = directory.agencies.get(profile.agency)
    if name is None and enrolled is not None:
        name = enrolled.time_zone
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
