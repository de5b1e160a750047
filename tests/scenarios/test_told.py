"""Words that each person is told: whose turn it is by role, whom to warn, what the log lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agency_client import Sent
from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.scenarios.members import open_case
from tests.scenarios.test_consent import agreed, answered, digest
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.commands import as_member, run
from tests.support.deployment import AUDITOR, COORDINATORS, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.refusals import refused

NOTE = "Примечание (вымышлено)"
FIRST, SECOND = COORDINATORS


def said(town: Deployment, capsys: pytest.CaptureFixture[str], member: str, *words: object) -> str:
    """The output of a command that succeeds."""
    code, out, err = run(capsys, *as_member(town, member), *words)
    assert code == 0, out + err
    return out


def next_line(region: Region, capsys: pytest.CaptureFixture[str], member: str, of: str) -> str:
    """The line of `show` that says whose turn it is."""
    lines = said(region.town, capsys, member, "show", of).splitlines()
    return next(each for each in lines if each.startswith("next"))


# --- Whose turn it is, by role ------------------------------------------------------------------


def test_who_may_not_act_is_told_that_others_of_its_agency_may(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = region["kz.mia"].request_analysis(to=["caricc"], brief=NOTE)
    assert isinstance(sent, Sent)
    asked = sent.exchange_id
    # A coordinator decides at the gate, and answers nothing that the centre is asked.
    for_others = "(for others of your agency: your role may not)"
    assert for_others in next_line(region, capsys, FIRST, asked)
    assert for_others in said(region.town, capsys, FIRST, "todo")
    told = next_line(region, capsys, "caricc/system", asked)
    assert "your turn" in told
    assert for_others not in told
    # At the gate it is the other way round.
    held = new_exchange(region["kz.mia"], "uz.fiu")
    assert for_others not in next_line(region, capsys, FIRST, held)
    assert for_others in next_line(region, capsys, "caricc/system", held)


# --- A joint case and its invitations -----------------------------------------------------------


def test_a_case_is_not_closed_as_a_whole_while_an_invitation_is_open(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    case = open_case(region, "kz.fma", "uz.fiu")
    fma.open(case)
    fma.join(case)
    error = refused(mia.close_exchange, case)
    assert error.reason is Reason.OUT_OF_ORDER
    assert f"Recall it first: agency recall {case} --leg uz.fiu" in str(error)
    mia.recall(case, legs=["uz.fiu"], reason=NOTE)
    # What waits for answers to different statements is named, each by itself.
    error = refused(mia.close_exchange, case)
    assert error.reason is Reason.INVALID_FIELD
    assert "with --leg kz.fma, then with --leg uz.fiu" in str(error)
    mia.close_exchange(case, legs=["kz.fma"])
    mia.close_exchange(case, legs=["uz.fiu"])
    assert {leg.state.name for leg in mia.open(case).legs} == {"CLOSED"}
    region.replay(capsys)


# --- What was passed on, and changed since -------------------------------------------------------


def test_who_passed_on_what_is_corrected_is_told_whom_to_warn(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, town = region["kz.mia"], region["kz.fma"], region.town
    exchange, answer = answered(region)
    consent = agreed(mia, fma, exchange, answer, "kz.gpo")
    sent = mia.refer(
        to=["kz.gpo"],
        brief=NOTE,
        handling="H2",
        purpose="PROSECUTION",
        sources=[answer],
        consents=[consent],
    )
    assert isinstance(sent, Sent)
    before = said(town, capsys, "kz.mia/system", "show", exchange)
    assert "Passed on by you" not in before
    fma.correct(exchange, answer, "wrong-identity", brief=NOTE, handling="H2")
    told = said(town, capsys, "kz.mia/system", "show", exchange)
    assert f"You passed {answer.hex()[:12]}… on to kz.gpo, in exchange {sent.exchange_id}." in (
        " ".join(told.split())
    )
    assert f"agency announce-correction {sent.exchange_id}" in " ".join(told.split())
    listed = json.loads(said(town, capsys, "kz.mia/system", "--json", "show", exchange))
    assert listed["passed_on"] == [
        {"source": answer.hex(), "exchange_id": sent.exchange_id, "recipients": ["kz.gpo"]}
    ]
    # Its author does not learn of it: whom others passed it on to is theirs to know.
    assert "Passed on" not in said(town, capsys, "kz.fma/system", "show", exchange)
    # So it is done, and whoever received it stops and reads on.
    region["kz.gpo"].open(sent.exchange_id)
    mia.announce_correction(sent.exchange_id, "wrong-identity", note=NOTE)
    assert region.state(sent.exchange_id, "kz.gpo", "kz.gpo") == "RETURNED"
    region.replay(capsys)


def test_who_passed_on_what_is_erased_is_told_whom_to_warn(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma, town = region["kz.mia"], region["kz.fma"], region.town
    exchange, answer = answered(region)
    consent = agreed(mia, fma, exchange, answer, "kz.gpo")
    sent = mia.refer(
        to=["kz.gpo"],
        brief=NOTE,
        handling="H2",
        purpose="PROSECUTION",
        sources=[answer],
        consents=[consent],
    )
    assert isinstance(sent, Sent)
    fma.erase_answer(exchange, "unlawful", note=NOTE)
    told = " ".join(said(town, capsys, "kz.mia/system", "show", exchange).split())
    assert f"on to kz.gpo, in exchange {sent.exchange_id}." in told


def test_the_centre_is_told_that_what_its_analysis_rests_on_was_erased(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    uz, centre, fma = region["uz.fiu"], region["caricc"], region["kz.fma"]
    asked = uz.request_analysis(to=["caricc"], brief=NOTE)
    opened = centre.open_joint_case(to=["kz.fma"], brief=NOTE)
    assert isinstance(asked, Sent)
    assert isinstance(opened, Sent)
    case = opened.exchange_id
    region.approve(case, "kz.gpo/authoriser/prosecutor1")
    fma.open(case)
    fma.join(case)
    fma.contribute(case, brief=NOTE)
    given = digest(centre, case, "contribute")
    centre.draft_analysis(case, [given], "uz.fiu", "INVESTIGATION", brief=NOTE)
    draft = digest(fma, case, "draft_analysis")
    fma.grant_consent(case, draft, "2030-01-01")
    cleared = digest(centre, case, "consent_decision")
    centre.open(asked.exchange_id)
    centre.analysis_product(
        asked.exchange_id,
        sources=[given],
        consents=[cleared],
        brief=NOTE,
        purpose="INVESTIGATION",
    )
    centre.close_exchange(case)
    fma.erase_answer(case, "unlawful", note=NOTE)
    told = " ".join(said(region.town, capsys, "caricc/system", "show", case).split())
    assert f"on to uz.fiu, in exchange {asked.exchange_id}." in told
    assert f"Correct what you said there: agency correct {asked.exchange_id}." in told


def test_who_passed_on_what_is_being_corrected_is_told_before_the_correction_comes(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    uz, fma, town = region["uz.fiu"], region["kz.fma"], region.town
    sent = uz.refer(to=["kz.fma"], brief=NOTE, onward_authorities=["kz.mia"])
    assert isinstance(sent, Sent)
    region.approve(sent.exchange_id, FIRST)
    fma.open(sent.exchange_id)
    source = digest(fma, sent.exchange_id, "referral")
    onward = fma.refer(to=["kz.mia"], brief=NOTE, sources=[source])
    assert isinstance(onward, Sent)
    told = said(town, capsys, "kz.fma/system", "show", sent.exchange_id)
    assert "Passed on by you" not in told
    uz.announce_correction(sent.exchange_id, "wrong-identity")
    told = said(town, capsys, "kz.fma/system", "show", sent.exchange_id)
    assert f"agency announce-correction {onward.exchange_id}" in " ".join(told.split())
    # The correction waits at the gate, and is another source: of it nothing was passed on.
    uz.correct(sent.exchange_id, source, "wrong-identity", brief=NOTE)
    region.approve(sent.exchange_id, SECOND)
    listed = json.loads(said(town, capsys, "kz.fma/system", "--json", "show", sent.exchange_id))
    assert [each["source"] for each in listed["passed_on"]] == [source.hex()]
    region.replay(capsys)


# --- Terms and figures --------------------------------------------------------------------------


def test_a_request_to_freeze_is_urgent_by_itself(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia = region["kz.mia"]
    sent = mia.request_freeze(to=["kz.fma"], brief=NOTE)
    assert isinstance(sent, Sent)
    header = mia.open(sent.exchange_id).statements[0].statement.header
    assert header.urgency.name == "URGENT"
    calm = mia.request_freeze(to=["kz.fma"], brief=NOTE, urgency="routine")
    assert isinstance(calm, Sent)
    assert mia.open(calm.exchange_id).statements[0].statement.header.urgency.name == "ROUTINE"
    # Of another request its author says why it is urgent.
    why = region.refusal(mia.refer, to=["kz.fma"], brief=NOTE, urgency="urgent")
    assert why is Reason.DOCUMENT_INVALID
    region.replay(capsys)


def test_silence_on_record_is_no_late_answer_in_statistics(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, end = region["kz.mia"], shortly()
    sent = mia.give_advance_notice(to=["kz.fma"], brief=NOTE, due=end)
    assert isinstance(sent, Sent)
    let_pass(end)
    mia.record_silence(sent.exchange_id)
    # What the recipient says later is no answer either.
    fma = region["kz.fma"]
    notice = digest(fma, sent.exchange_id, "advance_notice")
    fma.ask_consent(sent.exchange_id, notice, "kz.gpo", "PROSECUTION", reason=NOTE)
    told = json.loads(said(region.town, capsys, AUDITOR, "--json", "report", "statistics"))
    late = _total(told, "exchanges", "late")
    ended = _total(told, "times", "ended")
    silent = _total(told, "outcomes", "clearanceresult.no_answer")
    assert (late, ended, silent) == (0, 0, 1)


def late_in_figures(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> tuple[object, object, object]:
    """Late answers, answers that had a due time, and the share of these that came in time."""
    told = json.loads(said(region.town, capsys, AUDITOR, "--json", "report", "statistics"))
    times = (_total(told, "times", "with_due"), _total(told, "times", "in_time"))
    return _total(told, "exchanges", "late"), *times


def test_a_due_time_that_the_gate_used_up_makes_no_answer_late(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, uz, end = region["kz.mia"], region["uz.fiu"], shortly()
    exchange = new_exchange(mia, "uz.fiu", due=end)
    let_pass(end)
    region.approve(exchange, FIRST)
    uz.open(exchange)
    told = json.loads(said(region.town, capsys, AUDITOR, "--json", "report", "statistics"))
    assert (_total(told, "exchanges", "open"), _total(told, "exchanges", "overdue")) == (1, 0)
    uz.reply(exchange, brief=NOTE)
    assert late_in_figures(region, capsys) == (0, 0, None)
    assert "answered late  none" in region.replay(capsys)


@pytest.mark.parametrize("afterwards", ["extended", "returned"])
def test_a_due_time_that_was_missed_stays_missed(
    region: Region, capsys: pytest.CaptureFixture[str], afterwards: str
) -> None:
    """An extension, or a question back, after the deadline makes the answer late all the same."""
    mia, fma, end = region["kz.mia"], region["kz.fma"], shortly()
    exchange = new_exchange(mia, due=end)
    in_time = new_exchange(mia, due=end)
    for each in (exchange, in_time):
        fma.open(each)
    fma.extend_deadline(in_time, "VOLUME", explanation=NOTE, due="5d")
    let_pass(end)
    if afterwards == "extended":
        fma.extend_deadline(exchange, "VOLUME", explanation=NOTE, due="5d")
    else:
        fma.return_for_information(exchange, question=NOTE)
        mia.supplement(exchange, brief=NOTE, due="5d")
        fma.open(exchange)
    for each in (exchange, in_time):
        fma.reply(each, brief=NOTE)
    assert late_in_figures(region, capsys) == (1, 2, 0.5)
    region.replay(capsys)


def _total(told: dict[str, Any], table: str, column: str) -> object:
    """The figure of a column in the row of totals, which is the last."""
    value: object = told["tables"][table]["rows"][-1]["figures"][column]["value"]
    return value


def test_an_amount_with_a_fraction_is_refused_with_what_to_do(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    mia, fma = region["kz.mia"], region["kz.fma"]
    sent = mia.request_freeze(to=["kz.fma"], brief=NOTE)
    assert isinstance(sent, Sent)
    fma.open(sent.exchange_id)
    act = ("freeze-impose", sent.exchange_id, "--due", "5d", "--currency", "KZT", "--amount")
    profile = as_member(region.town, "kz.fma/system")
    code, _, err = run(capsys, *profile, *act, "150000,50")
    assert code != 0
    assert "a fraction is left out here, and told in words or a table" in " ".join(err.split())
    assert "150,000 KZT" in said(region.town, capsys, "kz.fma/system", *act, "150 000") or (
        "150,000 KZT" in said(region.town, capsys, "kz.fma/system", "show", sent.exchange_id)
    )


# --- A hub that was set back --------------------------------------------------------------------


def test_lists_tell_of_a_log_that_lost_entries(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = foundation.copy(tmp_path / "hub")
    backup = tmp_path / "backup.db"
    database = tmp_path / "hub" / "hub.db"
    shutil.copy(database, backup)
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        with town.client("kz.mia/system") as mia:
            exchange = new_exchange(mia)
        assert exchange in said(town, capsys, "kz.fma/system", "inbox")
        hub.stop()
    for name in ("hub.db", "hub.db-wal", "hub.db-shm", "hub.db.signed"):
        (database.parent / name).unlink(missing_ok=True)
    shutil.copy(backup, database)
    with HubProcess(town.files) as hub:
        town.point_to(hub.port)
        for command in ("inbox", "todo", "sent", "due"):
            code, out, err = run(capsys, *as_member(town, "kz.fma/system"), command)
            assert code != 0, out
            assert "CHECKPOINT_ROLLBACK" in err
