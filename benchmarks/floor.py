"""The floor: what no hub can do without, and nothing else; made by the bare echo's process.

`Keep` takes the statements of a `SubmitBatch`, decodes them, hashes payloads, parts and leaves, and
keeps all bytes in one row each of one table, durably. Nothing is judged or proven, there is no
index, and nobody gets a receipt. `lone_call_ms` is the floor of a call alone.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import statistics
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from exchange_protocol.record.entries import NONCE_BYTES, entry_leaf_hash
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_protocol.v1 import statement_pb2

KEEP = "/benchmarks.Echo/Keep"
_TIMES = 50


class Floor:
    """Keeps statements in a database of its own."""

    def __init__(self, file: Path) -> None:
        """Begin a database; its commits are as durable as the hub's."""
        self._rows = _database(file)
        self._size = 0

    def keep(self, request: bytes) -> None:
        """Decode, hash and keep the statements of a `SubmitBatchRequest`; durable when it ends."""
        rows: list[tuple[int, bytes, bytes, bytes]] = []
        for submission in pb.SubmitBatchRequest.FromString(request).submissions:
            signed = submission.statement
            statement = statement_pb2.Statement.FromString(signed.payload)
            digest = hashlib.sha256(signed.payload).digest()
            for part, inline in zip(statement.parts, submission.parts, strict=True):
                if hashlib.sha256(inline.sealed).digest() != part.sha256:
                    raise ValueError("expected the part that the statement names")
            nonce = secrets.token_bytes(NONCE_BYTES)
            leaf = entry_leaf_hash(digest, nonce)
            rows.append((self._size + len(rows), leaf, nonce, submission.SerializeToString()))
        _commit(self._rows, rows)
        self._size += len(rows)


def lone_call_ms(folder: Path, echo_ms: float) -> float:
    """The floor of a call alone: a bare call, one signature verified, one durable row."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, data = key.public_key(), secrets.token_bytes(4096)
    algorithm = ec.ECDSA(hashes.SHA256())
    signature = key.sign(data, algorithm)
    rows = _database(folder / "lone.db")
    verified, kept = [], []
    for number in range(_TIMES):
        began = time.perf_counter()
        public.verify(signature, data, algorithm)
        verified.append(time.perf_counter() - began)
        began = time.perf_counter()
        _commit(rows, [(number, bytes(32), bytes(32), data)])
        kept.append(time.perf_counter() - began)
    rows.close()
    return echo_ms + 1000 * (statistics.median(verified) + statistics.median(kept))


def _database(file: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(file, isolation_level=None)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE kept (idx INTEGER PRIMARY KEY, leaf BLOB, nonce BLOB, data BLOB)")
    return rows


def _commit(connection: sqlite3.Connection, rows: list[tuple[int, bytes, bytes, bytes]]) -> None:
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO kept VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
