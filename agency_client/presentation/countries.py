"""The names of the member states of the Centre; other countries are shown by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agency_client.presentation.locale import Locale
from exchange_protocol.words import Words

COUNTRIES: Final[Mapping[str, Words]] = {
    "AZ": Words("Azerbaijan", "Азербайджан", "Әзербайжан"),
    "KG": Words("Kyrgyzstan", "Кыргызстан", "Қырғызстан"),
    "KZ": Words("Kazakhstan", "Казахстан", "Қазақстан"),
    "RU": Words("Russia", "Россия", "Ресей"),
    "TJ": Words("Tajikistan", "Таджикистан", "Тәжікстан"),
    "TM": Words("Turkmenistan", "Туркменистан", "Түрікменстан"),
    "UZ": Words("Uzbekistan", "Узбекистан", "Өзбекстан"),
    "INT": Words("international", "международный", "халықаралық"),
}
"""Names by the code of ISO 3166, and by the one of statistics for an agency of no country."""


def country(code: str, locale: Locale) -> str:
    """A country by its name, or by its code where it is none of these."""
    words = COUNTRIES.get(code.upper())
    return locale.say(words) if words else locale.one_line(code)
