"""The agency's own cases: which exchanges belong to which, sealed on disk.

The hub learns nothing of them. They are kept in the profile, in `state/cases`, sealed to the
agency's own key (`sealed_file`). Other profiles of the agency do not see them.

Rules of this module:

- It is no cache: what does not open is an error, and nothing is written over it.
- A case is there as long as an exchange is linked to it. An exchange may be in several.
- One process at a time changes the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from agency_client.content.arguments import checks_arguments
from agency_client.content.characters import find_hidden
from agency_client.state.keys import Vault
from agency_client.state.sealed_file import SealedFile
from exchange_files import locked, make_folder
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.fields import parse_uuid

_MOST_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the agency."""

    reference: str
    """The agency's own reference of it."""
    title: str
    exchanges: tuple[str, ...]
    """Ids of the exchanges that are linked to it; they sort by age."""


@checks_arguments
class CaseBook:
    """The cases of one profile."""

    def __init__(self, state: Path, vault: Vault) -> None:
        self._state = state
        self._file = SealedFile(state / "cases", vault, "cases")

    def all(self) -> tuple[Case, ...]:
        """List the cases by reference.

        Raises:
            NotAuthenticated: KEY_UNAVAILABLE, if the profile lacks the key that they are sealed to.
            SealBroken: SEAL_BROKEN, if their file is damaged.
        """
        return tuple(sorted(self._read().values(), key=lambda case: case.reference))

    def get(self, reference: str) -> Case:
        """The case of a reference; raises INVALID_FIELD if there is none."""
        cases = self._read()
        try:
            return cases[_checked(reference, "case")]
        except KeyError:
            raise _unknown(reference) from None

    def by_exchange(self) -> Mapping[str, tuple[str, ...]]:
        """The references of the cases that each exchange is linked to."""
        found: dict[str, tuple[str, ...]] = {}
        for case in self.all():
            for each in case.exchanges:
                found[each] = (*found.get(each, ()), case.reference)
        return found

    def link(
        self, reference: str, exchange_ids: str | Iterable[str], *, title: str | None = None
    ) -> Case:
        """Link exchanges to a case, which is opened if it is new.

        Args:
            reference: the agency's own reference of the case.
            exchange_ids: the exchanges, one or several.
            title: what the case is about; None leaves it as it was.

        Raises:
            InvalidInput: INVALID_FIELD, for a reference, title or id that is malformed.
            NotAuthenticated: KEY_UNAVAILABLE, for a profile without a sealing key.
        """
        name = _checked(reference, "case")
        new_title = _checked(title, "title") if title is not None else None
        ids = _parse_ids(exchange_ids)

        def change(cases: dict[str, Case]) -> Case | None:
            case = cases.get(name, Case(name, "", ()))
            linked = tuple(sorted({*case.exchanges, *ids}))
            title = case.title if new_title is None else new_title
            return replace(case, exchanges=linked, title=title) if linked else None

        return self._change(name, change)

    def unlink(self, reference: str, exchange_ids: str | Iterable[str]) -> Case:
        """Take exchanges out of a case; a case that has none left is forgotten.

        Raises:
            InvalidInput: INVALID_FIELD, for a case that does not exist, or an exchange that is not
                linked to it.
        """
        name = _checked(reference, "case")
        ids = _parse_ids(exchange_ids)

        def change(cases: dict[str, Case]) -> Case | None:
            if name not in cases:
                raise _unknown(name)
            case = cases[name]
            if unlinked := ids - {*case.exchanges}:
                raise Reason.INVALID_FIELD.error(
                    f"expected exchanges of the case {name!r}, got {min(unlinked)}",
                    field="exchange_id",
                )
            return replace(case, exchanges=tuple(sorted({*case.exchanges} - ids)))

        return self._change(name, change)

    def _change(self, name: str, change: Callable[[dict[str, Case]], Case | None]) -> Case:
        make_folder(self._state)
        with locked(self._state / ".cases.lock"):
            cases = self._read()
            case = change(cases)
            if case is None:
                raise Reason.INVALID_FIELD.error(
                    f"expected an exchange to link to the new case {name!r}, got none",
                    field="exchange_id",
                )
            cases[name] = case
            kept = [each for each in cases.values() if each.exchanges]
            document = [[each.reference, each.title, list(each.exchanges)] for each in kept]
            self._file.write(json.dumps(document, ensure_ascii=False).encode())
        return case

    def _read(self) -> dict[str, Case]:
        plain = self._file.read()
        if plain is None:
            return {}
        try:
            return {
                reference: Case(reference, title, tuple(exchanges))
                for reference, title, exchanges in json.loads(plain)
            }
        except (ValueError, TypeError):
            raise Reason.SEAL_BROKEN.error(
                f"{self._file.path} does not hold cases as this version writes them"
            ) from None


def _parse_ids(given: str | Iterable[str]) -> set[str]:
    """Take ids of exchanges, one or several; raises INVALID_FIELD."""
    several = (given,) if isinstance(given, str) else given
    return {parse_uuid(each, "exchange_id") for each in several}


def _checked(text: str, field: str) -> str:
    """A text as it is kept: one line that people can see; raises INVALID_FIELD."""
    shown = " ".join(text.split())
    if not shown or len(shown) > _MOST_CHARACTERS:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {_MOST_CHARACTERS} characters, got {len(shown)}", field=field
        )
    if hidden := find_hidden(shown):
        raise Reason.INVALID_FIELD.error(str(hidden), field=field)
    return shown


def _unknown(reference: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(
        f"expected a case of this profile, got {reference!r}: `agency case list` lists them",
        field="case",
    )
