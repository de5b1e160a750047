"""Every row of the lifecycle, of every kind, as a page in Markdown.

    python -m exchange_protocol.kinds > docs/protocol/rows.md

`make proto` writes the page, and a test compares it with what this gives.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.kinds.rows import Due, Row
from exchange_protocol.kinds.spec import Stage

_HEAD = """\
# Rows of the lifecycle

Each line says on which leg a kind may be said, who says it, and what the leg becomes. A statement
that no line allows is refused with `OUT_OF_ORDER`. [lifecycle.md](../lifecycle.md) tells the same
in words, [lifecycles.md](lifecycles.md) how a row is read, and [kinds.json](vectors/kinds.json)
holds the rows for programs. This page is made by `python -m exchange_protocol.kinds`; a test
compares the two.

The author's rights and the approvals that a gate asks for come from the policy, not from these
rows."""
_OPENS = """\

## Kinds that open an exchange

Each leg becomes `HELD` where the policy asks for approvals, and else `RELEASED`.

| kind | it is answered by | due time |
|---|---|---|"""
_CONTINUES = """\

## Kinds that continue an exchange

| kind | who says it | state of the leg | it becomes | due time | gate | conditions and effects |
|---|---|---|---|---|---|---|"""
_DUE = {
    None: "-",
    Due.LATER: "becomes the leg's; later than before",
    Due.ANEW: "becomes the leg's",
}


def page() -> str:
    """The page, in Markdown."""
    return "\n".join((_HEAD, _OPENS, *_opening(), _CONTINUES, *_continuing())) + "\n"


def _opening() -> Iterator[str]:
    for kind in Kind:
        if kind.spec.stage is Stage.INITIAL:
            answers = [each for each in Kind if _answers(each, kind)]
            named = ", ".join(f"`{each}`" for each in answers) or "-"
            due = "required" if kind.spec.needs_due else "may be set"
            yield f"| `{kind}` | {named} | {due} |"


def _answers(kind: Kind, initial: Kind) -> bool:
    return initial.spec.answer is not None and kind.body is initial.spec.answer


def _continuing() -> Iterator[str]:
    for kind in Kind:
        for row in kind.spec.rows:
            yield f"| {' | '.join(cells(kind.value, row))} |"


def cells(kind: str, row: Row) -> tuple[str, ...]:
    """The words of a row on the page, column by column."""
    return (
        f"`{kind}`" + (f" ({row.code.name})" if row.code else ""),
        row.party.value,
        _states(row.before),
        f"`{row.after.name}`" if row.after else "as it was",
        _DUE[row.sets_due],
        _gate(row),
        "; ".join(_conditions(row)) or "-",
    )


def _states(states: Collection[LegState]) -> str:
    if states == frozenset(LegState):
        return "any"
    return ", ".join(f"`{each.name}`" for each in LegState if each in states)


def _gate(row: Row) -> str:
    if row.adds_content:
        return "passes it anew: `HELD` while approvals are to come"
    return "counts as an approval; the state follows with the last one" if row.approves else "-"


def _conditions(row: Row) -> Iterator[str]:
    """The conditions of a row beside its states, due time and gate."""
    if row.is_answer:
        yield "only as the answer to the initial kind"
    if row.while_unreleased:
        yield "only while nothing on the leg was released"
    if row.after_return:
        yield f"on the ground {row.after_return.name}: only where the leg was returned before"
    if row.in_case:
        yield "in joint cases alone"
    if row.when:
        yield f"only {row.when.value}"
    if row.about:
        yield f"about a statement of {'its own author' if row.about.value == 'own' else 'another'}"
    if row.limited_by:
        yield f"bounded by the published limit {row.limited_by.name}"
    if row.meets:
        yield f"meets the published limit {row.meets.name}"
    if row.awaits_judge:
        yield "a judge is awaited from then on; the due time stays"
    if row.becomes_awaited:
        yield "the leg then awaits an answer to it"
    if row.awaits_initial:
        yield "the leg then awaits an answer to the initial statement"
    if row.shown_while_hidden:
        yield "shown while other statements are held"
    if row.consent:
        yield f"consent to onward use: {row.consent.value}"
    if row.involves:
        yield "the supervisor that it names takes part from then on"
    if row.task:
        yield f"task: {row.task.value}"
    if row.claims is not None:
        yield "takes the leg in hand" if row.claims else "gives the leg back"
    if row.erases_own:
        yield "erases what its author said on the leg"


if __name__ == "__main__":
    sys.stdout.write(page())
