"""One shard of a divided replay: a process that judges some of the exchanges.

It judges them by the same code as a replay of the whole log (`EntryCheck`), with a state of its
own. It folds every directory statement, because all exchanges are judged by the directory. The
process that reads the log sends requests; `shards` tells the theory of operation.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple, TypeAlias

from agency_client.audit.collector import calm_collector
from agency_client.audit.entry_check import EntryCheck, ShardResult
from agency_client.audit.findings import Findings
from agency_client.audit.monitor_state import MonitorRound, MonitorState
from agency_client.audit.source import AuditedLeaf, ShardChecks, ShardOpener
from exchange_protocol.errors import ExchangeError
from exchange_protocol.record.entries import CommitmentOpening
from exchange_protocol.record.replay import ReplayState
from exchange_protocol.rules.inspection import EntryScope
from exchange_protocol.rules.provenance import Source
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.envelope import BatchInclusion
from exchange_protocol.trust.identity import AgencyId

IDS_AT_ONCE: Final = 4_096

PackedLeaf: TypeAlias = tuple[Any, ...]
"""An opened leaf as plain values: to send dataclasses costs ten times as much."""


class DivisionFailed(Exception):
    """The divided replay ended without a verdict; one replay judges the log anew.

    The message says why, for the log file of whoever wonders where the time went.
    """


class Begin(NamedTuple):
    """Begin the work, before any other request. No answer."""

    roots: bytes
    """The certificates that are trusted, as PEM."""
    opener: ShardOpener


class Judge(NamedTuple):
    """Judge these leaves, each of an exchange of this shard. No answer."""

    leaves: list[PackedLeaf]


class Fold(NamedTuple):
    """Fold a directory statement, which is counted elsewhere. No answer."""

    leaf: PackedLeaf


class JudgeApart(NamedTuple):
    """Judge a leaf that rests on other exchanges; ask by `Find`, then answer `Done`."""

    leaf: PackedLeaf


class Find(NamedTuple):
    """Find a statement by its digest; the answer is a `Source` or None."""

    digest: bytes


class Scopes(NamedTuple):
    """Give the scopes of entries of this shard in a range, as a list."""

    start: int
    end: int


class Hidden(NamedTuple):
    """An entry was not opened: not every scope is known from here on. No answer."""


class End(NamedTuple):
    """All leaves were given; answer with a `ShardResult`."""

    last_time: datetime | None


class Ids(NamedTuple):
    """Give the next ids of statements, in order, as a list; an empty one at their end."""


class Done(NamedTuple):
    """The leaf was judged."""


class Failed(NamedTuple):
    """A shard has ended without a result. It says so at any moment, asked or not."""

    reason: str


Request: TypeAlias = Judge | Fold | JudgeApart | Find | Scopes | Hidden | End | Ids


def pack(index: int, leaf: AuditedLeaf) -> PackedLeaf:
    """Take an opened leaf apart."""
    opening = leaf.opening
    if opening is None:
        raise ValueError("expected a leaf that is opened")
    signed, statement = opening.statement, None
    if signed is not None:
        batch = signed.batch
        statement = (
            signed.payload_type,
            signed.payload,
            signed.certificate_sha256,
            signed.signature,
            None if batch is None else (batch.index, batch.size, batch.path),
            signed.post_quantum_signature,
        )
    return index, leaf.leaf_hash, opening.entry, opening.nonce, statement, leaf.beside


def unpack(packed: PackedLeaf) -> tuple[int, AuditedLeaf]:
    """Put a leaf together again, with its index."""
    index, leaf_hash, entry, nonce, statement, beside = packed
    signed = None
    if statement is not None:
        payload_type, payload, certificate, signature, path, second = statement
        batch = None if path is None else BatchInclusion(*path)
        signed = SignedStatement(payload_type, payload, certificate, signature, batch, second)
    return index, AuditedLeaf(leaf_hash, CommitmentOpening(entry, nonce, signed), beside=beside)


def serve(connection: Connection) -> None:
    """Serve as the process of one shard, until it has failed or nobody asks any more."""
    calm_collector()
    with ExitStack() as stack:
        try:
            begin: Begin = connection.recv()
            anchors = TrustAnchors.from_pem(begin.roots)
            checks = stack.enter_context(begin.opener.open())
            place = stack.enter_context(closing(MonitorState.temporary(anchors, None)))
            current = stack.enter_context(place.round())
            _Shard(connection, current, checks).run()
        except (EOFError, OSError):
            return  # The process that reads the log has ended, or wants no more.
        except (DivisionFailed, ExchangeError, sqlite3.Error) as error:
            with suppress(OSError):  # Another shard failed first, and nobody listens any more.
                connection.send(Failed(str(error)))


@dataclass
class _ShardState(ReplayState):
    """The state of the exchanges of one shard; statements of other shards are asked for."""

    ask: Callable[[bytes], Source | None] | None = None

    def find(self, digest: bytes) -> Source | None:
        """The statement of an exchange with that digest, of this shard or another."""
        source = super().find(digest)
        if source is None and self.ask is not None:
            return self.ask(digest)
        if source is None:
            raise DivisionFailed(
                "a statement of a kind that does not say so (`passes_on`) rests on other exchanges"
            )
        return source


class _Shard:
    """The work of one shard."""

    def __init__(self, connection: Connection, current: MonitorRound, checks: ShardChecks) -> None:
        state = current.state
        self._state = current.state = _ShardState(
            state.exchanges, state.spoken, state.ids, state.scopes
        )
        self._scopes = current.scopes
        self._knows_all = True
        self._findings = Findings(current, is_copy=True)
        self._entries = EntryCheck(self._findings, current, None)
        self._connection = connection
        self._checks = checks
        checks.begin(self._state)

    def run(self) -> None:
        """Answer one request after the other."""
        ids: Iterator[tuple[AgencyId, str]] | None = None
        while True:
            request: Request = self._connection.recv()
            match request:
                case Judge():
                    for leaf in request.leaves:
                        self._judge(leaf)
                case Fold():
                    self._fold(request.leaf)
                case JudgeApart():
                    self._judge_apart(request.leaf)
                case Find():
                    self._connection.send(ReplayState.find(self._state, request.digest))
                case Scopes():
                    scopes: list[EntryScope] = list(
                        self._scopes.between(request.start, request.end)
                    )
                    self._connection.send(scopes)
                case Hidden():
                    self._knows_all = False
                case End():
                    self._connection.send(self._end(request.last_time))
                case Ids():
                    ids = ids or iter(self._state.ids)
                    self._connection.send(list(islice(ids, IDS_AT_ONCE)))

    def _judge(self, packed: PackedLeaf) -> None:
        index, leaf = unpack(packed)
        if self._knows_all:
            self._scopes.skip_to(index)
        self._entries.take(index, leaf)
        for violation in self._checks.check_leaf(index, leaf):
            self._findings.add(violation)
        self._check_clean()

    def _fold(self, packed: PackedLeaf) -> None:
        index, leaf = unpack(packed)
        if self._knows_all:
            # Its scope is counted elsewhere.
            self._scopes.skip_to(index + 1)
        self._entries.take(index, leaf, counts=False)
        self._check_clean()

    def _judge_apart(self, packed: PackedLeaf) -> None:
        def ask(digest: bytes) -> Source | None:
            self._connection.send(Find(digest))
            source: Source | None = self._connection.recv()
            return source

        self._state.ask = ask
        try:
            self._judge(packed)
        finally:
            self._state.ask = None
        self._connection.send(Done())

    def _end(self, last_time: datetime | None) -> ShardResult:
        self._state.last_time = last_time
        for violation in self._checks.check_state(self._state):
            self._findings.add(violation)
        self._check_clean()
        return ShardResult(
            folds={fold.name: dict(fold.counts) for fold in self._entries.folds},
            overdue=self._entries.overdue(),
            exchanges=len(self._state.exchanges),
            rows_of_legs=self._checks.rows_of_legs,
        )

    def _check_clean(self) -> None:
        if self._findings.violations:
            first = self._findings.violations[0]
            raise DivisionFailed(f"{first.reason.name}, entry {first.index}")
