"""Cosignatures of witnesses: few rows, for older ones are forgotten as newer come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from exchange_server.storage.rows import delete_by_keys, field_names, replace_rows
from exchange_server.storage.tables import cosignatures


class CosignatureRow(NamedTuple):
    """One witness's cosignature of the checkpoint of one size."""

    tree_size: int
    witness: str
    """Name of its key."""
    cosigned_at: datetime
    note: bytes
    """The checkpoint's note with the line of the log and that of this witness."""


def read_cosignatures(connection: Connection) -> list[CosignatureRow]:
    """Read all of them, those of the largest tree first."""
    c = cosignatures.c
    query = select(*(c[name] for name in field_names(CosignatureRow)))
    rows = connection.execute(query.order_by(c.tree_size.desc(), c.witness))
    return [CosignatureRow(*row) for row in rows]


def write_cosignatures(connection: Connection, rows: Sequence[CosignatureRow]) -> None:
    """Insert cosignatures, or replace those of the same witness and size."""
    replace_rows(connection, cosignatures, rows)


def forget_cosignatures(connection: Connection, tree_sizes: Collection[int]) -> None:
    """Delete those of some sizes."""
    size = cosignatures.c.tree_size
    delete_by_keys(connection, size, sorted(tree_sizes), gives=size)


def largest_cosigned_size(connection: Connection) -> int | None:
    """Size of the largest tree that a witness saw; None where none did."""
    size: int | None = connection.execute(select(func.max(cosignatures.c.tree_size))).scalar()
    return size
