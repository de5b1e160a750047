"""The documents in the sealed parts: what is asked, told and decided, in words.

Two parts hold a document each, as JSON: `brief`, which approvers and supervisors read too, and
`content`, which recipients alone read. Names, accounts and transactions do not stand here: they are
entities (`entities`).

Rules of this module:

- Strict: unknown fields, wrong types and over-long texts are refused. `document_reading` reads
  documents, and `document_model` has the types of the fields.
- Every document names its own type, so a reply cannot be read as a request.
- Text is kept character for character; nothing is transliterated, folded or cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from agency_client.content.document_model import (
    Day,
    DocumentModel,
    LongText,
    ShortText,
    Wording,
    YesOrNo,
)

MAX_IMPORT_NOTES: Final = 50


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


StageCode = Annotated[CaseStage, BeforeValidator(_code)]
ItemCode = Annotated[Item, BeforeValidator(_code)]

if TYPE_CHECKING:
    Days: TypeAlias = "Period | tuple[date | str, date | str] | Mapping[str, date | str]"


class Period(DocumentModel):
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


class Brief(DocumentModel):
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
    summary: Wording
    offences: tuple[ShortText, ...] = Field(default=(), max_length=50)
    stage: StageCode | None = None
    registration_number: ShortText | None = None
    own_reference: ShortText | None = None
    drug_nexus: Wording | None = None
    reasons: Wording | None = None
    link_to_requested_state: Wording | None = None
    urgency_reason: Wording | None = None
    handling_restrictions: Wording | None = None
    question: Wording | None = None
    explanation: Wording | None = None
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


class ConsentWanted(DocumentModel):
    """An onward use that the sender asks consent for.

    Args:
        authority: who would use it, up to 200 characters.
        purpose: what for, up to 200 characters.
    """

    authority: ShortText
    purpose: ShortText


class InformationRequest(DocumentModel):
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


class ReferralDocument(DocumentModel):
    """The content of a referral.

    Args:
        facts: the facts of the matter, up to 8,000 characters.
        action_suggested: what the other agency might do; up to 8,000 characters.
    """

    document: Literal["referral"] = "referral"
    facts: LongText
    action_suggested: LongText | None = None


class AnalysisRequest(DocumentModel):
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


class ReplyDocument(DocumentModel):
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


class AnalysisProduct(DocumentModel):
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
