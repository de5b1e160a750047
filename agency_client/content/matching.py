"""Compare subjects with records of one's own: by what they meet, and how much that says.

Records are found by keys (`keys_of`), so that nothing is compared with everything; then each pair
is judged by the rules below, and each match says its reason.

    EXACT      the same identifier, or the same account
    STRONG     the same name and the same full date of birth or foundation; the same contact
    POSSIBLE   the same name, or a similar one, where no date says otherwise

Rules of this module:

- Numbers are compared without spaces and signs (`folding.number_key`); shorter ones than five
  characters say nothing.
- Names are compared by folded keys, in any script and order. Words that say the form of a company
  (ТОО, LLP) do not count. A person's name may lack the patronymic of the other's.
- A similar name differs by few letters: each word by one edit in four letters at most. It is looked
  for among names with the same consonants, so a wrong, missing or other vowel is found, and of
  consonants what folding makes one. A similar name is never more than possible.
- Dates that contradict each other rule a match by name out; a date that gives the year alone agrees
  with every day of it, and makes no match strong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import combinations
from typing import Final, NamedTuple

from agency_client.content.entity import Entity
from agency_client.content.folding import number_key, word_keys
from agency_client.content.search_terms import ACCOUNTS, CONTACTS, IDENTIFIERS

NAMES: Final = ("name", "alias", "previousName", "weakAlias")
_LEAST_NUMBER: Final = 5
_FULL_DATE: Final = 10
_LEAST_BONES: Final = 5
"""Shorter keys of consonants would meet too many names."""
_LETTERS_AN_EDIT: Final = 4
_VOWELS: Final = re.compile("[aeiou]")
_MOST_WORDS: Final = 6
_MOST_VALUES: Final = 50
"""Values of one property that are compared."""
_PERSONS: Final = frozenset({"Person", "LegalEntity"})
_COMPANIES: Final = frozenset({"Company", "Organization", "PublicBody", "LegalEntity"})
_GROUPS: Final = {"i": IDENTIFIERS, "a": ACCOUNTS, "c": CONTACTS}
"""The first letter of a key, and the properties that it may be of."""


class Score(IntEnum):
    """The weight of a match."""

    POSSIBLE = 1
    STRONG = 2
    EXACT = 3


class Record(NamedTuple):
    """The values of an entity that are compared under one key."""

    key: str
    prop: str
    """The property that the key is of."""
    value: str
    entity_id: str
    schema: str
    caption: str
    dates: tuple[str, ...]
    """Dates of birth or foundation."""


class MatchReason(NamedTuple):
    """The reason of a match: the property and value of each record, and the date that both have."""

    score: Score
    prop: str
    value: str
    own_prop: str
    own_value: str
    date: str = ""
    edits: int = 0
    """Letters by which similar names differ; 0 for names that are the same."""


def records(entity: Entity) -> Iterator[Record]:
    """The keys of an entity by which it is found, each with the value that is compared."""
    properties, schema = entity["properties"], entity["schema"]
    names = [value for name in NAMES for value in properties.get(name, ())[:_MOST_VALUES]]
    dates = (*properties.get("birthDate", ()), *properties.get("incorporationDate", ()))
    caption = names[0] if names else next(_numbers(entity), ("", "", entity["id"]))[2]
    beside = (entity["id"], schema, caption, dates)
    for group, prop, value in _numbers(entity):
        yield Record(f"{group}:{number_key(value)}", prop, value, *beside)
    for name in NAMES:
        for value in properties.get(name, ())[:_MOST_VALUES]:
            for key in dict.fromkeys(_name_keys(value, schema)):
                yield Record(f"n:{key}", name, value, *beside)
            for key in dict.fromkeys(_consonants_of(value, schema)):
                yield Record(f"f:{key}", name, value, *beside)


def compare(subject: Record, own: Record) -> MatchReason | None:
    """Judge two records of one key; None if they do not match after all."""
    pair = (subject.prop, subject.value, own.prop, own.value)
    group = subject.key[0]
    if group in ("i", "a"):
        return MatchReason(Score.EXACT, *pair)
    if group == "c":
        return MatchReason(Score.STRONG, *pair)
    if not _same_sort(subject.schema, own.schema):
        return None
    edits, is_same = 0, _same_name(subject, own)
    if group == "f":
        found = None if is_same else _similar(subject, own)
        if found is None:
            return None
        edits = found
    elif not is_same:
        return None
    if not subject.dates or not own.dates:
        return MatchReason(Score.POSSIBLE, *pair, edits=edits)
    agreeing = [
        min(one, other, key=len)
        for one in subject.dates
        for other in own.dates
        if one.startswith(other) or other.startswith(one)
    ]
    if not agreeing:
        return None
    date = max(agreeing, key=len)
    is_strong = len(date) >= _FULL_DATE and not edits
    return MatchReason(Score.STRONG if is_strong else Score.POSSIBLE, *pair, date, edits)


def _numbers(entity: Entity) -> Iterator[tuple[str, str, str]]:
    for group, names in _GROUPS.items():
        for prop, values in entity["properties"].items():
            if prop in names:
                for value in values[:_MOST_VALUES]:
                    if len(number_key(value)) >= _LEAST_NUMBER:
                        yield group, prop, value


def _name_keys(text: str, schema: str) -> Iterator[str]:
    """Keys under which a name meets others: each pair of its words, or its one word."""
    for words in _spellings(_plain(text, schema)):
        if len(words) < 2:
            yield from words
        elif schema in _COMPANIES:
            yield " ".join(words)
        if len(words) > 1 and schema not in _COMPANIES - _PERSONS:
            for one, other in combinations(words[:_MOST_WORDS], 2):
                yield f"{one} {other}"


def _consonants_of(text: str, schema: str) -> Iterator[str]:
    """Keys under which a name meets similar ones: those of `_name_keys` without their vowels."""
    for key in _name_keys(text, schema):
        bones = " ".join(sorted(_bones(word) for word in key.split()))
        if len(bones) >= _LEAST_BONES:
            yield bones


def _bones(word: str) -> str:
    """The consonants of a word; a vowel at its beginning counts as any."""
    rest = _VOWELS.sub("", word[1:])
    return ("a" if _VOWELS.match(word) else word[0]) + rest


def _similar(subject: Record, own: Record) -> int | None:
    """The letters by which two names differ, if these are few; None otherwise."""
    from rigour.text.distance import levenshtein

    least: int | None = None
    for one in _spellings(_plain(subject.value, subject.schema)):
        for other in _spellings(_plain(own.value, own.schema)):
            fewer, more = sorted((one, other), key=len)
            if len(fewer) != len(more) and "Person" not in (subject.schema, own.schema):
                continue
            if len(fewer) < 2 < len(more):
                continue
            left, edits = list(more), 0
            for word in fewer:
                by, near = min((levenshtein(word, each), each) for each in left)
                if by > max(len(word), len(near)) // _LETTERS_AN_EDIT:
                    break
                left.remove(near)
                edits += by
            else:
                least = edits if least is None else min(least, edits)
    return least


def _spellings(text: str) -> Iterator[tuple[str, ...]]:
    """The words of a name as sorted keys; once more for letters that stand for two sounds."""
    keys = word_keys(text)
    for variant in range(max((len(each) for each in keys), default=0)):
        yield tuple(sorted({each[min(variant, len(each) - 1)] for each in keys}))


def _plain(text: str, schema: str) -> str:
    """A name without the words for the form of a company."""
    if schema == "Person":
        return text
    from rigour.names import remove_org_types

    return remove_org_types(text.casefold()).strip() or text


def _same_name(subject: Record, own: Record) -> bool:
    """True if the words of one name are among those of the other; of a company, all of them."""
    for one in _spellings(_plain(subject.value, subject.schema)):
        for other in _spellings(_plain(own.value, own.schema)):
            first, second = set(one), set(other)
            if first == second:
                return True
            is_person = "Person" in (subject.schema, own.schema)
            if is_person and min(len(first), len(second)) > 1 and _is_part(first, second):
                return True
    return False


def _is_part(one: set[str], other: set[str]) -> bool:
    return one <= other or other <= one


def _same_sort(one: str, other: str) -> bool:
    both = {one, other}
    return one == other or both <= _PERSONS or both <= _COMPANIES


def best(reasons: Iterable[MatchReason]) -> list[MatchReason]:
    """The reasons of one match, the strongest first, each pair of values once."""
    kept: dict[tuple[str, str], MatchReason] = {}
    for each in sorted(reasons, key=lambda reason: -reason.score):
        kept.setdefault((each.value, each.own_value), each)
    return list(kept.values())
