"""Refusals of casework in words: what was wrong with what a person asked for.

An error has a stable reason for programs and an English message with the particulars. For the
mistakes that people make in casework, these are the reason's words in their language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agency_client.presentation.words import say
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words

REFUSALS: Final[Mapping[Reason, Words]] = {
    Reason.EXPLANATION_MISSING: Words(
        "the ground is stated without words that explain it",
        "основание указано без пояснения",
        "негіз түсіндірмесіз көрсетілген",
    ),
    Reason.GROUND_NEVER_ALONE: Words(
        "FATF Recommendation 40 does not allow to refuse on this ground alone",
        "Рекомендация 40 ФАТФ не допускает отказа только по этому основанию",
        "ФАТФ-тың 40-ұсынымы тек осы негіз бойынша бас тартуға жол бермейді",
    ),
    Reason.RETURN_FIRST: Words(
        "first ask for what is missing, then refuse",
        "сначала верните запрос для уточнения",
        "алдымен нақтылауға қайтарыңыз",
    ),
    Reason.DUE_TIME_PAST: Words("the time is in the past", "срок в прошлом", "мерзім өтіп кеткен"),
    Reason.DUE_TIME_TOO_FAR: Words(
        "the time is too far ahead", "срок слишком далёк", "мерзім тым алыс"
    ),
    Reason.DUE_TIME_NOT_LATER: Words(
        "the new time is not later than the present one",
        "новый срок не позже нынешнего",
        "жаңа мерзім қазіргіден кеш емес",
    ),
    Reason.EXPIRY_PAST: Words(
        "the consent would end in the past",
        "согласие закончилось бы в прошлом",
        "келісім өтіп кеткен уақытта аяқталар еді",
    ),
    Reason.EXPIRY_TOO_FAR: Words(
        "the consent would last too long",
        "согласие действовало бы слишком долго",
        "келісім тым ұзақ күшінде болар еді",
    ),
    Reason.CONTRADICTORY: Words(
        "the statement contradicts itself",
        "заявление противоречит само себе",
        "мәлімдеме өзіне-өзі қайшы",
    ),
    Reason.CONSENT_NOT_LESS: Words(
        "a consent in part is for another purpose than was asked for",
        "частичное согласие даётся для иной цели, чем запрошено",
        "ішінара келісім сұралғаннан өзге мақсатқа беріледі",
    ),
    Reason.TIME_LIMIT_EXCEEDED: Words(
        "the time is longer than the published limit",
        "срок больше установленного предела",
        "мерзім белгіленген шектен асады",
    ),
    Reason.TIME_LIMIT_INVALID: Words(
        "the time of the rule is out of bounds",
        "срок правила вне допустимых пределов",
        "ереже мерзімі рұқсат етілген шектен тыс",
    ),
    Reason.TIME_LIMITS_CONTRADICT: Words(
        "the times of two rules contradict each other",
        "сроки двух правил противоречат друг другу",
        "екі ереженің мерзімдері бір-біріне қайшы",
    ),
    Reason.CALENDAR_DAY_IMPOSSIBLE: Words(
        "the calendar has a day that does not exist",
        "в календаре есть несуществующий день",
        "күнтізбеде жоқ күн бар",
    ),
    Reason.CALENDAR_DAY_TWICE: Words(
        "the calendar has a day twice", "день указан в календаре дважды", "күнтізбеде күн екі рет"
    ),
    Reason.CALENDAR_YEAR_INVALID: Words(
        "the calendar is of a year that cannot be",
        "календарь на недопустимый год",
        "күнтізбе жылы жарамсыз",
    ),
    Reason.COUNTRY_UNKNOWN: Words("no such country", "нет такой страны", "мұндай ел жоқ"),
    Reason.AGENCY_UNKNOWN: Words(
        "no such agency is enrolled", "такой орган не зарегистрирован", "мұндай орган тіркелмеген"
    ),
    Reason.AGENCY_TWICE: Words(
        "an agency is named twice", "орган назван дважды", "орган екі рет аталған"
    ),
    Reason.OWN_AGENCY_ADDRESSED: Words(
        "your own agency is among the recipients",
        "среди получателей ваш орган",
        "алушылар арасында өз органыңыз бар",
    ),
    Reason.NOT_THE_LEAD: Words(
        "the lead of the case alone may do so",
        "это может только ведущий орган дела",
        "мұны тек істі жүргізуші орган жасай алады",
    ),
    Reason.LEAD_INVITED: Words(
        "the lead cannot be a member too",
        "ведущий орган не может быть участником",
        "жүргізуші орган қатысушы бола алмайды",
    ),
    Reason.ALREADY_MEMBER: Words(
        "the agency is a member already", "орган уже участвует", "орган іске қатысып жүр"
    ),
    Reason.CONSENT_MISSING: Words(
        "the consent of its author is missing",
        "нет согласия автора сведений",
        "мәлімет авторының келісімі жоқ",
    ),
    Reason.PROVENANCE_CIRCULAR: Words(
        "the information would go back to its author",
        "сведения вернулись бы к их автору",
        "мәлімет өз авторына қайтар еді",
    ),
}
"""The reasons that have words; the others are for technicians, in English."""


def refusal_words(error: Exception, language: Language) -> str:
    """The reason of an error in words; empty where it has none."""
    words = REFUSALS.get(error.reason) if isinstance(error, ExchangeError) else None
    return say(words, language) if words else ""
