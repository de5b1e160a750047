"""The acts that the pages of an exchange offer, in words; the library says which are possible."""

from __future__ import annotations

from typing import Final

from agency_client.console.visits import Visit
from agency_client.console.words import act_words
from agency_client.core import possible
from agency_client.core.views import UnsealedExchange
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Party
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.trust.identity import Role

WRITERS: Final = frozenset({Role.SYSTEM, Role.OFFICER})
"""The roles that write statements on cases."""


def initial_acts(visit: Visit) -> list[tuple[str, str]]:
    """The acts that open an exchange: name and words."""
    if visit.console.member.role not in WRITERS:
        return []
    return [
        (act.name, act_words(kind, act, visit.language))
        for kind in Kind
        if kind.stage is Stage.INITIAL
        for act in kind.spec.acts
    ]


def possible_acts(visit: Visit, opened: UnsealedExchange) -> list[tuple[str, str, bool]]:
    """The acts by which this person may continue an exchange now.

    Returns:
        Name, words, and whether it is the answer that is owed: that stands out, no other does.
    """
    console = visit.console
    if opened.party is not Party.SUPERVISOR and console.member.role not in WRITERS:
        return []
    return [
        (act.name, act_words(kind, act, visit.language), is_answer)
        for kind, act, is_answer in possible.possible_acts(
            opened.verified, console.client.directory, console.member, console.now
        )
    ]
