"""The asyncio client of one agency.

    async with AsyncExchangeClient.from_profile("kz.mia") as hub:
        async for summary in hub.inbox():
            opened = await hub.open(summary)

`ExchangeClient` has the same methods, blocking; `scripts/generate_client.py` makes its module from
this one. Between two calls an operation seals, verifies and writes small files on the event loop.
Work that is large (files of many megabytes) belongs into the blocking client, in a thread.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NoReturn, Self

from agency_client._async_acts import AsyncActs
from agency_client._channel import AsyncChannel
from agency_client._driver import AsyncDriver, AsyncLink
from agency_client.content.arguments import checks_arguments
from agency_client.core import Core, make_ports
from agency_client.core.exchanges import HasId
from agency_client.core.gathering import Evidence
from agency_client.core.given import parse_codes, parse_initial_kinds, parse_party
from agency_client.core.log import LogLeaf, Tile
from agency_client.core.summaries import check_unlisted
from agency_client.core.views import (
    Foreseen,
    Queued,
    Refused,
    Sent,
    UnsealedExchange,
    VerifiedExchange,
    VerifiedStatement,
)
from agency_client.core.watching import Watching
from agency_client.state.cases import CaseBook
from agency_client.state.checkpoints import Head, WitnessedHead
from agency_client.state.holdings import Holdings
from agency_client.state.outbox import Outbox
from agency_client.state.profile import Profile
from agency_client.state.search_index import SearchIndex
from agency_client.state.watch_place import WatchPlace
from exchange_protocol.errors import HubUnavailable
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import AgencyType, Language, LegState, Party, TimeLimitRule
from exchange_protocol.kinds.revoke_certificate import RevocationReason
from exchange_protocol.log.succession import SignedSuccession
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.notices import Notice
from exchange_protocol.rules.calendars import TimeRules
from exchange_protocol.rules.directory import Directory
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import SealingPublicKey


@checks_arguments
class AsyncExchangeClient(AsyncActs):
    """One agency's access to the exchange; use it in an `async with` block.

    The methods that make a statement (`request_information`, `reply`, `approve` and others) come
    from `AsyncActs`. Every method raises an `ExchangeError` of its own class for each sort of
    failure, whose `reason` is stable. A method that asks the hub raises `HubUnavailable` while the
    hub is away, unless what it says can wait in the outbox, and `NotAuthenticated` where the hub
    does not let the profile in. Each method lists what else it raises.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        queue_only: bool = False,
        link: AsyncLink | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Make a client of a loaded profile.

        Args:
            profile: the profile; `from_profile` loads one by its name.
            queue_only: keep new statements in the outbox until `flush_outbox` sends them.
            link: performs the calls; a channel to the profile's hub by default. For tests.
            clock: gives the present time, aware. For tests.
            random: gives so many random bytes. For tests.
        """
        if not isinstance(profile, Profile):
            raise TypeError(
                f"expected a loaded profile, got {type(profile).__name__}: "
                f"{type(self).__name__}.from_profile takes a name or a folder"
            )
        self.profile = profile
        self._core = Core(make_ports(profile, clock, random, queue_only=queue_only))
        self._driver = AsyncDriver(self._core, link or AsyncChannel(profile, clock))

    @classmethod
    def from_profile(
        cls, profile: str | os.PathLike[str] | Profile, *, queue_only: bool = False
    ) -> Self:
        """Make a client of a profile; call it where the event loop runs.

        Args:
            profile: the folder of the profile, its name under $EXCHANGE_PROFILES, or a loaded one.
            queue_only: keep new statements in the outbox until `flush_outbox` sends them.

        Raises:
            InvalidInput: PROFILE_INVALID, with the key that is wrong.
            NotAuthenticated: KEY_UNAVAILABLE, or the fault of a certificate.
        """
        loaded = profile if isinstance(profile, Profile) else Profile.load(profile)
        return cls(loaded, queue_only=queue_only)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the channel. Every later call raises CLIENT_CLOSED."""
        await self._driver.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.agency}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a client is not copied or sent to another process: there, open one by "
            f"{type(self).__name__}.from_profile"
        )

    @property
    def member(self) -> Member:
        """The member in whose name statements are signed.

        Raises:
            NotAuthenticated: KEY_UNAVAILABLE, for a profile that cannot sign.
        """
        return self._core.ports.vault.member

    @property
    def agency(self) -> AgencyId:
        """The agency that this client speaks for."""
        return self._core.ports.agency

    @property
    def directory(self) -> Directory:
        """The directory as last verified; `sync` brings it up to date."""
        return self._core.ports.directory.current

    @property
    def outbox(self) -> Outbox:
        """The statements that wait to be sent or were refused, and the receipts."""
        return self._core.ports.outbox

    @property
    def cases(self) -> CaseBook:
        """The agency's own cases, with the exchanges that this profile linked to each."""
        return self._core.ports.cases

    @property
    def holdings(self) -> Holdings:
        """The agency's own records on this machine, to compare subjects with."""
        return self._core.ports.holdings

    @property
    def search_index(self) -> SearchIndex:
        """The index of what this profile opened; `search` finds in it without asking the hub."""
        return self._core.ports.search_index

    # --- Many statements, and the outbox --------------------------------------------------------

    async def flush_outbox(self) -> list[Sent | Queued | Refused]:
        """Send all that waits in the outbox, oldest first.

        Returns:
            The result of each statement: sent, still waiting, or refused by the hub.

        Raises:
            HubDishonest: a receipt does not verify.
            NotAuthenticated: the hub does not let this profile in.
        """
        return await self._driver.run(self._core.sender.flush())

    async def withdraw(self, statement_id: str, *, asks: bool = True) -> None:
        """Take back a statement that waits in the outbox, before it is sent.

        Args:
            statement_id: its id.
            asks: ask the hub first whether it has it; False is for a hub that cannot be reached.

        Raises:
            NotFound: STATEMENT_UNKNOWN, if it does not wait, or another process sends it now.
            Conflict: OUT_OF_ORDER, if others that wait build on it; ID_REUSED, if the hub has it.
            HubUnavailable: the hub cannot be asked.
        """
        await self._driver.run(self._core.withdrawing.withdraw(statement_id, asks=asks))

    async def foresee(
        self, act: str, exchange: str | HasId | None = None, /, **arguments: Any
    ) -> Foreseen:
        """Foresee what would happen to a statement, by the policy on the log; nothing is sent.

        Args:
            act: the name of the method that makes it, such as "reply".
            exchange: the exchange that it continues; None for one that opens an exchange.
            arguments: the arguments of that method.

        Returns:
            To whom it is said, the approvals that new content waits for, and who gets a copy.

        Raises:
            InvalidInput, NotPermitted, NotFound, Conflict: for the reasons of that method.
        """
        return await self._driver.run(self._core.acts.foresee(act, exchange, **arguments))

    async def submit_statement(
        self, draft: Draft, parts: Mapping[str, bytes] | None = None
    ) -> Sent | Queued:
        """Sign a draft as it stands, and send it. Nothing is planned, sealed or judged here.

        Args:
            draft: the statement before it is encoded and signed.
            parts: the sealed bytes of its parts, by name.

        Returns:
            Sent with its verified receipt, or Queued if the hub is away.

        Raises:
            CallerError: the hub refuses it; it is kept among the refused ones of the outbox.
        """
        [kept] = self._core.statements.keep_signed([(draft, parts or {})])
        return await self._driver.run(self._core.sender.send_new(kept))

    async def submit_statements(
        self, drafts: Sequence[tuple[Draft, Mapping[str, bytes]]]
    ) -> list[Sent | Queued | Refused]:
        """Sign up to 4,096 drafts with one signature, and send them as they stand.

        Args:
            drafts: each draft with the sealed bytes of its parts, by name.

        Returns:
            The result of each, in their order; each is accepted or refused by itself.

        Raises:
            HubDishonest: a receipt does not verify.
        """
        kept = self._core.statements.keep_signed(drafts)
        return await self._driver.run(self._core.sender.send_all(kept))

    # --- Exchanges ------------------------------------------------------------------------------

    async def exchanges(
        self,
        *,
        party: Party | str | None = None,
        states: Iterable[LegState | str] | LegState | str = (),
        kinds: Iterable[Kind | str] | Kind | str = (),
        awaits_consent: bool = False,
    ) -> AsyncIterator[ExchangeSummary]:
        """List the exchanges that the agency sees. A list is the hub's word; `get` verifies.

        Args:
            party: only those in which the agency is this: `initiator`, `recipient`, `approver` or
                `supervisor`. As approver: only those that wait for an approval by the agency.
            states: only those with a leg in one of these states, or in this one.
            kinds: only those whose initial statement is of one of these kinds, or of this one.
            awaits_consent: only those in which a request for consent waits for the agency's
                decision. The provider of information decides, also after an exchange is closed.

        Yields:
            A summary of each; a page is fetched when it is needed.
        """
        role = parse_party(party)
        legs = parse_codes(LegState, states, "states")
        initial = parse_initial_kinds(kinds)
        token = ""
        listed: set[str] = set()
        while True:
            page, token = await self._driver.run(
                self._core.exchanges.list_page(
                    role, legs, initial, token, awaits_consent=awaits_consent
                )
            )
            check_unlisted(page, listed)
            for each in page:
                yield each
            if not token:
                return

    def inbox(self) -> AsyncIterator[ExchangeSummary]:
        """List the exchanges that are addressed to the agency."""
        return self.exchanges(party=Party.RECIPIENT)

    def sent(self) -> AsyncIterator[ExchangeSummary]:
        """List the exchanges that the agency opened."""
        return self.exchanges(party=Party.INITIATOR)

    def pending(self) -> AsyncIterator[ExchangeSummary]:
        """List the exchanges that wait for an approval that the agency may give."""
        return self.exchanges(party=Party.APPROVER)

    def supervised(self) -> AsyncIterator[ExchangeSummary]:
        """List the exchanges that the agency sees as a supervisor."""
        return self.exchanges(party=Party.SUPERVISOR)

    async def get(self, exchange: str | HasId) -> VerifiedExchange:
        """Fetch an exchange and verify all that the hub shows of it; nothing is unsealed.

        Args:
            exchange: its id, or anything that has one, such as a summary of a list.

        Raises:
            HubDishonest: the hub broke a rule, or shows what does not verify.
            SignatureInvalid: a statement's author or signature is not good.
            NotFound: EXCHANGE_UNKNOWN.
        """
        return await self._driver.run(self._core.exchanges.get(exchange))

    async def open(self, exchange: str | HasId) -> UnsealedExchange:
        """Fetch, verify and unseal an exchange, as far as the agency may read it.

        A part that does not open, or is malformed, is told in `faults`, with the agency that can
        mend it; the rest is given. Reading what was addressed to the agency is a delivery, and
        stands on the log.

        Args:
            exchange: its id, or anything that has one, such as a summary of a list.

        Raises:
            HubDishonest: the hub broke a rule, or shows what does not verify.
            SealBroken: the hub gives other bytes than the author of a part signed.
            SignatureInvalid: a statement's author or signature is not good.
            NotFound: EXCHANGE_UNKNOWN.
        """
        return await self._driver.run(self._core.exchanges.open(exchange))

    async def fetch(self, statement: VerifiedStatement, part_name: str) -> bytes:
        """Fetch and unseal one part of a verified statement.

        Args:
            statement: a statement that `get` gave.
            part_name: name of the part, such as "brief".

        Raises:
            NotFound: PART_UNKNOWN or CONTENT_ERASED.
            SealBroken: SEAL_BROKEN; NOT_A_READER, for a part that is not sealed to this agency.
            NotAuthenticated: KEY_UNAVAILABLE, for a profile that lacks the sealing key.
        """
        return await self._driver.run(self._core.exchanges.fetch(statement, part_name))

    async def gather_evidence(
        self, exchange: str | HasId, *, with_content: bool = False, witnessed: bool = False
    ) -> Evidence:
        """Fetch an exchange with its proofs for others; `agency_client.evidence` exports it.

        Args:
            exchange: its id, or anything that has one.
            with_content: also unseal the parts that this agency reads, to disclose them.
            witnessed: demand a checkpoint that enough witnesses of the profile cosigned.

        Raises:
            Conflict: NOT_WITNESSED, while that checkpoint lacks an entry of the exchange.
            HubDishonest: the hub shows what does not verify.
            InvalidInput: PROFILE_INVALID, for `witnessed` where the profile names no witnesses.
            NotFound: EXCHANGE_UNKNOWN.
            NotPermitted: CONSENT_MISSING, for content that its author keeps out of court.
        """
        return await self._driver.run(
            self._core.gathering.gather_evidence(
                exchange, with_content=with_content, witnessed=witnessed
            )
        )

    async def watch(
        self,
        *,
        from_start: bool = False,
        max_seconds: float | None = None,
        max_notices: int | None = None,
        keeps_place: bool = True,
        on_away: Callable[[HubUnavailable, float], None] | None = None,
    ) -> AsyncIterator[Notice]:
        """Follow the events that become visible to the agency, from where the last watch stood.

        A lost connection is taken up again. The place of a notice is kept when the next one is
        asked for, and not before: a notice whose handling failed comes again, and so does the last
        one of a loop that was left. Where another process watches with this profile, it alone keeps
        the place.

        Args:
            from_start: begin with everything that was ever visible.
            max_seconds: end after so many seconds; by default it goes on for ever.
            max_notices: end after so many notices, and keep the place of the last one.
            keeps_place: False begins with what comes from now on, and leaves the place of the
                profile's own watch as it is.
            on_away: is called each time that the hub is away, with the error and with the number
                of seconds after which the hub is asked again.

        Yields:
            A notice for each entry; the hub's word, `get` verifies it.
        """
        watching = Watching(
            exchanges=self._core.exchanges,
            place=WatchPlace(self.profile.state) if keeps_place else None,
            from_start=from_start,
            ends_at=None if max_seconds is None else time.monotonic() + max_seconds,
            max_notices=max_notices,
        )
        with watching.keeping():
            while watching.goes_on:
                try:
                    async for response in self._driver.watch(watching.request(), watching.seconds):
                        if notice := watching.notice(response):
                            yield notice
                        watching.done(response)
                        if watching.is_full:
                            return
                    await self._driver.pause(watching.rest)
                except HubUnavailable as error:
                    pause = watching.pause(error)
                    if pause is None:
                        continue
                    if on_away is not None:
                        on_away(error, pause)
                    await self._driver.pause(max(0.0, min(pause, watching.seconds)))

    # --- The directory --------------------------------------------------------------------------

    async def sync(self) -> Directory:
        """Bring the directory up to date; every entry is proven and folded.

        Returns:
            The directory: agencies, certificates, sealing keys and the policy in force.

        Raises:
            HubDishonest: the hub shows fewer entries than were proven, or others.
        """
        return await self._driver.run(self._core.view.sync())

    async def enrol_agency(
        self,
        *,
        agency: str,
        name: str,
        country: str,
        agency_type: AgencyType | str,
        time_zone: str,
    ) -> Sent | Queued:
        """Enrol an agency, as an operator. `update_agency` replaces all but the id.

        Args:
            agency: its id, such as "kz.fma": labels of lower-case letters and digits, with dots.
            name: its official name, in any script; at most 200 characters.
            country: ISO 3166-1 alpha-2, such as "KZ"; empty for an international agency.
            agency_type: the sort of authority; the policy decides on it.
            time_zone: its IANA time zone, such as "Asia/Almaty".

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            Conflict: ALREADY_ENROLLED, if an agency has that id.
            InvalidInput: INVALID_FIELD, for a code, a zone or an id that is none.
        """
        return await self._driver.run(
            self._core.administration.enrol_agency(
                agency=agency,
                name=name,
                country=country,
                agency_type=agency_type,
                time_zone=time_zone,
            )
        )

    async def publish_certificate(
        self, certificate: bytes, intermediates: Sequence[bytes] = ()
    ) -> Sent | Queued:
        """Publish a member's signing certificate, as an operator or a system of its agency.

        Args:
            certificate: the certificate, DER. The very first one of a log is the operator's own.
            intermediates: the certificates between it and the pinned root, DER.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is neither an operator nor a system
                of the certificate's agency; AGENCY_NOT_ENROLLED, if that agency is not enrolled.
            NotAuthenticated: if the certificate is none for signing, or does not lead to the root.
            Conflict: ALREADY_ENROLLED, if it or its key is published.
        """
        return await self._driver.run(
            self._core.administration.publish_certificate(certificate, intermediates)
        )

    async def update_agency(
        self,
        *,
        agency: str,
        name: str,
        country: str,
        agency_type: AgencyType | str,
        time_zone: str,
    ) -> Sent | Queued:
        """Replace what an enrolment says, as an operator; all of it is given.

        Args:
            agency: its id, which stays.
            name: its official name, in any script; at most 200 characters.
            country: ISO 3166-1 alpha-2, such as "KZ"; empty for an international agency.
            agency_type: the sort of authority, such as "FIU".
            time_zone: its IANA time zone, such as "Asia/Almaty".

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            NotFound: AGENCY_UNKNOWN, if it is not enrolled.
            Conflict: ALREADY_ENROLLED, if it is enrolled in just these words.
            InvalidInput: INVALID_FIELD, for a code or a zone that is none.
        """
        return await self._driver.run(
            self._core.administration.update_agency(
                agency=agency,
                name=name,
                country=country,
                agency_type=agency_type,
                time_zone=time_zone,
            )
        )

    async def retire_agency(self, agency: str) -> Sent | Queued:
        """Retire an agency for good, as an operator: it takes part in no new exchange.

        Args:
            agency: its id, such as "kz.fma".

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator;
                AGENCY_RETIRED, if it is retired already.
            NotFound: AGENCY_UNKNOWN, if it is not enrolled.
            Conflict: LAST_OPERATOR, for the operating agency itself.
        """
        return await self._driver.run(self._core.administration.retire_agency(agency))

    async def publish_acceptance(
        self,
        *,
        kinds: Iterable[str] = (),
        languages: Iterable[Language | str] = (),
        max_part_bytes: int = 0,
        hours: str = "",
        duty_contact: str = "",
    ) -> Sent | Queued:
        """Publish what one's own agency takes, as its system; it replaces what it published before.

        Args:
            kinds: initial kinds, such as "information_request"; none for all.
            languages: languages of what is sent to it; none for all.
            max_part_bytes: the largest sealed part, in bytes; 0 for no limit.
            hours: working hours, in words.
            duty_contact: whom to reach at any hour.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no system of an enrolled agency.
            InvalidInput: UNKNOWN_KIND; INVALID_FIELD, for a kind that opens no exchange.
        """
        return await self._driver.run(
            self._core.administration.publish_acceptance(
                kinds=kinds,
                languages=languages,
                max_part_bytes=max_part_bytes,
                hours=hours,
                duty_contact=duty_contact,
            )
        )

    async def publish_time_limit(
        self,
        rule: TimeLimitRule | str,
        country: str = "",
        *,
        hours: int | None = None,
        days: int | None = None,
        working_days: int | None = None,
    ) -> Sent | Queued:
        """Publish the time that a rule allows, as an operator; it replaces the one of before.

        Exactly one of hours, days and working days is given.

        Args:
            rule: the rule that it limits, such as "FREEZE" or "REPLY".
            country: ISO 3166-1 alpha-2 of the agencies that it binds; empty for all
                countries without a time of their own.
            hours: hours, which run through nights and weekends.
            days: days of 24 hours, which run through weekends.
            working_days: working days of the country's calendar, after the day of the event.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            InvalidInput: TIME_LIMIT_INVALID, for no time or several; TIME_LIMITS_CONTRADICT;
                COUNTRY_UNKNOWN, if no agency of that country is enrolled.
        """
        return await self._driver.run(
            self._core.administration.publish_time_limit(
                rule, country, hours=hours, days=days, working_days=working_days
            )
        )

    async def publish_calendar(
        self,
        *,
        country: str,
        year: int,
        time_zone: str,
        utc_offset_minutes: int,
        weekend: Iterable[int] = (6, 7),
        days_off: Iterable[int] = (),
        days_worked: Iterable[int] = (),
    ) -> Sent | Queued:
        """Publish a country's working calendar for a year, as an operator.

        Args:
            country: ISO 3166-1 alpha-2; empty for agencies of no country.
            year: the year of all its days.
            time_zone: IANA name of the zone, for people.
            utc_offset_minutes: the difference of its days from those of UTC.
            weekend: days of the week that are not worked, from 1 (Monday) to 7 (Sunday).
            days_off: further days off, as month * 100 + day: 1216 is 16 December.
            days_worked: days of the weekend that are worked, in the same form.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            InvalidInput: CALENDAR_DAY_IMPOSSIBLE, CALENDAR_DAY_TWICE, CALENDAR_YEAR_INVALID or
                COUNTRY_UNKNOWN; INVALID_FIELD, for an offset that the zone does not have.
        """
        return await self._driver.run(
            self._core.administration.publish_calendar(
                country=country,
                year=year,
                time_zone=time_zone,
                utc_offset_minutes=utc_offset_minutes,
                weekend=weekend,
                days_off=days_off,
                days_worked=days_worked,
            )
        )

    async def published_times(self) -> TimeRules:
        """Fetch the times and calendars that are published now, proven and folded here."""
        return await self._driver.run(self._core.administration.published_times())

    async def publish_policy(self, cedar: str) -> Sent | Queued:
        """Propose a policy, as an operator; another operator confirms it.

        The first policy of a log is in force at once.

        Args:
            cedar: its text in Cedar; at most 128 KiB.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            InvalidInput: POLICY_INVALID, with the rule that does not parse or has a wrong type.
        """
        return await self._driver.run(self._core.administration.publish_policy(cedar))

    async def confirm_policy(self, policy_sha256: bytes) -> Sent | Queued:
        """Put a policy into force, as an operator; another operator has proposed it.

        Args:
            policy_sha256: SHA-256 of the text that was read, 32 bytes.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            Conflict: PROPOSAL_UNKNOWN, if another text waits; PROPOSAL_LAPSED; ALREADY_DECIDED, by
                the operator who proposed it.
        """
        return await self._driver.run(self._core.administration.confirm_policy(policy_sha256))

    async def require_post_quantum(self, is_required: bool = True) -> Sent | Queued:
        """Demand a post-quantum signature of every statement of one's own agency, or cease to.

        From then on its certificates without such a key sign nothing.

        Args:
            is_required: False takes the demand back.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is neither an operator nor a system.
            Conflict: ALREADY_DECIDED, if it says so already.
            NotAuthenticated: SIGNATURE_MISSING, if the profile has no such key itself.
        """
        return await self._driver.run(self._core.administration.require_post_quantum(is_required))

    async def publish_log_key(self, succession: SignedSuccession) -> Sent | Queued:
        """Publish the successor of the log's key, as an operator.

        Every hub of the log must sign with both keys already.

        Args:
            succession: both keys, with a signature of each, as `exchange-server succeed-log-key`
                writes it and `exchange_protocol.log.succession.parse_succession` reads it.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no operator.
            NotAuthenticated: SIGNATURE_INVALID, if one of the two signatures is not good.
            Conflict: ALREADY_DECIDED, if the predecessor is not the log's present key.
            InvalidInput: INVALID_FIELD, for a key of another log, or twice the same.
        """
        return await self._driver.run(self._core.administration.publish_log_key(succession))

    async def publish_sealing_key(self, key: SealingPublicKey | None = None) -> Sent | Queued:
        """Publish a sealing key of one's own agency, as its system; others seal to the newest.

        Args:
            key: the key; by default the newest of the profile.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is no system of an enrolled agency.
            Conflict: ALREADY_ENROLLED, if the key is published.
        """
        return await self._driver.run(self._core.administration.publish_sealing_key(key))

    async def revoke_certificate(
        self, certificate_sha256: bytes, reason: RevocationReason | str
    ) -> Sent | Queued:
        """Revoke a published signing certificate, as an operator or a system of its agency.

        Args:
            certificate_sha256: SHA-256 of the certificate, 32 bytes.
            reason: why it is revoked.

        Raises:
            NotPermitted: ROLE_NOT_PERMITTED, for a member that is neither an operator nor a system
                of the certificate's agency.
            NotAuthenticated: CERTIFICATE_UNKNOWN, if it is not published.
            Conflict: ALREADY_DECIDED, if it is revoked; LAST_OPERATOR, if without it nobody could
                change the directory.
        """
        return await self._driver.run(
            self._core.administration.revoke_certificate(certificate_sha256, reason)
        )

    # --- The log --------------------------------------------------------------------------------

    async def checkpoint(self) -> Head:
        """Fetch and verify the newest checkpoint of the log.

        Raises:
            HubDishonest: CHECKPOINT_ROLLBACK or CHECKPOINT_SPLIT_VIEW, with the file of evidence.
        """
        return await self._driver.run(self._core.view.checkpoint())

    async def witnessed_checkpoint(self, tree_size: int = 0) -> WitnessedHead:
        """Fetch and verify the newest checkpoint that enough witnesses of the profile cosigned.

        Args:
            tree_size: how many entries it must have at least. An entry of index i is witnessed by
                a checkpoint of at least i + 1 entries.

        Raises:
            Conflict: NOT_WITNESSED, where there is none.
            InvalidInput: PROFILE_INVALID, where the profile names no witnesses.
        """
        return await self._driver.run(self._core.log.witnessed_checkpoint(tree_size))

    async def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        """Fetch the newest checkpoint, and those that witnesses cosigned, for a witness to judge.

        Only the log's signature is verified: a witness holds them against its own memory, not
        against this profile's.
        """
        return await self._driver.run(self._core.log.offered_checkpoints())

    async def add_cosignature(self, note: bytes) -> None:
        """Hand in a checkpoint that a witness cosigned.

        Args:
            note: the signed note of the checkpoint with the witness's line, exact bytes.

        Raises:
            InvalidInput: COSIGNATURE_INVALID.
        """
        await self._driver.run(self._core.log.add_cosignature(note))

    async def tile(self, level: int, index: int) -> Tile:
        """Fetch the hashes of a tile (C2SP tlog-tiles); unverified.

        Args:
            level: level of the tile; 0 holds leaf hashes.
            index: number of the tile at its level, from 0.

        Raises:
            NotFound: ENTRY_UNKNOWN, for a tile that the log has not reached.
        """
        return await self._driver.run(self._core.log.tile(level, index))

    async def inclusion_proof(self, index: int, tree_size: int) -> tuple[bytes, ...]:
        """Fetch the inclusion proof of an entry (RFC 9162), hashes of 32 bytes; unverified.

        Args:
            index: the entry's index in the log, from 0.
            tree_size: number of entries of the tree that it is proven in.

        Raises:
            InvalidInput: PROOF_RANGE_INVALID, for an index or a size that the log has not reached.
        """
        return await self._driver.run(self._core.log.inclusion_proof(index, tree_size))

    async def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Fetch the proof that one tree extends another (RFC 9162); unverified.

        Args:
            first: number of entries of the older tree.
            second: number of entries of the newer tree.

        Raises:
            InvalidInput: PROOF_RANGE_INVALID, for a size that the log has not reached.
        """
        return await self._driver.run(self._core.view.consistency_proof(first, second))

    async def leaves(self, start: int, tree_size: int) -> AsyncIterator[LogLeaf]:
        """Go over the leaves of the log, page by page; unverified.

        Args:
            start: index of the first leaf.
            tree_size: number of entries of a verified tree; the leaves end there.

        Raises:
            HubDishonest: the hub opens entries to an auditor and its log does not say so.
        """
        while start < tree_size:
            page = await self._driver.run(self._core.log.leaves_page(start, tree_size))
            for each in page:
                yield each
            start += len(page)
