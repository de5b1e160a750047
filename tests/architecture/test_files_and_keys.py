"""Files are written in one room, and private keys are seen in one.

The calls of the product's own modules are checked, on their syntax trees: nobody writes a
file but by `exchange_files`, and the contract and the wings name no private key.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "agency_client",
    "exchange_server",
    "certs/exchange_certs",
    "certs/exchange_keys",
    "certs/exchange_replay",
    "proto/exchange_protocol",
)
WRITES_ELSEWHERE = {
    "agency_client/evidence/verify.py": "stands alone; temporary files for `openssl`",
    "exchange_server/storage/database_file.py": "what SQLite writes, and its locks",
    "exchange_server/metrics/endpoint.py": "the numbers of workers, which prometheus-client writes",
    "exchange_server/fairness/counts.py": "memory that workers share; no file outlives them",
    "agency_client/audit/monitor_state.py": "the monitor's file, which SQLite writes",
}
WRITERS = {"write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"}
MODULES_THAT_WRITE = {"shutil", "tempfile"}
FLAGS = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_APPEND", "O_TRUNC"}
HOLDS_KEYS = {
    "agency_client/state/keys.py": "makes sealing keys and keeps them in files",
    "agency_client/state/profile.py": "takes the keys of a new profile, to encrypt them",
    "certs/exchange_certs/authority.py": "signs certificates: X.509 libraries take the key itself",
    "certs/exchange_certs/profiles.py": "likewise",
}


def modules(*packages: str) -> list[Path]:
    found = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if "_pb2" not in path.name)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def writes(tree: ast.AST) -> Iterator[str]:
    """Every call that may write a file, as written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [each.name for each in node.names]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (each for each in names if each in MODULES_THAT_WRITE)
        if not isinstance(node, ast.Call):
            continue
        if name_in(node.func) in WRITERS or opens_to_write(node):
            yield ast.unparse(node)


def name_in(node: ast.AST) -> str:
    """The last name of what is written; to write it all out for each call takes long."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def opens_to_write(node: ast.Call) -> bool:
    if name_in(node.func) not in ("open", "fdopen", "ZipFile"):
        return False
    if ast.unparse(node.func) == "os.open":
        return any(
            isinstance(each, ast.Attribute) and each.attr in FLAGS
            for argument in node.args[1:]
            for each in ast.walk(argument)
        )
    modes = [*node.args, *(each.value for each in node.keywords if each.arg == "mode")]
    return any(
        isinstance(each, ast.Constant)
        and isinstance(each.value, str)
        and len(each.value) <= 3
        and bool(set(each.value) & set("wxa+"))
        for each in modes
    )


def offences(path: Path) -> list[str]:
    return list(writes(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", modules(*PRODUCT), ids=name_of)
def test_no_module_writes_files_but_by_the_one_room(path: Path) -> None:
    if name_of(path) in WRITES_ELSEWHERE:
        return
    allowed = {
        # A bundle's archive is written into the draft of a new file; stdout is given away; shutil
        # is asked where a program is.
        "agency_client/evidence/bundle.py": ("ZipFile(draft.file",),
        # In memory alone.
        "agency_client/console/archive.py": ("ZipFile(made",),
        "agency_client/cli/terminal.py": ("os.open(os.devnull",),
        # The second: root's own folder for SQLite, whose bytes go into the draft of a new file.
        "exchange_server/storage/copies.py": ("shutil", "tempfile"),
        # It is asked for the folder of temporary files.
        "exchange_server/shared_memory.py": ("tempfile",),
        # Python's own stderr, whose descriptor is given away.
        "exchange_server/native_lines.py": ("os.fdopen(real",),
        # Memory that the workers of one hub share, gone with them.
        "exchange_server/fairness/counts.py": ("file.open('r+b')", "tempfile"),
    }.get(name_of(path), ())
    assert [each for each in offences(path) if not any(one in each for one in allowed)] == []


@pytest.mark.parametrize(
    "text",
    [
        "path.write_text('x')",
        "Path('x').write_bytes(b'')",
        "open('x', 'w')",
        "path.open('xb')",
        "path.open(mode='a')",
        "os.fdopen(descriptor, 'wb')",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "zipfile.ZipFile(path, 'w')",
        "import shutil",
        "from tempfile import mkstemp",
    ],
)
def test_the_check_finds_what_writes(text: str) -> None:
    assert list(writes(ast.parse(text)))


@pytest.mark.parametrize(
    "text", ["path.open('rb')", "path.open()", "os.open(folder, os.O_RDONLY)", "hub.open(exchange)"]
)
def test_the_check_passes_what_reads(text: str) -> None:
    assert list(writes(ast.parse(text))) == []


@pytest.mark.parametrize("name", WRITES_ELSEWHERE)
def test_exceptions_are_still_needed(name: str) -> None:
    assert offences(ROOT / name)


def test_private_keys_are_named_where_they_are_made_or_kept_alone() -> None:
    naming = {
        name_of(path)
        for path in modules(*PRODUCT)
        if "exchange_keys" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if name_in(node).endswith("PrivateKey")
    }
    assert naming == set(HOLDS_KEYS)


def test_the_contract_names_no_private_key() -> None:
    found = [
        name_of(path)
        for path in modules("proto/exchange_protocol")
        if "PrivateKey" in path.read_text(encoding="utf-8")
    ]
    assert found == []


COMMANDS = (
    "agency_client/cli",
    "certs/exchange_certs/cli.py",
    "certs/exchange_certs/enrolment_cli.py",
    "exchange_server/cli",
    "exchange_server/config.py",
    "exchange_server/tls/revocation_file.py",
    "exchange_server/tls/revocation_install.py",
)


def commands() -> list[Path]:
    files = [ROOT / each for each in COMMANDS if each.endswith(".py")]
    return sorted([*files, *modules(*(each for each in COMMANDS if not each.endswith(".py")))])


def reads_without_end(tree: ast.AST) -> list[str]:
    """Every call that reads a file however long it is, as written."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in ("read_bytes", "read_text"))
    ]


@pytest.mark.parametrize("path", commands(), ids=name_of)
def test_commands_read_what_a_person_names_within_a_bound(path: Path) -> None:
    assert reads_without_end(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_what_reads_without_end_is_seen() -> None:
    assert reads_without_end(ast.parse("Path('/dev/zero').read_bytes()")) != []
