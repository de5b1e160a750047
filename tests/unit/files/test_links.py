"""Root follows no link that a service's user puts in its way."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from exchange_files import (
    NewFile,
    locked,
    new_file,
    new_files,
    open_to_lock,
    remove_folder,
    replace_file,
    staging_folder,
    try_locked,
)
from exchange_files import owners as owners_module
from exchange_files.files import draft_path
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


@pytest.mark.parametrize("way", ["new", "replaced", "together"])
def test_folder_that_is_swapped_meanwhile_gets_nothing(tmp_path: Path, way: str) -> None:
    """The service's user puts a link to a folder of root's in the place of the own folder."""
    service, ours = tmp_path / "service", tmp_path / "ours"
    service.mkdir()
    ours.mkdir()
    path = service / "crl.pem"
    if way == "replaced":
        path.write_bytes(b"old")
    # What stands there under the draft's name would be moved, linked or removed by its path.
    (ours / ".crl.pem.new").write_bytes(b"of root")

    def swap() -> None:
        service.rename(tmp_path / "away")
        service.symlink_to(ours)

    with pytest.raises(StorageFailed, match=r"was moved or replaced while crl\.pem was written"):
        write_meanwhile(swap, path, way)
    assert {each.name: each.read_bytes() for each in ours.iterdir()} == {".crl.pem.new": b"of root"}
    assert sorted(each.name for each in (tmp_path / "away").iterdir()) == (
        ["crl.pem"] if way == "replaced" else []
    )


@pytest.mark.parametrize("way", ["new", "replaced"])
def test_draft_that_is_swapped_for_a_link_is_not_placed(tmp_path: Path, way: str) -> None:
    secret, path = tmp_path / "secret", tmp_path / "crl.pem"
    secret.write_bytes(b"of root")
    draft = draft_path(path)

    def swap() -> None:
        draft.unlink()
        draft.symlink_to(secret)

    with pytest.raises(StorageFailed, match=r"was removed or replaced while crl\.pem was written"):
        write_meanwhile(swap, path, way)
    assert not os.path.lexists(path)
    assert secret.read_bytes() == b"of root"
    assert secret.stat().st_nlink == 1


def write_meanwhile(swap: Callable[[], None], path: Path, way: str) -> None:
    """Write a file in one of the ways, and do something before it has its name."""
    if way == "replaced":
        with swapping_at_sync(swap):
            replace_file(path, b"new")
    elif way == "new":
        with new_file(path) as draft:
            draft.file.write(b"new")
            swap()
    else:
        with new_files(NewFile(path.with_name("key"), b"key"), NewFile(path, b"new")):
            swap()


@contextmanager
def swapping_at_sync(swap: Callable[[], None]) -> Iterator[None]:
    """Do something just before a file is made durable, and so before it has its name."""
    sync, left = os.fsync, [swap]

    def swapped(descriptor: int) -> None:
        while left:
            left.pop()()
        sync(descriptor)

    with patch.object(os, "fsync", swapped):
        yield


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
