"""Room on the disk by agency: what each has said, sealed, uploaded, and left to wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text

from exchange_server.storage.tables import log_entries, part_chunks, parts, staged_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The bytes of one agency."""

    statements: int
    """The number of its statements."""
    signed: int
    """Bytes of these; they stay."""
    sealed: int
    """Sealed bytes of these; retention and erasure remove them."""
    waiting: int
    """Bytes of uploads that no statement has claimed."""

    @property
    def stored(self) -> int:
        """All of it."""
        return self.signed + self.sealed + self.waiting


def read_usage(connection: Connection) -> dict[str, Usage]:
    """Count for all agencies; it reads the whole log."""
    e, s = log_entries.c, staged_parts.c
    size = _size(connection)
    said = select(e.actor_agency, func.count(), func.sum(size(e.payload)), _sum(size(e.sealed)))
    said = said.where(e.payload.is_not(None)).group_by(e.actor_agency)
    sealed, uploaded = _sealed(connection)
    waiting: Counter[str] = Counter()
    for agency, count in connection.execute(select(s.agency, _sum(s.size)).group_by(s.agency)):
        waiting[agency] = int(count)
    rows = {agency: (count, signed) for agency, count, signed, _ in connection.execute(said)}
    return {
        agency: Usage(
            statements=rows.get(agency, (0, 0))[0],
            signed=int(rows.get(agency, (0, 0))[1]),
            sealed=sealed[agency] + uploaded[agency],
            waiting=waiting[agency],
        )
        for agency in sorted(rows.keys() | waiting.keys())
    }


def read_sealed(connection: Connection, start: int, end: int) -> Counter[str]:
    """Count the sealed bytes of the statements of the entries [start, end), by agency."""
    sealed, uploaded = _sealed(connection, start, end)
    return sealed + uploaded


def database_bytes(connection: Connection) -> int:
    """The size of the database."""
    if connection.dialect.name == "postgresql":
        query = text("SELECT pg_database_size(current_database())")
        return int(connection.execute(query).scalar_one())
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def _sealed(
    connection: Connection, start: int = 0, end: int | None = None
) -> tuple[Counter[str], Counter[str]]:
    e, size = log_entries.c, _size(connection)
    within = [e.idx >= start] if end is None else [e.idx >= start, e.idx < end]
    beside = select(e.actor_agency, _sum(size(e.sealed))).where(*within, e.sealed.is_not(None))
    uploaded = (
        select(e.actor_agency, _sum(size(part_chunks.c.data)))
        .join(parts, parts.c.log_index == e.idx)
        .join(part_chunks, part_chunks.c.part_id == parts.c.part_id)
        .where(*within)
    )
    found = (
        Counter({agency: int(count) for agency, count in connection.execute(query)})
        for query in (each.group_by(e.actor_agency) for each in (beside, uploaded))
    )
    return next(found), next(found)


def _size(connection: Connection) -> Callable[[ColumnElement[Any]], ColumnElement[int]]:
    # PostgreSQL knows this size without reading the bytes.
    return func.octet_length if connection.dialect.name == "postgresql" else func.length


def _sum(of: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(of), 0)
