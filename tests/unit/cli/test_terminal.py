"""Whatever takes the output, the command knows what its reader got."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from agency_client import cli
from agency_client.cli.output import print_json, print_table, say
from agency_client.cli.terminal import (
    ReaderLeft,
    ResultUnwritten,
    Work,
    after_sending,
    before_sending,
    results,
    wait_until_taken,
)
from tests.support.commands import run
from tests.support.warm_programs import warm_python


def writing(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [warm_python(), "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip


def test_reader_that_took_everything_is_waited_for() -> None:
    """The writer goes on once the slow reader has taken the first line, and not before."""
    code = """
        from agency_client.cli.terminal import wait_until_taken
        for line in range(2):
            print(line, flush=True)
            wait_until_taken()
    """
    with writing(code) as writer:
        assert writer.stdout is not None
        while os.read(writer.stdout.fileno(), 1) != b"\n":
            pass
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(timeout=0.5)
        assert os.read(writer.stdout.fileno(), 9) == b"1\n"
        assert writer.wait(timeout=30) == 0


def test_line_that_its_reader_left_in_the_pipe_is_not_taken() -> None:
    code = """
        import sys
        from agency_client.cli.terminal import ReaderLeft, wait_until_taken
        print("never read", flush=True)
        print("written", file=sys.stderr, flush=True)
        try:
            wait_until_taken()
        except ReaderLeft:
            sys.exit(7)
    """
    with writing(code) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        assert writer.stderr.readline() == b"written\n"
        writer.stdout.close()
        assert writer.wait(timeout=30) == 7


def test_file_and_captured_output_are_taken_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({})
    wait_until_taken()


@pytest.mark.parametrize(
    ("block", "work"), [(before_sending, Work.UNSENT), (after_sending, Work.SENT)]
)
def test_failure_of_the_output_says_what_was_done(block: object, work: Work) -> None:
    with pytest.raises(ReaderLeft) as left, block(), results():  # type: ignore[operator] # both take nothing
        raise BrokenPipeError
    assert left.value.work is work
    with pytest.raises(ResultUnwritten, match="No space left") as full, results():
        raise OSError(28, "No space left on device")
    assert full.value.work is Work.LOOKED


@pytest.mark.parametrize("encoding", ["koi8-r", "cp1251", "latin-1", "ascii"])
def test_json_is_ascii_where_the_stream_is_not_utf_8(encoding: str) -> None:
    code = (
        "from agency_client.cli.terminal import use_any_terminal\n"
        "from agency_client.cli.output import print_json, say\n"
        "use_any_terminal(); print_json({'name': 'Қаржы Д \\U0001f600 é'})"
    )
    done = subprocess.run(
        [warm_python(), "-c", code],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.isascii()
    assert b"\\u049a\\u0430" in done.stdout


@pytest.mark.parametrize(
    "words", [("templates", "mapping"), ("--version",), ("calendar", "make", "kz", "2027")]
)
def test_text_that_a_full_disk_does_not_take_is_no_wrong_input(words: tuple[str, ...]) -> None:
    code = "import sys; from agency_client.cli import main; main(sys.argv[1:])"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [warm_python(), "-c", code, *words],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("agency: done, but the result could not be written: ")


def test_result_is_written_by_what_tells_of_a_full_disk() -> None:
    for module in Path(cli.__file__).parent.glob("*.py"):
        assert "typer.echo(" not in module.read_text("utf-8"), f"{module.name}: say `put`"


def test_calendar_is_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--json", "calendar", "make", "kz", "2027")
    assert code == 0
    assert "2027" in json.loads(out)["calendar"]


@pytest.mark.parametrize("terminal", ["dumb", "xterm-256color"])
def test_colour_that_is_forced_cuts_nothing_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: str
) -> None:
    """Runners of scripts set FORCE_COLOR; rich then takes a file for a terminal of 80 columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", terminal)
    cells = ["01a226c2-e991-7e42-9770-c5d1d07e4140"] * 4
    print_table(["one", "two", "three", "four"], [cells], "none")
    say(" ".join(cells))
    out, _ = capsys.readouterr()
    assert out.count(cells[0]) == 8
    assert "\x1b" not in out
