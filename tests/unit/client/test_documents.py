"""Documents: what is accepted, and what an error tells, and does not tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.documents import (
    AnalysisRequest,
    Brief,
    InformationRequest,
    Item,
    ReplyDocument,
    load_document,
    parse_brief,
    parse_content,
    validate_document,
)
from exchange_protocol.errors import InvalidInput, Reason
from tests.support.refusals import reason_or_none

SECRET = "Тайный Т. Т. (вымышлен)"


def refused(fields: dict[str, Any]) -> InvalidInput:
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
    error = refused(fields)
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
    error = refused({"items": [SECRET], "facts": [SECRET], "period": SECRET, SECRET[:5]: 1})
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
