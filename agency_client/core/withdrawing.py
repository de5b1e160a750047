"""Take a statement back that waits in the outbox, so that it is never sent.

1. The statement is held as if it were sent: no other process sends it meanwhile.
2. Nothing that waits may build on it: what was said later on the same exchange goes first.
3. The hub is asked whether it has it, for a call that was cut off may have brought it there. What
   the hub has can only be recalled.
4. The statement leaves the outbox, and the index of what this profile sent.
"""

from __future__ import annotations

from agency_client.core.calls import Operation
from agency_client.core.exchanges import Exchanges
from agency_client.core.ports import Ports
from exchange_protocol.errors import HubUnavailable, NotFound, Reason
from exchange_protocol.rules.statements import Statement


class Withdrawing:
    """Takes back what waits."""

    def __init__(self, ports: Ports, exchanges: Exchanges) -> None:
        self._ports = ports
        self._exchanges = exchanges

    def withdraw(self, statement_id: str, *, asks: bool) -> Operation[None]:
        """Take back a statement that waits; `asks` is False for a hub that cannot be asked.

        Raises:
            NotFound: STATEMENT_UNKNOWN, if it does not wait, or another process sends it now.
            Conflict: OUT_OF_ORDER, if others that wait build on it; ID_REUSED, if the hub has it.
            HubUnavailable: if the hub cannot be asked.
        """
        outbox = self._ports.outbox
        # What is no id of a statement is never made the name of a file.
        if statement_id not in outbox.waiting():
            raise Reason.STATEMENT_UNKNOWN.error(
                f"no statement that waits is {statement_id[:64]!r}: it may have been sent or "
                "withdrawn already"
            )
        with outbox.sending(statement_id) as stored:
            if stored is None:
                raise Reason.STATEMENT_UNKNOWN.error(
                    f"another process sends statement {statement_id} now: wait for it, then look "
                    "at `agency outbox list`"
                )
            if later := outbox.later_on_exchange(statement_id):
                raise Reason.OUT_OF_ORDER.error(
                    "later statements on the same exchange wait too, and build on it: withdraw "
                    f"{', '.join(reversed(later))} first"
                )
            if asks:
                yield from self._check_unsent(stored.statement)
            outbox.withdraw(stored)
        # An exchange has the id of the statement that opens it.
        self._ports.search_index.forget([statement_id])

    def _check_unsent(self, statement: Statement) -> Operation[None]:
        """Check that the hub does not have it."""
        if not statement.exchange_id:
            raise Reason.INVALID_FIELD.error(
                "the hub cannot be asked for a statement to the directory: `agency outbox flush` "
                "sends it, --without-asking takes it back unasked",
                field="ID",
            )
        try:
            found = yield from self._exchanges.get(statement.exchange_id)
        except NotFound:
            return
        except HubUnavailable as error:
            raise error.reason.error(
                f"{error.message}; so nobody knows whether the hub has it already. Try again "
                "later, or take it back unasked with --without-asking"
            ) from None
        for each in found.statements:
            if (each.author.agency, each.statement.id) == (statement.author.agency, statement.id):
                raise Reason.ID_REUSED.error(
                    f"the hub has it already, as entry {each.index}: `agency outbox flush` fetches "
                    f"its receipt, and `agency recall {statement.exchange_id}` takes a request back"
                )
