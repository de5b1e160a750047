"""The words of a command line before it is read: none of them is empty."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

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
