"""Exchanges: list them, fetch and verify one, unseal it.

`get` takes the seven steps of `verifying`. `open` goes on:

 8. Each part that is sealed to this agency is fetched (`fetching`). It must be the one that its
    author signed, by size and SHA-256.
 9. It is unsealed with the key that it was wrapped to for this agency.
10. The documents and entities are read strictly (`unsealing`).
11. Its names and numbers go into the search index of the profile (`finding`).

A part that cannot be opened or read is a fault of that part alone; the rest is given. Evidence
against the hub is raised. A part that a recipient fetches is a delivery. The hub logs that before
the bytes leave, and the state shown afterwards is verified anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agency_client.core.calls import Operation, ask_hub, number_of_the_hub
from agency_client.core.fetching import Fetched, Parts, is_erased_at
from agency_client.core.finding import gone, indexed, withdraws
from agency_client.core.own_receipts import check_unknown
from agency_client.core.ports import Ports
from agency_client.core.summaries import take_summary
from agency_client.core.unsealing import mark_superseded, read_statement
from agency_client.core.verifying import (
    JudgedView,
    ShownExchange,
    check_exchange,
    check_summary,
    verify_exchange,
)
from agency_client.core.view import View
from agency_client.core.views import (
    PartFault,
    UnsealedExchange,
    UnsealedStatement,
    VerifiedExchange,
    VerifiedStatement,
)
from agency_client.state.keys import Vault
from exchange_protocol.errors import HubUnavailable, NotAuthenticated, NotFound, Reason, SealBroken
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party, ReaderRole
from exchange_protocol.kinds.fields import parse_uuid
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.record.entries import Entry
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.notices import Notice
from exchange_protocol.record.receipts import (
    ProvenEntry,
    parse_proven_entry,
    verify_proven_entries,
)
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.statements import Part
from exchange_protocol.trust.sealing import PartContext, WrappedKey, open_part
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import log_pb2, statement_pb2

_Entries = list[tuple[ProvenEntry, Entry]]


class _IsExchange(Protocol):
    """An exchange: a summary, a verified or an unsealed one."""

    @property
    def id(self) -> str:
        """The id of the exchange."""


class _NamesExchange(Protocol):
    """Something of an exchange: a result of sending, a notice, an entry of the outbox."""

    @property
    def exchange_id(self) -> str:
        """The id of the exchange."""


HasId = _IsExchange | _NamesExchange
"""Anything that stands for an exchange: a summary, an exchange itself, a result of sending, a
notice."""


def id_of(exchange: object) -> str:
    """The id of an exchange, given as text or as anything that has one; raises INVALID_FIELD."""
    if isinstance(exchange, str):
        return exchange
    found = getattr(exchange, "exchange_id", None) or getattr(exchange, "id", None)
    if not isinstance(found, str):
        raise Reason.INVALID_FIELD.error(
            f"expected an exchange, or its id as a text, got {type(exchange).__name__}",
            field="exchange",
        )
    return found


class Exchanges:
    """Reads exchanges, and believes nothing of them that is not proven."""

    def __init__(self, ports: Ports, view: View) -> None:
        self._ports = ports
        self._view = view
        self.parts = Parts(ports, self.get)

    def list_page(
        self,
        party: Party | None,
        states: Iterable[LegState],
        kinds: Iterable[Kind],
        page_token: str,
        *,
        awaits_consent: bool = False,
    ) -> Operation[tuple[list[ExchangeSummary], str]]:
        """Fetch one page of a list, and the token of the next; unverified.

        Exchanges that the list calls recalled or erased are also forgotten in the search index, on
        the hub's word: to forget too much is safe, for an exchange that is opened again is found
        again.
        """
        answer = yield from ask_hub(
            "ExchangeService/ListExchanges",
            pb.ListExchangesRequest(
                party=party.number if party else statement_pb2.PARTY_UNSPECIFIED,
                states=[log_pb2.LegState.ValueType(state) for state in states],
                kinds=[kind.value for kind in kinds],
                page_token=page_token,
                awaits_consent=awaits_consent,
            ),
            pb.ListExchangesResponse,
        )
        if answer.next_page_token and not answer.exchanges:
            raise Reason.ENTRY_MISMATCH.error("expected exchanges on a page that is not the last")
        page = [take_summary(each) for each in answer.exchanges]
        self._ports.search_index.forget(gone(page, self._ports.agency))
        return page, answer.next_page_token

    def heed(self, notice: Notice) -> Notice:
        """Forget in the search index what a notice tells to be recalled or erased."""
        if withdraws(notice, self._ports.agency):
            self._ports.search_index.forget([notice.exchange_id])
        return notice

    def get(self, exchange: str | HasId) -> Operation[VerifiedExchange]:
        """Fetch an exchange and verify all that the hub shows of it; nothing is unsealed.

        Raises:
            HubDishonest: if the hub broke a rule, or shows what does not verify.
            SignatureInvalid: if a statement's author or signature is not good.
            NotFound: EXCHANGE_UNKNOWN.
        """
        return (yield from self._get(exchange))[0]

    def get_or_known(self, exchange: str | HasId) -> Operation[VerifiedExchange]:
        """Fetch and verify an exchange; while the hub is away, give it as the caller has it.

        The caller's exchange was verified when it was read. The hub refuses a statement that no
        longer fits.

        Raises:
            HubUnavailable: if the hub is away, and the caller gave the id alone.
        """
        try:
            return (yield from self.get(exchange))
        except HubUnavailable:
            known = exchange.verified if isinstance(exchange, UnsealedExchange) else exchange
            if not isinstance(known, VerifiedExchange):
                raise
            return known

    def _get(
        self, exchange: str | HasId, known: JudgedView | None = None
    ) -> Operation[tuple[VerifiedExchange, JudgedView]]:
        """Fetch and verify as `get`; `known` is what was judged of it a moment ago."""
        exchange_id = parse_uuid(id_of(exchange), "exchange_id")
        agency, log = self._ports.agency, self._ports.trust.log
        # Read before the hub is asked: another process of this agency may add one meanwhile, which
        # the answer lacks.
        promised = self._ports.outbox.receipts(exchange_id)
        try:
            answer, head = yield from self._view.ask(
                "ExchangeService/GetExchange",
                lambda size: pb.GetExchangeRequest(exchange_id=exchange_id, known_tree_size=size),
                pb.GetExchangeResponse,
                lambda answer: answer.tree_head,
            )
        except NotFound as error:
            check_unknown(promised, error, agency, log)
            raise
        entries = yield from self._pages(exchange_id, answer, head.checkpoint)
        if not entries:
            raise Reason.ENTRY_MISMATCH.error(f"the hub shows no entry of exchange {exchange_id}")
        yield from self._view.know_directory(max(entry.directory_size for _, entry in entries))
        verified, judged = verify_exchange(
            ShownExchange(exchange_id, entries, head, answer.summary),
            agency,
            fold=self._ports.directory.fold,
            promised=promised,
            log=log,
            known=known,
        )
        if isinstance(exchange, ExchangeSummary):
            check_summary(exchange, verified)
        return verified, judged

    def open(self, exchange: str | HasId) -> Operation[UnsealedExchange]:
        """Fetch, verify and unseal an exchange, as far as the agency may read it.

        A part that does not open, or is malformed, is told in `UnsealedStatement.faults`.

        Raises:
            HubDishonest: if the hub broke a rule, or shows what does not verify.
            SealBroken: if the hub gives other bytes than the author of a part signed.
            SignatureInvalid: if a statement's author or signature is not good.
            NotFound: EXCHANGE_UNKNOWN.
        """
        verified, judged = yield from self._get(exchange)
        fetched = yield from self.parts.small(verified)
        statements = []
        for each in verified.statements:
            statements.append((yield from self._unseal(each, verified.exchange, fetched)))
        if _delivers(verified, self._ports.agency):
            before = verified
            verified, _ = yield from self._get(verified.id, judged)
            _check_delivered(before, verified, self._ports.agency)
        opened = UnsealedExchange(verified, mark_superseded(statements))
        self._ports.search_index.note(indexed(opened, self._ports.agency))
        return opened

    def fetch(self, statement: VerifiedStatement, part_name: str) -> Operation[bytes]:
        """Fetch and unseal one part of a verified statement.

        Raises:
            NotFound: PART_UNKNOWN or CONTENT_ERASED.
            SealBroken: SEAL_BROKEN, or NOT_A_READER if it is not sealed to this agency.
            NotAuthenticated: KEY_UNAVAILABLE, if the profile lacks the sealing key.
        """
        part = statement.statement.part(part_name)
        if part is None:
            raise Reason.PART_UNKNOWN.error(
                f"statement {statement.statement.id} has no part {part_name!r}"
            )
        wrapped = part.wrapped_key(self._ports.agency)
        if wrapped is None:
            raise Reason.NOT_A_READER.error(
                f"part {part_name!r} is not sealed to {self._ports.agency}"
            )
        sealed = yield from self.parts.sealed(statement, part)
        return _opened(self._ports.vault, statement, part, wrapped, sealed)

    def _pages(
        self, exchange_id: str, page: pb.GetExchangeResponse, checkpoint: Checkpoint
    ) -> Operation[_Entries]:
        """Verify the first page, fetch and verify those after it, all against one checkpoint."""
        entries: _Entries = []
        while True:
            start = entries[-1][0].index + 1 if entries else 0
            proven = [parse_proven_entry(each) for each in page.entries]
            end = proven[-1].index + 1 if proven else 0
            # Every page has something new, so there is an end to them.
            if (proven and proven[0].index < start) or page.next_index not in (0, end):
                raise Reason.ENTRY_MISMATCH.error(
                    f"expected a page of entries from {start} on, and the next after it; got the "
                    f"entries {[each.index for each in proven]}, the next from {page.next_index} on"
                )
            verified = verify_proven_entries(proven, checkpoint)
            check_exchange(exchange_id, verified)
            entries += verified
            if not page.next_index:
                return entries
            request = pb.GetExchangeRequest(
                exchange_id=exchange_id, start_index=page.next_index, tree_size=checkpoint.size
            )
            with number_of_the_hub(f"the tree of {checkpoint.size} entries"):
                page = yield from ask_hub(
                    "ExchangeService/GetExchange", request, pb.GetExchangeResponse
                )

    def _unseal(
        self, each: VerifiedStatement, exchange: Exchange | None, fetched: Fetched
    ) -> Operation[UnsealedStatement]:
        """Steps 8 to 10 for one statement."""
        plaintexts: dict[str, bytes] = {}
        faults: list[PartFault] = []
        role: ReaderRole | None = None
        reader = self._ports.agency
        # By a signed notice or the published retention, not by the hub's word.
        erased = is_erased_at(each, exchange, self._ports.clock())
        for part in each.statement.parts:
            wrapped = part.wrapped_key(reader)
            if wrapped is None:
                continue
            role = ReaderRole(wrapped.role)
            if erased:
                continue
            try:
                sealed = yield from self.parts.sealed(each, part, fetched)
            except NotFound as error:
                # That is checked, unless no notice would be shown: then the hub's word is taken,
                # and auditors judge whether there was one.
                if error.reason is not Reason.CONTENT_ERASED:
                    raise
                erased = True
                continue
            try:
                plaintexts[part.name] = _opened(self._ports.vault, each, part, wrapped, sealed)
            except SealBroken as error:
                faults.append(PartFault(part.name, error, each.author.agency))
            except NotAuthenticated as error:
                # The key is missing in this profile; another one of the agency may hold it.
                faults.append(PartFault(part.name, error, reader))
        if erased:
            return read_statement(each, role, {}, (), is_erased=True)
        return read_statement(each, role, plaintexts, faults)


def _opened(
    vault: Vault, each: VerifiedStatement, part: Part, wrapped: WrappedKey, sealed: bytearray
) -> bytes:
    private = vault.sealing_key(wrapped.key_id)
    return open_part(sealed, PartContext(each.statement.id, part.name), wrapped, private)


def _check_delivered(before: VerifiedExchange, after: VerifiedExchange, agency: str) -> None:
    """Check that the log knows of the delivery, and that what was shown before is still shown."""
    shown = {each.index for each in after.entries}
    for each in before.entries:
        if each.index not in shown:
            raise Reason.ENTRY_MISMATCH.error(
                f"the hub showed entry {each.index} of exchange {before.id} a moment ago, and does "
                "not show it now"
            )
    awaited = {leg.awaits for leg in before.legs if leg.agency == agency}
    if _delivers(after, agency) and awaited == {
        leg.awaits for leg in after.legs if leg.agency == agency
    }:
        raise Reason.RULE_BROKEN.error(
            f"the hub handed out the parts of exchange {after.id}, and its log of "
            f"{after.checkpoint.size} entries knows of no delivery"
        )


def _delivers(verified: VerifiedExchange, agency: str) -> bool:
    """True if reading it changed its state: a recipient's leg that was only released."""
    return verified.party is Party.RECIPIENT and any(
        leg.agency == agency and leg.state is LegState.RELEASED for leg in verified.legs
    )
