"""Files are there whole or not at all, and a disk that is full says which."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agency_client.state.files import read_file, replace_file


def test_full_disk_names_the_file_and_leaves_the_old_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "order"
    replace_file(path, b"1")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as failed:
        replace_file(path, b"2")
    assert Path(failed.value.filename).parent == tmp_path
    assert read_file(path) == b"1"
    assert [each.name for each in tmp_path.iterdir()] == ["order"]
