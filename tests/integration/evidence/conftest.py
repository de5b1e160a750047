"""A real exchange over a real hub, exported by its initiator with content; and a forger's tools."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agency_client import InformationRequest, Item, ReplyDocument, Sent
from agency_client.evidence import VerifiedBundle, export_bundle, verify_bundle
from agency_client.evidence.verify import entry_folder
from exchange_server.bootstrap import utc_now
from tests.support.court import alone, run_script
from tests.support.deployment import COORDINATORS, OPERATOR, POLICY, Deployment, deploy
from tests.support.foundation import Foundation, laid_once
from tests.support.hub_process import HubProcess, prepare_hub

SECRET = "Тайные сведения (вымышлено)"
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts=SECRET)
SCAN = bytes(range(256)) * 600
"""More than two chunks."""
EXCHANGE = "exchange"
"""The file that holds the id of the exchange."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class Office:
    """A deployment whose hub runs, with one finished cross-border exchange on it."""

    town: Deployment
    exchange_id: str

    def export(self, member: str, path: Path, *, with_content: bool = False) -> VerifiedBundle:
        with self.town.client(member) as client:
            return export_bundle(
                client.gather_evidence(self.exchange_id, with_content=with_content),
                path,
                exported_by=client.profile.tls.certificate.member,
                at=utc_now(),
                anchors=client.profile.anchors,
                log=client.profile.log,
            )


@dataclass(frozen=True)
class Court:
    """A verifier with a root and a log key of its own, and nothing else of ours."""

    folder: Path
    root: Path
    vkey: str

    def run(
        self,
        bundle: Path,
        *,
        root: Path | None = None,
        vkey: str | None = None,
        witnesses: Sequence[str] = (),
        required: int | None = None,
        tsa_root: Path | None = None,
    ) -> str:
        """Run the script; gives its last line."""
        return self.lines(
            bundle,
            root=root,
            vkey=vkey,
            witnesses=witnesses,
            required=required,
            tsa_root=tsa_root,
        )[-1]

    def lines(
        self,
        bundle: Path,
        *,
        root: Path | None = None,
        vkey: str | None = None,
        witnesses: Sequence[str] = (),
        required: int | None = None,
        tsa_root: Path | None = None,
    ) -> list[str]:
        """Run the script; gives what it prints."""
        words = [str(bundle), "--root", str(root or self.root), "--log-key", vkey or self.vkey]
        for each in witnesses:
            words += ["--witness", each]
        if required is not None:
            words += ["--witnesses-required", str(required)]
        if tsa_root is not None:
            words += ["--tsa-root", str(tsa_root)]
        return self._lines(*run_script(*words))

    def alone(self, bundle: Path) -> str:
        """Run the script as a court does, by the system's Python; gives its last line."""
        words = [str(bundle), "--root", str(self.root), "--log-key", self.vkey]
        return self._lines(*alone(*words, folder=self.folder))[-1]

    @staticmethod
    def _lines(code: int, out: str, err: str) -> list[str]:
        assert not err, err
        lines = out.splitlines()
        said = lines[-1].partition("  ")[0]
        codes = {"VERIFIED": {0}, "NOT VERIFIED": {10}, "NOT CHECKED": {2, 6}}
        assert code in codes[said], (code, out)
        return lines


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A cross-border request, approved, answered and closed, under a policy that two confirmed."""
    laid = laid_once(tmp_path_factory, lay_office)
    exchange_id = (laid.files.folder / EXCHANGE).read_text("utf-8")
    with laid.serving(tmp_path_factory.mktemp("office") / "hub") as (town, _):
        yield Office(town, exchange_id)


def lay_office(folder: Path) -> Foundation:
    """Let the exchange of the tests be made at a hub that then stops."""
    files = prepare_hub(folder / "hub")
    second = "caricc/operator/ops2"
    with HubProcess(files) as hub:
        town = deploy(files, hub.port, [second])
        policy = POLICY.read_text(encoding="utf-8") + "// Вторая (вымышлено)\n"
        with town.client(OPERATOR) as operator:
            operator.publish_policy(policy)
        with town.client(second) as operator:
            operator.confirm_policy(hashlib.sha256(policy.encode()).digest())
            operator.publish_calendar(
                country="KZ", year=2030, time_zone="Asia/Almaty", utc_offset_minutes=300
            )
        with town.client("kz.mia/system") as mia:
            sent = mia.request_information(to=["uz.fiu"], brief="Дело (вымышлено)", request=REQUEST)
            assert isinstance(sent, Sent)
        with town.client(COORDINATORS[0]) as coordinator:
            coordinator.approve(sent.exchange_id)
        with town.client("uz.fiu/system") as uzbek:
            opened = uzbek.open(sent.exchange_id)
            uzbek.reply(opened, document=ReplyDocument(text="Да"), attachments={"scan": SCAN})
        with town.client("kz.mia/system") as mia:
            mia.close_exchange(mia.open(sent.exchange_id))
            # The log goes on after the exchange: proofs are made for the tree of the evidence.
            mia.refer(to=["kz.fma"], brief="Другое дело (вымышлено)")
        hub.stop()
    (files.folder / EXCHANGE).write_text(sent.exchange_id, "utf-8")
    return Foundation(files)


@pytest.fixture(scope="module")
def bundle(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The initiator's bundle, with content."""
    path = tmp_path_factory.mktemp("bundle") / "e.zip"
    office.export("kz.mia/system", path, with_content=True)
    return path


@pytest.fixture(scope="module")
def court(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Court:
    """A court with the root certificate and the log key from elsewhere."""
    folder = tmp_path_factory.mktemp("court")
    (folder / "root.pem").write_bytes(office.town.files.root_pem)
    return Court(folder, folder / "root.pem", office.town.files.log_vkey)


def read(bundle: Path) -> tuple[Files, dict[str, Any]]:
    """A bundle's files, and its manifest."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, json.loads(files.pop("manifest.json"))


def write(path: Path, files: Files, manifest: dict[str, Any], *, honest: bool = False) -> Path:
    """Write a bundle; unless `honest`, with a manifest that fits what the forger changed."""
    if not honest:
        listed = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        manifest = {**manifest, "files": listed}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def indexes(verified: VerifiedBundle, kind: str) -> list[int]:
    """Log indexes of the exchange's statements of a kind."""
    return [
        told.index for told in verified.told if told.statement and told.statement.kind.value == kind
    ]


def folder_of(verified: VerifiedBundle, kind: str) -> str:
    """The folder of the first statement of a kind."""
    return entry_folder(indexes(verified, kind)[0])


@pytest.fixture(scope="module")
def verified(office: Office, bundle: Path) -> VerifiedBundle:
    """The facts that the bundle proves."""
    files = office.town.files
    with office.town.client("kz.mia/system") as client:
        return verify_bundle(bundle, files.anchors, client.profile.log)


Forge = Callable[[Files, VerifiedBundle], None]
