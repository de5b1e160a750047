"""Generates the Python code of the protocol beside its .proto files, or checks that it is fresh.

    python scripts/generate_protocol.py           write what is missing or stale, remove orphans
    python scripts/generate_protocol.py --check   change nothing; exit 1 and name what differs

gRPC stubs are generated for `*_service.proto` only: the other files define messages. Run it with
the Python of the locked environment, since another generator version writes other bytes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO_ROOT = Path(__file__).resolve().parent.parent / "proto"
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def generate(out: Path) -> dict[Path, bytes]:
    """Runs protoc into `out` and returns the generated files by path relative to the proto root."""
    protos = sorted(PROTO_ROOT.rglob("*.proto"))
    services = [proto for proto in protos if proto.name.endswith("_service.proto")]
    run_protoc(protos, f"--python_out={out}", f"--mypy_out=quiet:{out}")
    run_protoc(services, f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}")
    return read_generated(out)


def run_protoc(protos: list[Path], *outputs: str) -> None:
    """Runs protoc with the plugins that stand beside the running Python."""
    if not protos:
        return
    plugins = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    names = [str(proto.relative_to(PROTO_ROOT)) for proto in protos]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO_ROOT}", *outputs, *names]
    done = subprocess.run(command, check=False, env={**os.environ, "PATH": plugins})
    if done.returncode:
        sys.exit("protoc does not take the contract: mend what its first line above names")


def read_generated(root: Path) -> dict[Path, bytes]:
    """Returns every generated file under `root` by its relative path."""
    return {
        path.relative_to(root): path.read_bytes()
        for pattern in GENERATED
        for path in root.rglob(pattern)
    }


def main() -> int:
    """Writes the generated code, or with --check compares it with what is committed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; name what differs")
    check: bool = parser.parse_args().check

    with tempfile.TemporaryDirectory() as out:
        fresh = generate(Path(out))
    present = read_generated(PROTO_ROOT)
    differing = sorted(
        path for path in fresh.keys() | present.keys() if fresh.get(path) != present.get(path)
    )
    for path in differing:
        if check:
            sys.stderr.write(f"proto/{path} differs from a fresh generation: run `make proto`\n")
        elif path in fresh:
            (PROTO_ROOT / path).write_bytes(fresh[path])
        else:
            (PROTO_ROOT / path).unlink()
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
