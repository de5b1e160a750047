"""The note beside files that were written out: what their author lets be done with them.

It is in all three languages, so that whoever finds the files can read it, and so that writing them
again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from agency_client.core.views import UnsealedStatement
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Code

HANDLING_NOTE: Final = "HANDLING.txt"
_LOCALES: Final = tuple(map(Locale, Language))


def handling_note(statement: UnsealedStatement, reader: str | None) -> str:
    """The uses of a statement's content that its author permits."""
    return "\n\n".join("\n".join(_lines(statement, reader, each)) for each in _LOCALES) + "\n"


def _lines(statement: UnsealedStatement, reader: str | None, locale: Locale) -> Iterator[str]:
    header = statement.statement.header
    said = (
        (Label.FROM, statement.author.agency),
        (Label.EXCHANGE, statement.statement.exchange_id),
        (Label.STATEMENT, statement.statement.digest.hex()),
        (Label.HANDLING, locale.say(header.handling)),
        (Label.RESTRICTIONS, _restrictions(statement, locale)),
        (Label.TLP, locale.say(header.tlp)),
        (Label.FOR_READER, locale.one_line(reader or "")),
        (Label.PURPOSE, locale.say(header.purpose) if header.purpose else ""),
        (Label.PERMITTED_USES, _codes(header.permitted_uses, locale)),
        (Label.ONWARD_AUTHORITIES, ", ".join(header.onward_authorities)),
    )
    for label, value in said:
        if value:
            yield f"{locale.say(label)}: {value}"


def _restrictions(statement: UnsealedStatement, locale: Locale) -> str:
    text = statement.brief.handling_restrictions if statement.brief else None
    return locale.one_line(text or "")


def _codes(codes: Iterable[Code], locale: Locale) -> str:
    return ", ".join(locale.say(each) for each in codes)
