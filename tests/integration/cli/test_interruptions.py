"""An interrupted command tells what waits, how to take it back, and what was sent before."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agency_client.state.references import Earlier, ReferenceIndex
from exchange_files import replace_file
from exchange_files.failures import not_written
from tests.integration.cli.conftest import OFFICER, Desk
from tests.integration.cli.test_exchange import Keyboard
from tests.support.warm_programs import warm_python

pytestmark = pytest.mark.long

SEND = ("send", "information-request", "request.yaml", "--to", "kz.fma")
SLOW = (
    "import sys, time; from agency_client.core.submission import Submission; "
    "from agency_client.cli import main\n"
    "def slow(self, stored):\n"
    "    print('sending', file=sys.stderr, flush=True)\n"
    "    for _ in range(600): time.sleep(0.1)\n"
    "    yield\n"
    "Submission.submit = Submission.submit_stream = slow\n"
    "main(sys.argv[1:])"
)
"""The command, whose hub takes a minute before it answers.

In short pauses: a signal just before a pause begins is seen after it.
"""
SETTLING = (
    "import sys, time; from agency_client.core.sender import Settling\n"
    "settle = Settling.settle\n"
    "def slow(self, *words):\n"
    "    sent = settle(self, *words)\n"
    "    print('sending', file=sys.stderr, flush=True)\n"
    "    for _ in range(600): time.sleep(0.1)\n"
    "    return sent\n"
    "Settling.settle = slow\n"
    "from agency_client.cli import main\n"
    "main(sys.argv[1:])"
)
"""The command, which takes a minute after its first receipt."""


def interrupted(
    desk: Desk, number: int, *words: str, member: str = OFFICER, code: str = SLOW
) -> subprocess.CompletedProcess[str]:
    """Run a command, and send it a signal while it waits for the hub."""
    line = ["--profile", str(desk.town.profile(member)), *words]
    process = subprocess.Popen(
        [warm_python(), "-c", code, *line],
        cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while process.stderr.readline() != "sending\n":
        assert process.poll() is None
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(line, process.returncode, out, err)


TELLING = (
    "import sys, time; from agency_client.cli import acts\n"
    "def telling(*words):\n"
    "    print('sending', file=sys.stderr, flush=True)\n"
    "    for _ in range(600): time.sleep(0.1)\n"
    "acts.tell = telling\n"
    "from agency_client.cli import main\n"
    "main(sys.argv[1:])"
)
"""The command, whose reader takes nothing for a minute after the statement was sent."""
TELLING_STOP = (
    "import sys, time; from agency_client.cli import sending\n"
    "keep = sending.Sending._keep\n"
    "def slow(self, *words):\n"
    "    print('keeping', file=sys.stderr, flush=True)\n"
    "    sys.stdin.readline()\n"
    "    keep(self, *words)\n"
    "sending.Sending._keep = slow\n" + SLOW
)
"""The slow hub, and a disk that is slow when the statement is kept by heart."""


def pending(desk: Desk, member: str = OFFICER) -> list[str]:
    listed = desk.run(member, "outbox", "list", "--json").ok().json["pending"]
    return [each["statement_id"] for each in listed]


def sent(desk: Desk) -> set[str]:
    listed = desk.run(OFFICER, "sent", "--json").ok().json["exchanges"]
    return {each["exchange_id"] for each in listed}


@pytest.fixture(name="desk")
def clean_desk(desk: Desk) -> Iterator[Desk]:
    """A desk whose outbox is empty again afterwards."""
    yield desk
    for each in reversed(pending(desk)):
        desk.run(OFFICER, "outbox", "withdraw", each, "--without-asking").ok()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_while_sending_says_what_waits_and_how_to_take_it_back(
    desk: Desk, number: int
) -> None:
    before = sent(desk)
    ended = interrupted(desk, number, *SEND)
    assert ended.returncode == 128 + number
    [waiting] = pending(desk)
    assert f"statement {waiting} waits in the outbox" in ended.stderr
    assert "`agency outbox flush` sends it" in ended.stderr
    assert f"`agency outbox withdraw {waiting}` takes it back" in ended.stderr
    assert "Traceback" not in ended.stderr
    told = desk.run(OFFICER, "outbox", "withdraw", waiting[:30]).ok()
    assert "will not be sent" in told.out
    assert pending(desk) == []
    assert sent(desk) == before
    assert desk.run(OFFICER, "outbox", "flush").ok().out == "The outbox is empty.\n"


def test_signal_is_told_as_one_json_document(desk: Desk) -> None:
    ended = interrupted(desk, signal.SIGTERM, *SEND, "--json")
    [waiting] = pending(desk)
    error = json.loads(ended.stdout)["error"]
    assert (error["reason"], error["waiting"], error["sent"]) == ("STOPPED", [waiting], [])
    assert ended.stderr == ""
    desk.run(OFFICER, "outbox", "withdraw", waiting).ok()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_while_the_result_is_told_says_that_it_was_sent(desk: Desk, number: int) -> None:
    ended = interrupted(desk, number, *SEND, "--json", code=TELLING)
    assert ended.returncode == 128 + number
    error = json.loads(ended.stdout)["error"]
    assert (error["waiting"], len(error["sent"])) == ([], 1)
    assert (
        error["message"]
        == f"stopped; statement {error['sent'][0]} was sent, and its receipt is kept"
    )


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_flush_that_is_stopped_tells_what_it_has_sent(
    desk: Desk, number: int, as_json: bool
) -> None:
    for _ in range(2):
        interrupted(desk, signal.SIGTERM, *SEND)
    first, second = pending(desk)
    before = sent(desk)
    words = ["--json"] if as_json else []
    ended = interrupted(desk, number, "outbox", "flush", *words, code=SETTLING)
    assert ended.returncode == 128 + number
    assert sent(desk) - before >= {first}
    assert pending(desk) == [second]
    if as_json:
        error = json.loads(ended.stdout)["error"]
        assert (error["waiting"], error["sent"]) == ([second], [first])
    else:
        assert f"statement {first}, which waited from before, was sent" in ended.stderr
        assert f"statement {second} still waits in the outbox" in ended.stderr
        assert "nothing was sent" not in ended.stderr
    desk.run(OFFICER, "outbox", "flush").ok()


def test_second_signal_while_the_first_is_heeded_changes_nothing(desk: Desk) -> None:
    line = ["--profile", str(desk.town.profile(OFFICER)), *SEND]
    with subprocess.Popen(
        [warm_python(), "-c", TELLING_STOP, *line], cwd=desk.folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        while process.stderr.readline() != "sending\n":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "keeping\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate("go on\n", timeout=60)
    [waiting] = pending(desk)
    assert process.returncode == 130
    assert f"`agency outbox withdraw {waiting}` takes it back" in err


@pytest.mark.parametrize("as_json", [False, True])
def test_disk_that_takes_no_receipt_says_what_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """A repeated command sends it twice: the hub has it, and the outbox too."""

    def full(path: Path, data: bytes, **words: bool) -> None:
        if path.parent.parent.name == "receipts":
            raise not_written(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        replace_file(path, data, **words)

    before = sent(desk)
    with monkeypatch.context() as patch:
        patch.setattr("agency_client.state.kept_receipts.replace_file", full)
        ended = desk.run(OFFICER, *SEND, *(["--json"] if as_json else []))
    [waiting] = pending(desk)
    assert ended.code == 4
    if as_json:
        error = ended.json["error"]
        assert error["reason"] == "FILE_NOT_WRITTEN"
        assert (error["waiting"], error["sent"]) == ([waiting], [])
    else:
        assert "do not repeat the command" in ended.err
        assert f"`agency outbox withdraw {waiting}` takes it back" in ended.err
    desk.run(OFFICER, "outbox", "flush").ok()
    assert len(sent(desk) - before) == 1


def test_disk_that_takes_no_note_of_what_was_sent_is_no_failure_of_the_statement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: ReferenceIndex, __: Earlier) -> None:
        raise not_written(Path("index"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    with monkeypatch.context() as patch:
        patch.setattr(ReferenceIndex, "note_sent", full)
        ended = desk.run(OFFICER, *SEND, "--json").ok()
    assert "could not be noted" in ended.err
    assert ended.json["statement_id"]
    assert pending(desk) == []


def test_what_the_hub_has_already_is_not_taken_back(desk: Desk) -> None:
    """The receipt was lost on the way: the statement still waits, and the hub has it."""
    exchange = desk.run(OFFICER, *SEND, "--json").ok().json["exchange_id"]
    waiting = interrupted(desk, signal.SIGINT, *SEND)
    assert waiting.returncode == 130
    [again] = pending(desk)
    profile = desk.town.profile(OFFICER)
    other = desk.folder / "copy"
    subprocess.run(["cp", "-a", str(profile), str(other)], check=True)  # noqa: S607
    desk.run(OFFICER, "outbox", "flush").ok()
    ended = desk.run(other, "outbox", "withdraw", again)
    assert ended.code == 1
    assert "the hub has it already, as entry" in ended.err
    assert f"agency recall {again}" in ended.err
    assert exchange != again


def test_statement_is_not_taken_back_while_the_hub_cannot_be_asked(desk: Desk) -> None:
    desk.ask("kz.fma")
    offline = desk.offline_profile(OFFICER)
    queued = desk.run(offline, *SEND, "--json")
    assert queued.code == 4
    waiting = queued.json["statement_id"]
    ended = desk.run(offline, "outbox", "withdraw", waiting)
    assert ended.code == 3
    assert "--without-asking" in ended.err
    desk.run(offline, "outbox", "withdraw", waiting, "--without-asking").ok()
    assert desk.run(offline, "outbox", "list", "--json").ok().json["pending"] == []


def test_statement_that_others_build_on_is_not_taken_back(desk: Desk) -> None:
    """Two partial replies wait: the second answers what the first left, so it goes first."""
    exchange = desk.ask("kz.fma")
    desk.run("kz.fma/system", "show", exchange).ok()
    for _ in range(2):
        interrupted(desk, signal.SIGINT, "partial", exchange, "reply.yaml", member="kz.fma/system")
    first, second = pending(desk, "kz.fma/system")
    ended = desk.run("kz.fma/system", "outbox", "withdraw", first)
    assert ended.code == 1
    assert f"withdraw {second} first" in ended.err
    for each in (second, first):
        desk.run("kz.fma/system", "outbox", "withdraw", each).ok()


def test_what_the_hub_refused_is_dismissed_once_its_reason_was_read(desk: Desk) -> None:
    """The request was recalled by another person, so a second recall is refused."""
    exchange = desk.ask("kz.fma")
    interrupted(desk, signal.SIGINT, "recall", exchange)
    [waiting] = pending(desk)
    other = desk.folder / "copy-of-recall"
    subprocess.run(["cp", "-a", str(desk.town.profile(OFFICER)), str(other)], check=True)  # noqa: S607
    for file in (other / "state" / "outbox").glob(f"*{waiting}*"):
        file.rename(other / file.name)
    desk.run(other, "recall", exchange).ok()
    assert desk.run(OFFICER, "outbox", "flush").code == 1
    [refused] = desk.run(OFFICER, "outbox", "list", "--json").ok().json["refused"]
    assert refused["statement_id"] == waiting
    wrong = desk.run(OFFICER, "outbox", "dismiss", exchange)
    assert wrong.code == 1
    assert "no statement that the hub refused begins with" in wrong.err
    told = desk.run(OFFICER, "outbox", "dismiss", waiting[:30]).ok()
    assert "stands in the outbox no more" in told.out
    assert desk.run(OFFICER, "outbox", "list", "--json").ok().json["refused"] == []
    assert desk.run(OFFICER, "outbox", "dismiss", waiting, "--json").code == 1


def test_what_waits_is_not_dismissed(desk: Desk) -> None:
    interrupted(desk, signal.SIGINT, *SEND)
    [waiting] = pending(desk)
    assert desk.run(OFFICER, "outbox", "dismiss", waiting).code == 1
    assert pending(desk) == [waiting]


def test_same_content_sent_again_is_told_of(desk: Desk) -> None:
    first = desk.run(OFFICER, *SEND, "--json").ok().json
    assert "repeats" not in first
    again = desk.run(OFFICER, *SEND, "--json").ok().json
    assert again["repeats"]["exchange_id"] == first["exchange_id"]
    assert again["repeats"]["statement_id"] == first["statement_id"]
    told = desk.run(OFFICER, *SEND).ok().err
    assert f"warning: the same was sent 1 min ago (exchange {again['exchange_id']})" in told
    other = desk.run(OFFICER, *SEND[:-1], "caricc", "--json").ok().json
    assert "repeats" not in other, "another agency may be asked the same"


def test_person_is_asked_before_the_same_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run(OFFICER, *SEND, "--json").ok()
    before = sent(desk)
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    declined = desk.run(OFFICER, *SEND)
    assert declined.code == 1
    assert "Send it again?" in declined.err
    assert "nothing was done, as you answered" in declined.err
    assert sent(desk) == before
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    desk.run(OFFICER, *SEND).ok()
    assert len(sent(desk)) == len(before) + 1


def test_what_was_cut_off_is_asked_about_when_it_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(desk, signal.SIGINT, *SEND)
    [waiting] = pending(desk)
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    assert waiting in desk.run(OFFICER, *SEND).err
    desk.run(OFFICER, "outbox", "withdraw", waiting).ok()
    desk.run(OFFICER, *SEND).ok()


def test_file_that_can_be_read_only_once_is_sent(desk: Desk) -> None:
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    text = (desk.folder / "request.yaml").read_bytes()
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(pipe)!r}, 'wb').write({text!r})"])
    desk.run(OFFICER, "send", "information-request", "pipe", "--to", "kz.fma").ok()
    assert writer.wait(timeout=30) == 0
