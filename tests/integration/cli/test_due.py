"""Calendars and times are published from reviewed files, and `agency due` lists what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation

pytestmark = pytest.mark.long

OPERATOR = "caricc/operator/ops1"
COORDINATOR = "caricc/coordinator/coordinator1"
FIU, FOREIGN_FIU = "kz.fma/system", "uz.fiu/system"
LIMITS = Path(__file__).parents[3] / "policies" / "time-limits.toml"
THIS_YEAR = datetime.now(UTC).year


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A hub of its own: what is published here must not give due times to other tests."""
    with foundation.serving(tmp_path_factory.mktemp("town") / "hub") as (town, _):
        yield town


@pytest.fixture(scope="module")
def in_force() -> set[Path]:
    """The time limits of this file's hub; a test that publishes something else empties the set."""
    return set()


@pytest.fixture
def published(desk: Desk, in_force: set[Path]) -> Desk:
    if LIMITS in in_force:
        return desk
    for state in ("kz", "uz"):
        for year in (THIS_YEAR, THIS_YEAR + 1):
            made = desk.command("calendar", "make", state, str(year)).ok().out
            (desk.folder / "calendar.toml").write_text(made, "utf-8")
            desk.run(OPERATOR, "calendar", "publish", "calendar.toml").ok()
    desk.run(OPERATOR, "limits", "publish", str(LIMITS)).ok()
    in_force.add(LIMITS)
    return desk


def due(desk: Desk, member: str, exchange: str, *more: str) -> dict[str, dict[str, Any]]:
    found = desk.run(member, "due", "--json", *more).ok().json["due"]
    return {each["clock"]: each for each in found if each["exchange_id"] == exchange}


def test_what_runs_is_listed_alike_for_both_ends_and_proven_by_show(published: Desk) -> None:
    desk = published
    exchange = desk.ask("kz.fma")
    mine, owed = due(desk, FIU, exchange), due(desk, OFFICER, exchange)
    assert set(mine) == set(owed) == {"acknowledgement", "answer"}
    for clock in mine:
        assert mine[clock]["ends_at"] == owed[clock]["ends_at"]
        assert (mine[clock]["is_mine"], owed[clock]["is_mine"]) == (True, False)
        assert mine[clock]["binds"]
        assert mine[clock]["used_percent"] < 50
    [leg] = desk.run(OFFICER, "show", exchange, "--json").ok().json["legs"]
    assert leg["due_at"] == owed["answer"]["ends_at"], "verified, not the hub's word"
    assert due(desk, OFFICER, exchange, "--mine") == {}
    assert set(due(desk, OFFICER, exchange, "--owed")) == set(owed)
    assert due(desk, OFFICER, exchange, "--reached", "50") == {}
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "ack", exchange).ok()
    assert set(due(desk, FIU, exchange)) == {"answer"}
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    assert set(due(desk, OFFICER, exchange, "--mine")) == {"feedback"}
    desk.run(OFFICER, "feedback", exchange, "--usefulness", "3").ok()
    assert due(desk, OFFICER, exchange) == {}


def test_a_held_request_has_the_coordinators_clock(published: Desk) -> None:
    exchange = published.ask("uz.fiu")
    assert due(published, FOREIGN_FIU, exchange) == {}
    mine = due(published, COORDINATOR, exchange, "--mine")
    assert set(mine) == {"decision"}
    # The centre has no state. At the end of a year the time runs into the next.
    unpublished = mine["decision"]["unpublished_years"]
    assert unpublished in ([THIS_YEAR], [THIS_YEAR, THIS_YEAR + 1])
    assert not mine["decision"]["binds"]
    told = published.run(COORDINATOR, "due").ok().out
    assert f"calendar of {THIS_YEAR} not published" in " ".join(told.split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Others owe your agency:", "answer due")),
        ("ru", ("Должны вашему органу:", "срок ответа")),
        ("kk", ("Сіздің органға тиесілі:", "жауап мерзімі")),
    ],
)
def test_the_list_is_told_in_three_languages(
    published: Desk, language: str, words: tuple[str, ...]
) -> None:
    published.ask("kz.fma")
    told = published.run(OFFICER, "--lang", language, "due").ok().out
    assert all(each in " ".join(told.split()) for each in words)


def test_each_end_reads_the_name_of_the_other_and_none_twice(published: Desk) -> None:
    desk = published
    exchange = desk.ask("kz.fma")

    def row(member: str, *more: str) -> str:
        told = desk.run(member, "due", *more).ok().out.splitlines()
        return next(each for each in told if exchange in each and "acknowledgement" in each)

    assert "request for information, kz.mia" in row(FIU, "--mine")
    owed = row(OFFICER, "--owed")
    assert owed.count("kz.fma") == 1
    assert "request for information" in owed
    held = desk.ask("uz.fiu")
    told = desk.run(COORDINATOR, "due", "--mine").ok().out.splitlines()
    assert "request for information, kz.mia" in next(each for each in told if held in each)


def clocks(legs: list[dict[str, Any]]) -> dict[str, str]:
    return {each["clock"]: each["ends_at"] for leg in legs for each in leg["clocks"]}


def test_show_and_the_lists_tell_the_same_times_as_due(published: Desk) -> None:
    desk = published
    exchange = desk.ask("kz.fma")
    expected = {name: each["ends_at"] for name, each in due(desk, FIU, exchange).items()}
    assert set(expected) == {"acknowledgement", "answer"}
    for command, key in (("todo", "todo"), ("inbox", "exchanges")):
        listed = desk.run(FIU, command, "--json").ok().json[key]
        [found] = [each for each in listed if each["exchange_id"] == exchange]
        assert clocks(found["legs"]) == expected
    for member in (FIU, OFFICER):
        shown = desk.run(member, "show", exchange, "--json").ok().json["legs"]
        assert clocks(shown) == expected, "replayed by the client"


@pytest.mark.parametrize(
    ("language", "heading", "clock"),
    [
        ("en", "times that run", "acknowledgement"),
        ("ru", "текущие сроки", "подтверждение"),
        ("kk", "ағымдағы мерзімдер", "растау"),
    ],
)
def test_the_times_are_told_in_words(
    published: Desk, language: str, heading: str, clock: str
) -> None:
    desk = published
    exchange = desk.ask("kz.fma")
    said = desk.run(FIU, "--lang", language, "show", exchange).ok().out.lower()
    assert heading in said
    assert clock in said
    for command in ("todo", "inbox"):
        listed = desk.run(FIU, "--lang", language, command).ok().out
        assert clock in " ".join(listed.split())


def test_todo_begins_with_the_time_that_ends_first(published: Desk) -> None:
    desk = published
    far, near = desk.ask("kz.fma"), desk.ask("kz.fma", more=("--due", "2h"))
    listed = [each["exchange_id"] for each in desk.run(FIU, "todo", "--json").ok().json["todo"]]
    assert listed.index(near) < listed.index(far)


def test_what_is_published_can_be_shown_and_is_not_published_twice(published: Desk) -> None:
    desk = published
    again = desk.run(OPERATOR, "limits", "publish", str(LIMITS)).ok()
    assert "All of it stands already." in again.out
    told = desk.run(OFFICER, "limits", "show", "--json").ok().json["limits"]
    assert {"rule": "URGENT_DECISION", "country": "", "hours": 1} in [
        {name: value for name, value in each.items() if value is not None} for each in told
    ]
    assert 'rule = "FREEZE"' in desk.run(OFFICER, "limits", "show").ok().out
    calendars = desk.run(OFFICER, "calendar", "show", "--json").ok().json["calendars"]
    assert [(each["country"], each["year"]) for each in calendars] == [
        (country, year) for country in ("KZ", "UZ") for year in (THIS_YEAR, THIS_YEAR + 1)
    ]
    assert "Asia/Tashkent" in desk.run(OFFICER, "calendar", "show").ok().out


def test_publishing_tells_of_which_state_and_of_all_where_none_is_named(
    published: Desk, in_force: set[Path]
) -> None:
    """An empty name of a state says nothing to the operator."""
    desk = published
    in_force.clear()
    made = desk.command("calendar", "make", "kz", str(THIS_YEAR)).ok().out
    days = len(re.findall(r"^[0-9-]{10} = ", made, re.MULTILINE))
    (desk.folder / "calendar.toml").write_text(made, "utf-8")
    told = desk.run(OPERATOR, "calendar", "publish", "calendar.toml").ok().out
    assert f"Published: KZ, {THIS_YEAR}, Asia/Almaty, days off: {days}. " in told
    limit = '[[limit]]\nrule = "FEEDBACK"\ndays = 91\n'
    (desk.folder / "limits.toml").write_text(limit, "utf-8")
    told = desk.run(OPERATOR, "limits", "publish", "limits.toml").ok().out
    assert told.startswith("FEEDBACK, all states without one of their own: ")


def test_mistakes_are_refused_with_their_reason(desk: Desk) -> None:
    made = desk.command("calendar", "make", "kz", str(THIS_YEAR)).ok().out
    (desk.folder / "wrong.toml").write_text(made.replace('state = "KZ"', 'state = "DE"'), "utf-8")
    refused = desk.run(OPERATOR, "calendar", "publish", "wrong.toml")
    assert refused.code != 0
    assert "COUNTRY_UNKNOWN" in refused.err
    (desk.folder / "good.toml").write_text(made, "utf-8")
    assert "ROLE_NOT_PERMITTED" in desk.run(OFFICER, "calendar", "publish", "good.toml").err
    assert (
        "missing.toml: No such file" in desk.run(OPERATOR, "limits", "publish", "missing.toml").err
    )
    assert "COUNTRY_UNKNOWN" in desk.command("calendar", "make", "de", "2027").err


def test_what_came_is_named_beside_the_time_that_runs(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", more=("--due", "3d"))
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "interim", exchange, "reply.yaml").ok()
    clock = due(desk, OFFICER, exchange)["answer"]
    assert clock["newest"]["kind"] == "interim_reply"
    assert clock["newest"]["is_unread"] is True
    assert "new: interim reply" in told(desk, OFFICER, exchange)
    desk.run(OFFICER, "show", exchange).ok()
    assert "last said: interim reply" in told(desk, OFFICER, exchange)
    assert "interim reply" not in told(desk, FIU, exchange), "its author is told of nothing"


def told(desk: Desk, member: str, exchange: str) -> str:
    """The row of an exchange, on one line."""
    out = desk.run(member, "due").ok().out
    row = out[: out.index(exchange)].rsplit("\n\n", 1)[-1] + out[out.index(exchange) :]
    return " ".join(row.split())
