"""The story: one investigation, from enrolment to audit, with everything that must be refused."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from demo import audit, casework, hub, refusals, report
from demo.cast import ACTORS, AGENCIES, NEW_RULE, PAYMENT_COUNT, QUESTION
from demo.documents import write_documents
from demo.setup import is_ours, prepare, share_sealing_key
from demo.stage import Stage, StepFailed, expect, wait_until

BASIS = ("--legal-basis", "KZ-CPC-161")


def play(root: Path, console: Console) -> int:
    """Play everything under `root`; 0 if every step did what it should."""
    stage = Stage(root, console)
    begun = time.perf_counter()
    figures: dict[str, Any] = {}
    console.print("[bold]The exchange: one parallel financial investigation[/] (fictional cast)\n")
    try:
        _play(stage, figures)
        passed = True
    except StepFailed as failure:
        console.print(f"\n[bold red]The demonstration failed:[/] {failure}")
        passed = False
    finally:
        hub.stop(root)
    figures["seconds in all"] = round(time.perf_counter() - begun, 1)
    figures["played at"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    console.print()
    report.show(console, stage.steps, figures)
    if is_ours(root):
        report.write(root / "summary.json", stage.steps, figures)
    if passed:
        console.print(
            "\nEverything did what it should. Go on yourself:\n"
            "  make demo-up\n"
            "  .venv/bin/agency --profile .demo/kz.mia inbox\n"
            "  .venv/bin/agency --profile .demo/auditor audit verify\n"
            "  make demo-down\n"
            "Or in the browser, as the coordinator, an officer, a prosecutor, an auditor:\n"
            "  make console\n"
            "  make console AS=officer\n"
            "  make console AS=kz.gpo\n"
            "  make console AS=auditor"
        )
    return 0 if passed else 1


def _play(stage: Stage, figures: dict[str, Any]) -> None:
    stage.chapter("Preparations")
    if left := hub.stop(stage.root):
        with stage.step("the hub of an earlier demonstration still ran, and was stopped") as step:
            step.detail = f"process {left}"
    with stage.step("a development PKI, a hub, and a profile with its own keys for each actor"):
        deployment, authority = prepare(stage)
        write_documents(stage.root / "documents")
        hub.start(stage.root)
    enrol(stage)
    domestic = domestic_request(stage, figures)
    cross_border(stage)
    others(stage)
    refusals.play(stage, deployment, authority, domestic)
    outage(stage)
    audit.play(stage, deployment, figures)
    casework.play(stage, domestic)
    casework.quarter(stage)


def enrol(stage: Stage) -> None:
    """The directory: every entry a signed statement on the log."""
    stage.chapter("1 Enrolment")
    signing = {actor.profile: stage.root / actor.profile / "signing.pem" for actor in ACTORS}
    with stage.step("the operator's own certificate begins the log"):
        stage.agency("operator", "operator", "certificate", str(signing["operator"]))
    with stage.step("six agencies are enrolled"):
        for agency in AGENCIES:
            words = ["--name", agency.name, "--agency-type", agency.agency_type]
            words += ["--time-zone", agency.time_zone]
            if agency.country:
                words += ["--country", agency.country]
            stage.agency("operator", "operator", "enrol", agency.id, *words)
    with stage.step("their signing certificates are published"):
        others = [str(signing[actor.profile]) for actor in ACTORS[1:]]
        stage.agency("operator", "operator", "certificate", *others)
    with stage.step("the policy is published, in Cedar"):
        policy = Path(__file__).parent.parent / "policies" / "caricc.cedar"
        stage.agency("operator", "operator", "policy", str(policy))
    with stage.step("a change of it takes two persons: one operator proposes, another confirms"):
        changed = stage.root / "documents" / "changed.cedar"
        changed.write_text(policy.read_text(encoding="utf-8") + NEW_RULE, encoding="utf-8")
        stage.agency("operator", "operator", "policy", str(changed))
        confirm = ("operator", "confirm-policy", str(changed))
        stage.refused("operator", *confirm, reason="ALREADY_DECIDED")
        stage.agency("operator2", *confirm)
    with stage.step(
        "working calendars and the times of rules are published, as data on the log"
    ) as step:
        step.detail = publish_times(stage)
    with stage.step("each agency publishes its own sealing key, signed by itself"):
        for agency in AGENCIES:
            stage.agency(agency.id, "keys", "publish")
            share_sealing_key(stage, agency.id)


def publish_times(stage: Stage) -> str:
    """Publish this year's and the next year's calendars, also the centre's, and the times."""
    year = datetime.now(UTC).year
    states = sorted({agency.country for agency in AGENCIES if agency.country})
    makes = [(state,) for state in states] + [("KZ", "--international")]
    for state, *more in makes:
        for each in (year, year + 1):
            file = stage.root / "documents" / f"calendar{''.join(more)}-{state}-{each}.toml"
            text = stage.printed("operator", "calendar", "make", state, str(each), *more)
            file.write_text(text, encoding="utf-8")
            stage.agency("operator", "calendar", "publish", str(file))
    limits = Path(__file__).parent.parent / "policies" / "time-limits.toml"
    stage.agency("operator", "limits", "publish", str(limits))
    return f"{', '.join(states)} and the centre; {year} and {year + 1}"


def domestic_request(stage: Stage, figures: dict[str, Any]) -> str:
    """kz.mia asks kz.fma: it flows at once, and the prosecutor gets the brief by rule."""
    stage.chapter("2-3 A domestic request")
    documents = stage.root / "documents"
    seen = stage.root / "kz.fma.watch"
    with stage.step("kz.fma has a watch open"):
        command = stage.agency_command(
            "kz.fma", "watch", "--until-count", "1", "--max-seconds", "60"
        )
        watch = stage.start(command, seen)
    with stage.step("kz.mia asks kz.fma for accounts and transactions of two suspects") as step:
        begun = time.perf_counter()
        sent = _send(stage, "kz.mia", "request.yaml", "kz.fma", "--due", "7d")
        figures["a request, from command to verified receipt (s)"] = round(
            time.perf_counter() - begun, 2
        )
        exchange: str = sent["exchange_id"]
        expect(sent["legs"][0]["state"] == "RELEASED", f"expected it to flow at once, got {sent}")
        expect(sent["supervisors"] == ["kz.gpo"], f"expected kz.gpo to get the brief, got {sent}")
        step.detail = f"flows at once; cites {', '.join(sent['rule_ids'])}"
    with stage.step("kz.fma is notified by its watch"):
        wait_until(lambda: watch.poll() is not None, 60, "the watch did not see the request")
        expect(exchange in seen.read_text(), f"expected a notice of {exchange}")
    with stage.step("its clocks run: acknowledgement, the answer asked for, the published time"):
        clocks = _clocks(stage, "kz.fma", exchange)
        running = ["acknowledgement", "answer", "limit"]
        expect(list(clocks) == running, f"expected {running}, got {clocks}")
        expect(all(each["binds"] for each in clocks.values()), f"expected them to bind: {clocks}")
        expect(
            list(_clocks(stage, "kz.mia", exchange)) == list(clocks), "the initiator sees others"
        )
    with stage.step("kz.gpo, unasked, reads the supervisory brief and nothing more"):
        expect(exchange in _ids(stage, "kz.gpo", "supervised"), "kz.gpo was not given a copy")
        shown = _show(stage, "kz.gpo", exchange)
        first = shown["statements"][0]
        expect(first["brief"] is not None, "expected kz.gpo to read the brief")
        expect(
            set(first["sealed_to_others"]) == {"content", "entities"},
            f"expected the rest to be sealed to others, got {first['sealed_to_others']}",
        )
    with stage.step("kz.fma opens it (the delivery is logged), and acknowledges"):
        folder = stage.root / "opened" / "kz.fma"
        _show(stage, "kz.fma", exchange, folder)
        expect(
            _entities(folder) == _lines(documents / "subjects.ftm.json"),
            "expected the suspects as they were sent",
        )
        stage.agency("kz.fma", "ack", exchange)
        expect(list(_clocks(stage, "kz.fma", exchange)) == running[1:], "it was acknowledged")
    with stage.step(f"kz.fma replies with {PAYMENT_COUNT} payments from a bank's CSV"):
        stage.agency(
            "kz.fma", "reply", exchange, str(documents / "reply.yaml"),
            "--csv", str(documents / "bank.csv"),
            "--mapping", str(documents / "bank-mapping.yaml"),
        )  # fmt: skip
    with stage.step("kz.mia opens the reply: entity for entity what was sent") as step:
        folder = stage.root / "opened" / "kz.mia"
        shown = _show(stage, "kz.mia", exchange, folder)
        expect(shown["legs"][0]["state"] == "ANSWERED", f"expected ANSWERED, got {shown['legs']}")
        got, expected = _entities(folder), audit.mapped_entities(documents)
        expect(got == expected, "the reply's entities differ from the file's")
        step.detail = f"{len(got)} entities equal"
    return exchange


def cross_border(stage: Stage) -> None:
    """Held until a coordinator has approved exactly what was asked."""
    stage.chapter("4 Across borders")
    documents = stage.root / "documents"
    with stage.step("kz.mia asks uz.fiu: held; uz.fiu sees nothing"):
        sent = _send(stage, "kz.mia", "request.yaml", "uz.fiu")
        held: str = sent["exchange_id"]
        expect(sent["legs"][0]["state"] == "HELD", f"expected HELD, got {sent['legs']}")
        expect(_ids(stage, "uz.fiu", "inbox") == [], "uz.fiu sees a held request")
        stage.refused("uz.fiu", "show", held, reason="EXCHANGE_UNKNOWN")
    with stage.step("the coordinator returns it with a question"):
        expect(held in _ids(stage, "coordinator1", "pending"), "it does not wait for approval")
        stage.agency("coordinator1", "return", held, "--question", QUESTION)
    with stage.step("kz.mia reads the question and supplements"):
        expect(
            QUESTION in json.dumps(_show(stage, "kz.mia", held), ensure_ascii=False), "no question"
        )
        stage.agency("kz.mia", "supplement", held, str(documents / "supplement.yaml"))
        expect(_ids(stage, "uz.fiu", "inbox") == [], "uz.fiu sees an unapproved supplement")
    with stage.step("the coordinator approves; only now uz.fiu sees it"):
        stage.agency("coordinator1", "approve", held)
        expect(_ids(stage, "uz.fiu", "inbox") == [held], "uz.fiu does not see it")
    with stage.step("uz.fiu checks the coordinator's signature itself, opens, finds no hit"):
        shown = _show(stage, "uz.fiu", held)
        approvals = [line for line in shown["statements"] if line["kind"] == "decision"]
        expect(bool(approvals), "expected the coordinator's decisions among the statements")
        stage.agency("uz.fiu", "reply", held, str(documents / "no-hit.yaml"), "--result", "no-hit")
    with stage.step("a request to kg.mia is rejected, with a ground"):
        rejected: str = _send(stage, "kz.mia", "request.yaml", "kg.mia")["exchange_id"]
        stage.agency(
            "coordinator1", "reject", rejected,
            "--ground", "no-drug-nexus", "--explanation", "Связь с наркотиками не показана.",
        )  # fmt: skip
        shown = _show(stage, "kz.mia", rejected)
        expect(shown["legs"][0]["state"] == "REJECTED", f"expected REJECTED, got {shown['legs']}")
    with stage.step("one marked H2 needs two different coordinators"):
        sent = _send(stage, "kz.mia", "request.yaml", "uz.fiu", "--handling", "H2")
        sensitive: str = sent["exchange_id"]
        expect(sent["legs"][0]["approvals_required"] == 2, f"expected two, got {sent['legs']}")
        stage.agency("coordinator1", "approve", sensitive)
        expect(sensitive not in _ids(stage, "uz.fiu", "inbox"), "one approval released it")
        stage.refused("coordinator1", "approve", sensitive, reason="ALREADY_DECIDED")
        stage.agency("coordinator2", "approve", sensitive)
        expect(sensitive in _ids(stage, "uz.fiu", "inbox"), "two approvals did not release it")


def others(stage: Stage) -> None:
    """A referral of one's own accord, and the Centre's analysis."""
    stage.chapter("5 Referral and analysis")
    documents = stage.root / "documents"
    with stage.step("kz.fma refers a case to kz.gpo unasked; kz.gpo opens a case"):
        referred = stage.agency(
            "kz.fma", "send", "referral", str(documents / "referral.yaml"), "--to", "kz.gpo",
            "--subjects", str(documents / "subjects.ftm.json"), *BASIS,
        ).document["exchange_id"]  # fmt: skip
        _show(stage, "kz.gpo", referred)
        stage.agency(
            "kz.gpo", "reply", referred, str(documents / "case-opened.yaml"),
            "--result", "case-opened",
        )  # fmt: skip
    with stage.step("kz.mia asks the Centre for analysis and gets a product back"):
        asked = stage.agency(
            "kz.mia", "send", "analysis-request", str(documents / "analysis.yaml"),
            "--to", "caricc", "--subjects", str(documents / "subjects.ftm.json"), *BASIS,
        ).document["exchange_id"]  # fmt: skip
        _show(stage, "caricc", asked)
        stage.agency("caricc", "ack", asked)
        stage.agency("caricc", "product", asked, str(documents / "product.yaml"))
        shown = _show(stage, "kz.mia", asked)
        expect(shown["legs"][0]["state"] == "ANSWERED", f"expected ANSWERED, got {shown['legs']}")


def outage(stage: Stage) -> None:
    """The hub goes away in the middle; nothing is lost, nothing is sent twice."""
    stage.chapter("7 The hub is away")
    with stage.step("the hub is stopped; `agency send` keeps the statement and says so"):
        hub.stop(stage.root)
        before = set(_ids_of(stage.agency("kz.mia", "outbox", "list").document["pending"]))
        queued = stage.agency(
            "kz.mia", "send", "information-request",
            str(stage.root / "documents" / "request.yaml"), "--to", "kz.fma", *BASIS, code=4,
        ).document  # fmt: skip
        expect(queued["status"] == "queued", f"expected it to be queued, got {queued}")
        expect("outbox" in queued["message"], "expected words about the outbox")
        expect(not before, f"expected an empty outbox before, got {before}")
    with stage.step("the hub returns; the statement is delivered exactly once"):
        hub.start(stage.root)
        stage.agency("kz.mia", "outbox", "flush")
        stage.agency("kz.mia", "outbox", "flush")
        inbox = _ids(stage, "kz.fma", "inbox")
        expect(inbox.count(queued["exchange_id"]) == 1, "expected it once in the inbox")


def _clocks(stage: Stage, profile: str, exchange: str) -> dict[str, Any]:
    """The times that run on an exchange, as `agency due` lists them, the nearest first."""
    listed = stage.agency(profile, "due").document["due"]
    return {each["clock"]: each for each in listed if each["exchange_id"] == exchange}


def _send(stage: Stage, profile: str, document: str, to: str, *words: str) -> dict[str, Any]:
    documents = stage.root / "documents"
    outcome = stage.agency(
        profile, "send", "information-request", str(documents / document), "--to", to,
        "--subjects", str(documents / "subjects.ftm.json"), *BASIS, *words,
        "--offence-type", "drug-trafficking", "--offence-type", "money-laundering",
    )  # fmt: skip
    document_: dict[str, Any] = outcome.document
    return document_


def _show(stage: Stage, profile: str, exchange: str, out: Path | None = None) -> dict[str, Any]:
    words = ["--out", str(out)] if out else []
    document: dict[str, Any] = stage.agency(profile, "show", exchange, *words).document
    return document


def _ids(stage: Stage, profile: str, box: str) -> list[str]:
    return _ids_of(stage.agency(profile, box).document["exchanges"])


def _ids_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["exchange_id"] for row in rows]


def _entities(folder: Path) -> list[dict[str, Any]]:
    """The newest entities file that `show --out` wrote."""
    files = sorted(folder.rglob("*entities*"))
    expect(bool(files), f"expected opened entities in {folder.name}")
    return _lines(files[-1])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
