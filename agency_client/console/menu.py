"""The sections of the console, by the role of the person."""

from __future__ import annotations

from typing import Final, NamedTuple

from exchange_protocol.trust.identity import Role


class Section(NamedTuple):
    """One section of the menu."""

    path: str
    word: str
    """The name of its word."""
    key: str = ""
    """The key that leads there."""


_QUEUE: Final = Section("/queue", "QUEUE", "1")
_HOME: Final = Section("/overview", "HOME", "0")
_SECTIONS: Final[dict[Role, tuple[Section, ...]]] = {
    Role.COORDINATOR: (_QUEUE, _HOME),
    Role.AUTHORISER: (_QUEUE, _HOME),
}


def menu(role: Role) -> tuple[Section, ...]:
    """The sections for a role; the first is where the person begins."""
    return _SECTIONS.get(role, (_HOME,))
