"""The agency's own holdings: its FollowTheMoney entities by key, sealed on disk, to match with.

    state/holdings/catalogue        names, counts and folders; sealed
    state/holdings/FOLDER/SS-BB     segments of 64 files; sealed, a line of JSON for each key

Rules of this module:

- Nothing of it leaves the machine: matching reads files of the profile, and no more.
- Only values that are compared are kept (`content.matching`), not whole entities.
- Keys go to files by their hash, so a match opens the files of its keys alone. An import holds at
  most one segment in memory, a match one file.
- The catalogue makes a folder valid. An import that was cut off left a folder that is not in it;
  the next import removes that.
- It is no cache: what does not open is an error.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from agency_client.content.arguments import checks_arguments
from agency_client.content.characters import find_hidden
from agency_client.content.entity import Entity
from agency_client.content.matching import MatchReason, Record, Score, best, compare, records
from agency_client.state.keys import Vault
from agency_client.state.sealed_file import SealedFile
from exchange_files import locked, make_folder, remove_folder, sync_folder
from exchange_protocol.errors import ExchangeError, Reason

_FILES: Final = 64
_SEGMENT_BYTES: Final = 16 * 1024 * 1024
_MOST_NAME: Final = 100
MOST_MATCHES: Final = 500
"""Matches that are told of at once, the strongest first."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One set of entities that was imported."""

    name: str
    entities: int
    imported_at: datetime
    folder: str
    segments: int


@dataclass(frozen=True, slots=True)
class Match:
    """A subject that meets an entity of one's own."""

    subject_id: str
    subject: str
    """Its name, or its number."""
    holding: str
    entity_id: str
    """The id of the own entity."""
    schema: str
    caption: str
    reasons: tuple[MatchReason, ...]
    """The strongest first."""

    @property
    def score(self) -> Score:
        """The score of the strongest reason."""
        return self.reasons[0].score


@checks_arguments
class Holdings:
    """The holdings of one profile."""

    def __init__(self, state: Path, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._folder = state / "holdings"
        self._vault = vault
        self._clock = clock
        self._catalogue = SealedFile(self._folder / "catalogue", vault, "holdings/catalogue")

    def all(self) -> tuple[Holding, ...]:
        """List what was imported, by name.

        Raises:
            NotAuthenticated: KEY_UNAVAILABLE, if the profile lacks the key that it is sealed to.
            SealBroken: SEAL_BROKEN, if the catalogue is damaged.
        """
        return tuple(sorted(self._read().values(), key=lambda each: each.name))

    def import_entities(self, name: str, entities: Iterable[Entity]) -> Holding:
        """Import a set of entities, in the place of the set that had its name.

        Args:
            name: what the set is called, up to 100 characters.
            entities: FollowTheMoney entities; they may come from a generator.

        Raises:
            InvalidInput: INVALID_FIELD, for a name that is malformed.
            NotAuthenticated: KEY_UNAVAILABLE, for a profile without a sealing key.
            StorageFailed: FILE_NOT_WRITTEN.
        """
        checked = _checked(name)
        make_folder(self._folder)
        with locked(self._state / ".holdings.lock"):
            kept = self._read()
            self._sweep(kept)
            folder = secrets.token_hex(8)
            segments, count = self._write(folder, entities)
            made = Holding(checked, count, self._clock(), folder, segments)
            self._keep(kept | {checked: made})
            self._sweep(self._read())
        return made

    def forget(self, name: str) -> None:
        """Remove a set; raises INVALID_FIELD if there is none of that name."""
        with locked(self._state / ".holdings.lock"):
            kept = dict(self._read())
            if kept.pop(_checked(name), None) is None:
                raise _unknown(name)
            self._keep(kept)
            self._sweep(kept)

    def match(self, subjects: Iterable[Entity]) -> list[Match]:
        """Compare subjects with all that was imported.

        Args:
            subjects: FollowTheMoney entities, such as those of an exchange that was opened.

        Returns:
            The matches, the strongest first; up to `MOST_MATCHES`.

        Raises:
            SealBroken: SEAL_BROKEN, if a file is damaged.
        """
        wanted: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
        for entity in subjects:
            for record in records(entity):
                wanted[_file_of(record.key)][record.key].append(record)
        met: dict[tuple[str, str, str], list[tuple[Record, Record, MatchReason]]] = defaultdict(
            list
        )
        for holding in self.all():
            for number in range(holding.segments):
                for name, keys in wanted.items():
                    for own in self._records(holding, number, name, keys):
                        for subject in keys[own.key]:
                            if (reason := compare(subject, own)) is not None:
                                pair = (subject.entity_id, holding.name, own.entity_id)
                                met[pair].append((subject, own, reason))
        found = [
            Match(
                subject_id,
                pairs[0][0].caption,
                holding_name,
                entity_id,
                pairs[0][1].schema,
                pairs[0][1].caption,
                tuple(best(reason for _, _, reason in pairs)),
            )
            for (subject_id, holding_name, entity_id), pairs in met.items()
        ]
        return sorted(found, key=lambda each: (-each.score, each.subject, each.caption))[
            :MOST_MATCHES
        ]

    def _records(
        self, holding: Holding, number: int, name: str, keys: Mapping[str, object]
    ) -> Iterable[Record]:
        """The records of a file that have one of these keys."""
        plain = self._file(holding.folder, number, name).read()
        for line in plain.splitlines() if plain else ():
            # The key comes first; only lines of a wanted one are taken apart whole.
            if (key := line[2 : line.index(b'"', 2)].decode()) in keys:
                _, prop, value, entity_id, schema, caption, dates = json.loads(line)
                yield Record(key, prop, value, entity_id, schema, caption, tuple(dates))

    def _write(self, folder: str, entities: Iterable[Entity]) -> tuple[int, int]:
        """Write the keys of entities, segment by segment; gives the numbers of both."""
        make_folder(self._folder / folder)
        held: dict[str, bytearray] = defaultdict(bytearray)
        count = segments = size = 0
        for entity in entities:
            count += 1
            for record in records(entity):
                line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
                held[_file_of(record.key)] += line + b"\n"
                size += len(line)
            if size > _SEGMENT_BYTES:
                self._write_segment(folder, segments, held)
                segments, size = segments + 1, 0
        if held:
            self._write_segment(folder, segments, held)
            segments += 1
        sync_folder(self._folder / folder)
        return segments, count

    def _write_segment(self, folder: str, number: int, held: dict[str, bytearray]) -> None:
        for name, lines in held.items():
            self._file(folder, number, name).write(bytes(lines), sync_name=False)
        held.clear()

    def _file(self, folder: str, number: int, name: str) -> SealedFile:
        file = f"{number:02d}-{name}"
        return SealedFile(self._folder / folder / file, self._vault, f"holdings/{folder}/{file}")

    def _keep(self, kept: Mapping[str, Holding]) -> None:
        document: list[list[Any]] = [
            [each.name, each.entities, each.imported_at.isoformat(), each.folder, each.segments]
            for each in kept.values()
        ]
        self._catalogue.write(json.dumps(document, ensure_ascii=False).encode())

    def _read(self) -> dict[str, Holding]:
        plain = self._catalogue.read()
        if plain is None:
            return {}
        try:
            return {
                name: Holding(name, entities, datetime.fromisoformat(at), folder, segments)
                for name, entities, at, folder, segments in json.loads(plain)
            }
        except (ValueError, TypeError):
            raise Reason.SEAL_BROKEN.error(
                f"{self._catalogue.path} does not hold a catalogue as this version writes it"
            ) from None

    def _sweep(self, kept: Mapping[str, Holding]) -> None:
        """Remove the folders that the catalogue does not name."""
        valid = {each.folder for each in kept.values()}
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in valid:
                remove_folder(path)


def _file_of(key: str) -> str:
    return f"{hashlib.blake2b(key.encode(), digest_size=1).digest()[0] % _FILES:02d}"


def _checked(name: str) -> str:
    shown = " ".join(name.split())
    if not 0 < len(shown) <= _MOST_NAME or find_hidden(shown):
        raise Reason.INVALID_FIELD.error(
            f"expected a name of 1 to {_MOST_NAME} visible characters, got {len(shown)}",
            field="name",
        )
    return shown


def _unknown(name: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(
        f"expected the name of a set that was imported, got {name!r}: `agency holdings list` lists "
        "them",
        field="name",
    )
