"""Input of people is sent exactly, or refused in words; input of others is shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

FIU = "kz.fma/system"
FOREIGN_FIU = "uz.fiu/system"
COORDINATOR = "caricc/coordinator/coordinator1"
SECRET = "Тайный"

MAPPING = """
entities:
  payer: {schema: Company, keys: [Плательщик], properties: {name: {column: Плательщик}}}
  payment:
    schema: Payment
    keys: [Номер]
    properties:
      payer: {entity: payer}
      amount: {column: Сумма}
      date: {column: Дата}
"""
TABLE = """\
Номер;Плательщик;Сумма;Дата
1;ТОО «Тайный» (вымышлено);1 000,50;05.02.2020
2;ТОО «Тайный» (вымышлено);700;06.02.2020
;Без номера (вымышлен);1;07.02.2020
"""
CHOICES = ("--dates", "DD.MM.YYYY", "--numbers", "1 000,50", "--skip-rows-without-key")


@pytest.fixture
def bank(desk: Desk) -> Desk:
    (desk.folder / "t.csv").write_bytes(TABLE.replace("\n", "\r\n").encode("cp1251"))
    (desk.folder / "m.yaml").write_text(MAPPING, "utf-8")
    return desk


def sent(desk: Desk, member: str = OFFICER) -> int:
    return len(desk.run(member, "sent", "--json").ok().json["exchanges"])


def refused_command(desk: Desk, words: Sequence[str], *, before: int) -> str:
    """One line, code 2, nothing sent and nothing queued."""
    ended = desk.run(OFFICER, *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1, ended.err
    assert "Traceback" not in ended.err
    assert sent(desk) == before
    assert desk.run(OFFICER, "outbox", "list", "--json").ok().json["pending"] == []
    return ended.err


REQUEST = ("send", "information-request", "request.yaml", "--to", "kz.fma")
BANK = ("--csv", "t.csv", "--mapping", "m.yaml")


def test_table_as_banks_send_it_is_refused_until_it_is_said_how_it_is_written(
    bank: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    before = sent(bank)
    with caplog.at_level(logging.DEBUG):
        message = refused_command(bank, (*REQUEST, *BANK), before=before)
    assert "line 2, column 'Сумма': expected a number such as 1000.50" in message
    assert "lines 2, 3, 4, column 'Дата': expected a date as YYYY-MM-DD" in message
    assert "line 4, column 'Номер': the key of 'payment' is empty" in message
    assert SECRET not in message
    assert SECRET not in caplog.text
    for language, words in (("ru", "строка 4, столбец 'Номер': ключ"), ("kk", "'Номер' бағаны")):
        told = bank.run(OFFICER, "--lang", language, *REQUEST, *BANK)
        assert told.code == 2
        assert words in told.err
        assert SECRET not in told.err
    exchange = bank.ask("kz.fma", more=(*BANK, *CHOICES))
    shown = bank.run(FIU, "show", exchange, "--json").ok().json["statements"][0]
    payments = [each["properties"] for each in shown["entities"] if each["schema"] == "Payment"]
    assert [(each["amount"], each["date"]) for each in payments] == [
        (["1000.50"], ["2020-02-05"]),
        (["700"], ["2020-02-06"]),
    ]
    noted = " ".join(shown["brief"]["import_notes"])
    for words in (
        "cp1251 (found out)",
        "semicolon (found out)",
        "DD.MM.YYYY",
        "1 000,50",
        "line 4",
    ):
        assert words in noted
    assert SECRET not in noted


def test_choices_are_told_to_who_sends_and_to_who_approves(bank: Desk) -> None:
    ended = bank.run(OFFICER, "send", "referral", "referral.yaml", "--to", "uz.fiu", *BANK)
    assert ended.code == 2
    (bank.folder / "referral.yaml").write_text("brief: Дело\ncontent: {facts: Факты}\n", "utf-8")
    words = ("send", "referral", "referral.yaml", "--to", "uz.fiu", *BANK, *CHOICES)
    ended = bank.run(OFFICER, *words).ok()
    assert "note, also in the brief: Without a key, left out as was said: line 4." in ended.err
    exchange = next(line.split()[1] for line in ended.out.splitlines() if "exchange" in line)
    shown = bank.run(COORDINATOR, "show", exchange).ok().out
    assert "Without a key, left out as was said: line 4." in shown
    assert SECRET not in shown


@pytest.mark.parametrize("command", ["reply", "partial", "product"])
def test_findings_take_the_same_choices(bank: Desk, command: str) -> None:
    to = "caricc" if command == "product" else "kz.fma"
    (bank.folder / "analysis.yaml").write_text("brief: Дело\n", "utf-8")
    (bank.folder / "findings.yaml").write_text("brief: Ответ\n", "utf-8")
    if command == "product":
        words = ("send", "analysis-request", "analysis.yaml", "--to", "caricc", "--json")
        exchange = bank.run(OFFICER, *words).ok().json["exchange_id"]
    else:
        exchange = bank.ask("kz.fma")
    who = "caricc/system" if to == "caricc" else FIU
    bank.run(who, "show", exchange).ok()
    assert bank.run(who, command, exchange, "findings.yaml", *BANK).code == 2
    bank.run(who, command, exchange, "findings.yaml", *BANK, *CHOICES).ok()
    last = bank.run(OFFICER, "show", exchange, "--json").ok().json["statements"][-1]
    assert len(last["entities"]) == 4
    assert last["brief"]["import_notes"]


def test_choices_without_a_table_are_refused(desk: Desk) -> None:
    message = refused_command(desk, (*REQUEST, "--dates", "DD.MM.YYYY"), before=sent(desk))
    assert "--csv" in message


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--dates", "DD.MM.YY", "century"),
        ("--numbers", "1.5", "one of the examples"),
        ("--delimiter", "::", "delimiters"),
        ("--encoding", "rot13", "one of the encodings"),
    ],
)
def test_choice_that_does_not_exist_is_refused(
    bank: Desk, option: str, value: str, says: str
) -> None:
    ended = bank.run(OFFICER, *REQUEST, *BANK, option, value)
    assert ended.code in (1, 2)
    assert says in ended.err


def test_file_keeps_the_name_that_people_gave_it(desk: Desk) -> None:
    (desk.folder / "scan").write_bytes(b"%PDF")
    names = ["выписка.pdf", "my scan.pdf", "Отчёт № 5.docx", "brief.json", "CON", "a:b.txt"]
    more = [word for name in names for word in ("--attach", f"{name}=scan")]
    exchange = desk.ask("kz.fma", more=tuple(more))
    shown = desk.run(FIU, "show", exchange).ok().out
    for name in names:
        assert f"attachment: {name}, 4 bytes" in shown
    told = desk.run(FIU, "show", exchange, "--json").ok().json["statements"][0]
    assert told["attachments"] == dict.fromkeys(names, 4)
    desk.run(FIU, "show", exchange, "--out", "parts").ok()
    folder = desk.folder / "parts" / "01-information_request-kz.mia"
    assert {path.name for path in folder.iterdir()} == {
        "brief.json", "content.json", "выписка.pdf", "my scan.pdf", "Отчёт № 5.docx",
        "brief-2.json", "_CON", "a_b.txt", "HANDLING.txt", "READ.txt",
    }  # fmt: skip
    assert json.loads((folder / "brief.json").read_bytes())["document"] == "brief"


def test_name_that_leads_out_is_refused_before_anything_is_touched(desk: Desk) -> None:
    profile = desk.town.profile(OFFICER) / "profile.toml"
    before, count = profile.read_bytes(), sent(desk)
    for name in ("../../../../profile.toml", f"{desk.folder}/outside", "..", "a\\b"):
        message = refused_command(
            desk, (*REQUEST, "--attach", f"{name}=request.yaml"), before=count
        )
        assert "--attach" in message
    assert profile.read_bytes() == before
    assert not (desk.folder / "outside").exists()


def test_link_in_the_place_of_a_folder_is_not_followed(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    (desk.folder / "elsewhere").mkdir()
    (desk.folder / "parts").mkdir()
    (desk.folder / "parts" / "01-information_request-kz.mia").symlink_to(desk.folder / "elsewhere")
    assert desk.run(FIU, "show", exchange, "--out", "parts").code == 2
    assert [*(desk.folder / "elsewhere").iterdir()] == []


def test_urgent_without_its_reason_is_refused(desk: Desk) -> None:
    message = refused_command(desk, (*REQUEST, "--urgent"), before=sent(desk))
    assert "DOCUMENT_INVALID [brief.urgency_reason]" in message


@pytest.mark.parametrize("template", ["information-request", "referral", "analysis-request"])
def test_template_sent_as_it_is_is_refused(desk: Desk, template: str) -> None:
    text = desk.command("templates", template).ok().out
    (desk.folder / "t.yaml").write_text(text, "utf-8")
    to = "caricc" if template == "analysis-request" else "kz.fma"
    message = refused_command(desk, ("send", template, "t.yaml", "--to", to), before=sent(desk))
    assert "still holds the template's words" in message


def test_template_of_a_mapping_is_read_by_the_table_it_names(desk: Desk) -> None:
    (desk.folder / "m.yaml").write_text(desk.command("templates", "mapping").ok().out, "utf-8")
    (desk.folder / "t.csv").write_text(
        "number,date,payer_account,beneficiary_account,amount,purpose\n1,2024-01-02,A,B,5.50,-\n",
        "utf-8",
    )
    exchange = desk.ask("kz.fma", more=BANK)
    entities = desk.run(FIU, "show", exchange, "--json").ok().json["statements"][0]["entities"]
    assert [each["schema"] for each in entities] == ["BankAccount", "BankAccount", "Payment"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("", "is empty"),
        ("brief: x\ncontent: {items: [FOO]}\n", "line 2, content.items.0: expected one of"),
        ("brief: x\ncontent:\n  items: [str]\n  period: [01.03.2020, 2020-04-01]\n", "2020-03-01"),
        ("brief: x\nbrief: y\ncontent: {items: [str]}\n", "line 2, column 1"),
        ('brief: "a\\0b"\ncontent: {items: [str]}\n', "U+0000"),
        ("brief: x\u202ey\ncontent: {items: [str]}\n", "U+202E"),
        ("brief: Дело #5\ncontent: {items: [str]}\n", "comment"),
    ],
)
def test_mistake_in_a_document_is_told_in_words_with_its_place(
    desk: Desk, document: str, says: str
) -> None:
    (desk.folder / "request.yaml").write_text(document, "utf-8")
    assert says in refused_command(desk, REQUEST, before=sent(desk))


def test_other_letters_and_digits_are_told_at_input(desk: Desk) -> None:
    words = (*REQUEST, "--legal-basis", "KZ-СРС-1")
    ended = desk.run(OFFICER, *words)
    assert ended.code != 0
    assert "Cyrillic and Latin letters in one word: U+0421, U+0420" in ended.err
    assert desk.run(OFFICER, *REQUEST, "--due", "٣d").code == 2
    exchange = desk.ask("kz.fma")
    assert desk.run(OFFICER, "feedback", exchange, "--usefulness", "٣").code == 2


def test_other_letters_are_shown_at_output(desk: Desk) -> None:
    request = (desk.folder / "request.yaml").read_text("utf-8")
    request = request.replace("brief:\n", "brief:\n  registration_number: ERDR-СРС-1\n")
    (desk.folder / "request.yaml").write_text(request, "utf-8")
    ended = desk.run(OFFICER, *REQUEST).ok()
    assert "warning: brief, registration_number: Cyrillic and Latin" in ended.err
    exchange = next(line.split()[1] for line in ended.out.splitlines() if "exchange" in line)
    assert "ERDR-СРС-1 [Cyrillic and Latin letters" in desk.run(FIU, "show", exchange).ok().out


def test_hidden_characters_of_subjects_are_refused(desk: Desk) -> None:
    line = '{"id":"a\\u0000","schema":"Person","properties":{"name":["И\\u0000мя\\u202e"]}}\n'
    (desk.folder / "nul.ftm.json").write_text(line, "utf-8")
    message = refused_command(desk, (*REQUEST, "--subjects", "nul.ftm.json"), before=sent(desk))
    assert "line 1, 'id': expected visible text; character 2 is U+0000" in message
    assert "line 1, 'name'" in message


def test_subjects_that_are_missing_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agency_client.content.entities.SubjectCount.__int__", lambda self: 5)
    exchange = desk.ask("kz.fma", more=("--subjects", "subjects.ftm.json"))
    monkeypatch.undo()
    shown = desk.run(FIU, "show", exchange).ok().out
    assert "declared: 5 subjects; the content holds 2" in shown
    told = desk.run(FIU, "show", exchange, "--json").ok().json["statements"][0]
    assert (told["subjects_declared"], told["subjects_found"]) == (5, 2)


def test_profile_as_notepad_saves_it_is_read(desk: Desk) -> None:
    profile = desk.offline_profile(OFFICER)
    for name in ("profile.toml", "passphrase", "root.pem"):
        path: Path = profile / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    for path in (profile / "sealing").glob("*.key"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert desk.run(profile, "whoami", "--json").ok().json["agency"] == "kz.mia"


def test_links_that_lead_out_of_the_file_are_sent_only_if_that_is_said(desk: Desk) -> None:
    before = sent(desk)
    lines = [
        {"id": "a", "schema": "Person", "properties": {"name": ["Вымышленный"]}},
        {"id": "o", "schema": "Ownership", "properties": {"owner": ["a"], "asset": ["elsewhere"]}},
    ]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    (desk.folder / "links.ftm.json").write_text(text, "utf-8")
    given = ("--subjects", "links.ftm.json")
    message = refused_command(desk, (*REQUEST, *given), before=before)
    assert "links.ftm.json: line 2, 'asset': the link leads to an entity that is not" in message
    exchange = desk.ask("kz.fma", more=(*given, "--allow-links-outside"))
    shown = desk.run(FIU, "show", exchange, "--json").ok().json["statements"][0]
    assert "asset (1)" in shown["brief"]["import_notes"][0]
    goaml = refused_command(desk, (*REQUEST, "--allow-links-outside"), before=before + 1)
    assert "expected --allow-links-outside with entities or --csv" in goaml
