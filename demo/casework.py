"""Casework: a freeze, a joint case, a consent, the prosecutor's copies; the quarter in figures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.cast import CONTRIBUTION, TASK
from demo.stage import Stage, expect

BASIS = ("--legal-basis", "KZ-CPC-161")


def play(stage: Stage, domestic: str) -> None:
    """Play the four; `domestic` is an exchange that kz.fma answered."""
    freeze(stage)
    joint_case(stage)
    onward_consent(stage, domestic)
    supervision(stage)


def freeze(stage: Stage) -> None:
    """Four eyes let it out, the executing side sets its time, a court takes over."""
    stage.chapter("9 An urgent freeze")
    with stage.step("kz.mia asks uz.fiu to freeze an account: two coordinators must approve"):
        sent = stage.agency(
            "kz.mia", "send", "freeze-request", _document(stage, "note"),
            "--to", "uz.fiu", "--assets", _document(stage, "subjects", ".ftm.json"), *BASIS,
        ).document  # fmt: skip
        exchange: str = sent["exchange_id"]
        expect(sent["legs"][0]["approvals_required"] == 2, f"expected two, got {sent['legs']}")
        stage.agency("coordinator1", "approve", exchange)
        stage.agency("coordinator2", "approve", exchange)
    with stage.step("uz.fiu imposes it for five days, and extends it before they end"):
        stage.agency("uz.fiu", "show", exchange)
        stage.agency(
            "uz.fiu", "freeze-impose", exchange, "--due", "5d",
            "--amount", "48000000", "--currency", "uzs",
        )  # fmt: skip
        stage.refused(
            "uz.fiu", "freeze-extend", exchange, "--due", "4d", reason="DUE_TIME_NOT_LATER"
        )
        stage.agency("uz.fiu", "freeze-extend", exchange, "--due", "9d")
    with stage.step("a court's order takes its place; kz.mia says what it was worth, and closes"):
        stage.agency("uz.fiu", "freeze-convert", exchange, "--conversion", "court-order")
        stage.agency("kz.mia", "feedback", exchange, "--usefulness", "3", "--use", "freeze")
        stage.agency("kz.mia", "close", exchange)


def joint_case(stage: Stage) -> None:
    """Recipients speak to each other; who leaves reads nothing new."""
    stage.chapter("10 A joint case of three states")
    with stage.step("kz.mia leads; kz.fma joins at once, uz.fiu after the coordinator's approval"):
        case: str = stage.agency(
            "kz.mia", "send", "joint-case", _document(stage, "note"),
            "--to", "kz.fma", "--to", "uz.fiu", *BASIS,
        ).document["exchange_id"]  # fmt: skip
        stage.agency("coordinator1", "approve", case)
        for member in ("kz.fma", "uz.fiu"):
            stage.agency(member, "show", case)
            stage.agency(member, "join", case)
    with stage.step("uz.fiu contributes; kz.fma, a recipient too, reads it"):
        stage.agency("uz.fiu", "contribute", case, _document(stage, "contribution"))
        expect(CONTRIBUTION in _told(stage, "kz.fma", case), "expected kz.fma to read it")
    with stage.step("kz.mia gives uz.fiu a task with a due time; uz.fiu ends it"):
        stage.agency(
            "kz.mia", "task", case, "--assignee", "uz.fiu", "--description", TASK, "--due", "3d"
        )
        task = _digest(stage, "uz.fiu", case, "task")
        stage.agency(
            "uz.fiu", "complete-task", case, _document(stage, "note"),
            "--about", task, "--result", "done",
        )  # fmt: skip
    with stage.step("kg.mia is invited later: it reads what comes, not what was"):
        stage.agency("kz.mia", "invite", case, _document(stage, "note"), "--member", "kg.mia")
        stage.agency("coordinator1", "approve", case)
        stage.agency("kg.mia", "show", case)
        stage.agency("kg.mia", "join", case)
        expect(CONTRIBUTION not in _told(stage, "kg.mia", case), "expected it to stay sealed")
    with stage.step("what needs two approvals is not said to members whom one let in"):
        stage.refused(
            "kz.fma", "contribute", case, _document(stage, "note"), "--handling", "H2",
            reason="GATE_EXCEEDED",
        )  # fmt: skip
    with stage.step("uz.fiu leaves and reads nothing new; the case is closed"):
        stage.agency("uz.fiu", "leave", case, "--reason", "Производство окончено.")
        stage.agency("kg.mia", "contribute", case, _document(stage, "no-hit"))
        expect(
            _count(stage, "uz.fiu", case, "contribute") == 1,
            "expected uz.fiu to see no contribution after it left",
        )
        stage.refused("uz.fiu", "contribute", case, _document(stage, "note"), reason="NOT_ACTIVE")
        stage.agency("kz.mia", "close", case)
        expect(
            set(_states(stage, "kz.mia", case).values()) == {"CLOSED"}, "expected all to be closed"
        )


def onward_consent(stage: Stage, domestic: str) -> None:
    """Pass on the answer of kz.fma, which takes its consent."""
    stage.chapter("11 Consent to onward use")
    source = _digest(stage, "kz.mia", domestic, "reply")
    refer = [
        "send", "referral", _document(stage, "note"), "--to", "kz.gpo",
        "--purpose", "prosecution", "--source", source, *BASIS,
    ]  # fmt: skip
    with stage.step("kz.mia may not pass kz.fma's answer on to the prosecutor"):
        stage.refused("kz.mia", *refer, reason="CONSENT_MISSING")
    with stage.step("it asks kz.fma, for that authority and purpose; kz.fma grants it for a week"):
        stage.agency(
            "kz.mia", "ask-consent", domestic, "--about", source, "--authority", "kz.gpo",
            "--purpose", "prosecution", "--reason", "Для предъявления обвинения.",
        )  # fmt: skip
        asked = _digest(stage, "kz.fma", domestic, "consent_request")
        week = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
        stage.agency("kz.fma", "consent", domestic, "--about", asked, "--expires-at", week)
    with stage.step("the referral names its source and the consent, and is accepted"):
        consent = _digest(stage, "kz.mia", domestic, "consent_decision")
        stage.agency("kz.mia", *refer, "--consent", consent)


def supervision(stage: Stage) -> None:
    """A person withholds a copy on a ground, and lets the prosecutor take part later."""
    stage.chapter("12 The prosecutor's copy")
    ask = [
        "send", "information-request", _document(stage, "request"), "--to", "kz.fma", *BASIS,
        "--withhold-copy-from", "kz.gpo", "--withholding-ground", "endangers-investigation",
    ]  # fmt: skip
    with stage.step("an officer of kz.mia withholds kz.gpo's copy, on a ground; no machine may"):
        stage.refused("kz.mia", *ask, reason="POLICY_DENIED")
        exchange: str = stage.agency("officer", *ask).document["exchange_id"]
        stage.refused("kz.gpo", "show", exchange, reason="EXCHANGE_UNKNOWN")
    with stage.step("of that statement alone: of kz.fma's first answer kz.gpo has a copy"):
        stage.agency("kz.fma", "show", exchange)
        stage.agency("kz.fma", "partial", exchange, _document(stage, "note"))
        expect(_count(stage, "kz.gpo", exchange, "partial_reply") == 1, "expected a copy")
    with stage.step("kz.gpo asks to take part; the officer lets it: from now on it reads all"):
        stage.agency(
            "kz.gpo", "ask-involvement", exchange, "--agency", "kz.mia",
            "--comment", "Дело идёт в суд.",
        )  # fmt: skip
        stage.agency("officer", "involve", exchange, "--supervisor", "kz.gpo")
        stage.agency("kz.fma", "reply", exchange, _document(stage, "reply"))
        answer = _show(stage, "kz.gpo", exchange)["statements"][-1]
        expect(answer["kind"] == "reply", f"expected the reply, got {answer['kind']}")
        expect(not answer["sealed_to_others"], "expected kz.gpo to read the whole reply")


def quarter(stage: Stage) -> None:
    """The whole log once more, and the figures of this quarter."""
    stage.chapter("13 The quarter in figures")
    with stage.step("the auditor replays all of it and finds it clean") as step:
        report = stage.agency("auditor", "audit", "verify").document
        expect(report["clean"] is True, f"expected a clean log, got {report}")
        step.detail = f"{report['tree_size']} entries"
    with stage.step("the statistics of the quarter, from the log alone"):
        today = datetime.now(UTC)
        first = datetime(today.year, today.month - (today.month - 1) % 3, 1, tzinfo=UTC)
        words = ["report", "statistics", "--from", f"{first:%Y-%m-%d}", "--by", "kind"]
        counted = stage.agency("auditor", *words).document
        rows = counted["tables"]["exchanges"]["rows"]
        expect(len(rows) > 1, f"expected several kinds of exchanges, got {rows}")
        withheld = json.dumps(counted["tables"]["supervision"])
        expect("ENDANGERS_INVESTIGATION" in withheld, "expected the withheld copy to be counted")
        text = stage.printed("auditor", *words)
    stage.console.print(text, highlight=False, markup=False)


def _document(stage: Stage, name: str, ending: str = ".yaml") -> str:
    return str(stage.root / "documents" / f"{name}{ending}")


def _show(stage: Stage, profile: str, exchange: str) -> dict[str, Any]:
    shown: dict[str, Any] = stage.agency(profile, "show", exchange).document
    return shown


def _states(stage: Stage, profile: str, exchange: str) -> dict[str, str]:
    legs = _show(stage, profile, exchange)["legs"]
    return {leg["agency"]: leg["state"] for leg in legs}


def _told(stage: Stage, profile: str, exchange: str) -> list[str]:
    """The words of the briefs that an actor can read."""
    statements = _show(stage, profile, exchange)["statements"]
    return [each["brief"]["summary"] for each in statements if each["brief"]]


def _count(stage: Stage, profile: str, exchange: str, kind: str) -> int:
    return sum(each["kind"] == kind for each in _show(stage, profile, exchange)["statements"])


def _digest(stage: Stage, profile: str, exchange: str, kind: str) -> str:
    """The digest of the newest statement of a kind."""
    statements = _show(stage, profile, exchange)["statements"]
    found: str = [each["digest"] for each in statements if each["kind"] == kind][-1]
    return found
