"""The documents that people write: one YAML file with `brief` and `content`, entities beside it.

    brief:      what approvers and supervisors read too (a mapping, or a text that is its summary)
    content:    what recipients alone read

Entities come as FollowTheMoney JSON lines, or as CSV with a FollowTheMoney mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from agency_client.content.document_model import WRITTEN
from agency_client.content.document_reading import check_document
from agency_client.content.documents import Brief
from agency_client.content.fields import At, Fields, kind_of
from agency_client.content.fields_file import read_fields
from agency_client.content.templates import unedited

DocumentT = TypeVar("DocumentT", bound=BaseModel)

_KEYS = ("brief", "content")


@dataclass(frozen=True, slots=True)
class InputDocument(Generic[DocumentT]):
    """A file's two documents."""

    brief: Brief
    content: DocumentT | None


def read_input_document(path: Path, kind: type[DocumentT]) -> InputDocument[DocumentT]:
    """Read a file with a brief and, where it has one, a content of that kind.

    Raises:
        InvalidInput: DOCUMENT_INVALID, naming the file and every field that is wrong.
    """
    fields = read_fields(path)
    faults: list[tuple[At, str]] = [
        ((key,), f"expected the fields {' and '.join(_KEYS)} alone")
        for key in fields.values
        if key not in _KEYS
    ]
    faults += unedited(fields.values)
    brief = _section(fields, "brief", Brief, faults)
    content = _section(fields, "content", kind, faults)
    if fields.values.get("brief") is None:
        faults.append((("brief",), "expected a brief, got none"))
    if faults or brief is None:
        raise fields.faults(faults)
    return InputDocument(brief, content)


def _section(
    fields: Fields, name: str, kind: type[DocumentT], faults: list[tuple[At, str]]
) -> DocumentT | None:
    given = fields.values.get(name)
    if given is None:
        return None
    if name == "brief" and isinstance(given, str):
        given = {"summary": given}
    if not isinstance(given, dict):
        faults.append(((name,), f"expected fields with names, got {kind_of(given)}"))
        return None
    document, found = check_document(given, kind, context=WRITTEN)
    faults += [((name, *at), words) for at, words in found]
    return document
