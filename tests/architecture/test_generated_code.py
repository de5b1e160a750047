"""The committed code of the protocol is what its .proto files generate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
V1 = ROOT / "proto" / "exchange_protocol" / "v1"


@pytest.mark.parametrize("generator", ["generate_protocol.py", "generate_client.py"])
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
