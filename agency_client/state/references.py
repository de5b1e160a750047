"""The index of references: names and summaries of exchanges, and what was just sent.

The hub knows no reference and no summary, so lists of its would show ids alone. The index keeps
them where this profile sent or opened a statement. It holds sealed content, so it is on disk only
sealed to the agency's own key (`sealed_file`). A profile that has no such key keeps no index.

Rules of this module:

- It is a cache: what does not open or parse is forgotten. It comes back when an exchange is opened.
- An erased exchange is forgotten here too (`forget`).
- One process at a time changes it; each change replaces the file `state/index`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from agency_client.state.keys import Vault
from agency_client.state.sealed_file import SealedFile
from exchange_files import locked, make_folder
from exchange_protocol.errors import ExchangeError

_MOST_SUMMARY: Final = 200
_REMEMBERS: Final = timedelta(minutes=15)
"""The time for which a sent statement is known, so that sending it again is noticed."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The names of an exchange, and its summary."""

    own: str = ""
    """The reference that one's own agency gave it."""
    theirs: str = ""
    """The reference of the other agency."""
    summary: str = ""
    """The beginning of the initial statement's summary."""

    @property
    def shown(self) -> str:
        """The reference to show: one's own, else the other's."""
        return self.own or self.theirs

    def matches(self, text: str) -> bool:
        """True if a text stands in it, in any case."""
        wanted = text.casefold()
        return any(wanted in each.casefold() for each in (self.own, self.theirs, self.summary))


@dataclass(frozen=True, slots=True)
class Earlier:
    """A statement that was sent a short time ago."""

    digest: str
    """SHA-256 of what was said and to whom, hex."""
    statement_id: str
    exchange_id: str
    at: datetime


@dataclass(slots=True)
class _Index:
    references: dict[str, Reference] = field(default_factory=dict)
    earlier: list[Earlier] = field(default_factory=list)


class ReferenceIndex:
    """The index of one profile."""

    def __init__(self, state: Path, vault: Vault) -> None:
        self._state = state
        self._file = SealedFile(state / "index", vault, "index")
        self._vault = vault

    def references(self) -> Mapping[str, Reference]:
        """The references that are known, by the id of the exchange."""
        return self._read().references

    def note(self, exchange_id: str, known: Reference) -> None:
        """Keep what is known of an exchange; what is empty leaves what was known before."""
        if known == Reference():
            return

        def change(index: _Index) -> bool:
            old = index.references.get(exchange_id, Reference())
            new = Reference(
                known.own or old.own,
                known.theirs or old.theirs,
                known.summary[:_MOST_SUMMARY] or old.summary,
            )
            index.references[exchange_id] = new
            return new != old

        self._change(change)

    def forget(self, exchange_ids: Iterable[str]) -> None:
        """Forget exchanges whose content was erased."""
        gone = set(exchange_ids)
        if gone and gone & self.references().keys():
            self._change(
                lambda index: bool([index.references.pop(each, None) for each in sorted(gone)])
            )

    def find_earlier(self, digest: str, now: datetime) -> Earlier | None:
        """The same statement, if it was sent a short time ago."""
        found = [each for each in self._read().earlier if _is_fresh(each, now)]
        return next((each for each in reversed(found) if each.digest == digest), None)

    def note_sent(self, sent: Earlier) -> None:
        """Keep that a statement was sent."""

        def change(index: _Index) -> bool:
            index.earlier = [each for each in index.earlier if _is_fresh(each, sent.at)]
            index.earlier.append(sent)
            return True

        self._change(change)

    def forget_withdrawn(self, statement_id: str) -> None:
        """Forget a statement that was taken back, and the exchange that it was to open."""

        def change(index: _Index) -> bool:
            index.earlier = [each for each in index.earlier if each.statement_id != statement_id]
            # An exchange has the id of the statement that opens it.
            index.references.pop(statement_id, None)
            return True

        self._change(change)

    def _change(self, change: Callable[[_Index], bool]) -> None:
        if self._vault.newest_key_id is None:
            return
        make_folder(self._state)
        with locked(self._state / ".index.lock"):
            index = self._read()
            if change(index):
                self._file.write(_encode(index))

    def _read(self) -> _Index:
        try:
            opened = self._file.read()
            return _Index() if opened is None else _decode(json.loads(opened))
        except (ExchangeError, ValueError, KeyError, TypeError, AttributeError):
            # A cache that another key closed, or a disk damaged: it comes back by itself.
            return _Index()


def _is_fresh(sent: Earlier, now: datetime) -> bool:
    return abs(now - sent.at) < _REMEMBERS


def _encode(index: _Index) -> bytes:
    document = {
        "references": {name: asdict(each) for name, each in index.references.items()},
        "earlier": [asdict(each) | {"at": each.at.isoformat()} for each in index.earlier],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _decode(document: Any) -> _Index:
    return _Index(
        {name: Reference(**each) for name, each in document["references"].items()},
        [
            replace(Earlier(**each), at=datetime.fromisoformat(each["at"]))
            for each in document["earlier"]
        ],
    )
