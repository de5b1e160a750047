"""Templates to pages.

Everything that goes into a page is escaped. Text of others is passed through `visible` before, by
`presentation`; what a template shows without it is the console's own, or a code. Templates hold no
words: they ask for them by name (`words.TITLE`).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from agency_client.console.days import parts_of_day
from agency_client.console.words import Word
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.numbers import Count, filled
from agency_client.presentation.visible import mark_hidden
from agency_client.presentation.words import say
from exchange_protocol.kinds.codes import Language

_HERE: Final = Path(__file__).parent
STATIC_FOLDER: Final = _HERE / "static"
LANGUAGE_TAGS: Final = {Language.EN: "en", Language.RU: "ru", Language.KK: "kk"}


class Phrase(str):
    """A word or a phrase of one language; its places are filled as the language writes numbers."""

    _language: Language

    def __new__(cls, said: str, language: Language) -> Phrase:
        """Make a phrase of a language."""
        made = super().__new__(cls, said)
        made._language = language
        return made

    def format(self, **values: object) -> str:  # type: ignore[override]
        """Fill the places."""
        return filled(self, self._language, values)


class Said:
    """The words of the console and of the presentation in one language, by name."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __getattr__(self, name: str) -> Phrase:
        return self[name]

    def count(self, number: int) -> str:
        """A number that counts something, as this language writes numbers."""
        return f"{Count(number, self._language)}"

    def size(self, number: int) -> str:
        """A number of bytes, as this language writes numbers."""
        return self["NUMBER_BYTES"].format(number=number)

    def __getitem__(self, name: str) -> Phrase:
        found = Word[name].value if name in Word.__members__ else Label[name].value
        return Phrase(say(found, self._language), self._language)


@cache
def environment() -> Environment:
    """The templates, compiled once."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["begun"] = begun
    made.filters["shown"] = mark_hidden
    made.filters["agency_name"] = agency_name
    made.filters["timed"] = timed
    made.filters["parts_of_day"] = parts_of_day
    return made


def compile_templates() -> None:
    """Compile every template now: the first pages of a person would wait a tenth of a second."""
    made = environment()
    for name in made.list_templates(extensions=["html"]):
        made.get_template(name)


def agency_name(agency: str, locale: Locale) -> str:
    """An agency by its id and name."""
    return locale.agency(agency)


def timed(text: str) -> Markup:
    """A text in which no line breaks within a time."""
    return Markup(_TIME.sub(r'<span class="console-time">\g<0></span>', str(escape(text))))  # noqa: S704 - it is escaped


_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{5,8})?( [+-][0-9]{2,4}\b| UTC\b)?")


def begun(text: str) -> str:
    """A text as the beginning of a line: its first letter is a capital one."""
    return text[:1].upper() + text[1:]


@cache
def static_version() -> str:
    """A digest of all static files; it stands in their addresses, so they may be kept."""
    whole = hashlib.sha256()
    for path in sorted(STATIC_FOLDER.rglob("*")):
        if path.is_file():
            whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def render(template: str, language: Language, **values: Any) -> str:
    """A page in one language."""
    return (
        environment()
        .get_template(template)
        .render(
            words=Said(language),
            language=LANGUAGE_TAGS[language],
            static=f"/static/{static_version()}",
            **values,
        )
    )
