"""The opened parts of an exchange as files."""

from __future__ import annotations

from pathlib import Path

from agency_client.core.views import UnsealedExchange
from agency_client.presentation.handling import saved_files
from agency_client.presentation.locale import Locale
from exchange_files import check_new, drop_drafts, make_folder, read_file, write_new_file
from exchange_protocol.errors import Reason
from exchange_protocol.trust.identity import AgencyId


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be one, before something is opened for it; FILE_NOT_WRITTEN."""
    if folder.is_symlink() and not folder.exists():
        raise Reason.FILE_NOT_WRITTEN.error(
            f"expected a folder, got {folder}, a link that leads nowhere: name another folder"
        )
    found = next(each for each in (folder, *folder.parents) if each.exists())
    if not found.is_dir():
        raise Reason.FILE_NOT_WRITTEN.error(
            f"expected a folder, got {found}, which is none: name another folder"
        )


def write_parts(
    opened: UnsealedExchange,
    folder: Path,
    agency: AgencyId,
    reader: str | None,
    locale: Locale,
) -> list[Path]:
    """Write every opened part into new files, a folder a statement; gives their paths.

    `saved_files` says which these are. A TLP:RED part is written for a named reader alone; raises
    MISSING_FIELD without one.

    Nothing is written if a link stands for one of the folders, or if one of the files exists; but
    a file with the same bytes stays, so that a call that was cut off may be repeated.
    """
    parts: dict[Path, bytes] = {}
    for number, statement in enumerate(opened.statements, start=1):
        own = folder / f"{number:02d}-{statement.kind.value}-{statement.author.agency}"
        files = saved_files(statement, agency, reader, locale)
        if files and own.is_symlink():
            raise Reason.FILE_NOT_WRITTEN.error(
                f"a link stands where the folder {own} goes; nothing is written through it: remove "
                "it, or name another folder"
            )
        parts |= {own / name: data for name, data in files.items()}
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
