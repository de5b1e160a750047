"""The log's key is succeeded while everyone works: nothing is lost, and everyone follows.

One real hub is started three times: with the old key, with both, with the new one alone. A client
that looked during the overlap has learned the new key, and so does one that was away all the time.
All of them have pinned the old key, and still do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Queued, Sent
from agency_client.evidence import export_bundle, verify_bundle
from agency_client.witness.witness import Witness, init_witness
from exchange_keys import SoftwareSigner, load_signer
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.log.split_view import SplitViewProof, verify_split_view
from exchange_protocol.log.succession import parse_succession, sign_succession
from exchange_server.bootstrap import utc_now
from tests.faults.load import free_port
from tests.support.commands import ServerCommand, as_member, run
from tests.support.court import run_script
from tests.support.deployment import AUDITOR, OPERATOR, Deployment
from tests.support.foundation import STATE_AUDITOR, Foundation
from tests.support.hub_process import ORIGIN, PASSPHRASE, HubProcess
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

POLICE, CUSTOMS, ABROAD = "kz.mia/system", "kz.fma/system", "uz.fiu/system"
REQUEST = InformationRequest(items=(Item.STR,))
AT_ONCE_SECONDS: Final = 120
SOME: Final = 8
"""How often the police ask at least while a key signs."""


@dataclass
class Load:
    """The police ask again and again, whatever the hub does; the outbox keeps what waits."""

    town: Deployment
    sent: list[str] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            with self.town.client(POLICE) as police:
                while not self._over.wait(0.1):
                    said = police.request_information(
                        to=["kz.fma"], brief="Запрос (вымышлено)", request=REQUEST
                    )
                    assert isinstance(said, Sent | Queued)
                    self.sent.append(said.exchange_id)
        except BaseException as error:  # noqa: BLE001 -- the test shows it
            self.failed.append(error)

    def go_on(self) -> None:
        """Wait until they have asked some times more."""
        enough, deadline = len(self.sent) + SOME, time.monotonic() + AT_ONCE_SECONDS
        while len(self.sent) < enough and not self.failed:
            assert time.monotonic() < deadline, f"{len(self.sent)} of {enough} were said"
            time.sleep(0.05)

    def end(self) -> None:
        self._over.set()
        self._thread.join(AT_ONCE_SECONDS)
        assert not self.failed, self.failed
        with self.town.client(POLICE) as police:
            results = list(police.flush_outbox())
        assert all(isinstance(each, Sent) for each in results), results


@dataclass
class Watching:
    """A watch of the customs that is never started again."""

    town: Deployment
    seen: set[str] = field(default_factory=set)
    failed: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            with self.town.client(CUSTOMS) as customs:
                while not self._over.is_set():
                    for notice in customs.watch(max_seconds=3):
                        self.seen.add(notice.exchange_id)
                        self._read(customs, notice.exchange_id)
        except BaseException as error:  # noqa: BLE001 -- the test shows it
            self.failed.append(error)

    def _read(self, customs: ExchangeClient, exchange: str) -> None:
        """Read what a notice names; unlike a watch, a call does not wait for a hub to be back."""
        while True:
            try:
                customs.get(exchange)
                return
            except HubUnavailable:
                if self._over.is_set():
                    raise
                time.sleep(0.1)

    def end(self, expected: set[str]) -> None:
        deadline = time.monotonic() + AT_ONCE_SECONDS
        while expected - self.seen and time.monotonic() < deadline and not self.failed:
            time.sleep(0.2)
        self._over.set()
        self._thread.join(AT_ONCE_SECONDS)
        assert not self.failed, self.failed


@dataclass
class Town:
    """The deployment after the rotation, and what was kept on the way."""

    deployment: Deployment
    old: str
    new: str
    load: Load
    watching: Watching
    before: Path
    """Evidence that was exported before the rotation."""
    exchange_id: str
    witness_key: Path
    early: dict[str, Any]
    """A monitor's report from before."""
    static: Path
    """The log as files, exported before."""
    away: Path
    """A profile that has seen the hub before the rotation, and not since."""
    notes: dict[str, bytes]
    """The checkpoint of each phase."""

    def export(self, path: Path) -> Path:
        with self.deployment.client(POLICE) as police:
            _export(police, self.exchange_id, path)
        return path

    def script(self, bundle: Path, vkey: str) -> str:
        """The last line of the stand-alone script."""
        root = bundle.parent / "root.pem"
        root.write_bytes(self.deployment.files.root_pem)
        _, out, err = run_script(str(bundle), "--root", str(root), "--log-key", vkey)
        assert not err, err
        return out.splitlines()[-1]


def _export(client: ExchangeClient, exchange_id: str, path: Path) -> None:
    export_bundle(
        client.gather_evidence(exchange_id),
        path,
        exported_by=client.member,
        at=utc_now(),
        anchors=client.profile.anchors,
        log=client.profile.log,
    )


def _configure(town: Deployment, **keys: str | None) -> None:
    """Set or remove keys of [log]."""
    file = town.files.config_file
    lines = [
        line
        for line in file.read_text(encoding="utf-8").splitlines()
        if not any(line.startswith(f"{key} =") and "log" in line for key in ("key", *keys))
    ]
    at = lines.index("[log]") + 1
    lines[at:at] = [f'{key} = "{value}"' for key, value in keys.items() if value]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _monitor(town: Deployment) -> dict[str, Any]:
    """A round of the monitor that keeps its place; it must find the log clean."""
    ended = subprocess.run(
        [
            warm_python(),
            "-c",
            "import sys; from agency_client.cli import main; main(sys.argv[1:])",
            "--json",
            *as_member(town, AUDITOR),
            "audit",
            "verify",
        ],
        capture_output=True,
        text=True,
        timeout=AT_ONCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def _note(town: Deployment) -> bytes:
    with town.client(STATE_AUDITOR) as auditor:
        return auditor.checkpoint().note


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("rotation")
    town = foundation.copy(folder / "hub")
    files, old = town.files, town.files.log_vkey
    port, witness_key = free_port(), folder / "witness.key"
    witness = init_witness(witness_key, "witness.example/w", PASSPHRASE)
    environment = {
        "EXCHANGE_LISTEN_PORT": str(port),
        "EXCHANGE_LOG_WITNESSES": witness,
        "EXCHANGE_LOG_WITNESSES_AT_START": "0",
    }
    town.point_to(port)
    notes = {}
    with HubProcess(files, environment) as hub:
        with town.client(POLICE) as police:
            sent = police.request_information(to=["kz.fma"], brief="Дело", request=REQUEST)
            assert isinstance(sent, Sent)
            _export(police, sent.exchange_id, folder / "before.zip")
        with town.client(ABROAD) as abroad:
            abroad.sync()
        away = folder / "away"
        shutil.copytree(town.profile(ABROAD), away)
        early = _monitor(town)
        static = folder / "static"
        _server("log", "export", str(static), "--config", str(files.config_file))
        _cosign(town, witness_key)
        notes["old"] = _note(town)
        load, watching = Load(town), Watching(town)
        new_key = SoftwareSigner.generate_ed25519()
        (files.folder / "log-next.key").write_bytes(new_key.encrypted(PASSPHRASE))
        (files.folder / "log-next.key").chmod(0o600)
        old_key = load_signer(files.folder / "log.key", PASSPHRASE)
        too_early = sign_succession(ORIGIN, old_key, new_key)
        with town.client(OPERATOR) as operator, pytest.raises(ExchangeError, match="signs already"):
            # No hub signs with it yet: clients that followed would be left alone.
            operator.publish_log_key(too_early)
        load.go_on()
        assert hub.stop() == 0
    _configure(town, key="log.key", successor_key="log-next.key")
    with HubProcess(files, environment) as hub:
        with town.client(CUSTOMS) as customs:
            customs.refer(to=["kz.mia"], brief="Дело (вымышлено)")
        notes["both, not published"] = _note(town)
        succession = folder / "succession.json"
        _server("succeed-log-key", "--config", str(files.config_file), "--out", str(succession))
        with town.client(OPERATOR) as operator:
            operator.publish_log_key(parse_succession(succession.read_bytes()))
        load.go_on()
        notes["both, published"] = _note(town)
        _cosign(town, witness_key)
        assert hub.stop() == 0
    _configure(town, key="log-next.key", successor_key=None)
    with HubProcess(files, environment):
        load.go_on()
        load.end()
        watching.end(set(load.sent))
        notes["new"] = _note(town)
        yield Town(
            town,
            old,
            LogSigner(ORIGIN, new_key).vkey,
            load,
            watching,
            folder / "before.zip",
            sent.exchange_id,
            witness_key,
            early,
            static,
            away,
            notes,
        )


def _server(*words: str) -> str:
    ended = subprocess.run(
        [warm_python(), "-c", "from exchange_server.cli import main; main()", *words],
        capture_output=True,
        text=True,
        timeout=AT_ONCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _cosign(town: Deployment, key: Path) -> int:
    with town.client(AUDITOR) as auditor:
        keys = auditor.profile.log_keys
        return Witness.load(key, PASSPHRASE, keys, utc_now).run_once(auditor).head.size


def _signed_by(town: Town, note: bytes) -> set[str]:
    ids = {LogVerifier(each).vkey.split("+")[1]: each for each in (town.old, town.new)}
    lines = SignedNote.parse(note).signatures
    return {ids[line.key_id.hex()] for line in lines if line.name == ORIGIN}


def test_checkpoints_carry_the_old_key_then_both_then_the_new_one(town: Town) -> None:
    both = {town.old, town.new}
    assert [_signed_by(town, note) for note in town.notes.values()] == [
        {town.old}, both, both, {town.new},
    ]  # fmt: skip


def test_no_statement_under_load_is_lost_and_the_watch_saw_each(town: Town) -> None:
    assert len(town.load.sent) >= 3 * SOME > 20
    assert len(set(town.load.sent)) == len(town.load.sent)
    assert set(town.load.sent) <= town.watching.seen
    with town.deployment.client(POLICE) as police:
        for exchange_id in town.load.sent:
            police.get(exchange_id)


def test_who_was_away_all_the_time_learns_the_key_from_the_directory(town: Town) -> None:
    with ExchangeClient.from_profile(town.away) as client:
        assert client.profile.pinned_log.vkey == client.profile.log.vkeys[-1] == town.old
        assert client.checkpoint().size > 0
        assert client.profile.pinned_log.vkey == town.old
        assert client.profile.log.vkeys[-1] == town.new
    # It is kept: no hub is asked for it again.
    with ExchangeClient.from_profile(town.away) as client:
        assert client.profile.log.vkeys[-1] == town.new


def test_a_client_that_never_saw_the_hub_starts_with_the_old_pin(town: Town) -> None:
    member = "kz.mia/officer/newcomer"
    with town.deployment.client(member) as client:
        client.sync()
        assert client.profile.log.vkeys[-1] == town.new


def test_the_monitor_goes_on_from_its_place(town: Town) -> None:
    report = _monitor(town.deployment)
    assert report["first"] == town.early["tree_size"]
    assert report["tree_size"] > town.early["tree_size"]


def test_the_witness_goes_on_from_its_memory(town: Town) -> None:
    assert _cosign(town.deployment, town.witness_key) > 0


@pytest.mark.parametrize("which", ["before", "after"])
def test_evidence_of_both_times_verifies_for_who_pinned_the_old_key(
    town: Town, which: str, tmp_path: Path
) -> None:
    bundle = town.before if which == "before" else town.export(tmp_path / "after.zip")
    anchors = town.deployment.files.anchors
    assert verify_bundle(bundle, anchors, LogVerifier(town.old)).exchange_id == town.exchange_id
    assert town.script(bundle, town.old).startswith("VERIFIED")
    with town.deployment.client(POLICE) as police:
        verify_bundle(bundle, anchors, police.profile.log)


def test_evidence_of_after_verifies_for_who_pinned_the_new_key(town: Town, tmp_path: Path) -> None:
    bundle = town.export(tmp_path / "after.zip")
    verify_bundle(bundle, town.deployment.files.anchors, LogVerifier(town.new))
    assert town.script(bundle, town.new).startswith("VERIFIED")


def test_evidence_under_a_third_key_is_refused(town: Town, tmp_path: Path) -> None:
    bundle = town.export(tmp_path / "after.zip")
    third = LogSigner(ORIGIN, SoftwareSigner.generate_ed25519()).vkey
    with pytest.raises(ExchangeError) as caught:
        verify_bundle(bundle, town.deployment.files.anchors, LogVerifier(third))
    assert caught.value.reason in (Reason.CHECKPOINT_INVALID, Reason.RULE_BROKEN)
    assert town.script(bundle, third).startswith("NOT VERIFIED  CHECKPOINT_INVALID")


@pytest.mark.parametrize("pinned", ["old", "new"])
def test_copy_of_the_database_is_clean_under_either_pin(
    town: Town, pinned: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vkey, files = getattr(town, pinned), town.deployment.files
    copy, root = tmp_path / "copy.db", tmp_path / "root.pem"
    root.write_bytes(files.root_pem)
    _server("backup", str(copy), "--config", str(files.config_file))
    pins = ("--root", root, "--log-key", vkey)
    code, out, err = run(capsys, "audit", "verify", "--database", copy, *pins)
    assert code == 0, out + err
    said = _server(
        "fsck", "--database", f"sqlite:///{copy}", "--root", str(root), "--log-key", vkey
    )
    assert "all is well" in said


def test_the_static_log_goes_on_from_before(town: Town, tmp_path: Path) -> None:
    files = town.deployment.files
    log = tmp_path / "log"
    shutil.copytree(town.static, log)
    assert _signed_by(town, (log / "checkpoint").read_bytes()) == {town.old}
    _server("log", "export", str(log), "--config", str(files.config_file))
    assert _signed_by(town, (log / "checkpoint").read_bytes()) == {town.new}


def test_two_histories_under_the_new_key_convict_for_who_pinned_the_old_one(town: Town) -> None:
    with town.deployment.client(POLICE) as police:
        log = police.profile.log
    signer = LogSigner(
        ORIGIN, load_signer(town.deployment.files.folder / "log-next.key", PASSPHRASE)
    )
    size = log.verify(town.notes["new"]).size
    forged = signer.sign(Checkpoint(ORIGIN, size, bytes(32)))
    a, b = verify_split_view(SplitViewProof(town.notes["new"], forged), log)
    assert (a.size, b.size) == (size, size)


def test_who_stole_the_old_key_later_signs_nothing_that_is_taken(town: Town) -> None:
    with town.deployment.client(POLICE) as police:
        log = police.profile.log
    thief = LogSigner(ORIGIN, load_signer(town.deployment.files.folder / "log.key", PASSPHRASE))
    size = log.verify(town.notes["new"]).size
    with pytest.raises(ExchangeError, match="expected one signature"):
        log.verify(thief.sign(Checkpoint(ORIGIN, size + 1, bytes(32))))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"key": "log.key", "successor_key": None}, "the log's key is"),
        ({"key": "third.key", "successor_key": None}, "configured"),
    ],
)
def test_a_hub_without_the_key_of_its_log_does_not_start(
    town: Town,
    keys: dict[str, str | None],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = town.deployment.files
    (tmp_path / "third.key").write_bytes(SoftwareSigner.generate_ed25519().encrypted(PASSPHRASE))
    (tmp_path / "third.key").chmod(0o600)
    copy = tmp_path / "copy.db"
    _server("backup", str(copy), "--config", str(files.config_file))
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", f"sqlite:///{copy}")
    key = str(keys["key"])
    place = tmp_path if key == "third.key" else files.folder
    monkeypatch.setenv("EXCHANGE_LOG_KEY", str(place / key))
    with pytest.raises(AssertionError, match=why), HubProcess(files):
        pass
    command = ServerCommand(monkeypatch, capsys)
    code, _, err = command("check-config", "--config", str(files.config_file))
    assert code == 2, err
