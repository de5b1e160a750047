"""Typed and written input is read exactly, or refused with its place, without its content."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from pydantic import BaseModel

from agency_client.cli import inputs
from agency_client.cli.app import hoist_globals
from agency_client.cli.output import (
    complain,
    print_fields,
    print_json,
    print_json_line,
    print_table,
    say,
)
from agency_client.content.documents import (
    AnalysisProduct,
    AnalysisRequest,
    InformationRequest,
    ReferralDocument,
    ReplyDocument,
)
from agency_client.content.input_documents import read_input_document
from agency_client.content.templates import TEMPLATES, Template
from agency_client.core.times import parse_day, parse_due, parse_end, parse_moment
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Handling, Tlp
from exchange_protocol.kinds.reply import ReplyResult

DOCUMENTS: dict[Template, type[BaseModel]] = {
    Template.INFORMATION_REQUEST: InformationRequest,
    Template.REFERRAL: ReferralDocument,
    Template.ANALYSIS_REQUEST: AnalysisRequest,
    Template.BRIEF: ReplyDocument,
    Template.REPLY: ReplyDocument,
    Template.SUPPLEMENT: ReplyDocument,
    Template.PRODUCT: AnalysisProduct,
}

ALMATY = ZoneInfo("Asia/Almaty")


@pytest.mark.parametrize("template", DOCUMENTS)
def test_template_reads_back_as_its_document(template: Template, tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    written = re.sub("<([^>]*)>", r"\1 (вымышлено)", TEMPLATES[template])
    path.write_text(written, encoding="utf-8")
    paper = read_input_document(path, DOCUMENTS[template])
    assert paper.brief.summary
    assert (paper.content is None) is (template is Template.BRIEF)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_template_that_was_not_edited_is_refused_by_each_of_its_fields(
    template: Template, tmp_path: Path
) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(TEMPLATES[template], encoding="utf-8")
    with pytest.raises(ExchangeError, match="still holds the template's words") as refused:
        read_input_document(path, DOCUMENTS[template])
    fields = [
        line.split(":")[0].strip(" -")
        for line in TEMPLATES[template].splitlines()
        if "<" in line and not line.startswith("#")
    ]
    for field in fields:
        assert field.startswith("<") or field in refused.value.message


@pytest.mark.parametrize("template", DOCUMENTS)
def test_template_of_which_one_placeholder_stays_is_refused(
    template: Template, tmp_path: Path
) -> None:
    path = tmp_path / "document.yaml"
    placeholders = re.findall("<[^>\n]*>", TEMPLATES[template])[1:]
    assert placeholders
    for kept in placeholders:
        written = TEMPLATES[template].replace(kept, "KEPT").replace("<", "").replace(">", "")
        path.write_text(written.replace("KEPT", f"Дело {kept}"), encoding="utf-8")
        with pytest.raises(ExchangeError, match="still holds the template's words"):
            read_input_document(path, DOCUMENTS[template])


def test_every_template_has_its_document_but_the_mapping() -> None:
    assert {*Template} == {*DOCUMENTS, Template.MAPPING} == {*TEMPLATES}


def test_brief_may_be_a_text(tmp_path: Path) -> None:
    path = tmp_path / "reply.yaml"
    path.write_text("brief: Сведения прилагаются\n", encoding="utf-8")
    paper = read_input_document(path, ReplyDocument)
    assert paper.brief.summary == "Сведения прилагаются"
    assert paper.content is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("content: {text: x}\n", "brief"),
        ("brief: {summary: x}\nsubject: Иван Вымышленный\n", "subject"),
        ("brief: {sumary: Иван Вымышленный}\n", "sumary"),
        ("brief: [Иван Вымышленный]\n", "brief"),
        ("brief: x\ncontent: {text: [Иван Вымышленный]}\n", "text"),
        ("- Иван Вымышленный\n", None),
        ('brief: "Иван Вымышленный\n', None),
        ("brief: {summary: x\n  Иван Вымышленный: [", None),
    ],
)
def test_bad_document_is_refused_without_its_content(
    tmp_path: Path, text: str, field: str | None
) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExchangeError) as refused:
        read_input_document(path, ReplyDocument)
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert "request.yaml" in refused.value.message
    assert "Вымышленный" not in str(refused.value)
    if field:
        assert field in str(refused.value)


@pytest.mark.parametrize(
    ("given", "first", "rest"),
    [
        (["inbox"], [], ["inbox"]),
        (["inbox", "--json"], ["--json"], ["inbox"]),
        (["show", "id", "--profile", "kz.mia"], ["--profile", "kz.mia"], ["show", "id"]),
        (["--profile=kz.mia", "inbox"], ["--profile=kz.mia"], ["inbox"]),
        (["ask", "id", "--", "--json"], [], ["ask", "id", "--", "--json"]),
        (["inbox", "--profile"], ["--profile"], ["inbox"]),
    ],
)
def test_global_options_may_stand_anywhere(
    given: list[str], first: list[str], rest: list[str]
) -> None:
    assert hoist_globals(given) == (first, rest)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_due_is_a_span_from_now(text: str, span: timedelta) -> None:
    assert inputs.due(text, UTC) == span


def test_due_may_be_a_time_with_its_zone() -> None:
    assert inputs.due("2026-12-01T12:00Z", ALMATY) == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert inputs.due("2026-12-01T18:00+05:00", UTC) == datetime(2026, 12, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize("text", ["２０２６-12-01T12:00Z", "2026-12-01T1２:00Z"])
def test_due_in_digits_of_another_script_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        inputs.due(text, UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-05", datetime(2026, 12, 5, 18, 59, 59, tzinfo=UTC)),
        ("05.12.2026", datetime(2026, 12, 5, 18, 59, 59, tzinfo=UTC)),
        ("2026-12-05T18:00", datetime(2026, 12, 5, 13, tzinfo=UTC)),
        ("2026-12-05 18:00", datetime(2026, 12, 5, 13, tzinfo=UTC)),
        ("05.12.2026 18:00", datetime(2026, 12, 5, 13, tzinfo=UTC)),
    ],
)
def test_due_without_a_zone_is_local_to_the_agency(text: str, at: datetime) -> None:
    """Almaty's midnight is five hours before UTC's."""
    assert parse_due(inputs.due(text, ALMATY), datetime(2026, 12, 1, tzinfo=UTC), ALMATY).at == at


def test_day_alone_is_its_beginning_where_nothing_lasts_until_it() -> None:
    at, day = datetime(2026, 12, 5, tzinfo=ALMATY), date(2026, 12, 5)
    end = datetime(2026, 12, 5, 23, 59, 59, tzinfo=ALMATY)
    assert inputs.day_or_moment("2026-12-05", ALMATY, "--expected-at") == day
    assert inputs.day_or_moment("05.12.2026", ALMATY, "--expected-at") == day
    assert inputs.due("05.12.2026", ALMATY) == day
    assert parse_moment("2026-12-05", ALMATY, field="expected_at") == at
    assert parse_due("2026-12-05", at, ALMATY) == (end, day)
    assert parse_end(day, ALMATY, field="expires_at") == (end, day)
    assert parse_end(at, ALMATY, field="expires_at") == (at, None)
    assert parse_day("2026-12-05", field="seen_on") == day
    with pytest.raises(ExchangeError, match="a day such as"):
        parse_day(at, field="seen_on")


def test_a_refused_time_is_told_the_forms_that_are_taken_there() -> None:
    """A span counts from now on: of a consent's end the library took none, and told to give one."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(ExchangeError, match="such as 7d, 8h"):
        parse_due("soon", now, UTC)
    for parse in (parse_end, parse_moment):
        with pytest.raises(ExchangeError) as refused:
            parse("30d", UTC, field="expires_at")
        assert "such as 2026-12-05 or 2026-12-05T18:00" in str(refused.value)
        assert "7d" not in str(refused.value)
    with pytest.raises(ExchangeError) as refused:
        parse_day("30d", field="seen_on")
    assert "a day such as 2026-12-05" in str(refused.value)
    assert "18:00" not in str(refused.value)


def test_time_zone_is_one_that_exists() -> None:
    assert inputs.time_zone("Asia/Almaty") == "Asia/Almaty"


@pytest.mark.parametrize("text", ["Asia/Almatyy", "asia/almaty", "Asia", "+05:00", ""])
def test_other_time_zone_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="IANA time zone"):
        inputs.time_zone(text)


@pytest.mark.parametrize(
    "text",
    [
        "20261205",
        "2026-W49",
        "2026-W49-6",
        "2026-12-05_18:00Z",
        "2026-12-05T18Z",
        "20261205T1800Z",
        "2026-12-05T18:00:00,5Z",
    ],
)
def test_day_that_no_person_writes_is_refused_by_command_and_library(text: str) -> None:
    """The command took 20261205 for the beginning of that day, and the library for its end."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="a day such as"):
        inputs.due(text, UTC)
    with pytest.raises(ExchangeError, match="or a text such as"):
        parse_due(text, now, UTC)
    with pytest.raises(ExchangeError, match="or a text such as"):
        parse_moment(text, UTC, field="expected_at")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-12-05T18:00:00.0000000Z", 23),
        ("2026-12-05T18:00:00.123456789Z", 23),
        ("2026-12-05 18:00 +05", 18),
        ("2026-12-05 18:00 +05:00", 18),
        ("2026-12-04 24:00 +05", 0),
        ("2026-12-04T24:00:00+05:00", 0),
    ],
)
def test_time_as_programs_write_it_and_as_pages_show_it_is_taken(text: str, hour: int) -> None:
    """A page shows the end of a day as 24:00."""
    at, now = datetime(2026, 12, 5, hour, tzinfo=ALMATY), datetime(2026, 12, 1, tzinfo=UTC)
    given = (parse_moment(text, UTC, field="expected_at"), parse_due(text, now, UTC).at)
    for each in (inputs.due(text, UTC), *given):
        assert isinstance(each, datetime)
        assert each.replace(microsecond=0) == at


def test_end_of_a_day_is_that_of_the_zone_where_none_is_given() -> None:
    assert inputs.due("2026-12-04 24:00", ALMATY) == datetime(2026, 12, 5, tzinfo=ALMATY)


@pytest.mark.parametrize("text", ["9999-12-31T24:00Z", "2026-12-05T24:01Z", "2026-12-05T25:00Z"])
def test_time_that_no_clock_has_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="a day such as"):
        inputs.due(text, UTC)
    with pytest.raises(ExchangeError, match="or a text such as"):
        parse_moment(text, UTC, field="expected_at")


@pytest.mark.parametrize("text", ["", "7", "7y", "-1d", "soon", "999999d", "٣d", "３h"])
def test_other_due_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        inputs.due(text, UTC)


def test_codes_are_read_in_any_spelling() -> None:
    assert inputs.one_of(Tlp)("AMBER+STRICT") is Tlp.AMBER_STRICT
    assert inputs.one_of(Tlp)("amber-strict") is Tlp.AMBER_STRICT
    assert inputs.one_of(Handling)("h2") is Handling.H2
    assert inputs.one_of(ReplyResult)("no-hit") is ReplyResult.NO_HIT


def test_unknown_code_is_refused_with_the_known_ones() -> None:
    with pytest.raises(typer.BadParameter, match=r"H0 \| H1 \| H2 \| H3"):
        inputs.one_of(Handling)("H9")


def test_agency_that_is_no_id_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        inputs.agency("KZ FMA")


@pytest.mark.parametrize("given", ["note", "=file", "note="])
def test_attachment_without_name_or_file_is_refused(given: str) -> None:
    with pytest.raises(typer.BadParameter):
        inputs.attachments([given])


def test_attachments_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a=b.pdf"
    path.write_bytes(b"%PDF")
    assert inputs.attachments([f"note={path}"]) == {"note": b"%PDF"}
    with pytest.raises(typer.BadParameter, match="twice"):
        inputs.attachments([f"note={path}", f"note={path}"])


def test_empty_attachment_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scanner or a failed download leaves such a file."""
    path = tmp_path / "f"
    path.touch()
    assert inputs.attachments([f"скан.pdf={path}"]) == {"скан.pdf": b""}
    assert "warning: the attached file 'скан.pdf' is empty" in capsys.readouterr().err


def test_attachment_with_a_sign_of_equality_in_its_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a=b.pdf"
    path.write_bytes(b"%PDF")
    assert inputs.attachments([f"a.pdf={path}"]) == {"a.pdf": b"%PDF"}
    with pytest.raises(typer.BadParameter, match="NAME ends at the first =, so give a name"):
        inputs.attachments([f"a=b.pdf={path}"])


def test_attachment_may_be_called_as_people_call_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"%PDF")
    names = ["выписка.pdf", "my scan.pdf", "Отчёт № 5 (копия).docx"]
    assert [*inputs.attachments([f"{name}={path}" for name in names])] == names


@pytest.mark.parametrize(
    "name", ["../../profile.toml", "/etc/passwd", "a\\b", "..", "a\u202egpj.exe", "a\x00b", "a\nb"]
)
def test_attachment_whose_name_leads_elsewhere_is_refused_before_a_file_is_read(name: str) -> None:
    with pytest.raises(typer.BadParameter):
        inputs.attachments([f"{name}=/nowhere/at/all"])


def test_what_is_printed_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\r\u202ec\u00a0d\nЫ")
    print_table(("NAME",), [("A\u034fB",)], "")
    print_fields([("name\u200b", "A\u3164B")])
    assert capsys.readouterr().out == (
        "a[U+001B][2Jb[U+000D][U+202E]c d\nЫ\nNAME\nA[U+034F]B\nname[U+200B]  A[U+3164]B\n"
    )


def test_letters_of_two_scripts_in_an_error_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    complain("KZ-СРС-1, SWIFT-код, Иванов")
    assert capsys.readouterr().err == (
        "KZ-СРС-1 [Cyrillic and Latin letters in one word: U+0421, U+0420], SWIFT-код, Иванов\n"
    )


HOSTILE = "\x1b[31m \x9b31m \x7f \u202e \u2028 \ud800 \U000e0041 \u00a0"


@pytest.mark.parametrize("print_it", [print_json, print_json_line])
def test_json_says_what_is_meant_and_cannot_steer_a_terminal(
    print_it: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"text": f"Қасымова Ә., 中文, 😀, \n {HOSTILE}", HOSTILE: [1.5, None]}
    print_it(document)
    said = capsys.readouterr().out
    assert json.loads(said) == document
    assert all(char.isprintable() for line in said.splitlines() for char in line)
    assert "Қасымова Ә., 中文, 😀" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2027-03-28 02:30", "2027-03-28 02:30 is skipped, as clocks are set forward"),
        ("28.03.2027 02:30", "2027-03-28 02:30 is skipped, as clocks are set forward"),
        ("2027-03-28T02:30:15", "2027-03-28 02:30 is skipped, as clocks are set forward"),
        ("2027-10-31 02:30", "2027-10-31 02:30 comes twice, as clocks are set back"),
        ("2027-10-31T02:30", "2027-10-31 02:30 comes twice, as clocks are set back"),
    ],
)
def test_local_time_that_is_no_moment_or_two_is_refused(text: str, says: str) -> None:
    with pytest.raises(typer.BadParameter, match=says) as caught:
        inputs.due(text, ZoneInfo("Europe/Berlin"))
    assert "in Europe/Berlin: give it in UTC" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-28 03:00", "2027-03-28T01:00:00+00:00"),
        ("2027-03-28T02:30+01:00", "2027-03-28T01:30:00+00:00"),
        ("2027-10-31T02:30+01:00", "2027-10-31T01:30:00+00:00"),
        ("2027-10-31 03:00", "2027-10-31T02:00:00+00:00"),
        ("2027-03-28T04:00", "2027-03-28T02:00:00+00:00"),
    ],
)
def test_time_beside_the_hour_that_clocks_are_set_in_is_taken(text: str, moment: str) -> None:
    found = inputs.due(text, ZoneInfo("Europe/Berlin"))
    assert isinstance(found, datetime)
    assert found.astimezone(UTC).isoformat() == moment


def test_time_at_the_ends_of_the_calendar_is_left_to_the_rules() -> None:
    for text in ("0001-01-01 00:00", "9999-12-31 23:59"):
        for zone in ("Asia/Almaty", "America/New_York"):
            assert isinstance(inputs.due(text, ZoneInfo(zone)), datetime)
