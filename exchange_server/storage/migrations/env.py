"""Alembic's environment: migrations run on the connection that `schema.migrate` hands over."""

from __future__ import annotations

from alembic import context

from exchange_server.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
