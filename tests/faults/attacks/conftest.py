"""The databases that a hub under attack may have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import emptied_database, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL of this process's own; gives the URI of its first database."""
    with running_postgres() as uri:
        yield uri


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """An empty PostgreSQL, or None for a SQLite file of the hub's own."""
    if request.param == "sqlite":
        return None
    return emptied_database(request.getfixturevalue("postgres"))
