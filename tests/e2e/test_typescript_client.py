"""A client in another language, written from docs/protocol, agrees with ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from exchange_protocol.kinds.codes import LegState
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, HubProcess

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "typescript"
CLIENT = ("protocol.ts", "wire.ts", "send.ts")
SECONDS = 180


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, installed and compiled beside a copy of nothing else."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm, which Debian's packages nodejs and npm have")
    folder = tmp_path_factory.mktemp("typescript") / "example"
    ignored = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    # What was fetched once is not asked after again.
    installed = run(["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"], folder)
    if installed.returncode != 0 and "network" in installed.stderr:
        pytest.skip("npm does not reach its registry: run the tests with a network")
    assert installed.returncode == 0, installed.stderr
    compiled = run([str(folder / "node_modules" / ".bin" / "tsc")], folder)
    assert compiled.returncode == 0, compiled.stdout
    return folder


def run(
    command: list[str], folder: Path, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "EXCHANGE_PROTOS": str(ROOT / "proto")},
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def sent(
    built: Path, profile: Path, hub: HubProcess, vkey: str
) -> subprocess.CompletedProcess[str]:
    arguments = [str(profile), hub.target, vkey, "uz.fiu", "KZ-CPC-1", "from another language"]
    return run(["node", "dist/send.js", *arguments], built, PASSPHRASE.decode())


def test_the_client_is_short() -> None:
    lines = [len((EXAMPLE / "src" / name).read_text("utf-8").splitlines()) for name in CLIENT]
    assert sum(lines) < 400


def test_the_second_implementation_agrees_with_all_vectors(built: Path) -> None:
    vectors = ROOT / "docs" / "protocol" / "vectors"
    done = run(["node", "dist/vectors.js", str(vectors)], built)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 70


def test_its_request_is_read_by_the_recipient_and_its_receipt_verifies(
    built: Path, foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, hub):
        profile = town.profile("kz.mia/system")
        done = sent(built, profile, hub, town.files.log_vkey)
        assert done.returncode == 0, done.stderr
        receipt = json.loads(done.stdout)
        assert receipt["size"] == receipt["index"] + 1
        with town.client("kz.mia/system") as client:
            [leg] = client.get(receipt["exchange"]).legs
            assert leg.state in (LegState.HELD, LegState.RELEASED)
        with town.client("caricc/coordinator/coordinator1") as client:
            client.approve(receipt["exchange"])
        with town.client("uz.fiu/system") as client:
            opened = client.open(receipt["exchange"])
        asked = opened.statements[0]
        assert asked.faults == ()
        assert asked.brief is not None
        assert asked.brief.summary == "from another language"
        assert asked.content is not None

        other = foundation.files.log_vkey.replace("caricc.example", "other.example")
        refused = sent(built, profile, hub, other)
        assert refused.returncode == 1
        assert "the hub lies" in refused.stderr


def test_a_hub_that_requires_post_quantum_refuses_a_client_without(
    built: Path, foundation: Foundation, tmp_path: Path
) -> None:
    town = foundation.copy(tmp_path / "hub")
    config = town.files.config_file
    text = config.read_text("utf-8").replace("[log]", "require_post_quantum = true\n[log]")
    config.write_text(text, encoding="utf-8")
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as client:
            client.sync()
        done = sent(built, town.profile("kz.mia/system"), hub, town.files.log_vkey)
    openssl = run(["node", "-p", "process.versions.openssl"], built).stdout
    if tuple(map(int, openssl.split("+")[0].split(".")[:2])) >= (3, 5):
        assert done.returncode == 0, done.stderr
        pytest.skip("this node agrees on post-quantum keys itself")
    assert done.returncode == 1
    assert "UNAUTHENTICATED" in done.stderr
    assert "X25519MLKEM768" in done.stderr
