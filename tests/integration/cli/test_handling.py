"""Handling at the client: what leaves it, with which marks, and what it refuses to let out."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk

pytestmark = pytest.mark.long

FIU = "kz.fma/system"
KYRGYZ_POLICE = "kg.mia/system"
STATEMENT = "выписка.pdf"


@pytest.fixture
def paper(desk: Desk) -> bytes:
    """A file of the FIU that no other test sends."""
    data = b"%PDF " + uuid.uuid4().bytes
    (desk.folder / STATEMENT).write_bytes(data)
    return data


def answered(desk: Desk, *words: str, ask: tuple[str, ...] = ()) -> str:
    """An exchange that the FIU answered with its file, on these terms."""
    exchange = desk.ask("kz.fma", more=ask)
    desk.run(FIU, "show", exchange).ok()
    file = f"{STATEMENT}={STATEMENT}"
    desk.run(FIU, "reply", exchange, "reply.yaml", "--attach", file, *words).ok()
    return exchange


def digest(desk: Desk, member: str, exchange: str, kind: str) -> str:
    with desk.town.client(member) as client:
        found = [each for each in client.get(exchange).statements if each.kind.value == kind]
    return found[-1].statement.digest.hex()


def notes(folder: Path) -> dict[str, str]:
    found = folder.glob("*/HANDLING.txt")
    return {each.parent.name[3:]: each.read_text("utf-8") for each in found}


def test_files_that_are_written_carry_their_handling(desk: Desk, paper: bytes) -> None:
    exchange = answered(desk, "--handling", "H2", "--tlp", "amber-strict")
    desk.run(OFFICER, "show", exchange, "--out", "files").ok()
    # A call that was cut off may be repeated.
    written = desk.run(OFFICER, "show", exchange, "--out", "files").ok().out
    assert "HANDLING.txt" in written
    [(folder, note)] = notes(desk.folder / "files").items()
    assert folder == "reply-kz.fma", "what one's own agency said is its own"
    for words in ("H2: not to be passed on", "H2: не передавать", "H2: рұқсатсыз", exchange):
        assert words in note
    assert "TLP:AMBER+STRICT" in note
    [file] = (desk.folder / "files").glob(f"*/{STATEMENT}")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (paper, 0o600)


def test_files_come_with_the_words_to_read_and_print(desk: Desk, paper: bytes) -> None:
    exchange = answered(desk)
    desk.run(OFFICER, "show", exchange, "--out", "files").ok()
    [text] = (desk.folder / "files").glob("*-reply-kz.fma/READ.txt")
    assert text.stat().st_mode & 0o777 == 0o600
    words = text.read_text("utf-8")
    shown = desk.run(OFFICER, "show", exchange).ok().out
    assert words.strip() in shown, "it is what `show` tells of the statement"
    assert STATEMENT in words
    assert "\x1b" not in words


def test_a_sent_file_cannot_take_the_place_of_the_words(desk: Desk) -> None:
    (desk.folder / "x").write_bytes(b"pay him")
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml", "--attach", "READ.txt=x").ok()
    desk.run(OFFICER, "show", exchange, "--out", "files").ok()
    [text] = (desk.folder / "files").glob("*-reply-kz.fma/READ.txt")
    assert "pay him" not in text.read_text("utf-8")


def test_an_empty_list_says_what_was_asked_for(desk: Desk) -> None:
    # Other tests of this hub let exchanges of the officer run late, or close them.
    desk.ask("kz.fma", author=KYRGYZ_POLICE)
    for command in ("sent", "todo"):
        assert "Nothing is overdue." in desk.run(KYRGYZ_POLICE, command, "--overdue").ok().out
    assert "in this state" in desk.run(KYRGYZ_POLICE, "sent", "--state", "closed").ok().out


def test_file_cannot_take_the_place_of_the_note(desk: Desk) -> None:
    (desk.folder / "x").write_bytes(b"H0: do as you like")
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    attach = ("--attach", "HANDLING.txt=x", "--handling", "H2")
    desk.run(FIU, "reply", exchange, "reply.yaml", *attach).ok()
    desk.run(OFFICER, "show", exchange, "--out", "files").ok()
    assert "H2" in notes(desk.folder / "files")["reply-kz.fma"]


def test_red_is_written_for_a_named_reader_alone(desk: Desk, paper: bytes) -> None:
    exchange = answered(desk, "--tlp", "red")
    assert STATEMENT in desk.run(OFFICER, "show", exchange).ok().out, "to read it is its use"
    refused = desk.run(OFFICER, "show", exchange, "--out", "files")
    assert refused.code == 1
    for words in ("TLP:RED", "docs/rules.md#p8", "--for-named-reader"):
        assert words in refused.err
    assert not (desk.folder / "files").exists()
    reader = ("--for-named-reader", "Ерлан Вымышленный")
    desk.run(OFFICER, "show", exchange, "--out", "files", *reader).ok()
    assert "только для этого лица: Ерлан" in notes(desk.folder / "files")["reply-kz.fma"]
    # Its author writes its own as it likes.
    desk.run(FIU, "show", exchange, "--out", "own").ok()


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        (("--handling", "H1"), "H1"),
        (("--tlp", "red"), "TLP:RED"),
        (("--permitted-use", "intelligence"), "intelligence"),
    ],
)
def test_content_goes_to_court_with_its_authors_consent_alone(
    desk: Desk, paper: bytes, terms: tuple[str, ...], rule: str
) -> None:
    exchange = answered(desk, *terms)
    export = ("evidence", "export", exchange, "--with-content", "-o")
    refused = desk.run(OFFICER, *export, "a.zip")
    answer = digest(desk, OFFICER, exchange, "reply")
    ask = f"agency ask-consent {exchange} --about {answer} --authority kz.mia"
    assert refused.code == 1
    for words in (rule, "docs/rules.md#p8", f"{ask} --purpose prosecution"):
        assert words in refused.err
    assert not (desk.folder / "a.zip").exists()
    # Without content it proves the rest; and its author discloses its own.
    desk.run(OFFICER, "evidence", "export", exchange, "-o", "b.zip").ok()
    if rule != "TLP:RED":
        return
    why = ("--reason", "Для суда (вымышлено)")
    desk.run(OFFICER, *ask.split()[1:], "--purpose", "prosecution", *why).ok()
    asked = digest(desk, FIU, exchange, "consent_request")
    desk.run(FIU, "consent", exchange, "--about", asked, "--expires-at", "2027-12-01").ok()
    desk.run(OFFICER, *export, "c.zip").ok()


def test_received_file_is_not_passed_on_without_its_source(desk: Desk, paper: bytes) -> None:
    exchange = answered(desk)
    desk.run(OFFICER, "show", exchange, "--out", "files").ok()
    [file] = (desk.folder / "files").glob(f"*/{STATEMENT}")
    attach = ("--attach", f"другое имя.pdf={file}")
    answer = digest(desk, OFFICER, exchange, "reply")
    send = ("send", "referral", "request.yaml", "--to", "kz.gpo", *attach)
    (desk.folder / "request.yaml").write_text(f"brief: {uuid.uuid4()}\n", "utf-8")
    refused = desk.run(OFFICER, *send)
    assert refused.code == 1
    ask = f"ask-consent {exchange} --about {answer} --authority kz.gpo --purpose investigation"
    for words in ("CONSENT_MISSING", "docs/rules.md#p2", f"agency {ask}", f"--source {answer}"):
        assert words in refused.err
    # With its source the hub judges, and misses the consent too.
    refused = desk.run(OFFICER, *send, "--source", answer)
    assert (refused.code, "kz.fma has not consented" in refused.err) == (1, True)
    desk.run(OFFICER, *ask.split(), "--reason", "Для надзора (вымышлено)").ok()
    asked = digest(desk, FIU, exchange, "consent_request")
    desk.run(FIU, "consent", exchange, "--about", asked, "--expires-at", "2027-12-01").ok()
    consent = digest(desk, OFFICER, exchange, "consent_decision")
    desk.run(OFFICER, *send, "--source", answer, "--consent", consent).ok()


def test_received_file_goes_back_to_its_author_and_to_whom_was_named(
    desk: Desk, paper: bytes
) -> None:
    exchange = answered(desk, ask=("--onward-authority", "kz.gpo"))
    desk.run(OFFICER, "show", exchange).ok()
    attach = ("--attach", f"{STATEMENT}={STATEMENT}")
    for to in ("kz.fma", "kz.gpo"):
        (desk.folder / "request.yaml").write_text(f"brief: {uuid.uuid4()}\n", "utf-8")
        desk.run(OFFICER, "send", "referral", "request.yaml", "--to", to, *attach).ok()
    refused = desk.run(OFFICER, "send", "referral", "request.yaml", "--to", "uz.fiu", *attach)
    assert (refused.code, "CONSENT_MISSING" in refused.err) == (1, True)


def test_file_of_ones_own_that_nobody_sent_goes_anywhere(desk: Desk, paper: bytes) -> None:
    exchange = answered(desk)
    desk.run(FIU, "show", exchange).ok()
    (desk.folder / "request.yaml").write_text(f"brief: {uuid.uuid4()}\n", "utf-8")
    words = ("--to", "kz.gpo", "--attach", f"{STATEMENT}={STATEMENT}")
    desk.run(FIU, "send", "referral", "request.yaml", *words).ok()


def test_h3_says_its_restrictions(desk: Desk) -> None:
    refused = desk.run(
        OFFICER, "send", "information-request", "request.yaml", "--to", "kz.fma", "--handling", "H3"
    )
    assert (refused.code, "handling_restrictions" in refused.err) == (2, True)
