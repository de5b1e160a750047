"""Marks of what was read: kept, bounded, and forgotten where they do not parse."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client.state import read_marks
from agency_client.state.read_marks import ReadMarks

AT = 40


def test_marks_outlive_the_program_and_belong_to_its_user(tmp_path: Path) -> None:
    ReadMarks(tmp_path).note([("a", AT), ("b", AT)])
    ReadMarks(tmp_path).note([("a", AT + 1)])
    assert ReadMarks(tmp_path).read() == {"b": AT, "a": AT + 1}
    assert (tmp_path / "read").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a": null}', b'{"a": "no"}', b"\xff", b"1"])
def test_marks_that_do_not_parse_are_forgotten(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "read").write_bytes(data)
    assert ReadMarks(tmp_path).read() == {}
    ReadMarks(tmp_path).note([("a", AT)])
    assert ReadMarks(tmp_path).read() == {"a": AT}


def test_marks_have_a_bound_and_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_marks, "_MOST", 3)
    for name in "abcd":
        ReadMarks(tmp_path).note([(name, AT)])
    ReadMarks(tmp_path).note([("b", AT), ("e", AT)])
    assert list(ReadMarks(tmp_path).read()) == ["d", "b", "e"]
