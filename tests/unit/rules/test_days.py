"""Days apart from moments: kept as given, fixed by the moment of their end, shown alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from agency_client.evidence.verify import Statement as ScriptStatement
from agency_client.presentation.words import body_json, body_words, due_json, due_words
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language, Purpose
from exchange_protocol.kinds.consent_decision import ConsentDecision, ConsentOutcome
from exchange_protocol.kinds.days import end_of_day, parse_day
from exchange_protocol.rules.shapes import parse_by_shape
from exchange_protocol.rules.statements import Draft, Header
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.v1 import statement_pb2 as pb
from tests.support.statements import KZ_MIA, START

NEW_YEARS_EVE = date(2026, 12, 31)
OFFSETS = {-10: "-10:00", 5: "+05:00", 6: "+06:00", 14: "+14:00"}
ID = "01890000-0000-7000-8000-000000000001"

hours = pytest.mark.parametrize("hours", OFFSETS)
Parse = Callable[[bytes], Any]
parsers = pytest.mark.parametrize("parse", [parse_statement, parse_by_shape])


def ends(hours: int, day: date = NEW_YEARS_EVE) -> datetime:
    return end_of_day(day, timezone(timedelta(hours=hours)))


def request(at: datetime | None, day: date | None) -> bytes:
    body = Kind.INFORMATION_REQUEST.body()
    header = Header(due_at=at, due_on=day, legal_basis="KZ-AML-18", purpose=Purpose.PROSECUTION)
    draft = Draft(
        id=ID,
        exchange_id=ID,
        author=KZ_MIA,
        made_at=START,
        body=body,
        header=header,
        recipients=(KZ_MIA.agency,),
    )
    return encode_statement(draft)


@hours
@parsers
def test_day_of_a_header_is_read_as_it_was_given(hours: int, parse: Parse) -> None:
    header = parse(request(ends(hours), NEW_YEARS_EVE)).header
    assert (header.due_on, header.due_at) == (NEW_YEARS_EVE, ends(hours))
    assert due_words(header, Language.EN) == f"to the end of 2026-12-31 (UTC{OFFSETS[hours]})"
    assert due_json(header.due_at, header.due_on) == {
        "due_at": f"2026-12-31T23:59:59{OFFSETS[hours]}",
        "due_on": "2026-12-31",
    }


@hours
def test_courts_script_says_the_same_day(hours: int) -> None:
    said = ScriptStatement(request(ends(hours), NEW_YEARS_EVE)).kind
    assert said.endswith(f"due to the end of 2026-12-31 (UTC{OFFSETS[hours]})")
    moment = ScriptStatement(request(ends(hours), None)).kind
    assert moment.endswith(f"due {ends(hours).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}")


@parsers
@pytest.mark.parametrize(
    "at",
    [
        ends(15),
        ends(-13),
        ends(5) + timedelta(seconds=1),
        ends(5) + timedelta(minutes=7),
        ends(5) + timedelta(days=1),
        None,
    ],
)
def test_day_whose_end_the_moment_is_not_is_refused(at: datetime | None, parse: Parse) -> None:
    """No zone on earth ends the day at that moment: the two contradict each other."""
    with pytest.raises(ExchangeError) as refused:
        parse(request(at, NEW_YEARS_EVE))
    assert (refused.value.reason, refused.value.field) == (Reason.INVALID_FIELD, "due_on")


@pytest.mark.parametrize("day", [(2026, 2, 29), (2026, 13, 1), (2026, 0, 1), (0, 1, 1), (26, 1, 1)])
def test_impossible_day_is_refused(day: tuple[int, int, int]) -> None:
    year, month, number = day
    with pytest.raises(ExchangeError, match="a day of the calendar"):
        parse_day(pb.Day(year=year, month=month, day=number), "due_on")


def consent(hours: int) -> ConsentDecision:
    return ConsentDecision(
        bytes(32), ConsentOutcome.GRANTED, expires_at=ends(hours), expires_on=NEW_YEARS_EVE
    )


@hours
@pytest.mark.parametrize("reader", [UTC, timezone(timedelta(hours=14))])
def test_consent_says_its_day_in_every_language_to_every_reader(hours: int, reader: Any) -> None:
    for language, words in (
        (Language.EN, "valid to the end of"),
        (Language.RU, "действует до конца дня"),
        (Language.KK, "жарамды соңғы күні"),
    ):
        said = body_words(consent(hours), language, reader)
        assert said[-1] == f"{words} 2026-12-31 (UTC{OFFSETS[hours]})"
        assert len(said) == 3
    codes = body_json(consent(hours))
    assert codes["expires_at"] == f"2026-12-31T23:59:59{OFFSETS[hours]}"
    assert codes["expires_on"] == "2026-12-31"


def test_consent_whose_day_and_moment_contradict_each_other_is_refused() -> None:
    spec = Kind.CONSENT_DECISION.spec
    spec.check(consent(5), "consent_decision")
    for wrong in (
        replace(consent(5), expires_at=ends(5, date(2027, 1, 1))),
        replace(consent(5), outcome=ConsentOutcome.REVOKED, expires_at=None),
    ):
        with pytest.raises(ExchangeError, match="the end of 2026-12-31"):
            spec.check(wrong, "consent_decision")


def test_consent_without_a_day_shows_its_moment() -> None:
    plain = replace(consent(5), expires_on=None)
    assert body_words(plain, Language.EN)[-1] == "valid until 2026-12-31 18:59 UTC"
    assert "expires_on" not in body_json(plain)
