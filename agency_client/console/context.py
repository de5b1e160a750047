"""The state that one console holds for all its pages: client, sessions, the last reading."""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agency_client.client import ExchangeClient
from agency_client.console.contents import Contents, Progress, read_contents
from agency_client.console.exchange_view import ExchangeView, view
from agency_client.console.following import Follower
from agency_client.console.listing import Listing
from agency_client.console.menu import APPROVERS
from agency_client.console.openings import Opened, Openings
from agency_client.console.sessions import Sessions
from agency_client.core.views import ExchangeSummary, UnsealedExchange, VerifiedExchange
from agency_client.presentation.exchanges import reference_of
from agency_client.presentation.locale import Locale
from agency_client.state.read_marks import ReadMarks
from agency_client.state.references import Reference, ReferenceIndex
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.kinds.codes import Language, LegState, Party
from exchange_protocol.trust.identity import Member

_MOST_VERIFIED: Final = 2_000
_MOST_LISTINGS: Final = 4


@dataclass(frozen=True, slots=True)
class Checked:
    """A listed exchange, verified; or the error that says why it is not."""

    summary: ExchangeSummary
    verified: VerifiedExchange | None
    error: ExchangeError | None = None


class Console:
    """One person's console."""

    def __init__(self, client: ExchangeClient, sessions: Sessions) -> None:
        """Make the console of a client."""
        self.client = client
        self.sessions = sessions
        self.language = client.profile.defaults.language or Language.EN
        self._index = ReferenceIndex(client.profile.state, client.profile.vault)
        self.marks = ReadMarks(client.profile.state)
        self._lock = threading.Lock()
        self._verified: OrderedDict[ExchangeSummary, VerifiedExchange] = OrderedDict()
        self._openings = Openings(self._open)
        self.follower = Follower(client, self._newest)
        self._listings: OrderedDict[object, Listing] = OrderedDict()

    @property
    def member(self) -> Member:
        """The member that acts: the signer, else the holder of the certificate for the channel."""
        return self.client.profile.vault.signer or self.client.profile.tls.certificate.member

    @property
    def now(self) -> datetime:
        """The present time."""
        return datetime.now(UTC)

    def locale(self, language: Language) -> Locale:
        """The locale of the person: the zone is the profile's, else that of the enrolment."""
        return Locale(language, self._zone())

    @property
    def has_pin(self) -> bool:
        """True if the person knows the passphrase of the keys, so that signatures ask for it."""
        return self.client.profile.has_typed_passphrase

    def check_pin(self, given: str) -> None:
        """Check the passphrase that a person typed to sign; raises KEY_UNAVAILABLE."""
        if not self.has_pin:
            return
        if not hmac.compare_digest(given.encode(), self.client.profile.passphrase()):
            raise Reason.KEY_UNAVAILABLE.error(
                "expected the passphrase of your key, got another: nothing was signed", field="pin"
            )

    def references(self) -> Mapping[str, Reference]:
        """The references of exchanges that this profile keeps."""
        return self._index.references()

    def prepare(self) -> None:
        """Learn the directory, and with it the agency's time zone; the hub may be away."""
        with suppress(HubUnavailable):
            self.client.sync()

    def open(self, exchange_id: str, *, waits: bool = True) -> UnsealedExchange:
        """Verify an exchange anew, and keep it as what the person read last.

        Args:
            exchange_id: its id.
            waits: False raises `StillOpeningError` where it takes longer than a moment.
        """
        return self._openings.open(exchange_id, waits=waits).exchange

    def as_read(self, exchange_id: str, *, waits: bool = True) -> UnsealedExchange:
        """The exchange as the person read it last: acts are on exactly that."""
        found = self._openings.known(exchange_id)
        return found.exchange if found else self.open(exchange_id, waits=waits)

    def contents(self, opened: UnsealedExchange) -> Mapping[bytes, Contents]:
        """The entities of an exchange that was opened, by the digests of its statements."""
        found = self._openings.known(opened.id)
        if found is not None and found.exchange is opened:
            return found.contents
        return _contents(opened, found, _untold)

    def _open(self, exchange_id: str, known: Opened | None, progress: Progress) -> Opened:
        """Open an exchange; what was unsealed before is not fetched again.

        That holds while nothing was said since: each fetch of content is an entry of the log.
        While the hub is away, an exchange that is kept is given as it was verified before.
        """
        try:
            verified = self.client.get(exchange_id)
        except HubUnavailable:
            self.follower.note_away()
            if known is None:
                raise
            return known
        self.follower.note_back()
        if known is not None and _digests(known.exchange.verified) == _digests(verified):
            opened = UnsealedExchange(verified, known.exchange.statements)
        else:
            opened = self.client.open(verified)
        if opened.legs and all(leg.state is LegState.ERASED for leg in opened.legs):
            self._index.forget([opened.id])
        else:
            self._index.note(opened.id, reference_of(opened, self.client.agency))
        return Opened(opened, _contents(opened, known, progress))

    def listing(
        self,
        party: Party,
        states: Iterable[LegState | str] = (),
        kinds: Iterable[str] = (),
        *,
        anew: bool,
    ) -> Listing:
        """The exchanges in which the agency is this; the list that is kept, or one anew."""
        key = (party, tuple(map(str, states)), tuple(kinds))
        with self._lock:
            known = self._listings.get(key)
            if known is None or anew:
                listed = self.client.exchanges(party=party, states=states, kinds=kinds)
                known = self._listings[key] = Listing(listed, self.now)
                while len(self._listings) > _MOST_LISTINGS:
                    self._listings.popitem(last=False)
            self._listings.move_to_end(key)
        return known

    def _newest(self) -> Iterable[ExchangeSummary]:
        """Exchanges that count as news: they wait for a decision, or came and were not yet read."""
        if self.member.role in APPROVERS:
            return self.client.pending()
        return self.client.exchanges(party=Party.RECIPIENT, states=[LegState.RELEASED])

    def forget_lists(self) -> None:
        """Forget the lists: something was done that may change them."""
        with self._lock:
            self._listings.clear()

    def check(self, summary: ExchangeSummary) -> Checked:
        """Verify a listed exchange, once as long as it is listed as it was; nothing is unsealed."""
        with self._lock:
            known = self._verified.get(summary)
        if known is None:
            try:
                known = self.client.get(summary)
            except ExchangeError as error:
                return Checked(summary, None, error)
            with self._lock:
                self._verified[summary] = known
                while len(self._verified) > _MOST_VERIFIED:
                    self._verified.popitem(last=False)
        return Checked(summary, known)

    def forget_content(self) -> None:
        """Forget what was opened, when the console is locked."""
        self._openings.forget()
        self.forget_lists()

    def view(self, opened: UnsealedExchange, locale: Locale) -> ExchangeView:
        """An opened exchange in words."""
        return view(opened, self.client.agency, locale, self.now, self.contents(opened))

    def _zone(self) -> tzinfo:
        profile = self.client.profile
        enrolled = self.client.directory.agencies.get(profile.agency)
        name = profile.defaults.time_zone or (enrolled.time_zone if enrolled else None)
        try:
            return ZoneInfo(name) if name else UTC
        except (ZoneInfoNotFoundError, ValueError):
            return UTC


def _digests(verified: VerifiedExchange) -> list[bytes]:
    return [each.statement.digest for each in verified.statements]


def _contents(
    opened: UnsealedExchange, known: Opened | None, progress: Progress
) -> Mapping[bytes, Contents]:
    """The entities of each statement; what was read of the same unsealed parts is kept."""
    before = known.contents if known else {}
    same = {id(each) for each in known.exchange.statements} if known else set()
    return {
        each.statement.digest: before[each.statement.digest]
        if id(each) in same
        else read_contents(each, progress)
        for each in opened.statements
    }


def _untold(done: int, size: int) -> None:
    """Take a progress that nobody is shown."""
