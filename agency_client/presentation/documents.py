"""Briefs and contents, field by field, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from agency_client.content.documents import (
    Brief,
    CaseStage,
    ConsentWanted,
    ContentDocument,
    Item,
    Period,
)
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.places import note_in_words
from exchange_protocol.words import Words

FIELDS: Final[Mapping[str, Words]] = {
    "summary": Words("summary", "суть", "мазмұны"),
    "offences": Words("offences", "преступления", "қылмыстар"),
    "stage": Words("stage of the case", "стадия дела", "істің сатысы"),
    "registration_number": Words("registration number", "номер дела", "іс нөмірі"),
    "own_reference": Words("reference", "исходящий номер", "шығыс нөмірі"),
    "drug_nexus": Words(
        "link to drug crime", "связь с наркопреступностью", "есірткі қылмысымен байланысы"
    ),
    "reasons": Words("reasons", "обоснование", "негіздеме"),
    "link_to_requested_state": Words(
        "link to the requested state",
        "связь с запрашиваемым государством",
        "сұратылған мемлекетпен байланысы",
    ),
    "urgency_reason": Words("reason for urgency", "причина срочности", "шұғыл болу себебі"),
    "handling_restrictions": Words(
        "restrictions of handling", "ограничения в обращении", "пайдалану шектеулері"
    ),
    "question": Words("question", "вопрос", "сұрақ"),
    "explanation": Words("explanation", "пояснение", "түсіндірме"),
    "import_notes": Words("how a table was read", "как прочитана таблица", "кесте қалай оқылды"),
    "items": Words("information asked for", "запрошенные сведения", "сұратылған мәліметтер"),
    "period": Words("period", "период", "кезең"),
    "facts": Words("facts", "обстоятельства", "мән-жайлар"),
    "other_items": Words("other information", "иные сведения", "өзге мәліметтер"),
    "consent_wanted": Words(
        "consent wanted for", "нужно согласие на передачу", "беруге келісім қажет"
    ),
    "do_not_notify_subject": Words(
        "the subject must not learn of it",
        "не уведомлять проверяемое лицо",
        "тексерілетін тұлғаға хабарламау",
    ),
    "action_suggested": Words("suggested action", "предлагаемые меры", "ұсынылатын шаралар"),
    "questions": Words("questions", "вопросы", "сұрақтар"),
    "text": Words("text", "текст", "мәтін"),
    "expected_by": Words("the rest is expected by", "остальное ожидается к", "қалғаны күтіледі"),
    "title": Words("title", "название", "атауы"),
    "findings": Words("findings", "выводы", "тұжырымдар"),
    "recommendations": Words("recommendations", "рекомендации", "ұсынымдар"),
}
"""The name of every field of every document."""

STAGES: Final[Mapping[CaseStage, Words]] = {
    CaseStage.INTELLIGENCE: Words("intelligence", "оперативная проверка", "жедел тексеру"),
    CaseStage.PRE_TRIAL: Words(
        "pre-trial investigation", "досудебное расследование", "сотқа дейінгі тергеп-тексеру"
    ),
    CaseStage.TRIAL: Words("trial", "судебное разбирательство", "сот талқылауы"),
    CaseStage.CONFISCATION: Words("confiscation", "конфискация", "тәркілеу"),
}
ITEMS: Final[Mapping[Item, Words]] = {
    Item.ACCOUNT_IDENTIFICATION: Words("accounts", "счета", "шоттар"),
    Item.TRANSACTIONS: Words("transactions", "операции по счетам", "шоттар бойынша операциялар"),
    Item.STR: Words(
        "suspicious transaction reports",
        "сообщения о подозрительных операциях",
        "күдікті операциялар туралы хабарламалар",
    ),
    Item.BENEFICIAL_OWNER: Words(
        "beneficial owners", "бенефициарные владельцы", "бенефициарлық иелер"
    ),
    Item.REAL_ESTATE: Words("real estate", "недвижимость", "жылжымайтын мүлік"),
    Item.VEHICLE: Words("vehicles", "транспортные средства", "көлік құралдары"),
    Item.BORDER_CROSSING: Words("border crossings", "пересечения границы", "шекарадан өтулер"),
    Item.CASH_DECLARATION: Words(
        "cash declarations", "декларации наличных", "қолма-қол ақша декларациялары"
    ),
    Item.CRIMINAL_RECORD: Words("criminal records", "судимости", "соттылық"),
    Item.OTHER: Words("other", "иное", "өзге"),
}


PARTS: Final[Mapping[str, Words]] = {
    "brief": Words("brief", "краткое изложение", "қысқаша мазмұн"),
    "content": Words("content", "содержание", "мазмұн"),
    "entities": Words("entities", "лица и объекты", "тұлғалар мен объектілер"),
    "attachments": Words("attachments", "вложения", "қосымшалар"),
    "attachment": Words("attachment", "вложение", "қосымша"),
}
"""The parts of a statement that have words; another one is told by its name."""


def part_words(name: str, locale: Locale) -> str:
    """A part in words; parts that are numbered keep their number."""
    first, dot, number = name.partition(".")
    said = locale.say(PARTS[first]) if first in PARTS else locale.one_line(first)
    return f"{said}{dot}{locale.one_line(number)}"


def document_fields(document: Brief | ContentDocument, locale: Locale) -> Iterator[tuple[str, str]]:
    """The fields of a document that say something: name and value, in the document's order."""
    for name, value in document:
        if name == "document" or value in (None, ()) or _is_default(document, name, value):
            continue
        notes = [note_in_words(each, locale) for each in value] if name == "import_notes" else []
        yield locale.say(FIELDS[name]), "\n".join(notes) or value_text(value, locale)


def value_text(value: Any, locale: Locale) -> str:
    """One value of a document in words."""
    match value:
        case bool():
            return locale.say(Label.YES if value else Label.NO)
        case CaseStage():
            return locale.say(STAGES[value])
        case Item():
            return locale.say(ITEMS[value])
        case str():
            return locale.visible(value)
        case date():
            return value.isoformat()
        case Period():
            return locale.say(Label.PERIOD, start=value.start, end=value.end)
        case ConsentWanted():
            return f"{locale.one_line(value.authority)}: {locale.one_line(value.purpose)}"
        case tuple():
            texts = [value_text(each, locale) for each in value]
            # Codes stand in a row; sentences have a line each. Items are texts too, without spaces.
            is_long = any(isinstance(each, str) and " " in each for each in value)
            return ("\n" if is_long else ", ").join(texts)
        case _:
            raise TypeError(f"expected a value of a document, got {type(value).__name__}")


def _is_default(document: Brief | ContentDocument, name: str, value: Any) -> bool:
    return bool(type(document).model_fields[name].default == value)
