"""A word that is no command is answered with the command that was meant."""

from __future__ import annotations

import json

import pytest

from agency_client.cli.app import command_line, main
from agency_client.cli.meant import USUAL, MeaningGroup, commands_of_kinds
from exchange_protocol.kinds.catalogue import Kind


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("acknowledge", "`agency ack`"),
        ("information_request", "`agency send information-request`"),
        ("decision", "`agency approve` or `agency return` or `agency reject`"),
        ("open", "`agency show`"),
        ("publish_policy", "`agency operator policy`"),
        ("inbx", "`agency inbox`"),
        ("urgent-freze-request", "`agency send freeze-request`"),
        ("send reply", "`agency reply`"),
        ("send referal", "`agency send referral`"),
        ("operator publish-policy", "`agency operator policy`"),
        ("operator enrol-agency", "`agency operator enrol`"),
        ("operator retir", "`agency operator retire`"),
        ("keys publsh", "`agency keys publish`"),
        ("audit chekpoint", "`agency audit checkpoint`"),
        ("evidence exprt", "`agency evidence export`"),
        ("evidence timestamp fech", "`agency evidence timestamp fetch`"),
        ("outbox withdrw", "`agency outbox withdraw`"),
        ("operator inbox", "`agency inbox`"),
    ],
)
def test_another_name_is_answered_with_the_command(
    line: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(line.split())
    word = line.rsplit(maxsplit=1)[-1]
    assert capsys.readouterr().err == f"agency: No such command '{word}'; did you mean {meant}?\n"


def test_a_word_like_none_is_sent_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--json", "xyzzy"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"] == "No such command 'xyzzy'; see --help"


def test_every_group_answers_so() -> None:
    groups = [command_line()]
    for group in groups:
        assert isinstance(group, MeaningGroup), group.name
        groups += [each for each in group.commands.values() if hasattr(each, "commands")]
    assert len(groups) > 10


def test_every_suggested_command_exists() -> None:
    lines = {
        each for of_word in (*USUAL.values(), *commands_of_kinds().values()) for each in of_word
    }
    for line in sorted(lines):
        command = command_line()
        for word in line.split():
            assert word in command.commands, line
            command = command.commands[word]


def test_the_name_of_every_kind_leads_to_a_command() -> None:
    named = commands_of_kinds()
    for kind in Kind:
        name = kind.value.replace("_", "-")
        commands = named.get(name) or USUAL.get(name)
        is_command = name in command_line().commands["operator"].commands
        is_of_keys = name in command_line().commands["keys"].commands
        assert commands or is_command or is_of_keys, name
