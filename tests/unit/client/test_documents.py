"""Documents: what is accepted, and what an error tells, and does not tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.document_reading import (
    load_document,
    look_alikes,
    parse_brief,
    parse_content,
    validate_document,
    with_import_notes,
)
from agency_client.content.documents import (
    AnalysisRequest,
    Brief,
    InformationRequest,
    Item,
    ReplyDocument,
)
from agency_client.content.input_documents import read_input_document
from exchange_protocol.errors import InvalidInput, Reason
from tests.support.refusals import reason_or_none

SECRET = "Тайный Т. Т. (вымышлен)"
HALF = chr(0xD800)
"""Half a character, which JSON can name and UTF-8 cannot hold."""


def refused_document(fields: dict[str, Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        validate_document(fields, InformationRequest, source="request.yaml")
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    return caught.value


def test_items_may_be_written_as_people_write_them() -> None:
    fields = {"items": ["accounts", "Transactions", "beneficial-owner", "real estate"]}
    assert validate_document(fields, InformationRequest).items == (
        Item.ACCOUNT_IDENTIFICATION,
        Item.TRANSACTIONS,
        Item.BENEFICIAL_OWNER,
        Item.REAL_ESTATE,
    )


def test_period_may_be_a_pair_of_days() -> None:
    fields = {"items": ["str"], "period": ["2020-01-01", "2021-03-01"]}
    period = validate_document(fields, InformationRequest).period
    assert period is not None
    assert (period.start.year, period.end.month) == (2020, 3)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": ["gossip"]}, "items.0"),
        ({"items": ["str"], "period": ["2021-01-01", "2020-01-01"]}, "period"),
        ({"items": ["str"], "colour": "red"}, "colour"),
        ({"items": ["other"]}, None),
        ({"items": ["str"], "facts": "x" * 8001}, "facts"),
        ({"items": ["str"], "document": "reply"}, "document"),
    ],
)
def test_error_names_the_source_and_the_field(fields: dict[str, Any], where: str | None) -> None:
    error = refused_document(fields)
    assert error.message.startswith("request.yaml: ")
    assert error.field == where


@pytest.mark.parametrize(
    ("line", "where", "says"),
    [
        ("items: [accounts]\nperiod: [2020-13-01, 2021-03-01]", "period.start", "date"),
        ("items: accounts", "items", "expected a list"),
        ("itms: [accounts]", "items", "itms: there is no such field"),
    ],
)
def test_mistake_in_a_file_is_named_in_plain_words(
    tmp_path: Path, line: str, where: str, says: str
) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InvalidInput, match=says) as caught:
        load_document(path, InformationRequest)
    assert caught.value.field == where


def test_error_never_tells_what_stood_there() -> None:
    error = refused_document(
        {"items": [SECRET], "facts": [SECRET], "period": SECRET, SECRET[:5]: 1}
    )
    assert "Т. Т." not in str(error)


@pytest.mark.parametrize(
    "text", ["brief: [unclosed", f"a: {SECRET}: b: c", "- a list", "\tbad: yaml", "{'a': 1"]
)
def test_file_that_does_not_parse_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"request\.yaml") as caught:
        load_document(path, InformationRequest)
    assert SECRET not in str(caught.value)
    path.with_suffix(".json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"request\.json, line 1"):
        load_document(path.with_suffix(".json"), InformationRequest)


@pytest.mark.parametrize("name", ["request.yaml", "request.json"])
def test_file_in_another_encoding_is_told_which_is_expected(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes('{"brief": "Запрос"}'.encode("cp1251"))
    with pytest.raises(InvalidInput, match="expected YAML or JSON in UTF-8"):
        load_document(tmp_path / name, InformationRequest)


def test_missing_and_oversized_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        load_document(tmp_path / "none.yaml", Brief)
    (tmp_path / "big.yaml").write_bytes(b"a" * (1024 * 1024 + 1))
    with pytest.raises(InvalidInput, match="at most"):
        load_document(tmp_path / "big.yaml", Brief)


def test_yaml_and_json_files_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("questions: ['Кто?']\nfacts: да\n", encoding="utf-8")
    (tmp_path / "a.json").write_text('{"questions": ["Кто?"], "facts": "да"}', encoding="utf-8")
    both = [load_document(tmp_path / name, AnalysisRequest) for name in ("a.yaml", "a.json")]
    assert both[0] == both[1]


def test_document_that_was_sealed_is_read_by_its_own_type() -> None:
    assert parse_content(ReplyDocument(text="да").to_json()) == ReplyDocument(text="да")
    assert parse_brief(Brief(summary="да").to_json()) == Brief(summary="да")
    for data in (b"", b"[]", b'{"document": "brief", "summary": "-"}', b'{"text": "-"}'):
        with pytest.raises(InvalidInput, match="DOCUMENT_INVALID"):
            parse_content(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_with_a_reason(data: bytes) -> None:
    for parse in (parse_brief, parse_content):
        assert reason_or_none(lambda parse=parse: parse(data)) in (None, Reason.DOCUMENT_INVALID)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items: [FOO]", "items.0: expected one of 'ACCOUNT_IDENTIFICATION', 'TRANSACTIONS'"),
        ("items: [str]\nperiod: [01.03.2020, 01.04.2020]", "period.start: expected a date as YYYY"),
        (
            "items: [str]\nperiod: 2020",
            "period: expected a first and a last day, such as [2020-01-01",
        ),
        ("items: [str]\nperiod: [45356, 45400]", "period.start: expected a date as YYYY-MM-DD"),
        ("items: [str]\nperiod: [2020-02-30, 2020-03-01]", "expected a date of the calendar"),
        ("items: [str]\nperiod: [2020-03-02, 2020-03-01]", "expected the end not to be before"),
        ("items: []", "expected at least 1 in the list, got 0"),
        ("items:", "items: expected a list"),
        ("facts: x", "items: expected a value, got none"),
        ("items: [str]\nfcats: x", "line 2, fcats: there is no such field: did you mean 'facts'?"),
        ("items: [str]\nzzz: x", "zzz: there is no such field; there are items, period"),
        ("items: [str]\nfacts: ' '", "facts: expected text, got none"),
        ("items: [str]\nfacts: [x]", "facts: expected text"),
        ("items: [str]\nfacts: [x", "line 3: expected YAML or JSON"),
        ("items: [str]\ndo_not_notify_subject: maybe", "expected true or false"),
        ("items: [str]\nfacts: " + "x" * 8001, "expected at most 8000 characters"),
        ("items: [str]\nfacts: a\nfacts: b", "facts: the name stands twice, at line 2"),
        ("items: [str]\nfacts: &a b", "anchor"),
        ("items: [str]\nfacts: Case #5", "comment"),
        ('items: [str]\nfacts: "a\\u202eb"', "line 2, facts: expected visible text"),
        ("", "is empty"),
    ],
)
def test_mistake_is_told_in_plain_words(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_document(path, InformationRequest)
    assert says in caught.value.message
    assert "NoneType" not in caught.value.message
    assert "Tuple" not in caught.value.message


def test_list_with_a_wrong_code_is_not_told_to_be_short(tmp_path: Path) -> None:
    error = refused_document({"items": ["gossip"]})
    assert error.message.count("items") == 1


def test_every_mistake_of_a_document_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "request.yaml"
    path.write_text("items: [x, y]\nperiod: [1, 2]\nfcats: a\nfacts: ''\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_document(path, InformationRequest)
    for place in ("line 1, items.0", "line 1, items.1", "line 2, period.start", "line 4, facts"):
        assert place in caught.value.message


@pytest.mark.parametrize(
    "text", ["  spaces around  ", "line\nline\n", "№ 0012", "é and e\u0301", "\ta", "a\r\nb"]
)
def test_text_arrives_character_for_character(text: str) -> None:
    brief = validate_document({"summary": text}, Brief)
    assert parse_brief(brief.to_json()).summary == text


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\u200bb", "a\ufffdb", f"a{HALF}b"])
def test_text_that_deceives_is_refused_when_written_and_read_when_sealed(text: str) -> None:
    with pytest.raises(InvalidInput, match="summary: expected"):
        validate_document({"summary": text}, Brief)
    sealed = json.dumps({"document": "brief", "summary": text}).encode()
    if HALF in text:
        with pytest.raises(InvalidInput, match="UTF-8"):
            parse_brief(sealed)
    else:
        assert parse_brief(sealed).summary == text


def test_sealed_document_that_names_a_field_twice_is_refused() -> None:
    for parse, data in (
        (parse_brief, b'{"document": "brief", "summary": "a", "summary": "b"}'),
        (parse_content, b'{"document": "reply", "text": "a", "text": "b"}'),
    ):
        with pytest.raises(InvalidInput, match="expected each field once"):
            parse(data)


def test_error_of_a_document_built_by_a_program_does_not_repeat_it() -> None:
    with pytest.raises(InvalidInput, match="U\\+0000") as caught:
        Brief(summary=f"{SECRET}\x00")
    assert SECRET not in str(caught.value)


def test_notes_of_an_import_are_bounded_and_the_rest_counted() -> None:
    brief = with_import_notes(Brief(summary="-", import_notes=("own",)), tuple("abc"))
    assert brief.import_notes == ("own", "a", "b", "c")
    many = with_import_notes(brief, tuple(f"note {number}" for number in range(100)))
    assert len(many.import_notes) == 50
    assert many.import_notes[-1] == "and 55 more notes"
    assert parse_brief(many.to_json()) == many


def test_codes_and_references_of_two_scripts_are_warned_of() -> None:
    brief = Brief(summary="SWIFT-код", registration_number="ERDR-СРС-1", offences=("297", "Х1-A"))
    assert [*look_alikes(brief)] == [
        "offences: Cyrillic and Latin letters in one word: U+0425",
        "registration_number: Cyrillic and Latin letters in one word: U+0421, U+0420",
    ]


@pytest.mark.parametrize("signs", ["-", "...", " – ", "?!"])
@pytest.mark.parametrize("field", ["summary", "urgency_reason", "handling_restrictions"])
def test_signs_alone_are_no_words_in_a_file_of_a_person(
    tmp_path: Path, field: str, signs: str
) -> None:
    path = tmp_path / "brief.json"
    fields = {"summary": "Вымышлено", field: signs}
    path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(InvalidInput, match=f"{field}: expected words, got signs alone"):
        load_document(path, Brief)
    path.write_text(json.dumps({"brief": fields}), encoding="utf-8")
    with pytest.raises(InvalidInput, match="expected words, got signs alone"):
        read_input_document(path, Brief)
    # What another agency sealed is shown as it is.
    assert parse_brief(json.dumps({"document": "brief", **fields}).encode()).summary
