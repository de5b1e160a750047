"""The files of a profile's keys as they stand on disk: by them a running process sees a renewal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agency_client.state.profile_file import FILE, read_tables
from exchange_protocol.errors import ExchangeError

Stamp = tuple[tuple[str, int, int, int, int], ...]
"""Name, inode, times and size of each file; two that are equal are of the same keys. A change of
the owner or of the mode counts too: a key that could not be read may be readable now."""


def stamp_of(folder: Path) -> Stamp:
    """The stamp of the files that a profile names, wherever they are and by whatever name."""
    found = []
    for path in sorted({folder / FILE, *_named(folder)}):
        try:
            state = path.stat()
        except OSError:
            continue
        times = state.st_mtime_ns, state.st_ctime_ns
        found.append((str(path), state.st_ino, *times, state.st_size))
    return tuple(found)


def _named(folder: Path) -> Iterator[Path]:
    """The files of the keys, of their certificates and of their passphrase."""
    try:
        tables = read_tables(folder)
    except ExchangeError:
        return  # A file that does not parse is told where the profile is loaded.
    for table in ("tls", "signing", "keys"):
        yield from (folder / str(name) for name in tables.get(table, {}).values())
    sealing = folder / str(tables.get("sealing", {}).get("directory", "sealing"))
    yield sealing
    yield from sealing.glob("*.key")
