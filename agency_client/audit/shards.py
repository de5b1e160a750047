"""A replay of a copy divided by exchange, over the cores of the machine.

Theory of operation. Nearly all that is judged of an entry rests on its own exchange and on the
directory. So the exchanges are divided by their ids into shards. A process judges each shard
(`shard`), by the code of the replay of the whole log. The process that reads the log keeps what is
of no single exchange:

- the tree, with the hash of each leaf; the directory, and all entries without an exchange;
- the order: the hub's time never goes back;
- ids: each shard gives its own in order, and no id may stand in two of them;
- readings by auditors: the shards are asked for the scopes of the entries that were read;
- statements that pass on what another exchange holds: all shards are first brought to that entry,
  and then asked for the sources.

Rules of this module:

- A divided replay can find that a log is clean, and nothing else. Where anything does not fit, or a
  process ends, it is given up (`DivisionFailed`, whose reason is logged), and one replay judges the
  log from its start. So every finding, and its place in the order, is that of one replay. A log
  that is not clean takes longer.
- Only a source that gives the same when it is read again is divided (`DividedSource`).
- A shard answers questions alone, and only one question is open at a time, so no two processes wait
  for each other. The connection bounds what is sent and not yet read, and so the memory.
- Processes begin and end as that of `ahead` does. Where nothing is open yet, they are better forked
  (`begun`): a fork has all modules, where a process that is spawned needs half a second for them.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from heapq import merge
from itertools import groupby
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.message import DecodeError

from agency_client.audit.ahead import deaf_to_interrupts
from agency_client.audit.entry_check import EntryCheck, ShardResult
from agency_client.audit.findings import Findings
from agency_client.audit.monitor_state import MonitorRound
from agency_client.audit.shard import (
    Begin,
    DivisionFailed,
    Done,
    End,
    Failed,
    Find,
    Fold,
    Hidden,
    Ids,
    Judge,
    JudgeApart,
    PackedLeaf,
    Request,
    Scopes,
    pack,
    serve,
)
from agency_client.audit.source import AuditedLeaf, DividedSource
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.rules.inspection import EntryScope
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_replay import StoredScopes

WORTHWHILE = 16_384
"""Leaves below which more processes save less than their start costs."""
WORTHWHILE_BEGUN = 4_096
"""The same where they have begun already."""
MOST = 8
"""Shards at most: one process reads for all of them."""
AT_ONCE = 48
"""Leaves sent at once, or fewer if they are large:"""
AT_ONCE_BYTES = 1 << 16
_PASSES_ON: Final = frozenset(kind.value for kind in Kind if kind.spec.passes_on)


class Begun:
    """Processes that wait for the shards that they are to judge."""

    def __init__(self) -> None:
        """Begin none yet."""
        self.connections: list[Connection] = []
        self._processes: list[Any] = []

    def begin(self, context: BaseContext, count: int) -> None:
        """Begin so many."""
        for _ in range(count):
            ours, theirs = context.Pipe()
            self.connections.append(ours)
            # A fork has the ends of all pipes; only by closing ours it learns that we have ended.
            forked = context.get_start_method() == "fork"
            inherited = tuple(self.connections) if forked else ()
            # mypy does not know that every context has processes.
            process = context.Process(  # type: ignore[attr-defined]
                target=_serve, args=(theirs, inherited), daemon=True
            )
            with deaf_to_interrupts():
                process.start()
            self._processes.append(process)
            theirs.close()

    def end(self) -> None:
        """End them; there is nothing that they could lose."""
        for connection in self.connections:
            connection.close()
        for process in self._processes:
            process.kill()
            process.join()
        self.connections.clear()
        self._processes.clear()


@contextmanager
def begun(cores: int) -> Iterator[Begun]:
    """Begin the processes by forking; they end with the block.

    To be called before a database is opened: SQLite forbids to take an open file across a fork.
    Where this process has threads, which no fork survives, none begins.
    """
    early = Begun()
    try:
        if cores > 1 and _is_alone():
            try:
                early.begin(multiprocessing.get_context("fork"), min(cores, MOST))
            except OSError:  # Too many processes: one replays alone.
                early.end()
        yield early
    finally:
        early.end()


@contextmanager
def divided(
    source: DividedSource,
    anchors: TrustAnchors,
    current: MonitorRound,
    *,
    cores: int,
    early: Begun | None = None,
) -> Iterator[Shards]:
    """Give shards to the processes that have begun `early`, or to new ones; they end with it."""
    processes = early if early is not None and early.connections else Begun()
    try:
        if not processes.connections:
            processes.begin(multiprocessing.get_context("spawn"), min(cores, MOST))
        roots = b"".join(each.public_bytes(Encoding.PEM) for each in anchors.certificates)
        for connection in processes.connections:
            with suppress(OSError):  # One that has ended is met at the first leaf.
                connection.send(Begin(roots, source.shard_opener()))
        yield Shards(processes.connections, source, current)
    finally:
        processes.end()


def is_worthwhile(leaves: int, early: Begun | None) -> bool:
    """True if so many leaves are judged sooner by several processes."""
    have_begun = early is not None and bool(early.connections)
    return leaves >= (min(WORTHWHILE, WORTHWHILE_BEGUN) if have_begun else WORTHWHILE)


def _is_alone() -> bool:
    """True if this process has one thread, also of those that Python does not know of."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def _serve(connection: Connection, inherited: Iterable[Connection]) -> None:
    # A fork has the handlers of its parent, which tell a person what the signal has stopped.
    for number in (signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else ():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for each in inherited:
        each.close()
    serve(connection)


class Shards:
    """The shards of one replay, from the first leaf on."""

    def __init__(
        self, connections: list[Connection], source: DividedSource, current: MonitorRound
    ) -> None:
        """Take over the scopes of a round's state: they are joined from all shards."""
        self._source = source
        self._shards = [_Link(each) for each in connections]
        self._scopes = current.scopes
        current.state.scopes = _JoinedScopes(current.scopes, self)
        self._own_ids = current.state.ids
        self._knows_all = True
        self._time = (0, 0)
        self._last = b""
        self._opened = 0

    def take(self, index: int, leaf: AuditedLeaf) -> bool:
        """Send the next leaf to the shard of its exchange.

        False if the entry has no exchange or was not opened: the caller judges it.
        """
        if leaf.fault is not None:
            raise DivisionFailed(f"entry {index} is unreadable")
        if leaf.opening is None:
            if self._knows_all:
                self._tell_all(Hidden())
            self._knows_all = False
            return False
        entry, signed = leaf.opening.entry, leaf.opening.statement
        exchange_id = self._read(index, entry)
        if not exchange_id:
            if self._knows_all:
                self._scopes.skip_to(index)
            if signed is not None:
                self._tell_all(Fold(pack(index, leaf)))
            return False
        shard = self._shards[zlib.crc32(exchange_id.encode()) % len(self._shards)]
        if signed is not None and _passes_on(signed):
            self._judge_apart(shard, pack(index, leaf))
        else:
            shard.judge(pack(index, leaf), leaf.opening.size)
        self._opened += 1
        return True

    def scopes(self, start: int, end: int) -> Iterator[EntryScope]:
        """The scopes of the entries in a range that the shards judged."""
        for shard in self._shards:
            yield from shard.ask(Scopes(start, end))

    def join(self, entries: EntryCheck, findings: Findings) -> None:
        """Hear of each shard that nothing was found, and add its figures to those of an audit."""
        if findings.violations:
            raise DivisionFailed(f"{findings.violations[0].reason.name}, outside of the exchanges")
        last = parse_entry(self._last) if self._last else None
        last_time = last.hub_time if last else None
        for shard in self._shards:
            shard.send(End(last_time))
        results: list[ShardResult] = [shard.hear() for shard in self._shards]
        self._check_ids()
        entries.join(results, self._opened, last_time)
        self._source.join(
            last,
            sum(each.exchanges for each in results),
            sum(each.rows_of_legs for each in results),
        )

    def _read(self, index: int, entry: bytes) -> str:
        """Read the exchange of an entry, and check that its time is not before the last."""
        try:
            message = log_pb2.LogEntry.FromString(entry)
        except DecodeError:
            raise DivisionFailed(f"entry {index} does not parse") from None
        time = (message.hub_time.seconds, message.hub_time.nanos)
        if self._last and time < self._time:
            raise DivisionFailed(f"the time of entry {index} is before that of the last")
        self._time, self._last = time, entry
        return message.exchange_id

    def _tell_all(self, request: Request) -> None:
        for shard in self._shards:
            shard.send(request)

    def _judge_apart(self, shard: _Link, leaf: PackedLeaf) -> None:
        """Judge a leaf that asks for statements of other exchanges, as they stand before it."""
        for each in self._shards:
            each.flush()
        answer = shard.ask(JudgeApart(leaf))
        while not isinstance(answer, Done):
            if not isinstance(answer, Find):
                raise DivisionFailed(f"expected a question or the end of it, got {answer!r}")
            others = (each for each in self._shards if each is not shard)
            found = (each.ask(answer) for each in others)
            shard.send_now(next((source for source in found if source is not None), None))
            answer = shard.hear()

    def _check_ids(self) -> None:
        """Check that no id was used twice; that of a directory statement is in every shard."""
        streams = [shard.ids() for shard in self._shards]
        everywhere = len(streams) + 1
        for key, same in groupby(merge(*streams, _in_order(self._own_ids))):
            times = len(list(same))
            if times != 1 and times != everywhere:
                raise DivisionFailed(f"the id {key[0]} of {key[1]} was used twice")


class _Link:
    """The connection to the process of one shard."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._leaves: list[PackedLeaf] = []
        self._bytes = 0

    def judge(self, leaf: PackedLeaf, size: int) -> None:
        """Send a leaf, soon."""
        self._leaves.append(leaf)
        self._bytes += size
        if len(self._leaves) >= AT_ONCE or self._bytes >= AT_ONCE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send the leaves that wait."""
        if not self._leaves:
            return
        leaves, self._leaves, self._bytes = self._leaves, [], 0
        self.send_now(Judge(leaves))
        try:
            has_said = self._connection.poll()
        except OSError as error:
            raise _ended(error) from None
        if has_said:
            # Unasked, a shard says nothing else than that it failed.
            raise DivisionFailed(f"a shard said unasked: {self.hear()!r}")

    def send(self, request: Request) -> None:
        """Send a request after the leaves that wait."""
        self.flush()
        self.send_now(request)

    def send_now(self, message: Any) -> None:
        """Send a message."""
        try:
            self._connection.send(message)
        except OSError as error:
            # It may have said why before it ended.
            self.hear()
            raise _ended(error) from None

    def hear(self) -> Any:
        """Hear the answer to a request."""
        try:
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _ended(error) from None
        if isinstance(answer, Failed):
            raise DivisionFailed(f"a shard found: {answer.reason}")
        return answer

    def ask(self, request: Request) -> Any:
        """Send a request and hear its answer."""
        self.send(request)
        return self.hear()

    def ids(self) -> Iterator[tuple[str, AgencyId]]:
        """The ids of all of its statements, in order, each with its author's agency."""
        while page := self.ask(Ids()):
            for author, statement_id in page:
                yield statement_id, author


class _JoinedScopes:
    """EntryScopes of the whole log: those known here, and those of the shards."""

    def __init__(self, own: StoredScopes, shards: Shards) -> None:
        self._own = own
        self._shards = shards

    def __len__(self) -> int:
        return len(self._own)

    def append(self, scope: EntryScope) -> None:
        """Take that of an entry without an exchange."""
        self._own.append(scope)

    def between(self, start: int, end: int) -> Iterator[EntryScope]:
        """The scopes of the entries [start, end)."""
        yield from self._own.between(start, end)
        yield from self._shards.scopes(start, end)


def _in_order(ids: Iterable[tuple[AgencyId, str]]) -> Iterator[tuple[str, AgencyId]]:
    """Ids as the store gives them, in its order."""
    return ((statement_id, author) for author, statement_id in ids)


def _ended(error: Exception) -> DivisionFailed:
    return DivisionFailed(f"the process of a shard has ended: {error!r}")


def _passes_on(signed: SignedStatement) -> bool:
    try:
        statement = statement_pb2.Statement.FromString(signed.payload)
    except DecodeError:
        raise DivisionFailed("a statement does not parse") from None
    return statement.WhichOneof("body") in _PASSES_ON
