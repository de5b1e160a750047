"""Imports point one way, and the protocol stays free of I/O, clocks and hidden randomness.

import-linter keeps the direction between packages (the contracts stand in pyproject.toml). Rules
that its contracts cannot say are checked here on the syntax tree of the hand-written modules.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "exchange_protocol": ROOT / "proto" / "exchange_protocol",
    "exchange_server": ROOT / "exchange_server",
    "agency_client": ROOT / "agency_client",
    "exchange_certs": ROOT / "certs" / "exchange_certs",
    "exchange_files": ROOT / "certs" / "exchange_files",
    "exchange_keys": ROOT / "certs" / "exchange_keys",
    "exchange_replay": ROOT / "certs" / "exchange_replay",
}

# Roots of modules that read clocks, files, sockets or processes, or that draw randomness.
IMPURE = {
    "asyncio",
    "concurrent",
    "glob",
    "grpc",
    "importlib",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "shutil",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
IMPURE_CALLS = ("open", "input", "print")
IMPURE_METHODS = (".now", ".utcnow", ".today", ".uuid1", ".uuid4", ".uuid6", ".uuid7")


def hand_written(package: str) -> list[Path]:
    """Returns the package's modules without the generated ones."""
    modules = PACKAGES[package].rglob("*.py")
    return sorted(path for path in modules if not path.stem.endswith(("_pb2", "_pb2_grpc")))


def imported(path: Path) -> Iterator[str]:
    """Yields the dotted name of everything that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def called(path: Path) -> Iterator[str]:
    """Yields everything that a module calls, as written: `datetime.now`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_import_contracts_hold() -> None:
    # In a process of its own: it configures logging, and so turns off every logger that is there.
    run = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports({}))"
    options = f"config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True, no_logo=True"
    ended = subprocess.run(
        [sys.executable, "-c", run.format(options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_protocol_imports_nothing_that_does_io_or_reads_a_clock() -> None:
    offences = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in hand_written("exchange_protocol")
        for name in imported(path)
        if name.split(".")[0] in IMPURE
    ]
    assert not offences


def test_protocol_calls_nothing_that_does_io_or_reads_a_clock() -> None:
    offences = [
        f"{path.relative_to(ROOT)} calls {name}"
        for path in hand_written("exchange_protocol")
        for name in called(path)
        if name in IMPURE_CALLS or name.endswith(IMPURE_METHODS)
    ]
    assert not offences


def test_protocol_never_imports_grpc_stubs() -> None:
    offences = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in hand_written("exchange_protocol")
        for name in imported(path)
        if "_pb2_grpc" in name
    ]
    assert not offences


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_import_leaves_its_package_by_dots(package: str) -> None:
    for path in hand_written(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level > 1), path
