"""A hub reaches its PostgreSQL by TLS, and takes no server whose certificate is another's.

The server of the tests is built without TLS, so a proxy before it ends TLS (libpq's direct
negotiation). What is tested is the hub's side: the parameters of its URL, and what it refuses.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url

from agency_client import InformationRequest, Sent
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.bootstrap import utc_now
from exchange_server.cli import database_errors
from exchange_server.storage.engine import open_engine, reading
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.postgres import emptied_database, running_postgres

SECONDS = 30


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of its own for the loopback address: its file and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextmanager
def tls_before(socket_path: str, files: tuple[Path, Path]) -> Iterator[int]:
    """End TLS on a port, and hand on what comes to a Unix socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.set_alpn_protocols(["postgresql"])
    loop, ports = asyncio.new_event_loop(), []
    started = threading.Event()

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def serve(outer: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        inner, on = await asyncio.open_unix_connection(socket_path)
        await asyncio.gather(pipe(outer, on), pipe(inner, back))

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()

    task = loop.create_task(run())
    thread = threading.Thread(target=lambda: loop.run_until_complete(task))
    thread.start()
    assert started.wait(SECONDS)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(SECONDS)
        loop.close()


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
