"""Foresight of a statement that was sent now: planned and checked, not sealed or kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agency_client.core.calls import Operation
from agency_client.core.drafting import Terms, as_statement
from agency_client.core.exchanges import Exchanges, HasId
from agency_client.core.ports import Ports
from agency_client.core.routes import address
from agency_client.core.sealing import Content
from agency_client.core.statements import Initial, Statements, may_not_speak
from agency_client.core.view import View
from agency_client.core.views import Foreseen
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import kind_of
from exchange_protocol.rules.directory import check_taken
from exchange_protocol.rules.lifecycle import advance, open_exchange
from exchange_protocol.rules.routing import plan_route
from exchange_protocol.rules.statements import Draft


class Foresight:
    """Plans statements as `Statements` makes them."""

    def __init__(
        self, ports: Ports, view: View, exchanges: Exchanges, statements: Statements
    ) -> None:
        self._ports = ports
        self._view = view
        self._exchanges = exchanges
        self._statements = statements

    def initial(self, asked: Initial) -> Operation[Foreseen]:
        """Plan an initial statement, and check it as far as that goes before it is sealed."""
        yield from self._view.freshen()
        directory = self._ports.directory.current
        draft = self._statements.draft_initial(asked, self._ports.clock())
        draft = _counted(draft, asked.content)
        route = plan_route(directory, draft)
        check_taken(directory, as_statement(draft))
        open_exchange(as_statement(draft), route.legs, at=draft.made_at, times=directory.times)
        return Foreseen(draft.recipients, route.legs, route.supervisors)

    def continuing(
        self, body: Body, exchange: str | HasId, content: Content, terms: Terms
    ) -> Operation[Foreseen]:
        """Plan a continuing statement, and check it as far as that goes before it is sealed.

        Of a supervisor's comment the hub alone knows enough to judge it.
        """
        verified = yield from self._exchanges.get_or_known(exchange)
        yield from self._view.freshen()
        state, directory = verified.exchange, self._ports.directory.current
        if kind_of(body).spec.supervises:
            said: Any = body
            return Foreseen((said.agency,), (), ())
        if state is None:
            raise may_not_speak(self._ports.agency, verified)
        addressed = address(self._ports.agency, verified, state, body, None)
        draft = self._statements.draft_continuing(body, verified.id, state, addressed, terms)
        draft = _counted(draft, content)
        route = plan_route(directory, draft, state)
        if not draft.kind.spec.invites:
            legs = [leg.agency for leg in addressed.legs]
            statement, times = as_statement(draft), directory.times
            advance(state, statement, legs, route.legs, at=draft.made_at, times=times)
        return Foreseen(draft.recipients, route.legs, route.supervisors)


def _counted(draft: Draft, content: Content) -> Draft:
    """The draft with the number of its subjects, which the policy and the gate judge by."""
    count = content.subjects() if content.is_counted else 0
    return replace(draft, header=replace(draft.header, subject_count=count))
