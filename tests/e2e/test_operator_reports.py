"""Reports by operators of other services of this kind, tried with the commands as processes.

The situations with their outcomes are listed in docs/edges.md.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client import ExchangeClient, InformationRequest, Item, Queued, Sent
from exchange_keys import encrypted_pem
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.bootstrap import utc_now
from tests.e2e.test_field_cases import SERVER, command
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.warm_programs import warm_python

SECONDS = 60
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))


@pytest.fixture
def town(foundation: Foundation, tmp_path: Path) -> Deployment:
    """An enrolled deployment whose hub is down."""
    return foundation.copy(tmp_path / "hub")


def run(town: Deployment, name: str, *words: object, code: str = SERVER) -> tuple[int, str, str]:
    """Run a command of the hub; gives exit code, stdout and stderr."""
    return command(code, name, "--config", town.files.config_file, *words)


def ask(client: ExchangeClient) -> Sent | Queued:
    return client.request_information(to=["kz.fma"], brief="fictional", request=REQUEST)


def bounded(number: str, value: int) -> str:
    """Code that bounds a command before it begins."""
    return f"import resource; resource.setrlimit(resource.{number}, ({value}, {value}))\n{SERVER}"


# --- Versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [("serve",), ("check-config",), ("migrate",), ("fsck",), ("backup", "copy.db")]
)
def test_older_hub_leaves_a_newer_database_alone(
    town: Deployment, tmp_path: Path, words: tuple[str, ...]
) -> None:
    database = town.files.folder / "hub.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    code, out, err = run(town, words[0], *(tmp_path / each for each in words[1:]))
    assert (code, out) == (2, "")
    assert "got 0099; it is of a newer hub: run that one" in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "copy.db").exists()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0099",)


# --- A database that was put back in part ---------------------------------------------------------


def test_index_that_a_restore_left_out_is_told_and_made_anew(town: Deployment) -> None:
    index = "uq_log_entries_statement_id_actor_agency"
    with closing(sqlite3.connect(town.files.folder / "hub.db")) as connection:
        connection.execute(f"DROP INDEX {index}")
        connection.commit()
    for name, expected in (("check-config", 2), ("serve", 2), ("fsck", 2), ("doctor", 1)):
        code, out, err = run(town, name)
        assert code == expected, name
        assert f"lacks the index {index}" in out + err, name
        assert "`exchange-server migrate` makes it anew" in out + err, name
    assert run(town, "migrate")[:2] == (0, f"indexes that were missing are made anew: {index}\n")
    assert run(town, "check-config")[0] == run(town, "fsck")[0] == 0


# --- Files ----------------------------------------------------------------------------------------


def test_log_that_is_truncated_in_its_place_begins_with_no_zeros(
    town: Deployment, tmp_path: Path
) -> None:
    log = tmp_path / "hub.log"
    # As `2>` of a shell opens it.
    with log.open("wb") as file:
        hub = subprocess.Popen(
            [warm_python(), "-c", SERVER, "serve", "--config", str(town.files.config_file)],
            stderr=file,
        )
    with hub:
        ends_at = time.monotonic() + SECONDS
        while b'"listening"' not in log.read_bytes():
            assert time.monotonic() < ends_at
            time.sleep(0.05)
        os.truncate(log, 0)
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(SECONDS) == 0
    assert log.read_bytes().startswith(b"{")


def test_file_that_may_not_grow_further_is_told_as_that(town: Deployment, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    code, out, err = run(town, "backup", copy, code=bounded("RLIMIT_FSIZE", 65_536))
    assert (code, out) == (2, "")
    assert "a file may not grow so long (`ulimit -f`" in err
    assert not copy.exists()
    limits = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({2**16}, {2**16}))\n"
    with HubProcess(
        town.files, code=f"{limits}from exchange_server.cli import main; main()"
    ) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            while not isinstance(ask(client), Queued):
                pass
            assert client.checkpoint().size > 0
        assert "a file may not grow so long" in hub.said("batch_failed")[0]["why"]
    code, _, err = run(town, "fsck")
    assert code == 0, err


def test_shared_memory_that_a_backup_tool_removes_stops_the_writing_and_loses_nothing(
    town: Deployment,
) -> None:
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            assert isinstance(ask(client), Sent)
            size = client.checkpoint().size
            (town.files.folder / "hub.db-shm").unlink()
            assert isinstance(ask(client), Queued)
            told = hub.wait_until_said("database_lost", 1)[0]
            assert "hub.db-shm was replaced or removed" in told["why"]
            assert Path(told["copy"]).exists()
    code, out, _ = run(town, "fsck")
    assert (code, f"{size} entries" in out) == (0, True)
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            assert all(isinstance(each, Sent) for each in client.flush_outbox())


# --- Certificates and lists -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["list", "root"])
def test_file_in_der_is_told_as_that_with_the_way_out(
    town: Deployment, tmp_path: Path, form: str
) -> None:
    files, given = town.files, tmp_path / "given"
    if form == "list":
        data = x509.load_pem_x509_crl(files.crl_file.read_bytes()).public_bytes(Encoding.DER)
        given.write_bytes(data)
        before = files.crl_file.read_bytes()
        code, out, err = run(town, "revocations", given)
        assert files.crl_file.read_bytes() == before
    else:
        given.write_bytes(files.authority.root.public_bytes(Encoding.DER))
        words = ("fsck", "--database", files.database_url, "--root", given)
        code, out, err = command(SERVER, *words, "--log-key", files.log_vkey)
    assert (code, out) == (2, "")
    assert "is in DER, and PEM is expected" in err
    assert "openssl crl" in err


def test_list_with_line_ends_of_windows_is_taken(town: Deployment, tmp_path: Path) -> None:
    given = tmp_path / "crl.pem"
    given.write_bytes(town.files.crl_file.read_bytes().replace(b"\n", b"\r\n"))
    code, out, _ = run(town, "revocations", given)
    assert code == 1, "no port of metrics to ask at"
    assert "in place" in out


def test_chain_in_the_wrong_order_is_told_as_that(town: Deployment) -> None:
    file = town.files.folder / "hub.pem"
    file.write_bytes(town.files.authority.root_pem() + file.read_bytes())
    code, _, err = run(town, "check-config")
    assert (code, "change the order" in err) == (2, True)


def test_certificate_of_another_type_of_key_is_taken_when_both_files_are_there(
    town: Deployment,
) -> None:
    """The key comes first, as programs of renewal write it: until then the old pair serves."""
    files, passphrase = town.files, (town.files.folder / "passphrase").read_bytes().strip()
    domain = files.authority.trust_domain
    key = ec.generate_private_key(ec.SECP384R1())
    issued = files.authority.issue_hub(
        HubIdentity(domain, "main"),
        now=utc_now(),
        dns_names=["localhost"],
        public_key=key.public_key(),
    )
    with HubProcess(files) as hub:
        town.point_to(hub.port)
        (files.folder / "hub.key").write_bytes(encrypted_pem(key, passphrase))
        wait_until_refused(town, hub, 1)
        (files.folder / "hub.pem").write_bytes(issued.certificate_pem)
        wait_until_refused(town, hub, 1, read=1)
        # RSA is no key of this contract: told, and the pair before it serves on.
        put_rsa(files.folder, passphrase, issued.certificate, files.authority._key)
        wait_until_refused(town, hub, 2, read=1)
        why = hub.said("certificate_refused")[-1]["why"]
        assert "elliptic curve" in why or "P-256 or P-384" in why
    code, _, err = run(town, "check-config")
    assert (code, "P-256 or P-384" in err) == (2, True)


def wait_until_refused(town: Deployment, hub: HubProcess, times: int, read: int = 0) -> None:
    """Connect anew until the hub has told of the files as they are; each time it serves."""
    ends_at = time.monotonic() + SECONDS
    while len(hub.said("certificate_refused")) < times or len(hub.said("certificate_read")) < read:
        assert time.monotonic() < ends_at
        with town.client("kz.mia/system") as client:
            client.checkpoint()
        time.sleep(0.2)


def put_rsa(
    folder: Path,
    passphrase: bytes,
    like: x509.Certificate,
    authority: ec.EllipticCurvePrivateKey,
) -> None:
    """Put a pair of another type in the place of the hub's, signed by its authority."""
    key = rsa.generate_private_key(65_537, 2048)
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(like.subject)
        .issuer_name(like.issuer)
        .public_key(key.public_key())
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
    )
    for each in like.extensions:
        builder = builder.add_extension(each.value, each.critical)
    pem = key.private_bytes(
        Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    (folder / "hub.key").write_bytes(pem)
    certificate = builder.sign(authority, hashes.SHA256())
    (folder / "hub.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


# --- The network ----------------------------------------------------------------------------------


def test_probes_of_a_balancer_fill_no_log(town: Deployment) -> None:
    with HubProcess(town.files) as hub:
        before = len(hub.lines)
        for _ in range(300):
            socket.create_connection(("127.0.0.1", hub.port), timeout=SECONDS).close()
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            assert isinstance(ask(client), Sent)
        hub.stop()
        others = [line for line in hub.lines[before:] if '"event": "call"' not in line]
        assert len(others) < 10, others


# --- Containers -----------------------------------------------------------------------------------


def test_user_without_a_name_and_a_home_runs_the_commands(town: Deployment, tmp_path: Path) -> None:
    """A platform of containers gives each project a number of its own, which has no name."""
    nameless = (
        "import os, pwd\n"
        "def none(_):\n"
        "    raise KeyError('uid not found')\n"
        "pwd.getpwuid = pwd.getpwnam = none\n"
        "for each in ('HOME', 'USER', 'LOGNAME'): os.environ.pop(each, None)\n"
    )
    for name, *words in (
        ("check-config",),
        ("doctor",),
        ("fsck",),
        ("migrate",),
        ("backup", tmp_path / "copy.db"),
    ):
        code, out, err = run(town, name, *words, code=nameless + SERVER)
        assert code == 0, out + err
