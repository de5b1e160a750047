"""A revocation outlives the hub: no older list is taken after a restart, however that came."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_certs.authority import Authority, IssuedCertificate
from exchange_certs.records import RevocationReason
from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import audit_service_pb2 as pb
from exchange_protocol.v1 import audit_service_pb2_grpc as pb_grpc
from exchange_server.bootstrap import utc_now
from tests.integration.rpc.callers import Region, reason_of
from tests.integration.rpc.conftest import a_while_ago
from tests.support.commands import ServerCommand
from tests.support.hub_process import (
    PASSPHRASE,
    HubProcess,
    channel_credentials,
    prepare_hub,
)
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast

pytestmark = pytest.mark.long

OK = "OK"
REVOKED = Reason.CERTIFICATE_REVOKED.name


class Office:
    """A hub with a log, an authority of its own, and a certificate that will be stolen."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        shutil.copytree(fictional_cast().authority.directory, folder / "authority")
        self.authority = Authority.open(folder / "authority", PASSPHRASE)
        self.memory = Hub(replace(fictional_cast(), authority=self.authority), now=a_while_ago())
        self.files = prepare_hub(folder / "hub", authority=self.authority, database_url=url)
        self.stolen = self._issued(KZ_FMA)
        self.good = self._issued(KZ_MIA)
        self.old = self.files.crl_file.read_bytes()
        """The list before the revocation."""

    def _issued(self, who: Member) -> IssuedCertificate:
        return self.authority.issue_member(who, Usage.TLS_CLIENT, now=utc_now())

    def fill(self, hub: HubProcess) -> None:
        """Put the region's directory on the log."""
        with Region(hub, self.memory) as region:
            region.catch_up()

    def revoke(self, hub: HubProcess, workers: int = 1) -> None:
        """Revoke the stolen certificate; every worker has read that when this returns."""
        times = len(hub.said("revocations_read")) + workers - 1
        self.authority.revoke(self.stolen.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        while len(hub.said("revocations_read")) <= times:
            self.call(hub, self.good)
        assert self.call(hub, self.stolen) == REVOKED

    def call(self, hub: HubProcess, issued: IssuedCertificate) -> str | None:
        """The outcome of a call with a certificate, over a connection of its own."""
        credentials = channel_credentials(self.files.root_pem, issued)
        options = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.secure_channel(hub.target, credentials, options) as channel:
            stub = pb_grpc.AuditServiceStub(channel)
            try:
                stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=30)
            except grpc.RpcError as error:
                return reason_of(error)
        return OK

    def health(self, hub: HubProcess, service: str) -> int:
        credentials = channel_credentials(self.files.root_pem, self.good)
        with grpc.secure_channel(hub.target, credentials) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=service)
            return int(stub.Check(request, timeout=30).status)

    @property
    def held(self) -> Path:
        return self.files.config.held_lists


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(scope="module")
def postgres() -> str:
    return shared_postgres()


@pytest.mark.parametrize("ends", ["in good order", "at once"])
def test_an_older_list_put_in_place_while_the_hub_is_down_is_refused_when_it_is_back(
    office: Office, run: ServerCommand, ends: str
) -> None:
    config = ("--config", str(office.files.config_file))
    with HubProcess(office.files) as hub:
        office.fill(hub)
        assert office.call(hub, office.stolen) == OK
        office.revoke(hub)
        if ends == "at once":
            hub.kill()
        else:
            assert hub.stop() == 0
    new = office.files.crl_file.read_bytes()
    office.files.crl_file.write_bytes(office.old)
    code, out, err = run("check-config", *config)
    assert (code, err) == (1, "")
    assert "BAD  revocation list held over restarts: a hub refuses" in out
    with HubProcess(office.files) as hub:
        assert office.call(hub, office.stolen) == REVOKED
        assert office.call(hub, office.good) == OK
        [told] = hub.said("revocations_refused")
        assert "none older than the one held" in told["why"]
        assert office.health(hub, "revocations") == health_pb2.HealthCheckResponse.NOT_SERVING
        assert office.health(hub, "") == health_pb2.HealthCheckResponse.SERVING
        # The operator cannot put it there either, and the newest list ends the alarm.
        (office.files.folder / "old.pem").write_bytes(office.old)
        code, _, err = run("revocations", *config, str(office.files.folder / "old.pem"))
        assert (code, "none older than the one held" in err) == (2, True)
        (office.files.folder / "new.pem").write_bytes(new)
        run("revocations", *config, str(office.files.folder / "new.pem"))
        hub.wait_until_said("revocations_read", 1)
        assert office.call(hub, office.stolen) == REVOKED
        assert hub.stop() == 0
    assert office.held.read_bytes() == new


def test_a_list_that_is_broken_or_cut_while_the_hub_is_down_lifts_nothing(office: Office) -> None:
    with HubProcess(office.files) as hub:
        office.fill(hub)
        office.revoke(hub)
        assert hub.stop() == 0
    office.files.crl_file.write_bytes(office.files.crl_file.read_bytes()[:-100])
    with HubProcess(office.files) as hub:
        assert office.call(hub, office.stolen) == REVOKED
        assert office.call(hub, office.good) == OK
        assert hub.said("revocations_refused")
        # A newer list than the one held still counts.
        office.authority.revoke(office.good.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
        hub.wait_until_said("revocations_read", 1)
        assert office.call(hub, office.good) == REVOKED


def test_a_list_that_was_published_while_the_hub_was_down_is_held_from_the_start(
    office: Office,
) -> None:
    with HubProcess(office.files) as hub:
        office.fill(hub)
        assert hub.stop() == 0
    office.authority.revoke(office.stolen.serial, RevocationReason.KEY_COMPROMISE, now=utc_now())
    # It is held before anybody is served, so a hub that dies at once has it, too.
    with HubProcess(office.files) as hub:
        hub.kill()
    office.files.crl_file.write_bytes(office.old)
    with HubProcess(office.files) as hub:
        assert office.call(hub, office.stolen) == REVOKED


def test_a_hub_with_a_log_that_held_a_list_and_has_lost_it_does_not_start(
    office: Office, run: ServerCommand
) -> None:
    config = ("--config", str(office.files.config_file))
    with HubProcess(office.files) as hub:
        office.fill(hub)
        office.revoke(hub)
        assert hub.stop() == 0
    new = office.files.folder / "new.pem"
    new.write_bytes(office.files.crl_file.read_bytes())
    office.held.unlink()
    office.files.crl_file.write_bytes(office.old)
    command = "exchange-server revocations LIST.pem --config FILE"
    code, _, err = run("check-config", *config)
    assert (code, str(office.held) in err, command in err) == (2, True, True)
    code, out, _ = run("doctor", *config)
    assert (code, f"{office.held} is gone, so the hub does not start" in out) == (1, True)
    assert command in out
    with pytest.raises(AssertionError, match=rf"tls\.crl_held.*{command}"):
        HubProcess(office.files).__enter__()
    run("revocations", *config, str(new))
    assert "is gone" not in run("doctor", *config)[1]
    with HubProcess(office.files) as hub:
        assert office.call(hub, office.stolen) == REVOKED


def test_a_damaged_held_list_is_told_with_the_remedy(office: Office, run: ServerCommand) -> None:
    office.held.write_text("no list", encoding="utf-8")
    code, _, err = run("check-config", "--config", str(office.files.config_file))
    assert (code, str(office.held) in err) == (2, True)
    assert "exchange-server revocations" in err


def test_a_database_from_a_backup_brings_no_old_list_back(
    office: Office, run: ServerCommand
) -> None:
    config = ("--config", str(office.files.config_file))
    backup = str(office.files.folder / "copy.backup")
    with HubProcess(office.files) as hub:
        office.fill(hub)
        assert run("backup", backup, *config)[0] == 0
        office.revoke(hub)
        assert hub.stop() == 0
    for left in office.files.folder.glob("hub.db*"):
        left.unlink()
    office.files.crl_file.write_bytes(office.old)
    code, out, err = run("restore", backup, *config)
    assert (code, "held no revocation list" in out) == (0, False), err
    with HubProcess(office.files) as hub:
        assert office.call(hub, office.stolen) == REVOKED
        assert hub.stop() == 0
    # On another machine nothing is held: the command holds what is there, and says which it is.
    office.held.unlink()
    for left in office.files.folder.glob("hub.db*"):
        left.unlink()
    code, out, err = run("restore", backup, *config)
    assert (code, "held no revocation list" in out) == (0, True), err
    assert office.held.read_bytes() == office.old


def test_every_worker_holds_what_one_of_them_has_held(postgres: str, tmp_path: Path) -> None:
    office = Office(tmp_path, emptied_database(postgres))
    with HubProcess(office.files) as hub:
        office.fill(hub)
        assert hub.stop() == 0
    with HubProcess(office.files, workers=2) as hub:
        hub.wait_until_said("listening", 2)
        office.revoke(hub, workers=2)
        office.files.crl_file.write_bytes(office.old)
        hub.wait_until_said("revocations_refused", 2)
        # One that is started again meanwhile reads the file as it stands, and what is held.
        workers = [
            each
            for each in psutil.Process(hub.pid).children(recursive=True)
            if each.net_connections("tcp")
        ]
        assert len(workers) == 2
        workers[0].kill()
        hub.wait_until_said("listening", 3)
        hub.wait_until_said("revocations_refused", 3)
        for _ in range(12):
            assert office.call(hub, office.stolen) == REVOKED
        assert hub.stop() == 0
