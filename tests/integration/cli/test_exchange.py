"""Officers, coordinators and supervisors carry exchanges through by the command alone."""

from __future__ import annotations

import io
import json
import re
import stat

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
PROSECUTOR = "kz.gpo/system"
CENTRE = "caricc/system"
FIRST, SECOND = "caricc/coordinator/coordinator1", "caricc/coordinator/coordinator2"


def listed(desk: Desk, member: str, box: str, *words: str) -> dict[str, dict[str, object]]:
    exchanges = desk.run(member, box, *words, "--json").ok().json["exchanges"]
    return {each["exchange_id"]: each for each in exchanges}


def test_attachment_named_like_a_document_is_written_beside_it(desk: Desk) -> None:
    more = ("--attach", "content.json=request.yaml", "--attach", "content.json.part=request.yaml")
    exchange = desk.ask("kz.fma", more=more)
    desk.run(FIU, "show", exchange, "--out", "parts").ok()
    folder = desk.folder / "parts" / "01-information_request-kz.mia"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    request = (desk.folder / "request.yaml").read_bytes()
    assert json.loads(files.pop("content.json"))["document"] == "information-request"
    assert json.loads(files.pop("brief.json"))["document"] == "brief"
    assert files.pop("HANDLING.txt")
    assert files.pop("READ.txt")
    assert list(files.values()) == [request, request]


def test_domestic_request_is_answered_and_closed(desk: Desk) -> None:
    subjects = ("--subjects", "subjects.ftm.json", "--due", "7d", "--attach", "note=request.yaml")
    exchange = desk.ask("kz.fma", more=subjects)
    assert listed(desk, FIU, "inbox")[exchange]["initiator"] == "kz.mia"

    shown = desk.run(FIU, "show", exchange, "--out", "parts").ok()
    assert "Иван Вымышленный" in shown.out
    assert "Тайные сведения получателя" in shown.out
    folder = desk.folder / "parts" / "01-information_request-kz.mia"
    files = {path.name: path for path in folder.iterdir()}
    texts = {"HANDLING.txt", "READ.txt"}
    assert set(files) == {"brief.json", "content.json", "entities.ftm.json", "note", *texts}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert files["note"].read_bytes() == (desk.folder / "request.yaml").read_bytes()

    assert "receipt acknowledged" in desk.run(FIU, "ack", exchange).ok().out
    desk.run(FIU, "interim", exchange, "reply.yaml").ok()
    desk.run(FIU, "partial", exchange, "reply.yaml", "--entities", "subjects.ftm.json").ok()
    desk.run(FIU, "reply", exchange, "reply.yaml", "--entities", "subjects.ftm.json").ok()
    opened = desk.run(OFFICER, "show", exchange, "--json").ok().json
    assert opened["statements"][-1]["content"]["text"] == "Тайный ответ"
    assert [each["id"] for each in opened["statements"][-1]["entities"]] == ["p1", "a1"]
    desk.run(OFFICER, "feedback", exchange, "--usefulness", "3", "--use", "new-case").ok()
    desk.run(OFFICER, "close", exchange).ok()
    [leg] = desk.run(OFFICER, "show", exchange, "--json").ok().json["legs"]
    assert leg["state"] == "CLOSED"


def test_sending_tells_the_route_and_the_supervisors(desk: Desk) -> None:
    words = ("send", "information-request", "request.yaml", "--to", "kz.fma", "--to", "uz.fiu")
    told = desk.run(OFFICER, *words).ok().out
    assert "flows at once" in told
    assert "needs 1 approval by caricc" in told
    assert "kz.gpo" in told
    sent = desk.run(OFFICER, *words, "--json").ok().json
    assert sent["status"] == "sent"
    assert {leg["agency"]: leg["state"] for leg in sent["legs"]} == {
        "kz.fma": "RELEASED",
        "uz.fiu": "HELD",
    }
    assert sent["supervisors"] == ["kz.gpo"]


def test_recipient_is_shown_its_own_leg_alone(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", "uz.fiu")
    [leg] = desk.run(FIU, "show", exchange, "--json").ok().json["legs"]
    assert leg["agency"] == "kz.fma"
    legs = desk.run(OFFICER, "show", exchange, "--json").ok().json["legs"]
    assert {each["agency"] for each in legs} == {"kz.fma", "uz.fiu"}
    [leg] = desk.run(FIRST, "show", exchange, "--json").ok().json["legs"]
    assert leg["agency"] == "uz.fiu"


def test_supervisor_reads_the_brief_alone(desk: Desk) -> None:
    exchange = desk.ask("kz.fma", more=("--subjects", "subjects.ftm.json"))
    assert exchange in listed(desk, PROSECUTOR, "supervised")
    shown = desk.run(PROSECUTOR, "show", exchange).ok().out
    assert "Отмывание доходов" in shown
    assert "sealed to others: content, entities" in shown
    assert "Тайные" not in shown
    assert "Вымышленный" not in shown


class Keyboard(io.StringIO):
    """A terminal at which someone types."""

    def isatty(self) -> bool:
        return True


def test_coordinator_is_shown_what_it_approves_and_asked_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = desk.ask("uz.fiu")
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    declined = desk.run(FIRST, "approve", exchange)
    assert declined.code == 1
    assert declined.err.endswith("agency: nothing was done, as you answered\n")
    assert "Отмывание доходов" in declined.out
    assert exchange not in listed(desk, FOREIGN_FIU, "inbox")
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    assert "Approve exactly this?" in desk.run(FIRST, "approve", exchange).ok().err
    assert exchange in listed(desk, FOREIGN_FIU, "inbox")


def test_sensitive_request_needs_four_eyes_and_may_be_returned(desk: Desk) -> None:
    request = desk.folder / "request.yaml"
    reason = "brief:\n  urgency_reason: Деньги уходят\n"
    request.write_text(request.read_text("utf-8").replace("brief:\n", reason), "utf-8")
    exchange = desk.ask("uz.fiu", more=("--handling", "H2", "--urgent"))
    assert exchange in listed(desk, FIRST, "pending", "--state", "held")
    assert exchange not in listed(desk, FOREIGN_FIU, "inbox")
    desk.run(FIRST, "return", exchange, "--question", "По какой статье?").ok()
    desk.run(OFFICER, "supplement", exchange, "reply.yaml").ok()
    desk.run(FIRST, "approve", exchange, "--leg", "uz.fiu").ok()
    again = desk.run(FIRST, "approve", exchange)
    assert again.code == 1
    assert again.err.startswith("agency: ALREADY_DECIDED: ")
    assert exchange not in listed(desk, FOREIGN_FIU, "inbox")
    desk.run(SECOND, "approve", exchange).ok()
    assert "2 of 2" in desk.run(FOREIGN_FIU, "show", exchange).ok().out
    words = ("--ground", "impedes-investigation", "--explanation", "Идёт своё дело")
    desk.run(FOREIGN_FIU, "refuse", exchange, *words).ok()
    refusal = desk.run(OFFICER, "show", exchange, "--json").ok().json["statements"][-1]
    assert refusal["codes"] == {"ground": "IMPEDES_INVESTIGATION"}
    assert refusal["brief"]["explanation"] == "Идёт своё дело"


def test_coordinator_rejects_with_ground_and_reasons(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    words = ("--ground", "no-drug-nexus", "--explanation", "Нет связи")
    desk.run(FIRST, "reject", exchange, *words).ok()
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert re.search(r"uz\.fiu +rejected", shown)
    assert "no link to drug crime" in shown
    assert "NO_DRUG_NEXUS" not in shown


def test_request_is_sent_back_and_recalled(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "request-details", exchange, "--question", "За какой период?").ok()
    assert "За какой период?" in desk.run(OFFICER, "show", exchange).ok().out
    desk.run(OFFICER, "recall", exchange, "--reason", "Дело прекращено").ok()
    assert listed(desk, OFFICER, "sent", "--state", "recalled").keys() >= {exchange}


def test_referral_and_analysis_take_their_documents(desk: Desk) -> None:
    for name in ("referral", "analysis-request", "product"):
        template = desk.command("templates", name).ok().out
        written = re.sub("<([^>]*)>", r"\1 (вымышлено)", template)
        (desk.folder / f"{name}.yaml").write_text(written, encoding="utf-8")
    referral = desk.run(FIU, "send", "referral", "referral.yaml", "--to", "kz.mia", "--json")
    exchange = referral.ok().json["exchange_id"]
    desk.run(OFFICER, "show", exchange).ok()
    desk.run(OFFICER, "reply", exchange, "reply.yaml", "--result", "case-opened").ok()
    asked = desk.run(
        OFFICER, "send", "analysis-request", "analysis-request.yaml", "--to", "caricc", "--json"
    )
    exchange = asked.ok().json["exchange_id"]
    desk.run(CENTRE, "show", exchange).ok()
    words = ("product", exchange, "product.yaml", "--entities", "subjects.ftm.json")
    desk.run(CENTRE, *words).ok()
    assert "title of the analysis (вымышлено)" in desk.run(OFFICER, "show", exchange).ok().out


def test_subjects_come_from_a_table_by_a_mapping(desk: Desk) -> None:
    (desk.folder / "people.csv").write_text("номер,имя\n7,Пётр Вымышленный\n", encoding="utf-8")
    (desk.folder / "mapping.yaml").write_text(
        "entities:\n  person:\n    schema: Person\n    keys: [номер]\n"
        "    properties:\n      name: {column: имя}\n",
        encoding="utf-8",
    )
    exchange = desk.ask("kz.fma", more=("--csv", "people.csv", "--mapping", "mapping.yaml"))
    assert "Пётр Вымышленный" in desk.run(FIU, "show", exchange).ok().out


def test_watch_prints_each_notice_once_as_a_line(desk: Desk) -> None:
    # Other tests of this town may have left notices: the place is moved past one of our own.
    before = desk.ask("kz.fma")
    several = ("--max-seconds", "2", "--json")
    told = desk.run(FIU, "watch", "--from-start", *several).ok().out
    # Not a command for each of them: the agency would hold more connections than the hub allows.
    while before not in told:
        told = desk.run(FIU, "watch", *several).ok().out
    one = ("--until-count", "1", "--max-seconds", "60", "--json")
    exchange = desk.ask("kz.fma")
    desk.run(OFFICER, "recall", exchange).ok()
    first = desk.run(FIU, "watch", *one).ok()
    second = desk.run(FIU, "watch", *one).ok()
    notices = [json.loads(line) for line in (first.out + second.out).splitlines()]
    assert [each["kind"] for each in notices] == ["information_request", "recall"]
    assert {each["exchange_id"] for each in notices} == {exchange}


def test_directory_is_listed_and_whoami_needs_no_hub(desk: Desk) -> None:
    desk.run(OFFICER, "sync").ok()
    names = {
        each["agency"] for each in desk.run(OFFICER, "agencies", "--json").ok().json["agencies"]
    }
    assert {"caricc", "kz.mia", "uz.fiu"} <= names
    assert "uz.fiu (fictional)" in desk.run(OFFICER, "agencies").ok().out
    told = desk.run(desk.offline_profile(OFFICER), "whoami", "--json").ok().json
    assert told["agency"] == "kz.mia"
    assert told["certificates"]["signing"]["valid_now"] is True
    assert told["checkpoint"]["tree_size"] > 0
