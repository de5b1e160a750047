"""Reports by users of other systems of this kind, tried with the commands as processes.

The situations with their outcomes are listed in docs/edges.md.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from tests.e2e.test_field_cases import (
    AGENCY,
    CERTS,
    PATHS,
    POLICE,
    REQUEST,
    SERVER,
    command,
    start,
)
from tests.faults.load import FULL
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.warm_programs import warm_python

ZONELESS = (
    "import sys; sys.modules['tzdata'] = None\n"
    "from agency_client.cli import main; main(sys.argv[1:])"
)
BOUNDED = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
"""Ends a program that takes too much memory, and not the machine."""
MAPPING = "entities: {p: {schema: Person, keys: [id], properties: {idNumber: {column: id}}}}"


@pytest.fixture(scope="module")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with foundation.serving(tmp_path_factory.mktemp("region") / "hub") as (town, _):
        yield town


@pytest.fixture
def profile(town: Deployment, tmp_path: Path) -> Path:
    """A profile of the police as it was at the start, and a request beside it."""
    (tmp_path / "request.yaml").write_text(REQUEST, encoding="utf-8")
    return Path(shutil.copytree(town.profile(POLICE), tmp_path / "profile"))


def sending(profile: Path, *more: str) -> tuple[str, ...]:
    request = str(profile.parent / "request.yaml")
    send = ("send", "information-request", request, "--to", "kz.fma", "--json")
    return ("--profile", str(profile), *send, *more)


def sent(profile: Path, *more: str) -> str:
    code, out, err = command(AGENCY, *sending(profile, *more))
    assert code == 0, err
    return str(json.loads(out)["exchange_id"])


def test_client_of_a_restored_snapshot_goes_on_and_accuses_nobody(profile: Path) -> None:
    snapshot = Path(shutil.copytree(profile, profile.with_name("snapshot")))
    later = sent(profile)
    again = sent(snapshot)
    code, out, err = command(AGENCY, "--profile", snapshot, "sent", "--json")
    assert code == 0, err
    assert {later, again} <= {each["exchange_id"] for each in json.loads(out)["exchanges"]}


def test_profile_behind_a_symbolic_link_and_a_long_path_works(profile: Path) -> None:
    deep = profile.parent.joinpath(*["папка" * 10] * 3)
    deep.mkdir(parents=True)
    shutil.move(profile, deep / "profile")
    profile.symlink_to(deep / "profile")
    assert sent(profile)
    assert profile.is_symlink()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n"])
def test_passphrase_file_may_end_its_line(profile: Path, end: bytes) -> None:
    file = profile / "passphrase"
    file.write_bytes(file.read_bytes().rstrip() + end)
    code, _, err = command(AGENCY, "--profile", profile, "sync")
    assert code == 0, err


def test_blank_after_the_passphrase_is_part_of_it_and_is_said(profile: Path) -> None:
    file = profile / "passphrase"
    file.write_bytes(file.read_bytes().rstrip() + b" ")
    code, _, err = command(AGENCY, "--profile", profile, "sync")
    assert code == 2
    assert "the passphrase is another" in err


def test_command_under_a_strict_umask_leaves_a_profile_that_works(profile: Path) -> None:
    masked = f"import os; os.umask(0o177)\n{AGENCY}"
    code, _, err = command(masked, *sending(profile))
    assert code == 0, err
    for each in profile.rglob("*"):
        mode = stat.S_IMODE(each.stat().st_mode)
        assert mode == (0o700 if each.is_dir() else 0o600) or each.suffix in {".pem", ".toml"}, each
    assert sent(profile)


def test_two_operators_at_once_both_send(profile: Path) -> None:
    # Each says something of its own: the same thing said again is asked about.
    file = profile.parent / "request.yaml"
    started = [
        start(AGENCY, *sending(profile, "--attach", f"{number}.txt={file}")) for number in range(3)
    ]
    # Whatever each takes: all other processes of a run share these cores.
    ended = [(each.communicate(), each.returncode) for each in started]
    assert [code for _, code in ended] == [0, 0, 0], ended
    ids = {json.loads(out)["exchange_id"] for (out, _), _ in ended}
    assert len(ids) == 3


def test_machine_without_time_zones_says_so_and_reads_on(profile: Path) -> None:
    code, out, _ = command(ZONELESS, *sending(profile, "--due", "2027-05-05"), PYTHONTZPATH="")
    assert code == 1
    assert "no time-zone data" in out
    assert "tzdata" in out
    code, _, err = command(ZONELESS, "--profile", profile, "sent", PYTHONTZPATH="")
    assert code == 0, err


@pytest.mark.parametrize(
    "due", ["2028-02-29", "2036-02-29", "2027-03-28T02:30+06:00", "2026-12-31 24:00 +06:00"]
)
def test_leap_days_and_times_of_summer_are_taken_as_they_are(profile: Path, due: str) -> None:
    exchange = sent(profile, "--due", due)
    code, out, err = command(AGENCY, "--profile", profile, "show", exchange, "--json")
    assert code == 0, err
    moments = {
        "2027-03-28T02:30+06:00": "2027-03-27T20:30:00",
        "2026-12-31 24:00 +06:00": "2026-12-31T18:00:00",
    }
    assert moments.get(due, due) in out


@pytest.mark.parametrize("due", ["2027-02-29", "2026-12-31T24:01", "2038-01-20"])
def test_days_that_do_not_exist_or_lie_too_far_are_refused(profile: Path, due: str) -> None:
    code, out, err = command(AGENCY, *sending(profile, "--due", due))
    assert code in {1, 2}
    assert "expected" in out + err


@pytest.mark.parametrize("out", ["/", ".", ""])
def test_output_without_a_name_is_refused_in_one_line(
    profile: Path, town: Deployment, out: str
) -> None:
    exchange = sent(profile)
    words = ("--profile", profile, "evidence", "export", exchange, "--out", out)
    backup = ("backup", "--config", town.files.config_file, out)
    for code, words_ in ((AGENCY, words), (SERVER, backup)):
        ended, _, err = command(code, *words_)
        assert ended == 2, err
        assert "Traceback" not in err
        assert "expected" in err


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_argument_of_a_variable_that_is_not_set_is_refused_by_every_command(
    profile: Path, town: Deployment, tmp_path: Path, blank: str
) -> None:
    exchange = sent(profile)
    folder = tmp_path / "empty"
    folder.mkdir()
    commands = (
        (AGENCY, ("--profile", profile, "show", exchange, "--out", blank), "--out"),
        (AGENCY, ("--profile", profile, "show", exchange, f"--out={blank}"), "--out"),
        (AGENCY, ("inbox", f"--profile={blank}"), "--profile"),
        (AGENCY, ("profile", "init", blank), "init"),
        (SERVER, ("check-config", "--config", blank), "--config"),
        (CERTS, ("init", blank, "--trust-domain", "example.org"), "init"),
    )
    for code, words, after in commands:
        ended = subprocess.run(
            [warm_python(), "-c", code, *map(str, words)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": PATHS, "EXCHANGE_PROFILE": str(profile)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        assert f"expected a value after {after!r}, got an empty one" in ended.stderr
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("dns:///localhost:8443", "without a scheme"),
        ("localhost.:8443", "without a dot at the end"),
        ("хаб.example:8443", "xn--80ac2d.example"),
        ("localhost:8443/", "with a port"),
    ],
)
def test_address_in_a_profile_that_cannot_work_is_refused_with_the_way_out(
    profile: Path, target: str, said: str
) -> None:
    file = profile / "profile.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    changed = [f'target = "{target}"' if line.startswith("target") else line for line in lines]
    assert changed != lines
    file.write_text("\n".join(changed), encoding="utf-8")
    # Whatever the locale says, the way out is told in the letters of the address.
    letters = {} if target.isascii() else {"PYTHONUTF8": "1"}
    code, _, err = command(AGENCY, "--profile", profile, "sync", **letters)
    assert code == 2
    assert said in err


def test_configuration_that_is_a_folder_is_refused_in_one_line(town: Deployment) -> None:
    code, _, err = command(SERVER, "check-config", "--config", town.files.folder)
    assert code == 2
    assert "Is a directory" in err
    assert len(err.splitlines()) == 1


def test_device_without_an_end_is_refused_wherever_a_file_is_named(
    town: Deployment, profile: Path, tmp_path: Path
) -> None:
    (tmp_path / "request.yaml").write_text(REQUEST, encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    ask = ("send", "information-request", tmp_path / "request.yaml", "--to", "kz.fma")
    endless = "/dev/zero"
    for words in (
        (*ask, "--attach", f"scan.pdf={endless}"),
        (*ask, "--subjects", endless),
        (*ask, "--csv", endless, "--mapping", tmp_path / "mapping.yaml"),
        ("send", "information-request", endless, "--to", "kz.fma"),
        ("operator", "policy", endless),
        ("audit", "verify-split-view", endless),
        ("evidence", "verify", endless),
    ):
        code, _, err = command(BOUNDED + AGENCY, "--profile", profile, *words)
        assert (code, endless in err or "zip archive" in err) == (2, True), (words, err)
        assert len(err.splitlines()) == 1
    config = town.files.config_file
    code, _, err = command(BOUNDED + SERVER, "revocations", "--config", config, endless)
    assert (code, endless in err) == (2, True)


def in_shell(line: str, **environment: str) -> tuple[int, str]:
    """Run a line of a shell, in which `agency`, `server` and `certs` are the commands.

    Where it closes a stream they begin anew: what is open then is settled before their first line.
    """
    program = sys.executable if "&-" in line else warm_python()
    installed = "from agency_client.command import main; main()"
    programs = {"agency": installed, "server": SERVER, "certs": CERTS}
    functions = "".join(
        f'{name}() {{ {shlex.join([program, "-c", code])} "$@"; }}\n'
        for name, code in programs.items()
    )
    done = subprocess.run(
        ["/bin/sh", "-c", functions + line],
        env={**os.environ, "PYTHONPATH": PATHS, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stderr


CLOSED = {
    ">&-": "agency",
    ">&- 2>&-": "server",
    "<&- >&- 2>&-": "certs",
    ">/dev/full": "agency server certs",
}
"""What a command's streams are, with the programs that the short form tries so."""


@pytest.mark.parametrize("streams", CLOSED)
def test_exit_code_tells_of_the_work_whatever_the_terminal_takes(
    town: Deployment, profile: Path, tmp_path: Path, streams: str
) -> None:
    """A program that begins with a closed stream begins cold, so the short form tries one so.

    `EXCHANGE_FAULTS=full` (`make faults`) tries each program with all of these streams.
    """
    copy, authority = tmp_path / "hub.copy", town.files.authority.directory
    backup = ("server", "backup", "--config", str(town.files.config_file), str(copy))
    commands = {
        # A refused call stays refused.
        "agency": (shlex.join(["agency", *sending(profile)]), "agency show x"),
        "server": (shlex.join(backup), f"server fsck --config {tmp_path}/none"),
        "certs": (shlex.join(["certs", "list", str(authority)]), "certs list none"),
    }
    tried = commands if FULL else CLOSED[streams].split()
    for program in tried:
        done, refused = commands[program]
        code, err = in_shell(f"cd {tmp_path} && {done} {streams}")
        assert (code, "Traceback" in err) == (5, False), (done, err)
        code, err = in_shell(f"cd {tmp_path} && {refused} {streams}", EXCHANGE_PROFILE="none")
        assert (code, "Traceback" in err) == (2, False), (refused, err)
    assert (copy.exists() and copy.stat().st_size > 0) is ("server" in tried)


def test_reader_that_leaves_is_no_failure_of_any_command(town: Deployment) -> None:
    config, authority = town.files.config_file, town.files.authority.directory
    for line in (f"server fsck --config {config}", f"certs list {authority}"):
        code, err = in_shell(f"({line}; echo $? >&2) | true")
        assert (code, err) == (0, "0\n"), line


def test_what_a_library_says_on_a_closed_stderr_goes_into_no_file(tmp_path: Path) -> None:
    """The number of a closed stream is the next file's; grpc and OpenSSL write to number 2."""
    code = (
        "import os, sys\n"
        "from exchange_files import hold_streams, write_new_file\n"
        "from pathlib import Path\n"
        "hold_streams()\n"
        "file = open(sys.argv[1], 'wb')\n"
        "os.write(2, b'said by a library')\n"
    )
    words = shlex.join([sys.executable, "-c", code, str(tmp_path / "file")])
    assert in_shell(f"{words} <&- >&- 2>&-")[0] == 0
    assert (tmp_path / "file").read_bytes() == b""


def checks_of(profile: Path) -> dict[str, dict[str, str]]:
    """The checks of `agency doctor`, by what each looks at."""
    code, out, err = command(AGENCY, "--profile", profile, "doctor", "--json")
    assert code == 0, out + err
    return {each["what"]: each for each in json.loads(out)["checks"]}


def test_older_copy_of_a_profile_is_told_what_it_does_not_know(
    foundation: Foundation, tmp_path: Path
) -> None:
    """Put back from a backup it would send what was withdrawn since, and open nothing new."""
    (tmp_path / "request.yaml").write_text(REQUEST, encoding="utf-8")
    with foundation.serving(tmp_path / "hub") as (town, hub):
        newer = Path(shutil.copytree(town.profile("kz.mia/system"), tmp_path / "profile"))
        assert not {"copies", "outbox", "sealing key"} & checks_of(newer).keys()
        older = Path(shutil.copytree(newer, tmp_path / "older"))
        sent(newer)
        code, _, err = command(AGENCY, "--profile", newer, "keys", "publish")
        assert code == 0, err
        assert not {"copies", "outbox", "sealing key"} & checks_of(newer).keys()
        assert checks_of(older)["copies"]["grade"] == "WARN"
        assert "1 statements were signed" in checks_of(older)["copies"]["found"]
        assert "cannot be opened" in checks_of(older)["sealing key"]["found"]
        hub.stop()
        code, _, err = command(AGENCY, *sending(older))
        assert code == 4, err
        code, out, _ = command(AGENCY, "--profile", older, "doctor", "--json")
        assert code == 1
        told = {each["what"]: each for each in json.loads(out)["checks"]}
        assert "1 statements wait" in told["outbox"]["found"]


@pytest.mark.parametrize("way", ["loop", "folder", "long", "bytes", "signs"])
def test_file_that_cannot_be_attached_is_told_in_one_line(profile: Path, way: str) -> None:
    folder = profile.parent
    (folder / "loop").symlink_to("loop")
    path = {
        "loop": str(folder / "loop"),
        "folder": str(folder),
        "long": str(folder / ("y" * 300)),
        "bytes": f"{folder}/\udccf\udcf0.pdf",
        "signs": f"{folder}/\x1b[2J\x1b]0;x\x07.pdf",
    }[way]
    code, out, err = command(AGENCY, *sending(profile, "--attach", f"scan.pdf={path}"))
    assert code == 2, out + err
    assert "Traceback" not in err
    assert len((out + err).strip().splitlines()) == 1 or json.loads(out)
    assert not {*map(chr, range(32))} - {"\n"} & {*(out + err)}


@pytest.mark.parametrize("is_sent", [True, False])
def test_copy_that_comes_after_its_statement_went_is_told_and_never_sent(
    foundation: Foundation, tmp_path: Path, is_sent: bool
) -> None:
    """A program that keeps folders in step may bring it back when it was withdrawn."""
    (tmp_path / "request.yaml").write_text(REQUEST, encoding="utf-8")
    with foundation.serving(tmp_path / "hub") as (town, _):
        profile = Path(shutil.copytree(town.profile("kz.mia/system"), tmp_path / "profile"))
        sent(profile)
        with ExchangeClient.from_profile(profile, queue_only=True) as hub:
            waits = hub.refer("kz.fma", brief="-", referral={"facts": "-"}).statement_id
        box = profile / "state" / "outbox"
        shutil.copytree(box / waits, tmp_path / "kept")
        done = ("flush",) if is_sent else ("withdraw", waits)
        code, _, err = command(AGENCY, "--profile", profile, "outbox", *done)
        assert code == 0, err
        shutil.copytree(tmp_path / "kept", box / f"{waits} (conflicted copy)")
        code, out, err = command(AGENCY, "--profile", profile, "outbox", "flush", "--json")
        assert (code, json.loads(out)["results"]) == (0, []), err
        code, out, err = command(AGENCY, "--profile", profile, "outbox", "list", "--json")
        assert (code, json.loads(out)["pending"]) == (0, [])
        assert f"holds statement {waits} under another name, and is not sent" in " ".join(
            err.split()
        )
        expected = "the hub has that statement" if is_sent else "remove it if the statement was"
        code, out, _ = command(AGENCY, "--profile", profile, "doctor", "--json")
        [check] = [each for each in json.loads(out)["checks"] if each["what"] == "outbox"]
        assert (check["grade"], code) == ("WARN", 0)
        assert expected in str(check)


@pytest.mark.parametrize("way", ["flush", "withdraw"])
def test_statement_that_a_sync_program_doubled_is_sent_or_withdrawn_once(
    foundation: Foundation, tmp_path: Path, way: str
) -> None:
    """Such programs keep both of two folders that differ, the second as `NAME 2`."""
    (tmp_path / "request.yaml").write_text(REQUEST, encoding="utf-8")
    with foundation.serving(tmp_path / "hub") as (town, _):
        profile = Path(shutil.copytree(town.profile("kz.mia/system"), tmp_path / "profile"))
        sent(profile)
        file = profile / "profile.toml"
        there = file.read_text(encoding="utf-8")
        away = re.sub(r"(?m)^target = .*$", 'target = "localhost:1"', there)
        file.write_text(away, encoding="utf-8")
        code, out, err = command(AGENCY, *sending(profile, "--attach", f"a.txt={file}"))
        assert code == 4, err
        statement = json.loads(out)["statement_id"]
        box = profile / "state" / "outbox"
        for name in (f"{statement} 2", f"{statement}.bak", f"Copy of {statement}"):
            shutil.copytree(box / statement, box / name)
        other = Path(shutil.copytree(box / statement, box / f"{statement} of Dana"))
        (other / "statement").unlink()
        (other / "notes.txt").write_text("a person's own", encoding="utf-8")
        (box / ".DS_Store").write_bytes(b"x")
        (box / f"._{statement}").write_bytes(b"x")
        file.write_text(there, encoding="utf-8")
        waiting = command(AGENCY, "--profile", profile, "outbox", "list", "--json")[1]
        assert [each["statement_id"] for each in json.loads(waiting)["pending"]] == [statement]
        done = ("outbox", "flush") if way == "flush" else ("outbox", "withdraw", statement)
        code, out, err = command(AGENCY, "--profile", profile, *done)
        assert code == 0, out + err
        left = [each for each in box.iterdir() if each.is_dir() and statement in each.name]
        assert left == [other], "what is no copy is nobody's to remove"
        assert (other / "notes.txt").exists()
        code, out, err = command(AGENCY, "--profile", profile, "sent", "--json")
        assert code == 0, err
        assert len(json.loads(out)["exchanges"]) == (2 if way == "flush" else 1)
