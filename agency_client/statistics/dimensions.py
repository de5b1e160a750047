"""Dimensions: the ways to divide legs into the rows of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from agency_client.statistics.facts import CountedLeg
from agency_client.statistics.values import Cell, Key, Period, TableRow
from exchange_protocol.errors import Reason
from exchange_protocol.words import Code, Words


class Dimension(NamedTuple):
    """A way to divide legs into groups."""

    headings: tuple[Words, ...]
    keys: Callable[[CountedLeg], tuple[Key, ...]]
    """The leg's key for each heading; where `has_many`, its keys for the one heading."""
    has_many: bool = False
    """True if a leg may stand in several groups."""

    def groups(self, leg: CountedLeg) -> tuple[tuple[Key, ...], ...]:
        """The groups that a leg stands in."""
        keys = self.keys(leg)
        return tuple((key,) for key in keys) if self.has_many else (keys,)


_FROM, _TO = Words("from", "от кого", "кімнен"), Words("to", "кому", "кімге")
NOT_GIVEN = Words("not given", "не указано", "көрсетілмеген")
DIMENSIONS: Final[Mapping[str, Dimension]] = {
    "state": Dimension(
        (
            Words("from state", "из государства", "қай мемлекеттен"),
            Words("to state", "в государство", "қай мемлекетке"),
        ),
        lambda leg: (leg.from_state, leg.to_state),
    ),
    "agency": Dimension((_FROM, _TO), lambda leg: (leg.initiator, leg.recipient)),
    "kind": Dimension((Words("kind", "вид", "түрі"),), lambda leg: (leg.kind.spec.words,)),
    "urgency": Dimension(
        (Words("urgency", "срочность", "шұғылдығы"),), lambda leg: (leg.header.urgency,)
    ),
    "handling": Dimension(
        (Words("handling", "режим", "режим"),), lambda leg: (leg.header.handling,)
    ),
    "purpose": Dimension(
        (Words("purpose", "цель", "мақсаты"),), lambda leg: (leg.header.purpose or NOT_GIVEN,)
    ),
    "legal-basis": Dimension(
        (Words("legal basis", "правовое основание", "құқықтық негізі"),),
        lambda leg: (leg.header.legal_basis or NOT_GIVEN,),
    ),
    "offence": Dimension(
        (Words("offence", "преступление", "қылмыс"),),
        lambda leg: leg.offences or (NOT_GIVEN,),
        has_many=True,
    ),
    "month": Dimension(
        (Words("month", "месяц", "ай"),), lambda leg: (f"{leg.initiated.at:%Y-%m}",)
    ),
}
"""Dimensions by the names that `--by` takes."""


def check_question(period: Period, by: Sequence[str]) -> None:
    """Check what is to be counted, before a log is read for it.

    Raises:
        InvalidInput: INVALID_FIELD, for a period that ends before it starts, a dimension that does
            not exist, or one that is named twice.
    """
    if period.start is not None and period.end is not None and period.end <= period.start:
        raise Reason.INVALID_FIELD.error(
            f"expected a period that ends after its start {period.start:%Y-%m-%d}, got one that "
            f"ends before {period.end:%Y-%m-%d}",
            field="to",
        )
    if len(set(by)) != len(by) or not DIMENSIONS.keys() >= set(by):
        raise Reason.INVALID_FIELD.error(
            f"expected each of {', '.join(DIMENSIONS)} at most once, got {', '.join(by)}",
            field="by",
        )


class Groups:
    """Legs by the keys of some dimensions, in the order of their first leg's names."""

    def __init__(self, legs: Sequence[CountedLeg], dimensions: Sequence[Dimension]) -> None:
        self.all = legs
        self.headings = tuple(each for one in dimensions for each in one.headings)
        self._by_keys: dict[tuple[Key, ...], list[CountedLeg]] = defaultdict(list)
        for leg in legs:
            for groups in product(*(one.groups(leg) for one in dimensions)):
                self._by_keys[tuple(key for group in groups for key in group)].append(leg)

    def rows(self, measure: Callable[[Sequence[CountedLeg]], tuple[Cell, ...]]) -> Measured:
        """Measure each group, and all legs together."""
        rows = [TableRow(keys, measure(legs)) for keys, legs in self._by_keys.items()]
        return Measured(in_order(rows), TableRow((), measure(self.all)))


class Measured(NamedTuple):
    """Rows of figures, by group, and the figures of all legs together."""

    rows: tuple[TableRow, ...]
    total: TableRow


def in_order(rows: Iterable[TableRow]) -> tuple[TableRow, ...]:
    """Put rows in the order of their keys: codes by number, before names."""
    return tuple(sorted(rows, key=lambda row: [_sorted_as(key) for key in row.keys]))


def _sorted_as(key: Key) -> tuple[int, int, str]:
    if isinstance(key, Code):
        return (0, key.value, type(key).__name__)
    return (1, 0, key if isinstance(key, str) else key.en)
