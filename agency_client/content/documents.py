"""The documents in the sealed parts: what is asked, told and decided, in words.

Two parts hold a document each, as JSON: `brief`, which approvers and supervisors read too, and
`content`, which recipients alone read. Names, accounts and transactions do not stand here: they are
entities (`entities`).

Rules of this module:

- Strict: unknown fields, wrong types and over-long texts are refused (DOCUMENT_INVALID), with the
  file, the line, the field and what was expected. A document of another agency is read the same
  way, but for one thing: characters that deceive are refused when a document is written, and shown
  as escapes when it is read, so that a statement with one can still be judged.
- Every document names its own type, so a reply cannot be read as a request.
- Text is kept character for character; nothing is transliterated, folded or cut.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from agency_client.content.characters import describe_mixed, find_hidden
from agency_client.content.fields import (
    MAX_DOCUMENT_BYTES,
    At,
    Fields,
    parse_json,
    read_fields,
)
from agency_client.content.templates import check_edited
from exchange_protocol.errors import ExchangeError, Reason

MAX_FACTS: Final = 8000
"""Characters of free text, the limit of goAML."""
MAX_IMPORT_NOTES: Final = 50
_RECEIVED: Final = {"received": True}
"""Context of documents that another agency sealed."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_AND_NO: Final = {"true": True, "yes": True, "false": False, "no": False}


class CaseStage(StrEnum):
    """The stage of the case."""

    INTELLIGENCE = "INTELLIGENCE"
    PRE_TRIAL = "PRE_TRIAL"
    TRIAL = "TRIAL"
    CONFISCATION = "CONFISCATION"


class Item(StrEnum):
    """Items that a request for financial information asks for."""

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
    if not isinstance(value, Mapping | Period):
        raise ValueError("expected a first and a last day, such as [2020-01-01, 2021-03-01]")
    return value


def _day(value: object) -> object:
    """A day is written in one way: others would have to be guessed."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("expected a date as YYYY-MM-DD, such as 2020-03-01")
    if isinstance(value, int | float):
        raise ValueError("expected a date as text, such as 2020-03-01")
    return value


def _yes_or_no(value: object) -> object:
    """`true` and `false`, as text too: YAML gives every value as the text that stands there."""
    if isinstance(value, str):
        value = _YES_AND_NO.get(value.lower())
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _text(value: str, info: ValidationInfo) -> str:
    """Text that a person can see; of others' documents it is the output that shows the rest."""
    if not value or value.isspace():
        raise ValueError("expected text, got none")
    if not (info.context or {}).get("received") and (hidden := find_hidden(value)):
        raise ValueError(str(hidden))
    return value


ShortText = Annotated[str, Field(max_length=200), AfterValidator(_text)]
LongText = Annotated[str, Field(max_length=MAX_FACTS), AfterValidator(_text)]
Day = Annotated[date, BeforeValidator(_day)]
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no)]
StageCode = Annotated[CaseStage, BeforeValidator(_code)]
ItemCode = Annotated[Item, BeforeValidator(_code)]


if TYPE_CHECKING:
    _Model = BaseModel
    Days: TypeAlias = "Period | tuple[date | str, date | str] | Mapping[str, date | str]"
else:

    class _Refusing(type(BaseModel)):
        """Lets a program that makes a document meet the errors of this library alone."""

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            try:
                return super().__call__(*args, **fields)
            except ValidationError as error:
                raise Fields(fields, cls.__name__).faults(_told(error, fields, cls)) from None

    class _Model(BaseModel, metaclass=_Refusing):
        """Base of the models."""

        @classmethod
        def __pydantic_init_subclass__(cls, **_: Any) -> None:
            # A model that is built later has no signature until then.
            cls.__signature__ = inspect.Signature(
                [
                    inspect.Parameter(
                        name,
                        inspect.Parameter.KEYWORD_ONLY,
                        default=inspect.Parameter.empty if each.is_required() else each.default,
                        annotation=cls.__annotations__[name],
                    )
                    for name, each in cls.model_fields.items()
                    if name != "document"
                ]
            )


class _Document(_Model):
    # Built when first used: most commands read no document, and building takes a while.
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True
    )

    def to_json(self) -> bytes:
        """The bytes to seal: JSON in UTF-8, without the fields that were not given."""
        return self.model_dump_json(exclude_none=True).encode()


class Period(_Document):
    """Days from start to end, both included.

    Args:
        start: the first day, a date or a text such as "2020-01-01".
        end: the last day.
    """

    start: Day
    end: Day

    if TYPE_CHECKING:

        def __init__(self, *, start: date | str, end: date | str) -> None: ...

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError("expected the end not to be before the start")
        return self


class Brief(_Document):
    """The brief: an approver and a supervisor judge by it, and it holds no more than they need.

    Texts are plain text in any script: up to 8,000 characters where it says "long", else 200.

    Args:
        summary: what it is about; long.
        offences: codes of the offences, as the sender's law has them; up to 50.
        stage: how far the case is, a `CaseStage` or its name.
        registration_number: number of the case in the register of the sender's state.
        own_reference: the sender's own reference of the matter.
        drug_nexus: how the matter touches drug crime: what brings it under the Centre's mandate;
            long.
        reasons: why it is asked of this agency, or why it is decided so; long.
        link_to_requested_state: how the matter touches the state that is asked; long.
        urgency_reason: why it is urgent; long.
        handling_restrictions: the restrictions of handling code H3; long.
        question: what is to be supplemented; long.
        explanation: why it is refused; long.
        import_notes: how a table was read where a person chose that, and what of it was left out;
            up to 50, long.
    """

    document: Literal["brief"] = "brief"
    summary: LongText
    offences: tuple[ShortText, ...] = Field(default=(), max_length=50)
    stage: StageCode | None = None
    registration_number: ShortText | None = None
    own_reference: ShortText | None = None
    drug_nexus: LongText | None = None
    reasons: LongText | None = None
    link_to_requested_state: LongText | None = None
    urgency_reason: LongText | None = None
    handling_restrictions: LongText | None = None
    question: LongText | None = None
    explanation: LongText | None = None
    import_notes: tuple[LongText, ...] = Field(default=(), max_length=MAX_IMPORT_NOTES)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            summary: str,
            offences: Sequence[str] = (),
            stage: CaseStage | str | None = None,
            registration_number: str | None = None,
            own_reference: str | None = None,
            drug_nexus: str | None = None,
            reasons: str | None = None,
            link_to_requested_state: str | None = None,
            urgency_reason: str | None = None,
            handling_restrictions: str | None = None,
            question: str | None = None,
            explanation: str | None = None,
            import_notes: Sequence[str] = (),
        ) -> None: ...


class ConsentWanted(_Document):
    """An onward use that the sender asks consent for.

    Args:
        authority: who would use it, up to 200 characters.
        purpose: what for, up to 200 characters.
    """

    authority: ShortText
    purpose: ShortText


class InformationRequest(_Document):
    """A request for financial information (INR.40 paragraph 1).

    Args:
        items: what is asked for, each an `Item` or its name; at least one.
        period: the days that it is asked for: a `Period`, or a pair of dates.
        facts: the facts of the case, up to 8,000 characters.
        other_items: what the item OTHER is; up to 8,000 characters.
        consent_wanted: onward uses that consent is asked for; up to 50.
        do_not_notify_subject: whether the subject must not learn of the request (R.31; CIS treaty,
            article 14).
    """

    document: Literal["information-request"] = "information-request"
    items: tuple[ItemCode, ...] = Field(min_length=1, max_length=len(Item))
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    facts: LongText | None = None
    other_items: LongText | None = None
    consent_wanted: tuple[ConsentWanted, ...] = Field(default=(), max_length=50)
    do_not_notify_subject: YesOrNo = True

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            items: Sequence[Item | str],
            period: Days | None = None,
            facts: str | None = None,
            other_items: str | None = None,
            consent_wanted: Sequence[ConsentWanted | Mapping[str, str]] = (),
            do_not_notify_subject: bool = True,
        ) -> None: ...

    @model_validator(mode="after")
    def _other_is_explained(self) -> InformationRequest:
        if Item.OTHER in self.items and self.other_items is None:
            raise ValueError("expected other_items to say what OTHER is")
        return self


class ReferralDocument(_Document):
    """The content of a referral.

    Args:
        facts: the facts of the matter, up to 8,000 characters.
        action_suggested: what the other agency might do; up to 8,000 characters.
    """

    document: Literal["referral"] = "referral"
    facts: LongText
    action_suggested: LongText | None = None


class AnalysisRequest(_Document):
    """The content of a request for analysis.

    Args:
        questions: the questions, 1 to 50, each up to 8,000 characters.
        period: the days that it is asked for: a `Period`, or a pair of dates.
        facts: the facts of the case, up to 8,000 characters.
    """

    document: Literal["analysis-request"] = "analysis-request"
    questions: tuple[LongText, ...] = Field(min_length=1, max_length=50)
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    facts: LongText | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            questions: Sequence[str],
            period: Days | None = None,
            facts: str | None = None,
        ) -> None: ...


class ReplyDocument(_Document):
    """An answer, whole or in part, or a supplement to what was asked.

    Args:
        text: the answer in words, up to 8,000 characters.
        items: which of the items it answers, each an `Item` or its name.
        period: the days that it is about: a `Period`, or a pair of dates.
        expected_by: for an interim reply, when the rest is expected: a date or a text such as
            "2020-03-01".
    """

    document: Literal["reply"] = "reply"
    text: LongText
    items: tuple[ItemCode, ...] = Field(default=(), max_length=len(Item))
    period: Annotated[Period, BeforeValidator(_period)] | None = None
    expected_by: Day | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            text: str,
            items: Sequence[Item | str] = (),
            period: Days | None = None,
            expected_by: date | str | None = None,
        ) -> None: ...


class AnalysisProduct(_Document):
    """The content of a product of analysis.

    Args:
        title: up to 200 characters.
        findings: up to 8,000 characters.
        recommendations: up to 8,000 characters.
    """

    document: Literal["analysis-product"] = "analysis-product"
    title: ShortText
    findings: LongText
    recommendations: LongText | None = None


ContentDocument = (
    InformationRequest | ReferralDocument | AnalysisRequest | ReplyDocument | AnalysisProduct
)
"""Documents that the part `content` may hold."""

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
    return validate_document(fields, kind)


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
    values: Mapping[str, Any], kind: type[Document]
) -> tuple[Document | None, list[tuple[At, str]]]:
    """Check the fields of a document; gives it, or what is wrong with which field."""
    try:
        return kind.model_validate(values), []
    except ValidationError as error:
        return None, _told(error, values, kind)


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
        return Brief.model_validate(given.values, context=_RECEIVED)
    except ValidationError as error:
        raise given.faults(_told(error)) from None


def parse_content(data: bytes) -> ContentDocument:
    """Read a content document that was unsealed; raises DOCUMENT_INVALID."""
    given = _unsealed(data, "content")
    try:
        return _CONTENT.validate_python(given.values, context=_RECEIVED)
    except ValidationError as error:
        raise given.faults(_told(error)) from None


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


_WORDS: Final = {
    "missing": "expected a value, got none",
    "extra_forbidden": "there is no such field",
    "tuple_type": "expected a list, such as [A, B]",
    "model_type": "expected fields with names",
    "dict_type": "expected fields with names",
    "string_type": "expected text",
    "string_unicode": "expected text in UTF-8",
    "string_too_long": "expected at most {max_length} characters",
    "enum": "expected one of {expected}",
    "literal_error": "expected {expected}",
    "too_short": "expected at least {min_length} in the list, got {actual_length}",
    "too_long": "expected at most {max_length} in the list, got {actual_length}",
    "date_type": "expected a date as YYYY-MM-DD, such as 2020-03-01",
    "date_from_datetime_parsing": "expected a date of the calendar, such as 2020-03-01",
    "date_parsing": "expected a date of the calendar, such as 2020-03-01",
    "union_tag_not_found": "expected a field 'document' that names the type",
    "union_tag_invalid": "expected one of the types {expected_tags}",
}
"""The commonest mistakes in words of those who write YAML; for the others pydantic's serve."""


def _told(
    error: ValidationError,
    values: Mapping[str, Any] | None = None,
    kind: type[BaseModel] | None = None,
) -> list[tuple[At, str]]:
    # Values stay out: they are personal data, and errors end up in logs that outlive the seal.
    found = error.errors(include_url=False, include_input=False)
    places = {tuple(each["loc"]) for each in found}
    told: list[tuple[At, str]] = []
    for each in found:
        at = tuple(each["loc"])
        if each["type"] == "too_short" and any(other[: len(at)] == at for other in places - {at}):
            # The list is short only because what stands in it was refused.
            continue
        words = _in_words(each["type"], each["msg"], each.get("ctx", {}))
        if each["type"] == "extra_forbidden" and values is not None and kind is not None:
            words += _meant(at, values, kind)
        told.append((at, words))
    return told


def _in_words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return str(context["error"])
    try:
        return _WORDS[kind].format(**context).replace(" or ", ", ")
    except KeyError:
        return message


def _meant(at: At, values: Mapping[str, Any], kind: type[BaseModel]) -> str:
    """The name that was meant, or all there are; only of the document's own fields."""
    if len(at) > 1:
        return ""
    names = [each for each in kind.model_fields if each != "document"]
    close = difflib.get_close_matches(str(at[0]), [each for each in names if each not in values])
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
