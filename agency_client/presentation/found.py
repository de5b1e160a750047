"""The results of a search, in words and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agency_client.content.search_terms import Where
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import iso
from agency_client.presentation.visible import shortened
from agency_client.state.references import Reference
from agency_client.state.search_index import Found, SearchResult
from exchange_protocol.kinds.catalogue import parse_kind

WHERE: Final[Mapping[Where, Label]] = {
    Where.REFERENCE: Label.IN_REFERENCE,
    Where.SUMMARY: Label.IN_SUMMARY,
    Where.NAME: Label.IN_NAME,
    Where.ACCOUNT: Label.IN_ACCOUNT,
    Where.IDENTIFIER: Label.IN_IDENTIFIER,
    Where.CONTACT: Label.IN_CONTACT,
    Where.FILE: Label.IN_FILE,
}
_MOST_TEXT: Final = 80


def kind_words(found: Found, locale: Locale) -> str:
    """The kind of an exchange that was found; empty where its initial statement was not shown."""
    return locale.say(parse_kind(found.kind).spec.words) if found.kind else ""


def hit_lines(found: Found, locale: Locale) -> list[str]:
    """The texts in which the words were found, and where each stands."""
    return [
        f"{locale.say(WHERE[hit.where])}: {locale.one_line(shortened(hit.text, _MOST_TEXT))}"
        for hit in found.hits
    ]


def search_json(
    result: SearchResult, known: Mapping[str, Reference], cases: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """The result of a search."""
    return {
        "found": [
            {
                "exchange_id": each.exchange_id,
                "kind": each.kind or None,
                "initiator": each.initiator,
                "initiated_at": iso(each.initiated_at),
                "own_reference": _reference(known, each).own or None,
                "their_reference": _reference(known, each).theirs or None,
                "summary": _reference(known, each).summary or None,
                "cases": list(cases.get(each.exchange_id, ())),
                "hits": [{"where": hit.where.value, "text": hit.text} for hit in each.hits],
            }
            for each in result.found
        ],
        "count": result.count,
        "searched": result.searched,
        "not_all_terms_of": list(result.cut),
    }


def _reference(known: Mapping[str, Reference], found: Found) -> Reference:
    return known.get(found.exchange_id, Reference())
