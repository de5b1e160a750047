"""Files are there whole or not at all, and a disk that is full says which."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange_files import (
    PUBLIC,
    NewFile,
    check_new,
    locked,
    make_folder,
    new_file,
    new_files,
    new_folder,
    read_file,
    read_given,
    read_steady,
    remove_folder,
    replace_file,
    staging_folder,
    sweep_drafts,
    sweep_staging,
    try_locked,
    write_inside,
    write_new_file,
)
from exchange_files.files import draft_path
from exchange_protocol.errors import ExchangeError, Reason


def not_written(match: str) -> pytest.RaisesExc[ExchangeError]:
    return pytest.RaisesExc(
        ExchangeError, match=match, check=lambda e: e.reason is Reason.FILE_NOT_WRITTEN
    )


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the disk be full from the call on."""

    def fill() -> None:
        def refuse(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", refuse)

    return fill


def test_full_disk_names_the_file_and_leaves_the_old_one_alone(
    tmp_path: Path, full: Callable[[], None]
) -> None:
    path = tmp_path / "order"
    replace_file(path, b"1")
    full()
    with not_written(f"^FILE_NOT_WRITTEN: No space left on device: {path}; make room"):
        replace_file(path, b"2")
    assert read_file(path) == b"1"
    assert names(tmp_path) == ["order"]


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%41", "a b", "дело № 1", "x" * 255, "[red]"])
def test_any_name_is_written(tmp_path: Path, name: str) -> None:
    write_new_file(tmp_path / name, b"new")
    replace_file(tmp_path / name, b"newer")
    assert read_file(tmp_path / name) == b"newer"
    assert names(tmp_path) == [name]


def test_new_file_is_its_owners_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_new_file(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with not_written("exists; nothing is written over"):
        write_new_file(path, b"second")
    assert read_file(path) == b"first"
    assert names(tmp_path) == ["key"]


def test_public_file_may_be_read_by_all_and_written_by_its_owner(tmp_path: Path) -> None:
    replace_file(tmp_path / "crl.pem", b"list", mode=PUBLIC)
    mode = stat.S_IMODE((tmp_path / "crl.pem").stat().st_mode)
    assert mode & 0o022 == 0
    assert mode & 0o600 == 0o600


def test_link_that_stands_in_the_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "link").symlink_to(elsewhere)
    with not_written("exists"):
        write_new_file(tmp_path / "link", b"data")
    replace_file(tmp_path / "link", b"data")
    assert not elsewhere.exists()
    assert not (tmp_path / "link").is_symlink()


def test_link_that_stands_in_the_drafts_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    draft_path(tmp_path / "key").symlink_to(elsewhere)
    with not_written(r"key\.new; this is no draft .*: remove it"):
        write_new_file(tmp_path / "key", b"secret")
    assert read_file(elsewhere) == b"theirs"


def test_folder_that_is_missing_is_said_before_the_work(tmp_path: Path) -> None:
    with not_written(r"No such file or directory: .*none/out; make its folder first"):
        check_new(tmp_path / "none" / "out")


def test_draft_of_a_dead_process_is_written_anew(tmp_path: Path) -> None:
    draft_path(tmp_path / "key").write_bytes(b"ha")
    write_new_file(tmp_path / "key", b"whole")
    assert read_file(tmp_path / "key") == b"whole"
    assert names(tmp_path) == ["key"]


def test_draft_of_a_living_process_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "order"
    done: list[str] = []

    def replace() -> None:
        replace_file(path, b"second")
        done.append("second")

    with new_file(path) as draft:
        draft.file.write(b"first")
        other = threading.Thread(target=replace)
        other.start()
        other.join(0.2)
        assert other.is_alive()
        done.append("first")
    other.join(10)
    assert done == ["first", "second"]
    assert read_file(path) == b"second"


def test_file_written_piece_by_piece_appears_at_the_end_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"

    def write(*, is_verified: bool) -> None:
        with new_file(path) as draft:
            draft.file.write(b"piece")
            draft.sync()
            assert read_file(draft.path) == b"piece"
            assert not path.exists()
            if not is_verified:
                raise ValueError("not verified")

    with pytest.raises(ValueError, match="not verified"):
        write(is_verified=False)
    assert names(tmp_path) == []
    write(is_verified=True)
    assert names(tmp_path) == ["bundle.zip"]


def test_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), new_file(tmp_path / "out"):
        (tmp_path / "elsewhere").read_bytes()
    with not_written("No space left on device: .*out"), new_file(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")


class TestFilesThatBelongTogether:
    def test_the_last_appears_when_the_block_ends(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
        with new_files(NewFile(key, b"key"), NewFile(certificate, b"certificate", PUBLIC)):
            assert read_file(key) == b"key"
            assert not certificate.exists()
        assert names(tmp_path) == ["a.key", "a.pem"]

    def test_none_stays_if_the_block_fails(self, tmp_path: Path) -> None:
        with (
            pytest.raises(KeyboardInterrupt),
            new_files(NewFile(tmp_path / "a.key", b"key"), NewFile(tmp_path / "a.pem", b"c")),
        ):
            raise KeyboardInterrupt
        assert names(tmp_path) == []

    def test_none_appears_where_one_exists(self, tmp_path: Path) -> None:
        (tmp_path / "a.pem").write_bytes(b"theirs")
        with (
            not_written(r"a\.pem exists"),
            new_files(NewFile(tmp_path / "a.key", b"key"), NewFile(tmp_path / "a.pem", b"c")),
        ):
            pass
        assert names(tmp_path) == ["a.pem"]
        assert read_file(tmp_path / "a.pem") == b"theirs"

    def test_what_a_killed_process_placed_is_withdrawn_by_the_repeat(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
        draft_path(key).write_bytes(b"old key")
        draft_path(certificate).write_bytes(b"old certificate")
        os.link(draft_path(key), key)
        with new_files(NewFile(key, b"new key"), NewFile(certificate, b"new certificate")):
            pass
        assert (read_file(key), read_file(certificate)) == (b"new key", b"new certificate")
        assert names(tmp_path) == ["a.key", "a.pem"]

    def test_file_of_a_person_is_not_taken_for_what_a_killed_process_left(
        self, tmp_path: Path
    ) -> None:
        key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
        draft_path(key).write_bytes(b"draft")
        draft_path(certificate).write_bytes(b"draft")
        key.write_bytes(b"of a person")
        with not_written("exists"), new_files(NewFile(key, b"x"), NewFile(certificate, b"y")):
            pass
        assert read_file(key) == b"of a person"

    def test_complete_files_stay_whatever_drafts_are_beside_them(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
        for path in (key, certificate):
            draft_path(path).write_bytes(b"whole")
            os.link(draft_path(path), path)
        with not_written("exists"), new_files(NewFile(key, b"x"), NewFile(certificate, b"y")):
            pass
        assert (read_file(key), read_file(certificate)) == (b"whole", b"whole")
        assert names(tmp_path) == ["a.key", "a.pem"]
        replace_file(key, b"newer")
        assert (read_file(key), read_file(certificate)) == (b"newer", b"whole")


class TestNewFolder:
    def files(self, folder: Path) -> list[NewFile]:
        return [NewFile(folder / "root.key", b"key"), NewFile(folder / "index.json", b"{}")]

    def test_fills_a_new_or_empty_folder_of_its_owner(self, tmp_path: Path) -> None:
        for folder in (tmp_path / "a" / "b", make_folder(tmp_path / "c")):
            with new_folder(folder, *self.files(folder)):
                assert not (folder / "index.json").exists()
            assert names(folder) == ["index.json", "root.key"]
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_leaves_nothing_if_it_fails(self, tmp_path: Path, full: Callable[[], None]) -> None:
        folder = tmp_path / "a" / "b"
        with pytest.raises(ValueError, match="bad"), new_folder(folder, *self.files(folder)):
            raise ValueError("bad")
        assert names(tmp_path) == []
        make_folder(tmp_path / "empty")
        full()
        folder = tmp_path / "empty"
        with not_written("No space left"), new_folder(folder, *self.files(folder)):
            pass
        assert names(folder) == []

    def test_refuses_a_folder_that_holds_something(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_bytes(b"theirs")
        with (
            pytest.raises(ExchangeError, match=r"new or empty; it holds notes\.txt") as refused,
            new_folder(tmp_path, *self.files(tmp_path), reason=Reason.PROFILE_INVALID),
        ):
            pass
        assert refused.value.reason is Reason.PROFILE_INVALID
        assert names(tmp_path) == ["notes.txt"]

    def test_takes_over_what_a_killed_process_left_also_of_other_files(
        self, tmp_path: Path
    ) -> None:
        for name in ("root.key", "crl.pem"):
            draft_path(tmp_path / name).write_bytes(b"old")
        os.link(draft_path(tmp_path / "crl.pem"), tmp_path / "crl.pem")
        with new_folder(tmp_path, *self.files(tmp_path)):
            pass
        assert names(tmp_path) == ["index.json", "root.key"]
        assert read_file(tmp_path / "root.key") == b"key"

    def test_complete_folder_stays_and_loses_the_drafts(self, tmp_path: Path) -> None:
        for name in ("root.key", "index.json"):
            draft_path(tmp_path / name).write_bytes(b"whole")
            os.link(draft_path(tmp_path / name), tmp_path / name)
        with (
            pytest.raises(ExchangeError, match=r"it holds index\.json"),
            new_folder(tmp_path, *self.files(tmp_path)),
        ):
            pass
        assert names(tmp_path) == ["index.json", "root.key"]
        assert read_file(tmp_path / "root.key") == b"whole"


class TestStaging:
    def test_folder_that_was_not_moved_is_removed(self, tmp_path: Path) -> None:
        with staging_folder(tmp_path / ".building-1") as folder:
            (folder / "parts").mkdir()
            (folder / "parts" / "a").write_bytes(b"x")
        assert names(tmp_path) == []

    def test_folder_that_was_moved_stays(self, tmp_path: Path) -> None:
        with staging_folder(tmp_path / ".building-1") as folder:
            folder.rename(tmp_path / "1")
        assert names(tmp_path) == ["1"]

    def test_sweep_removes_what_dead_processes_left_and_nothing_else(self, tmp_path: Path) -> None:
        (tmp_path / ".building-dead" / "parts").mkdir(parents=True)
        (tmp_path / "waiting").mkdir()
        with staging_folder(tmp_path / ".building-living"):
            sweep_staging(tmp_path, ".building-*")
            assert names(tmp_path) == [".building-living", "waiting"]

    def test_sweep_passes_over_what_it_cannot_remove(self, tmp_path: Path) -> None:
        (tmp_path / ".building-file").write_bytes(b"")
        sweep_staging(tmp_path, ".building-*")
        assert names(tmp_path) == [".building-file"]

    def test_sweepers_do_not_fail_on_each_other(self, tmp_path: Path) -> None:
        for number in range(200):
            parts = tmp_path / f".building-{number}" / "parts"
            parts.mkdir(parents=True)
            (parts / "a").write_bytes(b"")
        failed: list[BaseException] = []

        def sweep() -> None:
            try:
                sweep_staging(tmp_path, ".building-*")
            except BaseException as error:  # noqa: BLE001 -- told below
                failed.append(error)

        threads = [threading.Thread(target=sweep) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert failed == []
        assert names(tmp_path) == []

    def test_removal_passes_over_what_is_gone_and_never_leaves_the_folder(
        self, tmp_path: Path
    ) -> None:
        outside = make_folder(tmp_path / "outside")
        (outside / "kept").write_bytes(b"kept")
        inside = make_folder(tmp_path / "inside")
        (inside / "link").symlink_to(outside)
        remove_folder(inside)
        remove_folder(inside)
        assert names(outside) == ["kept"]


def test_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), try_locked(tmp_path / "lock") as held:
        assert not held
    with try_locked(tmp_path / "lock") as held:
        assert held


def test_file_of_another_user_stays_his_when_root_replaces_it(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away: run the tests as root to include it")
    path = tmp_path / "crl.pem"
    replace_file(path, b"old")
    os.chown(path, 12345, 12345)
    replace_file(path, b"new")
    assert (path.stat().st_uid, read_file(path)) == (12345, b"new")


def test_draft_that_cannot_be_locked_is_not_taken(tmp_path: Path) -> None:
    """A lock that another holds on the draft keeps the draft."""
    draft = draft_path(tmp_path / "key")
    draft.write_bytes(b"of a living process")
    with draft.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = threading.Thread(target=write_new_file, args=(tmp_path / "key", b"new"))
        waiting.start()
        waiting.join(0.2)
        assert read_file(draft) == b"of a living process"
    waiting.join(10)
    assert read_file(tmp_path / "key") == b"new"


def test_sweep_of_drafts_leaves_the_files_that_were_placed(tmp_path: Path) -> None:
    draft_path(tmp_path / "half.key").write_bytes(b"ha")
    draft_path(tmp_path / "a.key").write_bytes(b"whole")
    os.link(draft_path(tmp_path / "a.key"), tmp_path / "a.key")
    sweep_drafts(tmp_path)
    sweep_drafts(tmp_path / "none")
    assert names(tmp_path) == ["a.key"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_file_system_without_locks_is_named_with_the_way_out(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    for lock in (locked, try_locked):
        with not_written("no working locks: move the folder to a local disk"), lock(tmp_path / "l"):
            pass


@pytest.mark.parametrize("umask", [0o177, 0o777, 0o000])
def test_what_is_made_is_for_its_owner_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b")
        with staging_folder(tmp_path / "a" / "c") as folder:
            write_inside(folder / "inside", b"x")
            staged = [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder / "inside")]
        with locked(tmp_path / "a" / "lock"):
            replace_file(tmp_path / "a" / "file", b"x")
    finally:
        os.umask(before)
    modes = {
        each.relative_to(tmp_path).as_posix(): stat.S_IMODE(each.stat().st_mode)
        for each in tmp_path.rglob("*")
    }
    private = dict.fromkeys(("a", "a/b"), 0o700) | dict.fromkeys(("a/lock", "a/file"), 0o600)
    assert modes == private
    assert staged == [0o700, 0o600]


@pytest.mark.parametrize("path", ["/", ".", ""])
def test_path_without_a_name_is_refused(path: str) -> None:
    for write in (write_new_file, replace_file):
        with not_written("expected the path of a file"):
            write(Path(path), b"x")


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    """Root could: `agency metrics /dev/null` would leave a machine without its null device."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, what in (
        (tmp_path / "pipe", "a device or a pipe"),
        (tmp_path / "folder", "a folder"),
        (Path("/dev/null"), "a device or a pipe"),
    ):
        before = path.lstat()
        with not_written(f"expected the path of a file, got {what}: {path}"):
            replace_file(path, b"x")
        assert os.path.samestat(path.lstat(), before)
    assert names(tmp_path) == ["folder", "pipe"]


def test_what_a_person_names_is_read_within_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_bytes(b"x" * 10)
    assert read_given(path, 10) == b"x" * 10
    for endless, most in ((path, 9), (Path("/dev/zero"), 1000)):
        with pytest.raises(ExchangeError, match=f"at most {most} bytes in {endless}") as refused:
            read_given(endless, most)
        assert refused.value.reason is Reason.DOCUMENT_INVALID
    with pytest.raises(IsADirectoryError):
        read_given(tmp_path)


@pytest.mark.parametrize("way", ["grows", "is cut", "is written over"])
def test_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, way: str) -> None:
    """A scanner, a browser or a sync program may be writing it still."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(0, 0))

    class Raw(io.FileIO):
        def readall(self) -> bytes:
            data = super().readall()
            with path.open("r+b") as other:
                if way == "grows":
                    other.seek(0, os.SEEK_END)
                    other.write(b"y")
                elif way == "is cut":
                    other.truncate(10)
                else:
                    other.write(b"z" * 100)
            return data

        def read(self, size: int | None = -1, /) -> bytes:
            return self.readall() if size else b""

    with Raw(path) as file, pytest.raises(ExchangeError, match="changed while it was read") as no:
        read_steady(file, path, 1000)
    assert no.value.reason is Reason.DOCUMENT_INVALID
    assert "scan.pdf" in no.value.message


def test_file_that_another_takes_the_place_of_is_read_as_it_was(tmp_path: Path) -> None:
    """Programs that write a file whole rename it: the one that was opened stays whole."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"old")
    with path.open("rb") as file:
        (tmp_path / "new").write_bytes(b"new one")
        (tmp_path / "new").rename(path)
        assert read_steady(file, path, 1000) == b"old"
    assert read_given(path) == b"new one"


def test_pipe_has_no_state_to_compare(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        assert read_steady(file, Path("-"), 10) == b"abc"
