"""One statement to be read: its words, what is missing, its files and its tables.

A terminal prints these blocks, and READ.txt has them as plain text. So READ.txt and `agency show`
say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agency_client.content.documents import Brief
from agency_client.core.views import UnsealedStatement
from agency_client.presentation.documents import document_fields, part_words
from agency_client.presentation.entities import (
    ENTITY_COLUMNS,
    LINK_COLUMNS,
    PAYMENT_COLUMNS,
    Table,
    tables,
)
from agency_client.presentation.exchanges import fault_words, outcome, own_summary
from agency_client.presentation.labels import Label
from agency_client.presentation.layout import (
    Column,
    as_text,
    clean,
    fields_of,
    heading_text,
    table_of,
    widths,
)
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import sealed_to_others
from agency_client.presentation.visible import mark_hidden
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.rows import ConsentStep

_PRINTED_ROWS: Final = 10_000
"""Rows of each table; a longer text is no paper to read."""
_DIGITS: Final = 12
"""Digits of a digest that stand for one statement of any exchange."""
_WRAPPED: Final = frozenset({Label.PAYER, Label.PAYEE, Label.FOR_WHAT, Label.NAME, Label.DETAILS})


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text."""

    text: str
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Names with their values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Line | Fields | Rows


def statement_blocks(
    statement: UnsealedStatement, locale: Locale, most_rows: int
) -> Iterator[Block]:
    """Give the blocks of a statement, with at most so many rows of each table."""
    if not (statement.parts or statement.statement.parts or _is_named_later(statement.kind)):
        return
    yield Heading(
        locale.say(
            Label.OF_AT,
            what=locale.say(statement.kind.spec.words),
            agency=statement.author.agency,
            time=locale.second(statement.hub_time),
        )
    )
    # Acts on a single statement take it, such as a request for consent.
    yield Fields(((locale.say(Label.DIGEST), statement.statement.digest.hex()),))
    if statement.superseded_by is not None:
        said = locale.say(Label.SUPERSEDED, digest=statement.superseded_by.hex()[:_DIGITS])
        yield Line(said, is_alarm=True)
    if statement.brief is not None:
        yield Fields(tuple(document_fields(_in_words(statement.brief, statement, locale), locale)))
    elif (said := outcome(statement, locale)) and not statement.is_erased:
        # The author wrote nothing, so its codes are all that it says.
        yield Line(said)
    if statement.content is not None:
        yield Fields(tuple(document_fields(statement.content, locale)))
    if statement.is_erased:
        yield Line(locale.say(Label.ERASED))
        return
    if sealed := sealed_to_others(statement):
        names = ", ".join(part_words(name, locale) for name in sealed)
        yield Line(f"{locale.say(Label.SEALED_TO_OTHERS)}: {names}")
    for fault in statement.faults:
        yield Line(fault_words(fault, locale), is_alarm=True)
    if statement.missing_subjects:
        yield Line(
            locale.say(
                Label.MISSING_SUBJECTS,
                declared=statement.statement.header.subject_count,
                found=statement.subject_count,
            )
        )
    for name, data in statement.attachments.items():
        yield Line(locale.say(Label.ATTACHMENT, name=locale.one_line(name), size=len(data)))
    yield from _entities(statement, locale, most_rows)


def _is_named_later(kind: Kind) -> bool:
    """True for consents: who passes something on names them by their digest."""
    return any(row.consent is ConsentStep.GRANTS for row in kind.spec.rows)


def _in_words(brief: Brief, statement: UnsealedStatement, locale: Locale) -> Brief:
    """A brief; one that its author's program wrote has the words of this reader's language."""
    summary = own_summary(statement.statement, brief.summary, locale)
    return brief.model_copy(update={"summary": summary}) if summary else brief


def statement_text(statement: UnsealedStatement, locale: Locale) -> str:
    """The words and tables of one statement as plain text, to be kept or printed."""
    blocks = statement_blocks(statement, locale, _PRINTED_ROWS)
    return "".join(map(_text, blocks)).lstrip("\n")


def _text(block: Block) -> str:
    match block:
        case Heading(text):
            return f"\n{heading_text(text)}\n"
        case Line(text):
            return f"{mark_hidden(text)}\n"
        case Fields(pairs):
            return as_text(fields_of(pairs)) if pairs else ""
        case Rows(columns, rows):
            cells = [[clean(cell) for cell in row] for row in rows]
            return as_text(table_of(columns, cells), widths(columns, cells)[1])


def _entities(statement: UnsealedStatement, locale: Locale, most_rows: int) -> Iterator[Block]:
    found = tables(statement.entities(), locale, most_rows)
    yield from _rows(Label.PAYMENTS, PAYMENT_COLUMNS, found.payments, locale)
    if found.totals:
        yield Line(f"{locale.say(Label.IN_ALL)}: {found.totals} ({found.payments.count})")
    yield from _rows(Label.ENTITIES, ENTITY_COLUMNS, found.entities, locale)
    yield from _rows(Label.LINKS, LINK_COLUMNS, found.links, locale)


def _rows(title: Label, columns: Sequence[Label], table: Table, locale: Locale) -> Iterator[Block]:
    if not table.rows:
        return
    yield Heading(locale.say(title))
    named = [
        Column(locale.say(each), wraps=each in _WRAPPED, is_number=each is Label.AMOUNT)
        for each in columns
    ]
    yield Rows(tuple(named), tuple(table.rows))
    if table.count > len(table.rows):
        yield Line(locale.say(Label.AND_MORE, number=table.count - len(table.rows)))
