"""The documents in the sealed parts: what is asked, told and decided, in words.

Two parts hold a document each, as JSON: `brief`, which approvers and supervisors read too, and
`content`, which recipients alone read. Names, accounts and transactions do not stand here: they are
entities (`entities`).

Rules of this module:

- Strict: unknown fields, wrong types and over-long texts are refused (DOCUMENT_INVALID), with the
  file, the field and what was expected. What another agency sealed is read the same way.
- Every document names its own type, so a reply cannot be read as a request.
- Text keeps its script; nothing is transliterated or folded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from exchange_protocol.errors import ExchangeError, Reason

MAX_DOCUMENT_BYTES: Final = 1024 * 1024
MAX_FACTS: Final = 8000
"""Characters of free text, the limit of goAML."""
_MAX_SHOWN_ERRORS: Final = 5


class CaseStage(StrEnum):
    """How far the case is."""

    INTELLIGENCE = "INTELLIGENCE"
    PRE_TRIAL = "PRE_TRIAL"
    TRIAL = "TRIAL"
    CONFISCATION = "CONFISCATION"


class Item(StrEnum):
    """What a financial information request asks for."""

    ACCOUNT_IDENTIFICATION = "ACCOUNT_IDENTIFICATION"
    TRANSACTIONS = "TRANSACTIONS"
    STR = "STR"
    BENEFICIAL_OWNER = "BENEFICIAL_OWNER"
    REAL_ESTATE = "REAL_ESTATE"
    VEHICLE = "VEHICLE"
    BORDER_CROSSING = "BORDER_CROSSING"
    CASH_DECLARATION = "CASH_DECLARATION"
    CRIMINAL_RECORD = "CRIMINAL_RECORD"
    OTHER = "OTHER"


def _code(value: object) -> object:
    """Codes may be written in lower case and with spaces or hyphens."""
    if not isinstance(value, str):
        return value
    code = value.strip().upper().replace(" ", "_").replace("-", "_")
    return {"ACCOUNTS": "ACCOUNT_IDENTIFICATION"}.get(code, code)


def _period(value: object) -> object:
    """A period may be written as a pair of dates."""
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"start": value[0], "end": value[1]}
    return value


ShortText = Annotated[str, Field(min_length=1, max_length=200)]
LongText = Annotated[str, Field(min_length=1, max_length=MAX_FACTS)]
StageCode = Annotated[CaseStage, BeforeValidator(_code)]
ItemCode = Annotated[Item, BeforeValidator(_code)]


class _Document(BaseModel):
    # Built when first used: most commands read no document, and building takes a while.
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True
    )

    def to_json(self) -> bytes:
        """The bytes to seal: JSON in UTF-8, without the fields that were not given."""
        return self.model_dump_json(exclude_none=True).encode()


class Period(_Document):
    """Days from start to end, both included."""

    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError("expected the end not to be before the start")
        return self


class Brief(_Document):
    """What an approver and a supervisor need in order to judge, and no more."""

    document: Literal["brief"] = "brief"
    summary: LongText
    offences: tuple[ShortText, ...] = Field(default=(), max_length=50)
    """Codes of the offences, as the sender's law has them."""
    stage: StageCode | None = None
    registration_number: ShortText | None = None
    own_reference: ShortText | None = None
    drug_nexus: LongText | None = None
    """How the matter touches drug crime: what brings it under the Centre's mandate."""
    reasons: LongText | None = None
    """Why it is asked of this agency, or why it is decided so."""
    link_to_requested_state: LongText | None = None
    urgency_reason: LongText | None = None
    handling_restrictions: LongText | None = None
    """The restrictions of handling code H3."""
    question: LongText | None = None
    """What is to be supplemented."""
    explanation: LongText | None = None
    """Why it is refused."""


class ConsentWanted(_Document):
    """An onward use that the sender asks consent for."""

    authority: ShortText
    purpose: ShortText


class InformationRequest(_Document):
    """A request for financial information (INR.40 paragraph 1)."""

    document: Literal["information-request"] = "information-request"
    items: tuple[ItemCode, ...] = Field(min_length=1, max_length=len(Item))
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    facts: LongText | None = None
    other_items: LongText | None = None
    consent_wanted: tuple[ConsentWanted, ...] = Field(default=(), max_length=50)
    do_not_notify_subject: bool = True
    """Whether the subject must not learn of the request (R.31; CIS treaty, article 14)."""

    @model_validator(mode="after")
    def _other_is_explained(self) -> InformationRequest:
        if Item.OTHER in self.items and self.other_items is None:
            raise ValueError("expected other_items to say what OTHER is")
        return self


class ReferralDocument(_Document):
    """What is referred to another agency of its own accord."""

    document: Literal["referral"] = "referral"
    facts: LongText
    action_suggested: LongText | None = None


class AnalysisRequest(_Document):
    """What the Centre is asked to analyse."""

    document: Literal["analysis-request"] = "analysis-request"
    questions: tuple[LongText, ...] = Field(min_length=1, max_length=50)
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    facts: LongText | None = None


class ReplyDocument(_Document):
    """An answer, whole or in part, or a supplement to what was asked."""

    document: Literal["reply"] = "reply"
    text: LongText
    items: tuple[ItemCode, ...] = Field(default=(), max_length=len(Item))
    """Which of the items it answers."""
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    expected_by: date | None = None
    """For an interim reply: when the rest is expected."""


class AnalysisProduct(_Document):
    """What the Centre found."""

    document: Literal["analysis-product"] = "analysis-product"
    title: ShortText
    findings: LongText
    recommendations: LongText | None = None


ContentDocument = (
    InformationRequest | ReferralDocument | AnalysisRequest | ReplyDocument | AnalysisProduct
)
"""What the part `content` may hold."""

Document = TypeVar("Document", bound=BaseModel)

_CONTENT: Final[TypeAdapter[ContentDocument]] = TypeAdapter(
    Annotated[ContentDocument, Field(discriminator="document")],
    config=ConfigDict(defer_build=True),
)


def load_document(path: Path, kind: type[Document]) -> Document:
    """Read a document from a YAML or JSON file; raises DOCUMENT_INVALID.

    The file need not name its type: `kind` says what it must be.
    """
    return validate_document(read_fields(path), kind, source=str(path))


class _Loader(yaml.SafeLoader):
    """YAML whose dates stay text, as in JSON: the document says which fields are dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_fields(path: Path) -> Mapping[str, Any]:
    """Read the fields of a YAML or JSON file; raises DOCUMENT_INVALID if it is no mapping."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _invalid(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_DOCUMENT_BYTES:
        raise _invalid(f"{path}: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}")
    try:
        fields = json.loads(data) if path.suffix == ".json" else yaml.load(data, _Loader)  # noqa: S506
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise _invalid(
            f"{path}{_place(error)}: expected YAML or JSON in UTF-8, it does not parse"
        ) from None
    if not isinstance(fields, dict) or not all(isinstance(key, str) for key in fields):
        raise _invalid(f"{path}: expected fields with names, got {type(fields).__name__}")
    return fields


def validate_document(
    fields: Mapping[str, Any], kind: type[Document], *, source: str = "document"
) -> Document:
    """Check the fields of a document; raises DOCUMENT_INVALID, naming the source and the field."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _explained(error, source) from None


def make_brief(summary: str, **fields: str) -> Brief:
    """A brief of texts that people typed; raises DOCUMENT_INVALID, which does not repeat them."""
    return validate_document({"summary": summary, **fields}, Brief, source="brief")


def parse_brief(data: bytes) -> Brief:
    """Read a brief that was unsealed; raises DOCUMENT_INVALID."""
    return _parse(Brief.model_validate_json, data, "brief")


def parse_content(data: bytes) -> ContentDocument:
    """Read a content document that was unsealed; raises DOCUMENT_INVALID."""
    return _parse(_CONTENT.validate_json, data, "content")


Parsed = TypeVar("Parsed")


def _parse(validate: Callable[[bytes], Parsed], data: bytes, source: str) -> Parsed:
    if len(data) > MAX_DOCUMENT_BYTES:
        raise _invalid(f"{source}: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}")
    try:
        return validate(data)
    except ValidationError as error:
        raise _explained(error, source) from None


_WORDS: Final = {
    "missing": "expected a value, got none",
    "extra_forbidden": "there is no such field",
    "tuple_type": "expected a list, such as [A, B]",
    "model_type": "expected fields with names",
    "dict_type": "expected fields with names",
    "string_type": "expected text",
}
"""The commonest mistakes in words of those who write YAML; for the others pydantic's serve."""


def _explained(error: ValidationError, source: str) -> ExchangeError:
    # Values stay out: they are personal data, and errors end up in logs that outlive the seal.
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"{'.'.join(str(step) for step in each['loc']) or 'document'}: "
        f"{_WORDS.get(each['type'], each['msg'])}"
        for each in found[:_MAX_SHOWN_ERRORS]
    ]
    if len(found) > _MAX_SHOWN_ERRORS:
        lines.append(f"and {len(found) - _MAX_SHOWN_ERRORS} more")
    field = ".".join(str(step) for step in found[0]["loc"]) or None
    return Reason.DOCUMENT_INVALID.error(f"{source}: {'; '.join(lines)}", field=field)


def _place(error: Exception) -> str:
    """Where a file does not parse; the parsers' own texts quote it."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else getattr(error, "lineno", None)
    return f", line {line}" if line else ""


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
