"""A day that an officer gives is the same day for every reader, whatever the zone of either."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agency_client.evidence.words import ENGLISH, KAZAKH, RUSSIAN
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.consent_decision import ConsentDecision
from tests.integration.evidence.conftest import Court, Office, read
from tests.scenarios.conftest import Region
from tests.support.asking import new_exchange
from tests.support.commands import as_member, run
from tests.support.deployment import OPERATOR

LAST_DAY = date(datetime.now(UTC).year + 1, 12, 31)
"""In UTC the end of this day is of the next year where the author is far in the west."""
ZONES = {
    "Pacific/Honolulu": "UTC-10:00",
    "Asia/Almaty": "UTC+05:00",
    "Asia/Bishkek": "UTC+06:00",
    "Pacific/Kiritimati": "UTC+14:00",
}


@pytest.mark.parametrize(("zone", "offset"), ZONES.items())
def test_day_due_is_the_same_in_lists_json_account_and_the_courts_script(
    region: Region,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    zone: str,
    offset: str,
) -> None:
    mia = region["kz.mia"]
    exchange = new_exchange(mia, due=LAST_DAY, time_zone=zone)
    told = f"to the end of {LAST_DAY} ({offset})"
    for member in ("kz.mia/system", "kz.fma/system", "kz.gpo/system"):
        code, out, _ = run(capsys, *as_member(region.town, member), "show", exchange)
        assert code == 0
        assert told in " ".join(out.replace("│", " ").split()), out
        code, out, _ = run(capsys, *as_member(region.town, member), "--json", "show", exchange)
        header = json.loads(out)["header"]
        assert header["due_on"] == str(LAST_DAY)
        assert header["due_at"] == f"{LAST_DAY}T23:59:59{offset.removeprefix('UTC')}"
    office = Office(region.town, exchange)
    office.export("kz.mia/system", tmp_path / "e.zip")
    (tmp_path / "root.pem").write_bytes(region.town.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", region.town.files.log_vkey)
    assert any(f"due {told}" in line for line in court.lines(tmp_path / "e.zip"))
    files, _ = read(tmp_path / "e.zip")
    account = next(data for name, data in files.items() if name.endswith(".html")).decode()
    for words, due in (
        (ENGLISH, told),
        (RUSSIAN, f"до конца дня {LAST_DAY} ({offset})"),
        (KAZAKH, f"күн соңына дейін: {LAST_DAY} ({offset})"),
    ):
        assert words.request_rows[11] in account
        assert due in account
    region.replay(capsys)


@pytest.mark.parametrize(("zone", "offset"), ZONES.items())
def test_lists_tell_the_day_and_never_a_moment_of_it(
    region: Region, capsys: pytest.CaptureFixture[str], zone: str, offset: str
) -> None:
    """The day that was given, as each list tells it: in words of each language, in JSON."""
    exchange = new_exchange(region["kz.mia"], due=LAST_DAY, time_zone=zone)
    held = new_exchange(region["kz.mia"], "uz.fiu", due=LAST_DAY, time_zone=zone)
    lists = (
        ("kz.mia/system", ("sent", "due"), exchange),
        ("kz.fma/system", ("inbox", "todo", "due"), exchange),
        ("kz.gpo/system", ("supervised",), exchange),
        ("caricc/coordinator/coordinator1", ("pending", "todo"), held),
    )
    for member, commands, listed in lists:
        for command in commands:
            for language, day in (
                ("en", f"31 December {LAST_DAY.year}"),
                ("ru", f"31 декабря {LAST_DAY.year} г."),
                ("kk", f"{LAST_DAY.year} ж. 31 желтоқсан"),
            ):
                words = (*as_member(region.town, member), "--lang", language, command)
                code, out, err = run(capsys, *words)
                assert code == 0, err
                assert day in told_in_cells(out), (command, out)
            code, out, _ = run(capsys, *as_member(region.town, member), "--json", command)
            assert code == 0
            [found] = [
                each
                for each in (each for items in json.loads(out).values() for each in items)
                if each["exchange_id"] == listed and each.get("clock", "answer") == "answer"
            ]
            at = f"{LAST_DAY}T23:59:59{offset.removeprefix('UTC')}"
            if command == "due":
                assert (found["ends_on"], found["ends_at"]) == (str(LAST_DAY), at)
                continue
            assert (found["due_on"], found["due_at"]) == (str(LAST_DAY), at)
            assert (found["next_due_on"], found["next_due"]) == (str(LAST_DAY), at)
            [leg] = found["legs"]
            assert (leg["due_on"], leg["due_at"]) == (str(LAST_DAY), at)
            [clock] = [each for each in leg["clocks"] if each["clock"] == "answer"]
            assert (clock["ends_on"], clock["ends_at"]) == (str(LAST_DAY), at)
    region.replay(capsys)


def told_in_cells(out: str) -> str:
    """The text of a table's one row of interest: its cells are wrapped, so columns are joined."""
    return " ".join(out.replace("│", " ").split())


def test_consent_lasts_to_the_end_of_the_day_that_was_given(
    region: Region, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The agencies of Kazakhstan are at UTC+5: the day begins on the day before in UTC."""
    mia, fma = region["kz.mia"], region["kz.fma"]
    exchange = new_exchange(mia)
    fma.open(exchange)
    fma.reply(exchange, brief="Ответ (вымышлено)")
    answer = mia.open(exchange).statements[-1].statement.digest
    mia.ask_consent(exchange, answer, "kz.gpo", "PROSECUTION", reason="Для суда (вымышлено)")
    asked = fma.open(exchange).statements[-1].statement.digest
    past = region.refusal(fma.grant_consent, exchange, asked, date(2020, 1, 1))
    assert past is Reason.EXPIRY_PAST
    code, out, err = run(
        capsys,
        *as_member(region.town, "kz.fma/system"),
        *("consent", exchange, "--about", asked.hex(), "--expires-at", f"{LAST_DAY:%d.%m.%Y}"),
    )
    assert code == 0, out + err
    given = mia.open(exchange).statements[-1].statement.body
    assert isinstance(given, ConsentDecision)
    assert given.expires_at is not None
    assert (given.expires_on, given.expires_at.astimezone(UTC).date()) == (LAST_DAY, LAST_DAY)
    code, out, _ = run(capsys, *as_member(region.town, "kz.mia/system"), "--json", "show", exchange)
    codes = json.loads(out)["statements"][-1]["codes"]
    assert codes["expires_on"] == str(LAST_DAY)
    assert codes["expires_at"] == f"{LAST_DAY}T23:59:59+05:00"
    code, out, _ = run(capsys, *as_member(region.town, "kz.mia/system"), "show", exchange)
    told = f"valid to the end of {LAST_DAY} (UTC+05:00)"
    assert told in " ".join(out.replace("│", " ").split()), out
    Office(region.town, exchange).export("kz.mia/system", tmp_path / "e.zip")
    (tmp_path / "root.pem").write_bytes(region.town.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", region.town.files.log_vkey)
    assert any(told in line for line in court.lines(tmp_path / "e.zip"))
    region.replay(capsys)


def test_a_time_in_working_days_is_told_by_its_last_working_day(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends at midnight: 00:00 of the next day would be read as that day, even a holiday."""
    operator = region[OPERATOR]
    year = datetime.now(UTC).year
    for each in (year, year + 1):
        operator.publish_calendar(
            country="KZ",
            year=each,
            time_zone="Asia/Almaty",
            utc_offset_minutes=300,
            days_off=(101,),
        )
    operator.publish_time_limit("ACKNOWLEDGEMENT", "", working_days=1)
    operator.publish_time_limit("REPLY", "", working_days=30)
    exchange = new_exchange(region["kz.mia"])
    [leg] = region["kz.mia"].open(exchange).legs
    assert leg.due_at is not None
    last = (leg.due_at - timedelta(seconds=1)).astimezone(ZoneInfo("Asia/Almaty"))
    assert last.isoweekday() <= 5
    for member, command in (
        ("kz.fma/system", ("due",)),
        ("kz.mia/system", ("due",)),
        ("kz.mia/system", ("sent",)),
        ("kz.mia/system", ("show", exchange)),
    ):
        code, out, err = run(capsys, *as_member(region.town, member), *command)
        assert code == 0, err
        assert f"{last:%Y-%m-%d} 24:00 +05" in out, out
        assert " 00:00 " not in out
    region.replay(capsys)
