"""Situations that operators and users reported, played with the commands as processes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from exchange_certs.records import RevocationReason
from exchange_keys import encrypted_pem
from exchange_protocol.errors import Reason
from exchange_server.bootstrap import utc_now
from tests.integration.rpc.test_metrics import value, wait_for, with_metrics
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, REPOSITORY, HubProcess
from tests.support.warm_programs import warm_python

POLICE, OTHER = "kz.mia/system", "kz.fma/system"
AGENCY = "from agency_client.cli import main; main()"
SERVER = "from exchange_server.cli import main; main()"
CERTS = "from exchange_certs.cli import main; main()"
PATHS = os.pathsep.join(str(REPOSITORY / part) for part in (".", "proto", "certs"))
REQUEST = """\
brief: Вымышленное
content: {items: [accounts], facts: Вымышлено}
"""


@pytest.fixture
def served(foundation: Foundation, tmp_path: Path) -> Iterator[tuple[Deployment, HubProcess]]:
    with foundation.serving(tmp_path / "hub") as served:
        yield served


def start(code: str, *words: object, **environment: str) -> subprocess.Popen[str]:
    """Start a command; Python reads variables of its own, as PYTHONUTF8, at a cold start alone."""
    is_cold = any(name.startswith("PYTHON") for name in environment)
    return subprocess.Popen(
        [sys.executable if is_cold else warm_python(), "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": PATHS, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(code: str, *words: object, **environment: str) -> tuple[int, str, str]:
    """Run a command to its end; gives exit code, stdout and stderr."""
    process = start(code, *words, **environment)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def agency(town: Deployment, member: str, *words: object, **more: str) -> tuple[int, str, str]:
    return command(AGENCY, "--profile", town.profile(member), *words, **more)


def asked(town: Deployment, folder: Path, to: str = "kz.fma") -> str:
    """Ask for information; gives the exchange."""
    (folder / "request.yaml").write_text(REQUEST, encoding="utf-8")
    words = ("send", "information-request", folder / "request.yaml", "--to", to, "--json")
    code, out, err = agency(town, POLICE, *words)
    assert code == 0, err
    return str(json.loads(out)["exchange_id"])


def test_revocation_counts_although_the_authoritys_clock_was_wrong(
    served: tuple[Deployment, HubProcess],
) -> None:
    town, hub = served
    authority = town.files.authority
    with town.client(POLICE) as client:
        serial = client.profile.tls.certificate.serial
    old = town.files.crl_file.read_bytes()
    authority.revoke(serial, RevocationReason.KEY_COMPROMISE, now=utc_now() + timedelta(days=1))
    hub.wait_until_said("revocations_read", 1)
    code, _, err = agency(town, POLICE, "sync")
    assert code != 0
    assert Reason.CERTIFICATE_REVOKED.name in err
    # The clock is right again: the next list is of an earlier time, and has a higher number.
    passphrase = town.files.folder / "passphrase"
    words = (town.profile(OTHER) / "tls.pem", "--reason", "keyCompromise")
    code, out, err = command(
        CERTS, "revoke", authority.directory, *words, "--passphrase-file", passphrase
    )
    assert (code, "Revoked" in out) == (0, True), err
    hub.wait_until_said("revocations_read", 2)
    code, _, err = agency(town, OTHER, "sync")
    assert code != 0
    assert Reason.CERTIFICATE_REVOKED.name in err
    # A list that lifts revocations is refused, and the hub tells whoever operates it.
    stale = town.files.folder / "stale.pem"
    stale.write_bytes(old)
    code, _, err = command(SERVER, "revocations", "--config", town.files.config_file, stale)
    assert code == 2, err
    assert "number" in err
    town.files.crl_file.write_bytes(old)
    assert hub.wait_until_said("revocations_refused", 1)
    assert agency(town, OTHER, "sync")[0] != 0


def test_refused_list_of_revocations_is_an_alarm_in_every_check_of_the_operator(
    foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    port = with_metrics(town.files)
    config = ("--config", town.files.config_file)
    old = town.files.crl_file.read_bytes()
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        serial = town.files.issue(OTHER).serial
        town.files.authority.revoke(serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        hub.wait_until_said("revocations_read", 1)
        code, out, err = command(SERVER, "check-config", *config)
        assert (code, "revocation list of the running hub: is the one in" in out) == (0, True), err
        town.files.crl_file.write_bytes(old)
        hub.wait_until_said("revocations_refused", 1)
        wait_for(port, lambda page: value(page, "exchange_crl_refused") == 1)
        code, out, err = command(SERVER, "check-config", *config)
        assert (code, err) == (1, ""), out
        assert "BAD  revocation list of the running hub: the hub refuses" in out
        code, out, _ = command(SERVER, "check-config", "--json", *config)
        assert (code, json.loads(out)["is_well"]) == (1, False)
        code, out, _ = command(SERVER, "doctor", *config)
        assert "new revocations are not in force" in out
        code, _, err = command(SERVER, "revocations", *config, town.files.crl_file)
        assert (code, "none older than the one held" in err) == (2, True), err


def test_proxy_of_the_environment_that_leads_nowhere_is_named(
    served: tuple[Deployment, HubProcess],
) -> None:
    town, _ = served
    for variable in ("http_proxy", "grpc_proxy"):
        proxy = {variable: "http://127.0.0.1:9", "no_proxy": "", "no_grpc_proxy": ""}
        code, _, err = agency(town, POLICE, "sync", **proxy)
        assert code == 3, err
        assert variable in err
        assert "no_grpc_proxy=localhost" in err
        code, _, err = agency(town, POLICE, "sync", **proxy | {"no_grpc_proxy": "localhost"})
        assert code == 0, err


def test_watch_goes_on_with_a_certificate_that_was_renewed(
    served: tuple[Deployment, HubProcess], tmp_path: Path
) -> None:
    town, hub = served
    folder = town.profile(OTHER)
    with town.client(OTHER) as client:
        serial = client.profile.tls.certificate.serial
    words = ("watch", "--json", "--from-start", "--max-seconds", 90)
    watch = start(AGENCY, "--profile", folder, *words)
    assert watch.stdout is not None
    first = asked(town, tmp_path)
    assert any(first in line for line in watch.stdout)
    issued = town.files.issue(OTHER)
    assert issued.key is not None
    for name, data in (
        ("tls.key", encrypted_pem(issued.key, PASSPHRASE)),
        ("tls.pem", issued.certificate_pem),
    ):
        draft = folder / f"{name}.draft"
        draft.touch(mode=0o600)
        draft.write_bytes(data)
        draft.replace(folder / name)
    town.files.authority.revoke(serial, RevocationReason.SUPERSEDED, now=utc_now())
    hub.wait_until_said("revocations_read", 1)
    second = asked(town, tmp_path)
    is_told = any(second in line for line in watch.stdout)
    watch.terminate()
    _, err = watch.communicate(timeout=60)
    assert is_told, (watch.returncode, err)


def test_variables_of_kubernetes_services_do_not_stop_the_hub(
    served: tuple[Deployment, HubProcess],
) -> None:
    town, _ = served
    check = ("check-config", "--config", town.files.config_file)
    code, _, err = command(
        SERVER, *check,
        EXCHANGE_DATABASE_SERVICE_HOST="10.0.0.7",
        EXCHANGE_DATABASE_SERVICE_PORT="5432",
        EXCHANGE_DATABASE_PORT="tcp://10.0.0.7:5432",
        EXCHANGE_LISTEN_PORT="tcp://10.0.0.1:8443",
    )  # fmt: skip
    assert code == 0, err
    code, _, err = command(SERVER, *check, EXCHANGE_LIMITS_DEADLINE_SECONDS="30s")
    assert code == 2
    assert "EXCHANGE_LIMITS_DEADLINE_SECONDS" in err


def test_erased_bytes_that_a_reader_holds_are_told(
    served: tuple[Deployment, HubProcess], tmp_path: Path
) -> None:
    town, hub = served
    exchange = asked(town, tmp_path)
    (tmp_path / "reply.yaml").write_text("brief: Нет\n", encoding="utf-8")
    code, _, err = agency(town, OTHER, "show", exchange)
    assert code == 0, err
    answer = ("reply", exchange, "--result", "no-hit", tmp_path / "reply.yaml")
    code, _, err = agency(town, OTHER, *answer)
    assert code == 0, err
    assert agency(town, POLICE, "close", exchange)[0] == 0
    database = town.files.folder / "hub.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM log_entries").fetchone()
        code, _, err = agency(town, POLICE, "erase", exchange, "--ground", "retention-ended")
        assert code == 0, err
        assert hub.wait_until_said("erased_bytes_kept", 1)
        # The exchange goes on beside it.
        asked(town, tmp_path)
    asked(town, tmp_path)
    assert hub.wait_until_said("erased_bytes_gone", 1)
