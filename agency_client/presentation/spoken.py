"""Messages of errors as officers read them: words and commands in place of names of the contract.

A message is written once, for programs and for people. For people the raw names in it are replaced:
kinds, states of legs and members by their words, and what is allowed on a leg by the commands that
say it. The language stays English, as that of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from agency_client.presentation.exchanges import who
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.presentation.steps import commands_of, state_words
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language, LegState, Purpose
from exchange_protocol.trust.identity import parse_member
from exchange_protocol.words import Code

_ENGLISH: Final = Locale(Language.EN)
_MEMBER: Final = re.compile(r"spiffe://[\w./-]*\w", re.ASCII)
_KINDS: Final = {kind.value: kind for kind in Kind}
_ALONE: Final = r"(?<![\w./-])({})(?![\w/-]|\.\w)"
"""A word by itself, and not a part of a file's path."""
_KIND: Final = re.compile(_ALONE.format("|".join(each for each in _KINDS if "_" in each)), re.ASCII)
"""Names that are no English words, alone."""
_CODES: Final[Mapping[str, Code]] = {**Purpose.__members__, **LegState.__members__}
_CODE: Final = re.compile(_ALONE.format("|".join(_CODES)), re.ASCII)
_SAID: Final = r"(\w+)(?: \((\w+)\))?"
_NOT_ALLOWED: Final = re.compile(
    rf"{_SAID} by the \w+ is not allowed on a leg of (\w+) that is (\w+); "
    r"allowed there: ((?:\w+(?: \(\w+\))?(?:, )?)+)",
    re.ASCII,
)
_NOTHING: Final = "nothing"


def spoken(message: str) -> str:
    """A message with words of people for the raw names in it."""
    message = _NOT_ALLOWED.sub(_out_of_order, message)
    message = _MEMBER.sub(_member, message)
    message = _KIND.sub(lambda found: _ENGLISH.say(_KINDS[found[1]].spec.words), message)
    return _CODE.sub(lambda found: _ENGLISH.say(_CODES[found[1]]), message)


def possible_words(error: Exception, locale: Locale) -> str:
    """The commands that are possible instead, in words; empty where an error names none."""
    if not isinstance(error, ExchangeError) or error.reason is not Reason.OUT_OF_ORDER:
        return ""
    found = _NOT_ALLOWED.search(error.message)
    possible = list(_commands(found[5])) if found else []
    return locale.say(Label.POSSIBLE_NOW, commands=", ".join(possible)) if possible else ""


def _out_of_order(found: re.Match[str]) -> str:
    name, code, kind, state, allowed = found.groups()
    if kind not in _KINDS or state not in LegState.__members__:
        return found[0]
    said = ", ".join(commands_of(name, code)) or name
    is_now = _ENGLISH.say(state_words(_KINDS[kind], LegState[state]))
    possible = ", ".join(_commands(allowed)) or _NOTHING
    return f"{said} is not possible on a leg that is: {is_now}; possible there: {possible}"


def _commands(allowed: str) -> Iterator[str]:
    """The commands of a list of kinds with their codes, each once."""
    found: dict[str, None] = {}
    for name, code in re.findall(_SAID, allowed):
        found |= dict.fromkeys(commands_of(name, code or None))
    yield from found


def _member(found: re.Match[str]) -> str:
    try:
        return who(parse_member(found[0]), _ENGLISH)
    except ExchangeError:
        return found[0]  # A hub, or no member at all.
