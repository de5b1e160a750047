"""Findings of a check of a database: of each kind the first, and how many there are."""

from __future__ import annotations

from dataclasses import replace

from exchange_server.ledger.values import Finding


class Findings:
    """The first finding of each kind, and how many there are."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(self, what: str, where: object, detail: str) -> None:
        """Take one more finding of a kind; only of the first are the place and the detail kept."""
        known = self._found.get(what)
        if known is None:
            self._found[what] = Finding(what, str(where), 1, detail)
        else:
            self._found[what] = replace(known, count=known.count + 1)

    def all(self) -> tuple[Finding, ...]:
        """Give one finding of each kind, in the order in which they were found."""
        return tuple(self._found.values())
