"""Writes the picture of the whole lifecycle in `rules/lifecycle.py`, from the rows of the kinds.

The rows stand in the modules of the kinds, so that a kind is one room. The picture lets a reader
see all of them in the one file that applies them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row

BEGIN = "# The moves, as scripts/generate_client.py writes them from the rows: do not edit.\n"
END = "# End of the moves.\n"
GATE = "the gate"
"""Stands for HELD or RELEASED: the policy decides which."""
_INDENT = "#   "
_WIDTH = 99

Moves = dict[tuple[str, str], str]
"""Statements, by the state that follows and by the party that says them."""


def with_picture(source: str) -> str:
    """The module's text with a fresh picture of all moves."""
    before, rest = source.split(BEGIN)
    _, after = rest.split(END)
    lines = "\n".join(line.rstrip() for line in picture())
    return f"{before}{BEGIN}{lines}\n{END}{after}"


def picture() -> Iterator[str]:
    """The lines of the picture: the moves of every state, then what moves nothing."""
    yield "#"
    yield from _block("no leg yet", {(GATE, Party.INITIATOR.value): "an initial kind, invite"})
    for state in LegState:
        if state is min(OPEN_TO_RECIPIENT, key=list(LegState).index):
            both = " or ".join(each.name for each in LegState if each in OPEN_TO_RECIPIENT)
            yield from _block(both, _moves(OPEN_TO_RECIPIENT))
        yield from _block(state.name, _moves({state}))
    yield "# Said without a move:"
    yield "#"
    yield from _without_a_move()
    yield "#"


def _moves(states: Iterable[LegState]) -> Moves:
    """The moves that leave every one of some states, in the order of the states that follow."""
    states = frozenset(states)
    by_move: dict[tuple[str, str], list[tuple[Kind, Row]]] = {}
    for kind, row in ROWS:
        if row.after is not None and _belongs(row, states):
            after = GATE if row.adds_content else row.after.name
            by_move.setdefault((after, row.party.value), []).append((kind, row))
    moves = {move: _said(rows) for move, rows in by_move.items()}
    if states == {LegState.RELEASED}:
        moves[LegState.DELIVERED.name, "the hub"] = "gives a statement to the recipient: `deliver`"
    order = [GATE, *(state.name for state in LegState)]
    return dict(sorted(moves.items(), key=lambda each: order.index(each[0][0])))


def _belongs(row: Row, states: frozenset[LegState]) -> bool:
    """True if a row is shown at some states: once, where it applies to all open ones."""
    if row.before >= OPEN_TO_RECIPIENT and states < OPEN_TO_RECIPIENT:
        return False
    return row.before >= states


def _said(rows: list[tuple[Kind, Row]]) -> str:
    """The kinds of some rows, each with its codes and the conditions that a reader must know."""
    said = []
    for kind in dict.fromkeys(kind for kind, _ in rows):
        mine = [row for each, row in rows if each is kind]
        codes = ", ".join(f"{row.code.name}{_condition(row)}" for row in mine if row.code)
        has_all = {row.code for row in mine} == {row.code for row in kind.spec.rows}
        mark = "*" if any(row.is_answer for row in mine) else ""
        after = "" if codes else _condition(mine[0])
        said.append(f"{kind}{mark}{after}" + (f" ({codes})" if codes and not has_all else ""))
    # The space within a piece must not break.
    return ", ".join(piece.replace(" ", "\xa0") for piece in said)


def _condition(row: Row) -> str:
    first = " before a release" if row.while_unreleased else ""
    return first + (f" {row.when.value}" if row.when else "")


def _without_a_move() -> Iterator[str]:
    """The kinds that leave the state as it is, with the states in which they are said."""
    places: dict[tuple[str, str], list[str]] = {}
    for kind in Kind:
        rows = [row for row in kind.spec.rows if row.after is None]
        for before in dict.fromkeys(row.before for row in rows):
            parties = {row.party for row in rows if row.before == before}
            who = " or ".join(each.value for each in Party if each in parties)
            names = [state.name for state in LegState if state in before]
            where = "any state" if before == frozenset(LegState) else ", ".join(names)
            places.setdefault((who, where), []).append(kind.value)
    for (who, where), kinds in sorted(places.items()):
        yield from _line(f"{who + ':':<25}", f"{', '.join(kinds)} - {where}")


def _block(states: str, moves: Moves) -> Iterator[str]:
    """The moves of one state, and an empty line; nothing if there are none."""
    for number, ((after, who), said) in enumerate(moves.items()):
        name = states if number == 0 else ""
        if len(name) > 14:
            yield _INDENT + name
            name = ""
        yield from _line(f"{name:<13}-> {after:<13} {who + ':':<11}", said)
    if moves:
        yield "#"


def _line(head: str, said: str) -> Iterator[str]:
    start = _INDENT + head
    rest = _INDENT + " " * len(head)
    for line in textwrap.wrap(said, _WIDTH, initial_indent=start, subsequent_indent=rest):
        yield line.replace("\xa0", " ")
