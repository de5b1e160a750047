"""Files that are written out, and the note beside them: what their author lets be done with them.

The note is in all three languages, so that whoever finds the files can read it, and so that writing
them again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from agency_client.content.file_names import INDEX, safe_file_name
from agency_client.core.views import UnsealedStatement
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.reading import statement_text
from exchange_protocol.kinds.codes import Language
from exchange_protocol.rules.handling import check_saving
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Code

HANDLING_NOTE: Final = "HANDLING.txt"
READABLE: Final = "READ.txt"
"""The name of a statement's words in a form to read and print; no sender's file takes it."""
_SUFFIXES: Final = {"application/json": ".json", "application/x-ndjson": ".ftm.json"}
_LOCALES: Final = tuple(map(Locale, Language))


def saved_files(
    statement: UnsealedStatement, agency: AgencyId, reader: str | None, locale: Locale
) -> dict[str, bytes]:
    """The opened parts of a statement as files, by name, with its words to read and to print.

    Beside those of another agency stands what may be done with them (`handling_note`). No name
    leads out of a folder, and no two are one on any system.

    Raises:
        InvalidInput: MISSING_FIELD, for what is TLP:RED where no reader is named.
    """
    if statement.parts:
        check_saving(statement.statement, agency, reader)
    files: dict[str, bytes] = {}
    documents = [name for name in statement.parts if statement.file_name(name) is None]
    for part in [*documents, *(each for each in statement.parts if each not in documents)]:
        given = statement.file_name(part)
        if part == INDEX:
            continue
        sealed = statement.statement.part(part)
        suffix = _SUFFIXES.get(sealed.media_type, "") if sealed and given is None else ""
        name = safe_file_name(given or part + suffix, [HANDLING_NOTE, READABLE, *files])
        files[name] = statement.parts[part]
    if files:
        files[READABLE] = statement_text(statement, locale).encode()
    if files and statement.author.agency != agency:
        files[HANDLING_NOTE] = handling_note(statement, reader).encode()
    return files


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
