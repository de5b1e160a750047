"""Faults of a document in the words of those who write YAML.

The values stay out: they are personal data, and errors end up in logs that outlive the seal.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from agency_client.content.fields import At

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
    "date_from_datetime_inexact": "expected a date as YYYY-MM-DD, such as 2020-03-01",
    "date_from_datetime_parsing": "expected a date of the calendar, such as 2020-03-01",
    "date_parsing": "expected a date of the calendar, such as 2020-03-01",
    "union_tag_not_found": "expected a field 'document' that names the type",
    "union_tag_invalid": "expected one of the types {expected_tags}",
}
"""The commonest mistakes in words of those who write YAML; for the others pydantic's serve."""


def describe_faults(
    error: ValidationError,
    values: Mapping[str, Any] | None = None,
    kind: type[BaseModel] | None = None,
) -> list[tuple[At, str]]:
    """Say of each field at fault what was expected.

    With the values and the kind of document, a field that does not exist is told with the name that
    may be meant.
    """
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
