"""Wrong inputs, refusals and a hub that is away: one clear line, the right code, no content."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.warm_programs import warm_python

SEND = ("send", "information-request", "request.yaml")
UNKNOWN = "01a20550-6358-7732-81dc-576beeed69bd"


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("subjects", "says"),
    [
        ("\n", "at least one entity"),
        ('{"id":"p1","schema":"Persona","properties":{}}\n', "line 1"),
        ('{"id":"p1","schema":"Person","properties":{"nom":["Вымышленный"]}}\n', "'nom'"),
        (
            '{"id":"p1","schema":"Person","properties":{"birthDate":["Вымышленный"]}}\n',
            "birthDate",
        ),
        ('{"id":"p1"\n', "line 1"),
        ("[]\n", "line 1"),
    ],
)
def test_bad_entities_are_refused_by_their_line(desk: Desk, subjects: str, says: str) -> None:
    (desk.folder / "bad.ftm.json").write_text(subjects, encoding="utf-8")
    ended = desk.run(OFFICER, *SEND, "--to", "kz.fma", "--subjects", "bad.ftm.json")
    assert (ended.code, ended.out) == (2, "")
    line = one_line(ended.err)
    assert "DOCUMENT_INVALID" in line
    assert says in line
    assert "Вымышленный" not in line


@pytest.mark.parametrize(
    ("table", "mapping"),
    [
        ("a,b\n1\n", "entities: {p: {schema: Person, keys: [a], properties: {name: {column: b}}}}"),
        ("a\n1\n", "entities: {p: {schema: Person, keys: [a], properties: {name: {column: b}}}}"),
        ("a,b\n1,2\n", "entities: {p: {schema: Nothing, keys: [a]}}"),
        ("a,b\n1,2\n", "bogus: true"),
    ],
)
def test_bad_table_or_mapping_is_refused(desk: Desk, table: str, mapping: str) -> None:
    (desk.folder / "t.csv").write_text(table, encoding="utf-8")
    (desk.folder / "m.yaml").write_text(mapping, encoding="utf-8")
    words = ("--to", "kz.fma", "--csv", "t.csv", "--mapping", "m.yaml")
    ended = desk.run(OFFICER, *SEND, *words)
    assert ended.code == 2
    assert "DOCUMENT_INVALID" in one_line(ended.err)


def test_table_without_its_mapping_is_refused(desk: Desk) -> None:
    ended = desk.run(OFFICER, *SEND, "--to", "kz.fma", "--csv", "t.csv")
    assert ended.code == 2
    assert "--mapping" in one_line(ended.err)


def test_refused_input_leaves_nothing_in_the_outbox(desk: Desk) -> None:
    (desk.folder / "bad.ftm.json").write_text("[]", encoding="utf-8")
    desk.run(OFFICER, *SEND, "--to", "kz.fma", "--subjects", "bad.ftm.json")
    assert desk.run(OFFICER, "outbox", "list", "--json").ok().json["pending"] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((*SEND, "--to", "kz.none"), "AGENCY_UNKNOWN"),
        ((*SEND, "--to", "kz.mia"), "OWN_AGENCY_ADDRESSED"),
        (("show", UNKNOWN), "EXCHANGE_UNKNOWN"),
        (("ack", UNKNOWN), "EXCHANGE_UNKNOWN"),
    ],
)
def test_refusal_is_told_by_reason(desk: Desk, words: tuple[str, ...], reason: str) -> None:
    ended = desk.run(OFFICER, *words)
    assert (ended.code, ended.out) == (1, "")
    assert reason in one_line(ended.err)
    ended = desk.run(OFFICER, *words, "--json")
    assert (ended.code, ended.err) == (1, "")
    assert ended.json["error"]["reason"] == reason


@pytest.mark.parametrize("command", ["show", "ack", "recall"])
def test_what_is_no_id_is_a_fault_of_the_command_line(desk: Desk, command: str) -> None:
    ended = desk.run(OFFICER, command, "no-id")
    assert (ended.code, ended.out) == (2, "")
    assert "expected the id of an exchange" in one_line(ended.err)
    ended = desk.run(OFFICER, command, "no-id", "--json")
    assert (ended.code, ended.err) == (2, "")
    assert ended.json["error"]["reason"] == "USAGE"


def test_step_out_of_order_is_refused_with_what_is_allowed(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    ended = desk.run(OFFICER, "close", exchange)
    assert ended.code == 1
    assert "OUT_OF_ORDER" in one_line(ended.err)


def test_outsider_is_told_no_more_than_that_it_may_not_know(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    ended = desk.run("kg.mia/system", "show", exchange)
    assert ended.code == 1
    assert "EXCHANGE_UNKNOWN" in one_line(ended.err)


def test_hub_that_is_away_is_code_3_for_reading(desk: Desk) -> None:
    profile = desk.offline_profile(OFFICER)
    ended = desk.run(profile, "inbox")
    assert ended.code == 3
    assert "UNAVAILABLE" in one_line(ended.err)
    assert desk.run(profile, "audit", "verify").code == 3


def test_hub_that_is_away_queues_what_is_sent(desk: Desk) -> None:
    # Whom to seal to it must have learned before the hub went away.
    desk.ask("kz.fma")
    profile = desk.offline_profile(OFFICER)
    ended = desk.run(profile, *SEND, "--to", "kz.fma")
    assert ended.code == 4
    assert "cannot reach the hub" in ended.err
    assert "kept in the outbox" in ended.err
    ended = desk.run(profile, *SEND, "--to", "kz.fma", "--json")
    assert (ended.code, ended.json["status"]) == (4, "queued")
    assert len(desk.run(profile, "outbox", "list", "--json").ok().json["pending"]) == 2
    assert "waits" in desk.run(profile, "outbox", "list").ok().out
    assert desk.run(profile, "outbox", "flush").code == 4
    target = desk.town.profile(OFFICER) / "profile.toml"
    (profile / "profile.toml").write_bytes(target.read_bytes())
    flushed = desk.run(profile, "outbox", "flush", "--json").ok().json["results"]
    assert [each["status"] for each in flushed] == ["sent", "sent"]
    assert "empty" in desk.run(profile, "outbox", "flush").ok().out


def test_reason_without_a_text_is_refused(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    ended = desk.run(OFFICER, "recall", exchange, "--reason", "")
    assert (ended.code, ended.out) == (1, "")
    assert "EXPLANATION_MISSING" in one_line(ended.err)


def test_text_that_no_brief_can_hold_is_refused_without_repeating_it(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    ended = desk.run(OFFICER, "recall", exchange, "--reason", "Вымышленный " * 1000)
    assert (ended.code, ended.out) == (2, "")
    line = one_line(ended.err)
    assert "DOCUMENT_INVALID" in line
    assert "reasons" in line
    assert "Вымышленный" not in line


def test_argument_that_is_not_utf_8_is_named(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    for words in (("recall", exchange, "--reason", "Причина\udcff"), ("find", "\udcff")):
        ended = desk.run(OFFICER, *words)
        assert (ended.code, ended.out) == (2, "")
        assert f"argument {len(words) + 2} is not UTF-8" in one_line(ended.err)
        assert "Причина" not in ended.err


def test_file_may_be_called_what_is_not_utf_8(desk: Desk) -> None:
    name = "запрос.yaml".encode("cp1251").decode("utf-8", "surrogateescape")
    (desk.folder / name).write_bytes((desk.folder / "request.yaml").read_bytes())
    desk.run(OFFICER, "send", "information-request", name, "--to", "kz.fma").ok()


def test_group_without_its_command_is_one_json_error(desk: Desk) -> None:
    for words in (("keys",), ("evidence", "timestamp"), ()):
        ended = desk.command("--json", *words)
        assert (ended.code, ended.err) == (2, "")
        assert "expected a command after" in ended.json["error"]["message"]


def test_files_are_never_written_over(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    desk.run(OFFICER, "show", exchange, "--out", "parts").ok()
    # What is there with the same bytes stays: a command that was cut off may be repeated.
    [brief] = Path("parts").glob("*/brief.json")
    brief.unlink()
    desk.run(OFFICER, "show", exchange, "--out", "parts").ok()
    brief.write_text("changed since", encoding="utf-8")
    ended = desk.run(OFFICER, "show", exchange, "--out", "parts")
    assert ended.code == 2
    assert f"FILE_NOT_WRITTEN: {brief} exists" in one_line(ended.err)
    assert brief.read_text(encoding="utf-8") == "changed since"


def test_link_in_the_place_of_a_folder_is_not_followed(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    desk.run(OFFICER, "show", exchange, "--out", "first").ok()
    [own] = Path("first").iterdir()
    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    Path("second").mkdir()
    Path("second", own.name).symlink_to(elsewhere.absolute())
    ended = desk.run(OFFICER, "show", exchange, "--out", "second")
    assert ended.code == 2
    assert "a link stands where the folder" in one_line(ended.err)
    assert list(elsewhere.iterdir()) == []


def test_installed_command_ends_by_its_exit_code(desk: Desk) -> None:
    """As a process of its own, with the profile named in the environment."""
    environment = {**os.environ, "EXCHANGE_PROFILE": str(desk.town.profile(OFFICER))}
    command = [sys.executable, "-c", "from agency_client.cli import main; main()"]
    done = subprocess.run(
        [*command, "inbox", "--json"], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "exchanges" in json.loads(done.stdout)
    refused = subprocess.run(
        [*command, "show", str(uuid.uuid4())], env=environment, capture_output=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.count(b"\n") == 1


def without_reader(desk: Desk, member: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose reader went away before it wrote anything."""
    line = ["--profile", str(desk.town.profile(member)), *words]
    code = (
        "import os, sys; from agency_client.cli import main; os.close(1); r, w = os.pipe(); "
        f"os.close(r); os.dup2(w, 1); main({line!r})"
    )
    command = [warm_python(), "-c", code]
    return subprocess.run(command, cwd=desk.folder, capture_output=True, check=False)


def test_reader_that_goes_away_ends_a_list_quietly(desk: Desk) -> None:
    for _ in range(3):
        desk.ask("kz.fma")
    for form in ((), ("--json",)):
        done = without_reader(desk, OFFICER, "sent", *form)
        assert (done.returncode, done.stderr) == (0, b"")


def test_reader_that_goes_away_while_sending_is_told_that_it_was_sent(desk: Desk) -> None:
    before = len(desk.run(OFFICER, "sent", "--json").ok().json["exchanges"])
    for number, form in enumerate(((), ("--json",)), start=1):
        done = without_reader(desk, OFFICER, *SEND, "--to", "kz.fma", *form)
        assert done.returncode == 5
        assert b"Do not send it again" in done.stderr
        assert len(desk.run(OFFICER, "sent", "--json").ok().json["exchanges"]) == before + number


def test_nothing_is_approved_that_could_not_be_shown(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    coordinator = "caricc/coordinator/coordinator1"
    done = without_reader(desk, coordinator, "approve", exchange)
    assert done.returncode == 1
    assert b"nothing was sent" in done.stderr
    listed = desk.run(coordinator, "pending", "--json").ok().json["exchanges"]
    assert exchange in {each["exchange_id"] for each in listed}


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_result_that_cannot_be_written_is_not_taken_for_a_failure_to_send(
    desk: Desk, form: tuple[str, ...]
) -> None:
    before = len(desk.run(OFFICER, "sent", "--json").ok().json["exchanges"])
    words = [*form, "--profile", str(desk.town.profile(OFFICER)), *SEND, "--to", "kz.fma"]
    command = [warm_python(), "-c", "from agency_client.cli import main; main()", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=desk.folder, check=False
        )
    assert done.returncode == 5
    assert "done, but the result could not be written" in one_line(done.stderr)
    assert "Do not send it again" in done.stderr
    assert len(desk.run(OFFICER, "sent", "--json").ok().json["exchanges"]) == before + 1


def test_list_that_cannot_be_written_says_nothing_of_sending(desk: Desk) -> None:
    words = ["--profile", str(desk.town.profile(OFFICER)), "inbox"]
    command = [warm_python(), "-c", "from agency_client.cli import main; main()", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 5
    line = one_line(done.stderr)
    assert "done, but the result could not be written" in line
    assert "send" not in line


def test_profile_that_is_broken_is_named_by_its_key(desk: Desk) -> None:
    profile = desk.offline_profile(OFFICER)
    file: Path = profile / "profile.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\n[bogus]\nx = 'y'\n", encoding="utf-8")
    ended = desk.run(profile, "inbox")
    assert ended.code == 2
    assert "PROFILE_INVALID [bogus]" in one_line(ended.err)
