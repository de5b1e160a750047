"""A PostgreSQL server as its administrators set it up: what keeps a hub from it, found at once.

A setting that spoils single sessions is overridden (`postgresql`). One that only an administrator
can change is refused here, before the hub begins and not in the middle of its work.
"""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import Connection, Engine, text

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.storage.engine import reading
from exchange_server.storage.tables import metadata

_log = structlog.get_logger(__name__)

CONNECTIONS: Final = 6
"""The connections that a hub, or one of its workers, needs."""
_UPDATED: Final = {
    "cosignatures", "exchanges", "legs", "log_entries", "log_head", "log_tiles", "staged_parts",
}  # fmt: skip
_DELETED: Final = {"cosignatures", "part_chunks", "parts", "staged_parts"}

_SERVER: Final = text(
    "SELECT pg_is_in_recovery() AS is_standby, current_user AS role, current_database() AS named,"
    " current_setting('default_transaction_read_only') = 'on' AS is_read_only,"
    " current_setting('fsync') = 'on' AS syncs,"
    " pg_encoding_to_char(d.encoding) AS encoding,"
    " r.rolsuper AS is_super, r.rolconnlimit AS of_role, d.datconnlimit AS of_database"
    " FROM pg_catalog.pg_roles r, pg_catalog.pg_database d"
    " WHERE r.rolname = current_user AND d.datname = current_database()"
)
_HIDDEN: Final = text(
    "SELECT n.nspname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname = 'log_head' AND c.relkind = 'r' AND to_regclass('log_head') IS NULL"
    " AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'UPDATE')"
    " AND (SELECT source FROM pg_catalog.pg_settings WHERE name = 'search_path') <> 'client'"
    " ORDER BY 1 LIMIT 1"
)
"""A log that this role wrote, or could, and that its search_path misses. One that it may not write
is another hub's, and a search_path in the URL was chosen with this hub's own configuration."""
_OF_ANOTHER: Final = text(
    "SELECT n.nspname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = to_regclass('log_head') AND n.nspname <> current_user"
)
_PRIVILEGE: Final = text("SELECT has_table_privilege(to_regclass(:name), :privilege)")


_COLLATION: Final = text(
    "SELECT datcollversion, pg_catalog.pg_database_collation_actual_version(oid)"
    " FROM pg_catalog.pg_database WHERE datname = current_database()"
)
_KNOWS_COLLATIONS: Final = (15,)
"""The version of PostgreSQL from which a database knows by which order it was sorted."""


def order_that_changed(connection: Connection) -> str | None:
    """Tell of indexes that were sorted by another order than the system has now; None if all agree.

    A search may miss a row then, and a unique index may take a row twice.
    """
    if (
        connection.dialect.name != "postgresql"
        or (connection.dialect.server_version_info or ()) < _KNOWS_COLLATIONS
    ):
        return None
    before, now = connection.execute(_COLLATION).one()
    if before is None or before == now:
        return None
    return (
        f"the database was sorted by version {before} of its collation, and the system has "
        f"{now or 'none'}: an index may miss rows"
    )


def tell_of_order(engine: Engine) -> None:
    """Log what `order_that_changed` tells, for the operator of a hub that starts."""
    with reading(engine) as connection:
        changed = order_that_changed(connection)
    if changed:
        _log.error("order_changed", why=changed, todo="see `exchange-server doctor`")


def verify_server(engine: Engine) -> None:
    """Verify that a hub can serve from a PostgreSQL server; SQLite has none.

    Raises CONFIG_INVALID with the way out. Tables that are not made yet lack no rights.
    """
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as connection:
        _verify_settings(connection)
        _verify_tables(connection)


def _verify_settings(connection: Connection) -> None:
    found = connection.execute(_SERVER).one()
    if found.is_standby:
        raise _refused(
            "the server is a standby, which takes no writes: name the primary, or every machine "
            "and target_session_attrs=read-write"
        )
    if found.is_read_only:
        raise _refused(
            f"default_transaction_read_only is on for the role {found.role}, the database "
            f"{found.named} or the server: the hub has to write. Set it off where it is set, such "
            f"as by ALTER ROLE {found.role} RESET default_transaction_read_only"
        )
    if found.encoding != "UTF8":
        raise _refused(
            f"the database {found.named} has the encoding {found.encoding}, which does not keep "
            "every name: make one by CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and "
            "move a log that is here by `exchange-server copy-database`"
        )
    if not found.syncs:
        raise _refused(
            "fsync is off at the server: a loss of power would lose what receipts were given for. "
            "Set it on, and reload the server"
        )
    limits = [("role " + found.role, found.of_role), ("database " + found.named, found.of_database)]
    for whose, limit in limits:
        if 0 <= limit < CONNECTIONS and not found.is_super:
            raise _refused(
                f"the {whose} may have {limit} connections; a hub needs {CONNECTIONS}, each worker "
                "as many: raise its CONNECTION LIMIT"
            )


def _verify_tables(connection: Connection) -> None:
    hidden = connection.execute(_HIDDEN).scalar()
    if hidden is not None:
        raise _refused(
            f"a hub's tables are in the schema {hidden}, and search_path does not lead there: a "
            "second log would begin beside the first. Set search_path of the hub's role to it. For "
            "another log let a role of its own own a schema, or name the schema in the URL, by "
            "options=-c%20search_path%3DNAME"
        )
    for name in metadata.tables:
        needed = ["SELECT", "INSERT", *(["UPDATE"] if name in _UPDATED else [])]
        for privilege in [*needed, *(["DELETE"] if name in _DELETED else [])]:
            given = {"name": name, "privilege": privilege}
            # None where there is no such table yet.
            if connection.execute(_PRIVILEGE, given).scalar() is False:
                raise _refused(
                    f"the hub's role may not {privilege} on the table {name}: GRANT it, or let "
                    f"the role own the database{_own_schema(connection)}"
                )


def _own_schema(connection: Connection) -> str:
    """The other way out, where the tables may be those of another hub."""
    schema = connection.execute(_OF_ANOTHER).scalar()
    if schema is None:
        return ""
    return (
        f"; if the tables in the schema {schema} are another hub's, make a schema for this role: "
        "CREATE SCHEMA AUTHORIZATION and its name"
    )


def _refused(why: str) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(f"the database cannot be used: {why}", field="database.url")
