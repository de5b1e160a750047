"""The command of the hub says of which version it is, and each fault in one line."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange_server import cli
from exchange_server import command as entry
from exchange_server.cli import app
from exchange_server.cli.shared import run
from tests.support.hub_process import prepare_hub
from tests.support.statements import fictional_cast


def last_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> str:
    """Run a line that is wrong; gives the one line of its error."""
    monkeypatch.setattr("sys.argv", ["exchange-server", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    [line] = err.splitlines()
    return str(line)


def test_version_is_printed() -> None:
    ended = CliRunner().invoke(app, ["--version"])
    assert ended.exit_code == 0
    assert re.fullmatch(r"exchange-server \d+\.\d+\.\d+\S*\n", ended.output)


def test_want_of_memory_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As with a limit of a shell or a unit, in the middle of `migrate` or `fsck`."""

    def starve() -> None:
        raise MemoryError

    with pytest.raises(SystemExit) as left:
        run(starve)
    assert left.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "no memory is left for this command: raise its limit" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve"], "Missing option '--config'."),
        (["sreve"], "No such command 'sreve'. Did you mean 'serve'?"),
        (["log", "export", "--config"], "Option '--config' requires an argument."),
        (
            ["log", "export", "--config", "a", "--config=b"],
            "Invalid value: expected --config once, got it twice: give one of the two values",
        ),
    ],
)
def test_a_wrong_line_is_one_plain_line_of_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    assert last_line(monkeypatch, capsys, *words) == f"exchange-server: {said}"


@pytest.mark.parametrize("command", ["check-config", "migrate", "disk"])
def test_a_database_in_no_folder_is_told_with_the_folder(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
) -> None:
    files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority)
    folder = tmp_path / "none"
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", f"sqlite:///{folder}/hub.db")
    line = last_line(monkeypatch, capsys, command, "--config", str(files.config_file))
    assert line.startswith("exchange-server: CONFIG_INVALID [database.url]: ")
    assert f"unable to open hub.db, for its folder {folder} does not exist; make the" in line
    assert not folder.exists()


def test_ctrl_c_before_the_command_is_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "main", stop)
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 130
    assert capsys.readouterr().err.startswith("exchange-server: stopped; ")


def test_few_open_files_are_told_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (24, 32))
    line = last_line(monkeypatch, capsys, "serve", "--config", "hub.toml")
    assert "this process may have 32 files open and needs 64 or more" in line
    assert "LimitNOFILE=" in line


def test_soft_limit_of_open_files_is_raised_to_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (24, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    assert "No such command" in last_line(monkeypatch, capsys, "nonsense")
    assert raised == [(64, 4096)]
