"""The public formats of a bundle verify with others' code: tlog-scales, openssl.

The proof is taken apart here by the words of C2SP tlog-proof; tree and signature are judged there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash
from tlog_scales.tlog import Checkpoint, InclusionProof, InclusionProofInvalid

from agency_client.evidence import VerifiedBundle
from tests.integration.evidence.conftest import Court, Files, read
from tests.support.court import SCRIPT, SYSTEM_PYTHON
from tests.support.hub_process import prepare_hub

pytestmark = pytest.mark.long

PROOF = re.compile(
    r"c2sp\.org/tlog-proof@v1\n"
    r"index (0|[1-9][0-9]*)\n"
    r"((?:[A-Za-z0-9+/]{43}=\n)*)"
    r"\n"
    r"((?:.+\n){3}\n(?:\N{EM DASH} \S+ \S+\n)+)",
)
"""Header, no extra line, index, hashes, an empty line, and a checkpoint without extension lines."""


def folders(files: Files) -> list[str]:
    return sorted({name.rpartition("/")[0] for name in files if name.startswith("entries/")})


def test_every_tlog_proof_has_the_specified_form_and_verifies(court: Court, bundle: Path) -> None:
    files, _ = read(bundle)
    for folder in folders(files):
        text = files[f"{folder}/proof.tlog-proof"].decode()
        found = PROOF.fullmatch(text)
        assert found, text
        assert found[3].encode() == files["checkpoint.note"], "the checkpoint is in it verbatim"
        checkpoint = Checkpoint.from_text(found[3])
        checkpoint.verify(Vkey.from_string(court.vkey))
        assert f"entries/{int(found[1]):019d}" == folder
        hashes = [base64.b64decode(line) for line in found[2].split()]
        proof = InclusionProof(int(found[1]), checkpoint.size, hashes)
        nonce, entry = files[f"{folder}/nonce.bin"], files[f"{folder}/entry.bin"]
        record = b"caricc-exchange/leaf/v1\n" + hmac.digest(nonce, entry, "sha256")
        proof.check(leaf_hash(record), checkpoint.root_hash)
        with pytest.raises(InclusionProofInvalid):
            proof.check(leaf_hash(record + b" "), checkpoint.root_hash)


def test_openssl_verifies_every_statement_from_its_bytes(
    bundle: Path, verified: VerifiedBundle, tmp_path: Path
) -> None:
    """Not one of them with a key that our code has chosen: the fingerprint is in the entry."""
    files, _ = read(bundle)
    statements = 0
    for folder in folders(files):
        if f"{folder}/payload.bin" not in files:
            continue
        entry = files[f"{folder}/entry.bin"]
        names = [name for name in files if re.fullmatch(r"certificates/[0-9a-f]{64}\.pem", name)]
        [name] = [name for name in names if bytes.fromhex(name[13:77]) in entry]
        payload = files[f"{folder}/payload.bin"]
        assert hashlib.sha256(payload).digest() in entry
        kind = b"application/vnd.caricc.exchange.statement.v1+protobuf"
        pae = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        assert pae == files[f"{folder}/pae.bin"]
        (tmp_path / "cert.pem").write_bytes(files[name])
        (tmp_path / "pae").write_bytes(pae)
        (tmp_path / "signature").write_bytes(files[f"{folder}/signature.der"])
        for command in (
            "openssl x509 -in cert.pem -noout -pubkey -out key.pem",
            "openssl dgst -sha256 -verify key.pem -signature signature pae",
        ):
            subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
        statements += 1
    told = (*verified.directory_told, *verified.told)
    assert statements == sum(each.statement is not None for each in told) > 10


@pytest.mark.parametrize(
    ("streams", "good", "forged"),
    [
        ("| true", 0, 10),
        ("| head -n 1", 0, 10),
        (">/dev/full", 5, 10),
        (">&-", 5, 10),
        ("2>&-", 0, 10),
    ],
)
def test_verdict_of_the_script_does_not_hang_on_who_reads_it(
    court: Court, bundle: Path, tmp_path: Path, streams: str, good: int, forged: int
) -> None:
    """A traceback has the code 1, which is no verdict."""
    other = prepare_hub(tmp_path / "other").log_vkey
    for vkey, code in ((court.vkey, good), (other, forged)):
        words = ("-I", str(SCRIPT), str(bundle), "--root", str(court.root), "--log-key", vkey)
        line = f"({shlex.join([SYSTEM_PYTHON, *words])}; echo $? >&3) {streams}"
        ended = subprocess.run(
            ["/bin/sh", "-c", f"exec 3>&1; {line}"], capture_output=True, text=True, check=False
        )
        assert ended.stdout.splitlines()[-1] == str(code), ended
        assert "Traceback" not in ended.stderr
