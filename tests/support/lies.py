"""Lies of a hub, told by chance in an honest history: one place of its log, or of a view, is false.

    for lie in lies_in(history, count):
        lie.log                           # the log as the hub has signed it
    for view in views_of_held(history):
        view.entries                      # what a recipient is shown with what is held from it

A lie is told when the entry is written: so receipts, proofs and trees agree with it, and what is
said in it must convict it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from exchange_protocol.kinds.codes import LegState
from exchange_protocol.record.entries import (
    CommitmentOpening,
    Entry,
    Event,
    encode_entry,
    parse_entry,
)
from exchange_protocol.record.receipts import ProvenEntry
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.trust.identity import AgencyId
from tests.support.honest_histories import EVERYONE, SPEAKERS, History

Shown = list[tuple[ProvenEntry, Entry]]


@dataclass(frozen=True)
class Lie:
    """A log that is false from one index on."""

    words: str
    index: int
    log: list[CommitmentOpening]
    is_altered: bool
    """True if that entry alone is another one, at its place."""
    may_pass: bool
    """True if nobody can know by the log alone, as docs/threat-model.md says.

    Readings, refusals and inspections are the hub's word. It refuses as it likes, which a receipt
    alone disproves. It chooses a time between those of the neighbours."""


@dataclass(frozen=True)
class HeldView:
    """Entries that a recipient is shown, among them a statement that is held back from it."""

    agency: AgencyId
    exchange_id: str
    entries: Shown


def lies_in(history: History, count: int) -> Iterator[Lie]:
    """Tell so many lies, each in the true log; those that change nothing are left out."""
    log, chance = history.hub.log, history.chance
    begin = history.hub.log.index(next(each for each in log if parse_entry(each.entry).exchange_id))
    for _ in range(count):
        index = chance.randrange(begin, len(log))
        name, tell = chance.choice(list(_LIES.items()))
        told = tell(history, index)
        if told is not None and told != log:
            event = parse_entry(log[index].entry).event
            pairs = enumerate(zip(log, told, strict=False))
            differ = [place for place, (one, other) in pairs if one != other]
            yield Lie(
                f"entry {index}, a {event.name}: {name}",
                index,
                told,
                is_altered=len(told) == len(log) and differ == [index],
                may_pass=(
                    event is not Event.STATEMENT
                    or tell in (_invented_reading, _dropped)
                    or (tell is _redated and _is_in_order(told))
                ),
            )


def _is_in_order(log: list[CommitmentOpening]) -> bool:
    times = [parse_entry(each.entry).hub_time for each in log]
    return times == sorted(times)


def views_of_held(history: History) -> Iterator[HeldView]:
    """Show each recipient what is held back from it, with the rest or some of it left out."""
    hub, chance = history.hub, history.chance
    for exchange in hub.exchanges.values():
        of_it = [i for i in range(len(hub.log)) if history.exchange_of(i) == exchange.id]
        for leg in exchange.legs:
            for digest in leg.hidden:
                held = next(
                    i
                    for i in of_it
                    if (said := hub.log[i].statement) is not None and said.digest == digest
                )
                shown = history.shown_to(leg.agency).get(exchange.id, [])
                some = [i for i in of_it if chance.random() < 0.5]
                for choice in ([*shown], of_it, some, [of_it[0]], []):
                    indexes = sorted({held, *choice})
                    entries = [
                        (ProvenEntry(i, hub.log[i], ()), parse_entry(hub.log[i].entry))
                        for i in indexes
                    ]
                    yield HeldView(leg.agency, exchange.id, entries)


# --- Lies in the log ------------------------------------------------------------------------------


def _with(history: History, index: int, **fields: Any) -> list[CommitmentOpening]:
    """The log with one entry altered, as it would have been committed to."""
    log = list(history.hub.log)
    entry = replace(parse_entry(log[index].entry), **fields)
    log[index] = replace(log[index], entry=encode_entry(entry))
    return log


def _dropped(history: History, index: int) -> list[CommitmentOpening]:
    log = list(history.hub.log)
    del log[index]
    return log


def _repeated(history: History, index: int) -> list[CommitmentOpening]:
    log = list(history.hub.log)
    log.append(log[index])
    return log


def _swapped(history: History, index: int) -> list[CommitmentOpening] | None:
    log = list(history.hub.log)
    if index + 1 == len(log):
        return None
    log[index], log[index + 1] = log[index + 1], log[index]
    return log


def _redated(history: History, index: int) -> list[CommitmentOpening]:
    entry = parse_entry(history.hub.log[index].entry)
    by = history.chance.choice([timedelta(hours=-2), timedelta(hours=2), timedelta(days=40)])
    return _with(history, index, hub_time=entry.hub_time + by)


def _other_statement(history: History, index: int) -> list[CommitmentOpening] | None:
    """Put another statement of the log under the entry, and let it name that."""
    log = history.hub.log
    other = history.chance.choice([each for each in log if each.statement is not None]).statement
    if log[index].statement is None or other is None:
        return None
    told = _with(
        history, index, payload_digest=other.digest, signature_digest=other.signature_digest
    )
    told[index] = replace(told[index], statement=other)
    return told


def _of_other(name: str) -> Callable[[History, int], list[CommitmentOpening]]:
    """Give a field of the entry the value of another entry."""

    def tell(history: History, index: int) -> list[CommitmentOpening]:
        other = parse_entry(history.chance.choice(history.hub.log).entry)
        return _with(history, index, **{name: getattr(other, name)})

    return tell


def _miscounted(history: History, index: int) -> list[CommitmentOpening]:
    entry = parse_entry(history.hub.log[index].entry)
    by = history.chance.choice([-1, 1])
    return _with(history, index, directory_size=entry.directory_size + by)


def _misruled(history: History, index: int) -> list[CommitmentOpening] | None:
    """Alter one word of a ruling."""
    ruling, chance = parse_entry(history.hub.log[index].entry).ruling, history.chance
    if ruling is None:
        return None
    agency = chance.choice(EVERYONE)
    altered: list[Ruling] = [
        replace(ruling, policy_digest=bytes(32)),
        replace(ruling, rule_ids=(*ruling.rule_ids, "invented")),
        replace(ruling, rule_ids=ruling.rule_ids[1:]),
        replace(ruling, supervisors=(*ruling.supervisors, agency)),
        replace(ruling, supervisors=ruling.supervisors[1:]),
        replace(ruling, legs=ruling.legs[1:]),
    ]
    if ruling.legs:
        first, *rest = ruling.legs
        changes: list[LegChange] = [
            replace(first, before=chance.choice(list(LegState))),
            replace(first, after=chance.choice(list(LegState))),
            replace(first, approvals_required=(first.approvals_required + 1) % 3),
            replace(first, approvers=(*first.approvers, agency)),
            replace(first, approvers=first.approvers[1:]),
            replace(first, agency=agency),
        ]
        altered += [replace(ruling, legs=(change, *rest)) for change in changes]
    return _with(history, index, ruling=chance.choice(altered))


def _invented_reading(history: History, index: int) -> list[CommitmentOpening] | None:
    """Log that somebody read a statement, at the end of the log."""
    log = history.hub.log
    said, last = parse_entry(log[index].entry), parse_entry(log[-1].entry)
    if said.event is not Event.STATEMENT or not said.exchange_id:
        return None
    reader = history.chance.choice(SPEAKERS)
    entry = Entry(
        hub_time=last.hub_time,
        event=Event.DELIVERY,
        actor=reader,
        certificate_sha256=bytes(32),
        directory_size=history.hub.directory.size,
        exchange_id=said.exchange_id,
        payload_digest=said.payload_digest,
    )
    return [*log, CommitmentOpening(encode_entry(entry), bytes(32), None)]


_LIES: Final[dict[str, Callable[[History, int], list[CommitmentOpening] | None]]] = {
    "it is left out": _dropped,
    "it is there twice": _repeated,
    "it changes places with the next": _swapped,
    "its time is another": _redated,
    "it holds another statement": _other_statement,
    "another acted": _of_other("actor"),
    "under another certificate": _of_other("certificate_sha256"),
    "it names another statement": _of_other("payload_digest"),
    "it is of another exchange": _of_other("exchange_id"),
    "it has another's ruling": _of_other("ruling"),
    "it counts another directory": _miscounted,
    "its ruling is another": _misruled,
    "a reading of it is invented": _invented_reading,
}
