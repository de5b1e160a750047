"""The committed code of the protocol is what its .proto files generate."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
V1 = ROOT / "proto" / "exchange_protocol" / "v1"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "generator",
    [
        "generate_protocol.py",
        "generate_client.py",
        "generate_vectors.py",
        "generate_reference.py",
    ],
)
def test_committed_code_equals_a_fresh_generation(generator: str) -> None:
    command = [sys.executable, f"scripts/{generator}", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_proto_file_has_generated_code_and_types() -> None:
    protos = sorted(V1.glob("*.proto"))
    assert protos
    for proto in protos:
        stem = proto.stem
        suffixes = ["_pb2.py", "_pb2.pyi"]
        if stem.endswith("_service"):
            suffixes += ["_pb2_grpc.py", "_pb2_grpc.pyi"]
        missing = [stem + suffix for suffix in suffixes if not (V1 / (stem + suffix)).is_file()]
        assert not missing


def test_services_are_defined_only_in_service_files() -> None:
    for proto in V1.glob("*.proto"):
        defines_service = any(
            line.startswith("service ") for line in proto.read_text(encoding="utf-8").splitlines()
        )
        assert defines_service == proto.stem.endswith("_service"), proto.name


# --- The wire contract does not change ----------------------------------------------------------


def compared(folder: Path, pattern: str, new: str) -> subprocess.CompletedProcess[str]:
    """Compare the contract, with one line of statements changed, with the committed baseline."""
    shutil.copy(ROOT / "buf.yaml", folder)
    shutil.copytree(ROOT / "proto", folder / "proto", ignore=shutil.ignore_patterns("*.py*"))
    changed = folder / "proto" / "exchange_protocol" / "v1" / "statement.proto"
    text, count = re.subn(pattern, new, changed.read_text("utf-8"), count=1)
    assert count == 1
    changed.write_text(text, encoding="utf-8")
    buf = str(Path(sys.executable).with_name("buf"))
    command = [buf, "breaking", "--against", "proto/baseline.binpb"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r"string exchange_id = 2;", "string exchange_id = 99;"),
        (r"string exchange_id = 2;", "bytes exchange_id = 2;"),
        (r"string exchange_id = 2;", "string exchange = 2;"),
        (r"string exchange_id = 2;", ""),
        (r"HANDLING_H1 = 2;", "HANDLING_H1 = 9;"),
    ],
    ids=["number", "type", "name", "removed", "code"],
)
def test_change_of_the_contract_is_found(tmp_path: Path, pattern: str, new: str) -> None:
    done = compared(tmp_path, pattern, new)
    assert done.returncode != 0
    assert "statement.proto" in done.stdout


def test_addition_to_the_contract_is_no_change(tmp_path: Path) -> None:
    done = compared(tmp_path, r"string exchange_id = 2;", "string exchange_id = 2; bool new = 99;")
    assert done.returncode == 0, done.stdout
