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
from agency_client.console.drafts import Drafts
from agency_client.console.exchange_view import ExchangeView, view
from agency_client.console.following import Follower
from agency_client.console.kept_lists import MOST_KEPT, KeptList, KeptLists
from agency_client.console.listing import Listing
from agency_client.console.menu import APPROVERS, OFFICERS
from agency_client.console.openings import Opened, Openings
from agency_client.console.sessions import Sessions
from agency_client.console.words import Word
from agency_client.core.possible import may_say_on
from agency_client.core.views import (
    Refused,
    Sent,
    UnsealedExchange,
    VerifiedExchange,
)
from agency_client.presentation.exchanges import reference_of
from agency_client.presentation.locale import Locale
from agency_client.presentation.numbers import filled
from agency_client.presentation.words import say
from agency_client.state.read_marks import ReadMarks
from agency_client.state.references import Reference, ReferenceIndex
from exchange_protocol.errors import ExchangeError, HubUnavailable, InvalidInput, Reason
from exchange_protocol.kinds.codes import Language, LegState, Party
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.rules.directory import Directory
from exchange_protocol.trust.identity import Member

_MOST_VERIFIED: Final = 2_000
_LARGE_BYTES: Final = 1024 * 1024
"""Sealed bytes whose fetching and reading no page waits for."""
_MOST_LISTINGS: Final = 8


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
        sessions.on_end = self.forget_content
        self.follower = Follower(
            client,
            self._newest,
            on_back=self._send_waiting,
            watches=self.member.role in APPROVERS | OFFICERS,
        )
        self._named: tuple[Directory, Mapping[str, str]] | None = None
        self._listings: OrderedDict[object, Listing] = OrderedDict()
        self.drafts = Drafts(client.profile.state, client.profile.vault)
        self._kept = KeptLists(client.profile.state, client.profile.vault)

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
        return Locale(language, self._zone(), self._names())

    def _names(self) -> Mapping[str, str]:
        """The names of agencies; made once for each state of the directory."""
        directory = self.client.directory
        known = self._named
        if known is None or known[0] is not directory:
            names: Mapping[str, str] = {each.id: each.name for each in directory.agencies.values()}
            self._named = known = (directory, names)
        return known[1]

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

    def note_reference(self, exchange_id: str, reference: Reference) -> None:
        """Keep what was written on an exchange that was begun here: it may wait in the outbox."""
        self._index.note(exchange_id, reference)

    def prepare(self) -> None:
        """Learn the directory, and with it the agency's time zone; the hub may be away."""
        with suppress(HubUnavailable), self.follower.asking():
            self.client.sync()

    def _send_waiting(self) -> None:
        """Send what was signed while the hub was away, as its author was told; beside the page."""
        threading.Thread(target=self._flush, name="console-outbox", daemon=True).start()

    def _flush(self) -> None:
        if not self.client.outbox.pending():
            return
        with suppress(ExchangeError):
            results = self.client.flush_outbox()
            self.forget_lists()
            sent = sum(isinstance(each, Sent) for each in results)
            refused = sum(isinstance(each, Refused) for each in results)
            self._tell(Word.OUTBOX_CAUGHT_UP, sent=sent, number=len(results))
            if refused:
                self._tell(Word.OUTBOX_REFUSED_SOME, number=refused)

    def _tell(self, word: Word, **values: object) -> None:
        """Tell the person something on the next page, in the language that is chosen then."""

        def said(language: Language | None) -> str:
            spoken = language or self.language
            return filled(say(word.value, spoken), spoken, values)

        self.sessions.tell(said)

    def dismiss_refused(self, statement_id: str) -> None:
        """Let go of a statement that the hub refused; raises STATEMENT_UNKNOWN."""
        self.client.outbox.dismiss(statement_id)
        # An exchange has the id of the statement that opens it; by the hub's word this one was
        # never opened. If the hub lied, the exchange is indexed when it is opened.
        self._index.forget([statement_id])

    def withdraw(self, statement_id: str, *, may_be_unasked: bool) -> None:
        """Take back a statement that waits.

        Args:
            statement_id: its id.
            may_be_unasked: the person knows that the hub cannot be asked, and wants it all the
                same. A hub that answers is asked first nevertheless.

        Raises:
            NotFound, Conflict, HubUnavailable: as `ExchangeClient.withdraw`.
        """
        try:
            with self.follower.asking():
                self.client.withdraw(statement_id)
        except (HubUnavailable, InvalidInput):
            if not may_be_unasked:
                raise
            self.client.withdraw(statement_id, asks=False)
        self._index.forget_withdrawn(statement_id)

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
            with self.follower.asking():
                verified = self.client.get(exchange_id)
        except HubUnavailable:
            if known is None:
                raise
            return known
        if known is not None and _digests(known.exchange.verified) == _digests(verified):
            opened = UnsealedExchange(verified, known.exchange.statements)
        else:
            sealed = sum(p.size for each in verified.statements for p in each.statement.parts)
            if sealed > _LARGE_BYTES:
                progress(0, 0)
            opened = self.client.open(verified)
        if opened.legs and all(leg.state is LegState.ERASED for leg in opened.legs):
            self._index.forget([opened.id])
        else:
            self._index.note(opened.id, reference_of(opened, self.client.agency))
        return Opened(opened, _contents(opened, known, progress))

    def listing(
        self,
        name: str,
        party: Party | None,
        states: Iterable[LegState | str] = (),
        kinds: Iterable[str] = (),
        *,
        awaits_consent: bool = False,
        anew: bool = True,
        is_filtered: bool = False,
    ) -> Listing:
        """A list of exchanges: the one that was asked for before, one anew, or one that is kept.

        While the hub is away, it is the list as it was given last, with nothing filtered out.

        Args:
            name: the name of the page's list, under which it is kept on disk.
            party: what the agency is in them.
            states: the hub is asked for these alone.
            kinds: the same.
            awaits_consent: only those in which a request for consent waits for the agency.
            anew: False gives the list that was asked for before, if there is one.
            is_filtered: the person chose states or kinds, so what comes is not the whole list.
        """
        key = (party, tuple(map(str, states)), tuple(kinds), awaits_consent)
        with self._lock:
            known = self._listings.get(key)
            if known is not None and not anew:
                self._listings.move_to_end(key)
                return known
        try:
            with self.follower.asking():
                listed = self.client.exchanges(
                    party=party, states=states, kinds=kinds, awaits_consent=awaits_consent
                )
                at = self.now
                found = Listing(listed, at)
                found.take(0, 1)
        except HubUnavailable:
            kept = self._kept.read(name)
            return Listing(kept.rows if kept else (), kept.at if kept else None, is_kept=True)
        with self._lock:
            self._listings[key] = found
            while len(self._listings) > _MOST_LISTINGS:
                self._listings.popitem(last=False)
        if not is_filtered:
            threading.Thread(target=self._keep, args=(name, at, found), daemon=True).start()
        return found

    def _keep(self, name: str, at: datetime, listing: Listing) -> None:
        """Keep the beginning of a list; it is fetched beside the page."""
        with suppress(ExchangeError):
            self._kept.keep(name, KeptList(at, listing.take(0, MOST_KEPT)))

    def _newest(self) -> Iterable[ExchangeSummary]:
        """Exchanges that count as news: they wait for a decision, or came and were not yet read."""
        if self.member.role in APPROVERS:
            return self.client.pending()
        if self.member.role in OFFICERS:
            return self.client.exchanges(party=Party.RECIPIENT, states=[LegState.RELEASED])
        # Nothing is addressed to an auditor; the hub is asked whether it answers.
        self.client.checkpoint()
        return ()

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
                with self.follower.asking():
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
        directory = self.client.directory
        agencies = directory.agencies.values()
        return view(
            opened,
            self.client.agency,
            locale,
            self.now,
            self.contents(opened),
            {each.id: _zone(each.time_zone) for each in agencies if each.time_zone},
            may_say_on(directory, self.member, opened.verified.summary),
        )

    def _zone(self) -> tzinfo:
        profile = self.client.profile
        enrolled = self.client.directory.agencies.get(profile.agency)
        return _zone(profile.defaults.time_zone or (enrolled.time_zone if enrolled else None))


def _zone(name: str | None) -> tzinfo:
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
