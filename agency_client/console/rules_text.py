"""The policy's own text, rule by rule: what a ruling cites, as it stands on the log.

A rule may say in annotations what it means, in the reader's language: `@en("...")`, `@ru("...")`,
`@kk("...")`. They are part of the text that the operator signed. Unseen characters in it are
shown: an approver reads it before a signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agency_client.presentation.visible import mark_hidden
from exchange_protocol.kinds.codes import Language

HOLDING_ACTIONS: Final = ("ReleaseOnOneApproval", "ReleaseOnTwoApprovals")
"""The questions that a policy is asked about approvals."""
_PIECES: Final = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^"/;]+|/')
_ANNOTATION: Final = re.compile(r'@([a-z]+)\(\s*"((?:\\.|[^"\\])*)"\s*\)', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:x([0-7][0-9a-fA-F])|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
"""The escapes of Cedar's strings, which are not those of JSON."""
_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_SURROGATES: Final = range(0xD800, 0xE000)
_MOST: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy."""

    id: str
    text: str
    """Its text, with its annotations, as it was published."""
    meanings: dict[str, str]

    @property
    def holds(self) -> bool:
        """True if it says how many approvals are needed."""
        return any(f'"{action}"' in self.text for action in HOLDING_ACTIONS)

    def meaning(self, language: Language) -> str:
        """The meaning of the rule, in its own words; empty if it gives none."""
        return self.meanings.get(language.name.lower(), self.meanings.get("en", ""))


@lru_cache(maxsize=8)
def rules(policy: str) -> dict[str, Rule]:
    """The rules of a policy, by their ids."""
    found = {}
    for text in _statements(policy):
        notes = {name: _unescaped(value) for name, value in _ANNOTATION.findall(text)}
        if "id" in notes:
            shown = {name: mark_hidden(value) for name, value in notes.items()}
            found[notes["id"]] = Rule(notes["id"], mark_hidden(text), shown)
    return found


def _unescaped(value: str) -> str:
    """The text of a string of Cedar; an escape that it does not know stays as it is written."""
    return _ESCAPE.sub(_character, value)


def _character(escape: re.Match[str]) -> str:
    two, many, one = escape.groups()
    if one is not None:
        return _SHORT.get(one, one if one in "\\\"'*" else escape[0])
    number = int(two or many, 16)
    return escape[0] if number in _SURROGATES or number > _MOST else chr(number)


def _statements(policy: str) -> Iterator[str]:
    """Each rule from its first annotation to its semicolon, without the comments around."""
    text = ""
    for piece in _PIECES.findall(policy):
        if piece.startswith("//"):
            continue
        text += piece
        if piece == ";":
            yield text.strip()
            text = ""
