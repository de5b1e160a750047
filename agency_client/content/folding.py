"""Keys by which names and numbers are found, in whatever script and spelling they are written.

A key is for comparing and is never shown: what is kept and shown is the text as it was written.

Rules of this module:

- A Kazakh, Tajik, Uzbek or Kyrgyz letter folds to the one that Russian spelling puts in its place.
- Cyrillic and Latin fold to the same few Latin letters, so that the usual transliterations of a
  name (passports, Doc 9303, BGN, national alphabets) have one key: Юлия, Yuliya and Iuliia. Letters
  that differ by scheme alone become one, and doubled letters single.
- Two Latin letters stand for two sounds each, J (Jahongir, Julia) and X (Xasan, Xenia). A word with
  one of them has a key for each sound.
- Other scripts are transliterated by ICU first.
- Keys are coarse on purpose: different names may share one. The reader sees the texts themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from agency_client.content.characters import SHAPING

_WORD: Final = re.compile(r"[^\W_]+")
_SILENT: Final = re.compile(rf"['`´ʹʺʻʼʿʾ‘’′ʽ\u0300-\u036f{SHAPING}]")
"""Apostrophes, signs of softness, marks that a letter was parted from, and what shapes letters."""
_FOREIGN: Final = re.compile(r"[^\x00-\x7f\u0400-\u04ff]")

_BEFORE: Final[Mapping[int, str]] = str.maketrans(
    {
        "ә": "а", "ө": "о", "ү": "у", "ұ": "у", "қ": "к", "ң": "н", "ғ": "г", "һ": "х", "ҳ": "х",
        "ҷ": "дж", "җ": "дж", "і": "и", "є": "е", "ґ": "г", "ј": "й",
        "ž": "zh", "š": "sh", "č": "ch", "ş": "sh", "ç": "ch",
        "ə": "a", "ı": "i", "ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae",
    }
)  # fmt: skip
"""Letters that Unicode does not decompose, or not as people transliterate them."""
_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch",
    "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia",
}  # fmt: skip
_CYRILLIC_TABLE: Final = str.maketrans(_CYRILLIC)
_SCHEMES: Final = {
    "shch": "sc", "sch": "sc", "dzh": "j", "dj": "j", "zh": "j", "sh": "s", "tch": "c", "tz": "c",
    "ts": "c", "ch": "c", "kh": "h", "gh": "g", "ph": "f", "ck": "k", "ye": "e", "yo": "e",
    "ie": "e", "y": "i", "w": "v", "q": "k",
}  # fmt: skip
"""Spellings of one sound in the schemes of transliteration; longer ones come first."""
_SCHEME: Final = re.compile("|".join(_SCHEMES))
_DOUBLED: Final = re.compile(r"([^\W\d])\1+")
_TWO_SOUNDS: Final = {"j": ("zh", "y"), "x": ("kh", "ks")}
_LOOKS_LATIN: Final = str.maketrans("авекмнорстухі", "abekmhopctyxi")
"""Cyrillic letters that look like Latin ones, and are typed in numbers in their place."""


def name_keys(text: str) -> tuple[str, ...]:
    """The keys of the words of a text, without repetitions; none if it has no letter or digit."""
    return tuple(dict.fromkeys(key for keys in word_keys(text) for key in keys))


def word_keys(text: str) -> tuple[tuple[str, ...], ...]:
    """The keys of each word of a text."""
    return tuple(_word_keys(word) for word in _words(text))


def number_key(text: str) -> str:
    """The key of a number: of an account, a document, a case. Spaces and signs do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LOOKS_LATIN)
    return "".join(char for char in folded if char.isalnum())


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    folded = unicodedata.normalize("NFKD", folded.translate(_BEFORE))
    folded = _SILENT.sub("", folded).translate(_CYRILLIC_TABLE)
    if _FOREIGN.search(folded):
        folded = _SILENT.sub("", _latin(folded))
    return _WORD.findall(folded)


@lru_cache(maxsize=50_000)
def _word_keys(word: str) -> tuple[str, ...]:
    """The keys of a word in Latin letters."""
    spellings = [word]
    for letter, sounds in _TWO_SOUNDS.items():
        if letter in word:
            spellings = [each.replace(letter, sound) for each in spellings for sound in sounds]
    keys = (
        _DOUBLED.sub(r"\1", _SCHEME.sub(lambda found: _SCHEMES[found[0]], each))
        for each in spellings
    )
    # Letters that met only now, as in Aliyev and Aliev.
    return tuple(dict.fromkeys(each.replace("ie", "e") for each in keys))


def _latin(text: str) -> str:
    import icu

    return str(icu.Transliterator.createInstance("Any-Latin; Latin-ASCII").transliterate(text))
