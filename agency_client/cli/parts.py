"""The opened parts of an exchange as files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agency_client.content.file_names import INDEX, safe_file_name
from agency_client.core.views import UnsealedExchange, UnsealedStatement
from exchange_files import check_new, drop_drafts, make_folder, read_file, write_new_file
from exchange_protocol.errors import Reason

_SUFFIXES: Final = {"application/json": ".json", "application/x-ndjson": ".ftm.json"}


def write_parts(opened: UnsealedExchange, folder: Path) -> list[Path]:
    """Write every opened part into new files, a folder a statement; gives their paths.

    Nothing is written if a link stands for one of the folders, or if one of the files exists; but
    a file with the same bytes stays, so that a call that was cut off may be repeated.
    """
    parts: dict[Path, bytes] = {}
    for number, statement in enumerate(opened.statements, start=1):
        own = folder / f"{number:02d}-{statement.kind.value}-{statement.author.agency}"
        names = _file_names(statement)
        if names and own.is_symlink():
            raise Reason.FILE_NOT_WRITTEN.error(
                f"a link stands where the folder {own} goes; nothing is written through it: remove "
                "it, or name another folder"
            )
        parts |= {own / name: statement.parts[part] for part, name in names.items()}
    new = {path: data for path, data in parts.items() if _held(path) != data}
    make_folder(folder)
    for own in {path.parent for path in parts}:
        make_folder(own)
    drop_drafts(*(path for path in parts if path not in new))
    for path in new:
        check_new(path)
    for path, data in new.items():
        write_new_file(path, data)
    return list(parts)


def _held(path: Path) -> bytes | None:
    """The bytes of a file that stands in the place, and not of one that a link leads to."""
    return None if path.is_symlink() else read_file(path)


def _file_names(statement: UnsealedStatement) -> dict[str, str]:
    """Under which name each part is written: documents by theirs, files by those of their author.

    No name leads out of the folder, and no two are one on any system.
    """
    names: dict[str, str] = {}
    documents = [name for name in statement.parts if statement.file_name(name) is None]
    for part in [*documents, *(each for each in statement.parts if each not in documents)]:
        given = statement.file_name(part)
        if part == INDEX:
            continue
        sealed = statement.statement.part(part)
        suffix = _SUFFIXES.get(sealed.media_type, "") if sealed and given is None else ""
        names[part] = safe_file_name(given or part + suffix, names.values())
    return names
