"""The policy's own text, rule by rule: what a ruling cites, as it stands on the log.

A rule may say in annotations what it means, in the reader's language: `@en("...")`, `@ru("...")`,
`@kk("...")`. They are part of the text that the operator signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from exchange_protocol.kinds.codes import Language

HOLDING_ACTIONS: Final = ("ReleaseOnOneApproval", "ReleaseOnTwoApprovals")
"""The questions that a policy is asked about approvals."""
_PIECES: Final = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^"/;]+|/')
_ANNOTATION: Final = re.compile(r'@([a-z]+)\(\s*("(?:\\.|[^"\\])*")\s*\)')


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
        notes = {name: str(json.loads(value)) for name, value in _ANNOTATION.findall(text)}
        if "id" in notes:
            found[notes["id"]] = Rule(notes["id"], text, notes)
    return found


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
