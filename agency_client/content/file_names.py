"""Names of attached files: as people write them when sealed, safe when written to a disk.

On the wire an attachment is `attachment.1`, `attachment.2` and so on: the hub learns no name. The
names stand in a sealed part of their own, `attachments`, for the readers of the content.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from agency_client.content.characters import find_hidden, is_hidden_at
from agency_client.content.strict_json import parse_json
from exchange_protocol.errors import ExchangeError, Reason

INDEX: Final = "attachments"
"""Name of the part that holds the names."""
PREFIX: Final = "attachment."
MAX_NAME_CHARACTERS: Final = 200
MAX_NAME_BYTES: Final = 240
"""Most file systems take 255 bytes; what keeps names apart needs some."""
MAX_INDEX_BYTES: Final = 256 * 1024
_SEPARATORS: Final = "/\\"
_NOT_IN_FILES: Final = re.compile(r'[/\\:*?"<>|]')
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "clock$", "conin$", "conout$"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"}
)
"""Names that Windows takes for devices, whatever comes after a point."""


def check_file_names(names: Iterable[str]) -> None:
    """Check the names of files to attach; raises INVALID_FIELD."""
    seen: dict[str, str] = {}
    for name in names:
        if words := name_fault(name):
            raise _invalid(f"a file name: {words}")
        first = seen.setdefault(_folded(safe_file_name(name)), name)
        if first is not name:
            raise _invalid(
                f"expected each name once, {first[:64]!r} and {name[:64]!r} are the same to a "
                "reader, or where they are saved: rename one"
            )


def name_fault(name: object) -> str | None:
    """The fault of a file's name; None if it is good."""
    if not isinstance(name, str) or not name.strip():
        return "expected a name, got none"
    if any(separator in name for separator in _SEPARATORS):
        return "expected a name alone, got one with / or \\: give the file's name without folders"
    if name.strip(". ") == "":
        return "expected a name of letters or digits, got points alone"
    if hidden := find_hidden(name):
        return str(hidden)
    if any(char in name for char in "\t\r\n"):
        return "expected a name on one line"
    if len(name) > MAX_NAME_CHARACTERS or len(name.encode()) > MAX_NAME_BYTES:
        return f"expected at most {MAX_NAME_CHARACTERS} characters and {MAX_NAME_BYTES} bytes"
    return None


def part_name(number: int) -> str:
    """The name on the wire of the attachment of that number, from 1."""
    return f"{PREFIX}{number}"


def encode_index(names: Mapping[str, str]) -> bytes:
    """The names of attachments by their parts, as they are sealed."""
    listed = [{"part": part, "name": name} for part, name in names.items()]
    return json.dumps({"attachments": listed}, ensure_ascii=False).encode()


def parse_index(data: bytes, parts: Collection[str]) -> dict[str, str]:
    """Read the names of attachments that were unsealed: name by part, `parts` being all of them.

    Raises:
        InvalidInput: DOCUMENT_INVALID, if it is malformed, or names not each attachment once.
    """
    if len(data) > MAX_INDEX_BYTES:
        raise _malformed(f"expected at most {MAX_INDEX_BYTES} bytes, got {len(data)}")
    try:
        value, twice = parse_json(data)
    except ValueError:
        raise _malformed("expected JSON in UTF-8") from None
    listed = value.get("attachments") if isinstance(value, dict) and len(value) == 1 else None
    if twice or not isinstance(listed, list) or not all(map(_is_row, listed)):
        raise _malformed("expected a list of parts with their names")
    names = {each["part"]: each["name"] for each in listed}
    if len(names) != len(listed) or names.keys() != {*parts}:
        raise _malformed("expected each attachment to be named once, and no other part")
    if len(set(names.values())) != len(names):
        raise _malformed("expected each attachment to have a name of its own")
    return names


def safe_file_name(name: str, taken: Collection[str] = ()) -> str:
    """A name under which a file can be written on any system, different from those taken.

    Case and the form of accents do not tell names apart, as on the systems that do not see them.
    """
    plain = _NOT_IN_FILES.sub("_", unicodedata.normalize("NFC", name))
    plain = "".join(
        "_" if is_hidden_at(plain, at) or char in "\t\r\n" else char
        for at, char in enumerate(plain)
    )
    plain = plain.strip(" ").rstrip(". ") or "file"
    stem, point, suffix = plain.rpartition(".")
    if not stem:
        stem, point, suffix = plain, "", ""
    if plain.partition(".")[0].strip().casefold() in _DEVICES:
        stem = f"_{stem}"
    suffix = _cut(suffix, 40)
    used = {_folded(each) for each in taken}
    number = 1
    while True:
        mark = f"-{number}" if number > 1 else ""
        room = MAX_NAME_BYTES - len(f"{mark}{point}{suffix}".encode())
        candidate = f"{_cut(stem, room)}{mark}{point}{suffix}"
        if _folded(candidate) not in used:
            return candidate
        number += 1


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore")


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"part", "name"}
        and all(isinstance(each, str) and each for each in row.values())
        and len(row["name"]) <= MAX_NAME_CHARACTERS
    )


def _invalid(why: str) -> ExchangeError:
    return Reason.INVALID_FIELD.error(why, field="attachments")


def _malformed(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(f"names of attachments: {why}")
