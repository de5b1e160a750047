"""Read the unsealed parts of a statement; a fault of one part does not hide the others.

Rules of this module:

- Documents and entities are read strictly. One that is malformed is a fault of its part, and its
  author's to mend; its plaintext stays in `parts`.
- Content that holds more subjects than the statement declares is withheld: the gate and the policy
  judged it by the number declared, and so did the approvers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from agency_client.content.document_reading import parse_brief, parse_content
from agency_client.content.entities import SubjectCount, parse_entities
from agency_client.content.file_names import INDEX, parse_index
from agency_client.core.views import (
    CONTENT,
    PartFault,
    UnsealedStatement,
    VerifiedStatement,
    is_entities_part,
    is_file_part,
)
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.kinds.rows import About
from exchange_protocol.rules.statements import BRIEF

T = TypeVar("T")


def read_statement(
    verified: VerifiedStatement,
    role: ReaderRole | None,
    plaintexts: Mapping[str, bytes],
    faults: Sequence[PartFault],
    *,
    is_erased: bool = False,
) -> UnsealedStatement:
    """Read what could be unsealed of a statement; `faults` are those met until now."""
    parts = dict(plaintexts)
    found = _Faults(verified, faults)
    brief = found.read(BRIEF, parse_brief, parts.get(BRIEF))
    content = found.read(CONTENT, parse_content, parts.get(CONTENT))
    count = SubjectCount()
    for name in filter(is_entities_part, parts):
        found.read(name, partial(_count, count, name), parts[name])
    subjects, declared = int(count), verified.statement.header.subject_count
    if subjects > declared:
        for name in list(filter(is_entities_part, parts)):
            del parts[name]
            found.add(
                name,
                f"is withheld: the statement declares {declared} subjects, "
                f"its content holds {subjects}",
            )
    files = [
        name for name in (*plaintexts, *(fault.part for fault in faults)) if is_file_part(name)
    ]
    names = found.read(INDEX, partial(_names, files), parts.get(INDEX))
    return UnsealedStatement(
        verified=verified,
        role=role,
        parts=parts,
        brief=brief,
        content=content,
        subject_count=subjects,
        is_erased=is_erased,
        faults=tuple(found.all),
        file_names=names or {},
    )


def mark_superseded(statements: Iterable[UnsealedStatement]) -> tuple[UnsealedStatement, ...]:
    """The statements of an exchange; each that its author corrected names the newest correction.

    Who reads the first one alone would go on with what is wrong (docs/rules.md#p20).
    """
    statements = tuple(statements)
    newest: dict[bytes, bytes] = {}
    for each in statements:
        body: Any = each.statement.body
        if any(row.about is About.OWN for row in each.kind.spec.rows):
            newest[body.about] = each.statement.digest
    return tuple(
        replace(each, superseded_by=newest.get(each.statement.digest)) for each in statements
    )


class _Faults:
    """The faults of a statement's parts; each is its author's to mend."""

    def __init__(self, verified: VerifiedStatement, faults: Iterable[PartFault]) -> None:
        self._verified = verified
        self.all = list(faults)

    def read(self, name: str, parse: Callable[[bytes], T], data: bytes | None) -> T | None:
        """Parse a part; None if there is none, or if it is malformed."""
        if data is None:
            return None
        try:
            return parse(data)
        except ExchangeError as error:
            if error.reason is not Reason.DOCUMENT_INVALID:
                raise
            self.add(name, f"is malformed: {error.message}", error)
            return None

    def add(self, name: str, what: str, cause: ExchangeError | None = None) -> None:
        author, statement_id = self._verified.author.agency, self._verified.statement.id
        error = Reason.SEAL_BROKEN.error(
            f"part {name!r} that {author} sealed in statement {statement_id} {what}",
            field=cause.field if cause else None,
        )
        error.__cause__ = cause
        self.all.append(PartFault(name, error, author))


def _count(count: SubjectCount, name: str, data: bytes) -> None:
    for entity in parse_entities(data, name):
        count.add(entity)


def _names(files: Sequence[str], data: bytes) -> dict[str, str]:
    return parse_index(data, files)
