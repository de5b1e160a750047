"""Days of a form are typed in three fields, and shown again as they were typed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agency_client.console.days import joined_days, parts_of_day, typed_day
from agency_client.console.drafts import Draft
from agency_client.console.filling import without_day
from agency_client.console.forms import Field, Sort


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("1", "2", "2027"), "2027-02-01"),
        (("01", "12", "2027"), "2027-12-01"),
        (("31.12.2027", "", ""), "2027-12-31"),
        (("2027-12-31", "", ""), "2027-12-31"),
        (("", "2", ""), "-02-"),
        (("x", "2", "27"), "27-02-0x"),
        ((" 1 ", " 2 ", " 2027 "), "2027-02-01"),
    ],
)
def test_three_fields_are_one_day(parts: tuple[str, str, str], joined: str) -> None:
    names = ("due.day", "due.month", "due.year")
    given = {name: [part] for name, part in zip(names, parts, strict=True) if part}
    assert joined_days(given | {"tlp": ["RED"]}) == {"tlp": ["RED"], "due": [joined]}


def test_a_period_has_two_days() -> None:
    made = joined_days({"a.period.start.day": ["1"], "a.period.end.day": ["2"]})
    assert set(made) == {"a.period.start", "a.period.end"}


def test_what_is_no_day_is_shown_again() -> None:
    assert parts_of_day("2027-02-01") == {"day": "01", "month": "02", "year": "2027"}
    assert parts_of_day("-02-") == {"day": "", "month": "02", "year": ""}
    assert parts_of_day("2027-02") == {"day": "", "month": "02", "year": "2027"}
    assert parts_of_day("завтра") == {"day": "завтра", "month": "", "year": ""}
    assert parts_of_day("1-2-3-4") == {"day": "3-4", "month": "2", "year": "1"}
    assert parts_of_day("") == {"day": "", "month": "", "year": ""}


def test_a_day_with_dots_is_read_day_first() -> None:
    assert typed_day("2.1.1980") == "1980-01-02"
    assert typed_day("2-1-1980") == "1980-01-02"
    assert joined_days({"due.day": ["2-1-1980"]}) == {"due": ["1980-01-02"]}
    assert parts_of_day(typed_day("2-1-1980")) == {"day": "02", "month": "01", "year": "1980"}
    assert typed_day("1980-01-02") == "1980-01-02"
    assert typed_day("1980") == "1980"
    assert typed_day("1/2/1980") == "1/2/1980"


@pytest.mark.parametrize("given", ["20260102", "2026-W01-1", "2026-1-2", "2026-02-30"])
def test_a_day_has_one_form(given: str) -> None:
    due = Field("due", "Due", Sort.DATE)
    draft = Draft("1", "reply", "", datetime(2026, 1, 1, tzinfo=UTC), {"due": [given]})
    assert without_day([due], draft) == [due]


@pytest.mark.parametrize("given", ["Tomorrow", "no lawTful", "2026-02-30T10:00", "T"])
def test_text_with_a_capital_t_is_no_moment(given: str) -> None:
    due = Field("due", "Due", Sort.DATE)
    draft = Draft("1", "reply", "", datetime(2026, 1, 1, tzinfo=UTC), {"due": [given]})
    assert without_day([due], draft) == [due]
    draft.fields["due"] = ["2026-02-28T10:00:00+05:00"]
    assert without_day([due], draft) == []
