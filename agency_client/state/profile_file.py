"""The file of a profile: found, read strictly, written.

Unknown and missing keys are PROFILE_INVALID with the key's name, and so is everything that a key
names and that cannot be used (`checked`). `profile` says what each key is for.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from agency_client.content.characters import find_hidden
from exchange_keys import read_pinned
from exchange_protocol.errors import ExchangeError, Reason

T = TypeVar("T")

FILE: Final = "profile.toml"
PROFILES_VARIABLE: Final = "EXCHANGE_PROFILES"

_KEYS: Final[Mapping[str, Mapping[str, bool]]] = {
    "hub": {"target": True, "name": True, "log_vkey": True},
    "trust": {"roots": True, "crl": False},
    "tls": {"certificate": True, "key": True},
    "signing": {"certificate": True, "key": True, "post_quantum_key": False},
    "sealing": {"directory": True},
    "keys": {"passphrase_file": True},
    "defaults": {"legal_basis": False, "language": False, "time_zone": False},
    "witnesses": {"required": True, "keys": True},
}
"""Tables and their keys; whether a key is required where its table stands."""
_REQUIRED_TABLES: Final = ("hub", "trust", "tls")
_TYPES: Final[Mapping[str, type]] = {"witnesses.required": int, "witnesses.keys": list}
"""Types of the keys that are no text."""
_TYPE_NAMES: Final[Mapping[type, str]] = {str: "text", int: "a number", list: "a list of texts"}


def find_profile(profile: str | os.PathLike[str]) -> Path:
    """The folder of a profile: itself, or the one of that name under $EXCHANGE_PROFILES."""
    if not isinstance(profile, str | os.PathLike):
        # Such as None, of a variable that is not set.
        raise invalid(
            f"expected the folder of a profile, or its name, got {type(profile).__name__}"
        )
    if not os.fspath(profile).strip():
        # As a path it would be the folder that the program runs in: another profile, by chance.
        raise invalid(
            f"expected a folder with {FILE}, or the name of one; got an empty text: is a variable "
            "not set?"
        )
    given = Path(profile)
    if (given / FILE).is_file():
        return given.absolute()
    profiles = _profiles_folder()
    if profiles is None:
        raise invalid(
            f"expected a folder with {FILE}, got {os.fspath(given)!r}; names of profiles are "
            f"looked up under ${PROFILES_VARIABLE} or the home directory: this user has none, so "
            f"set ${PROFILES_VARIABLE} or $HOME"
        )
    if len(given.parts) == 1 and (profiles / given / FILE).is_file():
        return (profiles / given).absolute()
    for each in (given, profiles):
        if each.parts[:1] and each.parts[0].startswith("~"):
            raise invalid(
                f"expected a folder with {FILE}, got {os.fspath(each)!r}: a shell alone writes out "
                "~, and not in quotes; write the folder out"
            )
    raise Reason.PROFILE_INVALID.error(
        f"expected a folder with {FILE}, or the name of one under {profiles}; "
        f"got {os.fspath(given)!r}"
    )


def _profiles_folder() -> Path | None:
    """The folder of profiles that are looked up by name; None for a user without a home."""
    named = os.environ.get(PROFILES_VARIABLE)
    if named:
        return Path(named)
    try:
        return Path.home() / ".config" / "caricc-exchange" / "profiles"
    except RuntimeError:
        return None


def read_tables(folder: Path) -> dict[str, Any]:
    """The tables of the file in a folder; raises PROFILE_INVALID."""
    path = folder / FILE
    return parse_tables(read_pinned(path, Reason.PROFILE_INVALID), path)


def parse_tables(data: bytes, path: Path) -> dict[str, Any]:
    """The tables of a file that stands, or will stand, at a path; raises PROFILE_INVALID."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise invalid(f"{path} is no TOML: expected text in UTF-8: save it so") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise invalid(f"{path} is no TOML: {_first_place(text, str(error))}{error}") from None
    for name in _REQUIRED_TABLES:
        if name not in tables:
            raise invalid(f"expected a table [{name}] in {path}, got none", name)
    for name, table in tables.items():
        if name not in _KEYS or not isinstance(table, dict):
            raise invalid(f"expected the tables {', '.join(_KEYS)}; got {name!r}", name)
        _check_table(name, table)
    return tables


def _first_place(text: str, said: str) -> str:
    """Find the first place of a name that stands twice; the parser tells of the second alone."""
    found = re.search(r"\(at line (\d+)", said)
    if not said.startswith(("Cannot overwrite", "Cannot declare")) or found is None:
        return ""
    lines = [line.partition("=")[0].strip() for line in text.splitlines()]
    number = int(found[1]) - 1
    for first in range(number - 1, -1, -1):
        if lines[first] == lines[number]:
            return f"{lines[number]!r} stands twice, at line {first + 1} and line {number + 1}: "
    return ""


def _check_table(name: str, table: Mapping[str, Any]) -> None:
    keys = _KEYS[name]
    for key, value in table.items():
        if key not in keys:
            raise invalid(f"expected the keys {', '.join(keys)}; got {key!r}", f"{name}.{key}")
        expected = _TYPES.get(f"{name}.{key}", str)
        # Of TOML's types only `bool` passes for another.
        if not isinstance(value, expected) or isinstance(value, bool) or not value:
            raise invalid(
                f"expected {_TYPE_NAMES[expected]}, got {type(value).__name__}", f"{name}.{key}"
            )
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and (hidden := find_hidden(text)):
                raise invalid(str(hidden), f"{name}.{key}")
    for key, required in keys.items():
        if required and key not in table:
            raise invalid("expected a value, got none", f"{name}.{key}")


def read_named(folder: Path, name: str, where: str) -> bytes:
    """A file that the profile names under the key `where`; raises PROFILE_INVALID."""
    return checked(where, lambda: read_pinned(folder / name, Reason.PROFILE_INVALID))


def to_toml(tables: Mapping[str, Mapping[str, str | None]]) -> str:
    """Write tables as TOML, without the keys that have no value."""
    lines: list[str] = []
    for name, table in tables.items():
        values = {key: value for key, value in table.items() if value is not None}
        if values:
            lines.append(f"[{name}]")
            lines.extend(f"{key} = {_toml_string(value)}" for key, value in values.items())
            lines.append("")
    return "\n".join(lines)


def _toml_string(text: str) -> str:
    if not text.isprintable() or "'" in text:
        raise invalid(f"expected printable text without an apostrophe, got {text!r}")
    return f"'{text}'"


def checked(where: str, parse: Callable[[], T]) -> T:
    """The result of `parse`; its error names the profile's key and keeps its reason."""
    try:
        return parse()
    except ExchangeError as error:
        if error.reason is Reason.CONFIG_INVALID:
            raise invalid(error.message, where) from None
        error.field = where
        raise


def invalid(why: str, where: str | None = None) -> ExchangeError:
    """An error about a key of the file: PROFILE_INVALID."""
    return Reason.PROFILE_INVALID.error(why, field=where)
