"""A hub reaches its PostgreSQL by TLS, and takes no server whose certificate is another's."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from agency_client import InformationRequest, Sent
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.cli.shared import database_errors
from exchange_server.storage.engine import open_engine, reading
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres
from tests.support.postgres_tls import certificate, tls_before


def url_by_tls(direct: str, port: int, root: Path) -> str:
    """The URL of the same database through the proxy, as docs/deployment.md says it."""
    plain = make_url(direct)
    return plain.set(
        drivername="postgresql+psycopg",
        host="127.0.0.1",
        port=port,
        query={
            "sslmode": "verify-full",
            "sslnegotiation": "direct",
            "sslrootcert": str(root),
        },
    ).render_as_string(hide_password=False)


def test_a_hub_serves_over_tls_and_takes_no_other_server(
    tmp_path: Path, foundation: Foundation
) -> None:
    files, stranger = certificate(tmp_path, "db1"), certificate(tmp_path, "stranger")
    with running_postgres() as server:
        direct = emptied_database(server)
        folder = make_url(direct).query["host"]
        with tls_before(f"{folder}/.s.PGSQL.5432", files) as port:
            url = url_by_tls(direct, port, files[0])
            town = foundation.copy(tmp_path / "hub", database_url=url)
            with HubProcess(town.files) as hub:
                town.point_to(hub.port)
                with town.client("kz.mia/system") as client:
                    sent = client.request_information(
                        to="kz.fma", brief="x", request=InformationRequest(items=("TRANSACTIONS",))
                    )
                assert isinstance(sent, Sent)
                assert hub.stop() == 0
            engine = open_engine(url_by_tls(direct, port, stranger[0]))
            with pytest.raises(ExchangeError) as refused, database_errors(), reading(engine):
                pass
            engine.dispose()
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert "certificate verify failed" in refused.value.message
