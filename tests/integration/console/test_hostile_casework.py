"""Words of other agencies in casework are text: questions, notes, consents, comments, tasks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Sent
from agency_client.content import document_model
from tests.support.console import RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_GPO

TEXTS = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% include 'x' %}",
    "</textarea></dd></option></datalist><svg onload=alert(1)>",
)
MARKUP = ("<script", "<img", "<svg", "</textarea></dd>")


def assert_text(console: RunningConsole, paths: list[str], text: str) -> None:
    """Each page is given, has no markup of the text, and the first one has its words."""
    browser = console.entered()
    for number, path in enumerate(paths):
        page = browser.get(path)
        assert page.status == 200, (path, page.words)
        bare = re.sub(r"<script nonce=\"[^\"]+\" src=\"/static/[^>]+></script>", "", page.text)
        assert not [each for each in MARKUP if each in bare], path
        assert number or "alert(1)" in page.words or "7*7" in page.words, path


def asked(client: ExchangeClient, to: str, text: str) -> str:
    """A request in which every text is the given one; gives its exchange."""
    sent = client.request_information(
        to=to,
        brief={"summary": text},
        own_reference=text[:60],
        request=InformationRequest(items=(Item.STR,), facts=text),
    )
    assert isinstance(sent, Sent)
    return sent.exchange_id


@pytest.mark.parametrize("text", TEXTS)
def test_words_of_a_recipient_and_of_a_supervisor_are_text_on_every_page(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, text: str
) -> None:
    client = console.console.client
    exchange = asked(client, "kz.fma", text)
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        opened = fiu.open(exchange)
        fiu.ask_consent(
            opened,
            about=opened.statements[0].statement.digest,
            authority="kz.gpo",
            purpose="PROSECUTION",
            reason=text,
        )
        fiu.return_for_information(fiu.open(exchange), question=text)
    with hub.client(tmp_path / "g", KZ_GPO) as prosecutor:
        prosecutor.comment(prosecutor.open(exchange), agency="kz.mia", comment=text)
    client.cases.link(text[:40], [exchange], title=text)
    [case] = re.findall(r"/case/[0-9a-f]+", console.entered().get("/cases").text)
    here = f"/exchange/{exchange}"
    lists = ["/work", "/sent", "/due", "/cases", "/inbox", case]
    acts = [f"{here}/grant_consent", f"{here}/supplement", f"{here}/correct"]
    assert_text(console, [here, *lists, *acts], text)
    browser = console.entered()
    browser.get("/work")
    found = browser.post("/search", words="7*7" if "7*7" in text else "alert(1)")
    assert found.status == 200
    assert not [each for each in MARKUP[1:] if each in found.text]


@pytest.mark.parametrize("text", TEXTS)
def test_words_of_an_approver_are_text(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, text: str
) -> None:
    exchange = asked(console.console.client, "uz.fiu", text)
    with hub.client(tmp_path / "c", COORDINATOR) as client, running_console(client) as centre:
        assert_text(centre, ["/queue", f"/queue/{exchange}", f"/queue/{exchange}/reject"], text)
        client.return_to_author(client.open(exchange), question=text)
    assert_text(console, [f"/exchange/{exchange}", "/work", "/sent"], text)


@pytest.mark.parametrize("text", TEXTS)
def test_words_of_a_joint_case_are_text(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, text: str
) -> None:
    with hub.client(tmp_path / "f", KZ_FMA) as lead:
        case = lead.open_joint_case(to=["kz.mia"], brief=text)
        client = console.console.client
        client.join(client.open(case.exchange_id), note=text)
        lead.give_task(lead.open(case.exchange_id), assignee="kz.mia", description=text, due="5d")
    here = f"/exchange/{case.exchange_id}"
    assert_text(console, [here, "/work", "/inbox", f"{here}/complete_task"], text)


def test_unseen_characters_are_shown_in_casework_too(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own library refuses to send them; another agency's need not."""
    exchange = asked(console.console.client, "kz.fma", "Вымышлено")
    with hub.client(tmp_path / "f", KZ_FMA) as fiu:
        monkeypatch.setattr(document_model, "find_hidden", lambda _: None)
        opened = fiu.open(exchange)
        fiu.return_for_information(opened, question="pay\u202etxt\u200b.exe")
        monkeypatch.undo()
    browser = console.entered()
    for path in (f"/exchange/{exchange}", "/work"):
        page = browser.get(path)
        assert not set("\u202e\u200b") & set(page.text), path
    assert "pay[U+202E]txt[U+200B].exe" in browser.get(f"/exchange/{exchange}").words
