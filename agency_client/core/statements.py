"""Make a statement: plan, draft, seal, sign, judge, keep in the outbox.

 1. The directory is brought up to date; without a hub the one held serves.
 2. The policy on the log says who approves, who supervises and who reads (`routes`).
 3. The parts are sealed to exactly those readers, with keys that they themselves published. A file
    that another agency sent is not passed on without its source (`provenance`).
 4. The statement is signed, and judged here as the hub will judge it. A statement that the rules
    refuse never leaves.
 5. Its names and numbers go into the search index of the profile (`finding`). A fault there stops
    the sending: nothing is sent of which the caller heard an error.
 6. It goes to the outbox. `sender` takes it from there to the hub.

A statement that continues an exchange answers what the client verified of it just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from agency_client.core.calls import Operation, Pause, sign_payload
from agency_client.core.drafting import (
    NO_TERMS,
    Floor,
    Terms,
    as_statement,
    continuing_floor,
    initial_header,
    make_header,
    zone_of,
)
from agency_client.core.exchanges import Exchanges, HasId
from agency_client.core.finding import indexed_draft, note_sent
from agency_client.core.given import Agencies, parse_recipients
from agency_client.core.ports import Ports
from agency_client.core.provenance import check_passed_on
from agency_client.core.routes import Addressed, address, check_read, compare_plan
from agency_client.core.sealing import JSON, Content, Sealer
from agency_client.core.view import View
from agency_client.core.views import CONTENT, VerifiedExchange
from agency_client.state.outbox_folders import Staging
from agency_client.state.search_index import Indexed
from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.kinds.offences import offences_of
from exchange_protocol.kinds.rows import matches
from exchange_protocol.rules.access import readers, spoken
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.intake import check_intake
from exchange_protocol.rules.judgement import judge
from exchange_protocol.rules.lifecycle import admit, open_exchange
from exchange_protocol.rules.routing import Route, plan_route
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Draft, Part
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust.identity import AgencyId

_OF_DIRECTORY: Final = frozenset({Reason.AGENCY_UNKNOWN, Reason.SEALING_KEY_UNKNOWN})
"""Refusals for want of an entry of the directory."""
_Plan = Callable[[Draft], Operation[tuple[Route, Exchange]]]
"""Says the route of a draft, and the exchange by which its readers are known."""


@dataclass(frozen=True, slots=True)
class Initial:
    """An initial statement as it is asked for."""

    body: Body
    to: Agencies
    content: Content
    terms: Terms


@contextmanager
def numbered(number: int) -> Iterator[None]:
    """Let an error of one request of many name it: `requests[3].due`."""
    try:
        yield
    except ExchangeError as error:
        error.field = ".".join(filter(None, (f"requests[{number}]", error.field)))
        raise
    except TypeError as error:
        raise TypeError(f"requests[{number}]: {error}") from None


@contextmanager
def _held(ports: Ports, *, online: bool) -> Iterator[None]:
    """Blame nobody for what an old directory lacks while the hub cannot be asked for more."""
    try:
        yield
    except NotFound as error:
        if online or error.reason not in _OF_DIRECTORY:
            raise
        away = ports.reach.why_not()
        said = away.message if away is not None else "the hub could not be asked"
        raise Reason.UNAVAILABLE.error(
            f"{said}. By the directory that this profile holds, {error.message}; it may be "
            "old: repeat this when the hub is there",
            field=error.field,
        ) from None


class Statements:
    """Makes statements of exchanges, whatever their kind, and keeps them in the outbox."""

    def __init__(self, ports: Ports, view: View, exchanges: Exchanges) -> None:
        self._ports = ports
        self._view = view
        self._exchanges = exchanges

    @property
    def zone(self) -> tzinfo:
        """The time zone of one's own agency, in which a day begins."""
        return zone_of(None, self._ports)

    def keep_initial(self, asked: Initial) -> Operation[str]:
        """Make the statement that opens an exchange; gives its id."""
        online = yield from self._view.freshen()
        with _held(self._ports, online=online):
            draft = self.draft_initial(asked, self._ports.clock())
        with _held(self._ports, online=online), self._ports.outbox.stage(draft.id) as staging:
            payload, indexed = yield from self._seal(
                draft, asked.content, self._initial_plan(compares=online), staging
            )
            signed = _judged(self._ports, (yield from sign_payload(payload)), None)
            note_sent(self._ports.search_index, [indexed])
            staging.finish(signed)
        return draft.id

    def keep_initial_batch(self, asked: Sequence[Initial]) -> Operation[list[str]]:
        """Make up to 4,096 initial statements under one signature; gives their ids.

        All are made before one is kept: an error leaves the outbox as it was. Its field begins
        with `requests[...]`.
        """
        online = yield from self._view.freshen()
        plan = self._initial_plan(compares=online)
        drafts: list[Draft] = []
        noted: list[Indexed] = []
        with _held(self._ports, online=online), self._ports.outbox.stage_batch(len(asked)) as batch:
            made: list[tuple[Staging, bytes]] = []
            for number, each in enumerate(asked):
                with numbered(number):
                    draft = self.draft_initial(each, self._ports.clock())
                    staging = batch.add(draft.id)
                    payload, indexed = yield from self._seal(draft, each.content, plan, staging)
                drafts.append(draft)
                noted.append(indexed)
                made.append((staging, payload))
                yield Pause(0.0)  # Others on the event loop have their turn.
            signed = self._sign_all([payload for _, payload in made])
            judged = [_judged(self._ports, one, None) for one in signed]
            note_sent(self._ports.search_index, noted)
            for (staging, _), one in zip(made, judged, strict=True):
                staging.finish(one)
        return [draft.id for draft in drafts]

    def keep_continuing(
        self,
        body: Body,
        exchange: str | HasId,
        content: Content,
        *,
        legs: Agencies | None = None,
        terms: Terms = NO_TERMS,
    ) -> Operation[str]:
        """Make a statement that continues an exchange; gives its id.

        It speaks on the legs named, or on all where the kind is allowed now.
        """
        verified = yield from self._exchanges.get_or_known(exchange)
        online = yield from self._view.freshen()
        state = verified.exchange
        if kind_of(body).spec.supervises:
            return (yield from self._keep_comment(body, verified, content))
        if state is None:
            raise may_not_speak(self._ports.agency, verified)
        addressed = address(self._ports.agency, verified, state, body, legs)
        if kind_of(body).spec.decides:
            check_read(exchange, body, addressed.legs)
        _check_says_why(body, content, addressed, verified)
        draft = self.draft_continuing(body, verified.id, state, addressed, terms)
        with _held(self._ports, online=online), self._ports.outbox.stage(draft.id) as staging:
            payload, indexed = yield from self._seal(
                draft, content, self._continuing_plan(state), staging
            )
            signed = _judged(self._ports, (yield from sign_payload(payload)), state)
            note_sent(self._ports.search_index, [indexed])
            staging.finish(signed)
        return draft.id

    def draft_continuing(
        self, body: Body, exchange_id: str, state: Exchange, addressed: Addressed, terms: Terms
    ) -> Draft:
        """Draft a statement that continues an exchange."""
        now = self._ports.clock()
        floor = continuing_floor(body, state.header, addressed.handling, addressed.tlp)
        return Draft(
            id=self._ports.new_id(),
            exchange_id=exchange_id,
            author=self._ports.vault.member,
            made_at=now,
            body=body,
            answers=addressed.answers,
            recipients=addressed.recipients,
            header=make_header(terms, floor, self._ports, now),
        )

    def _keep_comment(
        self, body: Any, verified: VerifiedExchange, content: Content
    ) -> Operation[str]:
        """Make what a supervisor says of the newest statement that it sees of an agency's part.

        A supervisor does not know the state of the exchange, so the hub alone judges it.
        """
        concerned = [
            each.statement
            for each in verified.statements
            if body.agency in (each.author.agency, *each.statement.recipients)
            and not (each.statement.kind.spec.decides or each.statement.kind.spec.supervises)
        ]
        if not concerned:
            raise Reason.NOT_A_PARTY.error(
                f"expected an agency whose statements you were given a copy of, got {body.agency}",
                field="agency",
            )
        newest, now = concerned[-1], self._ports.clock()
        summary = verified.summary
        exchange = Exchange(verified.id, summary.kind, summary.initiator, newest.header, (), ())
        floor = Floor(handling=newest.header.handling, tlp=newest.header.tlp)
        draft = Draft(
            id=self._ports.new_id(),
            exchange_id=verified.id,
            author=self._ports.vault.member,
            made_at=now,
            body=body,
            answers=newest.digest,
            recipients=(body.agency,),
            header=make_header(NO_TERMS, floor, self._ports, now),
        )

        def plan(draft: Draft) -> Operation[tuple[Route, Exchange]]:
            yield from ()
            return Route(b"", (), (), ()), exchange

        with self._ports.outbox.stage(draft.id) as staging:
            payload, indexed = yield from self._seal(draft, content, plan, staging)
            signed = yield from sign_payload(payload)
            note_sent(self._ports.search_index, [indexed])
            staging.finish(signed)
        return draft.id

    def keep_signed(self, drafts: Sequence[tuple[Draft, Mapping[str, bytes]]]) -> list[str]:
        """Sign drafts as they stand, with one signature, and keep each with its sealed parts.

        Nothing is planned or judged here: the hub does that.
        """
        signed = self._sign_all([encode_statement(draft) for draft, _ in drafts])
        with self._ports.outbox.stage_batch(len(drafts)) as batch:
            for (draft, parts), one in zip(drafts, signed, strict=True):
                staging = batch.add(draft.id)
                for name, sealed in parts.items():
                    staging.add_part(name, sealed)
                staging.finish(one)
        return [draft.id for draft, _ in drafts]

    def draft_initial(self, asked: Initial, now: datetime) -> Draft:
        """Draft an initial statement; a route that the policy refuses is refused here."""
        statement_id = self._ports.new_id()
        draft = Draft(
            id=statement_id,
            exchange_id=statement_id,
            author=self._ports.vault.member,
            made_at=now,
            body=asked.body,
            recipients=parse_recipients(asked.to),
            header=initial_header(kind_of(asked.body), asked.terms, self._ports, now),
        )
        # Before anything is sealed: a statement that the policy refuses needs no entities.
        plan_route(self._ports.directory.current, draft)
        return draft

    def _initial_plan(self, *, compares: bool) -> _Plan:
        """The plan of initial statements; the hub's is compared once for each question."""
        compared: set[object] = set()

        def plan(draft: Draft) -> Operation[tuple[Route, Exchange]]:
            route = plan_route(self._ports.directory.current, draft)
            header = draft.header
            terms = (header.handling, header.tlp, header.urgency)
            question = (draft.kind, draft.recipients, offences_of(draft.body), *terms)
            if compares and (*question, header.subject_count) not in compared:
                yield from compare_plan(self._ports, draft, route)
                compared.add((*question, header.subject_count))
            exchange, _ = open_exchange(as_statement(draft), route.legs, at=draft.made_at)
            return route, exchange

        return plan

    def _continuing_plan(self, state: Exchange) -> _Plan:
        def plan(draft: Draft) -> Operation[tuple[Route, Exchange]]:
            route = plan_route(self._ports.directory.current, draft, state)
            yield from ()
            if draft.kind.spec.invites:
                return route, admit(state, as_statement(draft), route.legs, at=draft.made_at)[0]
            gates = {leg.agency: leg for leg in route.legs}
            # Readers of a supplement's brief are the approvers of its own gate.
            legs = tuple(
                replace(leg, approvers=gates[leg.agency].approvers) if leg.agency in gates else leg
                for leg in state.legs
            )
            return route, replace(state, legs=legs)

        return plan

    def _seal(
        self, draft: Draft, content: Content, plan: _Plan, staging: Staging
    ) -> Operation[tuple[bytes, Indexed]]:
        """Seal the parts of a draft; gives the payload to sign, and what it is found by."""
        sealer = Sealer(staging, draft.id, self._ports.directory.current)
        parts: list[Part] = []
        if content.is_counted:
            # Readers of content do not depend on the gate. The gate depends on the number of
            # subjects, which is known when the entities have gone by.
            route, exchange = yield from plan(draft)
            draft = replace(draft, supervisors=route.supervisors)
            to = readers(exchange, spoken(exchange, as_statement(draft)), CONTENT)
            check_passed_on(self._ports.search_index, content, draft, to)
            parts += sealer.seal_entities(content, to)
            parts += sealer.seal_attachments(content.attachments, to)
            draft = replace(draft, header=replace(draft.header, subject_count=int(sealer.subjects)))
        route, exchange = yield from plan(draft)
        draft = replace(draft, supervisors=route.supervisors)
        said = spoken(exchange, as_statement(draft))
        brief = content.brief or (content.default_brief if route.supervisors else None)
        for name, document in ((CONTENT, content.document), (BRIEF, brief)):
            if document is not None:
                to = readers(exchange, said, name)
                parts.insert(0, sealer.seal(name, JSON, document.to_json(), to))
        sealer.terms.add_brief(brief)
        payload = encode_statement(replace(draft, parts=tuple(parts)))
        return payload, indexed_draft(draft, sealer.terms)

    def _sign_all(self, payloads: Sequence[bytes]) -> list[SignedStatement]:
        """Sign payloads: one by itself, several with one signature."""
        vault = self._ports.vault
        if len(payloads) > 1:
            return vault.sign_batch(payloads)
        return [vault.sign(payload) for payload in payloads]


def _judged(ports: Ports, signed: SignedStatement, state: Exchange | None) -> SignedStatement:
    """The statement, if the rules accept it as the hub will judge it."""
    statement = parse_statement(signed.payload)
    judge(
        signed,
        statement,
        directory=ports.directory.current,
        exchange=state,
        anchors=ports.anchors,
        at=ports.clock(),
    )
    check_intake(statement, ports.directory.current, state)
    return signed


def _check_says_why(
    body: Body, content: Content, addressed: Addressed, verified: VerifiedExchange
) -> None:
    """Check that who does not do what it was asked says why, in words.

    It answers a request (`KindSpec.asks`) and leaves the leg as it was, such as by the extension of
    a freeze that the other end asked to lift. The hub knows no words, so the client asks for them.
    """
    asked = next(
        (each.kind for each in verified.statements if each.statement.digest == addressed.answers),
        None,
    )
    if asked is None or asked.spec.asks is None or content.brief is not None:
        return
    if any(row.after in row.before for row in kind_of(body).spec.rows if matches(row, body)):
        raise Reason.EXPLANATION_MISSING.error(
            f"expected a note: the {asked.spec.words.en} waits for an answer, and whoever asked is "
            "to read why it is not followed. Say why, in words",
            field="note",
        )


def may_not_speak(agency: AgencyId, verified: VerifiedExchange) -> ExchangeError:
    """An error for a supervisor that would continue an exchange: NOT_A_PARTY."""
    return Reason.NOT_A_PARTY.error(
        f"{agency} sees exchange {verified.id} as a supervisor and may not speak on it"
    )
