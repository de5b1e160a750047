"""The command's own conduct: help, usage errors, missing profiles, one JSON document."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from agency_client.cli import failures, main
from agency_client.cli.app import agency
from agency_client.cli.failures import ExitCode, describe, exit_code_of, one_line
from agency_client.cli.ids import exchange_id
from agency_client.cli.reference import commands
from exchange_protocol.errors import Reason
from tests.support.warm_programs import warm_python

ROOT = Path(__file__).resolve().parents[3]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty directory; gives status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXCHANGE_PROFILE", raising=False)
    monkeypatch.setenv("EXCHANGE_PROFILES", str(tmp_path / "profiles"))

    def run_main(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return int(left.value.code), out, err

    return run_main


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help(run: Run, words: tuple[str, ...]) -> None:
    status, out, err = run(*words, "--help")
    assert (status, err) == (0, "")
    assert "Usage: agency" in out


@pytest.mark.parametrize("words", [(), ("keys",), ("inbox",)], ids=" ".join)
def test_help_that_cannot_be_written_is_no_fault_of_the_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [
                warm_python(),
                "-c",
                "from agency_client.command import main; main()",
                *words,
                "--help",
            ],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == ExitCode.UNWRITTEN
    assert ended.stderr.startswith("agency: done, but the result could not be written: No space")


def test_command_without_arguments_shows_its_help(run: Run) -> None:
    status, out, err = run()
    assert status == ExitCode.INPUT
    assert "Exchange signed and sealed information" in out
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",),
        ("show",),
        ("send", "information-request"),
        ("inbox", "--state", "bogus"),
        ("feedback", "id", "--usefulness", "4"),
        ("refuse", "id", "--ground", "bank-secrecy", "--explanation", "text"),
        ("templates", "bogus"),
        ("profile", "init", "new"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(run: Run, words: tuple[str, ...]) -> None:
    status, out, err = run(*words)
    assert (status, out) == (ExitCode.INPUT, "")
    assert err.startswith("agency: ")
    assert err.count("\n") == 1
    status, out, err = run(*words, "--json")
    assert (status, err) == (ExitCode.INPUT, "")
    assert set(json.loads(out)["error"]) == {"reason", "message", "field"}


@pytest.mark.parametrize("profile", [(), ("--profile", "kz.none"), ("--profile", "./none")])
def test_unknown_profile_is_one_line_and_code_2(run: Run, profile: tuple[str, ...]) -> None:
    for words in (("inbox",), ("whoami",), ("audit", "verify"), ("outbox", "list")):
        status, out, err = run(*profile, *words)
        assert (status, out) == (ExitCode.INPUT, "")
        assert err.startswith("agency: PROFILE_INVALID: ")
        assert err.count("\n") == 1


def test_missing_file_is_named(run: Run, tmp_path: Path) -> None:
    status, _, err = run("reply", "id", "none.yaml")
    assert status == ExitCode.INPUT
    assert "none.yaml" in err


def test_place_that_is_no_folder_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path
) -> None:
    """To open an exchange is a delivery, which stands on the log for good."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for out in ("file", "file/below", "link", "/dev/null"):
        status, _, err = run("show", "id", "--out", out)
        assert status == ExitCode.INPUT
        assert "FILE_NOT_WRITTEN: expected a folder" in err


def test_audit_of_a_copy_needs_both_pins(run: Run, tmp_path: Path) -> None:
    status, _, err = run("audit", "verify", "--database", "copy.db")
    assert status == ExitCode.INPUT
    assert "--root" in err


def test_least_size_of_a_copy_is_refused_without_a_copy_even_if_it_is_the_usual_one(
    run: Run,
) -> None:
    for least in ("0", "1"):
        status, _, err = run("audit", "verify", "--at-least", least)
        assert status == 2
        assert "--at-least" in err
        assert "--database only" in " ".join(err.split())


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("show", "id", "--for-named-reader", "Someone"), "--for-named-reader"),
        (("witness", "run", "--key", "k", "--once", "--interval-seconds", "60"), "--once"),
    ],
)
def test_option_that_would_do_nothing_is_refused(
    run: Run, words: tuple[str, ...], option: str
) -> None:
    status, _, err = run(*words)
    assert (status, option in err) == (ExitCode.INPUT, True)


SEND = ("send", "referral", "r.yaml", "--to", "kz.fma")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ((*SEND, "--tlp", "red", "--tlp", "green"), "--tlp"),
        ((*SEND, "--tlp=red", "--urgent", "--tlp", "red"), "--tlp"),
        ((*SEND, "--attach", "a=--due", "--due", "7d", "--due", "8d"), "--due"),
        (("evidence", "export", "id", "-oone.zip", "--out", "two.zip"), "--out"),
        (("--profile", "a", "whoami", "--profile=b"), "--profile"),
        (("--lang", "en", "--json", "whoami", "--lang", "ru"), "--lang"),
    ],
)
def test_option_with_two_values_is_refused(run: Run, words: tuple[str, ...], option: str) -> None:
    """The last one counted in silence: of two traffic lights the weaker, of two agencies either."""
    status, out, err = run(*words)
    assert status == ExitCode.INPUT
    assert f"expected {option} once, got it twice" in out + err


@pytest.mark.parametrize(
    "words",
    [
        (*SEND, "--to", "kg.fma", "--attach", "a=b", "--attach", "c=d"),
        ("reply", "id", "none.yaml", "--", "--tlp", "--tlp"),
        ("inbox", "--state", "held", "--state", "answered"),
        ("search", "--unopened", "--unopened"),
    ],
)
def test_option_that_may_be_repeated_is_taken(run: Run, words: tuple[str, ...]) -> None:
    _, out, err = run(*words)
    assert "got it twice" not in out + err


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.POLICY_DENIED, ExitCode.REFUSED),
        (Reason.CHECKPOINT_SPLIT_VIEW, ExitCode.REFUSED),
        (Reason.APPROVAL_MISSING, ExitCode.REFUSED),
        (Reason.INVALID_FIELD, ExitCode.REFUSED),
        (Reason.INTERNAL, ExitCode.REFUSED),
        (Reason.PROFILE_INVALID, ExitCode.INPUT),
        (Reason.DOCUMENT_INVALID, ExitCode.INPUT),
        (Reason.KEY_UNAVAILABLE, ExitCode.INPUT),
        (Reason.UNAVAILABLE, ExitCode.UNREACHABLE),
        (Reason.DEADLINE_EXCEEDED, ExitCode.UNREACHABLE),
        (Reason.POLICY_UNREADABLE, ExitCode.UNCHECKED),
    ],
)
def test_exit_code_follows_from_the_reason(reason: Reason, code: ExitCode) -> None:
    assert exit_code_of(reason.error("why")) is code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.RULE_BROKEN, ExitCode.REFUSED),
        (Reason.CHECKPOINT_SPLIT_VIEW, ExitCode.REFUSED),
        (Reason.NOT_WITNESSED, ExitCode.REFUSED),
        (Reason.ROLE_NOT_PERMITTED, ExitCode.INPUT),
        (Reason.PROFILE_INVALID, ExitCode.INPUT),
        (Reason.UNAVAILABLE, ExitCode.UNREACHABLE),
        (Reason.INTERNAL, ExitCode.UNREACHABLE),
        (Reason.RATE_LIMITED, ExitCode.UNREACHABLE),
        (Reason.POLICY_UNREADABLE, ExitCode.UNCHECKED),
    ],
)
def test_audit_ends_with_1_for_a_fault_of_the_hub_alone(reason: Reason, code: ExitCode) -> None:
    assert exit_code_of(reason.error("why"), is_audit=True) is code


def test_every_exit_code_is_in_the_help_of_the_command() -> None:
    """The list of the command's help and of the module names each code once."""
    assert agency.__doc__ is not None
    for text in (agency.__doc__, failures.__doc__ or ""):
        words = text.replace(":", " ").replace(";", " ").split()
        assert {each for each in ExitCode if str(int(each)) in words} == set(ExitCode)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("refuse", "01a2"), "contrary-to-law"),
        (("operator", "revoke", "ab"), "key-compromise"),
        (("operator", "enrol", "kz.x", "--name", "X", "--time-zone", "Asia/Almaty"), "police"),
    ],
)
def test_missing_code_is_asked_for_by_names_and_not_by_numbers(
    run: Run, words: tuple[str, ...], code: str
) -> None:
    status, _, err = run(*words)
    assert status == ExitCode.INPUT
    assert "Missing option" in err
    assert f" | {code}" in err or f" {code} | " in err
    assert ", 2" not in err


@pytest.mark.parametrize("given", ["nope", "12-34/2026", "01a", "01a2 2401"])
def test_text_that_begins_no_id_is_told_without_words_of_the_protocol(
    given: str,
) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        exchange_id(None, given, None)  # type: ignore[arg-type]  # neither is asked
    assert "UUID" not in refused.value.message
    assert "agency search" in refused.value.message


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("freeze-impose",), "When the freeze ends"),
        (("freeze-extend",), "When the freeze ends"),
        (("task",), "When the task is due"),
        (("send", "advance-notice"), "Until when others may object"),
        (("extend",), "When the answer is due"),
    ],
    ids=lambda each: each[-1] if isinstance(each, tuple) else "",
)
def test_help_says_what_the_due_time_means_for_that_command(
    run: Run, command: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = run(*command, "--help")
    assert status == 0
    assert words in " ".join(out.replace("│", " ").split())


def test_error_is_described_by_reason_message_and_field() -> None:
    error = Reason.INVALID_FIELD.error("expected H0", field="handling")
    assert describe(error) == {
        "reason": "INVALID_FIELD",
        "message": "expected H0",
        "field": "handling",
    }
    assert one_line(error) == "INVALID_FIELD [handling]: expected H0"
    inner = Reason.INVALID_FIELD.error("expected a country", field="enrol_agency.country")
    assert one_line(inner) == "INVALID_FIELD [country]: expected a country"
    listed = Reason.INVALID_FIELD.error("expected a digest", field="sources[0]")
    assert one_line(listed) == "INVALID_FIELD [sources[0]]: expected a digest"
    assert describe(typer.BadParameter("no"))["reason"] == "USAGE"
    assert describe(FileNotFoundError(2, "No such file", "x"))["message"] == "x: No such file"
    assert describe(FileNotFoundError(2, "No such file", "x"))["reason"] == "DOCUMENT_INVALID"
    assert describe(OSError(errno.ENOSPC, "No space left", "x"))["reason"] == "FILE_NOT_WRITTEN"
    assert describe(OSError(errno.EROFS, "Read-only", "x"))["reason"] == "FILE_NOT_WRITTEN"


@pytest.mark.parametrize("encoding", ["koi8-r", "cp1251", "latin-1", "ascii"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_letter_that_a_terminal_lacks_is_escaped(encoding: str, form: tuple[str, ...]) -> None:
    profile = "Қасымова-Әлия-😀"
    command = [warm_python(), "-c", "from agency_client.cli import main; main()", *form]
    ended = subprocess.run(
        [*command, "--profile", profile, "whoami"],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    if form:
        assert profile in json.loads(ended.stdout.decode(encoding))["error"]["message"]
    else:
        assert "\\u049a" in ended.stderr.decode(encoding)


def test_reference_of_the_commands_is_up_to_date() -> None:
    code = "import runpy; runpy.run_module('agency_client.cli.reference', run_name='__main__')"
    made = subprocess.run(
        [warm_python(), "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert made.stdout == page, "run python -m agency_client.cli.reference > docs/commands.md"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/p/index"), "readable by the user"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/p/index"), "move the folder away"),
    ],
)
def test_file_that_is_in_the_way_is_named_with_what_to_do(error: OSError, advice: str) -> None:
    said = one_line(error)
    assert "/p/index: " in said
    assert advice in said


def test_limit_on_open_files_is_told_with_what_to_do() -> None:
    said = one_line(OSError(errno.EMFILE, "Too many open files"))
    assert said.endswith(
        "Too many open files; raise the limit on open files, as by `ulimit -n 1024`"
    )


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("correct", "CORRECTION.yaml"),
        ("supplement", "SUPPLEMENT.yaml"),
        ("contribute", "CONTRIBUTION.yaml"),
        ("complete-task", "ANSWER.yaml"),
        ("interim", "REPLY.yaml"),
    ],
)
def test_the_help_names_the_file_after_what_is_said(run: Run, command: str, file: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert file in out
    assert ("REPLY.yaml" in out) is (file == "REPLY.yaml")
