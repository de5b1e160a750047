"""Reading documents: from a file, from fields, from a sealed part that was opened.

All three refuse unknown fields, wrong types and over-long texts (DOCUMENT_INVALID), with the file,
the line, the field and what was expected. `documents` says what the documents hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agency_client.content.characters import describe_mixed
from agency_client.content.document_faults import describe_faults
from agency_client.content.document_model import RECEIVED, WRITTEN
from agency_client.content.documents import MAX_IMPORT_NOTES, Brief, ContentDocument
from agency_client.content.fields import At, Fields
from agency_client.content.fields_file import MAX_DOCUMENT_BYTES, read_fields
from agency_client.content.strict_json import parse_json
from agency_client.content.templates import check_edited
from exchange_protocol.errors import ExchangeError, Reason

Document = TypeVar("Document", bound=BaseModel)

_CONTENT: Final[TypeAdapter[ContentDocument]] = TypeAdapter(
    Annotated[ContentDocument, Field(discriminator="document")],
    config=ConfigDict(defer_build=True),
)


def load_document(path: Path, kind: type[Document]) -> Document:
    """Read a document from a YAML or JSON file; raises DOCUMENT_INVALID.

    The file need not name its type: `kind` says what it must be.
    """
    fields = read_fields(Path(path))
    check_edited(fields)
    document, faults = check_document(fields.values, kind, context=WRITTEN)
    if document is None:
        raise fields.faults(faults)
    return document


def validate_document(
    fields: Mapping[str, Any] | Fields, kind: type[Document], *, source: str = "document"
) -> Document:
    """Check the fields of a document; raises DOCUMENT_INVALID, naming the source and the field."""
    given = fields if isinstance(fields, Fields) else Fields(fields, source)
    document, faults = check_document(given.values, kind)
    if document is None:
        raise given.faults(faults)
    return document


def check_document(
    values: Mapping[str, Any],
    kind: type[Document],
    *,
    context: Mapping[str, bool] | None = None,
) -> tuple[Document | None, list[tuple[At, str]]]:
    """Check the fields of a document; gives it, or what is wrong with which field."""
    try:
        return kind.model_validate(values, context=context), []
    except ValidationError as error:
        return None, describe_faults(error, values, kind)


def make_brief(summary: str, **fields: str) -> Brief:
    """A brief of texts that people typed; raises DOCUMENT_INVALID, which does not repeat them."""
    return validate_document({"summary": summary, **fields}, Brief, source="brief")


def with_import_notes(brief: Brief, notes: tuple[str, ...]) -> Brief:
    """The brief with notes of an import beside its own; the last tells of those left out."""
    listed = (*brief.import_notes, *notes)
    if len(listed) > MAX_IMPORT_NOTES:
        rest = len(listed) - MAX_IMPORT_NOTES + 1
        listed = (*listed[: MAX_IMPORT_NOTES - 1], f"and {rest} more notes")
    return brief.model_copy(update={"import_notes": listed})


def look_alikes(document: BaseModel) -> Iterator[str]:
    """Warn of codes and references with letters of two scripts; the texts are not repeated."""
    for name, value in document.model_dump(exclude_none=True).items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and len(text) <= 200 and (words := describe_mixed(text)):
                yield f"{name}: {words}"


def parse_brief(data: bytes) -> Brief:
    """Read a brief that was unsealed; raises DOCUMENT_INVALID."""
    given = _unsealed(data, "brief")
    try:
        return Brief.model_validate(given.values, context=RECEIVED)
    except ValidationError as error:
        raise given.faults(describe_faults(error)) from None


def parse_content(data: bytes) -> ContentDocument:
    """Read a content document that was unsealed; raises DOCUMENT_INVALID."""
    given = _unsealed(data, "content")
    try:
        return _CONTENT.validate_python(given.values, context=RECEIVED)
    except ValidationError as error:
        raise given.faults(describe_faults(error)) from None


def _unsealed(data: bytes, source: str) -> Fields:
    if len(data) > MAX_DOCUMENT_BYTES:
        raise _invalid(f"{source}: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}")
    try:
        value, twice = parse_json(data)
    except ValueError:
        raise _invalid(f"{source}: expected JSON in UTF-8") from None
    if twice:
        raise _invalid(f"{source}: expected each field once; {twice}")
    if not isinstance(value, dict):
        raise _invalid(f"{source}: expected fields with names")
    return Fields(value, source)


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
