"""Replay: fold the log's entries into directory, policy and exchanges, and judge every one anew.

Each reader of entries (the hub at start, its fsck, a client over what it may see, an auditor) folds
them with this code. Each statement is authenticated and judged against the state before it; the
ruling that the hub recorded must be the one that the rules give. The first entry where they differ
is a broken rule, named by its index.

Assumed verified: that each opening is the one at its index of the tree (`receipts`, `entries`).
Left to the caller: completeness. A replay of fewer entries than there are proves less; who leaves
out entries of an exchange will see rulings that do not follow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Iterable, MutableMapping, MutableSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol

from exchange_protocol.errors import CallerError, ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.log.succession import Succession
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    scope_of,
    verify_statement_of,
    verify_time_of,
)
from exchange_protocol.record.folds import Applied
from exchange_protocol.rules.access import StatementFacts, deliver_to
from exchange_protocol.rules.directory import EMPTY_DIRECTORY, Directory
from exchange_protocol.rules.exchange import Exchange, LegChange, changes_words
from exchange_protocol.rules.inspection import EntryScope, judge_inspection, verify_cited
from exchange_protocol.rules.judgement import Judgement, Ruling, judge
from exchange_protocol.rules.lifecycle import deliver
from exchange_protocol.rules.policy import POLICY_WORDS
from exchange_protocol.rules.provenance import Source, Sources
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.trust.identity import AgencyId, Role

NOT_JUDGED: Final = (Reason.POLICY_UNREADABLE, Reason.CERTIFICATE_UNTRUSTED)
"""Reasons of a replay that concern the checker: this version, or the root that was given."""

GIVEN_CONTENT: Final = frozenset({Role.SYSTEM, Role.OFFICER, Role.COORDINATOR, Role.AUTHORISER})
"""Roles to which content is delivered. An auditor reads entries, an operator the directory."""


@dataclass
class DirectoryFold:
    """The directory at every entry, folded from the directory statements in log order."""

    anchors: TrustAnchors
    names_signatures: bool = True
    """False for a log of version 0.1, whose entries name no signature."""
    _ids: set[tuple[AgencyId, str]] = field(default_factory=set)
    _indexes: list[int] = field(default_factory=list)
    _times: list[datetime] = field(default_factory=list)
    _directories: list[Directory] = field(default_factory=lambda: [EMPTY_DIRECTORY])

    @property
    def current(self) -> Directory:
        """The directory after the last entry folded."""
        return self._directories[-1]

    @property
    def last_time(self) -> datetime | None:
        """The hub's time of the last entry folded; None while there is none."""
        return self._times[-1] if self._times else None

    @property
    def successions(self) -> tuple[Succession, ...]:
        """The changes of the log's key, in order."""
        keys = self.current.log_keys
        if not keys:
            return ()
        since = {
            directory.log_keys[-1]: index + 1
            for index, directory in zip(
                reversed(self._indexes), reversed(self._directories[1:]), strict=True
            )
            if directory.log_keys
        }
        return tuple(Succession(old, new, since[new]) for old, new in pairwise(keys))

    def copy(self) -> DirectoryFold:
        """A fold that goes on by itself from here."""
        return DirectoryFold(
            self.anchors,
            self.names_signatures,
            set(self._ids),
            list(self._indexes),
            list(self._times),
            list(self._directories),
        )

    def before(self, index: int) -> Directory:
        """The directory in force for entry `index`: what the entries before it made."""
        return self._directories[bisect_left(self._indexes, index)]

    def apply(self, index: int, opening: CommitmentOpening) -> Applied:
        """Fold the next directory statement.

        Raises:
            HubDishonest: RULE_BROKEN, if the hub accepted what the rules refuse, left out or
                repeated a directory entry, or recorded another ruling; ENTRY_MISMATCH.
        """
        entry = verify_statement_of(opening)
        if self._times and entry.hub_time < self._times[-1]:
            raise _broken(index, _before_the_last(entry))
        judgement = _judge_entry(index, opening, entry, self.current, None, self, None)
        if judgement.statement.kind.stage is not Stage.DIRECTORY:
            raise _broken(index, f"{judgement.statement.kind} is no directory statement")
        _check_new(index, judgement.statement, self._ids)
        self.keep(index, judgement.directory, entry.hub_time)
        return Applied(index, entry, judgement)

    def check_time(self, index: int, entry: Entry) -> None:
        """Check that the time of any entry is not outside those of its neighbours in the directory.

        Raises:
            HubDishonest: RULE_BROKEN.
        """
        place = bisect_left(self._indexes, index)
        if place and entry.hub_time < self._times[place - 1]:
            raise _broken(index, _before_the_last(entry))
        if place < len(self._times) and self._times[place] < entry.hub_time:
            raise _broken(self._indexes[place], f"its time is before that of entry {index}")

    def keep(self, index: int, directory: Directory, at: datetime) -> None:
        """Keep the directory that an entry made, as `apply` or a `Replay` judged it."""
        if self._indexes and index <= self._indexes[-1]:
            raise _broken(index, f"expected entries in log order, after {self._indexes[-1]}")
        self._indexes.append(index)
        self._times.append(at)
        self._directories.append(directory)


class EntryScopes(Protocol):
    """The scope of each entry, from the first on and without a gap."""

    def __len__(self) -> int:
        """Give the number of entries that are known."""

    def append(self, scope: EntryScope) -> None:
        """Take the next entry's."""

    def between(self, start: int, end: int) -> Iterable[EntryScope]:
        """The scopes of the entries [start, end), in any order."""


class ScopesInMemory:
    """EntryScopes of a short log."""

    def __init__(self) -> None:
        self._concerns: list[EntryScope] = []
        self._distinct: dict[EntryScope, EntryScope] = {}

    def __len__(self) -> int:
        return len(self._concerns)

    def append(self, scope: EntryScope) -> None:
        """Take the next entry's."""
        self._concerns.append(self._distinct.setdefault(scope, scope))

    def between(self, start: int, end: int) -> Iterable[EntryScope]:
        """The scopes of the entries [start, end)."""
        return self._concerns[start:end]


@dataclass
class ReplayState:
    """The state that a replay carries from one entry to the next, beside the directory.

    A replay of a long log, or one that goes on where another ended, is given mappings that are kept
    elsewhere.
    """

    exchanges: MutableMapping[str, Exchange] = field(default_factory=dict)
    spoken: MutableMapping[bytes, StatementFacts] = field(default_factory=dict)
    """Facts by the statement's digest."""
    ids: MutableSet[tuple[AgencyId, str]] = field(default_factory=set)
    """Author's agency and id of every statement."""
    scopes: EntryScopes = field(default_factory=ScopesInMemory)
    """Scopes of every entry, while none was left out; else no reading can be counted any more."""
    last_index: int | None = None
    last_time: datetime | None = None

    def find(self, digest: bytes) -> Source | None:
        """The statement of an exchange with that digest (`provenance.Sources`)."""
        said = self.spoken.get(digest)
        exchange = self.exchanges.get(said.exchange_id) if said else None
        return Source(said, exchange) if said and exchange else None


class Replay:
    """A fold over entries in log order; with `view`, over what that recipient may see.

    `insider_until`: in a joint case the viewer was shown every statement (`joint_case`) before the
    entry of that index, and so judges all of them; it is not shown what was delivered to others.

    `verified` are statements whose signature was verified with the certificate that they name.
    """

    def __init__(
        self,
        directories: DirectoryFold,
        *,
        view: AgencyId | None = None,
        insider_until: int = 0,
        state: ReplayState | None = None,
        verified: Container[SignedStatement] = (),
    ) -> None:
        self.directories = directories
        self.state = state or ReplayState()
        self._view = view
        self._insider_until = insider_until
        self._verified = verified

    @property
    def exchanges(self) -> MutableMapping[str, Exchange]:
        """Every exchange as the entries so far have made it."""
        return self.state.exchanges

    def judges_as(self, other: Replay) -> bool:
        """True if another replay folds the same directory, and judges for the same viewer."""
        return self.directories is other.directories and (self._view, self._insider_until) == (
            other._view,
            other._insider_until,
        )

    def apply(self, index: int, opening: CommitmentOpening, entry: Entry | None = None) -> Applied:
        """Fold the entry at `index`; gives it as the folds take it (`folds`).

        `entry` is what `verify_opening` has made of this opening, where that was asked before.

        Raises:
            HubDishonest: RULE_BROKEN or ENTRY_MISMATCH, naming the entry.
        """
        entry, state = entry or verify_statement_of(opening), self.state
        self._check_follows(index, entry)
        _check_fields(index, entry)
        state.last_index, state.last_time = index, entry.hub_time
        judgement = None
        before = self.exchanges.get(entry.exchange_id) if entry.exchange_id else None
        # `match` would compare by a function of Python, once for each event before the right one.
        event = entry.event
        if event is Event.STATEMENT:
            judgement = self._apply_statement(index, opening, entry)
        else:
            self._check_directory_size(index, entry)
            if event is Event.DELIVERY:
                self._apply_delivery(index, entry)
            elif event is Event.INSPECTION:
                self._check_inspection(index, entry)
            elif not entry.reason or entry.ruling is not None:
                raise _broken(index, "expected a denial with a reason and without a ruling")
        exchange = self.exchanges.get(entry.exchange_id) if entry.exchange_id else None
        if len(state.scopes) == index:
            state.scopes.append(_scope_of(entry, exchange))
        return Applied(index, entry, judgement, exchange, before)

    def _check_follows(self, index: int, entry: Entry) -> None:
        """Check that an entry comes after the last one, in place and in time."""
        state = self.state
        # In another order, a delivery could be shown as if its approval had come before it.
        if state.last_index is not None and index <= state.last_index:
            raise _broken(index, f"expected entries in log order, after {state.last_index}")
        if state.last_time is not None and entry.hub_time < state.last_time:
            raise _broken(index, _before_the_last(entry))

    def _apply_statement(self, index: int, opening: CommitmentOpening, entry: Entry) -> Judgement:
        view, exchange = self._view, self.exchanges.get(entry.exchange_id)
        if self._insider_until and exchange is not None:
            view = None if index < self._insider_until else view
            exchange = _as_delivered(exchange, entry.ruling)
        judgement = _judge_entry(
            index,
            opening,
            entry,
            self.directories.before(index),
            exchange,
            self.directories,
            view,
            self._verified,
            # A reader that was shown only some of the entries may miss a source.
            self.state if len(self.state.scopes) == index else None,
        )
        statement = judgement.statement
        _check_new(index, statement, self.state.ids)
        if judgement.exchange is None or judgement.spoken is None:
            # A client folds the directory first and on its own; it is here already.
            if self.directories.current.size < judgement.directory.size:
                self.directories.keep(index, judgement.directory, entry.hub_time)
        else:
            self.exchanges[entry.exchange_id] = judgement.exchange
            self.state.spoken[statement.digest] = judgement.spoken
        return judgement

    def _check_inspection(self, index: int, entry: Entry) -> None:
        if entry.inspected is None or entry.ruling is None:
            raise _broken(index, "expected an inspection with a ruling, got none")
        if entry.exchange_id or entry.payload_digest or entry.reason or entry.operation:
            raise _broken(index, "expected an inspection of a range, it names something else")
        if entry.inspected.end > index:
            raise _broken(index, f"it inspects entries that come after it: {entry.inspected}")
        directory, inspected = self.directories.before(index), entry.inspected
        try:
            if len(self.state.scopes) < index:
                verify_cited(directory, entry.actor, entry.ruling)
                return
            scopes = Counter(self.state.scopes.between(inspected.start, inspected.end))
            ruled = judge_inspection(directory, entry.actor, scopes)
        except CallerError as error:
            raise _broken(
                index, f"the inspection names a reader without audit rights: {error}"
            ) from error
        if (inspected.opened, entry.ruling) != ruled:
            raise _broken(
                index,
                f"the policy opens {ruled[0]} of the entries that it inspects, by the ruling "
                f"{ruled[1]}; it records {inspected.opened}, by {entry.ruling}",
            )

    def _check_directory_size(self, index: int, entry: Entry) -> None:
        size = self.directories.before(index).size
        if entry.directory_size != size:
            raise _broken(
                index, f"it counts {entry.directory_size} directory statements, the replay {size}"
            )

    def _may_read(self, index: int, entry: Entry, said: StatementFacts) -> bool:
        """True if the viewer cannot tell whether the reader may see the statement.

        The author of a statement is shown who was given it, and, where it is no member, not who
        the members and the approvers of a joint case are. On another leg than its own a viewer does
        not know who approves by now; it may be one of them itself.
        """
        if self._view is None or index < self._insider_until:
            return False
        if self.exchanges[entry.exchange_id].kind.spec.is_case:
            return self._view != entry.actor.agency
        return self._view not in said.legs

    def _apply_delivery(self, index: int, entry: Entry) -> None:
        if entry.actor.role not in GIVEN_CONTENT:
            raise _broken(
                index,
                f"it delivers to {entry.actor}, whose role is given no content; expected one of "
                f"{', '.join(sorted(GIVEN_CONTENT))}",
            )
        said = self.state.spoken.get(entry.payload_digest)
        exchange = self.exchanges.get(entry.exchange_id)
        if said is None or exchange is None or said.exchange_id != exchange.id:
            raise _broken(index, "it delivers a statement that is not on the log before it")
        try:
            after, changes = deliver_to(entry.actor.agency, exchange, said, entry.hub_time)
        except CallerError as error:
            if error.reason is Reason.NOT_A_PARTY and self._may_read(index, entry, said):
                return
            raise _broken(index, f"it is a delivery that the rules refuse: {error}") from error
        recorded = entry.ruling.legs if entry.ruling else ()
        if recorded != changes:
            raise _broken(
                index,
                f"the delivery should change these legs: {changes_words(changes)}; it records "
                f"these: {changes_words(recorded)}",
            )
        # No policy decides on a delivery: what an entry cited would be read as if one had.
        if entry.ruling != (Ruling(b"", (), changes, ()) if changes else None):
            raise _broken(
                index,
                f"expected a delivery to cite nothing, it records {entry.ruling or 'no ruling'}",
            )
        self.exchanges[exchange.id] = after


def _check_fields(index: int, entry: Entry) -> None:
    """Check that an entry has no field of another event."""
    if (entry.inspected is not None) != (entry.event is Event.INSPECTION):
        raise _broken(index, "expected a range that was read with an inspection alone")
    if entry.signature_digest and entry.event is not Event.STATEMENT:
        raise _broken(index, "expected a signature with a statement alone")
    if (entry.reason or entry.operation) and entry.event in (Event.STATEMENT, Event.DELIVERY):
        raise _broken(index, "expected a reason and an operation with a denial alone")


def _scope_of(entry: Entry, exchange: Exchange | None) -> EntryScope:
    ends = exchange.ends if exchange else ()
    return scope_of(entry.event, entry.actor.agency, entry.exchange_id, ends)


def _as_delivered(exchange: Exchange, ruling: Ruling | None) -> Exchange:
    """The exchange with the deliveries to others that a ruling presupposes.

    Members of a joint case are not shown them. A hub that makes one up gains nothing by it here,
    and its auditors see that the entry is missing.
    """
    for change in ruling.legs if ruling else ():
        if change.before is LegState.DELIVERED:
            exchange, _ = deliver(exchange, change.agency)
    return exchange


def _judge_entry(
    index: int,
    opening: CommitmentOpening,
    entry: Entry,
    directory: Directory,
    exchange: Exchange | None,
    fold: DirectoryFold,
    view: AgencyId | None,
    verified: Container[SignedStatement] = (),
    sources: Sources | None = None,
) -> Judgement:
    signed = opening.statement
    if signed is None:
        raise _broken(index, "expected a statement with its entry, got none")
    if not entry.signature_digest and fold.names_signatures:
        raise _broken(index, "it does not name the signature of its statement")
    try:
        statement = parse_statement(signed.payload)
        judgement = judge(
            signed,
            statement,
            directory=directory,
            exchange=exchange,
            anchors=fold.anchors,
            at=entry.hub_time,
            view=view,
            verified=verified,
            sources=sources,
        )
        verify_time_of(entry, statement)
    except ExchangeError as error:
        if error.reason is Reason.POLICY_INVALID:
            raise _unreadable(index, error) from error
        if error.reason is Reason.CERTIFICATE_UNTRUSTED and not directory.size:
            raise _other_root(index, error) from error
        raise _broken(index, f"the hub accepted what the rules refuse: {error}") from error
    if not entry.names(signed, statement):
        raise _broken(index, "it names another author, certificate or exchange than its statement")
    if entry.directory_size != judgement.directory.size:
        raise _broken(
            index,
            f"it counts {entry.directory_size} directory statements, "
            f"the replay {judgement.directory.size}",
        )
    _check_ruling(index, entry.ruling, judgement.ruling, judgement.statement.kind, view)
    return judgement


def _check_new(index: int, statement: Statement, ids: MutableSet[tuple[AgencyId, str]]) -> None:
    """Check that a statement was not accepted before, or an old policy could come back."""
    key = (statement.author.agency, statement.id)
    if key in ids:
        raise _broken(index, f"statement {statement.id} of {key[0]} was accepted before")
    ids.add(key)


def _check_ruling(
    index: int, recorded: Ruling | None, ruled: Ruling, kind: Kind, view: AgencyId | None
) -> None:
    if recorded is None:
        raise _broken(index, "expected a ruling with a statement, got none")
    same = recorded == ruled
    if view is not None and kind.stage is Stage.CONTINUING:
        # A recipient judges its own leg; what the entry says of other legs it cannot know.
        same = (
            recorded.policy_digest == ruled.policy_digest
            and set(ruled.rule_ids) <= set(recorded.rule_ids)
            and _seen(recorded, kind, view) == _seen(ruled, kind, view)
        )
    if not same:
        raise _broken(index, f"expected the ruling {ruled}, it records {recorded}")


_AFTER_UNSEEN: Final = frozenset({LegState.RECALLED, LegState.CLOSED, LegState.ERASED})
"""States of a leg to which a supplement that its recipient was never shown may have led."""


def _seen(
    ruling: Ruling, kind: Kind, view: AgencyId
) -> list[LegChange | tuple[LegState | None, LegState] | LegState]:
    """The part of a ruling that a recipient can check: its leg's change, or where it ends.

    Before a recall there may be a supplement that was never released to it. The gate of that stays
    on the leg afterwards.
    """
    ends = any(row.follows_unseen for row in kind.spec.rows)
    own = [change for change in ruling.legs if change.agency == view]
    if ends:
        return [change.after for change in own]
    return [
        (change.before, change.after) if change.before in _AFTER_UNSEEN else change
        for change in own
    ]


def _unreadable(index: int, error: ExchangeError) -> ExchangeError:
    """A policy of another version's schema proves nothing against the hub that accepted it."""
    return Reason.POLICY_UNREADABLE.error(
        f"entry {index} publishes a policy that this version cannot read, so the rest cannot be "
        f"checked here; use the version that the policy was made for. This version expects the "
        f"words {POLICY_WORDS}. The first fault: {error.message.partition(';')[0]}"
    )


def _other_root(index: int, error: ExchangeError) -> ExchangeError:
    """A log that does not begin under a root is judged by the wrong root; it accuses nobody."""
    return Reason.CERTIFICATE_UNTRUSTED.error(
        f"entry {index} begins the log, and its certificate does not lead to the root that was "
        f"given: this is another region's log or root certificate, and nothing can be checked. "
        f"{error.message}"
    )


def _before_the_last(entry: Entry) -> str:
    return f"its time {entry.hub_time.isoformat()} is before that of the entry before it"


def _broken(index: int, why: str) -> ExchangeError:
    return Reason.RULE_BROKEN.error(f"entry {index}: {why}")
