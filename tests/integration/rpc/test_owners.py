"""Files that root makes for the service belong to the service's user."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import ServerCommand
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub
from tests.support.statements import fictional_cast

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")

SERVICE = 61_234
"""A user that nobody is."""


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    """A hub's folder as its package lays it: the service's user owns all of it."""
    files = prepare_hub(tmp_path / "hub", authority=fictional_cast().authority)
    own(files.folder)
    return files


def own(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, SERVICE, SERVICE)


def of_root(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.stat().st_uid == 0)


def migrate_anew(files: HubFiles, run: ServerCommand) -> None:
    for path in files.folder.glob("hub.db*"):
        path.unlink()
    (files.folder / "crl-held.pem").unlink()
    assert run("migrate", "--config", str(files.config_file))[0] == 0


def restore(files: HubFiles, run: ServerCommand) -> None:
    config = ("--config", str(files.config_file))
    assert run("migrate", *config)[0] == 0
    with HubProcess(files) as process:
        assert process.stop() == 0
    code, _, err = run("backup", str(files.folder / "backup"), *config)
    assert code == 0, err
    for path in files.folder.glob("hub.db*"):
        path.unlink()
    (files.folder / "crl-held.pem").unlink()
    code, _, err = run("restore", str(files.folder / "backup"), *config)
    assert code == 0, err


def copy(files: HubFiles, run: ServerCommand) -> None:
    with HubProcess(files) as process:
        assert process.stop() == 0
    url = f"sqlite:///{files.folder / 'copy.db'}"
    code, _, err = run("copy-database", url, "--config", str(files.config_file))
    assert code == 0, err


def make_log_key(files: HubFiles, run: ServerCommand) -> None:
    words = ("--origin", "a.example/log", "--out", str(files.folder / "new.key"))
    secret = ("--passphrase-file", str(files.folder / "passphrase"))
    assert run("init-log-key", *words, *secret)[0] == 0


def export(files: HubFiles, run: ServerCommand) -> None:
    with HubProcess(files) as process:
        assert process.stop() == 0
    (files.folder / "static").mkdir()
    own(files.folder / "static")
    words = ("log", "export", str(files.folder / "static"))
    code, _, err = run(*words, "--config", str(files.config_file))
    assert code == 0, err


def install_list(files: HubFiles, run: ServerCommand) -> None:
    lists = files.folder / "lists.pem"
    lists.write_bytes(files.crl_file.read_bytes())
    (files.folder / "crl.pem").write_bytes(files.crl_file.read_bytes())
    text = files.config_file.read_text("utf-8")
    files.config_file.write_text(text.replace(f"{files.crl_file}", "crl.pem"), "utf-8")
    own(files.folder)
    code, _, err = run("revocations", str(lists), "--config", str(files.config_file))
    assert code == 1, err  # No hub runs that could take it.


def serve(files: HubFiles, run: ServerCommand) -> None:
    """As an operator tries it by hand before the service is started."""
    with HubProcess(files) as process:
        assert process.stop() == 0


@pytest.mark.parametrize(
    "act", [migrate_anew, restore, copy, make_log_key, export, install_list, serve]
)
def test_files_that_root_makes_in_a_folder_of_the_service_are_the_services(
    files: HubFiles, run: ServerCommand, act: Callable[[HubFiles, ServerCommand], None]
) -> None:
    act(files, run)
    assert of_root(files.folder) == []
