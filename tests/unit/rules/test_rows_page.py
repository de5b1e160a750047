"""The page of all rows of the lifecycle is the one that the kinds make, and leaves nothing out."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.kinds.__main__ import cells, page
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround, TimeLimitRule
from exchange_protocol.kinds.decision import Verdict
from exchange_protocol.kinds.rows import About, ConsentStep, Due, Row, TaskStep, When
from exchange_protocol.kinds.spec import Stage

PAGE = Path(__file__).resolve().parents[3] / "docs" / "protocol" / "rows.md"
ROW = Row(
    party=Party.INITIATOR,
    before=frozenset({LegState.RETURNED}),
    after=LegState.RELEASED,
    becomes_awaited=True,
    sets_due=Due.ANEW,
)
RECIPIENTS_ROW = replace(ROW, party=Party.RECIPIENT, before=frozenset({LegState.DELIVERED}))
"""The recipient of an open leg alone awaits a judge."""
OTHERS: dict[str, Any] = {
    "party": Party.APPROVER,
    "before": frozenset({LegState.HELD}),
    "after": None,
    "code": Verdict.APPROVE,
    "becomes_awaited": False,
    "sets_due": Due.LATER,
    "limited_by": TimeLimitRule.FREEZE,
    "after_return": RefusalGround.INSUFFICIENT_REQUEST,
    "meets": TimeLimitRule.FEEDBACK,
    "when": When.AFTER_DUE,
    "about": About.OWN,
    "consent": ConsentStep.ASKS,
    "claims": True,
    "task": TaskStep.GIVES,
}


def test_page_is_the_one_that_the_kinds_make() -> None:
    made = page()
    assert made == PAGE.read_text(encoding="utf-8"), (
        "run python -m exchange_protocol.kinds > docs/protocol/rows.md"
    )
    initial = sum(each.spec.stage is Stage.INITIAL for each in Kind)
    assert made.count("\n| `") == initial + sum(len(each.spec.rows) for each in Kind)


@pytest.mark.parametrize("name", [each.name for each in fields(Row)])
def test_every_field_of_a_row_changes_what_the_page_says(name: str) -> None:
    row = RECIPIENTS_ROW if name == "awaits_judge" else ROW
    other = replace(row, **{name: OTHERS.get(name, True)})
    assert cells("kind", other) != cells("kind", row)
