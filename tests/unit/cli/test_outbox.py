"""The fate of a waiting statement is told alike to people and programs."""

from __future__ import annotations

from agency_client.cli.outbox import result_line
from agency_client.cli.results import queued_words
from agency_client.core.views import Queued, Refused
from agency_client.presentation.locale import Locale
from agency_client.presentation.plain import result_json
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language

STATEMENT = "01a20550-6358-7732-81dc-576beeed69bd"


def test_refused_statement_is_told_with_its_reason() -> None:
    refused = Refused(STATEMENT, "", Reason.STALE_ANSWER.error("expected another answer"))
    assert result_json(refused) == {
        "status": "refused",
        "statement_id": STATEMENT,
        "exchange_id": None,
        "reason": "STALE_ANSWER",
        "message": "expected another answer",
    }
    assert result_line(refused, Locale()) == (
        f"{STATEMENT}  refused, STALE_ANSWER: expected another answer"
    )


def test_statement_that_still_waits_says_why() -> None:
    """A hub that cannot be reached and one that takes nothing yet are two things to see to."""
    queued = Queued(STATEMENT, STATEMENT, Reason.UNAVAILABLE.error("cannot reach the hub"))
    assert result_json(queued)["reason"] == "UNAVAILABLE"
    assert result_line(queued, Locale()) == f"{STATEMENT}  waits: cannot reach the hub"
    assert queued_words(queued, Locale()) == (
        "Not sent yet: cannot reach the hub. Your statement is kept in the outbox; "
        "`agency outbox flush` sends it once the hub takes it, "
        f"`agency outbox withdraw {STATEMENT}` takes it back."
    )
    assert queued_words(queued, Locale(Language.RU)).startswith("Ещё не отправлено: cannot reach")
