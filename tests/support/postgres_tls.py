"""TLS before the PostgreSQL of the tests, which is built without it.

A proxy ends TLS before the server (libpq's direct negotiation), so that every client does what it
does with a server of its own TLS: it verifies certificate and name, or refuses.
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

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exchange_server.bootstrap import utc_now

SECONDS = 30


def libpq_with_tls() -> Path:
    """The libpq that psycopg brings: PostgreSQL's own commands speak TLS where it is preloaded."""
    import psycopg_binary

    folder = Path(psycopg_binary.__file__).parents[1] / "psycopg_binary.libs"
    [found] = folder.glob("libpq-*")
    return found


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of its own, for a name and the loopback address: its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
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
def tls_before(place: str | int, files: tuple[Path, Path]) -> Iterator[int]:
    """End TLS on a port, and hand on what comes to a Unix socket, or to a port of loopback."""
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
        try:
            inner, on = await (
                asyncio.open_unix_connection(place)
                if isinstance(place, str)
                else asyncio.open_connection("127.0.0.1", place)
            )
        except OSError:
            back.close()
            return
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
