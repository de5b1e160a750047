"""A start of a program loads what is asked for, and nothing heavy beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import agency_client.cli
from agency_client import command as entry
from agency_client.cli.app import command_line
from agency_client.cli.loading import MODULES, modules_of, words_of

pytestmark = pytest.mark.long

LOADED = """
import json, sys
sys.argv = {words!r}
{run}
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
print()
print(json.dumps(sorted(sys.modules)))
"""
AGENCY = "from agency_client.command import main"
SERVER = "from exchange_server.cli import main"
CERTS = "from exchange_certs.cli import main"
OF_HUB = {"alembic", "exchange_server.ledger", "exchange_server.rpc", "prometheus_client",
          "sqlalchemy", "structlog", "uvloop"}  # fmt: skip
OF_CLIENT = {"agency_client.client", "followthemoney", "holidays", "icu", "openpyxl", "rigour",
             "starlette", "urllib3", "uvicorn"}  # fmt: skip


def loaded(run: str, *words: str) -> set[str]:
    """The modules that a program has loaded at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADED.format(run=run, words=list(words))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--version"], set()),
        (["inbox", "--help"], {"boxes"}),
        (["--json", "--lang", "ru", "inbox", "--help"], {"boxes"}),
        (["keys", "--help"], {"setup", "enrolment", "enrolment_by_hub"}),
        (["reply", "--help"], {"acts", "show"}),
        (["--help"], set(MODULES)),
    ],
)
def test_agency_loads_the_module_of_the_asked_command_alone(
    words: list[str], expected: set[str]
) -> None:
    found = loaded(AGENCY, "agency", *words)
    assert {each for each in MODULES if f"agency_client.cli.{each}" in found} == expected
    assert not found & ({"grpc"} | OF_HUB | OF_CLIENT)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (SERVER, ["exchange-server", "serve", "--help"]),
        (CERTS, ["exchange-certs", "issue", "--help"]),
    ],
)
def test_programs_of_hub_and_authority_load_no_library_for_their_help(
    run: str, words: list[str]
) -> None:
    assert not loaded(run, *words) & ({"agency_client", "cedarpy", "grpc"} | OF_HUB | OF_CLIENT)


def test_every_command_is_found_by_its_first_word() -> None:
    for file in Path(agency_client.cli.__file__).parent.glob("[a-z]*.py"):
        import_module(f"agency_client.cli.{file.stem}")
    whole = command_line()
    assert {word for module in MODULES for word in words_of(module)} == set(whole.commands)
    for word, command in whole.commands.items():
        assert modules_of(word), f"name the module of `agency {word}` in agency_client.cli.loading"
        alone = command_line(word)
        assert list(alone.commands) == [word]
        assert shape(alone.commands[word]) == shape(command)


def shape(command: Any) -> Any:
    """The options of a command, and those of the commands below it."""
    below = {name: shape(each) for name, each in getattr(command, "commands", {}).items()}
    return [each.name for each in command.params], below


def test_a_word_that_is_no_command_has_no_module() -> None:
    assert modules_of("inbxo") == ()
    assert modules_of("") == ()


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_ctrl_c_before_the_command_is_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_load", stop)
    monkeypatch.setattr("sys.argv", ["agency", "whoami", *words])
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 130
    out, err = capsys.readouterr()
    if words:
        assert (json.loads(out)["error"]["reason"], err) == ("STOPPED", "")
    else:
        assert (out, err) == ("", "agency: stopped; nothing was done\n")
