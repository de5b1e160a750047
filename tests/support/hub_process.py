"""A real hub for tests: its own certificates, keys, configuration and database, over mutual TLS.

    files = prepare_hub(tmp_path)                  everything a hub needs, in a folder; log is empty
    with HubProcess(files) as hub: ...             a process of its own, on a free port
    async with running_hub(files) as hub: ...      in this process and event loop

Certificates come from a fictional authority: `files.authority`, `files.issue(...)`.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_keys import SoftwareSigner, save_private_key
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.trust.certificates import TrustAnchors, Usage
from exchange_protocol.trust.identity import HubIdentity, parse_member
from exchange_server.bootstrap import Hub, load_credentials, utc_now
from exchange_server.config import Config, load_config
from exchange_server.storage.engine import open_engine
from exchange_server.tls.held_lists import HeldLists
from tests.support.schema import make_schema
from tests.support.warm_start import WarmProcess

TRUST_DOMAIN = "caricc.example"
PASSPHRASE = b"fictional passphrase"
ORIGIN = "caricc.example/exchange-log"
START_SECONDS = 30
REPOSITORY = Path(__file__).resolve().parents[2]
PREPARE_WORKERS = "from tests.support.warm_workers import prepare_workers; prepare_workers"


@dataclass(frozen=True)
class HubFiles:
    """The files that a hub runs from."""

    folder: Path
    config_file: Path
    authority: Authority
    log_vkey: str
    database_url: str

    @property
    def root_pem(self) -> bytes:
        return self.authority.root_pem()

    @property
    def crl_file(self) -> Path:
        return self.authority.directory / "crl.pem"

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors.from_pem(self.root_pem)

    @property
    def config(self) -> Config:
        return load_config(self.config_file, {})

    def issue(
        self, member: str, usage: Usage = Usage.TLS_CLIENT, **validity: Any
    ) -> IssuedCertificate:
        """Issue a certificate to a fictional member, such as `kz.mia/officer/aigerim`."""
        identity = parse_member(f"spiffe://{self.authority.trust_domain}/agency/{member}")
        return self.authority.issue_member(identity, usage, now=utc_now(), **validity)


def prepare_hub(
    folder: Path,
    *,
    authority: Authority | None = None,
    limits: Mapping[str, float] | None = None,
    database_url: str | None = None,
) -> HubFiles:
    """Make a hub's files in a new or empty folder, and migrate its database.

    Without an authority it gets one of its own.
    """
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    if authority is None:
        authority = Authority.create(folder / "authority", TRUST_DOMAIN, PASSPHRASE, now)
    issued = authority.issue_hub(
        HubIdentity(authority.trust_domain, "main"),
        now=now,
        dns_names=["localhost"],
        ip_addresses=["127.0.0.1"],
    )
    (folder / "hub.pem").write_bytes(issued.certificate_pem)
    assert issued.key is not None
    save_private_key(folder / "hub.key", issued.key, PASSPHRASE)
    log_key = Ed25519PrivateKey.generate()
    save_private_key(folder / "log.key", log_key, PASSPHRASE)
    passphrase_file = folder / "passphrase"
    passphrase_file.touch(mode=0o600)
    passphrase_file.write_bytes(PASSPHRASE)
    url = database_url or f"sqlite:///{folder}/hub.db"
    config_file = folder / "hub.toml"
    config_file.write_text(_toml(url, authority.directory, limits or {}), encoding="utf-8")
    engine = open_engine(url)
    make_schema(engine)
    engine.dispose()
    files = HubFiles(
        folder, config_file, authority, LogSigner(ORIGIN, SoftwareSigner(log_key)).vkey, url
    )
    HeldLists(files.config.held_lists, files.anchors).begin(files.crl_file)
    return files


def channel_credentials(root_pem: bytes, issued: IssuedCertificate) -> grpc.ChannelCredentials:
    """Credentials with which a client with this certificate opens a channel."""
    assert issued.key is not None
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return grpc.ssl_channel_credentials(root_pem, key, issued.certificate_pem)


class HubProcess:
    """A hub in a process of its own."""

    def __init__(
        self,
        files: HubFiles,
        environment: Mapping[str, str] | None = None,
        *,
        code: str = "from exchange_server.cli import main; main()",
        workers: int = 1,
        spawned: bool = False,
    ) -> None:
        """Start it; `code` runs the hub's command, or spoils something and then runs it.

        Several workers start warm; `spawned` lets them start as they do for an operator, and so
        does `make faults`.
        """
        if workers > 1:
            is_warm = not spawned and os.environ.get("EXCHANGE_FAULTS") != "full"
            code = f"{PREPARE_WORKERS}({str(files.folder)!r}, is_warm={is_warm})\n{code}"
        self.files = files
        self.lines: list[str] = []
        """Lines of JSON that the hub has logged so far."""
        self.port = 0
        self._listening: queue.Queue[int | None] = queue.Queue()
        self._process = WarmProcess(
            code,
            (
                "exchange-server",
                "serve",
                "--config",
                str(files.config_file),
                *(("--workers", str(workers)) if workers > 1 else ()),
            ),
            {**_without_commands(), "PYTHONPATH": _python_path(), **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def target(self) -> str:
        """Its address, as a client names it."""
        return f"localhost:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        port = self._listening.get(timeout=START_SECONDS)
        if port is None:
            self.close()
            raise AssertionError("the hub did not start:\n" + "\n".join(self.lines))
        self.port = port
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def said(self, event: str) -> list[dict[str, Any]]:
        """Lines that it has logged so far of one event."""
        return [json.loads(line) for line in list(self.lines) if f'"event": "{event}"' in line]

    def wait_until_said(self, event: str, times: int) -> list[dict[str, Any]]:
        """Wait until it has logged an event so many times."""
        deadline = time.monotonic() + 2 * START_SECONDS
        while len(said := self.said(event)) < times:
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.1)
        return said

    def stop(self) -> int:
        """Tell it to stop in good order; gives its exit code."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(START_SECONDS)
        self._reader.join(START_SECONDS)
        return code

    def wait(self, seconds: float) -> int:
        """Wait until it has ended; gives its exit code."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it at once, as a loss of power would."""
        self._process.kill()
        self._process.wait(START_SECONDS)

    def close(self) -> None:
        """End it if it still runs, and free what it held."""
        if self._process.poll() is None:
            self.kill()
        self._reader.join(START_SECONDS)
        self._process.stderr.close()

    def _read(self) -> None:
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))
            if '"event": "listening"' in line:
                self._listening.put(json.loads(line)["port"])
        self._listening.put(None)


@asynccontextmanager
async def running_hub(files: HubFiles) -> AsyncIterator[Hub]:
    """Run a hub in this event loop."""
    config = files.config
    hub = Hub(config, load_credentials(config, {}, utc_now))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def _toml(url: str, authority: Path, limits: Mapping[str, float]) -> str:
    lines = [
        "[listen]",
        'host = "127.0.0.1"',
        "port = 0",
        "[tls]",
        'certificate = "hub.pem"',
        'key = "hub.key"',
        'key_passphrase_file = "passphrase"',
        f'root = "{authority}/root.pem"',
        f'crl = "{authority}/crl.pem"',
        'crl_held = "crl-held.pem"',
        "[log]",
        f'origin = "{ORIGIN}"',
        'key = "log.key"',
        'key_passphrase_file = "passphrase"',
        "[database]",
        f'url = "{url}"',
        "[limits]",
        *(f"{key} = {value}" for key, value in limits.items()),
    ]
    return "\n".join(lines) + "\n"


def _without_commands() -> dict[str, str]:
    """This process's environment without what a command of an agency, run in it, has set.

    It silences gRPC, and a hub that inherits that never tells of a refused handshake.
    """
    return {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}


def _python_path() -> str:
    return os.pathsep.join(str(REPOSITORY / part) for part in (".", "proto", "certs"))
