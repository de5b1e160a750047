"""Words for statements that one's own agency passed on, and their authors changed since."""

from __future__ import annotations

from typing import Any, Final

from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.state.search_index import Indexed, PassedOn

_DIGITS: Final = 12
"""Digits of a digest that stand for one statement of any exchange."""


def passed_on_words(exchange: Indexed, passed: PassedOn, locale: Locale) -> str:
    """Say to whom a statement was passed on, and how they are warned."""
    between = "; " if locale.names else ", "
    is_initiator = passed.author == exchange.initiator
    return locale.say(
        Label.WARN_READERS if is_initiator else Label.CORRECT_FOR_READERS,
        digest=passed.source[:_DIGITS],
        whom=between.join(map(locale.agency, passed.recipients)),
        exchange=exchange.exchange_id,
    )


def passed_on_json(exchange: Indexed, passed: PassedOn) -> dict[str, Any]:
    """A statement that was passed on, and is no more what it was."""
    return {
        "source": passed.source,
        "exchange_id": exchange.exchange_id,
        "recipients": list(passed.recipients),
    }
