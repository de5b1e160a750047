"""The index of what a profile opened or sent: terms by which exchanges are found, sealed on disk.

    state/search/NN    up to 256 sealed files (`sealed_file`), a line of JSON for each exchange

Rules of this module:

- The last two digits of an exchange's id, which are random, name its file. So a change writes one
  small file, and a search holds one file at a time in memory.
- It is a cache: a file that does not open is forgotten, and comes back when exchanges are opened.
- An exchange that was erased or recalled is forgotten (`note` replaces, `forget` removes).
- A profile without a sealing key keeps no index.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from agency_client.content.arguments import checks_arguments
from agency_client.content.search_terms import MOST_TERMS, Query, SearchTerm, Where, queries
from agency_client.state.keys import Vault
from agency_client.state.sealed_file import SealedFile
from exchange_files import locked, make_folder, sweep_drafts
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.identity import AgencyId

MOST_FOUND: Final = 200
"""Exchanges that a search gives, the newest first."""
_MOST_HITS: Final = 10
"""Search terms that are told of one exchange."""
_MOST_WORDS: Final = 20
_DIGITS: Final = 2
_FILES: Final = tuple(f"{number:02x}" for number in range(256))


class SealedFrom(NamedTuple):
    """A part, and the agency that sealed it, so that passing it on is noticed."""

    sha256: str
    """Digest of its plaintext, hex."""
    statement: str
    """Digest of the statement that it came with, hex."""
    author: AgencyId
    onward: tuple[AgencyId, ...]
    """Agencies that the initiator named, to which it may be passed on without more ado."""


class PassedOn(NamedTuple):
    """A statement of another exchange that was passed on."""

    source: str
    """Its digest, hex."""
    author: AgencyId
    """The agency that passed it on."""
    recipients: tuple[AgencyId, ...]
    """To whom."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The texts that the index keeps of an exchange."""

    exchange_id: str
    kind: str
    """Name of the kind of its initial statement; empty where that was not shown."""
    initiator: AgencyId
    initiated_at: datetime
    terms: tuple[SearchTerm, ...]
    is_cut: bool
    """True if it has more terms than are kept."""
    parts: tuple[SealedFrom, ...] = ()
    """The files and entities that came with its statements."""
    recipients: tuple[AgencyId, ...] = ()
    """To whom its initial statement was addressed; empty where that was not shown."""
    passed_on: tuple[PassedOn, ...] = ()
    """The statements of others that were passed on in it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A text in which a word was found."""

    where: Where
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """An exchange in which all words were found."""

    exchange_id: str
    kind: str
    initiator: AgencyId
    initiated_at: datetime
    hits: tuple[Hit, ...]
    """Texts in which they were found, ten at the most."""
    recipients: tuple[AgencyId, ...] = ()
    """The agencies that it was addressed to, as far as the index knows."""

    @property
    def id(self) -> str:
        """The id of the exchange, so that `get` and `open` take what was found."""
        return self.exchange_id


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search."""

    found: tuple[Found, ...]
    """The newest first, up to `MOST_FOUND`."""
    count: int
    """The number of all that were found."""
    searched: int
    """The number of exchanges in the index; others were not searched."""
    cut: tuple[str, ...]
    """Ids of exchanges of which the index keeps not every term."""


@checks_arguments
class SearchIndex:
    """The search index of one profile."""

    def __init__(self, state: Path, vault: Vault) -> None:
        self._state = state
        self._folder = state / "search"
        self._vault = vault

    def note(self, exchange: Indexed) -> None:
        """Keep an exchange in the place of what was kept of it."""
        self._put(_encode(exchange))

    def add(self, exchanges: Iterable[Indexed]) -> None:
        """Keep exchanges, each together with the terms that were kept of it."""
        by_file: dict[str, list[Indexed]] = {}
        for each in exchanges:
            by_file.setdefault(each.exchange_id[-_DIGITS:], []).append(each)
        for name, added in by_file.items():
            self._change(name, lambda lines, added=added: _add(lines, added))  # type: ignore[misc]

    def _put(self, line: bytes) -> None:
        exchange_id = _id_of(line)

        def change(lines: dict[str, bytes]) -> bool:
            is_new = lines.get(exchange_id) != line
            lines[exchange_id] = line
            return is_new

        self._change(exchange_id[-_DIGITS:], change)

    def holds(self, exchange_id: str) -> bool:
        """True if an exchange is in the index."""
        return exchange_id in self._lines(exchange_id[-_DIGITS:])

    def forget(self, exchange_ids: Iterable[str]) -> None:
        """Forget exchanges; those that are not in the index stay out of it."""
        by_file: dict[str, set[str]] = {}
        for each in exchange_ids:
            by_file.setdefault(each[-_DIGITS:], set()).add(each)
        for name, gone in by_file.items():
            if self._lines(name).keys() & gone:
                self._change(name, lambda lines, gone=gone: _drop(lines, gone))  # type: ignore[misc]

    def search(self, words: str | Iterable[str]) -> SearchResult:
        """Find the exchanges that hold every word, each in some term of theirs.

        Raises:
            InvalidInput: INVALID_FIELD, if no letter or digit is searched, or too many words.
        """
        wanted = queries([words] if isinstance(words, str) else words)
        if not 0 < len(wanted) <= _MOST_WORDS:
            raise Reason.INVALID_FIELD.error(
                f"expected 1 to {_MOST_WORDS} words with letters or digits, got {len(wanted)}",
                field="words",
            )
        newest: list[tuple[str, Found]] = []
        cut: list[str] = []
        count = searched = 0
        for exchange_id, line in self._all_lines():
            searched += 1
            if line.endswith(_CUT):
                cut.append(exchange_id)
            # The line itself tells quickly that a word is in none of its terms.
            text = line.decode()
            if not all(word.may_be_in(text) for word in wanted):
                continue
            found = _match(_decode(line), wanted)
            if found is None:
                continue
            count += 1
            # Ids begin with the time, so they sort by age.
            item = (exchange_id, found)
            if len(newest) < MOST_FOUND:
                heapq.heappush(newest, item)
            else:
                heapq.heappushpop(newest, item)
        ordered = tuple(
            found for _, found in sorted(newest, key=lambda each: each[0], reverse=True)
        )
        return SearchResult(ordered, count, searched, tuple(sorted(cut)))

    def parts(self, digests: Collection[str]) -> Iterator[tuple[Indexed, SealedFrom]]:
        """Parts with one of these SHA-256, each with its exchange."""
        for _, line in self._all_lines():
            if any(digest.encode() in line for digest in digests):
                indexed = _decode(line)
                for each in indexed.parts:
                    if each.sha256 in digests:
                        yield indexed, each

    def passed_on(self, sources: Collection[str]) -> Iterator[tuple[Indexed, PassedOn]]:
        """Statements with one of these digests that were passed on, each with the exchange."""
        for _, line in self._all_lines():
            if any(digest.encode() in line for digest in sources):
                indexed = _decode(line)
                for each in indexed.passed_on:
                    if each.source in sources:
                        yield indexed, each

    def exchange_ids(self) -> frozenset[str]:
        """The ids of all exchanges in the index."""
        return frozenset(exchange_id for exchange_id, _ in self._all_lines())

    def _all_lines(self) -> Iterator[tuple[str, bytes]]:
        for name in _FILES:
            yield from self._lines(name).items()

    def _change(self, name: str, change: Callable[[dict[str, bytes]], bool]) -> None:
        if self._vault.newest_key_id is None:
            return
        make_folder(self._state)
        make_folder(self._folder)
        with locked(self._state / ".search.lock"):
            lines = self._lines(name)
            if change(lines):
                # A repeat has another id, so it may never write the file that a killed one drafted.
                sweep_drafts(self._folder)
                plain = b"".join(line + b"\n" for line in lines.values())
                # Without power the old file may come back, whole: a cache may lose what is newest.
                self._file(name).write(plain, sync_name=False)

    def _lines(self, name: str) -> dict[str, bytes]:
        """The lines of a file by the id of the exchange."""
        try:
            plain = self._file(name).read()
        except ExchangeError:
            # A cache that another key closed, or a disk damaged: it comes back by itself.
            return {}
        except OSError as error:
            # It may be whole: neither is it written anew, nor do its files count as one's own.
            raise Reason.FILE_NOT_WRITTEN.error(
                f"the search index cannot be read: {error}; set that right, and repeat the command"
            ) from None
        lines = plain.splitlines() if plain else ()
        return {_id_of(line): line for line in lines}

    def _file(self, name: str) -> SealedFile:
        return SealedFile(self._folder / name, self._vault, f"search/{name}")


_CUT: Final = b",1]"


def _id_of(line: bytes) -> str:
    """The id of the exchange, which each line begins with."""
    return line[2:38].decode()


def _add(lines: dict[str, bytes], added: Iterable[Indexed]) -> bool:
    is_new = False
    for each in added:
        line, exchange = lines.get(each.exchange_id), each
        if line is not None:
            old = _decode(line)
            terms = tuple(dict.fromkeys((*old.terms, *each.terms)))[:MOST_TERMS]
            exchange = replace(
                old,
                terms=terms,
                is_cut=old.is_cut or each.is_cut,
                recipients=old.recipients or each.recipients,
                passed_on=tuple(dict.fromkeys((*old.passed_on, *each.passed_on))),
            )
        lines[each.exchange_id] = made = _encode(exchange)
        is_new = is_new or made != line
    return is_new


def _drop(lines: dict[str, bytes], gone: Collection[str]) -> bool:
    return bool([lines.pop(each, None) for each in gone])


def _encode(exchange: Indexed) -> bytes:
    fields: list[Any] = [
        exchange.exchange_id,
        exchange.kind,
        exchange.initiator,
        exchange.initiated_at.isoformat(),
        [[each.where.value, each.text, each.key] for each in exchange.terms],
        exchange.parts,
        exchange.recipients,
        exchange.passed_on,
        int(exchange.is_cut),
    ]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _decode(line: bytes) -> Indexed:
    # Lines of earlier clients name no recipients, and nothing that was passed on.
    exchange_id, kind, initiator, at, terms, parts, *later, is_cut = json.loads(line)
    recipients, passed_on = (*later, *((), ()))[:2]
    return Indexed(
        exchange_id,
        kind,
        AgencyId(initiator),
        datetime.fromisoformat(at),
        tuple(SearchTerm(Where(where), text, key) for where, text, key in terms),
        bool(is_cut),
        tuple(
            SealedFrom(sha256, statement, AgencyId(author), tuple(map(AgencyId, onward)))
            for sha256, statement, author, onward in parts
        ),
        tuple(map(AgencyId, recipients)),
        tuple(
            PassedOn(source, AgencyId(author), tuple(map(AgencyId, to)))
            for source, author, to in passed_on
        ),
    )


def _match(exchange: Indexed, words: Sequence[Query]) -> Found | None:
    """The texts that hold the words; None if one of them is in no text."""
    hits: dict[Hit, None] = {}
    for word in words:
        held = [each for each in exchange.terms if word.is_in(each.key)]
        if not held:
            return None
        hits |= dict.fromkeys(Hit(each.where, each.text) for each in held)
    return Found(
        exchange.exchange_id,
        exchange.kind,
        exchange.initiator,
        exchange.initiated_at,
        tuple(hits)[:_MOST_HITS],
        exchange.recipients,
    )
