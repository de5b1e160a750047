"""Documents are shown in words: no JSON, no raw code, nothing that was not given."""

from __future__ import annotations

from agency_client.content.documents import (
    AnalysisRequest,
    Brief,
    ConsentWanted,
    InformationRequest,
    Item,
    ReplyDocument,
)
from agency_client.presentation.documents import document_fields
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language

EN, RU = Locale(), Locale(Language.RU)


def test_brief_is_told_in_words() -> None:
    brief = Brief(summary="Суть", offences=("297", "218"), stage="PRE_TRIAL")
    assert list(document_fields(brief, EN)) == [
        ("summary", "Суть"),
        ("offences", "297, 218"),
        ("stage of the case", "pre-trial investigation"),
    ]
    assert list(document_fields(brief, RU))[2] == ("стадия дела", "досудебное расследование")


def test_request_is_told_in_words() -> None:
    request = InformationRequest(
        items=(Item.ACCOUNT_IDENTIFICATION, Item.TRANSACTIONS),
        period=("2020-01-01", "2021-03-01"),
        consent_wanted=(ConsentWanted(authority="Суд", purpose="конфискация"),),
        do_not_notify_subject=False,
    )
    assert dict(document_fields(request, EN)) == {
        "information asked for": "accounts, transactions",
        "period": "2020-01-01 to 2021-03-01",
        "consent wanted for": "Суд: конфискация",
        "the subject must not learn of it": "no",
    }
    assert dict(document_fields(request, RU))["период"] == "с 2020-01-01 по 2021-03-01"


def test_sentences_have_a_line_each() -> None:
    request = AnalysisRequest(questions=("Кто платил?", "Кому платили?"))
    assert dict(document_fields(request, EN)) == {"questions": "Кто платил?\nКому платили?"}


def test_day_and_lines_of_text_stay_as_they_are() -> None:
    reply = ReplyDocument(text="Первая строка\nВторая", expected_by="2026-12-31")
    assert dict(document_fields(reply, EN)) == {
        "text": "Первая строка\nВторая",
        "the rest is expected by": "2026-12-31",
    }
