"""Persons, accounts, companies and payments of a goAML report, exactly as they stand there.

Rules of this module:

- Every value of a transaction or an activity arrives. One that has no property of its own in
  FollowTheMoney stands among the notes of what it is told of, with the name of its element. Dates
  and amounts that are none are refused with their place: line and path.
- A party that stands where no rule expects it is a party all the same: one that was read as a note
  would be a subject that nobody counts.
- The head of the report is left out, and the notes say so. It tells who reported, which is no
  subject of a request.
- A date keeps its day as it is written. A time that is not midnight stands in the notes: it names
  no zone, and a day that was moved to UTC would be another day.
- 1900-01-01 as a birth date and 2100-12-31 as an expiry date stand for unknown in goAML. They are
  left out, and the notes say how many.
- Document types, and with them entities, are refused before any of them is read. National dialects
  differ in codes and patterns, which are not judged here.

    elements   an element, with its path and its line
    mapping    which element is which property of which schema
    parsing    from the file to elements
    reading    from elements to entities
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from agency_client.content.entity import (
    MAX_LINE_BYTES,
    Entity,
    EntityCheck,
    ImportedEntities,
    Warnings,
)
from agency_client.content.faults import Faults
from agency_client.content.goaml.parsing import parse_report
from agency_client.content.goaml.reading import ReportReading
from agency_client.content.subjects import SubjectCount
from exchange_protocol.errors import Reason


class GoamlReport(ImportedEntities):
    """The entities of a goAML report, which was checked whole."""

    def __init__(self, given: bytes | str | os.PathLike[str], name: str) -> None:
        faults = Faults(name)
        root = parse_report(given, name, faults)
        reading = ReportReading(faults)
        reading.report(root)
        faults.raise_any()
        self._entities = list(reading.entities.values())
        if not self._entities:
            raise Reason.DOCUMENT_INVALID.error(
                f"{name}: expected a transaction or a party of an activity, got none"
            )
        check, counted, warnings = EntityCheck(), SubjectCount(), Warnings()
        for entity in self._entities:
            line = reading.lines[entity["id"]]
            for at, words in check.faults(entity):
                faults.add(words, line=line, at=at)
            size = len(json.dumps(entity, ensure_ascii=False).encode())
            if size > MAX_LINE_BYTES:
                faults.add(f"expected at most {MAX_LINE_BYTES} bytes of one thing", line=line)
            counted.add(entity)
            warnings.add(line, entity)
        faults.raise_any()
        self.count = len(self._entities)
        self.subjects = int(counted)
        self.warnings = (*reading.misplaced.told(), *warnings.told())
        self.notes = (*reading.told(), *counted.notes())

    def __iter__(self) -> Iterator[Entity]:
        yield from self._entities


def entities_from_goaml(
    given: bytes | str | os.PathLike[str], name: str | None = None
) -> GoamlReport:
    """Read the parties and payments of a goAML report.

    Args:
        given: the path of the report, or its bytes.
        name: its name in errors; the path, if not given.

    Raises:
        InvalidInput: DOCUMENT_INVALID, with every fault and its place.
    """
    is_path = isinstance(given, str | os.PathLike)
    return GoamlReport(given, name or (os.fspath(given) if is_path else "goAML"))  # type: ignore[arg-type]
