"""News of listed exchanges: what was said last by another, where the state does not tell it.

The rows of a kind decide whether it is news (`KindSpec.is_news`), and its spec says what it asks of
the other side (`KindSpec.asks`). The profile's marks say what a person has read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agency_client.core.views import (
    VerifiedExchange,
)
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from exchange_protocol.record.listing import LegSummary, NewestStatement
from exchange_protocol.trust.identity import Member

NOTHING_READ: Final = -1
"""The mark of what was never opened: entries are counted from 0."""


def newest_of_others(exchange: VerifiedExchange, own: Member) -> int:
    """The entry of the newest statement that the member has not made; -1 if there is none."""
    others = (each.index for each in exchange.statements if each.statement.author != own)
    return max(others, default=NOTHING_READ)


def unread(leg: LegSummary, read: int) -> NewestStatement | None:
    """The news on a leg that the person has not read; `read` is the mark of its exchange."""
    newest = leg.newest
    return newest if newest and newest.kind.spec.is_news and newest.index > read else None


def read_up_to(marks: Mapping[str, int], exchange_id: str) -> int:
    """The mark of an exchange."""
    return marks.get(exchange_id, NOTHING_READ)


def news_words(leg: LegSummary, locale: Locale, read: int, *, always_named: bool = False) -> str:
    """Name the newest statement of another on a leg; empty where the state tells it.

    One that was read and answered is no news any more. Its author is named where it is not the
    agency of the leg, or where the words stand for several legs.
    """
    newest = leg.newest
    if newest is None or not newest.kind.spec.is_news:
        return ""
    is_unread = newest.index > read
    if newest.is_answered and not is_unread:
        return ""
    what = locale.say(newest.kind.spec.words)
    if always_named or newest.agency != leg.agency:
        what = f"{what}, {newest.agency}"
    return locale.say(Label.UNREAD_SAID if is_unread else Label.LAST_SAID, what=what)
