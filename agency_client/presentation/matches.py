"""Matches of subjects with own holdings, in words and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agency_client.content.matching import NAMES, MatchReason, Score
from agency_client.content.search_terms import ACCOUNTS, CONTACTS, IDENTIFIERS
from agency_client.presentation.entities import DETAILS
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.state.holdings import Match

SCORES: Final[Mapping[Score, Label]] = {
    Score.EXACT: Label.EXACT,
    Score.STRONG: Label.STRONG,
    Score.POSSIBLE: Label.POSSIBLE,
}


_SORTS: Final = (
    (NAMES, Label.IN_NAME),
    (ACCOUNTS, Label.IN_ACCOUNT),
    (IDENTIFIERS, Label.IN_IDENTIFIER),
    (CONTACTS, Label.IN_CONTACT),
)
_NAMED: Final = ("name",)
"""Properties whose sort says all of them."""


def reason_words(reason: MatchReason, locale: Locale) -> str:
    """Say why two records match: both values as they were written, and the date of both."""
    one = f"{_property(reason.prop, locale)} {locale.one_line(reason.value)}"
    other = f"{_property(reason.own_prop, locale)} {locale.one_line(reason.own_value)}"
    if reason.edits:
        similar = locale.say(Label.SIMILAR_BY, number=reason.edits)
        return ", ".join(filter(None, (f"{one} ~ {other}", similar, reason.date)))
    return ", ".join(filter(None, (f"{one} = {other}", reason.date)))


def _property(name: str, locale: Locale) -> str:
    """A property in words; one without words is called by its sort, and by its own name."""
    if name in DETAILS:
        return locale.say(DETAILS[name])
    label = next((label for names, label in _SORTS if name in names), None)
    if label is None:
        return name
    said = locale.say(label)
    return said if name in _NAMED else f"{said} ({name})"


def match_json(exchange_id: str, match: Match) -> dict[str, Any]:
    """A match."""
    return {
        "exchange_id": exchange_id,
        "score": match.score.name,
        "subject": {"id": match.subject_id, "caption": match.subject},
        "own": {
            "holding": match.holding,
            "id": match.entity_id,
            "schema": match.schema,
            "caption": match.caption,
        },
        "reasons": [
            {
                "score": each.score.name,
                "property": each.prop,
                "value": each.value,
                "own_property": each.own_prop,
                "own_value": each.own_value,
                "date": each.date or None,
                "edits": each.edits,
            }
            for each in match.reasons
        ],
    }
