"""A hub starts only when all is well, stops in good order, and is there again afterwards."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exchange_keys import save_private_key
from exchange_protocol.errors import InvalidInput, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.v1 import audit_service_pb2 as audit_pb
from exchange_protocol.v1 import audit_service_pb2_grpc as audit_grpc
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.listening import why_not_bound
from exchange_server.storage.engine import open_engine
from exchange_server.storage.schema import migrate
from exchange_server.workers import shared_port
from tests.integration.rpc.callers import Region, reason_of
from tests.support.commands import ServerCommand
from tests.support.hub_process import (
    REPOSITORY,
    HubFiles,
    HubProcess,
    prepare_hub,
    running_hub,
)
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast
from tests.support.warm_programs import warm_python


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    return prepare_hub(tmp_path, authority=fictional_cast().authority)


@pytest.fixture
def memory() -> Hub:
    return Hub(fictional_cast(), now=utc_now() - timedelta(minutes=10))


@pytest.fixture
def region(files: HubFiles, memory: Hub) -> Iterator[Region]:
    with HubProcess(files) as process, Region(process, memory) as region:
        region.catch_up()
        yield region


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(REPOSITORY / part) for part in (".", "proto", "certs"))
    return subprocess.run(
        [warm_python(), "-c", "from exchange_server.cli import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_stop_ends_watches_with_unavailable_and_exits_clean(region: Region) -> None:
    stream: Any = region.stubs(KZ_FMA).exchange.Watch(pb.WatchRequest(), timeout=30)
    token = next(stream).resume_token
    started = time.monotonic()
    assert region.process.stop() == 0
    assert time.monotonic() - started < 8
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(caught.value) == Reason.UNAVAILABLE.name
    assert token
    events = [json.loads(line)["event"] for line in region.process.lines]
    assert events[-1] == "stopped"


def test_stderr_holds_json_lines_and_nothing_of_what_was_said(region: Region) -> None:
    stranger = grpc.secure_channel(
        region.process.target, grpc.ssl_channel_credentials(region.process.files.root_pem)
    )
    with stranger, pytest.raises(grpc.RpcError):
        stranger.unary_unary("/a.B/C", bytes, bytes)(b"", timeout=30)
    asked = region.memory.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    region.catch_up()
    assert region.process.stop() == 0
    lines = [json.loads(line) for line in region.process.lines]
    assert {line["event"] for line in lines} >= {"serving", "listening", "call", "stopped"}
    everything = "\n".join(region.process.lines)
    assert asked.exchange_id not in everything
    assert "fictional passphrase" not in everything
    assert "PRIVATE KEY" not in everything


def test_calls_in_flight_are_finished_or_were_never_taken(region: Region) -> None:
    memory = region.memory
    drafts = [memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])]
    drafts += [
        memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"]) for _ in range(199)
    ]
    signed = [memory.sign(draft) for draft in drafts]
    receipts: list[pb.SubmitResponse] = []
    refusals: list[grpc.StatusCode] = []

    def send() -> None:
        for each in signed:
            try:
                receipts.append(region.submit(each, {"brief": b"brief"}))
            except grpc.RpcError as error:
                refusals.append(error.code())

    sender = threading.Thread(target=send)
    sender.start()
    while not receipts:
        time.sleep(0.005)
    assert region.process.stop() == 0
    sender.join(60)
    assert set(refusals) <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    with HubProcess(region.process.files) as process, Region(process, memory) as again:
        for receipt, each in zip(receipts, signed, strict=False):
            repeated = again.submit(each, {"brief": b"brief"})
            assert repeated.receipt.entry.index == receipt.receipt.entry.index


def test_killed_hub_is_there_again_with_all_that_it_promised(region: Region, memory: Hub) -> None:
    signed = memory.sign(memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"]))
    receipt = region.submit(signed, {"brief": b"brief"}).receipt
    os.kill(region.process.pid, signal.SIGKILL)
    region.process.kill()
    with HubProcess(region.process.files) as process, Region(process, memory) as again:
        assert again.submit(signed, {"brief": b"brief"}).receipt.entry.index == receipt.entry.index


def test_probe_of_an_agency_that_nobody_enrols_sees_health_alone(
    region: Region, tmp_path: Path
) -> None:
    """Its key is decrypted by OpenSSL, as docs/deployment.md says: probes read no other."""
    issued = region.process.files.issue("probe/system")
    assert issued.key is not None
    save_private_key(tmp_path / "probe.key", issued.key, b"of the probe")
    (tmp_path / "probe.passphrase").write_bytes(b"of the probe\n")
    words = ["openssl", "pkey", "-in", "probe.key", "-passin", "file:probe.passphrase"]
    plain = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
    credentials = grpc.ssl_channel_credentials(
        region.process.files.root_pem, plain, issued.certificate_pem
    )
    with grpc.secure_channel(region.process.target, credentials) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        status = health.Check(health_pb2.HealthCheckRequest(), timeout=30).status
        assert status == health_pb2.HealthCheckResponse.SERVING
        audit: Any = audit_grpc.AuditServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            audit.GetCheckpoint(audit_pb.GetCheckpointRequest(), timeout=30)
        assert reason_of(caught.value) == Reason.AGENCY_NOT_ENROLLED.name


def test_second_hub_on_one_file_does_not_start(region: Region) -> None:
    done = command("serve", "--config", str(region.process.files.config_file))
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert "CONFIG_INVALID: another hub process is using the database" in said
    assert "for more hubs use PostgreSQL" in said


async def test_hub_in_this_process_starts_and_stops(files: HubFiles) -> None:
    async with running_hub(files) as hub:
        assert hub.port
        assert hub.log_vkey == files.log_vkey
    async with running_hub(files) as hub:
        assert hub.port


async def test_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority)
        async with running_hub(files):
            modes = {
                path.name: path.stat().st_mode & 0o777 for path in files.folder.glob("hub.db*")
            }
    finally:
        os.umask(before)
    names = ("hub.db", "hub.db-wal", "hub.db-shm", "hub.db.lock")
    assert modes == dict.fromkeys(names, 0o600)


def test_taken_port_stops_the_start(region: Region, tmp_path: Path) -> None:
    files = prepare_hub(tmp_path / "other", authority=fictional_cast().authority)
    done = command(
        "serve", "--config", str(files.config_file), EXCHANGE_LISTEN_PORT=str(region.process.port)
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    said = f"127.0.0.1:{region.process.port}: Address already in use: another program listens there"
    assert said in done.stderr


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, r"Permission denied: the user \d+ may not: below 1024 set"),
        (errno.EAFNOSUPPORT, "Address family not supported by protocol: this host has no IPv6"),
        (errno.EADDRNOTAVAIL, "Cannot assign requested address: no address of this host"),
        (errno.EINVAL, "Invalid argument$"),
    ],
)
def test_address_that_cannot_be_had_is_told_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refused)
    told = re.compile(rf"cannot listen on \[::1\]:443: {said}")
    assert told.search(str(why_not_bound("::1", 443)))
    with pytest.raises(InvalidInput, match=told), shared_port("::1", 443):
        pass


def test_policy_that_comes_with_the_hub_is_shown_and_is_in_the_wheel(run: ServerCommand) -> None:
    text = (REPOSITORY / "policies" / "caricc.cedar").read_text("utf-8")
    assert run("policy", "show") == (0, text, "")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    put_in = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert put_in["policies/caricc.cedar"] == "exchange_server/policies/caricc.cedar"


def test_check_config_shows_who_the_hub_is(files: HubFiles, run: ServerCommand) -> None:
    code, out, err = run("check-config", "--config", str(files.config_file))
    assert code == 0, err
    assert out.splitlines()[:3] == [
        "hub spiffe://exchange.example/hub/main",
        f"log {files.log_vkey}",
        "database has 0 entries",
    ]
    assert "certificate of the hub: until" in out
    assert re.search(r"revocation list of .+, number \d+, \d+ days old: until", out)
    code, out, err = run("check-config", "--json", "--config", str(files.config_file))
    said = json.loads(out)
    assert (code, err, said["is_well"]) == (0, "", True)
    assert (said["log"], said["entries"]) == (files.log_vkey, 0)


@pytest.mark.parametrize("is_there", [False, True])
def test_database_that_is_gone_or_empty_is_no_new_one(
    files: HubFiles, run: ServerCommand, is_there: bool
) -> None:
    """A new one in its place would stand in the way of the one that is brought back."""
    (files.folder / "hub.db.signed").write_bytes(b"what the hub has signed")
    for left in ("hub.db", "hub.db-wal", "hub.db-shm"):
        (files.folder / left).unlink(missing_ok=True)
    if is_there:
        (files.folder / "hub.db").touch()
    for command_word in ("check-config", "migrate"):
        code, _, err = run(command_word, "--config", str(files.config_file))
        assert code == 2
        assert "hub.db is gone or empty, and" in err
        assert "bring the newest one back, such as by `exchange-server restore`" in err
    assert (files.folder / "hub.db").exists() is is_there


def test_check_config_tells_a_database_that_is_missing_empty_or_away(
    files: HubFiles, run: ServerCommand
) -> None:
    config = ("--config", str(files.config_file))
    for left in files.folder.glob("hub.db*"):
        left.unlink()
    code, out, _ = run("check-config", *config)
    assert (code, "database is not made yet" in out) == (1, True)
    (files.folder / "hub.db").touch()
    code, _, err = run("check-config", *config)
    assert (code, "exchange-server migrate" in err) == (2, True)
    text = files.config_file.read_text("utf-8")
    away = "postgresql+psycopg://hub@127.0.0.1:9/exchange?connect_timeout=2"
    files.config_file.write_text(text.replace(files.database_url, away), "utf-8")
    code, _, err = run("check-config", *config)
    assert (code, "the database cannot be used" in err) == (2, True)
    assert len(err.splitlines()) == 1


def test_check_config_tells_a_list_of_revocations_that_is_overdue(
    files: HubFiles, run: ServerCommand
) -> None:
    now = datetime.now(UTC)
    files.authority.refresh_crl(now=now - timedelta(days=40))
    try:
        code, out, err = run("check-config", "--config", str(files.config_file))
    finally:
        # Other tests of this process have the same authority.
        files.authority.refresh_crl(now=now)
    assert (code, err) == (1, "")
    assert re.search(r"BAD  revocation list of .+, number \d+, 40 days old: ended at", out)


def set_limit(config: Path, line: str) -> None:
    text = config.read_text("utf-8")
    config.write_text(text.replace("[limits]\n", f"[limits]\n{line}\n"), "utf-8")


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (lambda folder: (folder / "hub.key").chmod(0o644), "KEY_UNAVAILABLE"),
        (lambda folder: (folder / "passphrase").write_text("a wrong passphrase"), "passphrase"),
        (lambda folder: (folder / "hub.pem").write_text("no certificate"), "CERTIFICATE_INVALID"),
        (lambda folder: (folder / "log.key").unlink(), "CONFIG_INVALID [log.key]"),
        (lambda folder: (folder / "hub.toml").write_text("[tls"), "CONFIG_INVALID"),
        (
            lambda folder: set_limit(folder / "hub.toml", "made_at_ahead_seconds = 3601"),
            "CONFIG_INVALID [limits.made_at_ahead_seconds]",
        ),
        (
            lambda folder: set_limit(folder / "hub.toml", "made_at_behind_seconds = 2678401"),
            "CONFIG_INVALID [limits.made_at_behind_seconds]",
        ),
    ],
    ids=[
        "open key",
        "wrong passphrase",
        "no certificate",
        "no key",
        "no toml",
        "a clock ahead",
        "a clock behind",
    ],
)
def test_wrong_setup_is_said_in_one_line(
    files: HubFiles, run: ServerCommand, breaks: Any, said: str
) -> None:
    breaks(files.folder)
    code, out, err = run("check-config", "--config", str(files.config_file))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err


def test_key_of_another_certificate_is_refused(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    other = prepare_hub(tmp_path / "other", authority=files.authority)
    (files.folder / "hub.key").write_bytes((other.folder / "hub.key").read_bytes())
    code, _, err = run("check-config", "--config", str(files.config_file))
    assert code == 2
    assert "to be the key of the certificate" in err


def test_unmigrated_database_is_refused_with_the_remedy(
    files: HubFiles, run: ServerCommand
) -> None:
    for left in files.folder.glob("hub.db*"):
        left.unlink()
    done = command("serve", "--config", str(files.config_file))
    assert done.returncode == 2
    assert "exchange-server migrate" in done.stderr
    assert run("migrate", "--config", str(files.config_file))[0] == 0
    with HubProcess(files) as process:
        assert process.port


def test_database_of_an_unknown_schema_is_not_migrated(files: HubFiles, run: ServerCommand) -> None:
    with contextlib.closing(sqlite3.connect(files.folder / "hub.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    code, _, err = run("migrate", "--config", str(files.config_file))
    assert code == 2
    assert "got 9999; it is of a newer hub: run that one" in err
    assert err.count("\n") == 1


def test_log_key_is_made_once_and_its_verifier_key_printed(
    tmp_path: Path, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_LOG_KEY_PASSPHRASE", "fictional passphrase")
    arguments = ("init-log-key", "--out", str(tmp_path / "log.key"), "--origin", "a.example/log")
    code, out, err = run(*arguments)
    assert code == 0, err
    assert out.startswith("a.example/log+")
    code, _, err = run(*arguments)
    assert code == 2
    assert "nothing is written over" in err


def test_fsck_finds_a_clean_log_clean_and_a_damaged_one_damaged(
    region: Region, run: ServerCommand
) -> None:
    files = region.process.files
    assert region.process.stop() == 0
    by_config = ("fsck", "--config", str(files.config_file))
    code, out, err = run(*by_config)
    assert (code, err) == (0, "")
    assert out.endswith("all is well\n")
    by_parts = (
        "fsck",
        "--database",
        files.database_url,
        "--root",
        str(files.authority.directory / "root.pem"),
        "--log-key",
        files.log_vkey,
        "--json",
    )
    code, out, err = run(*by_parts)
    assert (code, err) == (0, "")
    assert json.loads(out)["is_clean"]

    with contextlib.closing(sqlite3.connect(files.folder / "hub.db")) as connection, connection:
        connection.execute(
            "UPDATE log_entries SET entry = CAST(entry || x'00' AS BLOB) WHERE idx = 3"
        )
    code, out, err = run(*by_parts)
    assert (code, err) == (2, "")
    said = json.loads(out)
    assert any(finding["first"] == "3" for finding in said["findings"])
    # In a copy the same damage says nothing of the hub; in the hub's own database it is damage.
    assert (said["verdict"], said["is_clean"]) == ("torn_copy", False)
    code, out, _ = run(*by_config)
    assert code == 1
    assert "DAMAGED" in out


def test_new_database_is_in_order_and_is_backed_up(
    files: HubFiles, run: ServerCommand, tmp_path: Path
) -> None:
    """As `migrate` leaves it, before a hub has begun the log."""
    config = ("--config", str(files.config_file))
    code, out, err = run("fsck", *config)
    assert (code, err) == (0, ""), out
    code, out, err = run("backup", str(tmp_path / "backup"), *config)
    assert (code, err) == (0, "")
    # A head that is lost from a log with entries is damage all the same.
    with HubProcess(files) as process:
        assert process.stop() == 0
    with contextlib.closing(sqlite3.connect(files.folder / "hub.db")) as connection, connection:
        connection.execute("INSERT INTO log_tiles (level, idx, hashes) VALUES (0, 0, x'00')")
        connection.execute("DELETE FROM log_head")
    code, out, _ = run("fsck", *config)
    assert (code, "expected one head of the log" in out) == (1, True)


def test_fsck_of_a_copy_that_lacks_known_entries_calls_it_incomplete(
    region: Region, run: ServerCommand, tmp_path: Path
) -> None:
    files = region.process.files
    copy = tmp_path / "copy #1 ? 50% \N{CYRILLIC SMALL LETTER YA}.db"
    with contextlib.closing(sqlite3.connect(files.folder / "hub.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
        [(note,)] = connection.execute("SELECT note FROM log_head")
    size = int(note.split(b"\n")[1])
    (tmp_path / "note").write_bytes(note)
    pins = ("--log-key", files.log_vkey, "--root", str(files.authority.directory / "root.pem"))
    words = ("fsck", "--database", f"sqlite:///{copy}", *pins)
    assert run(*words, "--checkpoint", str(tmp_path / "note"))[0] == 0
    assert run(*words, "--at-least", str(size))[0] == 0
    code, out, _ = run(*words, "--at-least", str(size + 1), "--json")
    said = json.loads(out)
    assert (code, said["verdict"], said["findings"]) == (2, "incomplete", [])
    code, out, _ = run(*words, "--at-least", str(size + 1))
    assert code == 2
    assert "incomplete" in out
    empty = tmp_path / "empty.db"
    engine = open_engine(f"sqlite:///{empty}")
    migrate(engine)
    engine.dispose()
    code, out, _ = run("fsck", "--database", f"sqlite:///{empty}", *pins)
    assert code == 2, out
    assert "DAMAGED" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--database", "sqlite:///nowhere/at/all.db"),
        ("--config", "hub.toml", "--log-key", "x"),
        ("--database", "sqlite:////nowhere/hub.db", "--root", "ROOT", "--log-key", "VKEY"),
        ("--database", "sqlite:///hub.db", "--root", "/nowhere/root.pem", "--log-key", "VKEY"),
        ("--database", "sqlite:///hub.db", "--root", "ROOT", "--log-key", "forged"),
        ("--database", "mysql://x", "--root", "ROOT", "--log-key", "VKEY"),
    ],
)
def test_fsck_that_cannot_check_says_so(
    files: HubFiles, run: ServerCommand, arguments: tuple[str, ...]
) -> None:
    known = {"ROOT": str(files.authority.directory / "root.pem"), "VKEY": files.log_vkey}
    code, out, err = run("fsck", *(known.get(each, each) for each in arguments))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "CONFIG_INVALID" in err


def test_host_name_that_is_not_found_is_told_as_that(files: HubFiles) -> None:
    done = command(
        "serve", "--config", str(files.config_file), EXCHANGE_LISTEN_HOST="no-such.invalid"
    )
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert "the name no-such.invalid is not found" in said
    assert "it is taken" not in said
    # Workers take the port before they start.
    with (
        pytest.raises(InvalidInput, match=r"the name no-such\.invalid is not found"),
        shared_port("no-such.invalid", 8443),
    ):
        pass
