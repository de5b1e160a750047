"""Root follows no link that a service's user puts in its way."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange_files import (
    locked,
    new_file,
    open_to_lock,
    remove_folder,
    staging_folder,
    try_locked,
)
from exchange_files import owners as owners_module
from exchange_protocol.errors import StorageFailed

USER = 61_234
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")


def owner(path: Path) -> int:
    return path.lstat().st_uid


def test_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    lock = tmp_path / "lock"
    lock.symlink_to(elsewhere)
    with pytest.raises(OSError):  # noqa: PT011 -- its number is the system's
        open_to_lock(lock)
    for hold in (locked, try_locked):
        with pytest.raises(StorageFailed), hold(lock):
            pass
    assert not elsewhere.exists()
    elsewhere.write_bytes(b"of another")
    elsewhere.chmod(0o444)
    with pytest.raises(StorageFailed), locked(lock):
        pass
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o444


@as_root
def test_folder_that_is_replaced_by_a_link_changes_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's user wins the race between the making of a folder and what follows."""
    service, elsewhere = tmp_path / "service", tmp_path / "elsewhere"
    service.mkdir()
    os.chown(service, USER, USER)
    elsewhere.mkdir(mode=0o755)
    make = os.mkdir

    def replaced(path: str | Path, *words: int, **named: int) -> None:
        make(path, *words, **named)
        (service / "made").rmdir()
        (service / "made").symlink_to(elsewhere)

    monkeypatch.setattr(os, "mkdir", replaced)
    with pytest.raises(StorageFailed), staging_folder(service / "made"):
        pass
    assert owner(elsewhere) == 0
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


@as_root
def test_file_is_given_to_nobody_where_its_folder_leads_elsewhere_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that root made in a folder of root's stays root's."""
    ours, service = tmp_path / "ours", tmp_path / "service"
    for folder in (ours, service):
        folder.mkdir()
    os.chown(service, USER, USER)
    way = tmp_path / "way"
    way.symlink_to(ours)
    give = owners_module.give_to_owner_of

    def moved(path: Path, descriptor: int) -> None:
        way.unlink()
        way.symlink_to(service)
        give(path, descriptor)

    monkeypatch.setattr("exchange_files.files.give_to_owner_of", moved)
    owners: list[int] = []
    with pytest.raises(StorageFailed), new_file(way / "crl.pem") as draft:
        owners.append(os.fstat(draft.file.fileno()).st_uid)
    assert owners == [0]


def test_removal_of_a_folder_follows_no_link_that_appears_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "folder"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (folder / "inside").mkdir(parents=True)
    (folder / "inside" / "kept").touch()

    def replacing(walk: Any) -> Any:
        def replaced(*words: Any, **named: Any) -> Iterator[Any]:
            for step in walk(*words, **named):
                if step[2]:
                    (folder / "inside").rename(tmp_path / "away")
                    (folder / "inside").symlink_to(elsewhere)
                yield step

        return replaced

    for name in ("walk", "fwalk"):
        monkeypatch.setattr(os, name, replacing(getattr(os, name)))
    remove_folder(folder)
    assert (elsewhere / "kept").exists()
    assert not folder.exists()
