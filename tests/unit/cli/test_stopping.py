"""A signal ends the command once, and what was sent before it is told."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from agency_client.cli.begun import (
    Begun,
    begun,
    note_outbox,
    noting_outboxes,
)
from agency_client.cli.failures import ExitCode, exit_code_of
from agency_client.state.outbox import Outbox
from exchange_files import Stopped, heeding_signals
from exchange_protocol.errors import Reason

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Dropping:
    """Something that a signal befalls while Python takes it away."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        signal.raise_signal(self._number)


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_during_a_destructor_is_not_lost(number: int) -> None:
    def run() -> None:
        with heeding_signals():
            Dropping(number)
            for _ in range(600):
                time.sleep(0.05)

    with pytest.raises(Stopped) as stop:
        run()
    assert stop.value.exit_code == 128 + number


def test_signal_that_comes_again_at_any_moment_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also while Python tells of what it has dropped, as it takes long on a busy machine."""
    monkeypatch.setattr("exchange_files.stopping._AGAIN_SECONDS", 0.0)

    def run() -> None:
        with heeding_signals():
            Dropping(signal.SIGINT)
            ends_at = time.monotonic() + 30
            while time.monotonic() < ends_at:
                pass

    # Threads change at every step, so that the signal comes as early as it may.
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            with pytest.raises(Stopped):
                run()
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("number", SIGNALS)
def test_second_signal_does_not_cut_off_what_is_told_of_the_first(number: int) -> None:
    told = []
    with heeding_signals():
        try:
            signal.raise_signal(signal.SIGINT)
        except Stopped as stop:
            signal.raise_signal(number)
            told.append(stop.exit_code)
    assert told == [130]


def test_second_signal_is_heard_by_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that waits on its way out, such as for a database, is stopped by a second one."""
    monkeypatch.setattr("exchange_files.stopping._DEAF_SECONDS", 0.2)

    def run() -> None:
        with heeding_signals():
            try:
                signal.raise_signal(signal.SIGINT)
            except Stopped:
                signal.raise_signal(signal.SIGTERM)
                for _ in range(600):
                    time.sleep(0.05)

    with pytest.raises(Stopped) as stop:
        run()
    assert stop.value.number == signal.SIGTERM


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with heeding_signals():
        pass
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_statement_is_noted_before_it_is_in_the_outbox(tmp_path: Path) -> None:
    """A signal between the two finds it named, and not yet there."""
    outbox = Outbox(tmp_path)
    with noting_outboxes():
        note_outbox(outbox)
        outbox.begun.append("01a226a7-9eec-7c3c-bb48-0df44fab77cd")
        assert begun() == Begun()
        (tmp_path / "outbox" / outbox.begun[0]).mkdir(parents=True)
        assert begun() == Begun(waiting=tuple(outbox.begun))
    assert begun() == Begun()


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (Begun(), ExitCode.INPUT),
        (Begun(waiting=("a",)), ExitCode.QUEUED),
        (Begun(waiting=("a",), sent=("b",)), ExitCode.QUEUED),
        (Begun(sent=("b",)), ExitCode.UNWRITTEN),
    ],
)
def test_full_disk_has_the_code_of_what_was_done(done: Begun, code: ExitCode) -> None:
    for error in (Reason.FILE_NOT_WRITTEN.error("full"), OSError(28, "full")):
        assert exit_code_of(error, done) is code
    # Another error says something of the statement, or of the hub.
    assert exit_code_of(Reason.PROOF_INVALID.error("a lie"), done) is ExitCode.REFUSED


EARLIER = [f"01a226a7-9eec-7c3c-bb48-0df44fab770{each}" for each in range(4)]


def test_stopped_command_tells_of_what_it_sent_for_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`outbox flush` begins nothing, and sends what others have begun."""
    sent, refused, waiting, _ = EARLIER
    outbox = Outbox(tmp_path)
    monkeypatch.setattr(outbox, "receipt", lambda each: each == sent or None)
    (tmp_path / "outbox" / waiting).mkdir(parents=True)
    (tmp_path / "outbox" / "refused" / refused).mkdir(parents=True)
    with noting_outboxes():
        note_outbox(outbox)
        assert begun().stopped == "nothing was sent"
        outbox.tried |= dict.fromkeys([sent, refused, waiting])
        done = begun()
    assert not done  # so that nobody is told not to repeat the command
    assert done.stopped == (
        f"statement {sent}, which waited from before, was sent, and its receipt is kept; "
        f"statement {refused}, which waited from before, was refused: `agency outbox list` says "
        f"why; statement {waiting} still waits in the outbox, and the hub may have it already: "
        "`agency outbox flush` goes on"
    )
