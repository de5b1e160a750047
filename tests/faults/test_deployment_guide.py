"""docs/deployment.md, as it stands there: set up, failed over and restored under load; enrolment.

Machines are folders here, and their names addresses of loopback. Before each stands a proxy that
ends TLS, for the server is built without it; nothing else of the commands changes.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from tests.faults.load import NOT_SERVING, SERVING, Load, free_port, wait_for_health, wait_until
from tests.support.deployment import OPERATOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, REPOSITORY, HubProcess
from tests.support.postgres import commands_of_postgres, folder_for_postgres
from tests.support.postgres_tls import certificate, libpq_with_tls, tls_before
from tests.support.warm_programs import warm_environment

MACHINES = ("db1", "db2", "db3")
GUIDE = REPOSITORY / "docs" / "deployment.md"


@dataclass(frozen=True)
class Machines:
    """The machines of the guide, by name."""

    folder: Path
    ports: Mapping[str, int]
    tls_ports: Mapping[str, int]
    """Where TLS is ended before each."""

    def run(self, script: str) -> None:
        """Run a block of the guide on the machines that its first line names."""
        first, _, rest = script.partition("\n")
        for name in re.findall(r"db\d", first):
            self._run_on(name, rest)

    def url(self, text: str) -> str:
        """A URL of the guide, with the places of this machine."""
        return (
            self._placed(text)
            + "&sslnegotiation=direct&hostaddr="
            + ",".join(["127.0.0.1"] * text.count("host="))
        )

    def archive(self, name: str) -> None:
        """Wait until all that a machine has written so far is in the archive."""
        with psycopg.connect(
            host=str(self.folder / name), port=self.ports[name], user="postgres", autocommit=True
        ) as connection:

            def answer(query: str) -> str:
                [(text,)] = connection.execute(query).fetchall()
                return text or ""

            segment = answer("SELECT pg_walfile_name(pg_switch_wal())")
            # Names of segments are in the order of the log. A file's own mark of having been
            # archived goes with the file, at any checkpoint.
            wait_until(lambda: answer("SELECT last_archived_wal FROM pg_stat_archiver") >= segment)

    def stop(self, name: str) -> None:
        """Lose a machine: it stops without a last word."""
        self._run_on(name, "pg_ctl -w -m immediate stop")

    def _run_on(self, name: str, script: str) -> None:
        home, port = self.folder / name, self.ports[name]
        home.mkdir(exist_ok=True)
        home.chmod(0o777)
        script = script.replace("pg_ctl -w -l", f"pg_ctl -w -o '-p {port} -k {home}' -l")
        script = script.replace("listen_addresses = '*'", "listen_addresses = '127.0.0.1'")
        script = re.sub(r"^ssl.*\n", "", script, flags=re.MULTILINE).replace("hostssl", "host")
        environment = {
            "PGDATA": f"{home}/data",
            "PGHOST": str(home),
            "PGPORT": str(port),
            # Their own libpq is built without TLS, too.
            "LD_PRELOAD": str(libpq_with_tls()),
        }
        commands_of_postgres(
            ["/bin/bash", "-euc", self._placed(script)], environment | {"HOME": str(home)}
        )

    def _placed(self, text: str) -> str:
        for name, port in self.tls_ports.items():
            there = f"host={name}.example hostaddr=127.0.0.1 port={port} sslnegotiation=direct"
            text = text.replace(f"host={name}.example port=5432", there)
            text = text.replace(f"{name}.example:5432", f"{name}.example:{port}")
        text = text.replace("/etc/exchange", str(self.folder / "etc"))
        return text.replace("/var/lib/exchange", str(self.folder / "mount"))


@pytest.fixture
def machines() -> Iterator[Machines]:
    with folder_for_postgres() as folder, ExitStack() as stack:
        etc = folder / "etc"
        (folder / "mount" / "archive").mkdir(parents=True)
        etc.mkdir()
        for each in (folder, folder / "mount", folder / "mount" / "archive", etc):
            each.chmod(0o777)
        (etc / "pgpass").write_text("*:*:exchange:hub:hub-secret\n")
        (etc / "pgpass").chmod(0o600)
        ports = {name: free_port() for name in MACHINES}
        issued = {name: certificate(etc, f"{name}.example") for name in MACHINES}
        roots = b"".join(shown.read_bytes() for shown, _ in issued.values())
        (etc / "pg-root.pem").write_bytes(roots)
        tls_ports = {
            name: stack.enter_context(tls_before(port, issued[name]))
            for name, port in ports.items()
        }
        machines = Machines(folder, ports, tls_ports)
        yield machines
        for name in machines.ports:
            if (folder / name / "data" / "postmaster.pid").exists():
                machines.stop(name)


def blocks_of(section: int, language: str = "sh") -> list[str]:
    """The blocks of a section of the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    [_, body] = re.split(rf"^## {section}\. .*$", text, flags=re.MULTILINE)
    body = re.split(r"^## ", body, flags=re.MULTILINE)[0]
    return re.findall(rf"```{language}\n(.*?)```", body, re.DOTALL)


def test_guide_to_deployment_keeps_every_receipt(
    tmp_path: Path, machines: Machines, foundation: Foundation
) -> None:
    for block in (*blocks_of(1), *blocks_of(2)):
        machines.run(block)
    [toml] = blocks_of(3, "toml")
    [given] = re.findall(r'url = "(.*)"', toml)
    deployment = foundation.copy(tmp_path / "hub", database_url=machines.url(given))
    files = deployment.files
    [at_a_hub] = blocks_of(3)
    environment = warm_environment()
    subprocess.run(["/bin/bash", "-euc", at_a_hub], cwd=files.folder, env=environment, check=True)

    # The standby follows by TLS, and so do the hubs, before the loss and after the restore.
    followed = (machines.folder / "db2" / "data" / "postgresql.auto.conf").read_text("utf-8")
    for said in (followed, files.database_url):
        # PostgreSQL puts quotes around some values.
        assert re.search(r"sslmode=(\'\')?verify-full", said)
        assert "pg-root.pem" in said

    load = Load(deployment, free_port())
    with HubProcess(files, load.environment) as hub:
        with load.running():
            wait_until(lambda: load.receipts_at() > 5)
            for block in (*blocks_of(4), *blocks_of(5)):
                machines.run(block)
            machines.stop("db1")
            wait_for_health(hub, NOT_SERVING)
            promote, remake, write_alone, wait_again = blocks_of(6)
            machines.run(promote)
            before = load.receipts_at()
            machines.run(remake)
            wait_for_health(hub, SERVING)
            wait_until(lambda: load.receipts_at() > before)
            machines.run(write_alone)
            machines.run(wait_again)
        load.settle()
        assert hub.stop() == 0

    # The last writes are in the archive, this time: the log comes back whole.
    machines.archive("db2")
    for name in ("db1", "db2"):
        machines.stop(name)
    [restore] = blocks_of(7)
    machines.run(restore)
    restored = machines.url(re.sub(r"host=db1.*&target", "host=db3.example:5432&target", given))
    assert "sslmode=verify-full" in restored
    load.files = replace(files, database_url=restored)
    load.verify(at_least=10)
    at_restored = environment | {"EXCHANGE_DATABASE_URL": restored}
    fsck = ["/bin/bash", "-euc", "exchange-server fsck --config hub.toml"]
    subprocess.run(fsck, cwd=files.folder, env=at_restored, check=True)
    with HubProcess(files, {"EXCHANGE_DATABASE_URL": restored}) as again:
        said = enrol_as_told(deployment, again.port)
        assert again.stop() == 0
    assert "tj.customs" in said
    assert re.search(r"caricc +released to the recipient", said), said


def enrol_as_told(deployment: Deployment, port: int) -> str:
    """Enrol an agency by the commands of the guide, at a hub; gives what they print."""
    files = deployment.files
    deployment.point_to(port)
    second = deployment.add_member("caricc/operator/ops2", port)
    assert second.vault.certificate is not None
    with deployment.client(OPERATOR) as client:
        client.publish_certificate(second.vault.certificate.der)
    for name, folder in (
        ("ca", files.authority.directory),
        ("operator", deployment.profile(OPERATOR)),
        ("operator2", second.folder),
    ):
        (files.folder / name).symlink_to(folder)
        secret = files.folder / f"{name}.passphrase"
        secret.touch(mode=0o600)
        secret.write_bytes(PASSPHRASE)
    (files.folder / "root.pem").write_bytes(files.root_pem)
    (files.folder / "log.vkey").write_text(files.log_vkey, "utf-8")
    # One shell for all, since the authority types the digits that the operators have heard.
    script = "".join(blocks_of(9)).replace("hub1.example:8443", f"localhost:{port}")
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=files.folder,
        env=warm_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
