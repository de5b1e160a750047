"""The base of all documents, and the types of their fields.

Characters that deceive are refused when a document is written. In one that another agency sealed
(context `RECEIVED`) they are let through, and shown as escapes, so that a statement with one can
still be judged.
"""

from __future__ import annotations

import inspect
import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)

from agency_client.content.characters import find_hidden
from agency_client.content.document_faults import describe_faults
from agency_client.content.fields import Fields

MAX_FACTS: Final = 8000
"""Characters of free text, the limit of goAML."""
RECEIVED: Final = {"received": True}
"""Context of documents that another agency sealed."""
WRITTEN: Final = {"written": True}
"""Context of documents that a person wrote into a file."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_AND_NO: Final = {"true": True, "yes": True, "false": False, "no": False}


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


def _words(value: str, info: ValidationInfo) -> str:
    """Text with a word in it, in a person's file: a dash for words tells an approver nothing."""
    if (info.context or {}).get("written") and not any(each.isalnum() for each in value):
        raise ValueError("expected words, got signs alone")
    return value


ShortText = Annotated[str, Field(max_length=200), AfterValidator(_text)]
LongText = Annotated[str, Field(max_length=MAX_FACTS), AfterValidator(_text)]
Wording = Annotated[LongText, AfterValidator(_words)]
Day = Annotated[date, BeforeValidator(_day)]
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no)]


if TYPE_CHECKING:
    _Model = BaseModel
else:

    class _Refusing(type(BaseModel)):
        """Lets a program that makes a document meet the errors of this library alone."""

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            try:
                return super().__call__(*args, **fields)
            except ValidationError as error:
                faults = describe_faults(error, fields, cls)
                raise Fields(fields, cls.__name__).faults(faults) from None

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


class DocumentModel(_Model):
    """Base of the documents: frozen, strict, and without values in errors."""

    # Built when first used: most commands read no document, and building takes a while.
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True
    )

    def to_json(self) -> bytes:
        """The bytes to seal: JSON in UTF-8, without the fields that were not given."""
        return self.model_dump_json(exclude_none=True).encode()
