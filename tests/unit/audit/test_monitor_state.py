"""The monitor's place: verifying step by step comes to what verifying at once does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agency_client.audit import AuditedLeaf, AuditReport, verify_log
from agency_client.audit import monitor_state as state_module
from agency_client.audit.monitor_state import REPLAYED, MonitorState
from agency_client.audit.split_views import split_view_in_evidence
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.codes import RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.feedback import Feedback
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.split_view import verify_split_view
from exchange_protocol.log.succession import Succession
from exchange_protocol.record.entries import CommitmentOpening
from exchange_protocol.record.folds import LateAnswers
from exchange_protocol.trust.identity import Member, Role
from exchange_replay import store as store_module
from tests.support.hub_data import LOG_NAME, log_key, log_signer, log_verifier
from tests.support.listed_log import REQUEST, ListedLog, domestic_exchange, gated_exchange
from tests.support.statements import (
    AUDITOR,
    CASE,
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    UZ_FIU,
    Hub,
    fictional_cast,
    member,
)

CENTRE = member("caricc", Role.AUDITOR)
PROSECUTOR = member("kz.gpo", Role.AUDITOR)
DAY = timedelta(days=1)


@cache
def story() -> tuple[CommitmentOpening, ...]:
    """A log with exchanges that begin before and end after most of its entries."""
    hub = Hub(fictional_cast())
    held = hub.say(KZ_MIA, REQUEST, to=["uz.fiu"])
    domestic_exchange(hub)
    gated_exchange(hub)
    hub.deny(KZ_FMA, Reason.NOT_A_PARTY)
    hub.say(COORDINATOR, Decision(Verdict.APPROVE), to=["uz.fiu"], on=held)
    hub.deliver(UZ_FIU, held)
    hub.inspect(AUDITOR)
    hub.say(UZ_FIU, Reply(ReplyResult.INFORMATION), on=held)
    return tuple(hub.log)


def opened(
    path: Path | None, auditor: Member | None = CENTRE, log: LogVerifier | None = None
) -> MonitorState:
    return MonitorState(path, fictional_cast().anchors, auditor, (log or log_verifier()).verify)


def audit(
    place: MonitorState,
    log: Sequence[CommitmentOpening],
    auditor: Member | None = CENTRE,
    **options: object,
) -> AuditReport:
    shown = options.pop("shown", None)
    source = ListedLog(log, shown)  # type: ignore[arg-type]
    anchors = fictional_cast().anchors
    return verify_log(source, anchors, auditor=auditor, place=place, **options)  # type: ignore[arg-type]


def hold(path: Path, note: bytes) -> None:
    """Let a place hold another note than its own."""
    with closing(sqlite3.connect(path)) as connection:
        query = "UPDATE place SET record = json_set(record, '$[0].note', ?)"
        assert connection.execute(query, (note.hex(),)).rowcount == 1
        connection.commit()


def told(report: AuditReport) -> dict[str, object]:
    """The part of a report that is the same in every run: what it says of the log."""
    said = report.to_json()
    for of_the_run in ("first", "seconds", "entries_per_second", "readings"):
        del said[of_the_run]
    return said


@pytest.mark.thorough
@given(st.sets(st.integers(0, len(story()))), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_steps_come_to_what_one_run_does(steps: set[int], evicted: bool) -> None:
    at_once = verify_log(ListedLog(story()), fictional_cast().anchors, auditor=CENTRE)
    most = store_module.MOST_IN_MEMORY
    store_module.MOST_IN_MEMORY = 2 if evicted else most
    try:
        with closing(opened(None)) as place:
            for size in sorted(steps):
                assert audit(place, story()[:size]).is_clean
            assert told(audit(place, story())) == told(at_once)
    finally:
        store_module.MOST_IN_MEMORY = most


def test_a_place_outlives_the_process_and_the_next_run_begins_there(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        assert audit(place, story()[:-3]).first == 0
    with closing(opened(path)) as place:
        report = audit(place, story())
    assert (report.first, report.is_clean) == (len(story()) - 3, True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_violation_does_not_move_the_place(tmp_path: Path) -> None:
    broken = [*story()[:-1], story()[-3]]
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        for _ in range(2):
            report = audit(place, broken)
            assert (report.first, report.is_clean) == (len(story()) - 2, False)
        assert audit(place, story()).is_clean


def test_the_whole_log_is_checked_again_on_demand(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story())
        report = audit(place, story(), from_start=True)
    assert (report.first, report.is_clean) == (0, True)


@pytest.mark.parametrize("now", [story()[:-3], [*story()[:-3], *story()[-2:]]])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_run_from_the_start_still_convicts_a_log_written_anew(
    tmp_path: Path, now: Sequence[CommitmentOpening], is_damaged: bool
) -> None:
    """Also where all that is left of the place is the note that the log signed."""
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story()[:-2])
    if is_damaged:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM directory")
            connection.commit()
    with closing(opened(path)) as place:
        for _ in range(2):
            violations = audit(place, now, from_start=True).violations
            [violation] = (each for each in violations if each.notes)
            assert violation.notes == (ListedLog(story()[:-2]).note, ListedLog(now).note)
            assert violation.kept_in is not None


@pytest.mark.parametrize("signer", ["nobody", "another log"])
def test_a_run_from_the_start_accuses_nobody_by_what_the_log_did_not_sign(
    tmp_path: Path, signer: str
) -> None:
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story())
    stranger = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    signed = stranger.sign(ListedLog(story()).checkpoint)
    hold(path, signed if signer == "another log" else signed.partition(b"\n\n")[0])
    with closing(opened(path)) as place:
        assert audit(place, story()[:-2], from_start=True).is_clean
    assert not (tmp_path / "evidence").exists()


def test_a_place_with_other_figures_is_counted_anew_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        monkeypatch.setattr(LateAnswers, "version", LateAnswers.version + 1)
        report = audit(place, story())
        assert (report.first, report.is_clean) == (0, True)
        assert audit(place, story()).first == len(story())
    at_once = verify_log(ListedLog(story()), fictional_cast().anchors, auditor=CENTRE)
    assert told(report) == told(at_once)


def test_a_place_with_legs_of_before_is_replayed_anew_from_the_start(tmp_path: Path) -> None:
    """Its legs know no day on which they are due, and a copy of the hub's tables does."""
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        [(record,)] = place._connection.execute("SELECT record FROM place").fetchall()
        assert f'"replayed":{REPLAYED}' in record
        older = record.replace(f',"replayed":{REPLAYED}', "")
        place._connection.execute("UPDATE place SET record = ?", (older,))
        report = audit(place, story())
        assert (report.first, report.is_clean) == (0, True)
        assert audit(place, story()).first == len(story())


@pytest.mark.parametrize("now", [story()[:-3], [*story()[:-3], *story()[-2:]]])
def test_a_place_with_other_figures_still_convicts_a_log_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: Sequence[CommitmentOpening]
) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        monkeypatch.setattr(LateAnswers, "version", LateAnswers.version + 1)
        violations = audit(place, now).violations
    reasons = {violation.reason for violation in violations}
    assert reasons & {Reason.CHECKPOINT_ROLLBACK, Reason.CHECKPOINT_SPLIT_VIEW}
    [violation] = (each for each in violations if each.notes)
    assert violation.notes == (ListedLog(story()[:-2]).note, ListedLog(now).note)


@pytest.mark.parametrize("less", [0, 1])
def test_a_log_that_shrank_or_was_written_anew_is_reported(tmp_path: Path, less: int) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story())
        other = list(story())[: len(story()) - less]
        other[-1] = other[-2]
        [violation] = audit(place, other).violations
    expected = Reason.CHECKPOINT_ROLLBACK if less else Reason.CHECKPOINT_SPLIT_VIEW
    assert violation.reason is expected


def test_a_longer_log_with_another_past_is_reported(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, [*story()[:-3], story()[-4]][: len(story()) - 3])
        other = [story()[1], *story()[1:]]
        [violation] = audit(place, other).violations
    assert violation.reason is Reason.PROOF_INVALID
    assert "does not extend" in violation.message


def test_entries_that_come_into_sight_later_are_checked_from_the_start(tmp_path: Path) -> None:
    directory = set(range(32))
    with closing(opened(tmp_path / "monitor.db", PROSECUTOR)) as place:
        first = audit(place, story()[:-1], PROSECUTOR, shown=directory)
        assert first.is_clean
        assert first.opened < first.tree_size
        report = audit(place, story(), PROSECUTOR)
    assert report.is_clean
    assert (report.first, report.opened) == (0, len(story()))


def test_a_withheld_entry_is_still_named_after_a_place(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        report = audit(place, story(), shown=range(len(story()) - 1))
    assert [each.index for each in report.violations] == [len(story()) - 1]


def test_a_place_is_not_blamed_for_what_a_hub_showed_once(tmp_path: Path) -> None:
    """Else a hub could lie at every turn, and its auditor would only move the place away."""

    class LyingOnce(ListedLog):
        """Shows the newest entry otherwise than the leaf commits to, unless read from the start."""

        def leaves(self, start: int) -> list[AuditedLeaf]:
            leaves = super().leaves(start)
            if start:
                other = replace(story()[-1], nonce=bytes(32))
                leaves[-1] = leaves[-1]._replace(opening=other)
            return leaves

    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-2])
        report = verify_log(
            LyingOnce(story()), fictional_cast().anchors, auditor=CENTRE, place=place
        )
    [violation] = report.violations
    assert (violation.reason, violation.index) == (Reason.ENTRY_MISMATCH, len(story()) - 1)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE place SET format = 99", "expected format 5, got 99"),
        ("UPDATE place SET record = '[]'", "its record is damaged"),
        (
            # A digit before the size in the note: the log signed no tree of that size.
            "UPDATE place SET record = replace(record, lower(hex('/log' || char(10))), "
            "lower(hex('/log' || char(10) || '1')))",
            "not signed by a known key of this log, so it is damaged",
        ),
        (
            "UPDATE place SET record = json_set(record, '$[0].compact_range[0]', "
            "hex(zeroblob(32)))",
            "its compact range is not that of its checkpoint",
        ),
        (
            "UPDATE place SET record = json_remove(record, '$[0].compact_range[0]')",
            "its compact range is damaged",
        ),
        ("DELETE FROM directory WHERE idx = 3", "its directory is damaged"),
        ("UPDATE directory SET opening = x'00' WHERE idx = 3", "its directory is damaged"),
        ("DELETE FROM directory WHERE idx = (SELECT max(idx) FROM directory)", "are missing"),
        ("DELETE FROM ids WHERE id = (SELECT max(id) FROM ids)", "rows of it are missing"),
        ("DELETE FROM exchanges WHERE key = (SELECT max(key) FROM exchanges)", "rows of it"),
        ("UPDATE exchanges SET value = '[]'", "a value of it does not read"),
        (
            "UPDATE exchanges SET value = replace(value, '\"state\":5', '\"state\":1')",
            "log is clean",
        ),
        ("DELETE FROM scopes WHERE idx = 9", "rows of it are missing"),
        ("UPDATE scopes SET scope = 99", "a scope of it is not there"),
        ("UPDATE scopes SET scope = 0", "log is clean"),
        ("UPDATE distinct_scopes SET value = 'x' WHERE id = 0", "a value of it does not read"),
    ],
)
def test_a_place_that_was_changed_is_refused_and_not_begun_anew(
    tmp_path: Path, spoil: str, said: str
) -> None:
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story()[:-2])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(spoil)
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(ExchangeError, match=said) as refused, closing(opened(path)) as place:
        audit(place, story())
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert path.read_bytes() == before


def test_a_file_that_is_no_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.write_bytes(b"fictional letter" * 100)
    with pytest.raises(ExchangeError, match="does not read as one"):
        opened(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ExchangeError, match="another program's"):
        opened(path)


def test_a_place_of_another_auditor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story())
    with (
        closing(opened(path, PROSECUTOR)) as place,
        pytest.raises(ExchangeError, match="it is of spiffe"),
    ):
        audit(place, story(), PROSECUTOR)


def test_a_place_of_another_log_accuses_nobody(tmp_path: Path) -> None:
    """The log of this place was longer: by its size alone, this one would be rolled back."""
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story())
    elsewhere = LogSigner("exchange.else/log", log_key())
    hold(path, elsewhere.sign(replace(ListedLog(story()).checkpoint, origin="exchange.else/log")))
    before = path.read_bytes()
    with (
        closing(opened(path)) as place,
        pytest.raises(ExchangeError, match="it is damaged or of another log") as unsigned,
    ):
        audit(place, story()[:-2])
    assert unsigned.value.reason is Reason.DOCUMENT_INVALID
    with (
        closing(opened(path, log=LogVerifier(elsewhere.vkey))) as place,
        pytest.raises(
            ExchangeError, match=r"expected a place of the log hub\.exchange\.example"
        ) as other,
    ):
        audit(place, story()[:-2])
    assert other.value.reason is Reason.DOCUMENT_INVALID
    assert path.read_bytes() == before


@pytest.mark.parametrize("longer", [True, False])
def test_a_place_of_another_hub_of_this_name_accuses_nobody(tmp_path: Path, longer: bool) -> None:
    """By size and root alone, this log would be rolled back, or written anew."""
    path = tmp_path / "monitor.db"
    stranger = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    theirs = story() if longer else [story()[1], *story()[1:-2]]

    class Theirs(ListedLog):
        @property
        def note(self) -> bytes:
            return stranger.sign(self.checkpoint)

    anchors = fictional_cast().anchors
    with closing(opened(path, log=LogVerifier(stranger.vkey))) as place:
        verify_log(Theirs(story()), anchors, auditor=CENTRE, place=place)
    if not longer:
        hold(path, Theirs(theirs).note)
    before = path.read_bytes()
    with closing(opened(path)) as place, pytest.raises(ExchangeError, match="another log") as other:
        audit(place, story()[:-2])
    assert other.value.reason is Reason.DOCUMENT_INVALID
    assert "Move it away" in other.value.message
    assert path.read_bytes() == before
    assert not (tmp_path / "evidence").exists()


def test_a_place_with_an_older_note_of_this_log_is_refused(tmp_path: Path) -> None:
    """The note is signed, and of another tree than the place."""
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story())
    hold(path, ListedLog(story()[:-2]).note)
    with closing(opened(path)) as place, pytest.raises(ExchangeError, match="compact range") as it:
        audit(place, story())
    assert it.value.reason is Reason.DOCUMENT_INVALID


@pytest.mark.parametrize("auditor", [CENTRE, PROSECUTOR])
@pytest.mark.parametrize("less", [0, 1])
def test_a_conviction_keeps_both_signed_notes(tmp_path: Path, less: int, auditor: Member) -> None:
    """Also for an auditor that is not shown all: no right to read explains two histories."""
    shown = set(range(32)) if auditor is PROSECUTOR else None
    other = list(story())[: len(story()) - less]
    other[-2] = other[-3]
    with closing(opened(tmp_path / "monitor.db", auditor)) as place:
        assert audit(place, story(), auditor, shown=shown).is_clean
        # A second round tells the same, and adds no second file.
        told_twice = [audit(place, other, auditor, shown=shown).violations for _ in range(2)]
    [[violation], [again]] = told_twice
    assert violation == again
    notes = (ListedLog(story()).note, ListedLog(other).note)
    assert violation.notes == again.notes == notes
    [evidence] = (tmp_path / "evidence").iterdir()
    assert str(evidence) in violation.message
    assert violation.to_json()["notes"] == [each.decode() for each in notes]
    assert violation.to_json()["evidence"] == str(evidence)
    proof = split_view_in_evidence(evidence.read_bytes())
    assert (proof.note_a, proof.note_b) == notes
    if less == 0:
        a, b = verify_split_view(proof, log_verifier())
        assert (a.size, b.size) == (len(story()), len(story()))
        assert a.root != b.root


def test_a_longer_log_with_another_past_keeps_both_signed_notes(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "monitor.db")) as place:
        audit(place, story()[:-3])
        other = [story()[1], *story()[1:]]
        [violation] = audit(place, other).violations
    assert violation.notes == (ListedLog(story()[:-3]).note, ListedLog(other).note)
    assert violation.kept_in is not None
    proof = split_view_in_evidence(violation.kept_in.read_bytes())
    assert (proof.note_a, proof.note_b) == violation.notes


def test_a_place_goes_on_over_a_change_of_the_logs_key(tmp_path: Path) -> None:
    """Its note is of the old key, and its profile learnt the new one between two rounds."""
    path = tmp_path / "monitor.db"
    new = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    since = len(story()) - 1
    both = LogVerifier(log_signer().vkey, [Succession(log_signer().vkey, new.vkey, since)])

    class Succeeded(ListedLog):
        @property
        def note(self) -> bytes:
            return new.sign(self.checkpoint)

    def on(log: LogVerifier, source: ListedLog) -> AuditReport:
        anchors = fictional_cast().anchors
        with closing(opened(path, log=log)) as place:
            return verify_log(source, anchors, auditor=CENTRE, place=place)

    assert on(log_verifier(), ListedLog(story()[:-2])).is_clean
    report = on(both, Succeeded(story()))
    assert (report.first, report.is_clean) == (len(story()) - 2, True)
    assert on(both, Succeeded(story())).first == len(story())
    with pytest.raises(ExchangeError, match="not signed by a known key"):
        on(log_verifier(), Succeeded(story()))
    hold(path, ListedLog(story()).note)
    with pytest.raises(ExchangeError, match="not signed by a known key") as retired:
        on(both, Succeeded(story()))
    assert retired.value.reason is Reason.DOCUMENT_INVALID


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_place_that_was_cut_off_is_refused_and_not_begun_anew(
    tmp_path: Path, share: float
) -> None:
    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story()[:-2])
    whole = path.read_bytes()
    cut = whole[: int(len(whole) * share)]
    path.write_bytes(cut)
    with (
        pytest.raises(ExchangeError, match="cannot be used") as refused,
        closing(opened(path)) as place,
    ):
        audit(place, story())
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert path.read_bytes() == cut


def test_an_audit_that_was_interrupted_goes_on_from_the_last_place(tmp_path: Path) -> None:
    class Interrupted(ListedLog):
        def leaves(self, start: int) -> Iterator[AuditedLeaf]:  # type: ignore[override]
            yield from super().leaves(start)[:2]
            raise KeyboardInterrupt

    path = tmp_path / "monitor.db"
    with closing(opened(path)) as place:
        audit(place, story()[:-4])
    before = path.read_bytes()
    with closing(opened(path)) as place, pytest.raises(KeyboardInterrupt):
        verify_log(Interrupted(story()), fictional_cast().anchors, auditor=CENTRE, place=place)
    assert path.read_bytes() == before
    with closing(opened(path)) as place:
        report = audit(place, story())
    assert (report.first, report.is_clean) == (len(story()) - 4, True)


def test_two_monitors_do_not_share_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "monitor.db"
    monkeypatch.setattr(state_module, "BUSY_SECONDS", 0.05)
    with (
        closing(opened(path)) as first,
        closing(opened(path)) as second,
        first.round(),
        pytest.raises(ExchangeError, match="another monitor is using"),
    ):
        audit(second, story())


def test_overdue_legs_are_counted_by_who_is_to_act(tmp_path: Path) -> None:
    hub = Hub(fictional_cast())
    # The model's clock moves on a second with every entry.
    due = replace(CASE, due_at=hub.now + timedelta(seconds=2))
    hub.say(KZ_MIA, REQUEST, to=["uz.fiu"], header=due)
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=due)
    domestic_exchange(hub)
    with closing(opened(tmp_path / "monitor.db")) as place:
        assert audit(place, hub.log).overdue == {"caricc": 1, "kz.fma": 1}
        hub.deliver(KZ_FMA, asked)
        hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
        assert audit(place, hub.log).overdue == {"caricc": 1}


def test_legs_answered_late_are_counted_by_who_answered_and_kept(tmp_path: Path) -> None:
    hub = Hub(fictional_cast())
    soon = replace(CASE, due_at=hub.now + timedelta(seconds=4))
    asked = hub.say(KZ_MIA, REQUEST, to=["kz.fma", "kz.gpo"], header=soon)
    in_time = hub.say(KZ_MIA, REQUEST, to=["kz.fma"], header=replace(CASE, due_at=hub.now + DAY))
    hub.deliver(KZ_FMA, asked)
    hub.deliver(KZ_GPO, asked)
    hub.say(KZ_GPO, Reply(ReplyResult.NO_HIT), on=asked)  # at the very second
    with closing(opened(tmp_path / "monitor.db")) as place:
        assert audit(place, hub.log).answered_late == {}
        hub.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
        assert audit(place, hub.log).answered_late == {"kz.fma": 1}
    hub.say(KZ_MIA, Feedback(2, ()), to=["kz.fma"], on=asked)
    hub.deliver(KZ_FMA, in_time)
    hub.say(KZ_FMA, Refuse(RefusalGround.LEGAL_PRIVILEGE), on=in_time)
    with closing(opened(tmp_path / "monitor.db")) as place:
        report = audit(place, hub.log)
    assert (report.answered_late, report.overdue) == ({"kz.fma": 1}, {})
    assert report.to_json()["answered_late"] == {"kz.fma": 1}
