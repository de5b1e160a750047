"""An agency signs by post-quantum keys too: over a real hub, to auditors and to a court."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Profile, Sent
from agency_client.cli import main
from agency_client.evidence import export_bundle
from agency_client.evidence.verify import SECOND_SIGNATURE
from exchange_certs.cli import main as certs
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.rules.signed_statements import POST_QUANTUM_BYTES
from exchange_server.bootstrap import utc_now
from tests.integration.evidence.conftest import read, write
from tests.support.commands import run
from tests.support.court import run_script
from tests.support.deployment import AUDITOR, COORDINATORS, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, HubProcess

pytestmark = pytest.mark.long

MIA = "kz.mia/system"
REQUEST = InformationRequest(items=(Item.TRANSACTIONS,))

STAND_IN = """#!/bin/sh
if [ "$1 $2" = "list -public-key-algorithms" ]; then
    echo "    IDs: {{ 2.16.840.1.101.3.4.3.18, id-ml-dsa-65, ML-DSA-65, MLDSA65 }} @ default"
    exit 0
fi
for word in "$@"; do
    if [ "$before" = -inkey ] && [ $(wc -c < "$word") -gt 2000 ]; then
        exec {python} {ml_dsa} "$@"
    fi
    before=$word
done
exec {openssl} "$@"
"""
"""An openssl that knows ML-DSA, on a machine whose own does not: the rest is that one's."""

ML_DSA = """
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
words = sys.argv[1:]
assert words[0] == "pkeyutl"
assert {"-verify", "-pubin", "-rawin"} <= set(words)
given = {name: open(words[words.index(name) + 1], "rb").read()
         for name in ("-inkey", "-in", "-sigfile")}
key = load_pem_public_key(given["-inkey"])
assert isinstance(key, MLDSA65PublicKey)
try:
    key.verify(given["-sigfile"], given["-in"])
except InvalidSignature:
    sys.exit(1)
"""
"""What verifies by a public key of that size: those of ML-DSA alone are as long."""


@dataclass(frozen=True)
class Case:
    """A hub with one exchange, whose initiator signs by two keys."""

    town: Deployment
    hub: HubProcess
    exchange_id: str
    bundle: Path


@pytest.fixture(scope="module")
def case(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """kz.mia renews with a post-quantum key, demands such signatures, and asks across a border."""
    folder = tmp_path_factory.mktemp("post-quantum")
    with foundation.serving(folder / "hub") as (town, hub):
        renew(town, folder)
        with town.client(MIA) as mia:
            mia.require_post_quantum()
            sent = mia.request_information(to=["uz.fiu"], brief="Дело (вымышлено)", request=REQUEST)
            assert isinstance(sent, Sent)
        with town.client(COORDINATORS[0]) as coordinator:
            coordinator.approve(sent.exchange_id)
        with town.client("uz.fiu/system") as uzbek:
            uzbek.acknowledge(uzbek.open(sent.exchange_id))
        path = folder / "e.zip"
        with town.client(MIA) as mia:
            export_bundle(
                mia.gather_evidence(sent.exchange_id),
                path,
                exported_by=mia.profile.tls.certificate.member,
                at=utc_now(),
                anchors=mia.profile.anchors,
                log=mia.profile.log,
            )
        yield Case(town, hub, sent.exchange_id, path)


def renew(town: Deployment, folder: Path) -> None:
    """Renew by the commands, as a member and its authority do."""
    profile, answer = town.profile(MIA), folder / "answer.json"
    passphrase = folder / "ca.passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_bytes(PASSPHRASE)
    ca = town.files.authority.directory
    command("--profile", profile, "keys", "renew", "--post-quantum")
    request = profile / "renewal" / "request.json"
    with pytest.raises(SystemExit) as ended:
        certs(["renew", str(ca), str(request), "--out", str(answer),
               "--passphrase-file", str(passphrase)])  # fmt: skip
    assert not ended.value.code
    command("--profile", profile, "keys", "accept", answer)


def command(*words: object) -> None:
    """Run the agency's command."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 0


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH whose openssl knows ML-DSA: the machine's own, or one that stands in."""
    own = shutil.which("openssl")
    assert own is not None
    if knows_ml_dsa():
        return os.environ["PATH"]
    folder = tmp_path_factory.mktemp("openssl")
    file = folder / "openssl"
    ml_dsa = folder / "ml_dsa.py"
    ml_dsa.write_text(ML_DSA, encoding="utf-8")
    text = STAND_IN.format(python=sys.executable, ml_dsa=ml_dsa, openssl=own)
    file.write_text(text, encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:{os.environ['PATH']}"


def knows_ml_dsa() -> bool:
    words = ["openssl", "list", "-public-key-algorithms"]
    return b"ML-DSA-65" in subprocess.run(words, capture_output=True, check=True).stdout


def court(case: Case, bundle: Path, path: str) -> tuple[int, list[str]]:
    """Run the script alone; gives its exit code and what it prints."""
    root = bundle.parent / "root.pem"
    root.write_bytes(case.town.files.root_pem)
    words = (str(bundle), "--root", str(root), "--log-key", case.town.files.log_vkey)
    code, out, err = run_script(*words, path=path)
    assert not err, err
    return code, out.splitlines()


def test_a_bundle_holds_both_signatures_and_the_court_verifies_both(
    case: Case, openssl: str
) -> None:
    files, _ = read(case.bundle)
    seconds = [data for name, data in files.items() if name.endswith(SECOND_SIGNATURE)]
    assert seconds
    assert {len(each) for each in seconds} == {POST_QUANTUM_BYTES}
    code, lines = court(case, case.bundle, openssl)
    assert (code, lines[-1][:8]) == (0, "VERIFIED")
    assert not any("post-quantum" in line for line in lines)


@pytest.mark.skipif(knows_ml_dsa(), reason="this machine's openssl knows ML-DSA")
def test_a_court_whose_openssl_is_older_is_told_what_was_not_verified(case: Case) -> None:
    code, lines = court(case, case.bundle, os.environ["PATH"])
    assert (code, lines[-1][:8]) == (0, "VERIFIED")
    [told] = [line for line in lines if "post-quantum" in line]
    assert told.startswith("signatures  NOT VERIFIED: 2 ")
    assert "OpenSSL 3.5" in told


def test_a_stripped_or_damaged_signature_is_refused(
    case: Case, openssl: str, tmp_path: Path
) -> None:
    files, manifest = read(case.bundle)
    name = max(name for name in files if name.endswith(SECOND_SIGNATURE))
    stripped = {each: data for each, data in files.items() if each != name}
    damaged = files | {name: bytes([files[name][0] ^ 1]) + files[name][1:]}
    for number, forged in enumerate((stripped, damaged)):
        bundle = write(tmp_path / f"{number}.zip", forged, manifest)
        code, lines = court(case, bundle, openssl)
        # The entry, in the tree, names both signatures by their digest.
        assert code == 10
        assert lines[-1].startswith("NOT VERIFIED  ENTRY_MISMATCH"), lines[-1]


def test_an_auditor_judges_both_signatures(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--json", "--profile", case.town.profile(AUDITOR), "audit", "verify")
    assert code == 0, out
    assert json.loads(out)["clean"] is True


def test_a_batch_is_signed_once_by_each_key(case: Case) -> None:
    with case.town.client(MIA) as mia:
        sent = [
            mia.request_information(to=["kz.fma"], brief=f"№ {n}", request=REQUEST)
            for n in range(2)
        ]
        signed = mia.profile.vault.sign_batch([b"one", b"two", b"three"])
    assert all(isinstance(each, Sent) for each in sent)
    assert len({each.post_quantum_signature for each in signed}) == 1


def test_the_key_that_was_replaced_signs_nothing_more(case: Case) -> None:
    """The agency demands both signatures; a thief of the older key has one."""
    profile = case.town.profile(MIA)
    older = profile.parent / "older"
    shutil.copytree(profile, older)
    text = (older / "profile.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("post_quantum_key")]
    table = lines.index("[signing]")
    lines[table + 1 : table + 3] = ["certificate = 'signing.pem'", "key = 'signing.key'"]
    (older / "profile.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert Profile.load(older).vault.certificate is not None
    with ExchangeClient.from_profile(older) as thief, pytest.raises(ExchangeError) as refused:
        thief.request_information(to=["kz.fma"], brief="Чужое (вымышлено)", request=REQUEST)
    assert refused.value.reason is Reason.SIGNATURE_MISSING


def test_a_profile_without_its_second_key_reads_and_does_not_sign(case: Case) -> None:
    profile = case.town.profile(MIA)
    lame = profile.parent / "lame"
    shutil.copytree(profile, lame)
    text = (lame / "profile.toml").read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("post_quantum_key")]
    (lame / "profile.toml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    with ExchangeClient.from_profile(lame) as client:
        assert client.get(case.exchange_id).id == case.exchange_id
        with pytest.raises(ExchangeError, match="post-quantum key") as refused:
            client.request_information(to=["kz.fma"], brief="-", request=REQUEST)
    assert refused.value.reason is Reason.KEY_UNAVAILABLE


def test_the_next_renewal_keeps_a_post_quantum_key(case: Case, tmp_path: Path) -> None:
    before = Profile.load(case.town.profile(MIA)).vault.certificate
    renew_again = tmp_path / "again"
    renew_again.mkdir()
    renew(case.town, renew_again)
    after = Profile.load(case.town.profile(MIA)).vault.certificate
    assert before is not None
    assert after is not None
    assert after.post_quantum_key is not None
    assert after.post_quantum_key != before.post_quantum_key
    with case.town.client(MIA) as mia:
        assert isinstance(mia.request_information(to=["kz.fma"], brief="-", request=REQUEST), Sent)
