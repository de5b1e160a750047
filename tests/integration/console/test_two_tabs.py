"""One person in two tabs, two clicks on one button, and drafts of others.

What is signed is what the page before the signature showed, whatever happened beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agency_client.console.context import Console
from agency_client.console.drafts import Draft
from agency_client.console.signed import id_to_sign
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Handling
from tests.integration.console.test_officer import FORM, filled
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def one_clock(hub: InMemoryHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the console is that of its client, as it is outside of tests."""
    monkeypatch.setattr(Console, "now", property(lambda _: hub.now()))


def seen(page: Answer) -> str:
    """The words of the page that the person sees."""
    return page.text.partition('name="seen" value="')[2].partition('"')[0]


def draft_of(answer: Answer) -> str:
    """The id of the draft that a form was kept as."""
    return answer.location.split("/")[2]


def test_a_draft_that_another_tab_changed_is_not_signed(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    kept = filled(browser)
    first = seen(browser.get(kept.location))
    changed = FORM | {"draft": draft_of(kept), "handling": "H0", "brief.summary": "Иное"}
    assert browser.post("/new/request_information", **changed).status == 303
    refused = browser.post(kept.location, seen=first)
    assert refused.status == 409
    assert "Nothing was signed" in refused.words
    assert "Иное" in refused.words
    assert not hub.model.exchanges
    assert browser.post(kept.location, seen=seen(refused)).status == 303
    [exchange] = hub.model.exchanges.values()
    assert exchange.header.handling is Handling.H0


@pytest.mark.parametrize("given", ["", "0" * 64])
def test_a_page_that_was_not_seen_signs_nothing(
    hub: InMemoryHub, console: RunningConsole, given: str
) -> None:
    browser = console.entered()
    kept = filled(browser)
    assert browser.post(kept.location, seen=given).status == 409
    assert not hub.model.exchanges


def test_a_file_that_was_exchanged_for_another_of_its_name_is_not_signed(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    browser.get("/new/request_information")
    kept = browser.post("/new/request_information", {"attachments": ("a.pdf", b"1")}, **FORM)
    first = seen(browser.get(kept.location))
    again = FORM | {"draft": draft_of(kept)}
    browser.post("/new/request_information", {"attachments": ("a.pdf", b"2")}, **again)
    assert browser.post(kept.location, seen=first).status == 409
    assert not hub.model.exchanges


def test_an_answer_to_what_changed_meanwhile_is_not_signed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    with hub.client(tmp_path, KZ_MIA) as police:
        exchange = new_exchange(police, "kz.fma")
        with hub.client(tmp_path / "f", KZ_FMA) as fiu, running_console(fiu) as console:
            browser = console.entered()
            browser.get(f"/exchange/{exchange}")
            kept = browser.post(f"/exchange/{exchange}/reply", result="NO_HIT", step="next")
            first = seen(browser.get(kept.location))
            # A colleague confirms the receipt, and another tab reads that.
            fiu.acknowledge(fiu.open(exchange))
            browser.get(f"/exchange/{exchange}")
            size = len(hub.log)
            assert browser.post(kept.location, seen=first).status == 409
            assert len(hub.log) == size


def _version(page: Answer) -> str:
    return page.text.partition('name="version" value="')[2].partition('"')[0]


@pytest.mark.parametrize("step", ["keep", "auto", "next"])
def test_a_draft_that_is_written_in_two_tabs_loses_neither(
    console: RunningConsole, step: str
) -> None:
    browser = console.entered()
    kept = filled(browser)
    draft = draft_of(kept)
    first = second = _version(browser.get(f"/draft/{draft}"))
    mine = FORM | {"draft": draft, "version": first, "brief.summary": "Первая вкладка"}
    said = browser.post("/new/request_information", **(mine | {"step": "auto"}))
    assert said.text == draft
    # The tab that wrote goes on with what it is told, and the draft stays one.
    mine |= {"version": said.headers["x-draft-version"], "brief.summary": "Первая, дальше"}
    assert browser.post("/new/request_information", **(mine | {"step": "auto"})).text == draft
    other = FORM | {"draft": draft, "version": second, "brief.summary": "Вторая", "step": step}
    answer = browser.post("/new/request_information", **other)
    assert answer.text != draft
    words = browser.get("/drafts").words
    assert "Первая, дальше" in words
    assert "Вторая" in words
    assert "Another tab changed this draft" in words
    # A form that keeps itself tells it at once: it goes on as the new draft.
    assert answer.headers.get("x-draft-apart", "") == ("DRAFT_APART" if step == "auto" else "")


@pytest.mark.parametrize("step", ["keep", "auto", "next"])
@pytest.mark.parametrize("sends", [False, True], ids=["removed", "sent"])
def test_who_writes_on_a_draft_that_another_tab_sent_is_told(
    console: RunningConsole, step: str, *, sends: bool
) -> None:
    browser = console.entered()
    kept = filled(browser)
    draft = draft_of(kept)
    page = browser.get(f"/draft/{draft}")
    assert "Another tab changed this draft" in page.text
    assert "This draft was sent or removed in another tab" in page.text
    if sends:
        assert browser.sign(kept.location).status == 303
    else:
        assert browser.post(f"/draft/{draft}/drop").status == 303
    browser.get("/drafts")
    other = FORM | {"draft": draft, "version": _version(page), "step": step}
    answer = browser.post("/new/request_information", **other)
    words = browser.get("/drafts").words
    assert "This draft was sent or removed in another tab" in words
    assert "Another tab changed this draft" not in words
    if step == "auto":
        assert answer.headers["x-draft-apart"] == "DRAFT_SENT_ELSEWHERE"


@pytest.mark.parametrize("opens", [False, True], ids=["an answer", "a request"])
def test_a_draft_that_was_never_sent_is_not_taken_for_another_statement(
    hub: InMemoryHub, tmp_path: Path, *, opens: bool
) -> None:
    """The console is killed before anything was signed; the profile then makes another."""
    with hub.client(tmp_path / "p", KZ_MIA) as police:
        exchange = new_exchange(police, "kz.fma")
    member = KZ_MIA if opens else KZ_FMA
    with hub.client(tmp_path, member) as client, running_console(client) as console:
        browser = console.entered()
        if opens:
            kept = filled(browser)
        else:
            browser.get(f"/exchange/{exchange}")
            kept = browser.post(f"/exchange/{exchange}/reply", result="NO_HIT", step="next")
        drafts = console.console.drafts
        draft = drafts.find(draft_of(kept))
        assert draft is not None
        # What the disk holds after a crash between this and the outbox.
        draft.signing_as = id_to_sign(hub.now())
        drafts.keep(draft)
        if opens:
            new_exchange(client, "kz.fma")
        else:
            client.acknowledge(client.open(exchange))
        page = browser.get(kept.location)
        assert page.status == 200
        assert "was signed" not in page.words
        size = len(hub.log)
        assert browser.sign(kept.location).status == 303
        assert len(hub.log) > size


def test_two_drafts_in_two_tabs_stay_two(console: RunningConsole) -> None:
    browser = console.entered()
    one = filled(browser, **{"brief.summary": "Первый"})
    other = filled(browser, **{"brief.summary": "Второй"})
    assert draft_of(one) != draft_of(other)
    assert "Первый" in browser.get(one.location).words
    assert "Второй" in browser.get(other.location).words


def test_two_clicks_send_one_statement(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    kept = filled(browser)
    shown = seen(browser.get(kept.location))
    client = console.console.client
    inner: Callable[..., object] = client.request_information
    begun, goes_on = threading.Event(), threading.Event()

    def slowly(**arguments: object) -> object:
        begun.set()
        assert goes_on.wait(20)
        return inner(**arguments)

    monkeypatch.setattr(client, "request_information", slowly)
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(browser.post(kept.location, seen=shown)))
    first.start()
    assert begun.wait(20)
    second = Browser(console, browser.cookie, browser.token).post(kept.location, seen=shown)
    goes_on.set()
    first.join(20)
    assert (answers[0].status, second.status) == (303, 409)
    assert "a second time" in second.words
    # A third click comes when it was sent: the draft is gone.
    third = browser.post(kept.location, seen=shown)
    assert third.status == 404
    assert "it was sent or removed" in third.words
    # So does the way back to the page on which one signed, and to the form.
    for path in (kept.location, f"/draft/{draft_of(kept)}"):
        assert "it was sent or removed" in browser.get(path).words
    assert len(hub.model.exchanges) == 1


def test_a_draft_that_was_refused_is_not_signed_by_the_second_click(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.entered()
    kept = filled(browser)
    shown = seen(browser.get(kept.location))
    client = console.console.client
    inner: Callable[..., object] = client.request_information

    def refused(**_: object) -> object:
        raise Reason.RATE_LIMITED.error("too much at once")

    monkeypatch.setattr(client, "request_information", refused)
    assert browser.post(kept.location, seen=shown).status == 400
    monkeypatch.setattr(client, "request_information", inner)
    second = browser.post(kept.location, seen=shown)
    assert second.status == 409
    assert "was sent before" in second.words
    assert not hub.model.exchanges
    # Also after the form was kept again; what is looked at anew is signed.
    browser.post("/new/request_information", **(FORM | {"draft": draft_of(kept)}))
    assert browser.post(kept.location, seen=shown).status == 409
    assert browser.sign(kept.location).status == 303
    assert len(hub.model.exchanges) == 1


@pytest.mark.parametrize("waits", [False, True], ids=["accepted", "in the outbox"])
@pytest.mark.parametrize("opens", [False, True], ids=["an answer", "a request"])
def test_a_draft_whose_sending_broke_off_is_not_signed_again(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, waits: bool, opens: bool
) -> None:
    """The console is killed after the statement was signed, and before its draft was dropped."""
    with hub.client(tmp_path / "p", KZ_MIA) as police:
        exchange = new_exchange(police, "kz.fma")
    member = KZ_MIA if opens else KZ_FMA
    with hub.client(tmp_path, member) as client, running_console(client) as console:
        browser = console.entered()
        if opens:
            kept = filled(browser)
        else:
            browser.get(f"/exchange/{exchange}")
            kept = browser.post(f"/exchange/{exchange}/reply", result="NO_HIT", step="next")
        path = console.console.drafts._path(draft_of(kept))
        browser.get(kept.location)
        signing: list[bytes] = []
        keep = console.console.drafts.keep

        def kept_before(draft: Draft) -> None:
            keep(draft)
            signing.append(path.read_bytes())

        monkeypatch.setattr(console.console.drafts, "keep", kept_before)
        link = client._driver.link
        shown = seen(browser.get(kept.location))
        if waits:
            monkeypatch.setattr(link, "fails", [Reason.UNAVAILABLE.error("away")] * 9)
        assert browser.post(kept.location, seen=shown).status == 303
        # What the disk holds after a crash: the draft as it was kept before it was signed.
        path.write_bytes(signing[-1])
    size = len(hub.log)
    with hub.client(tmp_path, member) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(kept.location)
        assert page.status == 409
        assert "not signed again" in page.words
        assert ("outbox" in page.words) is waits
        assert seen(page) == ""
        assert browser.post(kept.location, seen="").status == 409
        assert len(hub.log) == size
        # Writing on makes another statement, and the draft stays until it is removed.
        if opens:
            again = filled(browser, draft=draft_of(kept))
            assert draft_of(again) != draft_of(kept)
        assert browser.post(f"/draft/{draft_of(kept)}/drop").status == 303
        assert console.console.drafts.find(draft_of(kept)) is None


def test_a_draft_whose_receipt_does_not_verify_is_not_signed_again(
    hub: InMemoryHub, console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement stays in the outbox then."""
    browser = console.entered()
    kept = filled(browser)
    client = console.console.client
    inner: Callable[..., object] = client.request_information

    def lied_to(**arguments: object) -> object:
        inner(**arguments)
        raise Reason.RECEIPT_MISMATCH.error("another root")

    monkeypatch.setattr(client, "request_information", lied_to)
    page = browser.sign(kept.location)
    assert page.status == 409
    assert "not signed again" in page.words
    monkeypatch.setattr(client, "request_information", inner)
    assert browser.get(kept.location).status == 409
    assert browser.post(kept.location, seen="").status == 409
    assert len(hub.model.exchanges) == 1


def test_words_that_are_kept_while_their_draft_is_sent_are_a_draft_of_their_own(
    console: RunningConsole,
) -> None:
    browser = console.entered()
    kept = filled(browser)
    other = FORM | {"draft": draft_of(kept), "brief.summary": "Иное", "step": "keep"}
    with console.console.drafts.holding(draft_of(kept)):
        assert browser.post("/new/request_information", **other).status == 303
        console.console.drafts.drop(draft_of(kept))
    assert "Иное" in browser.get("/drafts").words
    # The other tab still names the draft that was sent.
    again = other | {"brief.summary": "Снова иное"}
    assert browser.post("/new/request_information", **again).status == 303
    words = browser.get("/drafts").words
    assert ("Иное" in words, "Снова иное" in words) == (True, True)
    assert console.console.drafts.find(draft_of(kept)) is None


def test_a_form_of_before_the_lock_does_nothing_after_it(
    hub: InMemoryHub, console: RunningConsole
) -> None:
    browser = console.entered()
    kept = filled(browser)
    shown = seen(browser.get(kept.location))
    browser.post("/lock")
    assert browser.post(kept.location, seen=shown).status == 403
    # The person enters again, and the browser still shows the page of before.
    old, again = browser.token, console.entered()
    stale = Browser(console, again.cookie, old)
    assert stale.post(kept.location, seen=shown).status == 403
    assert not hub.model.exchanges


def kept_draft(console: RunningConsole, browser: Browser, folder: Path) -> Path:
    """The file of a draft that was just kept."""
    filled(browser)
    [path] = (folder / "drafts").glob("*.draft")
    return path


def test_a_draft_of_another_profile_is_not_opened(
    hub: InMemoryHub, console: RunningConsole, tmp_path: Path
) -> None:
    profile = console.console.client.profile
    foreign = kept_draft(console, console.entered(), profile.state)
    with hub.client(tmp_path / "f", KZ_FMA) as fiu, running_console(fiu) as other:
        folder = fiu.profile.state / "drafts"
        folder.mkdir(parents=True)
        (folder / foreign.name).write_bytes(foreign.read_bytes())
        browser = other.entered()
        answer = browser.get(f"/draft/{foreign.stem}")
        assert answer.status == 404
        assert "Вымышленное дело" not in answer.words + browser.get("/drafts").words
        assert (folder / foreign.name).exists(), "it is left where it is"


def test_a_draft_under_the_name_of_another_is_not_opened(console: RunningConsole) -> None:
    path = kept_draft(console, console.entered(), console.console.client.profile.state)
    path.rename(path.with_name("0" * 16 + ".draft"))
    assert console.entered().get("/draft/" + "0" * 16).status == 404


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "/nowhere"])
def test_a_link_in_the_place_of_a_draft_leads_nowhere(
    console: RunningConsole, target: str, tmp_path: Path
) -> None:
    browser = console.entered()
    path = kept_draft(console, browser, console.console.client.profile.state)
    path.unlink()
    path.symlink_to(target)
    answer = browser.get(f"/draft/{path.stem}")
    assert answer.status == 404
    assert "root:" not in answer.text + browser.get("/drafts").text


def test_keeping_a_draft_writes_through_no_link(console: RunningConsole, tmp_path: Path) -> None:
    browser = console.entered()
    path = kept_draft(console, browser, console.console.client.profile.state)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    path.unlink()
    path.symlink_to(victim)
    browser.post("/new/request_information", **(FORM | {"draft": path.stem}))
    assert victim.read_bytes() == b"precious"
