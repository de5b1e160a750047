"""A command whose extra is not installed says in one line what to install."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
BLOCKED = "import sys; sys.modules[{module!r}] = None; sys.argv = {words!r}; {run}"
AGENCY = "from agency_client.command import main; main()"
SERVER = "from exchange_server.cli import main; main()"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("run", "module", "words", "extra"),
    [
        (AGENCY, "yaml", ["agency", "--help"], "[client]"),
        (SERVER, "sqlalchemy", ["exchange-server", "doctor", "--config", "hub.toml"], "[hub]"),
        (SERVER, "structlog", ["exchange-server", "serve", "--config", "hub.toml"], "[hub]"),
    ],
)
def test_what_to_install_is_said_in_one_line(
    run: str, module: str, words: list[str], extra: str, tmp_path: Path
) -> None:
    for name in ("hub.pem", "hub.key", "root.pem", "crl.pem", "log.key"):
        (tmp_path / name).touch()
    (tmp_path / "hub.toml").write_text(
        '[tls]\ncertificate = "hub.pem"\nkey = "hub.key"\nroot = "root.pem"\ncrl = "crl.pem"\n'
        '[log]\norigin = "hub.example/log"\nkey = "log.key"\n[database]\nurl = "sqlite:///hub.db"\n'
    )
    ended = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(module=module, words=words, run=run)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 2, ended
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"{words[0]}: {module}")
    assert line.endswith(f"`pip install caricc-exchange{extra}`")


def test_the_installed_command_is_the_one_that_says_so() -> None:
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert scripts["scripts"] == {
        "agency": "agency_client.command:main",
        "exchange-certs": "exchange_certs.command:main",
        "exchange-server": "exchange_server.command:main",
    }
