"""Statements that race at a hub: both are handed in at once, on each database.

Whichever the log has first, what becomes of both is an outcome of `tests/support/races.py`; and the
database is the replay of the log (the `office` fixture).
"""

from __future__ import annotations

import asyncio

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.record.entries import Event, parse_entry
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.wire import parse_statement
from exchange_server.ledger import Accepted
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import Letter, caller
from tests.support.races import RACES, letter, outcome

WORDS = ("one", "other")


def handed_in(signed: SignedStatement) -> Letter:
    """A statement of the model, with the bytes of its parts."""
    statement = parse_statement(signed.payload)
    parts = {part.name: part.name.encode() for part in statement.parts}
    return Letter(caller(statement.author), signed, parts)


async def follow(office: Office, known: int) -> None:
    """Let the hub be told what the model was told since its log had `known` entries."""
    for opening in office.mail.model.log[known:]:
        entry = parse_entry(opening.entry)
        office.clock.now = entry.hub_time
        if opening.statement is not None:
            await office.ledger.submit(*handed_in(opening.statement).call)
        else:
            assert entry.event is Event.DELIVERY
            await office.ledger.deliver(caller(entry.actor), entry.payload_digest, "brief")
    office.clock.now = office.mail.model.now


def refusal_in(result: Accepted | BaseException) -> Reason | None:
    if isinstance(result, Accepted):
        return None
    assert isinstance(result, ExchangeError), result
    return result.reason


@pytest.mark.parametrize("begins", WORDS)
@pytest.mark.parametrize("name", RACES)
async def test_two_that_race_at_a_hub_end_as_documented(
    office: Office, name: str, begins: str
) -> None:
    race, model = RACES[name], office.mail.model
    known = len(model.log)
    asked = race.begin(model)
    letters = {
        "one": handed_in(letter(model, asked, race.one)),
        "other": handed_in(letter(model, asked, race.other)),
    }
    await follow(office, known)
    order = sorted(WORDS, key=lambda word: word != begins)
    results = await asyncio.gather(
        *(office.ledger.submit(*letters[word].call) for word in order), return_exceptions=True
    )
    met = {word: refusal_in(result) for word, result in zip(order, results, strict=True)}
    written = [
        word
        for _, word in sorted(
            (result.index, word)
            for word, result in zip(order, results, strict=True)
            if isinstance(result, Accepted)
        )
    ]
    if len(written) == len(WORDS):
        assert met == outcome(name, written[0])
    else:
        # A refused statement is not on the log, so it may have come first or second.
        assert met in [outcome(name, word) for word in WORDS]
