"""The words of a command line before it is read: none is empty, none says a thing twice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

_EMPTY: Final = re.compile(r"(?:(?P<option>--[a-z][a-z0-9-]*)=)?\s*")
_MOST_SHOWN: Final = 64


def empty_argument(arguments: Iterable[str], texts: Collection[str] = ()) -> str | None:
    """Say which argument is empty; None if none is.

    A script gives one where its variable is not set. As a path it would be the folder that the
    command runs in, as a profile another one.

    Args:
        texts: options whose value may be empty, such as a reason: what becomes of it is judged.
    """
    before = ""
    for text in arguments:
        if found := _EMPTY.fullmatch(text):
            word = found["option"] or before
            after = f" after {word[:_MOST_SHOWN]!r}" if word else ""
            if word not in texts:
                return (
                    f"expected a value{after}, got an empty one: is a variable of a script not "
                    "set? Give a value, or leave it out"
                )
        before = text
    return None


def repeated_option(command: Any, arguments: Sequence[str]) -> str | None:
    """Say which option is given twice though it takes one value; None if none is.

    The reader of command lines takes the last value in silence, of `--tlp red --tlp green` the
    weaker one.

    Args:
        command: a command of typer, or a group of them.
    """
    words = list(arguments)
    while words and words[0] != "--":
        seen: set[str] = set()
        for option in _options(command, words):
            if option in seen:
                return f"expected {option} once, got it twice: give one of the two values"
            seen.add(option)
        below = getattr(command, "commands", {}).get(words[0]) if words else None
        if below is None:
            return None
        command, words = below, words[1:]
    return None


def _options(command: Any, words: list[str]) -> Iterator[str]:
    """The options with one value, each by its first name; of a group those before its command.

    The words that are looked at are taken away, up to the command of a group.
    """
    known = {name: each for each in command.params for name in each.opts if name[:1] == "-"}
    is_group = hasattr(command, "commands")
    while words and words[0] != "--" and not (is_group and words[0][:1] != "-"):
        name, has_value, _ = words.pop(0).partition("=")
        if name[:2] != "--" and name[:1] == "-" and len(name) > 2:
            name, has_value = name[:2], "="  # -oFILE
        option = known.get(name)
        if option is None or option.is_flag or option.count:
            continue
        if not has_value and words:
            words.pop(0)
        if not option.multiple:
            yield str(option.opts[0])
