"""Every table of statistics, counted from the actors' notes; no code of the statistics is asked.

A figure is given with the log entries behind it, as the actors remember them. A row is named by the
texts of its keys, and the total by ().
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final, NamedTuple

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from tests.year.notes import LegNote, Notes, code_name
from tests.year.region import COUNTRY

Keys = tuple[str, ...]
ENDS: Final = (LegState.ANSWERED, LegState.REFUSED, LegState.REJECTED, LegState.RECALLED)


class Counted(NamedTuple):
    """A figure and its entries."""

    value: Any
    entries: tuple[int, ...]


Figures = dict[Keys, dict[str, Counted]]

BY: Final[Mapping[str, Callable[[LegNote], Keys]]] = {
    "state": lambda leg: (_state(leg.initiator), _state(leg.recipient)),
    "agency": lambda leg: (leg.initiator, leg.recipient),
    "kind": lambda leg: (leg.kind.spec.words.en,),
    "urgency": lambda leg: (code_name(leg.header.urgency),),
    "handling": lambda leg: (code_name(leg.header.handling),),
    "purpose": lambda leg: (code_name(leg.header.purpose) if leg.header.purpose else "not given",),
    "legal-basis": lambda leg: (leg.header.legal_basis or "not given",),
    "month": lambda leg: (f"{leg.initiated:%Y-%m}",),
}


def _rows_of(leg: LegNote, by: Sequence[str]) -> list[Keys]:
    """The rows in which a leg counts: by offence, it counts in the row of each."""
    rows: list[Keys] = [()]
    for name in by:
        if name == "offence":
            named = [code_name(each) for each in leg.offences] or ["not given"]
            rows = [(*row, offence) for row in rows for offence in named]
        else:
            rows = [(*row, *BY[name](leg)) for row in rows]
    return rows


def _state(agency: str) -> str:
    return COUNTRY[agency].lower() or "int"


@dataclass(frozen=True)
class Count:
    """A count of the notes over a period."""

    notes: Notes
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """True if a time is counted."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)

    @property
    def legs(self) -> list[LegNote]:
        """The legs of the exchanges about a case that were opened then."""
        legs = self.notes.legs
        return [leg for leg in legs if leg.is_about_a_case and self.holds(leg.initiated)]

    def tables(self, by: Sequence[str]) -> dict[str, Figures]:
        """All tables, by their names."""
        return {
            "exchanges": self._grouped(by, self._exchanges),
            "outcomes": self._grouped(by, self._outcomes),
            "times": self._grouped(by, self._times),
            "gate": self._grouped(by, self._gate),
            "statements": self._statements(),
            "amounts": self._amounts(),
            "supervision": self._copies(),
            "denials": self._denials(),
        }

    def _grouped(
        self, by: Sequence[str], measure: Callable[[list[LegNote]], dict[str, Counted]]
    ) -> Figures:
        groups: dict[Keys, list[LegNote]] = defaultdict(list)
        for leg in self.legs:
            for keys in _rows_of(leg, by):
                groups[keys].append(leg)
        figures = {keys: measure(legs) for keys, legs in groups.items()}
        figures[()] = measure(self.legs)
        return figures

    def _exchanges(self, legs: list[LegNote]) -> dict[str, Counted]:
        cut = self.notes.last
        assert cut is not None
        initial = tuple(sorted({leg.initial for leg in legs}))
        return {
            "exchanges": Counted(len({leg.exchange for leg in legs}), initial),
            "legs": _opened(legs),
            "gated": _opened(leg for leg in legs if leg.was_held),
            "open": _opened(leg for leg in legs if leg.is_open()),
            "overdue": _opened(leg for leg in legs if leg.is_delayed(cut)),
            "overdue_judge": _opened(
                leg for leg in legs if leg.is_delayed(cut) and leg.waits_for_judge()
            ),
            "frozen": _opened(leg for leg in legs if leg.state is LegState.FROZEN),
            **{
                end.name.lower(): _opened(leg for leg in legs if leg.end is end and not _name(leg))
                for end in ENDS
            },
            **{
                name: _opened(leg for leg in legs if _name(leg) == name)
                for name in sorted(set(map(_name, self.legs)) - {""})
            },
            "late": _opened(leg for leg in legs if leg.late),
            "late_judge": _opened(leg for leg in legs if leg.late_for_judge),
        }

    def _outcomes(self, legs: list[LegNote]) -> dict[str, Counted]:
        codes = {code for leg in self.legs for code in leg.codes}
        return {
            code.lower(): _ended(leg for leg in legs if code in leg.codes) for code in sorted(codes)
        }

    def _times(self, legs: list[LegNote]) -> dict[str, Counted]:
        answered = [leg for leg in legs if leg.answered]
        spans = sorted(leg.answered - (leg.asked or leg.opened) for leg in answered if leg.answered)
        due = [leg for leg in answered if leg.answer_due]
        middle = median(each.total_seconds() for each in spans) if spans else None
        nine = spans[-(-9 * len(spans) // 10) - 1] if spans else None
        late = sum(leg.late for leg in due)
        share = 1 - late / len(due) if due else None
        entries = _answers(answered)
        return {
            "ended": Counted(len(answered), entries),
            "median": Counted(None if middle is None else timedelta(seconds=middle), entries),
            "ninth_decile": Counted(nine, entries),
            "with_due": Counted(len(due), _answers(due)),
            "in_time": Counted(share, _answers(due)),
        }

    def _gate(self, legs: list[LegNote]) -> dict[str, Counted]:
        held = [leg for leg in legs if leg.was_held]
        released = [leg for leg in held if leg.holds]
        spans = [span.total_seconds() for leg in released for span in leg.holds]
        middle = timedelta(seconds=median(spans)) if spans else None
        return {
            "held": _opened(held),
            "released": _opened(released),
            "returned": _opened(leg for leg in held if leg.was_returned),
            "rejected": _opened(leg for leg in held if leg.was_rejected),
            "waiting": _opened(leg for leg in held if leg.state is LegState.HELD),
            "median": Counted(middle, _opened(released).entries),
        }

    def _statements(self) -> Figures:
        figures: Figures = {}
        stated: dict[tuple[str, str], set[int]] = {}
        for (kind, _, code), told in self.notes.told.items():
            stated.setdefault((kind.spec.words.en, code), set()).update(self._within(told))
        for keys, entries in stated.items():
            if entries:
                found = tuple(sorted(entries))
                figures[keys] = {"statements": Counted(len(found), found)}
        return figures

    def _amounts(self) -> Figures:
        figures: Figures = {}
        for (kind, outcome, currency), stated in self.notes.amounts.items():
            given = [amount for at, amount in stated if self.holds(at)]
            if given:
                keys = (kind.spec.words.en, outcome, currency)
                figures[keys] = {
                    "statements": Counted(len(given), ()),
                    "amount": Counted(sum(given), ()),
                }
        return figures

    def _copies(self) -> Figures:
        figures: Figures = {}
        for (agency, ground), copies in self.notes.copies.items():
            entries = self._within(copies)
            if entries:
                keys = (agency, ground or "sent")
                figures[keys] = {"copies": Counted(len(entries), entries)}
        return figures

    def _denials(self) -> Figures:
        reasons: dict[str, int] = defaultdict(int)
        for at, reason in self.notes.denials:
            if self.holds(at):
                reasons[reason] += 1
        figures: Figures = {
            (reason,): {"denials": Counted(count, ())} for reason, count in reasons.items()
        }
        figures[()] = {"denials": Counted(sum(reasons.values()), ())}
        return figures

    def _within(self, noted: Iterable[tuple[datetime, int]]) -> tuple[int, ...]:
        return tuple(sorted(entry for at, entry in noted if self.holds(at)))


def _name(leg: LegNote) -> str:
    """The end that its kind calls by another name; empty for the others."""
    if leg.end is LegState.LEFT:
        return "left"
    named = {
        (Kind.JOINT_CASE, LegState.REFUSED): "refused_joint_case",
        (Kind.ADVANCE_NOTICE, LegState.REFUSED): "refused_advance_notice",
        (Kind.ADVANCE_NOTICE, LegState.ANSWERED): "answered_advance_notice",
    }
    return named.get((leg.kind, leg.end), "") if leg.end else ""


def _opened(legs: Iterable[LegNote]) -> Counted:
    found = list(legs)
    return Counted(len(found), tuple(sorted({leg.entry for leg in found})))


def _ended(legs: Iterable[LegNote]) -> Counted:
    found = list(legs)
    entries = {leg.end_entry for leg in found if leg.end_entry is not None}
    return Counted(len(found), tuple(sorted(entries)))


def _answers(legs: Iterable[LegNote]) -> tuple[int, ...]:
    return tuple(sorted({leg.answer_entry for leg in legs if leg.answer_entry is not None}))
