"""The picture in `rules/lifecycle.py` shows every row of every kind, and no other move."""

from __future__ import annotations

import re

from exchange_protocol.kinds.catalogue import ROWS
from exchange_protocol.kinds.codes import LegState, Party
from scripts.generate_picture import GATE, picture

STAYS = "as it was"


def shown() -> set[tuple[str, str, str, str]]:
    """The moves of the picture: state, state that follows, party, kind."""
    moves: set[tuple[str, str, str, str]] = set()
    froms: list[str] = []
    text = re.sub(r",\n#   {10,}", ", ", "\n".join(picture()))
    for line in text.splitlines():
        if named := re.match(r"#   ([A-Z]+(?: or [A-Z]+)*)(?: +->|$)", line):
            froms = named[1].split(" or ")
        if move := re.search(r"-> (the gate|[A-Z]+) +(\w+): +(.*)", line):
            kinds = re.sub(r" \([^)]*\)|\*", "", move[3]).split(", ")
            moves |= {(state, move[1], move[2], kind) for state in froms for kind in kinds}
        if stays := re.match(r"#   ([a-z ]+): +([a-z_, ]+) - (.*)", line):
            states = [*LegState.__members__] if stays[3] == "any state" else stays[3].split(", ")
            moves |= {
                (state, STAYS, party, kind)
                for state in states
                for party in stays[1].split(" or ")
                for kind in stays[2].split(", ")
            }
    return moves


def test_the_picture_shows_the_moves_of_the_rows_and_no_others() -> None:
    parties = {party.value for party in Party}
    assert {move for move in shown() if move[2] in parties} == {
        (
            state.name,
            GATE if row.adds_content else row.after.name if row.after else STAYS,
            row.party.value,
            kind.value,
        )
        for kind, row in ROWS
        for state in row.before
    }


def test_codes_and_times_stand_with_the_kinds_that_have_them() -> None:
    text = "\n".join(picture())
    assert "freeze_status* (CONVERTED, LIFTED, EXPIRED after due)" in text
    assert "decision (REJECT before a release)" in text
