"""The documents that people write: one YAML file with `brief` and `content`, entities beside it.

    brief:      what approvers and supervisors read too (a mapping, or a text that is its summary)
    content:    what recipients alone read

Entities come as FollowTheMoney JSON lines, or as CSV with a FollowTheMoney mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from agency_client.content.documents import Brief, read_fields, validate_document
from exchange_protocol.errors import Reason

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
        InvalidInput: DOCUMENT_INVALID, naming the file and the field.
    """
    fields = read_fields(path)
    for key in fields:
        if key not in _KEYS:
            raise Reason.DOCUMENT_INVALID.error(
                f"{path}: expected the fields {' and '.join(_KEYS)}, got {key[:64]!r}", field=key
            )
    if not fields.get("brief"):
        raise Reason.DOCUMENT_INVALID.error(f"{path}: expected a brief, got none", field="brief")
    brief = _section(path, fields, "brief", Brief)
    content = _section(path, fields, "content", kind) if fields.get("content") else None
    return InputDocument(brief, content)


def _section(path: Path, fields: Mapping[str, Any], name: str, kind: type[DocumentT]) -> DocumentT:
    given = fields[name]
    if name == "brief" and isinstance(given, str):
        given = {"summary": given}
    if not isinstance(given, dict):
        raise Reason.DOCUMENT_INVALID.error(
            f"{path}: expected fields with names, got {type(given).__name__}", field=name
        )
    return validate_document(given, kind, source=f"{path}: {name}")
