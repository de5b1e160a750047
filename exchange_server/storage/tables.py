"""The tables. Those of the log are the truth; all others are made from it and can be made anew,
but for the cosignatures: those are others' word about it.

    log_head            one row: size, root and signed checkpoint; its lock is the writers' turn
    log_entries         exact bytes of every entry and its nonce; of the statement that it accepts,
                        with what access depends on; and of the sealed parts beside that
    log_tiles           the Merkle tree (C2SP tlog-tiles), one growing row a tile
    cosignatures        checkpoints with the lines of the witnesses that saw them
    directory_entries   the directory statements, numbered in log order
    exchanges, legs     the state of every exchange (`rules.exchange.Exchange`)
    deliveries          who was given which statement
    feed                which entries an agency may see, and since which entry
    parties               which legs an agency sees, and as what: what lists are read from
    parts, part_chunks  sealed bytes that were uploaded before their statement
    staged_parts        sealed bytes that were uploaded and wait for their statement

Nothing is numbered by the database: the index of an entry is the size of the log before it. A
sequence would leave gaps after rollbacks and run ahead of commits.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from exchange_server.storage import columns as c

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", c.Digest, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("last_time", c.Instant),
    Column("directory_size", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("idx", c.Index, primary_key=True, autoincrement=False),
    Column("leaf_hash", c.Digest, nullable=False),
    Column("nonce", LargeBinary(32), nullable=False),
    Column("event", SmallInteger, nullable=False),
    Column("actor_agency", c.AgencyName, nullable=False),
    Column("exchange_id", c.Uuid, nullable=False),
    Column("payload_sha256", c.Digest, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    # From here on of entries of statements alone.
    Column("statement_id", c.Uuid),
    Column("kind", c.KindName),
    Column("urgency", SmallInteger),
    Column("legs", c.Texts),
    Column("supervisors", c.Texts),
    Column("certificate_sha256", c.Digest),
    Column("signature", LargeBinary),
    Column("batch", LargeBinary),
    Column("payload", LargeBinary),
    # Late: reading what stands before it reads none of it.
    Column("sealed", LargeBinary),
    Column("post_quantum_signature", LargeBinary),
)
_is_statement = log_entries.c.statement_id.is_not(None)
Index(
    "uq_log_entries_statement_id_actor_agency",
    log_entries.c.statement_id,
    log_entries.c.actor_agency,
    unique=True,
    sqlite_where=_is_statement,
    postgresql_where=_is_statement,
)
Index(
    "ix_log_entries_payload_sha256",
    log_entries.c.payload_sha256,
    sqlite_where=_is_statement,
    postgresql_where=_is_statement,
)

log_tiles = Table(
    "log_tiles",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary(8192), nullable=False),
)

cosignatures = Table(
    "cosignatures",
    metadata,
    Column("tree_size", BigInteger, primary_key=True, autoincrement=False),
    Column("witness", String(255), primary_key=True),
    Column("cosigned_at", c.Instant, nullable=False),
    Column("note", LargeBinary, nullable=False),
)

directory_entries = Table(
    "directory_entries",
    metadata,
    Column("position", c.Index, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("log_index"),
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("exchange_id", c.Uuid, primary_key=True),
    Column("initial_index", BigInteger, nullable=False),
    Column("kind", c.KindName, nullable=False),
    Column("initiator", c.AgencyName, nullable=False),
    Column("initiated_at", c.Instant, nullable=False),
    Column("updated_at", c.Instant, nullable=False),
    Column("due_at", c.Instant),
    Column("urgency", SmallInteger, nullable=False),
    Column("handling", SmallInteger, nullable=False),
    Column("due_on", c.Day),
    sqlite_with_rowid=False,
)

legs = Table(
    "legs",
    metadata,
    Column("exchange_id", c.Uuid, primary_key=True),
    Column("agency", c.AgencyName, primary_key=True),
    Column("position", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("awaits", c.Digest, nullable=False),
    Column("handling", SmallInteger, nullable=False),
    Column("tlp", SmallInteger, nullable=False),
    Column("subject_count", BigInteger, nullable=False),
    Column("was_released", Boolean, nullable=False),
    Column("approvals_required", SmallInteger, nullable=False),
    Column("due_at", c.Instant),
    Column("approvers", c.Texts, nullable=False),
    Column("approvals", c.Texts, nullable=False),
    Column("hidden", c.Digests, nullable=False),
    Column("record", Text, nullable=False),
    Column("kept_until", c.Instant),
    Column("due_on", c.Day),
    sqlite_with_rowid=False,
)
_is_kept = legs.c.kept_until.is_not(None)
Index(
    "ix_legs_kept_until_exchange_id",
    legs.c.kept_until,
    legs.c.exchange_id,
    sqlite_where=_is_kept,
    postgresql_where=_is_kept,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("statement_index", BigInteger, primary_key=True, autoincrement=False),
    Column("member_uri", String(255), primary_key=True),
    Column("log_index", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

feed = Table(
    "feed",
    metadata,
    Column("agency", c.AgencyName, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_index", BigInteger, primary_key=True, autoincrement=False),
    Column("exchange_id", c.Uuid, nullable=False),
    Column("role", String(16), nullable=False),
    Index(None, "exchange_id", "agency", "entry_index"),
    sqlite_with_rowid=False,
)

parties = Table(
    "parties",
    metadata,
    Column("agency", c.AgencyName, primary_key=True),
    Column("party", SmallInteger, primary_key=True, autoincrement=False),
    Column("initial_index", BigInteger, primary_key=True, autoincrement=False),
    Column("leg", c.AgencyName, primary_key=True),
    Column("exchange_id", c.Uuid, nullable=False),
    sqlite_with_rowid=False,
)

parts = Table(
    "parts",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("part_id", LargeBinary(16), nullable=False),
    sqlite_with_rowid=False,
)

staged_parts = Table(
    "staged_parts",
    metadata,
    Column("part_id", LargeBinary(16), primary_key=True),
    Column("agency", c.AgencyName, nullable=False),
    Column("sha256", c.Digest, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("staged_at", c.Instant, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Index(None, "agency", "sha256"),
    sqlite_with_rowid=False,
)

part_chunks = Table(
    "part_chunks",
    metadata,
    Column("part_id", LargeBinary(16), primary_key=True),
    Column("seq", SmallInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
