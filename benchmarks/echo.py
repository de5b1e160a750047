"""The ceiling: a server over mutual TLS that gives back the bytes it got, and does nothing else.
The floor too (`floor`): it keeps what it got, and judges nothing.

Run as `python -m benchmarks.echo CONFIG`, with a hub's configuration: it shows the hub's
certificate, asks for a client's, and uses the hub's event loop and gRPC library. It prints its port
and serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import grpc
import uvloop

from benchmarks.floor import Floor
from exchange_server.bootstrap import load_credentials, utc_now
from exchange_server.config import load_config
from tests.support.hub_process import REPOSITORY, HubFiles

METHOD = "/benchmarks.Echo/Echo"
STOP_SECONDS = 10


async def serve(config_file: Path) -> None:
    """Echo until SIGTERM."""
    tls = load_credentials(load_config(config_file, {}), {}, utc_now).tls()
    server = grpc.aio.server()
    floor = Floor(config_file.parent / f"floor-{os.getpid()}.db")

    async def keep(request: bytes, context: Any) -> bytes:
        floor.keep(request)
        return b""

    handlers: Any = {
        "Echo": grpc.unary_unary_rpc_method_handler(_echo),
        "Keep": grpc.unary_unary_rpc_method_handler(keep),
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("benchmarks.Echo", handlers),)
    )
    credentials = grpc.ssl_server_credentials(
        [(tls.key, tls.certificate_chain)], root_certificates=tls.root, require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    told_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_stop.set)
    await told_to_stop.wait()
    await server.stop(0)


async def _echo(request: bytes, context: Any) -> bytes:
    return request


class EchoProcess:
    """The echo in a process of its own."""

    def __init__(self, files: HubFiles) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.echo", str(files.config_file)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.target = ""

    def __enter__(self) -> Self:
        port = self._process.stdout.readline() if self._process.stdout else ""
        self.target = f"localhost:{int(port)}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=STOP_SECONDS)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
