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
_DIRECTORY: Final = Section("/directory", "AGENCIES", "d")
_OFFICER: Final = (
    Section("/work", "WORK", "1"),
    Section("/inbox", "INBOX", "2"),
    Section("/sent", "SENT_LIST", "3"),
    Section("/supervised", "SUPERVISED", "4"),
    Section("/due", "DUE_LIST", "5"),
    Section("/cases", "CASES", "6"),
    Section("/drafts", "DRAFTS", "7"),
    Section("/outbox", "OUTBOX", "8"),
    Section("/holdings", "HOLDINGS", "9"),
    _DIRECTORY,
    _HOME,
)
_APPROVER: Final = (
    _QUEUE,
    Section("/supervised", "SUPERVISED", "2"),
    Section("/outbox", "OUTBOX", "3"),
    _DIRECTORY,
    _HOME,
)
_SECTIONS: Final[dict[Role, tuple[Section, ...]]] = {
    Role.COORDINATOR: _APPROVER,
    Role.AUTHORISER: _APPROVER,
    Role.AUDITOR: (
        Section("/audit", "AUDIT", "1"),
        Section("/log", "LOG_PAGE", "2"),
        Section("/rules", "RULES_PAGE", "3"),
        _DIRECTORY,
        _HOME,
    ),
    Role.OFFICER: _OFFICER,
    Role.SYSTEM: _OFFICER,
}

APPROVERS: Final = frozenset(role for role, sections in _SECTIONS.items() if sections[0] is _QUEUE)
"""The roles that begin with the queue."""
OFFICERS: Final = frozenset(role for role, sections in _SECTIONS.items() if sections is _OFFICER)
"""The roles to whose agency exchanges are addressed."""


def menu(role: Role) -> tuple[Section, ...]:
    """The sections for a role; the first is where the person begins."""
    return _SECTIONS.get(role, (_HOME, _DIRECTORY))
