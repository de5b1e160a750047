"""Column types that are exact, and the same on SQLite and PostgreSQL.

Times are microseconds since 1970 in a big integer: SQLite has no time type, and what the log says
to the microsecond must come back so. Short lists are JSON text in a canonical spelling, so that
equal lists are equal text.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect

# Without the variant SQLite would keep a second tree beside the one of its row ids.
Index = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the log counts with, up to 2**63 - 1."""
Digest = LargeBinary(32)
AgencyName = String(131)
"""Four labels of 32 characters and the dots between."""
Uuid = String(36)
KindName = String(32)

_EMPTY = "[]"
_CANONICAL = json.JSONEncoder(separators=(",", ":"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware time, to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


class Day(TypeDecorator[date]):
    """A day of the calendar, which has no zone: text such as `2026-12-01`."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


@lru_cache(maxsize=4096)
def _text_of(texts: tuple[str, ...]) -> str:
    """The same few agencies are named again and again."""
    return _CANONICAL.encode(texts)


class Texts(TypeDecorator[tuple[str, ...]]):
    """A tuple of texts, as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        if not value:
            return None if value is None else _EMPTY
        return _text_of(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


class Digests(TypeDecorator[tuple[bytes, ...]]):
    """A tuple of digests, as a JSON array of hexadecimal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[bytes, ...] | None, dialect: Dialect) -> str | None:
        if not value:
            return None if value is None else _EMPTY
        return _CANONICAL.encode([digest.hex() for digest in value])

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[bytes, ...] | None:
        return None if value is None else tuple(map(bytes.fromhex, json.loads(value)))
