"""Paths of a tiled log read back, so that each names one object and has one spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exchange_protocol.errors import Reason
from exchange_protocol.log.tiles import TILE_WIDTH, entries_path, tile_path

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """The object that a path of a tiled log names: a tile of hashes, or a bundle of entries."""

    level: int | None
    """Level of the tile; None for a bundle of entries."""
    index: int
    width: int
    """Hashes or entries, 1 to 256; 256 is full."""


def parse_tile_path(path: str) -> TilePath:
    """Read the path of a tile or of a bundle of entries; there is one spelling of each."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise Reason.MALFORMED.error("expected a path like tile/0/x001/067 or tile/0/067.p/12")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = int(match["width"] or TILE_WIDTH)
    named = TilePath(level, index, width)
    spelling = entries_path(index, width) if level is None else tile_path(level, index, width)
    if spelling != path:
        raise Reason.MALFORMED.error(f"expected the tile path {spelling}")
    return named
