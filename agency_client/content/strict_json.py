"""JSON read strictly: a name stands once, and every error has its line.

Python's parser keeps the last of two values under one name, and a person who reads the file may see
the first. So both places of such a name are told.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from agency_client.content.fields import At, Place, dotted

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(data: bytes | str, *, line: int = 1) -> tuple[Any, str | None]:
    """Parse JSON strictly; gives the value and, where a name stands twice, both its places.

    Raises ValueError, whose text holds nothing of the content, if it is no JSON.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    try:
        try:
            return _STRICT.decode(text), None
        except _NameTwiceError:
            value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Unparsed(error.msg, error.lineno + line - 1, error.colno) from None
    except _ConstantError as error:
        name = str(error)
        found = _find(text, line, lambda word: word == name)
        raise Unparsed(f"{name} is no JSON", *found) from None
    except RecursionError:
        raise Unparsed("nested too deeply", *_deepest(text, line)) from None
    except ValueError:
        # Python makes no whole number of more digits than that.
        most = sys.get_int_max_str_digits()
        found = _find(text, line, lambda word: len(word.lstrip("-")) > most and "." not in word)
        raise Unparsed("a number is too long", *found) from None
    return value, "; ".join(
        f"{dotted(at)} stands twice, at {first} and at {second}"
        for at, first, second in _repeated(text, line)
    )


class Unparsed(ValueError):
    """A text that does not parse: what the parser says, and where."""

    def __init__(self, why: str, line: int, column: int) -> None:
        super().__init__(why)
        self.why = why
        self.lineno = line
        self.colno = column


class _ConstantError(Exception):
    """NaN or an infinity, which Python's parser would take."""


def _refuse_constant(name: str) -> Any:
    raise _ConstantError(name)


class _NameTwiceError(Exception):
    """An object of JSON has a name twice."""


def _once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(found)
    if len(made) != len(found):
        raise _NameTwiceError
    return made


# Made once: `json.loads` makes a decoder for each text, and a file has a text a line.
_STRICT: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant)


def json_places(text: str, line: int = 1) -> Iterator[tuple[At, Place, bool]]:
    """Every value of a JSON text that parses: where it is, its place, whether it has a name.

    The place of a value that has a name is that of the name.
    """
    path: list[str | int] = []
    kinds: list[str] = []
    expects_name = False
    for word, place in _tokens(text, line):
        if word in "}]":
            kinds.pop()
            path.pop()
            expects_name = False
        elif word == ",":
            expects_name = kinds[-1] == "{"
            if kinds[-1] == "[":
                path[-1] = int(path[-1]) + 1
        elif word == ":":
            expects_name = False
        elif expects_name:
            path[-1] = json.loads(word)
            yield tuple(path), place, True
        else:
            if not kinds or kinds[-1] == "[":
                yield tuple(path), place, False
            if word in "{[":
                kinds.append(word)
                path.append(0 if word == "[" else "")
                expects_name = word == "{"


def _tokens(text: str, line: int) -> Iterator[tuple[str, Place]]:
    """Give the words and signs of a JSON text, each with its place."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    row = 0
    for token in _TOKEN.finditer(text):
        while row + 1 < len(starts) and starts[row + 1] <= token.start():
            row += 1
        yield token[0], Place(row + line, token.start() - starts[row] + 1)


def _find(text: str, line: int, is_meant: Callable[[str], bool]) -> Place:
    """The place of the first word that is meant, which is no text in quotes."""
    words = (place for word, place in _tokens(text, line) if word[0] != '"' and is_meant(word))
    return next(words, Place(line, 1))


def _deepest(text: str, line: int) -> Place:
    """The place of the value that is nested most deeply."""
    depth, most, found = 0, 0, Place(line, 1)
    for word, place in _tokens(text, line):
        depth += (word in "{[") - (word in "}]")
        if depth > most:
            most, found = depth, place
    return found


def _repeated(text: str, line: int) -> Iterator[tuple[At, Place, Place]]:
    seen: dict[At, Place] = {}
    for at, place, named in json_places(text, line):
        if named and at in seen:
            yield at, seen[at], place
        seen.setdefault(at, place)
