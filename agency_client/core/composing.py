"""Make a statement: plan, draft, seal, sign, judge, keep in the outbox, deliver.

 1. The directory is brought up to date; without a hub the one held serves.
 2. The policy on the log says who approves, who supervises and who reads (`plan_route`); a hub that
    plans otherwise breaks a rule.
 3. The parts are sealed to exactly those readers, with keys that they themselves published.
 4. The statement is signed, and judged here as the hub will judge it: what the rules refuse is
    refused before anything leaves.
 5. It goes to the outbox, and from there to the hub (`delivering`).

A statement that continues an exchange answers what the client verified of it just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from agency_client.core.calls import Operation
from agency_client.core.core import call
from agency_client.core.delivering import Delivering
from agency_client.core.drafting import (
    JSON,
    Content,
    Sealer,
    Terms,
    as_statement,
    check_terms,
    continuing_header,
    initial_header,
    parse_agencies,
)
from agency_client.core.verifying import HasId
from agency_client.core.views import (
    CONTENT,
    Queued,
    Refused,
    Sent,
    UnsealedExchange,
    VerifiedExchange,
)
from exchange_protocol.errors import HubUnavailable, Reason
from exchange_protocol.kinds.catalogue import Kind, kind_of
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.spec import Body
from exchange_protocol.rules.access import readers, spoken
from exchange_protocol.rules.judgement import Route, judge, plan_route
from exchange_protocol.rules.lifecycle import Exchange, Leg, open_exchange, row_for
from exchange_protocol.rules.statements import (
    BRIEF,
    UUID_RANDOM_BYTES,
    Draft,
    Part,
    encode_statement,
    new_statement_id,
    parse_statement,
)
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2


class Composing(Delivering):
    """Makes statements of exchanges, whatever their kind."""

    def submit_statement(
        self, draft: Draft, parts: Mapping[str, bytes] | None = None
    ) -> Operation[Sent | Queued]:
        """Sign a draft as it stands, keep it with its sealed parts, and deliver it.

        Nothing is planned or judged here: the hub does.
        """
        with self.ports.outbox.stage(draft.id, self.ports.clock()) as staging:
            for name, sealed in (parts or {}).items():
                staging.add_part(name, sealed)
            staging.finish(self.ports.vault.sign(encode_statement(draft)))
        return (yield from self.deliver_new(draft.id))

    def submit_statements(
        self, drafts: Sequence[tuple[Draft, Mapping[str, bytes]]]
    ) -> Operation[list[Sent | Queued | Refused]]:
        """Sign many drafts with one signature, keep each with its sealed parts, and deliver them.

        As `submit_statement`, for 2 to 4,096 of them; each is accepted or refused by itself.
        """
        signed = self.ports.vault.sign_batch([encode_statement(draft) for draft, _ in drafts])
        for (draft, parts), one in zip(drafts, signed, strict=True):
            with self.ports.outbox.stage(draft.id, self.ports.clock()) as staging:
                for name, sealed in parts.items():
                    staging.add_part(name, sealed)
                staging.finish(one)
        return (yield from self.deliver_all([draft.id for draft, _ in drafts]))

    def open_with(
        self, kind: Kind, to: Iterable[str], content: Content, terms: Terms
    ) -> Operation[Sent | Queued]:
        """Open an exchange with a statement of a kind."""
        check_terms(terms, content.brief)
        content = content.checked()
        online = yield from self._freshen()
        now = self.ports.clock()
        statement_id = self.new_id()
        draft = Draft(
            id=statement_id,
            exchange_id=statement_id,
            author=self.ports.vault.member,
            made_at=now,
            body=kind.body(),
            recipients=parse_agencies(to, "to"),
            header=initial_header(terms, self.ports.defaults, now),
        )
        # Before anything is sealed: what the policy refuses needs no entities.
        plan_route(self.ports.directory.current, draft)

        def plan(draft: Draft) -> Operation[tuple[Route, Exchange]]:
            route = plan_route(self.ports.directory.current, draft)
            if online:
                yield from self._compare_plan(draft, route)
            exchange, _ = open_exchange(as_statement(draft), route.legs)
            return route, exchange

        return (yield from self._build(draft, None, content, plan))

    def continue_with(
        self,
        body: Body,
        exchange: str | HasId,
        content: Content,
        *,
        legs: Iterable[str] | None = None,
        terms: Terms | None = None,
    ) -> Operation[Sent | Queued]:
        """Continue an exchange, on the legs named or on all where the kind is allowed now."""
        check_terms(terms or Terms(), content.brief)
        content = content.checked()
        verified = yield from self.get(exchange)
        yield from self._freshen()
        state = verified.exchange
        if state is None:
            raise Reason.NOT_A_PARTY.error(
                f"{self.agency} sees exchange {verified.id} as a supervisor and may not speak on it"
            )
        spoken_legs = self._spoken_legs(verified, state, body, legs)
        if kind_of(body).spec.decides:
            _check_read(exchange, spoken_legs)
        now = self.ports.clock()
        header = continuing_header(
            terms or Terms(),
            self.ports.defaults,
            now,
            handling=max(leg.handling for leg in spoken_legs),
            tlp=max(leg.tlp for leg in spoken_legs),
            urgency=state.header.urgency,
        )
        recipient = verified.party is Party.RECIPIENT
        draft = Draft(
            id=self.new_id(),
            exchange_id=verified.id,
            author=self.ports.vault.member,
            made_at=now,
            body=body,
            answers=spoken_legs[0].awaits,
            recipients=(state.initiator,)
            if recipient
            else tuple(leg.agency for leg in spoken_legs),
            header=header,
        )

        def plan(draft: Draft) -> Operation[tuple[Route, Exchange]]:
            route = plan_route(self.ports.directory.current, draft, state)
            approvers = {leg.agency: leg for leg in route.legs}
            # Readers of a supplement's brief are the approvers of its own gate.
            gated = replace(
                state,
                legs=tuple(
                    replace(leg, approvers=approvers[leg.agency].approvers)
                    if leg.agency in approvers
                    else leg
                    for leg in state.legs
                ),
            )
            yield from ()
            return route, gated

        return (yield from self._build(draft, state, content, plan))

    def _build(
        self,
        draft: Draft,
        state: Exchange | None,
        content: Content,
        plan: Callable[[Draft], Operation[tuple[Route, Exchange]]],
    ) -> Operation[Sent | Queued]:
        """Seal, sign, judge and keep a statement; `plan` says its route and who reads it."""
        directory = self.ports.directory.current
        with self.ports.outbox.stage(draft.id, self.ports.clock()) as staging:
            sealer = Sealer(staging, draft.id, directory)
            parts: list[Part] = []
            if content.entities != () or content.attachments:
                # Readers of content do not depend on the gate; the gate depends on the number of
                # subjects, which is known when the entities have gone by.
                _, exchange = yield from plan(draft)
                to = readers(exchange, spoken(exchange, as_statement(draft)), CONTENT)
                parts += sealer.seal_entities(content.entities, to)
                parts += sealer.seal_attachments(content.attachments, to)
                draft = replace(
                    draft, header=replace(draft.header, subject_count=int(sealer.subjects))
                )
            route, exchange = yield from plan(draft)
            draft = replace(draft, supervisors=route.supervisors)
            said = spoken(exchange, as_statement(draft))
            for name, document in ((CONTENT, content.document), (BRIEF, content.brief)):
                if document is not None:
                    to = readers(exchange, said, name)
                    parts.insert(0, sealer.seal(name, JSON, document.to_json(), to))
            payload = encode_statement(replace(draft, parts=tuple(parts)))
            signed = self.ports.vault.sign(payload)
            judge(
                signed,
                parse_statement(payload),
                directory=directory,
                exchange=state,
                anchors=self.ports.anchors,
                at=self.ports.clock(),
            )
            staging.finish(signed)
        return (yield from self.deliver_new(draft.id))

    def _freshen(self) -> Operation[bool]:
        """Bring the directory up to date; whether there is a hub to do so."""
        try:
            yield from self.sync()
        except HubUnavailable:
            if self.ports.directory.size == 0:
                raise
            return False
        return True

    def _compare_plan(self, draft: Draft, route: Route) -> Operation[None]:
        """Ask the hub for its plan: under the same directory it must be the same.

        Raises:
            HubDishonest: RULE_BROKEN.
        """
        member = self.ports.channel_member
        if member.role is not draft.author.role:
            return  # The hub plans for whom the channel speaks, and the policy knows roles.
        header = draft.header
        try:
            answer = yield from call(
                "ExchangeService/PlanRoute",
                pb.PlanRouteRequest(
                    kind=draft.kind.value,
                    recipients=draft.recipients,
                    handling=statement_pb2.Handling.ValueType(header.handling),
                    tlp=statement_pb2.Tlp.ValueType(header.tlp),
                    urgency=statement_pb2.Urgency.ValueType(header.urgency),
                    subject_count=header.subject_count,
                ),
                pb.PlanRouteResponse,
            )
        except HubUnavailable:
            return
        if answer.directory_size != self.ports.directory.size:
            # Someone changed the directory this moment; the hub judges by the newest and says so.
            return
        theirs = (
            answer.policy_sha256,
            tuple(answer.rule_ids),
            tuple(
                (leg.agency, leg.approvals_required, tuple(leg.approvers)) for leg in answer.legs
            ),
            tuple(answer.supervisors),
        )
        ours = (
            route.policy_digest,
            route.rule_ids,
            tuple((leg.agency, leg.approvals_required, leg.approvers) for leg in route.legs),
            route.supervisors,
        )
        if theirs != ours:
            raise Reason.RULE_BROKEN.error(
                f"under the policy on the log the route is {route}; the hub plans another"
            )

    def _spoken_legs(
        self,
        verified: VerifiedExchange,
        state: Exchange,
        body: Body,
        legs: Iterable[str] | None,
    ) -> tuple[Leg, ...]:
        """The legs to speak on: those named, or all on which the kind is allowed now."""
        party, own = _party_of(verified.party)
        self._check_party(body, party)
        if own:
            leg = state.leg(self.agency)
            return (leg,) if leg else ()
        if legs is not None:
            named = parse_agencies(legs, "legs")
            chosen = tuple(leg for leg in state.legs if leg.agency in named)
            if len(chosen) != len(named):
                raise Reason.NOT_A_PARTY.error(
                    f"expected legs out of {_listed(state.legs)}; got {', '.join(named)}",
                    field="legs",
                )
        else:
            chosen = tuple(
                leg
                for leg in state.legs
                if row_for(state, leg, body, party) is not None
                and (party is not Party.APPROVER or self.agency in leg.approvers)
            )
        if not chosen:
            raise Reason.OUT_OF_ORDER.error(
                f"{kind_of(body)} is not allowed on any leg now: "
                + ", ".join(f"{leg.agency} is {leg.state.name}" for leg in state.legs)
            )
        if len({leg.awaits for leg in chosen}) > 1:
            raise Reason.INVALID_FIELD.error(
                f"the legs {_listed(chosen)} wait for answers to different statements; "
                "speak on each by itself",
                field="legs",
            )
        return chosen

    def _check_party(self, body: Body, party: Party) -> None:
        """Refuse a kind that this agency may say on no leg, whatever its state; say why."""
        kind = kind_of(body)
        parties = {row.party for row in kind.spec.rows}
        if party in parties:
            return
        if kind.spec.decides and party is Party.INITIATOR:
            raise Reason.OWN_REQUEST.error(
                f"expected a decision by another agency than the initiator {self.agency}"
            )
        entitled = " or ".join(sorted(each.name.lower() for each in parties))
        raise Reason.NOT_A_PARTY.error(
            f"{kind} is for the {entitled} to say; on this exchange {self.agency} is the "
            f"{party.name.lower()}"
        )

    def new_id(self) -> str:
        """A fresh statement id."""
        return new_statement_id(self.ports.clock(), self.ports.random(UUID_RANDOM_BYTES))


def _party_of(party: Party) -> tuple[Party, bool]:
    """As what the agency speaks, and whether it does so on its own leg."""
    match party:
        case Party.INITIATOR:
            return Party.INITIATOR, False
        case Party.RECIPIENT:
            return Party.RECIPIENT, True
        case _:
            return Party.APPROVER, False


def _check_read(exchange: str | HasId, legs: Iterable[Leg]) -> None:
    """Who decides on an exchange that it read decides on that, not on what is shown by now.

    Otherwise a hub could show an older statement to be read, and the newer one to be approved.
    """
    if not isinstance(exchange, VerifiedExchange | UnsealedExchange):
        return
    read = {leg.agency: leg.awaits for leg in exchange.legs}
    for leg in legs:
        if read.get(leg.agency) != leg.awaits:
            raise Reason.STALE_ANSWER.error(
                f"expected the statement that was read on the leg of {leg.agency} to wait still; "
                f"{leg.awaits.hex()} waits there now: open the exchange anew",
                field="answers",
            )


def _listed(legs: Iterable[Leg]) -> str:
    return ", ".join(leg.agency for leg in legs)
