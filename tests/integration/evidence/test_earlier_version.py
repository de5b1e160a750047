"""Bundles of version 0.1 still verify by their own script; this version accuses nobody of them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from agency_client.cli import main
from agency_client.evidence import verify as script
from agency_client.evidence import verify_bundle
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import TrustAnchors

pytestmark = pytest.mark.long

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "evidence-0.1"
ROOT = VECTORS / "root.pem"
LOG_KEY = "caricc.example/exchange-log+c5b21f40+AYIsHHAjKtpVRnJ6bvbk+UuZB3LmG3jk3zmwhhZFw/O7"
BUNDLES = sorted(VECTORS.glob("*.zip"))


def verified_by(code: Path, bundle: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(code), str(bundle), "--root", str(ROOT)]
    return subprocess.run(
        [*command, "--log-key", LOG_KEY], capture_output=True, text=True, check=False
    )


def test_there_are_three_of_them() -> None:
    assert len(BUNDLES) == 3


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.stem)
def test_its_own_script_verifies_a_bundle(bundle: Path, tmp_path: Path) -> None:
    own = tmp_path / "verify.py"
    own.write_bytes(zipfile.ZipFile(bundle).read("verify.py"))
    done = verified_by(own, bundle)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.stem)
def test_todays_script_verifies_it_too(bundle: Path) -> None:
    done = verified_by(Path(script.__file__), bundle)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.stem)
def test_a_replay_says_which_words_it_expects_and_accuses_nobody(bundle: Path) -> None:
    anchors = TrustAnchors.from_pem(ROOT.read_bytes())
    with pytest.raises(ExchangeError) as refused:
        verify_bundle(bundle, anchors, LogVerifier(LOG_KEY))
    assert refused.value.reason is Reason.POLICY_UNREADABLE
    assert "entry 16" in refused.value.message
    assert "initiator, author" in refused.value.message


def test_the_command_ends_with_the_code_of_what_could_not_be_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["evidence", "verify", str(BUNDLES[0]), "--root", str(ROOT), "--log-key", LOG_KEY]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 6
    assert "POLICY_UNREADABLE" in capsys.readouterr().err
